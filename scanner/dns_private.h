/* dns_private.h - a question on its way, shared by dns.c (the queue, the end of a question), dns_tries.c
 * (when and where to try) and dns_answer.c (what an answer leads to). For these files only. */
#ifndef STS_DNS_PRIVATE_H
#define STS_DNS_PRIVATE_H
#include "scanner/dns_message.h"
#include "scanner/dns_tcp.h"
#include "scanner/dns_udp.h"
#include "scanner/resolvers.h"

#define MOST_ATTEMPTS 3 /* a question put again after this program stood still */
#define MOST_TRIES    8 /* datagrams of one question */

/* A try. One by TCP outlives its question when that ends first: c-ares takes nothing back. */
struct ticket {
    _Alignas(CACHE_LINE_BYTES) struct dns *dns;
    struct ticket *next; /* of the same question, or free */
    struct exchange exchange;
};
struct dns_query {
    struct dns *dns;
    struct dns_query *next, *prev;
    const char *name;
    enum dns_type type;
    unsigned flags;
    struct arena *arena;
    struct ticket *tickets; /* tries whose answer would still do */
    uint64_t began_ms, tried_ms;
    dns_done_fn done;
    void *arg;
    struct query_list *in; /* the list that it is in */
    uint32_t resolver;     /* of the last try */
    uint8_t tries;
    bool second;      /* the one with CD=1 */
    bool stream;      /* by TCP: the answer by UDP was truncated */
    bool has_outcome; /* the answer is zeroed and in use: until then its memory is not touched */
    struct rec_dns answer;
    struct rec_attempt first; /* of the attempts */
};
struct query_list {
    struct dns_query *first, *last;
    uint32_t n;
    uint64_t wait_ms; /* for an answer, in a list of those that are sent: they leave as they came */
};
struct dns {
    struct dns_env env;
    struct udp *udp;
    struct tcp *tcp;
    struct resolvers resolvers;
    struct query_list waiting, again, streams; /* not sent; tries that are due; to be sent by TCP */
    struct query_list sent[MOST_TRIES];        /* by how often they were tried */
    struct query_list sent_stream;
    uint32_t n_tries;
    struct ticket *free_tickets;
    struct ticket **probes; /* of each resolver: the question to see whether it is back; NULL: none */
    bool paused;            /* as of the last turn */
    bool outage; /* in this pause a probe was lost: it is the resolvers, and not some names' own servers */
    bool stopping;
};

/* ---- dns.c ---- */

void query_append(struct query_list *list, struct dns_query *q);
void query_remove(struct dns_query *q);
/* No answer to a try so far is waited for any more. */
void query_cancel_tries(struct dns_query *q);
/* Out of its list, and no answer is waited for. */
void query_detach(struct dns_query *q);
/* What is found out about the question. */
struct rec_dns *query_answer(struct dns_query *q);
/* Note how the question, or the second one with CD=1, went. */
void query_settle(struct dns_query *q, struct result r);
/* It went so, and another attempt follows. */
void query_note_attempt(struct dns_query *q, struct result r);
/* The one end of a question. */
void query_finish(struct dns_query *q);
/* The end of a question that is not sent. */
void query_refuse(struct dns_query *q, enum outcome oc);

/* ---- dns_tries.c ---- */

/* Fill in how long each try waits; returns the sum. */
uint64_t tries_set_waits(struct dns *d);
/* Send the next try of a question; where that cannot be, the question ends. */
void tries_send(struct dns *d, struct dns_query *q);
/* Once a loop turn: what has waited long enough. */
void tries_end_waits(struct dns *d);
/* No answer came in time to the last try, or none can. */
void tries_give_up(struct dns_query *q);
/* The try is over; returns its question, NULL where that ended before. The memory stays until free_ticket. */
struct dns_query *unlink_ticket(struct ticket *t);
void free_ticket(struct ticket *t);
void on_refused(struct dns *d, uint32_t resolver); /* udp_refused_fn */
/* A resolver is found to be down: what it was asked goes to another. */
void tries_leave_resolver(struct dns *d, uint32_t resolver);
/* No try counts for now: the question waits for the end of the pause. */
void tries_hold(struct dns_query *q);
/* While no resolver answers, once a loop turn: look whether one is back. */
void tries_probe(struct dns *d);
void tries_end_probe(struct dns *d, uint32_t resolver);
void tries_probed(struct dns *d, uint32_t resolver, bool answered);
/* The pause is over. */
void tries_go_on(struct dns *d);

/* ---- dns_answer.c ---- */

void on_answer(struct exchange *x, struct result r, const uint8_t *msg, size_t len); /* exchange_done_fn */
#endif
