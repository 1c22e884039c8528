/* rate.h - one clock for one rate of the whole scan (GCRA): shared by all workers, advanced by
 * compare-and-swap, a batch of turns at a time. Pure. Thread: any. */
#ifndef STS_RATE_H
#define STS_RATE_H
#include "sinks/base.h"

#include <stdatomic.h>

#define RATE_BURST_NS 10000000 /* what a late worker may catch up: 10 ms; nothing builds up over a stall */

struct rate {
    _Atomic int64_t next_ns;     /* when the next turn is free */
    _Atomic int64_t interval_ns; /* between two turns; 0: no limit */
};

void rate_init(struct rate *r, double per_second); /* 0: no limit */
/* Another rate from now on: a turn that was taken at the old one is kept. */
void rate_set(struct rate *r, double per_second);
/* Up to `want` turns at monotonic time `now_ns`; returns how many. */
uint32_t rate_take(struct rate *r, int64_t now_ns, uint32_t want);
#endif
