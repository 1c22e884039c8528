/* dns_udp.h - DNS messages over UDP: sockets, ids, batches in and out. Tries and deadlines are dns.c's.
 *
 * c-ares does not carry these: it cost a third of the CPU of this program for a query (most of it to compare
 * questions as text), and what 1.18 and 1.34 do about refusals, full buffers, truncation, malformed answers
 * and timeouts differs, and had to be kept from it one by one. Thread: the worker's loop. */
#ifndef STS_DNS_UDP_H
#define STS_DNS_UDP_H
#include "scanner/dns_exchange.h"

struct udp;
/* The host of a resolver refused a datagram (ICMP port unreachable, RFC 1122 section 4.1.3.3), or there is no
 * way to it. */
typedef void (*udp_refused_fn)(struct dns *owner, uint32_t resolver);

/* `env` is copied. STS_ENOMEM. */
int udp_new(const struct dns_env *env, exchange_done_fn done, udp_refused_fn refused, struct dns *owner,
            struct udp **out, struct sts_err *err) STS_CHECK;
/* With nothing in flight; freed when the handles are closed, by the loop. */
void udp_close(struct udp *u);
/* First tries in flight, to all resolvers. */
uint32_t udp_window(const struct dns_env *env);
bool udp_has_room(const struct udp *u);
/* Of what was to be sent, sockets had no room for so much that more would be lost. */
bool udp_is_behind(const struct udp *u);
bool udp_is_crowded(const struct udp *u); /* half of the room is taken */
/* Send query[0..len) (copied) to x->resolver with the next udp_flush, under an id of its own. An answer may
 * be truncated. */
void udp_send(struct udp *u, struct exchange *x, const uint8_t *query, size_t len);
/* No answer is wanted any more: `x` is the caller's again. */
void udp_cancel(struct udp *u, struct exchange *x);
/* Once a loop turn: the datagrams out. */
void udp_flush(struct udp *u);
#endif
