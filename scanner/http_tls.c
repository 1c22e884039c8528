#include "scanner/http_impl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

/* libcurl makes an SSL_CTX for each connection, and the connection may outlive the transfer: libcurl 8.9 and
 * later say goodbye to the peer in the background. So what OpenSSL writes to belongs to the SSL_CTX and dies
 * with it, and the fetch is only pointed to. */
struct http_watch {
    struct tls_verify verify;
    struct http_fetch *fetch; /* NULL: done */
};

static void watch_free(void *ctx, void *watch, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
    struct http_watch *w = watch;

    (void)ctx, (void)ad, (void)index, (void)argl, (void)argp;
    if (w != NULL && w->fetch != NULL)
        w->fetch->watch = NULL;
    free(w);
}

/* OpenSSL numbers what is attached to its objects once for the whole process. */
static CRYPTO_ONCE index_once = CRYPTO_ONCE_STATIC_INIT;
static int watch_index = -1;

static void make_index(void)
{
    watch_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, watch_free);
}

int http_tls_init(void)
{
    return CRYPTO_THREAD_run_once(&index_once, make_index) == 1 && watch_index >= 0 ? STS_OK : STS_ESYS;
}

static void on_handshake_done(struct http_fetch *f, SSL *ssl)
{
    f->facts.phase = HTTP_ANSWER;
    f->evidence->tls = tls_evidence(ssl, &f->watch->verify, f->host, f->arena, NULL, f->certs);
    if (f->evidence->tls == NULL) {
        f->facts.ours = (struct result){.oc = OC_OUR_MEMORY};
        http_shut_socket(f);
        return;
    }
    f->evidence->tls->dur_ms = http_ms(f->connected_ns, uv_hrtime());
}

/* Alerts: RFC 8446 section 6. A warning before TLS 1.3 changes nothing; close_notify is no error. */
static void on_alert(struct http_fetch *f, int alert)
{
    if (alert >> 8 == SSL3_AL_FATAL && f->facts.alert < 0)
        f->facts.alert = alert & 0xff;
}

/* The handshake waits for more, or has failed. Only here the reason is whole: libcurl takes it out of the
 * queue, and makes a text of it. What tls_failure() took is put back, because libcurl asks the queue whether
 * the handshake failed at all. */
static void on_handshake_stops(struct http_fetch *f)
{
    unsigned long code = ERR_peek_error();

    if (code == 0)
        return; /* not failed, or closed without a word */
    f->facts.handshake = tls_failure();
    ERR_raise(ERR_GET_LIB(code), ERR_GET_REASON(code));
}

static void on_info(const SSL *ssl, int where, int ret)
{
    struct http_watch *w = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), watch_index);
    struct http_fetch *f = w ? w->fetch : NULL;

    if (f == NULL || f->ended)
        return;
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
        on_alert(f, ret);
    else if ((where & SSL_CB_HANDSHAKE_DONE) && f->facts.phase == HTTP_TLS)
        on_handshake_done(f, (SSL *)ssl);
    else if (where == SSL_CB_CONNECT_EXIT && ret <= 0 && f->facts.phase == HTTP_TLS)
        on_handshake_stops(f);
}

/* RFC 8446 section 5.1: ContentType 20 to 23, then a version 3.x. */
static bool is_record_header(const uint8_t *p, size_t len)
{
    return len >= 2 && p[0] >= 20 && p[0] <= 23 && p[1] == 3;
}

/* Every TLS record that comes is counted here, and nothing escapes: neither chunk extensions and HTTP/2
 * frames, nor what OpenSSL passes over in a loop of its own (HelloRequest, RFC 5246 section 7.4.1.1). */
static void on_message(int sent, int version, int type, const void *p, size_t len, SSL *ssl, void *watch)
{
    struct http_fetch *f = ((struct http_watch *)watch)->fetch;

    (void)version;
    if (sent || f == NULL || f->facts.too_much)
        return;
    f->facts.total_bytes = BIO_number_read(SSL_get_rbio(ssl));
    if (type == SSL3_RT_HEADER)
        f->facts.spoke_tls = f->facts.spoke_tls || is_record_header(p, len);
    else if (type == SSL3_RT_HANDSHAKE && f->facts.phase == HTTP_ANSWER)
        f->facts.n_late_messages++;
    if (f->facts.total_bytes > HTTP_MOST_BYTES || f->facts.n_late_messages > TLS_MOST_LATE_MESSAGES) {
        f->facts.too_much = true;
        http_shut_socket(f);
    }
}

/* libcurl calls this when TCP is connected, before it makes the SSL. Beyond tls_context_setup the ClientHello
 * has what libcurl puts in: ALPN "h2, http/1.1" and post_handshake_auth. */
CURLcode http_tls_begin(CURL *easy, void *ctx, void *fetch)
{
    struct http_fetch *f = fetch;
    struct http_watch *w = calloc(1, sizeof(*w));
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

    (void)easy;
    f->connected_ns = uv_hrtime();
    f->facts.phase = HTTP_TLS;
    timers_stop(f->http->env.timers, &f->connect_timer);
    if (w == NULL || SSL_CTX_set_ex_data(ctx, watch_index, w) != 1) {
        free(w);
        goto fail;
    }
    w->fetch = f;
    f->watch = w;
    if (tls_context_setup(ctx, f->http->env.store) != STS_OK)
        goto fail;
    tls_watch_context(ctx, &w->verify);
    /* DNS-ID only (RFC 8461 section 3.3, RFC 6125): no CN, and * as the whole left-most label. */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                               X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(param, f->host, 0) != 1)
        goto fail;
    SSL_CTX_set_info_callback(ctx, on_info);
    SSL_CTX_set_msg_callback(ctx, on_message);
    SSL_CTX_set_msg_callback_arg(ctx, w);
    /* An end of the stream without close_notify is an end, in every version of OpenSSL and libcurl. */
    SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    return CURLE_OK;

fail:
    f->facts.ours = (struct result){.oc = OC_OUR_MEMORY};
    return CURLE_ABORTED_BY_CALLBACK;
}

void http_tls_unwatch(struct http_fetch *f)
{
    if (f->watch != NULL)
        f->watch->fetch = NULL;
    f->watch = NULL;
}
