/* dns.h - DNS questions of one worker: queue, rate, tries, deadline, the second question with CD=1 on
 * SERVFAIL. resolvers.c says where each try goes, dns_udp.c and dns_tcp.c (c-ares) carry it, dns_message.c
 * makes queries and reads answers, dns_answer.c says what follows from them. Thread: the worker's loop. */
#ifndef STS_DNS_H
#define STS_DNS_H
#include "scanner/address.h"
#include "scanner/counters.h"
#include "scanner/network.h"
#include "scanner/rate.h"
#include "scanner/servers.h"
#include "scanner/timers.h"
#include "sinks/record.h"

#include <uv.h>

enum dns_type {
    DNS_A = 1,
    DNS_PTR = 12, /* for preflight: its names stand in `addr` */
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_TLSA = 52
};
enum dns_flags {
    DNS_SPF_ONLY = 1, /* TXT: keep RRs that begin v=spf1, count the others */
    DNS_CD = 2,       /* checking disabled, RFC 4035 section 3.2.2 */
    DNS_AGAIN = 4,    /* nobody answered before: it tells nothing of the resolver that nobody does now */
};

struct dns_query;
struct dns_env {
    uv_loop_t *loop;
    struct timers *timers;
    struct counters *counters;
    struct rate *rate; /* of all workers together */
    const struct server *servers;
    uint32_t n_servers;
    const struct address *local_v4, *local_v6; /* source addresses; NULL: the system's choice */
    uint32_t window;      /* questions asked each of them the first time and not answered */
    uint64_t timeout_ms;  /* of the first try */
    uint64_t deadline_ms; /* of a question with all its tries; 0: 4 times timeout_ms */
    /* Where no resolver answers, questions wait, and none ends for want of an answer (dns_is_paused). */
    bool may_pause;
    struct network *network; /* while it is cut off, likewise; is told of it. NULL: nobody else knows */
    bool hasty;              /* end what is asked at once where a resolver is found not to be there */
    /* Is this not to be asked any more? NULL: all may be asked. */
    bool (*excludes)(void *arg, const struct dns_query *q);
    void *excludes_arg;
};
struct dns;

/* `answer` is in the arena of the question, which is the asker's again; NULL: there was no memory for it. */
typedef void (*dns_done_fn)(struct dns_query *q, struct rec_dns *answer);

/* A question, embedded in what asks it. Until there is an answer this is all that it takes, and a try that is
 * under way (dns_private.h, struct ticket). */
struct dns_query {
    /* The asker's, as they stay until it is done. */
    const char *prefix; /* labels that stand before the name, each with its dot: "_smtp._tls.", or "" */
    const char *name;   /* presentation form; both are borrowed */
    struct arena *arena;
    dns_done_fn done;
    uint8_t type; /* enum dns_type */
    uint8_t flags;

    /* dns.c's, from dns_ask() on. */
    uint8_t tries;
    bool second : 1;    /* the one with CD=1 */
    bool stream : 1;    /* by TCP: the answer by UDP was truncated */
    bool no_memory : 1; /* an attempt is not listed */
    uint32_t resolver;  /* of the last try */
    struct dns_query *next, *prev;
    struct query_list *in;  /* the list that it is in */
    struct ticket *tickets; /* tries whose answer would still do */
    struct rec_dns *answer; /* NULL: nothing is to be noted yet */
    struct dns *dns;
    uint64_t began_ms, tried_ms;
};

/* `env` is copied. STS_ENOMEM, STS_ESYS. c-ares has been set up for the process (memory_begin). */
int dns_new(const struct dns_env *env, struct dns **out, struct sts_err *err) STS_CHECK;
/* Begin to close: questions left end with OUR_STOP at once; freed when the handles are closed, by the loop.
 */
void dns_close(struct dns *d);

/* `q->done` is called exactly once, never before this returns. */
void dns_ask(struct dns *d, struct dns_query *q);
/* Once a loop turn: send what the rate and the limit of questions in flight allow; `now_ns` is monotonic.
 * True: more could be sent at once. */
bool dns_turn(struct dns *d, int64_t now_ns);
/* Every question not answered ends with `oc` (OUR_STOP). */
void dns_cancel_all(struct dns *d, enum outcome oc);
/* No resolver answers, or too few questions: nothing is sent but a question now and then, to see whether one
 * is back. What is asked waits. */
bool dns_is_paused(const struct dns *d);
uint32_t dns_waiting(const struct dns *d); /* questions not sent yet */
#endif
