/* dns_cares.h - c-ares as the carrier of DNS messages: one try each, by UDP or TCP (RFC 7766), sockets on the
 * loop. When to try again, and where, is dns.c's. What differs between c-ares 1.18 (Debian 12) and 1.34
 * (Debian 13) is behind this header. Thread: the worker's loop. */
#ifndef STS_DNS_CARES_H
#define STS_DNS_CARES_H
#include "scanner/dns.h"

struct carrier;
struct channel;
/* One message on its way: embedded in what waits for its answer, and the carrier's until it is done. */
struct message {
    struct channel *channel;
    uint32_t resolver; /* the number of the server in env */
};
/* The end of one message: r.oc is OC_OK with an answer in answer[0..len), else why there is none. May be
 * called from within carrier_send. */
typedef void (*carrier_done_fn)(struct message *m, struct result r, const uint8_t *answer, size_t len);
/* The host of a resolver refused datagrams (ICMP port unreachable, RFC 1122 section 4.1.3.3). */
typedef void (*carrier_refused_fn)(struct dns *owner, uint32_t resolver);

/* `keep_ms`: how long an answer is waited for. */
int carrier_new(const struct dns_env *env, uint64_t keep_ms, carrier_done_fn done, carrier_refused_fn refused,
                struct dns *owner, struct carrier **out, struct sts_err *err) STS_CHECK;
/* Ends what is in flight with OUR_STOP; freed when the handles are closed, by the loop. */
void carrier_close(struct carrier *c);
bool carrier_has_room(const struct carrier *c);
/* Send query[0..len) to m->resolver by UDP with the next carrier_flush; the end of `m` follows exactly once.
 * An answer may be truncated. */
void carrier_send(struct carrier *c, const uint8_t *query, size_t len, struct message *m);
/* The same by TCP at once, over a connection of its own; only where there is room for one. */
bool carrier_has_stream(const struct carrier *c);
void carrier_send_stream(struct carrier *c, const uint8_t *query, size_t len, struct message *m);
/* Once a loop turn: what is over, before new messages; and after them, the datagrams out. */
void carrier_turn(struct carrier *c, int64_t now_ns);
void carrier_flush(struct carrier *c);
#endif
