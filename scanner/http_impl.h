/* http_impl.h - what the files of the policy fetch share, and nobody else includes: http_loop.c (libcurl on
 * libuv: its timer, and how transfers end), http_socket.c (its sockets), http_curl.c (one transfer),
 * http_tls.c (its handshake), http_outcome.c (what it came to). Thread: the worker's loop. */
#ifndef STS_HTTP_IMPL_H
#define STS_HTTP_IMPL_H
#include "scanner/http.h"
#include "scanner/tls.h"

#include <curl/curl.h>
#include <sys/queue.h>

enum http_phase { HTTP_CONNECT, HTTP_TLS, HTTP_ANSWER };

/* All that the outcome of a transfer is made of (http_outcome.c). */
struct http_facts {
    enum http_phase phase; /* how far it came */
    CURLcode code;
    long os_errno;  /* of the socket call that failed; 0: none */
    bool opened;    /* its one socket was asked for */
    bool waited;    /* connect() did not fail at once: what failed it came from the net */
    bool head_done; /* the header of the final answer is whole */
    bool spoke_tls; /* a TLS record came from the peer */
    bool too_much;  /* over HTTP_MOST_BYTES, HTTP_MOST_BODY_BYTES or TLS_MOST_LATE_MESSAGES */
    unsigned n_late_messages;
    uint32_t status;      /* of the newest answer; 0: none */
    uint64_t total_bytes; /* on the wire, with TLS */
    uint64_t body_bytes;
    int32_t alert;           /* fatal TLS alert from the peer; -1: none */
    struct result handshake; /* how the handshake failed; OC_NONE: OpenSSL has no word on it */
    struct result ours;      /* failed here, in a callback; OC_NONE: no */
};
struct result http_outcome(const struct http_facts *f);
/* The same for a transfer that ran into a deadline of ours. */
struct result http_outcome_late(const struct http_facts *f);
/* Of socket(), bind() and connect(). */
struct result http_outcome_errno(int err, bool waited);

/* A growing buffer that keeps the first `most` bytes. */
struct http_kept {
    uint8_t *p;
    uint32_t len, size;
};

struct http_sock;  /* http_socket.c: a socket of libcurl and its poll handle */
struct http_watch; /* http_tls.c: belongs to the SSL_CTX of a transfer */

struct http_fetch {
    struct http *http;
    TAILQ_ENTRY(http_fetch) link; /* in `live`, then in `ended` */
    CURL *easy;
    struct curl_slist *connect_to;
    struct http_sock *sock;   /* NULL: not open yet, or closed */
    struct http_watch *watch; /* NULL: no handshake yet, or closed */
    const char *host;
    struct address ip;
    struct arena *arena;
    struct rec_policy *evidence;
    struct tls_certs *certs;
    http_done_fn done;
    void *arg;
    struct timer connect_timer, total_timer;
    uint64_t begin_ns, connect_ns, connected_ns; /* uv_hrtime() */
    struct http_kept headers, body;
    char version[8]; /* of HTTP */
    struct http_facts facts;
    struct result result;
    bool in_head; /* between a status line and the empty line */
    bool ended;   /* result is set; done follows */
};
TAILQ_HEAD(http_fetches, http_fetch);

struct http {
    struct http_env env;
    CURLM *multi;
    uv_timer_t timer;         /* libcurl's next timeout */
    uv_idle_t idle;           /* runs while `ended` holds something */
    struct http_sock **socks; /* by descriptor */
    uint32_t n_socks;
    uint32_t n_handles; /* libuv handles not yet closed */
    struct http_fetches live, ended;
    bool closing;
};

/* http_loop.c. The only way a fetch ends; the first result is kept. http_finish() follows from the loop. */
void http_end(struct http_fetch *f, struct result r);
/* After every call that lets libcurl work, with what it returned: ends the fetches that are done. */
void http_drain(struct http *h, CURLMcode rc);
/* For every handle of `n_handles`: the last one that is closed frees `h`, once http_close() was called. */
void http_handle_closed(struct http *h);

/* http_socket.c. The socket callbacks of a transfer: CURLOPT_OPENSOCKETFUNCTION with the fetch,
 * CURLOPT_CLOSESOCKETFUNCTION with struct http, because a socket may outlive its transfer. */
curl_socket_t http_open_socket(void *fetch, curlsocktype purpose, struct curl_sockaddr *to);
int http_close_socket(void *http, curl_socket_t fd);
/* CURLMOPT_SOCKETFUNCTION, with struct http. */
int http_watch_socket(CURL *easy, curl_socket_t fd, int what, void *http, void *unused);
/* Break off: what libcurl reads next is the end of the stream. Also from within libcurl. */
void http_shut_socket(struct http_fetch *f);
/* Forget the socket of `f`, which libcurl is about to close in its own way. */
void http_disown_socket(struct http_fetch *f);
/* Nothing more is wanted from the socket of `f`. */
void http_abandon_socket(struct http_fetch *f);

/* http_curl.c. Check that libcurl can do all that a transfer asks for. */
int http_check_library(struct sts_err *err) STS_CHECK;
/* Write the evidence, free `f`, call done. */
void http_finish(struct http_fetch *f);

/* http_tls.c. Called once by http_new. STS_ESYS. */
int http_tls_init(void) STS_CHECK;
CURLcode http_tls_begin(CURL *easy, void *ctx, void *fetch); /* CURLOPT_SSL_CTX_FUNCTION */
void http_tls_unwatch(struct http_fetch *f);

/* Milliseconds between two times of uv_hrtime(), rounded up, so that 0 stays "did not happen". */
uint64_t http_ms(uint64_t from_ns, uint64_t to_ns);
#endif
