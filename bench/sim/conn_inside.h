/* conn_inside.h - what conn.c, conn_out.c, conn_listen.c and conn_tls.c share: a connection from the inside.
 * Each event of the loop (bytes, a timer) calls the protocol, which only leaves wishes (output, a wait, the
 * end); conn_settle() then carries them out. Thread: the loop's. */
#ifndef SIM_CONN_INSIDE_H
#define SIM_CONN_INSIDE_H
#include "bench/sim/conn.h"

#include <openssl/ssl.h>
#include <stdalign.h>

#define CONN_READ_BYTES CONN_MOST_IN_BYTES /* at a time */
#define CONN_LINGER_MS  2000               /* from our FIN to the peer's */

enum conn_stage {
    STAGE_PLAIN,
    STAGE_HANDSHAKE,
    STAGE_TLS,
    STAGE_STALL, /* nothing is answered any more */
    STAGE_LINGER /* our FIN is out; the peer's is awaited, lest a RST destroy what it has not read yet */
};

struct conn_out { /* output that may go at `due_ms` */
    struct conn_out *next;
    uint64_t due_ms;
    size_t from, len, room;
    char bytes[];
};

struct conn {
    struct conn_server *server;
    struct conn *next, **from; /* in the server's list */
    uv_poll_t poll;
    uv_timer_t timer;
    int events; /* that `poll` waits for */
    int fd;
    unsigned n_handles; /* of libuv, not yet closed */
    uint32_t address, n_open, n_in_second;
    bool watched;
    enum conn_stage stage;
    enum conn_handshake handshake;
    SSL *ssl;
    struct conn_out *out, *out_last;        /* NULL: none */
    size_t n_out;                           /* bytes in `out` */
    uint64_t life_ms, wait_at_ms, armed_ms; /* loop time; 0: none */
    bool over, closing, wants_tls, owes_drained, blocked;
    alignas(max_align_t) unsigned char state[]; /* the protocol's */
};

struct conn_server {
    struct sim *sim;
    const struct conn_protocol *protocol;
    enum watch_service service;
    uint64_t *n_accepted, *n_handshakes;
    struct conn *conns;
    int fd;
    uv_poll_t poll;
    uv_timer_t pause;
    uv_check_t check;
    uv_idle_t idle;
    unsigned n_handles, n_fresh;
    bool ripe;      /* those have waited a turn of the loop */
    int fresh[256]; /* accepted, not begun */
};

/* conn.c */
void conn_begin(struct conn_server *s, int fd);  /* takes fd */
void conn_settle(struct conn *c);                /* may free c */
void conn_over(struct conn *c);                  /* frees c */
void conn_server_release(struct conn_server *s); /* once for each handle and connection that is gone */
void conn_finish(struct conn *c);                /* close_notify, FIN, then linger */
uint64_t conn_now_ms(const struct conn *c);      /* the loop's */
/* conn_out.c */
void conn_flush(struct conn *c); /* what is due; it may be over then */
void conn_drop_out(struct conn *c);
/* conn_tls.c */
void conn_tls_setup(struct sim *sim);
void conn_handshake(struct conn *c); /* as far as the bytes that came go */
#endif
