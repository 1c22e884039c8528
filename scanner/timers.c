#include "scanner/timers.h"

#include <stdlib.h>
#include <string.h>

static void place(struct timers *ts, uint32_t slot, struct timer *t)
{
    ts->heap[slot - 1] = t;
    t->slot = slot;
}

static void sift_up(struct timers *ts, struct timer *t)
{
    uint32_t slot = t->slot;

    while (slot > 1 && ts->heap[slot / 2 - 1]->due_ms > t->due_ms) {
        place(ts, slot, ts->heap[slot / 2 - 1]);
        slot /= 2;
    }
    place(ts, slot, t);
}

static void sift_down(struct timers *ts, struct timer *t)
{
    uint32_t slot = t->slot;

    for (;;) {
        uint32_t child = 2 * slot;

        if (child > ts->n)
            break;
        if (child < ts->n && ts->heap[child]->due_ms < ts->heap[child - 1]->due_ms)
            child++;
        if (ts->heap[child - 1]->due_ms >= t->due_ms)
            break;
        place(ts, slot, ts->heap[child - 1]);
        slot = child;
    }
    place(ts, slot, t);
}

int timers_start(struct timers *ts, struct timer *t, uint64_t delay_ms, timer_fn fire)
{
    timers_stop(ts, t);
    if (ts->n == ts->size) {
        uint32_t size = ts->size ? 2 * ts->size : 64;
        struct timer **grown = realloc(ts->heap, size * sizeof(*grown));

        if (grown == NULL)
            return STS_ENOMEM;
        ts->heap = grown;
        ts->size = size;
    }
    t->due_ms = ts->now_ms + (delay_ms > 0 ? delay_ms : 1); /* never within the run that starts it */
    t->fire = fire;
    t->slot = ++ts->n;
    sift_up(ts, t);
    return STS_OK;
}

void timers_stop(struct timers *ts, struct timer *t)
{
    struct timer *last;

    if (t->slot == 0)
        return;
    last = ts->heap[--ts->n];
    if (last != t) {
        place(ts, t->slot, last);
        sift_up(ts, last);
        sift_down(ts, last);
    }
    t->slot = 0;
}

void timers_run(struct timers *ts, uint64_t now_ms)
{
    if (now_ms > ts->now_ms)
        ts->now_ms = now_ms;
    while (ts->n > 0 && ts->heap[0]->due_ms <= now_ms) {
        struct timer *t = ts->heap[0];

        timers_stop(ts, t);
        t->fire(t);
    }
}

void timers_fini(struct timers *ts)
{
    free(ts->heap);
    memset(ts, 0, sizeof(*ts));
}
