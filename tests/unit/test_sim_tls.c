/* test_sim_tls.c - a certificate of each class, judged by OpenSSL: as its row in classes.def says. */
#include "bench/sim/names.h"
#include "bench/sim/tls.h"
#include "tests/unit/unit.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"

static const struct row {
    const char *name;
    bool valid, match;
} rows[] = {
#define CERT(id, name, valid, match, ...) {name, valid, match},
#include "bench/sim/classes.def"
};

struct scene {
    struct tls *tls;
    uint64_t n_made;
    X509_STORE *store;
};

static int open_scene(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    char path[] = "/tmp/sim_ca_XXXXXX", error[256] = "";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    s->tls = tls_new(NULL, &s->n_made, error, sizeof error);
    assert_string_equal(error, "");
    assert_non_null(s->tls);
    assert_true(tls_write_ca(s->tls, path, error, sizeof error));
    s->store = X509_STORE_new();
    assert_int_equal(X509_STORE_load_file(s->store, path), 1);
    assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(s->store)), 1);
    close(fd);
    unlink(path);
    *state = s;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *s = *state;
    X509_STORE_free(s->store);
    tls_free(s->tls);
    free(s);
    return 0;
}

static SSL *with_cert(struct scene *s, enum cert_class cert, const char *host, bool rsa)
{
    SSL *ssl = SSL_new(tls_context(s->tls));
    assert_non_null(ssl);
    assert_true(tls_use_cert(s->tls, ssl, cert, host, 1, rsa));
    return ssl;
}

/* X509_V_OK, or what OpenSSL complains of first, at the security level of Debian. */
static int verify(struct scene *s, SSL *ssl)
{
    STACK_OF(X509) *chain = NULL;
    SSL_get0_chain_certs(ssl, &chain);
    X509_STORE_CTX *v = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_CTX_init(v, s->store, SSL_get_certificate(ssl), chain), 1);
    X509_STORE_CTX_set_default(v, "ssl_server");
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(v), 2);
    X509_verify_cert(v);
    int error = X509_STORE_CTX_get_error(v);
    X509_STORE_CTX_free(v);
    return error;
}

static bool names(SSL *ssl, const char *host)
{
    const unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    return X509_check_host(SSL_get_certificate(ssl), host, 0, flags, NULL) == 1;
}

/* A name of two labels has no wildcard that any client takes. */
static bool may_match(enum cert_class cert, const char *host)
{
    return cert != CERT_WILDCARD || strchr(strchr(host, '.') + 1, '.') != NULL;
}

static void check(struct scene *s, enum cert_class cert, const char *host, bool rsa)
{
    SSL *ssl = with_cert(s, cert, host, rsa);
    int error = verify(s, ssl);
    bool of_another = cert == CERT_PROVIDER || cert == CERT_OTHER_HOST;
    bool match = names(ssl, of_another ? "mta-sts.example.net" : host);
    if ((error == X509_V_OK) != rows[cert].valid || match != (rows[cert].match && may_match(cert, host)))
        fail_msg("%s for %s: %s, %s", rows[cert].name, host, X509_verify_cert_error_string(error),
                 match ? "names it" : "does not name it");
    SSL_free(ssl);
}

static void test_every_class(void **state)
{
    static const char *const hosts[] = {"mta-sts.example.com", "mx1.example.co.uk", "example.com",
                                        "mta-sts." LABEL_63 ".com",
                                        LABEL_63 "." LABEL_63 "." LABEL_63 ".example.org"};
    for (int cert = 0; cert < CERT_LIMIT; cert++)
        for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
            check(*state, (enum cert_class)cert, hosts[i], false);
            check(*state, (enum cert_class)cert, hosts[i], true);
        }
}

/* Which complaint it is, not only that there is one. */
static void test_complaints(void **state)
{
    static const struct {
        enum cert_class cert;
        int error, n_above;
    } cases[] = {
        {CERT_GOOD, X509_V_OK, 1},
        {CERT_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED, 1},
        {CERT_NOT_YET, X509_V_ERR_CERT_NOT_YET_VALID, 1},
        {CERT_SELF_SIGNED, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, 0},
        {CERT_UNTRUSTED, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1},
        {CERT_NO_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0},
        {CERT_CONSTRAINED, X509_V_ERR_PERMITTED_VIOLATION, 1},
        {CERT_RSA1024, X509_V_ERR_EE_KEY_TOO_SMALL, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SSL *ssl = with_cert(*state, cases[i].cert, "mx.example.com", false);
        STACK_OF(X509) *chain = NULL;
        SSL_get0_chain_certs(ssl, &chain);
        assert_int_equal(verify(*state, ssl), cases[i].error);
        assert_int_equal(sk_X509_num(chain), cases[i].n_above);
        SSL_free(ssl);
    }
}

/* The bytes of the only SAN. */
static void assert_san(struct scene *s, enum cert_class cert, const char *host, const char *san, size_t len)
{
    SSL *ssl = with_cert(s, cert, host, false);
    GENERAL_NAMES *all = X509_get_ext_d2i(SSL_get_certificate(ssl), NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(all), san == NULL ? -1 : 1);
    if (san != NULL) {
        const ASN1_IA5STRING *name = sk_GENERAL_NAME_value(all, 0)->d.dNSName;
        assert_int_equal(ASN1_STRING_length(name), len);
        assert_memory_equal(ASN1_STRING_get0_data(name), san, len);
    }
    GENERAL_NAMES_free(all);
    SSL_free(ssl);
}

static void test_names(void **state)
{
    static const struct {
        enum cert_class cert;
        const char *san;
        size_t len;
    } cases[] = {
#define SAN(cert, text) {cert, text, sizeof text - 1}
        SAN(CERT_GOOD, "mta-sts.example.com"),
        SAN(CERT_WILDCARD, "*.example.com"),
        SAN(CERT_PARTIAL, "mta-*.example.com"),
        SAN(CERT_INNER, "mta-sts.*.com"),
        SAN(CERT_TWO_LABELS, "*.com"),
        SAN(CERT_WRONG_NAME, "www.example.com"),
        SAN(CERT_CN_OTHER, "www.example.com"),
        SAN(CERT_NUL_NAME, "mta-sts.example.com\0.invalid"),
        SAN(CERT_ULABEL, "b\xc3\xbc\x63her.example.com"),
        {CERT_CN_ONLY, NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_san(*state, cases[i].cert, "mta-sts.example.com", cases[i].san, cases[i].len);
}

static void test_cn_only_has_the_cn(void **state)
{
    SSL *ssl = with_cert(*state, CERT_CN_ONLY, "mx.example.com", false);
    char cn[NAME_BYTES] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get_certificate(ssl)), NID_commonName, cn, sizeof cn);
    assert_string_equal(cn, "mx.example.com");
    SSL_free(ssl);
}

static void assert_digest(struct scene *s, enum cert_class cert, bool rsa)
{
    SSL *ssl = with_cert(s, cert, "mx.example.com", rsa);
    unsigned char *der = NULL, is[32];
    uint8_t told[32];
    int len = i2d_PUBKEY(X509_get0_pubkey(SSL_get_certificate(ssl)), &der);
    assert_true(len > 0);
    assert_int_equal(EVP_Digest(der, (size_t)len, is, NULL, EVP_sha256(), NULL), 1);
    tls_key_digest(s->tls, cert, rsa, told);
    assert_memory_equal(is, told, sizeof is);
    OPENSSL_free(der);
    SSL_free(ssl);
}

static void test_key_digests(void **state)
{
    assert_digest(*state, CERT_GOOD, false);
    assert_digest(*state, CERT_GOOD, true);
    assert_digest(*state, CERT_SELF_SIGNED, false);
    assert_digest(*state, CERT_RSA1024, false);
}

/* The same is sent again, until there are too many. */
static void test_table(void **state)
{
    struct scene *s = *state;
    uint64_t before = s->n_made;
    char host[32];
    for (int round = 0; round < 2; round++)
        SSL_free(with_cert(s, CERT_GOOD, "again.example.com", false));
    assert_int_equal(s->n_made, before + 1);
    for (int i = 0; i < TLS_MOST_CERTS + 100; i++) {
        snprintf(host, sizeof host, "mx%d.example.com", i);
        SSL_free(with_cert(s, CERT_GOOD, host, false));
    }
    assert_int_equal(s->n_made, before + 1 + TLS_MOST_CERTS + 100);
    check(s, CERT_GOOD, "again.example.com", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_class), cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_names),       cmocka_unit_test(test_cn_only_has_the_cn),
        cmocka_unit_test(test_key_digests), cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, open_scene, close_scene);
}
