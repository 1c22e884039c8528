/* dns_exchange.h - one query on its way to one resolver, and how it ends: what dns_udp.c and dns_tcp.c carry
 * for dns.c. Thread: the worker's loop. */
#ifndef STS_DNS_EXCHANGE_H
#define STS_DNS_EXCHANGE_H
#include "scanner/dns.h"
#include "scanner/dns_message.h"

#define CACHE_LINE_BYTES 64 /* of most processors; no more than speed depends on it */

struct dns_query;
/* Embedded in what waits for the answer; the carrier's until it has ended or is cancelled. What finding it
 * reads stands together, the id too: it is one miss of the cache, the question another. */
struct exchange {
    struct dns_query *asker; /* NULL: no longer wanted, or a probe. To a carrier, memory that is read next. */
    void *carrier;           /* these three are the carrier's */
    struct exchange *next;
    uint32_t queued;
    uint32_t resolver; /* number of the server in env */
    uint16_t len;
    uint8_t query[DNS_QUERY_BYTES]; /* query[0..len) of dns_message_query(); the carrier may change its id */
};
/* r.oc is OC_OK with an answer to the very question in answer[0..len), else why there is none. May be called
 * from within the sending. */
typedef void (*exchange_done_fn)(struct exchange *x, struct result r, const uint8_t *answer, size_t len);
#endif
