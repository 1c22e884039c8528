/* timers.h - the deadlines of one worker: a wheel judged by the worker's own clock, after its sockets were
 * drained, so that a loop that stood still never counts against a peer (DESIGN.md, Stalls are ours). To start
 * and to stop one costs the same however many there are: every DNS question has one. Pure. Thread: the
 * worker's. */
#ifndef STS_TIMERS_H
#define STS_TIMERS_H
#include "sinks/base.h"

struct timer;
typedef void (*timer_fn)(struct timer *t); /* may start and stop any timer, this one too */

/* Embedded in what waits; zeroed memory is a stopped timer. */
struct timer {
    uint64_t due_ms;
    timer_fn fire;
    struct timer *next, **at; /* in the list of its slot; at: what points here, NULL: stopped */
};
struct timers {
    struct timer **slots; /* one for each ms, over and over; NULL until the first start */
    struct timer *due;    /* of the ms that is being judged */
    uint32_t n;           /* running */
    uint64_t now_ms; /* worker clock: ms since the scan's start, without the time that the loop stood still */
    uint64_t judged_ms; /* all that was due until then has fired */
};

static inline bool timer_is_running(const struct timer *t)
{
    return t->at != NULL;
}

/* Start `t`, or move it, to now + delay_ms. STS_ENOMEM. */
int timers_start(struct timers *ts, struct timer *t, uint64_t delay_ms, timer_fn fire) STS_CHECK;
void timers_stop(struct timers *ts, struct timer *t); /* no harm if it is stopped */
/* Set the clock and fire what is due, earliest first; what they start is judged in the next run. */
void timers_run(struct timers *ts, uint64_t now_ms);
void timers_fini(struct timers *ts);
#endif
