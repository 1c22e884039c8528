/* cert_make.c - certificates made at run time, for the tests that include this file. */
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>

#define DAY_S (24 * 3600)

struct cert {
    X509 *x509;
    EVP_PKEY *key;
};

static void cert_fini(struct cert *c)
{
    X509_free(c->x509);
    EVP_PKEY_free(c->key);
}

static void cert_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;

    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    X509_add_ext(x, ext, -1);
    X509_EXTENSION_free(ext);
}

/* A certificate for `name`, of ten days ago, valid until `days` from now. `issuer` NULL: signed by itself.
 * Takes `key`. */
static struct cert cert_make_of(EVP_PKEY *key, const char *name, const struct cert *issuer, bool ca, int days)
{
    static long serial = 1;
    struct cert c = {X509_new(), key};
    X509_NAME *subject = X509_get_subject_name(c.x509);
    char san[300];

    X509_set_version(c.x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c.x509), serial++);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(c.x509, issuer != NULL ? X509_get_subject_name(issuer->x509) : subject);
    X509_gmtime_adj(X509_getm_notBefore(c.x509), -10L * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(c.x509), (long)days * DAY_S);
    X509_set_pubkey(c.x509, c.key);
    snprintf(san, sizeof(san), "DNS:%s", name);
    cert_extend(c.x509, issuer != NULL ? issuer->x509 : c.x509, NID_basic_constraints,
                ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (!ca)
        cert_extend(c.x509, issuer != NULL ? issuer->x509 : c.x509, NID_subject_alt_name, san);
    X509_sign(c.x509, issuer != NULL ? issuer->key : c.key, EVP_sha256());
    return c;
}

static struct cert cert_make(const char *name, const struct cert *issuer, bool ca, int days)
{
    return cert_make_of(EVP_EC_gen("P-256"), name, issuer, ca, days);
}
