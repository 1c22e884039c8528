/* own_fault.h - whose fault was it that an attempt at a peer came to nothing? Thread: the worker's loop. */
#ifndef STS_OWN_FAULT_H
#define STS_OWN_FAULT_H
#include "scanner/worker.h"

/* `r`: what an attempt at `a`, begun at `began_ms`, came to. Where this program stood still, or this host was
 * without network or descriptors, at the time, it says so from here on. True: so the attempt is to be begun
 * again, and does not count. */
bool own_fault(struct worker *w, const struct address *a, uint64_t began_ms, struct result *r);
/* Once a loop turn, behind the deadlines. */
void own_fault_turn(struct worker *w);
#endif
