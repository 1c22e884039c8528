#include "bench/sim/dns_wait.h"

#include <stdlib.h>

#define SLOTS 4096 /* milliseconds a turn; who waits longer is passed over */
#define NONE  UINT32_MAX

struct dns_wait {
    struct dns_waiting *all;
    uint32_t n_used, free; /* of `all`: ever taken; those given back */
    uint32_t n_waiting;
    uint64_t ran_ms; /* everything due until then is out */
    uint32_t slot[SLOTS];
};

struct dns_wait *dns_wait_new(void)
{
    struct dns_wait *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->all = calloc(DNS_MOST_WAITING, sizeof(*w->all));
    if (w->all == NULL) {
        free(w);
        return NULL;
    }
    w->free = NONE;
    for (unsigned i = 0; i < SLOTS; i++)
        w->slot[i] = NONE;
    return w;
}

void dns_wait_free(struct dns_wait *w)
{
    if (w == NULL)
        return;
    free(w->all);
    free(w);
}

uint32_t dns_wait_count(const struct dns_wait *w)
{
    return w->n_waiting;
}

struct dns_waiting *dns_wait_take(struct dns_wait *w)
{
    if (w->free != NONE)
        return &w->all[w->free];
    return w->n_used < DNS_MOST_WAITING ? &w->all[w->n_used] : NULL;
}

static void put(struct dns_wait *w, struct dns_waiting *waiting, uint64_t due_ms)
{
    uint32_t *head = &w->slot[due_ms % SLOTS];

    waiting->due_ms = due_ms;
    waiting->next = *head;
    *head = (uint32_t)(waiting - w->all);
}

void dns_wait_add(struct dns_wait *w, struct dns_waiting *waiting, uint64_t now_ms, uint64_t wait_ms)
{
    if (w->free != NONE)
        w->free = waiting->next;
    else
        w->n_used++;
    if (w->n_waiting++ == 0)
        w->ran_ms = now_ms;
    put(w, waiting, (now_ms > w->ran_ms ? now_ms : w->ran_ms) + (wait_ms > 0 ? wait_ms : 1));
}

/* Slot of `ms`; what is not due yet, or is told to wait on, goes back. */
static void run_slot(struct dns_wait *w, uint64_t ms, dns_wait_fn answer, void *arg)
{
    uint32_t at = w->slot[ms % SLOTS];

    w->slot[ms % SLOTS] = NONE;
    while (at != NONE) {
        struct dns_waiting *waiting = &w->all[at];
        uint32_t next = waiting->next;

        if (waiting->due_ms > ms)
            put(w, waiting, waiting->due_ms);
        else if (!answer(arg, waiting))
            put(w, waiting, ms + 1);
        else {
            waiting->next = w->free;
            w->free = at;
            w->n_waiting--;
        }
        at = next;
    }
}

void dns_wait_run(struct dns_wait *w, uint64_t now_ms, dns_wait_fn answer, void *arg)
{
    for (uint64_t ms = w->ran_ms + 1; ms <= now_ms && w->n_waiting > 0; ms++) {
        run_slot(w, ms, answer, arg);
        w->ran_ms = ms;
    }
}
