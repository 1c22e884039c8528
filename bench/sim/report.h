/* report.h - what the simulator has to say of itself: a status line, and at the end what it answered and how
 * polite its guest was. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H
#include "bench/sim/sim.h"
#include "bench/sim/watch.h"

#include <stdio.h>

struct report {
    const struct sim *sim;
    uint64_t begin_ns, last_ns;
    struct counts last; /* at the last status line */
};
void report_begin(struct report *r, const struct sim *sim);
void report_status(struct report *r, FILE *out);
void report_end(const struct report *r, FILE *out);
/* One object: "seconds", "cpu_seconds", "max_rss_kib", "counts": {...}, "https" and "smtp": the peaks of
 * watch.h of "address" and "network": "most_open", "most_in_second", "least_gap_ms" (null: there was none),
 * each with where. */
void report_json(const struct report *r, FILE *out);
#endif
