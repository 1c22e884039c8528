/* Handshakes: real ones, and those that go wrong by a script. */
#include "bench/sim/conn_inside.h"
#include "bench/sim/tls.h"

#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>

#define SNI_HEADER_BYTES                                                               \
    5 /* server_name_list: its length, type 0, length of the name (RFC 6066 section 3) \
       */

/* ---- ClientHello ---- */

/* The first host_name. False: none, or no list of names. */
static bool find_sni(SSL *ssl, const char **sni, size_t *len)
{
    const unsigned char *p = NULL;
    size_t n = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &n) != 1)
        return false;
    if (n <= SNI_HEADER_BYTES || p[2] != TLSEXT_NAMETYPE_host_name)
        return false;
    size_t name_len = (size_t)p[3] << 8 | p[4];
    if (name_len == 0 || name_len > n - SNI_HEADER_BYTES)
        return false;
    *sni = (const char *)p + SNI_HEADER_BYTES;
    *len = name_len;
    return true;
}

static void set_version(SSL *ssl, int version)
{
    SSL_set_min_proto_version(ssl, version);
    SSL_set_max_proto_version(ssl, version);
}

static void set_versions(SSL *ssl, enum conn_handshake handshake)
{
    if (handshake == HANDSHAKE_TLS10)
        set_version(ssl, TLS1_VERSION);
    else if (handshake == HANDSHAKE_TLS11)
        set_version(ssl, TLS1_1_VERSION);
    else if (handshake == HANDSHAKE_TLS12)
        set_version(ssl, TLS1_2_VERSION);
}

/* OpenSSL asks it about each ClientHello, before it decides anything. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    (void)arg;
    struct conn *c = SSL_get_app_data(ssl);
    const char *sni = NULL;
    size_t len = 0;
    find_sni(ssl, &sni, &len);
    struct conn_tls how = {.handshake = HANDSHAKE_DONE};
    c->server->protocol->tls_choose(c, sni, len, &how);
    c->handshake = how.handshake;
    switch (how.handshake) {
    case HANDSHAKE_DONE:
    case HANDSHAKE_TLS10:
    case HANDSHAKE_TLS11:
    case HANDSHAKE_TLS12: break;
    case HANDSHAKE_ALERT_SNI: *alert = SSL_AD_UNRECOGNIZED_NAME; return SSL_CLIENT_HELLO_ERROR;
    case HANDSHAKE_ALERT: *alert = SSL_AD_HANDSHAKE_FAILURE; return SSL_CLIENT_HELLO_ERROR;
    default: return SSL_CLIENT_HELLO_RETRY; /* the script goes on without OpenSSL */
    }
    set_versions(ssl, how.handshake);
    bool rsa = how.handshake == HANDSHAKE_TLS12;
    if (tls_use_cert(c->server->sim->tls, ssl, how.cert, how.host, how.key, rsa))
        return SSL_CLIENT_HELLO_SUCCESS;
    c->server->sim->counts.memory_failed++;
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
}

void conn_tls_setup(struct sim *sim)
{
    SSL_CTX_set_client_hello_cb(tls_context(sim->tls), on_client_hello, NULL);
}

/* ---- scripts ---- */

#define RANDOM_16 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
/* A record with a ServerHello: version, random, no session, cipher, no compression (RFC 6101 section 5.6.1.3,
 * RFC 5246 section 7.4.1.3). */
#define SERVER_HELLO(minor, cipher)                                                       \
    {                                                                                     \
        22, 3, minor, 0, 42, 2, 0, 0, 38, 3, minor, RANDOM_16, RANDOM_16, 0, 0, cipher, 0 \
    }
static const unsigned char ssl3_hello[] = SERVER_HELLO(0, 0x0a); /* 3DES, as such servers have */
static const unsigned char rc4_hello[] = SERVER_HELLO(3, 0x05);  /* TLS_RSA_WITH_RC4_128_SHA */
static const char garbage[] = "-ERR this is not the service that you are looking for\r\n";

static void send_raw(struct conn *c, const void *p, size_t len)
{
    /* It is short, and nothing was sent before: the kernel has room, or the peer is gone. */
    (void)!send(c->fd, p, len, MSG_NOSIGNAL);
    conn_finish(c);
}

static void run_script(struct conn *c)
{
    SSL_free(c->ssl);
    c->ssl = NULL;
    switch (c->handshake) {
    case HANDSHAKE_SSL3: send_raw(c, ssl3_hello, sizeof ssl3_hello); break;
    case HANDSHAKE_RC4: send_raw(c, rc4_hello, sizeof rc4_hello); break;
    case HANDSHAKE_GARBAGE: send_raw(c, garbage, sizeof garbage - 1); break;
    case HANDSHAKE_HALF: send_raw(c, rc4_hello, sizeof rc4_hello / 2); break;
    case HANDSHAKE_RESET: conn_reset(c); break;
    case HANDSHAKE_STALL: c->stage = STAGE_STALL; break;
    default: conn_finish(c);
    }
}

/* ---- handshake ---- */

static bool make_ssl(struct conn *c)
{
    c->ssl = SSL_new(tls_context(c->server->sim->tls));
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1) {
        c->server->sim->counts.memory_failed++;
        c->over = true;
        return false;
    }
    SSL_set_app_data(c->ssl, c);
    SSL_set_accept_state(c->ssl);
    return true;
}

void conn_handshake(struct conn *c)
{
    if (c->ssl == NULL && !make_ssl(c))
        return;
    ERR_clear_error();
    int done = SSL_do_handshake(c->ssl);
    if (done == 1) {
        c->stage = STAGE_TLS;
        ++*c->server->n_handshakes;
        if (c->server->protocol->tls_first)
            c->server->protocol->begin(c);
        else
            c->server->protocol->tls_done(c);
        return;
    }
    switch (SSL_get_error(c->ssl, done)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB: run_script(c); return;
    default: conn_finish(c); /* the alert is out */
    }
}
