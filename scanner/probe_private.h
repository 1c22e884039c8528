/* probe_private.h - what probe.c (sockets, deadlines, the end) and probe_tls.c (OpenSSL on memory BIOs)
 * share. For these two files only. */
#ifndef STS_PROBE_PRIVATE_H
#define STS_PROBE_PRIVATE_H
#include "scanner/probe.h"
#include "scanner/smtp.h"
#include "scanner/tls.h"

struct probe {
    uv_tcp_t tcp; /* its close callback frees the probe */
    uv_connect_t connect;
    struct timer whole, phase; /* deadlines: of the probe, of the machine's state */
    const struct probe_env *env;
    struct smtp smtp;
    enum smtp_state armed; /* the state that `phase` was set for */
    struct arena *arena;
    struct rec_endpoint *evidence;
    probe_done_fn done;
    void *arg;
    uint64_t began_ns, tls_began_ns;
    const char *host; /* copy in the arena */
    bool sni;         /* host went out as server name */
    bool closing;
    int send_err; /* errno that a write took from the socket, for the read that finds its end */
    SSL *ssl;     /* owns both BIOs */
    BIO *from_peer, *to_peer;
    size_t n_tls_bytes;
    unsigned n_late_messages; /* TLS_MOST_LATE_MESSAGES */
    bool not_tls;             /* the first bytes behind the 220 are no TLS record */
    struct tls_verify verify;
};

/* probe.c */
uint64_t probe_elapsed_ms(const struct probe *p);
/* Do what the machine says. The probe may be closing afterwards; it is never freed before the loop runs. */
void probe_perform(struct probe *p, enum smtp_act act);
void probe_end(struct probe *p, enum outcome oc, enum outcome_source src, int32_t raw);
/* Hand bytes to the machine, and do what it says, to the last byte or the end. */
void probe_feed(struct probe *p, const char *data, size_t n);
int probe_send(struct probe *p, const char *data, size_t n) STS_CHECK;

/* probe_tls.c */
void probe_tls_start(struct probe *p);
void probe_tls_take(struct probe *p, const char *data, size_t n); /* records from the peer */
void probe_tls_write(struct probe *p, const char *data, size_t n);
void probe_tls_close(struct probe *p);
#endif
