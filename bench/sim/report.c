#include "bench/sim/report.h"

#include <inttypes.h>
#include <sys/resource.h>

#define NS_PER_S 1e9

void report_begin(struct report *r, const struct sim *sim)
{
    *r = (struct report){.sim = sim, .begin_ns = uv_hrtime()};
    r->last_ns = r->begin_ns;
}

void report_status(struct report *r, FILE *out)
{
    const struct counts *now = &r->sim->counts;
    uint64_t now_ns = uv_hrtime();
    double seconds = (double)(now_ns - r->last_ns) / NS_PER_S;

    fprintf(out,
            "\r%5.0fs  DNS %" PRIu64 " (%.0f/s)  HTTPS %" PRIu64 " (%.0f/s)  SMTP %" PRIu64
            " (%.0f/s)  too many %" PRIu64 "\033[K",
            (double)(now_ns - r->begin_ns) / NS_PER_S, now->dns_queries,
            (double)(now->dns_queries - r->last.dns_queries) / seconds, now->https_accepted,
            (double)(now->https_accepted - r->last.https_accepted) / seconds, now->smtp_accepted,
            (double)(now->smtp_accepted - r->last.smtp_accepted) / seconds, now->smtp_too_many);
    fflush(out);
    r->last = *now;
    r->last_ns = now_ns;
}

static void print_address(FILE *out, uint32_t a)
{
    fprintf(out, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

static void print_peak(FILE *out, const char *service, const char *of, const struct watch_peak *p)
{
    if (p->most_open == 0)
        return;
    fprintf(out, "  %-5s %-8s at most %u open (", service, of, p->most_open);
    print_address(out, p->open_at);
    fprintf(out, "), %u begun in a second (", p->most_in_second);
    print_address(out, p->second_at);
    if (p->least_gap_ms == UINT64_MAX) {
        fprintf(out, ")\n");
        return;
    }
    fprintf(out, "), %" PRIu64 " ms between two (", p->least_gap_ms);
    print_address(out, p->gap_at);
    fprintf(out, ")\n");
}

static double cpu_seconds(const struct rusage *used)
{
    return (double)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) +
           (double)(used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1e6;
}

static const char *const services[WATCH_SERVICES] = {[WATCH_HTTPS] = "HTTPS", [WATCH_SMTP] = "SMTP"};

void report_end(const struct report *r, FILE *out)
{
    const struct counts *c = &r->sim->counts;
    struct rusage used = {0};

    getrusage(RUSAGE_SELF, &used);
    fprintf(out, "\nstsim: %.1f s, %.2f s of CPU, %ld KiB at most\n",
            (double)(uv_hrtime() - r->begin_ns) / NS_PER_S, cpu_seconds(&used), used.ru_maxrss);
#define COUNT(id, key, doc) \
    if (c->id > 0)          \
        fprintf(out, "%10" PRIu64 "  %s\n", c->id, doc);
#include "bench/sim/counts.def"
    fprintf(out, "Connections as addresses and networks (/24) saw them:\n");
    for (unsigned s = 0; s < WATCH_SERVICES; s++) {
        struct watch_peak address, network;

        watch_peaks(r->sim->watch, (enum watch_service)s, &address, &network);
        print_peak(out, services[s], "address", &address);
        print_peak(out, services[s], "network", &network);
    }
    if (watch_missed(r->sim->watch) > 0)
        fprintf(out, "  %" PRIu64 " connections were not watched, for want of room\n",
                watch_missed(r->sim->watch));
}

static void json_peak(FILE *out, const char *key, const struct watch_peak *p, const char *end)
{
    fprintf(out, "\"%s\": {\"most_open\": %u, \"open_at\": \"", key, p->most_open);
    print_address(out, p->open_at);
    fprintf(out, "\", \"most_in_second\": %u, \"second_at\": \"", p->most_in_second);
    print_address(out, p->second_at);
    fprintf(out, "\", \"least_gap_ms\": ");
    if (p->least_gap_ms == UINT64_MAX)
        fprintf(out, "null");
    else
        fprintf(out, "%" PRIu64, p->least_gap_ms);
    fprintf(out, ", \"gap_at\": \"");
    print_address(out, p->gap_at);
    fprintf(out, "\"}%s", end);
}

void report_json(const struct report *r, FILE *out)
{
    static const char *const keys[WATCH_SERVICES] = {[WATCH_HTTPS] = "https", [WATCH_SMTP] = "smtp"};
    const struct counts *c = &r->sim->counts;
    const char *comma = "";
    struct rusage used = {0};

    getrusage(RUSAGE_SELF, &used);
    fprintf(out, "{\"seconds\": %.3f, \"cpu_seconds\": %.3f, \"max_rss_kib\": %ld, \"counts\": {",
            (double)(uv_hrtime() - r->begin_ns) / NS_PER_S, cpu_seconds(&used), used.ru_maxrss);
#define COUNT(id, key, doc)                                \
    fprintf(out, "%s\"%s\": %" PRIu64, comma, key, c->id); \
    comma = ", ";
#include "bench/sim/counts.def"
    fprintf(out, "}");
    for (unsigned s = 0; s < WATCH_SERVICES; s++) {
        struct watch_peak address, network;

        watch_peaks(r->sim->watch, (enum watch_service)s, &address, &network);
        fprintf(out, ", \"%s\": {", keys[s]);
        json_peak(out, "address", &address, ", ");
        json_peak(out, "network", &network, "}");
    }
    fprintf(out, ", \"not_watched\": %" PRIu64 "}\n", watch_missed(r->sim->watch));
}
