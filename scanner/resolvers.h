/* resolvers.h - which resolver a question goes to: each in turn, those that do not answer left out but for a
 * question now and then (a probe, dns_probe.c), by which it is seen that one is back. Pure. Thread: the
 * worker's loop. */
#ifndef STS_RESOLVERS_H
#define STS_RESOLVERS_H
#include "sinks/base.h"

#define RESOLVER_MOST_LOST    50   /* tries since its last answer, all without one: it is down */
#define RESOLVER_SHARE_TRIES  200  /* first tries that are looked at together: */
#define RESOLVER_LOST_PERCENT 50   /* it is down where more of them have no answer */
#define RESOLVER_SECONDS      64   /* that these may stretch over */
#define RESOLVER_SLOW_MS      5000 /* after a late answer others may be late */
#define RESOLVER_BACK         5 /* so many more probes answered than lost until it is up: one may be luck */
#define RESOLVER_MOST_REFUSED 3 /* refused by its host (ICMP port unreachable) in a row, likewise */
#define RESOLVER_MOST_UNHEARD 4 /* probes in a row to one that is up, and no answer: it is down */
#define RESOLVER_FAILS_ONE_IN 8 /* first tries lost or failed, of those that ended: it is to be watched */
#define RESOLVER_PROBE_TIMES  4 /* of what it took before: how long a probe may take from one that is up, */
#define RESOLVER_PROBE_MS     1000 /* and so long at least; also from probe to probe */
#define RESOLVER_RECHECK_MS   250  /* the same behind one that had no answer, to one that is up */

struct resolver {
    uint32_t n_lost, n_refused; /* sent, refused, since its last answer */
    struct resolver_second {    /* by when they were sent, modulo RESOLVER_SECONDS */
        uint64_t second;
        uint32_t n_ended, n_lost; /* first tries */
    } seconds[RESOLVER_SECONDS];
    uint64_t up_ms;             /* what was sent before says nothing of it as it is now */
    uint32_t n_back;            /* probes still to be answered until it is up */
    uint64_t refused_ms;        /* the last time; counts where n_refused > 0 */
    uint32_t n_ended, n_failed; /* first tries since watched_ms: those that ended, those lost or failed */
    uint64_t probed_ms;         /* counts where is_probed */
    uint64_t heard_ms;          /* the last answer of any kind */
    uint64_t late_ms;           /* the last late answer; 0: there was none */
    uint64_t watched_ms;        /* the last look by resolvers_may_watch() */
    uint64_t probe_asked_ms;    /* the last probe */
    uint64_t probe_took_ms;     /* the last answer to one; 0: there was none */
    uint32_t n_unheard;         /* probes without an answer since the last one that had one; it is up */
    bool is_probed;             /* since it is down */
    bool down, is_mute;         /* is_mute: it is down since nothing at all was heard */
};
struct resolvers {
    struct resolver *v;
    uint32_t n, n_down, next;
};

/* Of n > 0 resolvers. STS_ENOMEM. */
int resolvers_init(struct resolvers *r, uint32_t n) STS_CHECK;
void resolvers_fini(struct resolvers *r);
static inline bool resolvers_all_down(const struct resolvers *r)
{
    return r->n_down == r->n;
}
/* Is it time to look whether this one, which is down, is back? True: from here on it is not for a while. */
bool resolvers_may_probe(struct resolvers *r, uint32_t i, uint64_t now_ms);
/* An answer of any kind came. */
void resolvers_heard(struct resolvers *r, uint32_t i, uint64_t now_ms);
/* It is up, as far as is known, but nothing was heard from it for a while (which counts where `may_be_idle`),
 * or many questions fail, as where it answers from its cache alone: is it time for a probe? True: from here
 * on it is not for a while. */
bool resolvers_may_watch(struct resolvers *r, uint32_t i, bool may_be_idle, uint64_t now_ms);
/* A probe goes to it; it was answered. */
void resolvers_probe_asked(struct resolvers *r, uint32_t i, uint64_t now_ms);
void resolvers_probe_answered(struct resolvers *r, uint32_t i, uint64_t now_ms);
/* May it still be answered? One that is down gets the time of any first try, `timeout_ms`, and where late
 * answers came that of a second one: were it cut short, a slow one would never come back. One that is up has
 * RESOLVER_PROBE_TIMES of what it took before. */
bool resolvers_probe_waits(const struct resolvers *r, uint32_t i, uint64_t timeout_ms, uint64_t now_ms);
/* Where the next question goes; not to `avoid` where another is up. All down: as if all were up. */
uint32_t resolvers_pick(struct resolvers *r, uint32_t avoid, uint64_t now_ms);
#define RESOLVER_NONE UINT32_MAX
/* The end of a probe: nothing else counts while all are down and questions wait. True: with this one that was
 * up is down. */
bool resolvers_probed(struct resolvers *r, uint32_t i, bool answered);
/* A first try was answered, and the answer says that others did not answer the resolver (SERVFAIL). */
void resolvers_failed(struct resolvers *r, uint32_t i);
/* An answer came, to a first try sent at `sent_ms`, or, 0, to any other. It is not down. */
void resolvers_answered(struct resolvers *r, uint32_t i, uint64_t sent_ms);
/* It came to one that resolvers_lost() was told of: that was not lost, but late. */
void resolvers_answered_late(struct resolvers *r, uint32_t i, uint64_t sent_ms, uint64_t now_ms);
/* It came to a first try while all are down and questions wait: one that was taken to be mute is slow. */
void resolvers_spoke(struct resolvers *r, uint32_t i, uint64_t now_ms);
/* A first try sent at `sent_ms` is lost; so many sent about then were, and none of them will have a late
 * answer any more; one was refused. True: with this it is down, and was not before. An answer ends that.
 * Names whose own servers are silent tell nothing: neither does a try that was lost and sent before the last
 * answer came, nor that many are lost at a time, as they are some seconds after many such names were asked
 * for; what counts is how many of those that were sent together. Where late answers come, these may have one
 * yet: that is told by resolvers_lost_too_many() alone. */
bool resolvers_lost(struct resolvers *r, uint32_t i, uint64_t sent_ms, uint64_t now_ms);
bool resolvers_lost_too_many(struct resolvers *r, uint32_t i, uint64_t sent_ms);
bool resolvers_refused(struct resolvers *r, uint32_t i, uint64_t now_ms);
/* Did its host refuse a question since `since_ms`, and nothing was answered after that? */
bool resolvers_was_refused(const struct resolvers *r, uint32_t i, uint64_t since_ms);
#endif
