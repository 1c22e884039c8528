/* The CAs and keys, made when the simulator begins. Keys are kept as EC_KEY and RSA, deprecated as these are:
 * with the keys of OpenSSL 3, each certificate would encode and decode its public key again, ten times the
 * work of all else. */
#define OPENSSL_API_COMPAT 0x10100000L
#include "bench/sim/tls_cert.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

/* ---- keys ---- */

static EVP_PKEY *ecdsa_key(void)
{
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    EVP_PKEY *key = EVP_PKEY_new();
    if (ec != NULL && key != NULL && EC_KEY_generate_key(ec) == 1 && EVP_PKEY_assign_EC_KEY(key, ec) == 1)
        return key;
    EC_KEY_free(ec);
    EVP_PKEY_free(key);
    return NULL;
}

static EVP_PKEY *rsa_key(int bits)
{
    RSA *rsa = RSA_new();
    BIGNUM *e = BN_new();
    EVP_PKEY *key = EVP_PKEY_new();
    bool ok = rsa != NULL && e != NULL && key != NULL && BN_set_word(e, RSA_F4) == 1 &&
              RSA_generate_key_ex(rsa, bits, e, NULL) == 1 && EVP_PKEY_assign_RSA(key, rsa) == 1;
    BN_free(e);
    if (ok)
        return key;
    RSA_free(rsa);
    EVP_PKEY_free(key);
    return NULL;
}

static bool make_keys(struct mint *m)
{
    m->key[KEY_ECDSA] = ecdsa_key();
    m->key[KEY_RSA] = rsa_key(2048);
    m->key[KEY_RSA1024] = rsa_key(1024);
    bool ok = true;
    for (int i = 0; i < KEY_LIMIT; i++)
        ok = ok && m->key[i] != NULL;
    for (int i = 0; ok && i < CA_LIMIT; i++)
        ok = (m->ca_key[i] = ecdsa_key()) != NULL;
    return ok;
}

/* ---- times ---- */

static bool make_times(struct mint *m)
{
    static const struct {
        int begin_days, end_days;
    } lives[LIFE_LIMIT] = {
        [LIFE_NOW] = {-30, 60},
        [LIFE_PAST] = {-120, -30},
        [LIFE_COMING] = {365, 455},
        [LIFE_CA] = {-365, 3650},
    };
    time_t now = time(NULL);
    for (int i = 0; i < LIFE_LIMIT; i++) {
        m->begin[i] = ASN1_TIME_set(NULL, now + (time_t)lives[i].begin_days * DAY_S);
        m->end[i] = ASN1_TIME_set(NULL, now + (time_t)lives[i].end_days * DAY_S);
        if (m->begin[i] == NULL || m->end[i] == NULL)
            return false;
    }
    return true;
}

/* ---- CAs ---- */

static X509_EXTENSION *extension(int nid, const char *value, X509 *issuer, X509 *subject)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, subject, NULL, NULL, 0);
    return X509V3_EXT_nconf_nid(NULL, &ctx, nid, value);
}

static bool extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *e = extension(nid, value, issuer, x);
    bool ok = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool name_ca(X509 *x, const char *name)
{
    X509_NAME *n = X509_get_subject_name(x);
    return X509_NAME_add_entry_by_NID(n, NID_organizationName, MBSTRING_UTF8,
                                      (const unsigned char *)"Simulated Internet", -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_NID(n, NID_commonName, MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
                                      0) == 1;
}

static bool extend_ca(X509 *x, X509 *above, enum ca ca)
{
    const char *basic = above == x ? "critical,CA:TRUE" : "critical,CA:TRUE,pathlen:0";
    return extend(x, above, NID_basic_constraints, basic) &&
           extend(x, above, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           extend(x, above, NID_subject_key_identifier, "hash") &&
           (above == x || extend(x, above, NID_authority_key_identifier, "keyid:always")) &&
           (ca != CA_CONSTRAINED || extend(x, above, NID_name_constraints, "critical,permitted;DNS:invalid"));
}

/* CA `ca`, signed by `above`; its own: a root. */
static bool make_ca(struct mint *m, enum ca ca, enum ca above, const char *name)
{
    X509 *x = m->ca[ca] = X509_new();
    if (x == NULL || !name_ca(x, name))
        return false;
    X509_NAME *issuer = X509_get_subject_name(m->ca[above]);
    bool ok = X509_set_version(x, X509_VERSION_3) == 1 &&
              ASN1_INTEGER_set(X509_get_serialNumber(x), (long)ca + 1) == 1 &&
              X509_set1_notBefore(x, m->begin[LIFE_CA]) == 1 && X509_set1_notAfter(x, m->end[LIFE_CA]) == 1 &&
              X509_set_pubkey(x, m->ca_key[ca]) == 1 && X509_set_issuer_name(x, issuer) == 1;
    ok = ok && extend_ca(x, m->ca[above], ca) && X509_sign(x, m->ca_key[above], m->sha256) > 0;
    return ok &&
           (m->issuer_id[ca] = extension(NID_authority_key_identifier, "keyid:always", x, NULL)) != NULL;
}

/* ---- what leaves have in common ---- */

static bool make_key_id(struct mint *m, enum leaf_key key)
{
    X509 *x = X509_new();
    if (x != NULL && X509_set_pubkey(x, m->key[key]) == 1)
        m->key_id[key] = extension(NID_subject_key_identifier, "hash", NULL, x);
    X509_free(x);
    return m->key_id[key] != NULL;
}

static bool make_extensions(struct mint *m)
{
    m->same[0] = extension(NID_basic_constraints, "critical,CA:FALSE", NULL, NULL);
    m->same[1] = extension(NID_key_usage, "critical,digitalSignature,keyEncipherment", NULL, NULL);
    m->same[2] = extension(NID_ext_key_usage, "serverAuth,clientAuth", NULL, NULL);
    m->issuer_url =
        extension(NID_info_access, "caIssuers;URI:http://ca.invalid/intermediate.cer", NULL, NULL);
    bool ok = m->issuer_url != NULL;
    for (int i = 0; i < LEAF_EXTENSIONS; i++)
        ok = ok && m->same[i] != NULL;
    for (int i = 0; i < KEY_LIMIT; i++)
        ok = ok && make_key_id(m, (enum leaf_key)i);
    return ok;
}

bool mint_init(struct mint *m)
{
    memset(m, 0, sizeof *m);
    m->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    return m->sha256 != NULL && make_keys(m) && make_times(m) &&
           make_ca(m, CA_ROOT, CA_ROOT, "Simulated Root") &&
           make_ca(m, CA_INTERMEDIATE, CA_ROOT, "Simulated Intermediate") &&
           make_ca(m, CA_NOBODY, CA_NOBODY, "Unknown Root") &&
           make_ca(m, CA_UNTRUSTED, CA_NOBODY, "Unknown Intermediate") &&
           make_ca(m, CA_CONSTRAINED, CA_ROOT, "Constrained Intermediate") && make_extensions(m);
}

void mint_fini(struct mint *m)
{
    EVP_MD_free(m->sha256);
    for (int i = 0; i < KEY_LIMIT; i++) {
        EVP_PKEY_free(m->key[i]);
        X509_EXTENSION_free(m->key_id[i]);
    }
    for (int i = 0; i < CA_LIMIT; i++) {
        EVP_PKEY_free(m->ca_key[i]);
        X509_free(m->ca[i]);
        X509_EXTENSION_free(m->issuer_id[i]);
    }
    for (int i = 0; i < LEAF_EXTENSIONS; i++)
        X509_EXTENSION_free(m->same[i]);
    X509_EXTENSION_free(m->issuer_url);
    for (int i = 0; i < LIFE_LIMIT; i++) {
        ASN1_TIME_free(m->begin[i]);
        ASN1_TIME_free(m->end[i]);
    }
}
