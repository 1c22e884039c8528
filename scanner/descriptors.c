#include "scanner/descriptors.h"

#include <sys/resource.h>

#define KEPT            64 /* for files and for the main thread */
#define KEPT_FOR_WORKER 32 /* for its loop and its name servers */
#define STEP            8  /* so much less, of what is open, each time there is none */

uint32_t descriptors_fitting(uint64_t wanted, uint32_t n_workers)
{
    const uint64_t kept = KEPT + (uint64_t)n_workers * KEPT_FOR_WORKER;
    struct rlimit limit;
    uint64_t most;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return (uint32_t)wanted;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return (uint32_t)wanted;
    most = limit.rlim_cur > 2 * kept ? limit.rlim_cur - kept : limit.rlim_cur / 2;
    if (most > UINT32_MAX)
        most = UINT32_MAX;
    if (most == 0)
        most = 1;
    return (uint32_t)(wanted != 0 && wanted <= most ? wanted : most);
}

void descriptors_are_short(struct scan *s)
{
    const uint32_t open = atomic_load_explicit(&s->connections, memory_order_relaxed);
    const uint32_t fewer = open > STEP ? open - open / STEP : open > 2 ? open - 1 : 1;
    const uint32_t most = descriptors_fitting(fewer, s->n_workers);
    uint32_t now = atomic_load_explicit(&s->max_connections, memory_order_relaxed);

    while (now > most)
        if (atomic_compare_exchange_weak_explicit(&s->max_connections, &now, most, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            atomic_store(&s->lowered_to, most);
            return;
        }
}
