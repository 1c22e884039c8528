/* conn.h - connections that a server accepts: bytes in, bytes out, TLS in between, waits. A protocol is a
 * conn_protocol; it is called from the loop, never from within its own calls. Thread: the loop's. */
#ifndef SIM_CONN_H
#define SIM_CONN_H
#include "bench/sim/sim.h"
#include "bench/sim/watch.h"

#define CONN_MOST_IN_BYTES  (16u << 10)  /* in one call of data(); nothing is read ahead of the protocol */
#define CONN_MOST_OUT_BYTES (256u << 10) /* written and not yet with the kernel: more ends the connection */
#define CONN_MOST_MS        (10u * 60 * 1000) /* the life of a connection */

struct conn;
enum conn_handshake { /* what becomes of a TLS handshake */
                      HANDSHAKE_DONE,
                      HANDSHAKE_TLS10,
                      HANDSHAKE_TLS11,
                      HANDSHAKE_TLS12,     /* and an RSA certificate */
                      HANDSHAKE_ALERT_SNI, /* unrecognized_name */
                      HANDSHAKE_ALERT,     /* handshake_failure */
                      HANDSHAKE_SSL3,      /* a ServerHello of SSL 3.0 */
                      HANDSHAKE_RC4,       /* a ServerHello with RC4 */
                      HANDSHAKE_GARBAGE,   /* an answer in the clear */
                      HANDSHAKE_HALF,      /* half a ServerHello, then the end */
                      HANDSHAKE_CLOSE,     /* the end, on the ClientHello */
                      HANDSHAKE_RESET,
                      HANDSHAKE_STALL /* nothing */
};
/* How to shake hands with who sent this SNI (NULL, 0: none). */
struct conn_tls {
    enum conn_handshake handshake;
    enum cert_class cert;
    char host[NAME_BYTES]; /* that the certificate is for, before its class makes it wrong */
    uint64_t key;          /* equal: the same certificate may be sent again */
};

struct conn_protocol {
    size_t bytes;                  /* of the protocol's own state, zeroed, conn_state() */
    bool tls_first;                /* HTTPS: a handshake before anything else */
    void (*begin)(struct conn *c); /* accepted; where tls_first, after the handshake */
    void (*data)(struct conn *c, const char *p, size_t len); /* what came; take it all */
    void (*tls_choose)(struct conn *c, const char *sni, size_t len, struct conn_tls *out);
    void (*tls_done)(struct conn *c); /* of a handshake that conn_start_tls began */
    void (*drained)(struct conn *c);  /* NULL, or: all that was written is with the kernel: write more */
    void (*timer)(struct conn *c);    /* of conn_wait */
    void (*end)(struct conn *c);      /* NULL, or: it is over, last call; begin() may not have been called */
};

/* At 0.0.0.0, that is at all of 127.0.0.0/8; what is an ADDRESS_RESET is reset, what is in ADDRESS_DEAD_NET
 * times out. SIGPIPE is to be ignored. NULL: `error`. */
struct conn_server *conn_listen(struct sim *sim, uint16_t port, const struct conn_protocol *protocol,
                                enum watch_service service, uint64_t *n_accepted, uint64_t *n_handshakes,
                                char *error, size_t error_len);

struct sim *conn_sim(const struct conn *c);
void *conn_state(struct conn *c);
uint32_t conn_address(const struct conn *c); /* that was connected to, host order */
/* What watch_open() said when it began. False: not watched. */
bool conn_watch(const struct conn *c, uint32_t *n_open, uint32_t *n_in_second);
/* In order, after what was written before; through TLS, once that stands. `wait_ms` > 0: it begins to go out
 * so long after this call, unless the simulator has no latency. */
void conn_write(struct conn *c, const void *p, size_t len, double wait_ms);
void conn_wait(struct conn *c, double ms); /* timer() then, whatever --latency says; one at a time */
void conn_start_tls(struct conn *c); /* when all is written; what the peer sends next is its ClientHello */
bool conn_has_tls(const struct conn *c);
void conn_close(struct conn *c); /* when all is written: close_notify, FIN; what still comes is dropped */
void conn_reset(struct conn *c); /* at once: RST */
#endif
