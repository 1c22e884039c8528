/* dns_cares.h - c-ares as the carrier of DNS messages: tries, UDP, TCP (RFC 7766), sockets on the loop. What
 * differs between c-ares 1.18 (Debian 12) and 1.34 (Debian 13) is in dns_cares.c. Thread: the worker's loop.
 */
#ifndef STS_DNS_CARES_H
#define STS_DNS_CARES_H
#include "scanner/dns.h"

struct carrier;
/* The end of one message: r.oc is OC_OK with an answer in msg[0..len), else why there is none. May be called
 * from within carrier_send. */
typedef void (*carrier_done_fn)(void *arg, struct result r, const uint8_t *msg, size_t len);

int carrier_new(const struct dns_env *env, carrier_done_fn done, struct carrier **out,
                struct sts_err *err) STS_CHECK;
/* Ends what is in flight with OUR_STOP; freed when the handles are closed, by the loop. */
void carrier_close(struct carrier *c);
bool carrier_has_room(const struct carrier *c);
/* Send query[0..len) by UDP; `done(arg, ...)` follows exactly once. An answer may be truncated. */
void carrier_send(struct carrier *c, const uint8_t *query, size_t len, void *arg);
/* The same by TCP, over a connection of its own; only where there is room for one. */
bool carrier_has_stream(const struct carrier *c);
void carrier_send_stream(struct carrier *c, const uint8_t *query, size_t len, void *arg);
/* Once a loop turn: tries that are due again. */
void carrier_turn(struct carrier *c, int64_t now_ns);
#endif
