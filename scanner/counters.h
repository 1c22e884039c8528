/* counters.h - what a worker counts (counters.def). Written by its worker alone, read by the main thread at
 * any time. */
#ifndef STS_COUNTERS_H
#define STS_COUNTERS_H
#include <stdatomic.h>
#include <stdint.h>

struct counters {
#define COUNTER(name, doc) _Atomic uint64_t name;
#include "scanner/counters.def"
#undef COUNTER
};
/* The same at one moment, summed over the workers. */
struct counts {
#define COUNTER(name, doc) uint64_t name;
#include "scanner/counters.def"
#undef COUNTER
};

static inline void count_more(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t n = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, n + more, memory_order_relaxed);
}

static inline void count(_Atomic uint64_t *counter)
{
    count_more(counter, 1);
}

static inline void uncount(_Atomic uint64_t *counter)
{
    uint64_t n = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, n - 1, memory_order_relaxed);
}

/* Names that wait for their second round of DNS, or are in it. */
static inline uint64_t counts_waiting(const struct counts *c)
{
    return c->names_put_off > c->names_resumed ? c->names_put_off - c->names_resumed : 0;
}

static inline void counters_sum(struct counts *sum, const struct counters *c)
{
#define COUNTER(name, doc) sum->name += atomic_load_explicit(&c->name, memory_order_relaxed);
#include "scanner/counters.def"
#undef COUNTER
}
#endif
