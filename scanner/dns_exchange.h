/* dns_exchange.h - one query on its way to one resolver, and how it ends: what dns_udp.c and dns_tcp.c carry
 * for dns.c. Thread: the worker's loop. */
#ifndef STS_DNS_EXCHANGE_H
#define STS_DNS_EXCHANGE_H
#include "scanner/dns.h"
#include "scanner/dns_message.h"

#define CACHE_LINE_BYTES 64 /* of most processors; no more than speed depends on it */

/* Embedded in what waits for the answer; the carrier's until it has ended or is cancelled. The query itself
 * is made anew where it is compared with an answer: that takes less than a cache miss, and no memory. */
struct exchange {
    struct dns_query *asker; /* NULL: no longer wanted, or a probe. To a carrier, memory that is read next. */
    void *carrier;           /* these four are the carrier's */
    struct exchange *next;
    uint16_t id;
    uint16_t queued;
    uint32_t resolver;         /* number of the server in env */
    const char *prefix, *name; /* what is asked, as for dns_message_query(); borrowed while it is wanted */
    uint8_t type, flags;
    bool is_telling; /* the asker's: what becomes of it tells of the resolver */
};
struct exchange_answer {
    const uint8_t *question; /* the name asked for, in wire form; may be NULL where nobody wants it */
    const uint8_t *msg;
    size_t len;
};
/* r.oc is OC_OK with an answer to the very question, else why there is none, and `answer` is NULL. May be
 * called from within the sending. */
typedef void (*exchange_done_fn)(struct dns *owner, struct exchange *x, struct result r,
                                 const struct exchange_answer *answer);

static inline size_t exchange_query(const struct exchange *x, uint8_t out[DNS_QUERY_BYTES])
{
    return dns_message_query(out, x->prefix, x->name, (enum dns_type)x->type, x->flags);
}
#endif
