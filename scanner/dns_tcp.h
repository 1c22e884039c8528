/* dns_tcp.h - c-ares as the carrier of DNS messages over TCP (RFC 7766), for what did not fit into a
 * datagram. Thread: the worker's loop. */
#ifndef STS_DNS_TCP_H
#define STS_DNS_TCP_H
#include "scanner/dns_exchange.h"

struct tcp;
/* `env` is copied. `wait_ms`: for an answer. STS_ENOMEM. */
int tcp_new(const struct dns_env *env, uint64_t wait_ms, exchange_done_fn done, struct dns *owner,
            struct tcp **out, struct sts_err *err) STS_CHECK;
/* Ends what is in flight with OUR_STOP; freed when the handles are closed, by the loop. */
void tcp_close(struct tcp *t);
bool tcp_has_room(const struct tcp *t);
/* Send query[0..len) (copied) to x->resolver, over a connection of its own; only where there is room. The end
 * of `x` follows exactly once. */
void tcp_send(struct tcp *t, struct exchange *x, const uint8_t *query, size_t len);
/* Once a loop turn: what is over. */
void tcp_turn(struct tcp *t, int64_t now_ns);
#endif
