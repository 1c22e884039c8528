/* test_tls.c - the trust store, the contexts, the evidence of handshakes in memory. */
#include "scanner/tls.h"

#include "scanner/outbox.h"
#include "tests/unit/certs.c"

#include <openssl/err.h>
#include <openssl/param_build.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HOST     "mx.test"
#define MOST_PUT 32

struct outbox {
    unsigned n, n_trusted;
    uint8_t digests[MOST_PUT][32];
};

void outbox_put(struct outbox *o, enum rec_kind kind, const void *record, uint64_t pos)
{
    (void)o;
    (void)kind;
    (void)record;
    (void)pos;
}

void outbox_cert(struct outbox *o, const uint8_t digest[32], const uint8_t *der, size_t len, bool trusted)
{
    uint8_t is[32];

    assert_non_null(EVP_Q_digest(NULL, "SHA256", NULL, der, len, is, NULL));
    assert_memory_equal(is, digest, 32);
    if (o->n < MOST_PUT)
        memcpy(o->digests[o->n], digest, 32);
    o->n++;
    o->n_trusted += trusted;
}

static struct cert ca, other;

static int setup(void **state)
{
    (void)state;
    ca = cert_make("CA", NULL, true, 10);
    other = cert_make("other CA", NULL, true, 10);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cert_fini(&ca);
    cert_fini(&other);
    return 0;
}

static void test_store(void **state)
{
    const struct cert twice[] = {ca, other, ca};
    const struct cert turned[] = {other, ca};
    struct sts_err err = {0};
    struct tls_store *store, *again;
    struct outbox outbox = {0};
    uint8_t digest[32], same[32];
    char path[64];

    (void)state;
    cert_file(path, "# a comment\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", twice, 3);
    assert_int_equal(tls_store_load(path, &store, &err), STS_OK);
    unlink(path);
    assert_int_equal(tls_store_n(store), 2);
    cert_file(path, "", turned, 2);
    assert_int_equal(tls_store_load(path, &again, &err), STS_OK);
    unlink(path);
    tls_store_digest(store, digest);
    tls_store_digest(again, same);
    assert_memory_equal(digest, same, 32);
    assert_int_equal(tls_store_archive(store, &outbox), STS_OK);
    assert_int_equal(outbox.n, 2);
    assert_int_equal(outbox.n_trusted, 2);
    assert_true(memcmp(outbox.digests[0], outbox.digests[1], 32) < 0);
    assert_non_null(EVP_Q_digest(NULL, "SHA256", NULL, outbox.digests, 64, same, NULL));
    assert_memory_equal(digest, same, 32);
    tls_store_free(store);
    tls_store_free(again);
    tls_store_free(NULL);
}

static void test_store_failures(void **state)
{
    struct tls_store *store;
    struct sts_err err = {0};
    char path[64];

    (void)state;
    assert_int_equal(tls_store_load("/nowhere/ca.pem", &store, &err), STS_EINVAL);
    assert_null(store);
    assert_string_equal(err.msg,
                        "/nowhere/ca.pem: cannot be read: No such file or directory; give --ca-file a "
                        "bundle of CA certificates in PEM form");
    cert_file(path, "nothing\n", NULL, 0);
    err = (struct sts_err){0};
    assert_int_equal(tls_store_load(path, &store, &err), STS_EINVAL);
    assert_non_null(strstr(err.msg, "no usable certificate"));
    unlink(path);
    err = (struct sts_err){0};
    assert_int_equal(tls_store_load("/tmp", &store, &err), STS_EINVAL);
    assert_null(store);
    assert_int_equal(ERR_peek_error(), 0);
}

static struct tls_store *load(const struct cert *anchor)
{
    struct tls_store *store;
    struct sts_err err = {0};
    char path[64];

    cert_file(path, "", anchor, 1);
    assert_int_equal(tls_store_load(path, &store, &err), STS_OK);
    unlink(path);
    return store;
}

static bool contains(struct sts_str s, const char *text)
{
    for (size_t i = 0; i + strlen(text) <= s.len; i++) {
        if (memcmp(s.p + i, text, strlen(text)) == 0)
            return true;
    }
    return false;
}

static void test_hello(void **state)
{
    struct tls_store *store = load(&ca);
    struct sts_err err = {0};
    struct arena arena;
    struct sts_str hello;
    SSL_CTX *ctx;

    (void)state;
    arena_init(&arena, 0);
    assert_int_equal(tls_context_new(store, &ctx, &err), STS_OK);
    hello = tls_client_hello(ctx, HOST, &arena);
    assert_true(hello.len > 100);
    assert_memory_equal(hello.p, "\x16\x03\x01", 3);                  /* a handshake record */
    assert_int_equal((uint8_t)hello.p[5], 1);                         /* ClientHello */
    assert_true(contains(hello, HOST));                               /* server_name */
    assert_true(contains(hello, "\x03\x04\x03\x03\x03\x02\x03\x01")); /* supported_versions: 1.3 to 1.0 */
    hello = tls_client_hello(ctx, NULL, &arena);
    assert_true(hello.len > 100);
    assert_false(contains(hello, HOST));
    SSL_CTX_free(ctx);
    tls_store_free(store);
    arena_fini(&arena);
}

/* A handshake between two objects in memory; true if both sides came to its end. */
static bool shake(SSL *client, SSL *server)
{
    BIO *to_server, *to_client;

    BIO_new_bio_pair(&to_server, 0, &to_client, 0);
    SSL_set_bio(client, to_server, to_server);
    SSL_set_bio(server, to_client, to_client);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int i = 0; i < 20; i++) {
        ERR_clear_error();
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    return SSL_is_init_finished(client) && SSL_is_init_finished(server);
}

/* A context of somebody else: what it wanted of verification gives way, and its watch is its own. */
static void test_foreign_context(void **state)
{
    const struct cert leaf = cert_make(HOST, &other, false, 10);
    struct tls_store *store = load(&ca);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method()), *server_ctx = cert_server(&leaf, NULL);
    struct tls_verify verify;

    (void)state;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    assert_int_equal(tls_context_setup(ctx, store), STS_OK);
    for (int watched = 0; watched < 2; watched++) {
        SSL *client, *server;

        verify.done = false;
        if (watched)
            tls_watch_context(ctx, &verify);
        client = SSL_new(ctx);
        server = SSL_new(server_ctx);
        SSL_set_app_data(client, &leaf); /* somebody else's */
        assert_true(shake(client, server));
        assert_int_equal(verify.done, watched);
        if (watched) {
            assert_int_equal(verify.n, 2);
            assert_int_equal(verify.errors[0].code, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
            assert_int_equal(verify.errors[1].code, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE);
        }
        SSL_free(client);
        SSL_free(server);
    }
    SSL_CTX_free(ctx);
    SSL_CTX_free(server_ctx);
    tls_store_free(store);
    cert_fini((struct cert *)(uintptr_t)&leaf);
}

/* Of a chain without end the first certificates are kept. */
static void test_long_chain(void **state)
{
    struct cert leaf = cert_make(HOST, &ca, false, 10);
    struct tls_store *store = load(&ca);
    struct sts_err err = {0};
    struct outbox outbox = {0};
    struct tls_verify verify;
    struct arena arena;
    const struct rec_tls *tls;
    SSL_CTX *ctx, *server_ctx = cert_server(&leaf, NULL);
    SSL *client, *server;

    (void)state;
    arena_init(&arena, 0);
    for (int i = 0; i < 80; i++)
        SSL_CTX_add1_chain_cert(server_ctx, other.x509);
    assert_int_equal(tls_context_new(store, &ctx, &err), STS_OK);
    client = SSL_new(ctx);
    server = SSL_new(server_ctx);
    tls_watch_ssl(client, &verify);
    assert_true(shake(client, server));
    assert_true(verify.done);
    assert_int_equal(verify.n, 0);
    tls = tls_evidence(client, &verify, NULL, &arena, &outbox, NULL);
    assert_non_null(tls);
    assert_int_equal(tls->chain.n, 64);
    assert_int_equal(outbox.n, 64);
    assert_null(tls->sni.p);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(ctx);
    SSL_CTX_free(server_ctx);
    tls_store_free(store);
    cert_fini(&leaf);
    arena_fini(&arena);
}

/* A group of so many bits, which need not be a prime for what is tested. */
static EVP_PKEY *dh_group(int bits)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *p = BN_new(), *g = BN_new();
    OSSL_PARAM *params;
    EVP_PKEY *group = NULL;

    BN_rand(p, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD);
    BN_set_word(g, 2);
    OSSL_PARAM_BLD_push_BN(build, "p", p);
    OSSL_PARAM_BLD_push_BN(build, "g", g);
    params = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &group, EVP_PKEY_KEY_PARAMETERS, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(p);
    BN_free(g);
    EVP_PKEY_CTX_free(ctx);
    return group;
}

/* Protects a worker's time: exponents of thousands of bits are for groups that servers have, not for any. */
static void test_large_group(void **state)
{
    struct cert leaf = cert_make_of(EVP_RSA_gen(2048), HOST, &ca, false, 10);
    struct tls_store *store = load(&ca);
    struct sts_err err = {0};
    SSL_CTX *ctx, *server_ctx = cert_server(&leaf, NULL);
    const int bits[] = {1024, TLS_MOST_DH_BITS, TLS_MOST_DH_BITS + 8};

    (void)state;
    assert_int_equal(tls_context_new(store, &ctx, &err), STS_OK);
    SSL_CTX_set_security_level(server_ctx, 0);
    SSL_CTX_set_max_proto_version(server_ctx, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(server_ctx, "DHE-RSA-AES128-SHA:@SECLEVEL=0");
    for (size_t i = 0; i < STS_LEN(bits); i++) {
        SSL *client = SSL_new(ctx), *server = SSL_new(server_ctx);

        assert_int_equal(SSL_set0_tmp_dh_pkey(server, dh_group(bits[i])), 1);
        assert_int_equal(shake(client, server), bits[i] <= TLS_MOST_DH_BITS);
        SSL_free(client);
        SSL_free(server);
    }
    SSL_CTX_free(ctx);
    SSL_CTX_free(server_ctx);
    tls_store_free(store);
    cert_fini(&leaf);
}

static void test_failure(void **state)
{
    struct result r;

    (void)state;
    ERR_raise(ERR_LIB_ASN1, ASN1_R_WRONG_TAG); /* the cause, told in the words of libssl */
    ERR_raise(ERR_LIB_SSL, SSL_R_LENGTH_MISMATCH);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_EXTENSION);
    r = tls_failure();
    assert_int_equal(r.oc, OC_TLS_PROTOCOL);
    assert_int_equal(r.src, SRC_SSL);
    assert_int_equal(r.raw, SSL_R_LENGTH_MISMATCH);
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_SSL, SSL_AD_REASON_OFFSET + 112);
    r = tls_failure();
    assert_int_equal(r.oc, OC_TLS_ALERT);
    assert_int_equal(r.src, SRC_ALERT);
    assert_int_equal(r.raw, 112);
    ERR_raise(ERR_LIB_ASN1, ASN1_R_WRONG_TAG);
    ERR_raise(ERR_LIB_SSL, ERR_R_MALLOC_FAILURE);
    assert_int_equal(tls_failure().oc, OC_OUR_MEMORY);
    ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
    assert_int_equal(tls_failure().oc, OC_TLS_NOT_TLS);
    assert_int_equal(tls_failure().oc, OC_TLS_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store),      cmocka_unit_test(test_store_failures),
        cmocka_unit_test(test_hello),      cmocka_unit_test(test_foreign_context),
        cmocka_unit_test(test_long_chain), cmocka_unit_test(test_large_group),
        cmocka_unit_test(test_failure),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
