/* before.h - what the earlier runs of a scan have done, for one that goes on (resume.h). Filled before the
 * threads start, constant from then on. */
#ifndef STS_BEFORE_H
#define STS_BEFORE_H
#include "scanner/keyset.h"
#include "sinks/posset.h"
#include "sinks/record.h"

struct before {
    uint64_t start_ms;  /* of the first run, since 1970: times in records count from there */
    uint64_t attempt;   /* of records that supersede one of an earlier run: higher than any there */
    struct posset done; /* positions that have a record */
    /* What has a record and is looked at again: keys of names and endpoints under the scan's secret, and
     * before_key() of positions. */
    struct keyset again[REC_KIND_LIMIT];
    /* For the end record. */
    uint64_t counts[REC_KIND_LIMIT][OUTCOME_LIMIT];
    uint64_t queries, connects, loop_gaps; /* of the runs that came to write an end record */
};

/* Spread as a set of keys wants it, and no two alike: the odd factor is 2^64 divided by the golden ratio. */
static inline struct key128 before_key(uint64_t pos)
{
    const uint64_t spread = pos * UINT64_C(0x9e3779b97f4a7c15);

    return (struct key128){spread, (spread >> 32 | spread << 32) * UINT64_C(0x9e3779b97f4a7c15)};
}
/* The attempt that a new record has. `b`: NULL for a new scan. */
static inline uint64_t before_attempt(const struct before *b, enum rec_kind kind, struct key128 key)
{
    return b != NULL && keyset_has(&b->again[kind], key) ? b->attempt : 0;
}
/* Is nothing left to do for this position? */
static inline bool before_is_done(const struct before *b, uint64_t pos)
{
    return b != NULL && posset_has(&b->done, pos) && !keyset_has(&b->again[REC_domain], before_key(pos));
}
#endif
