/* dns_private.h - a question on its way, shared by dns.c (the queue, the end of a question), dns_tries.c
 * (when and where to try), dns_answer.c (what an answer leads to) and dns_probe.c (is a resolver there, and
 * the Internet behind it?). For these files only. */
#ifndef STS_DNS_PRIVATE_H
#define STS_DNS_PRIVATE_H
#include "scanner/dns_message.h"
#include "scanner/dns_tcp.h"
#include "scanner/dns_udp.h"
#include "scanner/resolvers.h"

#define MOST_ATTEMPTS   3  /* a question put again after this program stood still */
#define MOST_TRIES      8  /* datagrams of one question */
#define TICKETS_AT_ONCE 63 /* allocated together: with the head of the block 4 KiB */

/* A try. One by TCP outlives its question when that ends first: c-ares takes nothing back. */
struct ticket {
    _Alignas(CACHE_LINE_BYTES) struct ticket *next; /* of the same question, or free */
    struct exchange exchange;
};
struct ticket_block {
    struct ticket_block *next;
    struct ticket tickets[TICKETS_AT_ONCE];
};
_Static_assert(sizeof(struct ticket) == CACHE_LINE_BYTES,
               "what finding a try reads is one miss of the cache");
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
    uint32_t most_first; /* first tries in flight */
    struct ticket *free_tickets;
    struct ticket_block *ticket_blocks; /* kept to the end */
    struct probes *probes;
    bool paused;                   /* as of the last turn */
    bool told_silent, told_surely; /* to env.network */
    bool outage; /* in this pause a probe was lost: it is the resolvers, and not some names' own servers */
    bool surely; /* so, as probes have shown before the pause began */
    bool stopping;
};

/* ---- dns.c ---- */

void query_append(struct query_list *list, struct dns_query *q);
void query_remove(struct dns_query *q);
/* No answer to a try so far is waited for any more. */
void query_cancel_tries(struct dns_query *q);
/* Out of its list, and no answer is waited for. */
void query_detach(struct dns_query *q);
/* What is found out about the question; memory for it is taken with the first call. NULL: there is none. */
struct rec_dns *query_answer(struct dns_query *q);
/* Attempts that are noted. */
uint32_t query_attempts(const struct dns_query *q);
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
void free_ticket(struct dns *d, struct ticket *t);
/* Nobody waits for it yet. NULL: no memory. */
struct ticket *take_ticket(struct dns *d, uint32_t resolver);
void on_refused(struct dns *d, uint32_t resolver); /* udp_refused_fn */
/* A resolver is found to be down: what it was asked goes to another. */
void tries_leave_resolver(struct dns *d, uint32_t resolver);
/* No try counts for now: the question waits for the end of the pause. */
void tries_hold(struct dns_query *q);
/* The pause is over. */
void tries_go_on(struct dns *d);

/* ---- dns_probe.c ----
 * A probe shows whether a resolver is there and has a way to others: a question for a name that is in no
 * cache, below one whose own servers have answered in this scan, and then such a question (a witness). Each
 * asks below another; one a second at most goes to a resolver, but where answers follow each other to the end
 * of a pause. Where there is no witness yet: the root. */

/* Of so many resolvers; freed with free(). NULL: no memory. */
struct probes *probes_new(uint32_t n_resolvers);
/* A question was answered with a name that exists: a witness, if a first probe is answered, too. Signed ones
 * are no witness: of what is below them a resolver may know by itself that it does not exist (RFC 8198). */
void probes_witness(struct dns *d, const struct dns_query *q, const struct rec_dns *answer);
enum probe_answer { PROBE_UNANSWERED, PROBE_ANSWERED, PROBE_FAILED /* SERVFAIL */ };
/* Is this a probe? Then it is over. */
bool probes_answered(struct dns *d, const struct ticket *t, enum probe_answer answer);
/* Once a loop turn: while no resolver answers, is one back? Else: is one that seems to fail, or, where it may
 * be that nothing is asked, an idle one still there, and with it the network? */
void probes_look(struct dns *d);
void probes_watch(struct dns *d, bool may_be_idle);
/* None is under way any more. */
void probes_end(struct dns *d);

/* ---- dns_answer.c ---- */

/* exchange_done_fn */
void on_answer(struct dns *d, struct exchange *x, struct result r, const struct exchange_answer *answer);
#endif
