/* progress.h - the status line: one a second on standard error, in the manner of zdns. Thread: main. */
#ifndef STS_PROGRESS_H
#define STS_PROGRESS_H
#include "scanner/counters.h"
#include "sinks/base.h"

#include <stdio.h>

struct progress_view { /* one moment */
    int64_t now_ns;
    struct counts counts;
    uint64_t names_handed;            /* to the workers */
    uint64_t input_bytes, input_size; /* read so far, in all; size 0: not known */
    uint32_t connections;             /* open */
    bool input_done;
    const char *state; /* NULL: running; else what goes on: "stopping", ... */
};
struct progress {
    int64_t start_ns;
    struct progress_view last;
};
struct progress_rates {
    double elapsed_s;
    double names, queries, connects; /* a second, since the view before */
    double done;                     /* of the input, 0 to 1; negative: not known */
    double eta_s;                    /* negative: not known */
    uint64_t gaps;                   /* times it stood still, since the view before */
};

/* From the view before to this one. */
struct progress_rates progress_next(struct progress *p, const struct progress_view *view);
/* In flight. */
uint64_t progress_names(const struct counts *c);
uint64_t progress_queries(const struct counts *c);
/* One line about `view`. */
void progress_line(const struct progress_rates *rates, const struct progress_view *view, FILE *to);
/* The last one: averages over the whole scan. `word`: "Complete", "Stopped". */
void progress_end(const struct progress *p, const struct progress_view *view, const char *word, FILE *to);
#endif
