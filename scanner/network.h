/* network.h - has this host still a way out? Told by its own routing table, without a packet, and by peers
 * that were reached before: where one family never worked, or one address has no route, the network is not
 * gone. Thread: any. */
#ifndef STS_NETWORK_H
#define STS_NETWORK_H
#include "scanner/address.h"

#include <stdatomic.h>

enum network_family { NETWORK_V4, NETWORK_V6, NETWORK_FAMILIES };

struct network { /* zeroed is a new one, without source addresses of its own */
    const struct address *local[NETWORK_FAMILIES]; /* NULL: the system's choice */
    struct address reached[NETWORK_FAMILIES];      /* the first peer of each, where `state` says so */
    _Atomic int state[NETWORK_FAMILIES];
    _Atomic bool down;
    /* Workers to which no resolver answers, and of them those whose probes (dns_probe.c) were lost, too.
     */
    _Atomic uint32_t n_silent, n_surely;
};

/* The address that a connection from `local` (NULL: any) to `far` would come from. 0, or the errno of
 * connect(). */
int network_route(const struct address *local, const struct address *far, struct address *source) STS_CHECK;
/* The peer at `a` said something. */
void network_reached(struct network *n, const struct address *a);
/* Ask again. True: no family that ever worked has a route to the peer that was reached first. */
bool network_look(struct network *n);
/* Was any peer reached? */
static inline bool network_was_used(const struct network *n)
{
    return atomic_load_explicit(&n->state[NETWORK_V4], memory_order_relaxed) != 0 ||
           atomic_load_explicit(&n->state[NETWORK_V6], memory_order_relaxed) != 0;
}
/* As of the last look. */
static inline bool network_is_down(const struct network *n)
{
    return atomic_load_explicit(&n->down, memory_order_acquire);
}
/* Likewise, or no resolver answers: nothing new is begun, and silence says nothing of a peer. */
static inline bool network_is_cut_off(const struct network *n)
{
    return network_is_down(n) || atomic_load_explicit(&n->n_silent, memory_order_acquire) > 0;
}
static inline bool network_is_surely_cut_off(const struct network *n)
{
    return network_is_down(n) || atomic_load_explicit(&n->n_surely, memory_order_acquire) > 0;
}
#endif
