/* probe.h - one STARTTLS probe: connect, greeting, EHLO, STARTTLS, handshake with SNI, EHLO again, QUIT.
 * smtp.c decides (pure), probe.c performs: OpenSSL on memory BIOs over libuv. Thread: the worker's loop. The
 * program ignores SIGPIPE. */
#ifndef STS_PROBE_H
#define STS_PROBE_H
#include "scanner/address.h"
#include "scanner/timers.h"
#include "sinks/record.h"

#include <openssl/ssl.h>
#include <uv.h>

struct outbox;
struct port_watch;

#define PROBE_READ_BYTES (16u << 10) /* of the buffer that all probes of a loop read through */

/* What all probes of a worker share. Borrowed for the life of every probe. */
struct probe_env {
    uv_loop_t *loop;
    struct timers *timers;
    SSL_CTX *ctx; /* tls_context_new */
    struct outbox *outbox;
    char *read_buffer;             /* PROBE_READ_BYTES; what is in it is used up before a callback returns */
    struct port_watch *port_watch; /* is told of each connection, when it is there; NULL: nobody is */
    const char *ehlo_name;
    const struct address *local_v4, *local_v6; /* source addresses; NULL: the system's choice */
    uint16_t port;
    uint64_t connect_timeout_ms, greeting_timeout_ms, total_timeout_ms; /* 0: none */
};

struct probe;
/* `r` is the outcome; the evidence is in the record that probe_start was given (oc and att are the caller's).
 */
typedef void (*probe_done_fn)(void *arg, struct result r);

/* Probe `host` at `ip`, which the gate has let through. Fills connect_ms, replies, injected, injected_bytes,
 * garbage and tls of `evidence`, all in `arena`; both stay untouched by the caller until `done`, which is
 * called exactly once, never before this returns. The probe frees itself. NULL: no memory (then `done` is not
 * called). */
struct probe *probe_start(const struct probe_env *env, const char *host, const struct address *ip,
                          struct arena *arena, struct rec_endpoint *evidence, probe_done_fn done,
                          void *arg) STS_CHECK;
/* End it now: `done` follows from the loop, with outcome `oc` (OUR_STOP, OUR_STALL) unless the probe had
 * found its own before. */
void probe_cancel(struct probe *p, enum outcome oc);
#endif
