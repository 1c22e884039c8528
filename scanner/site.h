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
#include "sinks/outcome.h"

#define SITE_RUN           3
#define SITE_SHARE_MS      60000 /* a failure is not shared for longer */
#define SITE_REST          10    /* the first rest after a 4xx is this part of the longest */
#define SITE_MOST_DEFERRED 16

enum site_class { SITE_PLAIN, SITE_SIGNALLED, SITE_CLASSES };

struct site_limits {
    uint64_t most[SITE_CLASSES]; /* hosts kept at an address; 0: no limit */
    uint64_t seed;
};
/* A host that is kept: to the end of the scan, so it is small. */
struct site_host {
    struct site_host *next;         /* of its class, by falling order */
    struct site_host *next_waiting; /* while it waits */
    uint64_t order;                 /* of probing: hash(seed, name), or 0 where there is no limit */
    uint8_t class_;                 /* enum site_class */
    bool waiting;                   /* not begun: gives way to one of a lower order */
    bool probed;                    /* contacted; this and the next two are set by whoever asks */
    bool stays;                     /* gives way to none */
    bool left;                      /* by an earlier run */
    char name[];
};
enum site_turn { TURN_NONE, TURN_IN_LINE, TURN_AT_GATE };
struct site {
    struct addrmap_node node; /* first */
    struct site_host *kept[SITE_CLASSES];
    struct site_host *last_waiting; /* behind it is the first one; NULL: none waits */
    union {                         /* of whoever asks, by `turn_is` */
        struct site *next;          /* IN_LINE: before this one */
        struct turn *at_gate;       /* AT_GATE */
    } turn;
    uint32_t n_kept[SITE_CLASSES], n_waiting[SITE_CLASSES];
    uint32_t n_hosts, n_signalled; /* that point here */
    uint64_t failed_ms;            /* the last attempt of the run */
    uint32_t n_noted;              /* attempts noted so far */
    uint16_t run_oc;               /* of the run: attempts in a row with the same outcome (enum outcome) */
    uint8_t n_run : 4;             /* SITE_RUN at most */
    uint8_t turn_is : 4;           /* enum site_turn */
    uint8_t n_deferred;            /* 4xx in a row, SITE_MOST_DEFERRED at most */
};

/* What became of a host that points here. */
struct site_answer {
    struct site_host *kept;      /* new: to be probed; NULL: is known, or left out */
    struct site_host *displaced; /* gave way, and is out of the site: to be freed; NULL: none */
    bool returned;               /* `kept` was left out before */
    bool left_out;               /* it is not kept */
};
/* `again`: the host pointed here before, and is signalled only now. STS_ENOMEM: nothing has changed. */
int site_admit(struct site *s, const struct site_limits *limits, const char *name, bool signalled, bool again,
               struct site_answer *out) STS_CHECK;
/* An earlier run has probed the host here, or has taken the outcome of others (not `probed`). It is kept,
 * whatever the limit. STS_ENOMEM. */
int site_know(struct site *s, const struct site_limits *limits, struct sts_str name, bool signalled,
              bool probed) STS_CHECK;
/* Is the host kept? */
bool site_has(const struct site *s, const struct site_limits *limits, const char *name);
/* The host to be begun next: of those that wait, that of the lowest order; of equals, the first that came.
 * NULL: none waits. */
struct site_host *site_first(const struct site *s);
/* It waits no more, and so does not give way. May be called again. */
void site_begin(struct site *s, struct site_host *h);
/* Hosts that point here and are not kept. */
uint32_t site_left_out(const struct site *s);
/* Free what is kept. */
void site_fini(struct site *s);

/* An attempt came to `oc`. True: hosts that wait take it. */
bool site_note(struct site *s, enum outcome oc, uint64_t now_ms);
/* The outcome that a host takes that has seen `n_seen` of the attempts noted (s->n_noted when it last looked,
 * 0 when it never did). OC_NONE: it is to try. */
enum outcome site_shared(const struct site *s, uint32_t n_seen, uint64_t now_ms);
/* After a greeting or an answer to EHLO of 4xx the address rests: `most_ms` / SITE_REST, doubled for each
 * further one in a row, up to `most_ms`. 0: it need not. */
uint64_t site_rest_ms(const struct site *s, uint64_t most_ms);
#endif
