/* worker.h - one thread, one loop: names in its window, the MX hosts, policies and addresses it owns. Nothing
 * of it is touched by another thread but the rings it receives from, its counters and its async handle. */
#ifndef STS_WORKER_H
#define STS_WORKER_H
#include "scanner/before.h"
#include "scanner/dns.h"
#include "scanner/gate.h"
#include "scanner/http.h"
#include "scanner/keyset.h"
#include "scanner/mx_hosts.h"
#include "scanner/outbox.h"
#include "scanner/probe.h"
#include "scanner/scan.h"
#include "scanner/site.h"

/* Between workers. A message is an object that changes hands: the first member of a struct that says what it
 * is. */
enum message_type { MESSAGE_HOST, MESSAGE_ENDPOINT, MESSAGE_POLICY, MESSAGE_POLICY_TRY };
struct message {
    struct message *next; /* in the sender's own list, when the ring is full */
    enum message_type type;
    uint32_t to; /* worker */
};

struct worker {
    struct scan *scan;
    uint32_t id;
    uv_thread_t thread;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t tick;
    uv_check_t after_poll;
    struct timers timers;
    struct arena_pool arenas; /* of names and hosts in work */
    struct counters counters;
    struct outbox *outbox;
    struct dns *dns;
    struct gate *gate;
    struct http *http; /* NULL: nothing is fetched */
    SSL_CTX *ctx;      /* NULL: nothing is probed */
    struct probe_env probe_env;
    char *read_buffer; /* of all probes */

    struct ring *from; /* [n_workers]: from each worker, itself too */
    struct message *unsent, **last_unsent;
    bool *is_full; /* [n_workers]: rings that had no room in this turn */

    struct batch *batch; /* being taken up */
    uint32_t next_item;
    uint32_t n_names, n_hosts; /* in work */
    struct questions *put_off; /* wait for their second round of DNS */
    uint32_t n_put_off;        /* these, and those in it */
    uint64_t window;
    struct blocklist *blocklist; /* as of this turn; NULL: none */
    uint64_t blocklist_version;
    struct keyset policies;  /* known in this scan */
    struct keyset hosts;     /* likewise, by host_key() */
    struct keyset signalled; /* of the hosts: those known to be signalled */
    struct host *looked_up;  /* hosts in work */
    /* Endpoints that have their record and no place in `sites`, to the end of the scan. */
    struct keyset excluded;
    struct addrmap sites;          /* addresses of MX hosts, to the end of the scan */
    struct slab site_memory;       /* what is in it, and the hosts there */
    struct site_line {             /* that wait to be at the gate */
        struct site *first, **end; /* where the next one is put */
    } lines[MX_RANKS];             /* by the rank of the address (endpoint_wait.c) */
    struct site_common site_common;
    /* Endpoints that wait for another attempt, their hosts in the order in which they are due: a list for
     * each time that they may have to wait. */
    struct retry_list {
        struct site_host *first, *last; /* last: where there is a first */
    } retries[OPTIONS_MOST_DURATIONS + 1];
    struct endpoint *endpoints;     /* in flight or held, for the end */
    struct policy *fetching;        /* in flight, for the end */
    enum port_verdict port_verdict; /* as this worker has acted on it */

    uint64_t last_pos;         /* highest position taken up */
    int64_t turned_ns, gap_ns; /* when the last turn was; time that the loop stood still */
    int64_t flushed_ns;
    bool was_suspended;  /* until this turn */
    bool was_cut_off;    /* network_is_cut_off(), */
    uint64_t cut_off_ms; /* at this time last */
    bool has_loop, started, drained, reported, closing;
};

/* Set up `w` (zeroed; scan and id set) before any worker is started. worker_fini() also after a failure. */
int worker_init(struct worker *w, struct sts_err *err) STS_CHECK;
/* Start its thread. */
int worker_start(struct worker *w, struct sts_err *err) STS_CHECK;
/* Wait for its end; its counters and outbox remain. */
void worker_join(struct worker *w);
/* STS_ESYS: a handle of the loop was left open (a bug; everything else is freed). */
int worker_fini(struct worker *w) STS_CHECK;
/* What a worker does after each poll of its sockets; worker_setup.c has it called by the loop. */
void worker_turn(struct worker *w);
/* From any thread. */
void worker_wake(struct worker *w);

/* Hand `m` over to its worker; counted as outstanding until scan_finish(). Never waits. */
void worker_send(struct worker *w, struct message *m);
/* The worker that owns a key. */
uint32_t worker_owner(const struct scan *scan, const void *key, size_t len);
/* The worker that owns an address: that of the network it lies in, so that the limits of both are kept by one
 * worker and nothing is shared. The load stays even all the same: a network has a few connections a second at
 * most (--per-prefix-smtp open at a time), a policy host its --per-ip-https-rate. */
uint32_t worker_owner_of_address(const struct scan *scan, const struct address *a);
/* Out of memory for one thing: recorded where a record can be written, and the scan ends. */
void worker_no_memory(struct worker *w);
/* The same, where an attempt came to it. What the system lacked for a moment (an errno) is tried again. */
void worker_judge_memory(struct worker *w, struct result r);

/* What a record of an endpoint is known by. */
struct key128 worker_endpoint_key(const struct scan *scan, struct sts_str host, const struct address *ip);

/* Is the name excluded? Counted if so. */
bool worker_excludes(struct worker *w, const char *name);
/* The same of what a question is about. */
bool worker_excludes_question(struct worker *w, const struct dns_query *q);

/* domain.c: take up one name. */
void domain_start(struct worker *w, const struct input_item *item);
/* host.c */
void host_want(struct worker *w, const struct mx_host *host);
void host_receive(struct worker *w, struct message *m);
/* What a host is known by in `hosts`, of the key of its name. `preferred`: as the most preferred host of a
 * name, where this is known. */
struct key128 host_key(struct key128 name, bool preferred);
/* Its own TLSA records make a host a signalled one (DESIGN.md, An endpoint). */
bool host_has_tlsa(const struct rec_host *host);
/* endpoint_admit.c */
enum want {
    WANT_NEW,
    WANT_LEFT,      /* an earlier run came to it, and left it */
    WANT_SIGNALLED, /* the host was wanted before, and is signalled only now */
    WANT_PREFERRED, /* was wanted before, and is a name's most preferred one only now */
};
/* `rank`: that of the host (struct mx_host). */
void endpoint_want(struct worker *w, struct sts_str host, const struct address *ip, bool signalled,
                   uint8_t rank, enum want why);
void endpoint_receive(struct worker *w, struct message *m);
/* Before `w` is started: the endpoint has a record of an earlier run, which counts. STS_ENOMEM. */
int endpoint_known(struct worker *w, const struct rec_endpoint *e, const struct address *ip,
                   bool signalled) STS_CHECK;
/* endpoint_all.c */
void endpoint_turn(struct worker *w);        /* once a loop turn */
void endpoint_exclude_all(struct worker *w); /* what a new blocklist names */
void endpoint_restart_all(struct worker *w); /* those in flight, after the loop stood still */
void endpoint_end_all(struct worker *w,
                      enum outcome oc); /* in flight and held; those that wait end by turns */
/* sampled.c */
void endpoint_report(struct worker *w); /* the sampled addresses, when nothing is left */
void endpoint_forget(struct worker *w); /* frees the sites */
/* policy.c, policy_also.c */
void policy_want(struct worker *w, struct sts_str name);
void policy_receive(struct worker *w, struct message *m);
void policy_exclude_all(struct worker *w);
void policy_restart_all(struct worker *w);
void policy_end_all(struct worker *w, enum outcome oc);
#endif
