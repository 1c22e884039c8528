/* render.h - a summary as text or as JSON. Thread: any; no state. */
#ifndef STS_RENDER_H
#define STS_RENDER_H
#include "analysis/stats.h"

#include <stdio.h>

#define SUMMARY_CHECKS_MOST 256

/* What preflight found, over all scan records: one that is resumed looks again. */
struct summary_checks {
    struct rec_check v[SUMMARY_CHECKS_MOST]; /* each once; texts borrowed */
    uint32_t n;
};

/* What stands above the statistics. The strings are borrowed. */
struct summary_head {
    const char *name; /* of the scan: path, or - */
    const char *program;
    uint64_t schema, start_ms, end_ms; /* end: 0 where there is no end record */
    bool complete;
    const char *reason; /* why it ended, where it says so; "" otherwise */
    uint64_t parts, bytes, records, superseded;
    uint64_t positions; /* of the end record */
    uint64_t shard, n_shards;
    const struct summary_checks *checks;
    const struct chain_rules *rules;
    const struct scan_losses *losses;
    const struct scan_loss *torn; /* NULL: none */
};

void render_text(FILE *out, const struct summary_head *head, const struct stats *s, bool outcomes);
void render_json(FILE *out, const struct summary_head *head, const struct stats *s, bool outcomes);
#endif
