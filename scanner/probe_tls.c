#include "scanner/probe_private.h"

#include <openssl/err.h>

#define MOST_TLS_BYTES (256u << 10) /* of records, all together */

static void flush_tls(struct probe *p)
{
    char *data;
    const long n = BIO_get_mem_data(p->to_peer, &data);

    if (n <= 0)
        return;
    if (probe_send(p, data, (size_t)n) != STS_OK)
        probe_end(p, OC_OUR_MEMORY, SRC_NONE, 0);
    (void)BIO_reset(p->to_peer);
}

static void handshake_failed(struct probe *p, int error, const char *data, size_t n)
{
    struct result r = {.oc = OC_TLS_CLOSED, .src = SRC_ALERT, .raw = 0}; /* close_notify */

    if (error != SSL_ERROR_ZERO_RETURN)
        r = tls_failure();
    if (r.oc == OC_TLS_NOT_TLS || r.oc == OC_TLS_PROTOCOL)
        r.oc = p->not_tls ? OC_TLS_NOT_TLS : OC_TLS_PROTOCOL;
    if (r.oc == OC_TLS_NOT_TLS) {
        if (n > SMTP_KEPT_JUNK_BYTES)
            n = SMTP_KEPT_JUNK_BYTES;
        p->evidence->garbage = arena_copy(p->arena, data, n);
        if (p->evidence->garbage.p == NULL)
            r = (struct result){.oc = OC_OUR_MEMORY};
    }
    probe_end(p, r.oc, r.src, r.raw);
}

static void handshake_done(struct probe *p)
{
    struct rec_tls *tls =
        tls_evidence(p->ssl, &p->verify, p->sni ? p->host : NULL, p->arena, p->env->outbox, NULL);

    if (tls == NULL) {
        probe_end(p, OC_OUR_MEMORY, SRC_NONE, 0);
        return;
    }
    tls->dur_ms = (uv_hrtime() - p->tls_began_ns) / 1000000;
    p->evidence->tls = tls;
    flush_tls(p);
    probe_perform(p, smtp_tls_done(&p->smtp));
}

/* One step of the handshake; `data` is what came last. */
static void shake_hands(struct probe *p, const char *data, size_t n)
{
    int rc, error;

    ERR_clear_error();
    rc = SSL_do_handshake(p->ssl);
    if (rc == 1) {
        handshake_done(p);
        return;
    }
    error = SSL_get_error(p->ssl, rc);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        flush_tls(p);
    else
        handshake_failed(p, error, data, n);
}

static void read_tls(struct probe *p)
{
    while (!p->closing) {
        char plain[4096];
        int n;

        ERR_clear_error();
        n = SSL_read(p->ssl, plain, sizeof(plain));
        if (n > 0) {
            probe_feed(p, plain, (size_t)n);
            continue;
        }
        if (SSL_get_error(p->ssl, n) == SSL_ERROR_WANT_READ && p->n_late_messages <= TLS_MOST_LATE_MESSAGES)
            flush_tls(p);
        else /* close_notify, an error or a flood: the handshake was done, its result stands */
            probe_perform(p, smtp_lost(&p->smtp, 0, probe_elapsed_ms(p)));
        return;
    }
}

/* RFC 8446 section 5.1: ContentType 20 to 23, then a version 3.x. OpenSSL's error alone does not tell a peer
 * that never spoke TLS from one that stopped to. */
static bool begins_like_record(const char *data, size_t n)
{
    return data[0] >= 20 && data[0] <= 23 && (n < 2 || data[1] == 3);
}

void probe_tls_take(struct probe *p, const char *data, size_t n)
{
    if (p->n_tls_bytes == 0)
        p->not_tls = !begins_like_record(data, n);
    p->n_tls_bytes += n;
    if (p->n_tls_bytes > MOST_TLS_BYTES) {
        probe_end(p, OC_TLS_PROTOCOL, SRC_BYTES, (int32_t)p->n_tls_bytes);
        return;
    }
    if (BIO_write(p->from_peer, data, (int)n) != (int)n) {
        probe_end(p, OC_OUR_MEMORY, SRC_NONE, 0);
        return;
    }
    if (!SSL_is_init_finished(p->ssl))
        shake_hands(p, data, n);
    if (!p->closing && SSL_is_init_finished(p->ssl))
        read_tls(p);
}

/* Of what came and is not read yet nothing is read any more: OpenSSL would go through all of it in one call.
 */
static void on_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl, void *probe)
{
    struct probe *p = probe;

    (void)version, (void)data, (void)len, (void)ssl;
    if (!sent && type == SSL3_RT_HANDSHAKE && p->evidence->tls != NULL &&
        ++p->n_late_messages > TLS_MOST_LATE_MESSAGES)
        (void)BIO_reset(p->from_peer);
}

void probe_tls_start(struct probe *p)
{
    struct address literal;

    p->tls_began_ns = uv_hrtime();
    ERR_clear_error();
    p->ssl = SSL_new(p->env->ctx);
    p->from_peer = BIO_new(BIO_s_mem());
    p->to_peer = BIO_new(BIO_s_mem());
    if (p->ssl == NULL || p->from_peer == NULL || p->to_peer == NULL) {
        BIO_free(p->from_peer);
        BIO_free(p->to_peer);
        SSL_free(p->ssl);
        p->ssl = NULL;
        probe_end(p, OC_OUR_MEMORY, SRC_NONE, 0);
        return;
    }
    SSL_set_bio(p->ssl, p->from_peer, p->to_peer);
    SSL_set_connect_state(p->ssl);
    tls_watch_ssl(p->ssl, &p->verify);
    SSL_set_msg_callback(p->ssl, on_message);
    SSL_set_msg_callback_arg(p->ssl, p);
    /* RFC 6066 section 3: no addresses; OpenSSL refuses what is no host name by length. */
    p->sni = address_parse(p->host, &literal) != STS_OK && SSL_set_tlsext_host_name(p->ssl, p->host) == 1;
    shake_hands(p, NULL, 0);
}

void probe_tls_write(struct probe *p, const char *data, size_t n)
{
    ERR_clear_error();
    if (SSL_write(p->ssl, data, (int)n) <= 0)
        probe_perform(p, smtp_lost(&p->smtp, 0, probe_elapsed_ms(p)));
    else
        flush_tls(p);
}

/* RFC 8446 section 6: close_notify, or the alert that says why; OpenSSL has left the latter for us to send.
 */
void probe_tls_close(struct probe *p)
{
    ERR_clear_error();
    if (SSL_is_init_finished(p->ssl))
        SSL_shutdown(p->ssl);
    flush_tls(p);
    ERR_clear_error();
}
