/* endpoint_private.h - what endpoint_admit.c (which hosts are probed at an address), endpoint_wait.c (until
 * their turn), endpoint.c (the probing of one, to its record), endpoint_retry.c (until another attempt) and
 * endpoint_all.c share. For these files only. Thread: the worker that owns the address. */
#ifndef STS_ENDPOINT_PRIVATE_H
#define STS_ENDPOINT_PRIVATE_H
#include "scanner/attempts.h"
#include "scanner/worker.h"

/* Is probed, or through with held_oc but for the verdict on the port. */
struct endpoint {
    struct gate_job job; /* of its connection */
    struct worker *w;
    struct endpoint *next, **at; /* in the worker's list, to the end */
    struct site *site;
    struct site_host *host; /* of the site */
    struct attempts attempts;
    struct running *running; /* NULL: it is not probed */
    uint32_t n_seen;         /* attempts at the address when it last looked; 0: never */
    uint16_t held_oc;
    uint8_t n_rounds, n_stalls;
    bool held;
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
/* The outcome of others at the address is its own; or it is not contacted at all, or not again, and `oc` says
 * why. */
void endpoint_take(struct worker *w, struct site *site, struct site_host *host, enum outcome oc);
/* It was not contacted, or not again: the last entry in its list says why there was no further attempt. */
void endpoint_finish_empty(struct endpoint *e, enum outcome oc);
/* Held: with what it was held with. There was no connection, so there is no evidence. */
void endpoint_let_go(struct endpoint *e);
/* Write the record, and count it. `evidence`: of the last attempt, or an empty one. */
void endpoint_record(struct worker *w, const char *host, const struct address *a, enum outcome oc,
                     struct rec_endpoint *evidence);

/* endpoint_wait.c */
/* A host of the site waits, one more. */
void endpoint_wait(struct worker *w, struct site *site);
/* A host of a lower rank points at the site from now on. */
void endpoint_wait_prefer(struct worker *w, struct site *site, uint8_t rank);
/* A host of the site waits, one more, whose time has come: before all addresses in the first line, where this
 * one would be in it and is not yet. */
void endpoint_wait_ahead(struct worker *w, struct site *site);
void endpoint_wait_turn(struct worker *w); /* once a loop turn */
/* endpoint_take() for all that wait at the site. */
void endpoint_wait_end(struct worker *w, struct site *site, enum outcome oc);
void endpoint_wait_exclude(struct worker *w); /* what a new blocklist names, before the gate has the list */

/* endpoint_retry.c: until the time for another attempt has come. Then the host waits for its turn again. */
/* What there is to keep of `e`, with the host at its site; nothing is left to do with `e` but to free it.
 * STS_ENOMEM: nothing has changed. */
int endpoint_retry_put(struct endpoint *e, uint64_t wait_ms) STS_CHECK;
/* Into `e`, which has its host, what was kept of it; nothing where it was never put off. */
void endpoint_retry_take(struct endpoint *e);
void endpoint_retry_turn(struct worker *w); /* once a loop turn */
/* endpoint_take() for all. */
void endpoint_retry_end(struct worker *w, enum outcome oc);
void endpoint_retry_exclude(struct worker *w); /* what a new blocklist names */
#endif
