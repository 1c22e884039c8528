/* Chains that no golden scan has: an issuer that is missing, with and without AIA; keys and signatures of
 * less than 112 bits. */
#include "analysis/chain.h"
#include "tests/unit/cert_make.c"

#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* Sent, but not in the scan. */
static const struct cert lost = {NULL, NULL};

/* What `sent` (leaf first, up to a NULL) is worth where `root` is trusted. */
static struct chain_verdict verify(const struct cert *root, const struct cert *const *sent,
                                   const struct chain_rules *rules)
{
    uint8_t digests[8][SHA256_DIGEST_LENGTH];
    struct sts_str chain[8];
    struct sts_strs strs = {chain, 0};
    struct chains *chains;
    struct chain_verdict verdict;
    struct sts_err err = {0};

    assert_int_equal(chains_new(&chains, rules, &err), STS_OK);
    for (int i = -1; i < 0 || (sent[i] != NULL && sent[i] != &lost); i++) {
        unsigned char *der = NULL;
        int len = i2d_X509(i < 0 ? root->x509 : sent[i]->x509, &der);
        uint8_t *digest = digests[i + 1];
        struct rec_cert cert = {.trusted = i < 0, .der = {(const char *)der, (uint32_t)len}};

        SHA256(der, (size_t)len, digest);
        cert.digest = (struct sts_str){(const char *)digest, SHA256_DIGEST_LENGTH};
        assert_int_equal(chains_add(chains, &cert, &err), STS_OK);
        OPENSSL_free(der);
        if (i >= 0)
            chain[strs.n++] = cert.digest;
    }
    if (sent[strs.n] == &lost)
        chain[strs.n++] = sts_str("no such fingerprint");
    for (int i = 0; i < 2; i++) /* the second time from the table */
        assert_int_equal(chains_verify(chains, &strs, (uint64_t)time(NULL) * 1000, &verdict, &err), STS_OK);
    chains_free(chains);
    return verdict;
}

/* With another extension, and signed again. */
static struct cert with_aia(struct cert c, const struct cert *issuer, const char *value)
{
    cert_extend(c.x509, issuer->x509, NID_info_access, value);
    X509_sign(c.x509, issuer->key, EVP_sha256());
    return c;
}

/* RFC 5280 section 4.2.2.1: the last certificate of the chain says where its issuer is, or does not. */
static void test_aia(void **state)
{
    struct cert root = cert_make("Root", NULL, true, 100), issuer = cert_make("Issuer", &root, true, 90),
                plain = cert_make("a.test", &issuer, false, 80);
    struct cert second = with_aia(cert_make("Second", &issuer, true, 90), &issuer,
                                  "caIssuers;URI:http://ca.test/issuer.der"),
                below = cert_make("b.test", &second, false, 80),
                aia = with_aia(cert_make("c.test", &issuer, false, 80), &issuer,
                               "OCSP;URI:http://ca.test/ocsp,caIssuers;URI:http://ca.test/issuer.der"),
                ocsp = with_aia(cert_make("d.test", &issuer, false, 80), &issuer,
                                "OCSP;URI:http://ca.test/ocsp"),
                email =
                    with_aia(cert_make("e.test", &issuer, false, 80), &issuer, "caIssuers;email:ca@ca.test"),
                stranger = cert_make("Stranger", NULL, true, 90),
                of_stranger = with_aia(cert_make("f.test", &stranger, false, 80), &stranger,
                                       "caIssuers;URI:http://ca.test/stranger.der");
    const struct {
        const struct cert *sent[4];
        uint32_t faults;
        bool aia;
    } rows[] = {
        {{&plain}, CHAIN_NO_ISSUER, false},
        {{&aia}, CHAIN_NO_ISSUER, true},
        {{&aia, &issuer}, 0, false}, /* nothing is missing */
        {{&below, &second}, CHAIN_NO_ISSUER, true},
        {{&below}, CHAIN_NO_ISSUER, false}, /* it is the leaf that would have to say it */
        {{&ocsp}, CHAIN_NO_ISSUER, false},
        {{&email}, CHAIN_NO_ISSUER, false},
        {{&of_stranger, &stranger}, CHAIN_UNTRUSTED, false},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct chain_verdict verdict = verify(&root, rows[i].sent, NULL);

        if (verdict.faults != rows[i].faults || verdict.aia != rows[i].aia)
            fail_msg("row %zu: faults %u, aia %d", i, verdict.faults, verdict.aia);
    }
    /* In a damaged scan, what is missing may have been sent. */
    assert_false(verify(&root, rows[1].sent, &(struct chain_rules){.certs_lost = true}).aia);
    struct cert *all[] = {&root, &issuer, &plain, &second,   &below,
                          &aia,  &ocsp,   &email, &stranger, &of_stranger};
    for (size_t i = 0; i < STS_LEN(all); i++)
        cert_fini(all[i]);
}

/* Signed again, with another digest. */
static struct cert signed_by(struct cert c, const struct cert *issuer, const EVP_MD *digest)
{
    X509_sign(c.x509, issuer->key, digest);
    return c;
}

/* RFC 9325 section 4.5. What else is wrong is found as well, and is what the error is about. */
static void test_weak(void **state)
{
    struct cert root = cert_make("Root", NULL, true, 100), issuer = cert_make("Issuer", &root, true, 90),
                leaf_1024 = cert_make_of(EVP_RSA_gen(1024), "a.test", &issuer, false, 80),
                leaf_2048 = cert_make_of(EVP_RSA_gen(2048), "a.test", &issuer, false, 80),
                leaf_192 = cert_make_of(EVP_EC_gen("P-192"), "a.test", &issuer, false, 80),
                leaf_224 = cert_make_of(EVP_EC_gen("P-224"), "a.test", &issuer, false, 80);
    struct cert sha1 = signed_by(cert_make("b.test", &issuer, false, 80), &issuer, EVP_sha1()),
                issuer_1024 = cert_make_of(EVP_RSA_gen(1024), "Weak", &root, true, 90),
                below = cert_make("c.test", &issuer_1024, false, 80),
                root_1024 = cert_make_of(EVP_RSA_gen(1024), "Weak root", NULL, true, 90),
                of_root_1024 = cert_make("d.test", &root_1024, false, 80),
                root_sha1 = cert_make("SHA-1 root", NULL, true, 90),
                root_signed_sha1 = signed_by(root_sha1, &root_sha1, EVP_sha1()),
                of_root_sha1 = cert_make("e.test", &root_sha1, false, 80),
                expired_1024 = cert_make_of(EVP_RSA_gen(1024), "f.test", &issuer, false, -5),
                self_1024 = cert_make_of(EVP_RSA_gen(1024), "g.test", NULL, false, 80);
    const struct {
        const struct cert *root, *sent[4];
        uint32_t faults;
        int error;
    } rows[] = {
        {&root, {&leaf_1024, &issuer}, CHAIN_WEAK, X509_V_ERR_EE_KEY_TOO_SMALL},
        {&root, {&leaf_1024, &issuer, &lost}, CHAIN_WEAK, X509_V_ERR_EE_KEY_TOO_SMALL}, /* not needed */
        {&root,
         {&leaf_1024, &lost},
         CHAIN_WEAK | CHAIN_NO_ISSUER | CHAIN_NOT_IN_SCAN,
         X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {&root, {&leaf_2048, &issuer}, 0, 0},
        {&root, {&leaf_192, &issuer}, CHAIN_WEAK, X509_V_ERR_EE_KEY_TOO_SMALL},
        {&root, {&leaf_224, &issuer}, 0, 0},
        {&root, {&sha1, &issuer}, CHAIN_WEAK, X509_V_ERR_CA_MD_TOO_WEAK},
        {&root, {&below, &issuer_1024}, CHAIN_WEAK, X509_V_ERR_CA_KEY_TOO_SMALL},
        {&root_1024, {&of_root_1024}, CHAIN_WEAK, X509_V_ERR_CA_KEY_TOO_SMALL},
        {&root,
         {&of_root_1024, &root_1024},
         CHAIN_WEAK | CHAIN_UNTRUSTED,
         X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN},
        {&root_signed_sha1, {&of_root_sha1}, 0, 0}, /* a trust anchor is not trusted for its signature */
        {&root, {&expired_1024, &issuer}, CHAIN_WEAK | CHAIN_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED},
        {&root, {&self_1024}, CHAIN_WEAK | CHAIN_SELF_SIGNED, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
        {&root, {&leaf_1024}, CHAIN_WEAK | CHAIN_NO_ISSUER, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct chain_verdict verdict = verify(rows[i].root, rows[i].sent, NULL);

        if (verdict.faults != rows[i].faults || verdict.error != rows[i].error)
            fail_msg("row %zu: faults %u, error %d", i, verdict.faults, verdict.error);
    }
    struct cert *all[] = {&root,         &issuer,    &leaf_1024,    &leaf_2048,    &leaf_192,
                          &leaf_224,     &sha1,      &issuer_1024,  &below,        &root_1024,
                          &of_root_1024, &root_sha1, &of_root_sha1, &expired_1024, &self_1024};
    for (size_t i = 0; i < STS_LEN(all); i++)
        cert_fini(all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aia),
        cmocka_unit_test(test_weak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
