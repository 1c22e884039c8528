/* dns_wait.h - questions whose answer has to wait: a wheel of one slot a millisecond. Pure.
 */
#ifndef SIM_DNS_WAIT_H
#define SIM_DNS_WAIT_H
#include "bench/sim/dns_wire.h"

#include <netinet/in.h>

#define DNS_MOST_WAITING 131072 /* questions; about 620 bytes each, taken when so many wait */

union dns_peer {
    struct sockaddr sa;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};
struct dns_waiting {
    struct dns_query q;
    union dns_peer peer; /* UDP: who asked */
    bool tcp;
    uint32_t slot; /* TCP: the connection, and which of those that had this slot */
    uint64_t serial;
    uint64_t due_ms;
    uint32_t next;
};
struct dns_wait;
struct dns_wait *dns_wait_new(void); /* NULL: no memory */
void dns_wait_free(struct dns_wait *w);
uint32_t dns_wait_count(const struct dns_wait *w);
/* To be filled in, all but `due_ms` and `next`, then added before the next dns_wait_take. NULL: there is no
 * room. */
struct dns_waiting *dns_wait_take(struct dns_wait *w);
void dns_wait_add(struct dns_wait *w, struct dns_waiting *waiting, uint64_t now_ms, uint64_t wait_ms);
/* Those that are due, each once, in about the order of time; `answer` false: it waits on, a millisecond. */
typedef bool (*dns_wait_fn)(void *arg, struct dns_waiting *waiting);
void dns_wait_run(struct dns_wait *w, uint64_t now_ms, dns_wait_fn answer, void *arg);
#endif
