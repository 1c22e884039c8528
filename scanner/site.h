/* site.h - an address with MX hosts, as its worker knows it through the whole scan: which hosts point there,
 * which of them are kept for probing (the sample), and what the attempts there came to. Pure. Not
 * thread-safe.
 *
 * The sample. Plain and signalled hosts have a limit each. Where more point here than the limit, those with
 * the lowest hash(seed, host) are kept: one that is not begun yet gives way to a lower one, one that is
 * stays. So the sample is that of the lowest hashes, but for the hosts that were begun before lower ones
 * came: none where all hosts arrive before the pace of the address has used up its limit; that a scan with
 * the same input and seed repeats. The more slowly hosts arrive, the more the order of the answers decides.
 *
 * The shortcut. After SITE_RUN attempts in a row that got no further than the greeting and came to the same
 * outcome, the hosts that wait take it, as their look of this round. They take each outcome once, and for
 * SITE_SHARE_MS at most: whoever comes later, or again with a retry, waits until one of them has tried, and
 * takes its outcome only if that is the same again. */
#ifndef STS_SITE_H
#define STS_SITE_H
#include "scanner/addrmap.h"
#include "scanner/slab.h"
#include "sinks/outcome.h"

#define SITE_RUN           3
#define SITE_SHARE_MS      60000 /* a failure is not shared for longer */
#define SITE_REST          10    /* the first rest after a 4xx is this part of the longest */
#define SITE_MOST_DEFERRED 15
#define SITE_TICK_MS       100 /* unit of the times that a site keeps: 13 years in 32 bits */
#define SITE_CHAIN_HOSTS   8   /* hosts in a chain, on average and at most */

enum site_class { SITE_PLAIN, SITE_SIGNALLED, SITE_CLASSES };

/* What all sites of a worker have in common. */
struct site_common {
    uint64_t most[SITE_CLASSES]; /* hosts kept at an address; 0: no limit */
    uint64_t seed;
    struct slab *memory; /* of the hosts; borrowed */
};
/* A host that is kept: to the end of the scan, so it is small. */
struct site_host {
    struct site_host *next;         /* of its chain */
    struct site_host *next_waiting; /* while it waits; else that of a list of whoever asks */
    uint32_t order;                 /* of probing: of hash(seed, name), or 0 where there is no limit */
    uint16_t n_extra;               /* bytes behind the name: site_extra() */
    uint8_t class_ : 1;             /* enum site_class */
    bool waiting : 1;
    bool stays : 1;  /* while it waits: gives way to none; begun, or set by whoever asks */
    bool probed : 1; /* contacted; this and the next one are set by whoever asks */
    bool left : 1;   /* by an earlier run */
    char name[];
};
enum site_turn { TURN_NONE, TURN_IN_LINE, TURN_AT_GATE };
struct site {
    struct addrmap_node node; /* first */
    union {
        struct site_host *one;   /* the only chain, as long as it is short */
        struct site_host **many; /* [1 << chains_log2], by hash of the name */
    } kept;
    struct site_host *last_waiting; /* behind it is the first one; NULL: none waits */
    union {                         /* of whoever asks, by `turn_is` */
        struct {
            struct site *next, **at; /* before this one; what points here */
        } line;                      /* IN_LINE */
        struct turn *at_gate;        /* AT_GATE */
    } turn;
    uint32_t n_kept[SITE_CLASSES];
    uint32_t n_hosts, n_signalled;   /* that point here */
    uint32_t failed_tick, rest_tick; /* of the last attempt of the run; when the rest is over */
    uint32_t n_noted;                /* attempts noted so far */
    uint16_t run_oc;                 /* of the run: attempts in a row with the same outcome (enum outcome) */
    uint16_t chains_log2 : 5;        /* 0: one chain */
    uint16_t n_run : 2;              /* SITE_RUN at most */
    uint16_t turn_is : 2;            /* enum site_turn */
    uint16_t n_deferred : 4;         /* 4xx in a row, SITE_MOST_DEFERRED at most */
    uint16_t rank : 3;               /* of whoever asks: the lowest of the hosts (struct mx_host) */
};
/* A walk over the hosts that are kept; zeroed memory is its beginning. */
struct site_cursor {
    uint32_t chain;
    struct site_host *next;
};

/* What became of a host that points here. */
struct site_answer {
    struct site_host *kept; /* new: to be probed; NULL: is known, or left out */
    bool displaced;         /* another gave way to it, and is out of the site */
    bool returned;          /* `kept` was left out before */
    bool left_out;          /* it is not kept */
};
/* `again`: the host pointed here before, and is signalled only now. STS_ENOMEM: nothing has changed. */
int site_admit(struct site *s, const struct site_common *common, const char *name, bool signalled, bool again,
               struct site_answer *out) STS_CHECK;
/* An earlier run has probed the host here, or has taken the outcome of others (not `probed`). It is kept,
 * whatever the limit. STS_ENOMEM. */
int site_know(struct site *s, const struct site_common *common, struct sts_str name, bool signalled,
              bool probed) STS_CHECK;
/* Is the host kept? */
bool site_has(const struct site *s, const struct site_common *common, const char *name);
/* The host to be begun next: of those that wait, that of the lowest order; of equals, the first that came.
 * NULL: none waits. */
struct site_host *site_first(const struct site *s);
/* It waits no more, and so does not give way. May be called again. */
void site_begin(struct site *s, struct site_host *h);
/* All that wait, who do not any more, as a list in their order by next_waiting; NULL: none does. */
struct site_host *site_take_waiting(struct site *s);
/* One that does not wait does once more. */
void site_wait_again(struct site *s, struct site_host *h);
/* Keep `n` bytes (UINT16_MAX at most) with a host that does not wait, in place of those that were there. It
 * moves: what is returned takes its place. NULL: no memory, nothing has changed. */
struct site_host *site_set_extra(struct site *s, const struct site_common *common, struct site_host *h,
                                 const void *extra, size_t n) STS_CHECK;
const unsigned char *site_extra(const struct site_host *h);
/* The next of all that are kept, in no order; NULL: that was all. What is returned may be freed. */
struct site_host *site_next(const struct site *s, struct site_cursor *at);
/* Hosts that point here and are not kept. */
uint32_t site_left_out(const struct site *s);
/* Free what is kept. */
void site_fini(struct site *s, const struct site_common *common);

/* An attempt came to `oc`. True: hosts that wait take it. */
bool site_note(struct site *s, enum outcome oc, uint64_t now_ms);
/* The outcome that a host takes that has seen `n_seen` of the attempts noted (s->n_noted when it last looked,
 * 0 when it never did). OC_NONE: it is to try. */
enum outcome site_shared(const struct site *s, uint32_t n_seen, uint64_t now_ms);
/* After a greeting or an answer to EHLO of 4xx the address rests: `most_ms` / SITE_REST, doubled for each
 * further one in a row, up to `most_ms`. 0: it need not. */
uint64_t site_rest_ms(const struct site *s, uint64_t most_ms);
/* It rests until then; 0: it never did. Told up to a tick later than it was set. */
void site_set_rest(struct site *s, uint64_t until_ms);
uint64_t site_rest_until_ms(const struct site *s);
#endif
