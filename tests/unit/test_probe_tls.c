/* test_probe_tls.c - STARTTLS probes against real TLS servers on loopback addresses. */
#include "tests/unit/client_hello.h"
#include "tests/unit/trial.c"

static const struct peer_step whole_dialog[] = {
    GREETING, HEAR, OFFER, HEAR, GO, TLS, HEAR, SAY("250-mx.test\r\n250 REQUIRETLS\r\n"), HEAR, BYE, LISTEN};

struct tls_case {
    const char *name;
    const struct cert *leaf, *behind;
    int version; /* the only one of the server; 0: all */
    const char *ciphers, *sni, *cipher, *group, *sigalg;
    unsigned n_chain;
    struct {
        unsigned code, depth;
    } verify[4];
};

static void run_tls(const struct tls_case *c, const char *ip)
{
    SSL_CTX *server = cert_server(c->leaf, c->behind);
    struct peer peer;
    struct trial t;
    const struct rec_tls *tls;
    uint8_t digest[32];

    print_message("%s\n", c->name);
    if (c->version != 0) {
        SSL_CTX_set_min_proto_version(server, c->version);
        SSL_CTX_set_max_proto_version(server, c->version);
    }
    if (c->ciphers != NULL)
        assert_int_equal(SSL_CTX_set_cipher_list(server, c->ciphers), 1);
    assert_int_equal(peer_start(&peer, ip, whole_dialog, server), 0);
    trial_init(&t, peer.port);
    t.clock_stands = true;
    trial_run(&t, c->sni != NULL ? HOST : ip, ip);
    peer_stop(&peer);
    assert_outcome(&t, OC_OK, SRC_NONE, 0);
    assert_string_equal(peer.heard, "EHLO scan.test\r\nSTARTTLS\r\nEHLO scan.test\r\nQUIT\r\n");
    assert_string_equal(peer.sni, c->sni != NULL ? c->sni : "");
    assert_int_equal(t.evidence.replies.n, 5);
    assert_text(t.evidence.replies.v[3].to, "EHLO2");
    assert_text(t.evidence.replies.v[3].lines.v[1], "REQUIRETLS");
    assert_text(t.evidence.replies.v[4].to, "QUIT");
    tls = t.evidence.tls;
    assert_non_null(tls);
    assert_text(tls->sni, c->sni != NULL ? c->sni : "");
    assert_int_equal(tls->version, c->version != 0 ? c->version : TLS1_3_VERSION);
    assert_text(tls->cipher, c->cipher);
    assert_text(tls->group, c->group);
    assert_text(tls->sigalg, c->sigalg);
    assert_int_equal(tls->chain.n, c->n_chain);
    assert_int_equal(t.outbox.n_certs, c->n_chain);
    assert_int_equal(X509_digest(c->leaf->x509, EVP_sha256(), digest, NULL), 1);
    assert_memory_equal(tls->chain.v[0].p, digest, 32);
    assert_memory_equal(t.outbox.digests[0], digest, 32);
    for (unsigned i = 0; i < tls->verify.n; i++)
        print_message("  verify error %u at %u\n", (unsigned)tls->verify.v[i].code,
                      (unsigned)tls->verify.v[i].depth);
    for (unsigned i = 0; i < 4; i++) {
        assert_true((c->verify[i].code != 0) == (i < tls->verify.n));
        if (i < tls->verify.n) {
            assert_int_equal(tls->verify.v[i].code, c->verify[i].code);
            assert_int_equal(tls->verify.v[i].depth, c->verify[i].depth);
        }
    }
    trial_fini(&t);
    SSL_CTX_free(server);
}

static const struct tls_case tls_cases[] = {
    {"good", &pki.good, NULL, 0, NULL, HOST, "TLS_AES_256_GCM_SHA384", "x25519", "ecdsa_sha256", 1, {{0, 0}}},
    {"good, CA sent",
     &pki.good,
     &pki.ca,
     0,
     NULL,
     HOST,
     "TLS_AES_256_GCM_SHA384",
     "x25519",
     "ecdsa_sha256",
     2,
     {{0, 0}}},
    {"self-signed",
     &pki.self_signed,
     NULL,
     0,
     NULL,
     HOST,
     "TLS_AES_256_GCM_SHA384",
     "x25519",
     "ecdsa_sha256",
     1,
     {{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, 0}}},
    {"expired",
     &pki.expired,
     NULL,
     0,
     NULL,
     HOST,
     "TLS_AES_256_GCM_SHA384",
     "x25519",
     "ecdsa_sha256",
     1,
     {{X509_V_ERR_CERT_HAS_EXPIRED, 0}}},
    {"untrusted CA",
     &pki.untrusted,
     &pki.other_ca,
     0,
     NULL,
     HOST,
     "TLS_AES_256_GCM_SHA384",
     "x25519",
     "ecdsa_sha256",
     2,
     {{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, 1}}},
    {"issuer missing",
     &pki.untrusted,
     NULL,
     0,
     NULL,
     HOST,
     "TLS_AES_256_GCM_SHA384",
     "x25519",
     "ecdsa_sha256",
     1,
     {{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0}, {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, 0}}},
    {"RSA", &pki.rsa, NULL, 0, NULL, HOST, "TLS_AES_256_GCM_SHA384", "x25519", "rsa_pss_sha256", 1, {{0, 0}}},
    {"Ed25519",
     &pki.ed25519,
     NULL,
     0,
     NULL,
     HOST,
     "TLS_AES_256_GCM_SHA384",
     "x25519",
     "ed25519",
     1,
     {{0, 0}}},
    {"TLS 1.2, RSA key exchange: no group, nothing signed",
     &pki.rsa,
     NULL,
     TLS1_2_VERSION,
     "AES128-SHA",
     HOST,
     "TLS_RSA_WITH_AES_128_CBC_SHA",
     "",
     "",
     1,
     {{0, 0}}},
    {"TLS 1.0, RSA",
     &pki.rsa,
     NULL,
     TLS1_VERSION,
     "ECDHE-RSA-AES128-SHA:@SECLEVEL=0",
     HOST,
     "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
     "x25519",
     "rsa_pkcs1_md5_sha1",
     1,
     {{0, 0}}},
    {"TLS 1.2",
     &pki.good,
     NULL,
     TLS1_2_VERSION,
     NULL,
     HOST,
     "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
     "x25519",
     "ecdsa_sha256",
     1,
     {{0, 0}}},
    {"TLS 1.0",
     &pki.good,
     NULL,
     TLS1_VERSION,
     "ALL:@SECLEVEL=0",
     HOST,
     "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
     "x25519",
     "ecdsa_sha1",
     1,
     {{0, 0}}},
};

static void test_tls(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STS_LEN(tls_cases); i++)
        run_tls(&tls_cases[i], IP);
}

/* No name goes out where the host is an address (RFC 6066 section 3); and IPv6. */
static void test_literal(void **state)
{
    const struct tls_case c = {.name = "an address for a host",
                               .leaf = &pki.good,
                               .cipher = "TLS_AES_256_GCM_SHA384",
                               .group = "x25519",
                               .sigalg = "ecdsa_sha256",
                               .n_chain = 1};
    struct peer peer;

    (void)state;
    run_tls(&c, IP);
    if (peer_listen(&peer, "::1", 1) != 0)
        skip();
    close(peer.listener);
    run_tls(&c, "::1");
}

/* The peer has gone silent: the last deadline passes. */
static void on_look(uv_timer_t *handle)
{
    struct trial *t = handle->data;

    if (t->peer->listening)
        timers_run(&t->timers, t->timers.now_ms + t->env.total_timeout_ms);
}

/* After the handshake nothing can turn the outcome: not a close, a reset, a flood, silence, or a client
 * certificate that the server misses. */
static void test_after_handshake(void **state)
{
    static const struct peer_step steps[][PEER_MOST_STEPS] = {
        {GREETING, HEAR, OFFER, HEAR, GO, TLS},
        {GREETING, HEAR, OFFER, HEAR, GO, TLS, HEAR, RESET},
        {GREETING, HEAR, OFFER, HEAR, GO, TLS, HEAR, FLOOD("250-and so on and so on and so on\r\n")},
        {GREETING, HEAR, OFFER, HEAR, GO, TLS, HEAR, SAY("250 mx.test\r\n"), HEAR, FLOOD("221-more\r\n")},
        {GREETING, HEAR, OFFER, HEAR, GO, TLS, HEAR, SAY("421 no\r\n")},
        {GREETING, HEAR, OFFER, HEAR, GO, TLS, LISTEN},
        {GREETING, HEAR, OFFER, HEAR, GO, TLS, KEYS(20000)}, /* each costs us a derivation */
    };

    (void)state;
    for (unsigned i = 0; i < STS_LEN(steps) + 1; i++) {
        const bool wants_cert = i == STS_LEN(steps);
        SSL_CTX *server = cert_server(&pki.good, NULL);
        struct peer peer;
        struct trial t;

        if (wants_cert)
            SSL_CTX_set_verify(server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        assert_int_equal(peer_start(&peer, IP, steps[wants_cert ? 0 : i], server), 0);
        trial_init(&t, peer.port);
        t.clock_stands = true;
        t.peer = &peer;
        uv_timer_start(&t.cancel, on_look, 5, 5);
        trial_run(&t, HOST, IP);
        peer_stop(&peer);
        assert_outcome(&t, OC_OK, SRC_NONE, 0);
        assert_non_null(t.evidence.tls);
        assert_in_range(t.n_late_messages, 0, TLS_MOST_LATE_MESSAGES + 1);
        trial_fini(&t);
        SSL_CTX_free(server);
    }
}

/* A server with no cipher for us says so by an alert. */
static void test_no_shared_cipher(void **state)
{
    SSL_CTX *server = cert_server(&pki.good, NULL);
    struct peer peer;
    struct trial t;

    (void)state;
    SSL_CTX_set_max_proto_version(server, TLS1_2_VERSION);
    assert_int_equal(SSL_CTX_set_cipher_list(server, "PSK-AES128-GCM-SHA256"), 1);
    assert_int_equal(peer_start(&peer, IP, whole_dialog, server), 0);
    trial_init(&t, peer.port);
    t.clock_stands = true;
    trial_run(&t, HOST, IP);
    peer_stop(&peer);
    assert_outcome(&t, OC_TLS_ALERT, SRC_ALERT, SSL_AD_HANDSHAKE_FAILURE);
    assert_null(t.evidence.tls);
    trial_fini(&t);
    SSL_CTX_free(server);
}

/* Memory for evidence runs out somewhere: then it is our fault, and nothing leaks. */
static void test_memory(void **state)
{
    SSL_CTX *server = cert_server(&pki.good, NULL);
    unsigned n_ok = 0, n_memory = 0;

    (void)state;
    for (size_t limit = 1024; limit < 9000; limit += 1024) {
        struct peer peer;
        struct trial t;

        assert_int_equal(peer_start(&peer, IP, whole_dialog, server), 0);
        trial_init(&t, peer.port);
        t.clock_stands = true;
        arena_init(&t.arena, limit);
        trial_run(&t, HOST, IP);
        peer_stop(&peer);
        n_ok += t.r.oc == OC_OK;
        n_memory += t.r.oc == OC_OUR_MEMORY;
        trial_fini(&t);
    }
    assert_true(n_ok > 0 && n_memory > 0);
    assert_int_equal(n_ok + n_memory, 8);
    SSL_CTX_free(server);
}

/* --- the ClientHello, as it goes out: OpenSSL's with the settings that scanner/tls.h states, and no others
 * --- */

#define BEFORE_HELLO "EHLO scan.test\r\nSTARTTLS\r\n"

static const struct peer_step until_hello[] = {GREETING, HEAR, OFFER, HEAR, GO, HELLO, RESET};

static void hello_sent(const char *host, struct hello *h)
{
    struct peer peer;
    struct trial t;

    assert_int_equal(peer_start(&peer, IP, until_hello, NULL), 0);
    trial_init(&t, peer.port);
    t.clock_stands = true;
    trial_run(&t, host, IP);
    peer_stop(&peer);
    trial_fini(&t);
    assert_true(peer.n_heard > strlen(BEFORE_HELLO) && peer.n_heard < sizeof(peer.heard) - 1);
    assert_memory_equal(peer.heard, BEFORE_HELLO, strlen(BEFORE_HELLO));
    h->len = peer.n_heard - strlen(BEFORE_HELLO);
    memcpy(h->bytes, peer.heard + strlen(BEFORE_HELLO), h->len);
    assert_true(hello_mask(h));
}

static void test_hello(void **state)
{
    SSL_CTX *ctx = hello_context();
    struct hello ours, want;

    (void)state;
    hello_sent(HOST, &ours);
    assert_true(hello_of(ctx, HOST, &want));
    assert_true(hello_equal(&ours, &want));
    hello_sent(IP, &ours); /* RFC 6066 section 3: no server name */
    assert_false(hello_equal(&ours, &want));
    assert_true(hello_of(ctx, NULL, &want));
    assert_true(hello_equal(&ours, &want));
    SSL_CTX_free(ctx);
}

/* What the scan has on record of itself. */
static void test_hello_recorded(void **state)
{
    SSL_CTX *ctx = hello_context();
    struct arena arena;
    struct sts_str recorded;
    struct hello ours, want;

    (void)state;
    arena_init(&arena, 0);
    recorded = tls_client_hello(pki.client, HOST, &arena);
    assert_true(recorded.len > 0 && recorded.len <= sizeof(ours.bytes));
    memcpy(ours.bytes, recorded.p, recorded.len);
    ours.len = recorded.len;
    assert_true(hello_mask(&ours));
    assert_true(hello_of(ctx, HOST, &want));
    assert_true(hello_equal(&ours, &want));
    arena_fini(&arena);
    SSL_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_literal),
        cmocka_unit_test(test_after_handshake),
        cmocka_unit_test(test_no_shared_cipher),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_hello_recorded),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
