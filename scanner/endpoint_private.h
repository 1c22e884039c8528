/* endpoint_private.h - what endpoint_admit.c (which hosts are probed at an address), endpoint_wait.c (until
 * their first turn), endpoint.c (the probing of one, to its record) and endpoint_all.c share. For these files
 * only. Thread: the worker that owns the address. */
#ifndef STS_ENDPOINT_PRIVATE_H
#define STS_ENDPOINT_PRIVATE_H
#include "scanner/attempts.h"
#include "scanner/worker.h"

/* It is at the gate, or is probed; waits for its next attempt; is through with held_oc but for the verdict on
 * the port. */
enum endpoint_state { AT_GATE, WAITS, HELD };

struct endpoint {
    union {
        struct gate_job job; /* first; AT_GATE */
        struct timer timer;  /* WAITS */
    };
    struct worker *w;
    struct endpoint *next, **at; /* in the worker's list, to the end */
    struct site *site;
    struct site_host *host; /* of the site */
    struct attempts attempts;
    struct running *running; /* AT_GATE: it is probed; else NULL */
    uint32_t n_seen;         /* attempts at the address when it last looked; 0: never */
    uint16_t held_oc;
    uint8_t n_rounds, n_stalls;
    uint8_t state; /* enum endpoint_state */
    bool by_ip;    /* its last look was that of the others */
    bool was_left; /* by an earlier run */
};
/* What an endpoint holds only while it is probed. */
struct running {
    struct arena arena;
    struct rec_endpoint evidence;
    struct probe *probe;
    uint64_t began_ms;
};

/* endpoint.c: the host, which its site keeps, waits no more, and is probed, ending with scan_finish(). */
/* `open` is what the gate has let through; it is the caller's again. */
void endpoint_probe(struct worker *w, struct site *site, struct site_host *host, struct gate_job *open);
/* The outcome of others at the address is its own; or it is not contacted at all, and `oc` says why. */
void endpoint_take(struct worker *w, struct site *site, struct site_host *host, enum outcome oc);
/* It was not contacted, or not again: the last entry in its list says why there was no further attempt. */
void endpoint_finish_empty(struct endpoint *e, enum outcome oc);
/* HELD: with what it was held with. There was no connection, so there is no evidence. */
void endpoint_let_go(struct endpoint *e);
/* Write the record, and count it. `evidence`: of the last attempt, or an empty one. */
void endpoint_record(struct worker *w, const char *host, const struct address *a, enum outcome oc,
                     struct rec_endpoint *evidence);

/* endpoint_wait.c */
/* A host of the site waits, one more. */
void endpoint_wait(struct worker *w, struct site *site);
void endpoint_wait_turn(struct worker *w); /* once a loop turn */
/* endpoint_take() for all that wait at the site. */
void endpoint_wait_end(struct worker *w, struct site *site, enum outcome oc);
void endpoint_wait_exclude(struct worker *w); /* what a new blocklist names, before the gate has the list */
#endif
