/* smtp.h - the reply machine of a STARTTLS probe: bytes and times in, actions out. Pure: no socket, no TLS,
 * no clock; probe.c performs. It judges nothing but the next step: what came is kept as it came (RFC 5321,
 * RFC 3207). Thread: any; one machine belongs to one probe. */
#ifndef STS_SMTP_H
#define STS_SMTP_H
#include "scanner/reply.h"
#include "sinks/record.h"

/* Limits of what a peer can make us read and keep, beside those of a reply (reply.h). */
#define SMTP_MOST_BYTES         (4 * REPLY_MOST_BYTES) /* in the clear: there are at most four replies */
#define SMTP_KEPT_JUNK_BYTES    512u                   /* of injected bytes and of garbage */
#define SMTP_MOST_COMMAND_BYTES 320u                   /* EHLO, a name of 253 octets, CR LF */
#define SMTP_QUIT_WAIT_MS       2000u
#define SMTP_JUNK_WAIT_MS       1000u /* for more garbage, when the outcome is known */

/* CONNECT..STARTTLS wait for the peer; DRAIN: 220 came, nothing may stand behind it; JUNK: what comes is kept
 * as garbage; END: the result stands. */
#define SMTP_STATES(X) \
    X(CONNECT)         \
    X(GREET)           \
    X(EHLO)            \
    X(HELO)            \
    X(STARTTLS)        \
    X(DRAIN)           \
    X(TLS)             \
    X(EHLO2)           \
    X(QUIT)            \
    X(JUNK)            \
    X(END)
enum smtp_state {
#define X(name) SMTP_##name,
    SMTP_STATES(X)
#undef X
};

/* What the caller must do next. */
enum smtp_act {
    ACT_READ,  /* wait */
    ACT_SEND,  /* send smtp_command(), then wait */
    ACT_DRAIN, /* feed what has already arrived, then call smtp_drained() */
    ACT_TLS,   /* begin the handshake; then smtp_tls_done() or smtp_end() */
    ACT_DONE,  /* close; `result` stands */
};

struct smtp;
typedef void (*smtp_trace_fn)(void *arg, enum smtp_state from, enum smtp_state to);

struct smtp_config {
    const char *ehlo_name;                            /* borrowed */
    uint64_t connect_timeout_ms, greeting_timeout_ms; /* 0: none */
    smtp_trace_fn trace;                              /* NULL: none */
    void *trace_arg;
};

struct smtp {
    struct smtp_config config;
    struct arena *arena;
    struct rec_endpoint *evidence;
    struct result result; /* OC_NONE until it is known; the first one stands */
    enum smtp_state state;
    uint64_t wait_ms;           /* how long this state may last; 0: as long as the probe */
    struct reply_reader reader; /* of the reply evidence->replies.v[n], which is not counted in n yet */
    bool offered;               /* STARTTLS stood in the reply to EHLO */
};

/* Times (`ms`) are milliseconds since the attempt began; they only become evidence. Fills connect_ms,
 * replies, injected, injected_bytes and garbage of `evidence`, in `arena`. Starts in CONNECT. */
void smtp_init(struct smtp *s, const struct smtp_config *config, struct arena *arena,
               struct rec_endpoint *evidence);
enum smtp_act smtp_connected(struct smtp *s, uint64_t ms);
/* Bytes from the peer, before TLS or out of it. `*used` of them were taken: perform the action, then feed the
 * rest. */
enum smtp_act smtp_feed(struct smtp *s, const uint8_t *p, size_t n, uint64_t ms, size_t *used);
/* Nothing more had arrived behind the 220. */
enum smtp_act smtp_drained(struct smtp *s);
enum smtp_act smtp_tls_done(struct smtp *s);
/* The connection is gone: `err` is the errno, 0 for a close by the peer. */
enum smtp_act smtp_lost(struct smtp *s, int err, uint64_t ms);
/* A time ran out: that of the state or that of the probe. */
enum smtp_act smtp_timeout(struct smtp *s, uint64_t ms);
/* It ends with `r`, unless a result is there: a failed handshake, our own failure, a stop. */
enum smtp_act smtp_end(struct smtp *s, struct result r, uint64_t ms);

/* The command that ACT_SEND means, with CR LF and without NUL; returns its length. */
size_t smtp_command(const struct smtp *s, char out[SMTP_MOST_COMMAND_BYTES]);
const char *smtp_state_name(enum smtp_state state);
#endif
