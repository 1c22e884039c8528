/* port_watch.h - is the SMTP port blocked from this host? When the first PORT_ENOUGH_IPS addresses that were
 * tried took no connection, not one of them, the fault is taken to be ours. Until that is decided no record
 * blames a peer for it. Pure. Thread: any. */
#ifndef STS_PORT_WATCH_H
#define STS_PORT_WATCH_H
#include "sinks/base.h"

#include <stdatomic.h>
#include <stdio.h>

#define PORT_ENOUGH_IPS 100
#define PORT_SOME_IPS   10 /* from here on a scan that connected nowhere says so at its end */

enum port_verdict {
    PORT_UNDECIDED,
    PORT_OPEN,    /* something took a connection */
    PORT_BLOCKED, /* final */
    PORT_TOO_FEW, /* the scan came to its end undecided: what was seen stands */
};
struct port_watch { /* zeroed is a new one */
    _Atomic uint32_t n_tried;
    _Atomic uint64_t n_held; /* endpoints whose record waits for the verdict */
    _Atomic int verdict;     /* enum port_verdict */
};

static inline enum port_verdict port_verdict(const struct port_watch *p)
{
    return (enum port_verdict)atomic_load_explicit(&p->verdict, memory_order_acquire);
}
void port_connected(struct port_watch *p);
void port_failed(struct port_watch *p); /* once an address, whose first attempt got no connection */
void port_settle(struct port_watch *p); /* nothing is left that could decide it */

/* Words for the user, where there is something to say. The second is for the end of a scan. */
void port_tell_blocked(const struct port_watch *p, unsigned port, FILE *to);
void port_tell_end(const struct port_watch *p, unsigned port, FILE *to);
#endif
