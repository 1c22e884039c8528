/* dns_private.h - what the UDP and the TCP side of the DNS server share. Thread: the loop's. */
#ifndef SIM_DNS_PRIVATE_H
#define SIM_DNS_PRIVATE_H
#include "bench/sim/dns_answer.h"
#include "bench/sim/dns_seen.h"
#include "bench/sim/dns_wait.h"
#include "bench/sim/sim.h"

#define DNS_MOST_QUERY   2048 /* bytes; what is longer is not answered */
#define DNS_MOST_CLIENTS 512  /* TCP connections; beyond, the one that was idle longest is closed */

struct dns_udp;
struct dns_tcp;

/* Freed when all its handles are closed. */
struct dns_server {
    struct sim *sim;
    struct dns_answerer answerer;
    struct dns_seen *seen;
    struct dns_wait *wait;
    uv_timer_t timer; /* runs while questions wait */
    struct dns_udp *udp;
    struct dns_tcp *tcp;
    unsigned n_handles;
    bool stopping;
};

/* For each handle that was opened, when it is closed. */
void dns_handle_closed(struct dns_server *s);
/* The answer, counted. `out` as for dns_answer. */
void dns_server_answer(struct dns_server *s, const struct dns_query *q, bool tcp, uint8_t *out,
                       struct dns_answer *answer);
/* If its answer has to wait: a place for it, with the question in it, to be handed to dns_server_wait. NULL:
 * answer at once. */
struct dns_waiting *dns_server_delay(struct dns_server *s, const struct dns_query *q, uint64_t *wait_ms);
void dns_server_wait(struct dns_server *s, struct dns_waiting *waiting, uint64_t wait_ms);

/* False: `error` says why. */
bool dns_udp_start(struct dns_server *s, const union dns_peer *address, char *error, size_t error_len);
void dns_udp_stop(struct dns_udp *u);
void dns_udp_free(struct dns_udp *u);
void dns_udp_answer(struct dns_udp *u, const struct dns_query *q, const union dns_peer *peer);
void dns_udp_flush(struct dns_udp *u);

bool dns_tcp_start(struct dns_server *s, const union dns_peer *address, char *error, size_t error_len);
void dns_tcp_stop(struct dns_tcp *t);
void dns_tcp_free(struct dns_tcp *t);
/* False: no room, later. */
bool dns_tcp_answer_waiting(struct dns_tcp *t, struct dns_waiting *waiting);
#endif
