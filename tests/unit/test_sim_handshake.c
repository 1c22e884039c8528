/* test_sim_handshake.c - TLS of the simulator: each handshake as its client sees it, and hostile ones. */
#include "tests/unit/sim_scene.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>

#define ECHO_BYTES 100000

static unsigned n_begun, n_ended;
static char last_sni[NAME_BYTES];

/* ---- two protocols: TLS at once, TLS when it is told so ---- */

static void begin(struct conn *c)
{
    n_begun++;
    conn_write(c, "hello", 5, 0);
}

static void end(struct conn *c)
{
    (void)c;
    n_ended++;
}

/* The SNI is "N.test": handshake number N. */
static void choose(struct conn *c, const char *sni, size_t len, struct conn_tls *out)
{
    (void)c;
    assert_true(len < sizeof last_sni);
    memcpy(last_sni, sni == NULL ? "-" : sni, sni == NULL ? 1 : len);
    last_sni[sni == NULL ? 1 : len] = '\0';
    out->handshake = (enum conn_handshake)strtoul(last_sni, NULL, 10);
    out->cert = CERT_GOOD;
    snprintf(out->host, sizeof out->host, "host.test");
}

static void data(struct conn *c, const char *p, size_t len)
{
    if (!conn_has_tls(c) && p[0] == 's') {
        conn_write(c, "go", 2, 0);
        conn_start_tls(c);
    } else if (len == 3 && memcmp(p, "bye", 3) == 0) {
        conn_close(c);
    } else {
        conn_write(c, p, len, 0);
    }
}

static void tls_done(struct conn *c)
{
    assert_true(conn_has_tls(c));
    conn_write(c, "done!", 5, 0);
}

static const struct conn_protocol at_once = {
    .tls_first = true, .begin = begin, .data = data, .tls_choose = choose, .end = end};
static const struct conn_protocol when_told = {
    .begin = begin, .data = data, .tls_choose = choose, .tls_done = tls_done, .end = end};

/* ---- client ---- */

struct client {
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
};

static void client_open(struct client *c, int fd, const char *sni)
{
    c->fd = fd;
    assert_true(fd >= 0);
    c->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(c->ctx, 0);
    SSL_CTX_set_min_proto_version(c->ctx, TLS1_VERSION);
    c->ssl = SSL_new(c->ctx);
    assert_int_equal(SSL_set_fd(c->ssl, fd), 1);
    if (sni != NULL)
        SSL_set_tlsext_host_name(c->ssl, sni);
}

static void client_close(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->fd);
}

static void sni_of(enum conn_handshake handshake, char out[16])
{
    snprintf(out, 16, "%d.test", (int)handshake);
}

/* A signal may end a wait, since the socket has a timeout: signal(7). */
static bool was_interrupted(SSL *ssl, int rc)
{
    return rc <= 0 && errno == EINTR && SSL_get_error(ssl, rc) == SSL_ERROR_WANT_READ;
}

static int tls_connect(SSL *ssl)
{
    int rc;
    do {
        ERR_clear_error();
        rc = SSL_connect(ssl);
    } while (was_interrupted(ssl, rc));
    return rc;
}

static int tls_read(SSL *ssl, char *to, size_t most)
{
    int rc;
    do {
        ERR_clear_error();
        rc = SSL_read(ssl, to, (int)most);
    } while (was_interrupted(ssl, rc));
    return rc;
}

/* The reason of OpenSSL; 0: no error of OpenSSL, such as a connection that ended; -1: it worked. */
static int shake(struct client *c)
{
    if (tls_connect(c->ssl) == 1)
        return -1;
    unsigned long error = ERR_peek_error();
    return ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
}

static void assert_echo(SSL *ssl)
{
    static char sent[ECHO_BYTES], got[ECHO_BYTES];
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (char)(i * 7);
    assert_int_equal(SSL_write(ssl, sent, sizeof sent), sizeof sent);
    for (size_t have = 0; have < sizeof got;) {
        int n = tls_read(ssl, got + have, sizeof got - have);
        assert_true(n > 0);
        have += (size_t)n;
    }
    assert_memory_equal(sent, got, sizeof got);
}

static void assert_read(SSL *ssl, const char *text)
{
    char got[16] = "";
    assert_int_equal(tls_read(ssl, got, strlen(text)), strlen(text));
    assert_string_equal(got, text);
}

/* ---- handshakes that work ---- */

static void assert_works(struct scene *s, enum conn_handshake handshake, int version, int key)
{
    struct client c;
    char sni[16], byte;
    sni_of(handshake, sni);
    client_open(&c, scene_connect(s, INADDR_LOOPBACK), sni);
    assert_int_equal(shake(&c), -1);
    assert_string_equal(last_sni, sni);
    assert_int_equal(SSL_version(c.ssl), version);
    assert_int_equal(EVP_PKEY_get_base_id(X509_get0_pubkey(SSL_get0_peer_certificate(c.ssl))), key);
    assert_read(c.ssl, "hello");
    assert_echo(c.ssl);
    SSL_write(c.ssl, "bye", 3);
    assert_int_equal(SSL_get_error(c.ssl, tls_read(c.ssl, &byte, 1)), SSL_ERROR_ZERO_RETURN);
    client_close(&c);
}

static void test_versions(void **state)
{
    struct scene *s = *state;
    assert_works(s, HANDSHAKE_DONE, TLS1_3_VERSION, EVP_PKEY_EC);
    assert_works(s, HANDSHAKE_TLS12, TLS1_2_VERSION, EVP_PKEY_RSA);
    assert_works(s, HANDSHAKE_TLS11, TLS1_1_VERSION, EVP_PKEY_EC);
    assert_works(s, HANDSHAKE_TLS10, TLS1_VERSION, EVP_PKEY_EC);
}

static void test_no_sni(void **state)
{
    struct client c;
    client_open(&c, scene_connect(*state, INADDR_LOOPBACK), NULL);
    assert_int_equal(shake(&c), -1);
    assert_string_equal(last_sni, "-");
    client_close(&c);
}

static void test_alpn(void **state)
{
    const unsigned char *chosen;
    unsigned len;
    struct client c;
    client_open(&c, scene_connect(*state, INADDR_LOOPBACK), "0.test");
    SSL_set_alpn_protos(c.ssl, (const unsigned char *)"\x02h2\x08http/1.1", 12);
    assert_int_equal(shake(&c), -1);
    SSL_get0_alpn_selected(c.ssl, &chosen, &len);
    assert_int_equal(len, 8);
    assert_memory_equal(chosen, "http/1.1", 8);
    client_close(&c);
}

/* A client whose first share of a key is for a group that the server lacks is asked again. */
static void test_hello_retry(void **state)
{
    struct client c;
    client_open(&c, scene_connect(*state, INADDR_LOOPBACK), "0.test");
    assert_int_equal(SSL_set1_groups_list(c.ssl, "ffdhe2048:P-256"), 1);
    assert_int_equal(shake(&c), -1);
    assert_read(c.ssl, "hello");
    client_close(&c);
}

/* ---- handshakes that do not ---- */

static void test_failures(void **state)
{
    static const struct {
        enum conn_handshake handshake;
        int reason;
    } cases[] = {
        {HANDSHAKE_ALERT_SNI, SSL_R_TLSV1_UNRECOGNIZED_NAME},
        {HANDSHAKE_ALERT, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE},
        {HANDSHAKE_SSL3, SSL_R_UNSUPPORTED_PROTOCOL},
        {HANDSHAKE_RC4, SSL_R_UNKNOWN_CIPHER_RETURNED},
        {HANDSHAKE_GARBAGE, SSL_R_WRONG_VERSION_NUMBER},
        {HANDSHAKE_HALF, SSL_R_UNEXPECTED_EOF_WHILE_READING},
        {HANDSHAKE_CLOSE, SSL_R_UNEXPECTED_EOF_WHILE_READING},
        {HANDSHAKE_RESET, 0},
    };
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client c;
        char sni[16];
        sni_of(cases[i].handshake, sni);
        client_open(&c, scene_connect(s, INADDR_LOOPBACK), sni);
        int reason = shake(&c);
        if (reason != cases[i].reason)
            fail_msg("handshake %d: reason %d (%s), not %d", cases[i].handshake, reason,
                     ERR_reason_error_string(ERR_peek_error()), cases[i].reason);
        client_close(&c);
    }
    assert_int_equal(n_begun, 0);
}

static void test_stall(void **state)
{
    struct timeval most = {.tv_usec = 200000};
    struct client c;
    char sni[16];
    sni_of(HANDSHAKE_STALL, sni);
    client_open(&c, scene_connect(*state, INADDR_LOOPBACK), sni);
    setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    /* Neither a byte nor an end came in that time. */
    assert_int_equal(SSL_get_error(c.ssl, tls_connect(c.ssl)), SSL_ERROR_WANT_READ);
    client_close(&c);
}

/* ---- STARTTLS ---- */

static void test_start_tls(void **state)
{
    struct client c;
    char got[8] = "";
    (void)state;
    struct scene *s = scene_open(&when_told);
    scene_run(s);
    int fd = scene_connect(s, INADDR_LOOPBACK);
    assert_int_equal(scene_read(fd, got, 5), 5);
    scene_send(fd, "s");
    assert_int_equal(scene_read(fd, got, 2), 2);
    client_open(&c, fd, "0.test");
    assert_int_equal(shake(&c), -1);
    assert_read(c.ssl, "done!");
    assert_echo(c.ssl);
    client_close(&c);
    scene_stop(s);
    assert_int_equal(s->n_handshakes, 1);
    scene_free(s);
}

/* ---- hostile bytes ---- */

static size_t client_hello(unsigned char *out, size_t room)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_tlsext_host_name(ssl, "0.test");
    SSL_connect(ssl);
    int n = BIO_read(SSL_get_wbio(ssl), out, (int)room);
    assert_true(n > 0);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return (size_t)n;
}

static void test_pieces(void **state)
{
    unsigned char hello[2048];
    char got[8];
    size_t n = client_hello(hello, sizeof hello);
    int fd = scene_connect(*state, INADDR_LOOPBACK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(send(fd, hello + i, 1, 0), 1);
        if (i % 16 == 0)
            usleep(500);
    }
    assert_int_equal(scene_read(fd, got, 6), 6);
    assert_int_equal(got[0], 22); /* a ServerHello */
    assert_int_equal(got[5], 2);
    close(fd);
}

/* A ClientHello with bytes that were changed, or cut off: whatever comes of it, the next client is served. */
static void test_mutations(void **state)
{
    unsigned char hello[2048], bad[2048];
    uint64_t random = 1;
    size_t n = client_hello(hello, sizeof hello);
    for (int i = 0; i < 500; i++) {
        int fd = scene_connect(*state, INADDR_LOOPBACK);
        memcpy(bad, hello, n);
        for (int k = 0; k < 1 + i % 4; k++)
            bad[random_next(&random) % n] = (unsigned char)random_next(&random);
        size_t len = i % 5 == 0 ? random_next(&random) % n : n;
        (void)!send(fd, bad, len, MSG_NOSIGNAL);
        close(fd);
    }
    assert_works(*state, HANDSHAKE_DONE, TLS1_3_VERSION, EVP_PKEY_EC);
}

/* ---- */

static int open_all(void **state)
{
    n_begun = n_ended = 0;
    *state = scene_open(&at_once);
    scene_run(*state);
    return 0;
}

static int close_all(void **state)
{
    struct scene *s = *state;
    scene_stop(s);
    assert_int_equal(s->n_accepted, n_ended);
    assert_int_equal(s->n_handshakes, n_begun);
    scene_free(s);
    return 0;
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)
    const struct CMUnitTest tests[] = {
        IN_SCENE(test_versions),    IN_SCENE(test_no_sni),    IN_SCENE(test_alpn),
        IN_SCENE(test_hello_retry), IN_SCENE(test_failures),  IN_SCENE(test_stall),
        IN_SCENE(test_pieces),      IN_SCENE(test_mutations), cmocka_unit_test(test_start_tls),
    };
    return cmocka_run_group_tests(tests, NULL, scene_last);
}
