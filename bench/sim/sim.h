/* sim.h - the running simulator: one loop on one thread, that all servers share. */
#ifndef SIM_SIM_H
#define SIM_SIM_H
#include "bench/sim/publish.h"

#include <uv.h>

struct tls;
struct watch;
struct dns_server;
struct conn_server;
struct smtp_visits;

#define COUNT(id, key, doc) uint64_t id;
struct counts {
#include "bench/sim/counts.def"
};

struct sim {
    const struct world *world;
    uv_loop_t *loop;
    struct tls *tls;
    struct watch *watch;
    struct smtp_visits *visits; /* smtp_start() makes it; smtp_visits_free(), once the loop is done */
    struct counts counts;
    bool no_latency; /* --latency 0: nothing waits, except where a class does */
};

/* Servers. NULL: `error` says why (a port that is taken, ...). They stop accepting in stop(), and are freed
 * by the loop.*/
struct dns_server *dns_start(struct sim *sim, const char *address, uint16_t port, char *error,
                             size_t error_len);
void dns_stop(struct dns_server *s);
struct conn_server *https_start(struct sim *sim, uint16_t port, char *error, size_t error_len);
struct conn_server *smtp_start(struct sim *sim, uint16_t port, char *error, size_t error_len);
void conn_server_stop(struct conn_server *s); /* closes its connections too */
#endif
