/* tree.h - prints a record for people, every field of it: the lists that have a form of their own (attempts,
 * RRs, SMTP replies) a line each, all else by its key in sinks/SCHEMA.md. A field that is added there shows
 * without a change here. Thread: any; no state. */
#ifndef STS_TREE_H
#define STS_TREE_H
#include "sinks/record.h"

#include <stdio.h>

struct tree {
    FILE *out;
    uint64_t start_ms; /* of the scan */
};

void tree_record(const struct tree *t, enum rec_kind kind, const void *record, unsigned indent);
#endif
