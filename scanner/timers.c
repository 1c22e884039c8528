#include "scanner/timers.h"

#include <stdlib.h>
#include <string.h>

/* Power of two. A timer that runs for longer is passed over once in so many ms. */
#define SLOTS 4096

static void link_to(struct timer **head, struct timer *t)
{
    t->next = *head;
    t->at = head;
    if (t->next != NULL)
        t->next->at = &t->next;
    *head = t;
}

static void unlink_it(struct timer *t)
{
    *t->at = t->next;
    if (t->next != NULL)
        t->next->at = t->at;
    t->at = NULL;
}

int timers_start(struct timers *ts, struct timer *t, uint64_t delay_ms, timer_fn fire)
{
    timers_stop(ts, t);
    if (ts->slots == NULL) {
        ts->slots = calloc(SLOTS, sizeof(*ts->slots));
        if (ts->slots == NULL)
            return STS_ENOMEM;
    }
    t->due_ms = ts->now_ms + (delay_ms > 0 ? delay_ms : 1); /* never within the run that starts it */
    t->fire = fire;
    link_to(&ts->slots[t->due_ms % SLOTS], t);
    ts->n++;
    return STS_OK;
}

void timers_stop(struct timers *ts, struct timer *t)
{
    if (t->at == NULL)
        return;
    unlink_it(t);
    ts->n--;
}

/* What is due at `ms` out of its slot, then one after the other: each may stop the others. */
static void run_ms(struct timers *ts, uint64_t ms)
{
    struct timer *t, *next;

    for (t = ts->slots[ms % SLOTS]; t != NULL; t = next) {
        next = t->next;
        if (t->due_ms == ms) {
            unlink_it(t);
            link_to(&ts->due, t);
        }
    }
    while ((t = ts->due) != NULL) {
        timers_stop(ts, t);
        t->fire(t);
    }
}

void timers_run(struct timers *ts, uint64_t now_ms)
{
    if (now_ms > ts->now_ms)
        ts->now_ms = now_ms;
    while (ts->judged_ms < ts->now_ms && ts->n > 0)
        run_ms(ts, ++ts->judged_ms);
    ts->judged_ms = ts->now_ms;
}

void timers_fini(struct timers *ts)
{
    free(ts->slots);
    memset(ts, 0, sizeof(*ts));
}
