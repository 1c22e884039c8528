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
    fprintf(to, "; endpoints: %" PRIu64 "/%" PRIu64 " (%" PRIu64 " TLS)", c->endpoints_done, c->endpoints,
            c->endpoints_tls);
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

void progress_line(struct progress *p, const struct progress_view *v, FILE *to)
{
    double seconds = (double)(v->now_ns - p->last.now_ns) / NS_PER_S;
    double elapsed = (double)(v->now_ns - p->start_ns) / NS_PER_S, done = fraction(v);
    const struct counts *c = &v->counts, *before = &p->last.counts;

    put_time(to, elapsed);
    fprintf(to, "; %" PRIu64 " names", c->names_done);
    if (done >= 0)
        fprintf(to, " (%.1f%%)", 100 * done);
    fprintf(to,
            "; %.2f names/sec; %.0f queries/sec; in flight: %" PRIu64 " names, %" PRIu64 " queries, %" PRIu32
            " connections; ",
            rate(c->names_done, before->names_done, seconds), rate(c->queries, before->queries, seconds),
            c->names_started - c->names_done, c->queries - c->answers - c->dns_timeouts, v->connections);
    put_outcomes(c, to);
    if (c->loop_gaps > before->loop_gaps)
        fprintf(to, "; stood still %" PRIu64 " times", c->loop_gaps - before->loop_gaps);
    if (v->state != NULL)
        fprintf(to, "; %s", v->state);
    else if (done > 0 && done < 1) {
        fputs("; ETA ", to);
        put_time(to, elapsed / done - elapsed);
    }
    fputc('\n', to);
    p->last = *v;
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
