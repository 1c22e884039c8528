#include "scanner/rate.h"

void rate_set(struct rate *r, double per_second)
{
    int64_t interval_ns = per_second > 0 ? (int64_t)(1e9 / per_second) : 0;

    if (per_second > 0 && interval_ns == 0)
        interval_ns = 1;
    atomic_store_explicit(&r->interval_ns, interval_ns, memory_order_relaxed);
}

void rate_init(struct rate *r, double per_second)
{
    atomic_init(&r->next_ns, 0);
    atomic_init(&r->interval_ns, 0);
    rate_set(r, per_second);
}

uint32_t rate_take(struct rate *r, int64_t now_ns, uint32_t want)
{
    int64_t next = atomic_load_explicit(&r->next_ns, memory_order_relaxed);
    int64_t interval_ns = atomic_load_explicit(&r->interval_ns, memory_order_relaxed);

    if (interval_ns == 0 || want == 0)
        return want;
    /* A turn taken up to a burst late does not delay those behind it, or a loop that turns every few ms would
     * lose a part of each interval. After more than that an interval longer than the burst begins anew. */
    for (;;) {
        int64_t burst_ns = interval_ns < RATE_BURST_NS ? RATE_BURST_NS : 0;
        int64_t from = next > now_ns - RATE_BURST_NS ? next : now_ns - burst_ns;
        int64_t n = from > now_ns ? 0 : (now_ns - from) / interval_ns + 1;

        if (n == 0)
            return 0;
        if (n > want)
            n = want;
        if (atomic_compare_exchange_weak_explicit(&r->next_ns, &next, from + n * interval_ns,
                                                  memory_order_relaxed, memory_order_relaxed))
            return (uint32_t)n;
    }
}
