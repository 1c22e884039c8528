/* http.h - policy fetch over HTTPS by libcurl multi on libuv (RFC 8461 section 3.3): no redirect, no cache,
 * one address and one connection for a transfer. libcurl is seen in http_*.c only. Thread: the worker's loop.
 */
#ifndef STS_HTTP_H
#define STS_HTTP_H
#include "scanner/address.h"
#include "scanner/timers.h"
#include "sinks/record.h"

#include <uv.h>

#define HTTP_MOST_BODY_BYTES    (64u << 10)  /* RFC 8461 section 3.3; one byte more is read to tell "more" */
#define HTTP_MOST_HEADERS_BYTES (8u << 10)   /* kept; the rest is counted against HTTP_MOST_BYTES */
#define HTTP_MOST_BYTES         (256u << 10) /* received in one transfer, TLS and all */

struct tls_certs;
struct tls_store;
struct http; /* a worker's libcurl multi */

struct http_env {
    uv_loop_t *loop;
    struct timers *timers;
    const struct tls_store *store;
    const char *user_agent;                    /* names the contact */
    const struct address *local_v4, *local_v6; /* source addresses; NULL: the system's choice */
    uint16_t port;
    uint64_t connect_timeout_ms, total_timeout_ms; /* 0: none */
};

struct http_fetch;
typedef void (*http_done_fn)(void *arg, struct result r);

/* `env` is copied, what it points to is borrowed for the life of `h`. STS_ENOMEM; STS_ESYS for a libcurl that
 * cannot do it. curl_global_init has been called by main. */
int http_new(const struct http_env *env, struct http **out, struct sts_err *err) STS_CHECK;
/* Begin to close; every fetch must be done. `h` is freed when its handles are closed, by the loop. */
void http_close(struct http *h);

/* GET https://`host``path` from `ip`, which the gate has let through; no other address is contacted. Fills
 * ip, tls, status, http, headers, body, body_bytes, body_digest, connect_ms and first_byte_ms of `evidence`,
 * and `certs` with the certificates of tls, all in `arena`, as far as it came; `done` is called exactly once,
 * never before this returns. r.oc is OC_OK for status 200 with a whole body (whatever the certificate: that
 * is evidence; a body that ends with the connection is whole with or without close_notify), and HTTP_REDIRECT
 * or HTTP_STATUS for any other status, whatever became of its body. NULL: no memory (then `done` is not
 * called). */
struct http_fetch *http_get(struct http *h, const char *host, const char *path, const struct address *ip,
                            struct arena *arena, struct rec_policy *evidence, struct tls_certs *certs,
                            http_done_fn done, void *arg) STS_CHECK;
/* End it now with outcome `oc`: `done` follows from the loop. Too late where the end is already on its way.
 */
void http_cancel(struct http_fetch *f, enum outcome oc);
#endif
