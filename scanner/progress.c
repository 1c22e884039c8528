#include "scanner/progress.h"

#include <inttypes.h>

#define NS_PER_S 1000000000.0

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;
}

static void put_time(FILE *to, double seconds)
{
    uint64_t s = seconds > 0 ? (uint64_t)(seconds + 0.5) : 0;

    fprintf(to, "%02" PRIu64 "h:%02" PRIu64 "m:%02" PRIu64 "s", s / 3600, s / 60 % 60, s % 60);
}

static double rate(uint64_t now, uint64_t before, double seconds)
{
    return seconds > 0 ? (double)(now - before) / seconds : 0;
}

static void put_outcomes(const struct counts *c, FILE *to)
{
    fprintf(to, "MX: %" PRIu64 ", NXDOMAIN: %" PRIu64 ", no answer: %" PRIu64 ", no name: %" PRIu64,
            c->names_mx, c->names_dead, c->names_failed, c->names_bad);
    fprintf(to, "; policies: %" PRIu64 "/%" PRIu64 " (%" PRIu64 " fetched)", c->policies_done, c->policies,
            c->policies_ok);
    /* Counted by different workers: for a moment more may be left out than are known. */
    fprintf(to, "; endpoints: %" PRIu64 "/%" PRIu64 " (%" PRIu64 " TLS)", c->endpoints_done,
            c->endpoints > c->endpoints_sampled ? c->endpoints - c->endpoints_sampled : 0, c->endpoints_tls);
    if (c->endpoints_sampled > 0)
        fprintf(to, ", %" PRIu64 " sampled out", c->endpoints_sampled);
    if (c->excluded > 0)
        fprintf(to, "; refused by the blocklist: %" PRIu64, c->excluded);
}

/* How much of the input is done, 0 to 1; negative: not known. */
static double fraction(const struct progress_view *v)
{
    double read;

    if (v->names_handed == 0 || (v->input_size == 0 && !v->input_done))
        return -1;
    read = v->input_done ? 1 : (double)v->input_bytes / (double)v->input_size;
    return read * (double)v->counts.names_done / (double)v->names_handed;
}

struct progress_rates progress_next(struct progress *p, const struct progress_view *v)
{
    double seconds = (double)(v->now_ns - p->last.now_ns) / NS_PER_S, done = fraction(v);
    const struct counts *c = &v->counts, *before = &p->last.counts;
    struct progress_rates r = {.elapsed_s = (double)(v->now_ns - p->start_ns) / NS_PER_S,
                               .names = rate(c->names_done, before->names_done, seconds),
                               .queries = rate(c->queries, before->queries, seconds),
                               .connects = rate(c->connects, before->connects, seconds),
                               .done = done,
                               .eta_s = -1,
                               .gaps = c->loop_gaps - before->loop_gaps};

    if (v->state == NULL && done > 0 && done < 1)
        r.eta_s = r.elapsed_s / done - r.elapsed_s;
    p->last = *v;
    return r;
}

/* The counters are read one after the other while they move: for a moment more may be over than had begun. */
static uint64_t in_flight(uint64_t begun, uint64_t over)
{
    return begun > over ? begun - over : 0;
}

uint64_t progress_names(const struct counts *c)
{
    return in_flight(c->names_started, c->names_done + counts_waiting(c));
}

uint64_t progress_queries(const struct counts *c)
{
    return in_flight(c->queries, c->answers + c->dns_timeouts);
}

void progress_line(const struct progress_rates *r, const struct progress_view *v, FILE *to)
{
    const struct counts *c = &v->counts;

    put_time(to, r->elapsed_s);
    fprintf(to, "; %" PRIu64 " names", c->names_done);
    if (r->done >= 0)
        fprintf(to, " (%.1f%%)", 100 * r->done);
    fprintf(to,
            "; %.2f names/sec; %.0f queries/sec; in flight: %" PRIu64 " names, %" PRIu64 " queries, %" PRIu32
            " connections; ",
            r->names, r->queries, progress_names(c), progress_queries(c), v->connections);
    put_outcomes(c, to);
    if (counts_waiting(c) > 0)
        fprintf(to, "; %" PRIu64 " names wait for a second round", counts_waiting(c));
    if (r->gaps > 0)
        fprintf(to, "; stood still %" PRIu64 " times", r->gaps);
    if (v->state != NULL)
        fprintf(to, "; %s", v->state);
    else if (r->eta_s >= 0) {
        fputs("; ETA ", to);
        put_time(to, r->eta_s);
    }
    fputc('\n', to);
}

void progress_end(const struct progress *p, const struct progress_view *v, const char *word, FILE *to)
{
    double elapsed = (double)(v->now_ns - p->start_ns) / NS_PER_S;
    const struct counts *c = &v->counts;

    put_time(to, elapsed);
    fprintf(to,
            "; Scan %s; %" PRIu64 " names scanned; %.2f names/sec; %" PRIu64 " queries; %.1f%% answered; ",
            word, c->names_done, rate(c->names_done, 0, elapsed), c->queries, share(c->answers, c->queries));
    put_outcomes(c, to);
    fputc('\n', to);
}
