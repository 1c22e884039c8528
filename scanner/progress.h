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

/* One line about `view`; rates are since the line before. */
void progress_line(struct progress *p, const struct progress_view *view, FILE *to);
/* The last one: averages over the whole scan. `word`: "Complete", "Stopped". */
void progress_end(const struct progress *p, const struct progress_view *view, const char *word, FILE *to);
#endif
