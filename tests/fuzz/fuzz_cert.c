/* fuzz_cert.c - a certificate with any names and validity: the host is matched by whole DNS-IDs only, expiry
 * is what its dates say whatever was asked before, and its text is one that can be printed. Input: flags,
 * days before and behind NOW_S (2 bytes each), length and bytes of the host, then of names: kind, length,
 * bytes.
 * Source: analysis/chain.c, analysis/cert_text.c, analysis/text.c. */
#include "analysis/chain.h"
#include "tests/fuzz/cert_checks.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define NOW_S      1800000000 /* 2027 */
#define DAY_S      86400
#define HOST_BYTES 256
#define NAMES_MOST 1000

enum { TRUSTED = 1, SELF_SIGNED = 2, NO_SAN = 4, CN_IS_HOST = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct made {
    struct sts_str host;
    GENERAL_NAMES *names;
    int64_t from_s, to_s;
    unsigned flags;
    struct rec_cert leaf, root;
};

static struct sts_str take(const uint8_t **p, const uint8_t *end)
{
    size_t len = *p < end ? *(*p)++ : 0;
    struct sts_str s;

    len = len < (size_t)(end - *p) ? len : (size_t)(end - *p);
    s = (struct sts_str){(const char *)*p, (uint32_t)len};
    *p += len;
    return s;
}

static void add_name(GENERAL_NAMES *names, unsigned kind, struct sts_str value)
{
    static const int types[] = {GEN_DNS, GEN_DNS, GEN_DNS, GEN_EMAIL, GEN_URI, GEN_IPADD, GEN_RID};
    int type = types[kind % STS_LEN(types)];
    GENERAL_NAME *name = GENERAL_NAME_new();

    check(name != NULL);
    if (type == GEN_RID) {
        GENERAL_NAME_set0_value(name, type, OBJ_nid2obj(NID_commonName));
    } else {
        ASN1_STRING *s = ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

        check(s != NULL && ASN1_STRING_set(s, value.p, (int)value.len) == 1);
        GENERAL_NAME_set0_value(name, type, s);
    }
    check(sk_GENERAL_NAME_push(names, name) > 0);
}

/* Always the same, so that an input means the same each time: RFC 8032 section 5.1.5. */
static EVP_PKEY *key(unsigned which)
{
    const uint8_t secret[32] = {(uint8_t)which};
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof(secret));

    check(k != NULL);
    return k;
}

static void put_cn(X509_NAME *name, struct sts_str cn)
{
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)cn.p, (int)cn.len, -1, 0);
}

static X509 *cert_new(struct sts_str cn, struct sts_str issuer, int64_t from_s, int64_t to_s)
{
    X509 *x = X509_new();

    check(x != NULL && X509_set_version(x, X509_VERSION_3) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    put_cn(X509_get_subject_name(x), cn);
    put_cn(X509_get_issuer_name(x), issuer);
    ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from_s);
    ASN1_TIME_set(X509_getm_notAfter(x), (time_t)to_s);
    return x;
}

static void finish(X509 *x, EVP_PKEY *own, EVP_PKEY *issuer, const char *digest, struct rec_cert *out)
{
    uint8_t *der = NULL;
    int len;

    check(X509_set_pubkey(x, own) == 1 && X509_sign(x, issuer, NULL) > 0);
    len = i2d_X509(x, &der);
    check(len > 0);
    out->der = (struct sts_str){(const char *)der, (uint32_t)len};
    out->digest = sts_str(digest);
    X509_free(x);
}

/* Made once, and by the keys that are: the rest of an input's time goes into what is tested. */
struct ca {
    EVP_PKEY *key, *leaf_key;
    struct rec_cert root;
};

static const struct ca *ca_of_all(void)
{
    static struct ca ca;
    const struct sts_str name = sts_str("root");
    BASIC_CONSTRAINTS *constraints;
    X509 *root;

    if (ca.key != NULL)
        return &ca;
    ca.key = key(1);
    ca.leaf_key = key(2);
    root = cert_new(name, name, NOW_S - 40000 * (int64_t)DAY_S, NOW_S + 40000 * (int64_t)DAY_S);
    constraints = BASIC_CONSTRAINTS_new();
    check(constraints != NULL);
    constraints->ca = 0xff;
    check(X509_add1_ext_i2d(root, NID_basic_constraints, constraints, 1, 0) == 1);
    BASIC_CONSTRAINTS_free(constraints);
    finish(root, ca.key, ca.key, "root", &ca.root);
    return &ca;
}

static void make(struct made *m)
{
    const struct ca *ca = ca_of_all();
    bool self = m->flags & SELF_SIGNED, cn = (m->flags & CN_IS_HOST) && m->host.len > 0 && m->host.len < 64;
    struct sts_str name = cn ? m->host : sts_str("leaf");
    X509 *leaf = cert_new(name, self ? name : sts_str("root"), m->from_s, m->to_s);

    if (!(m->flags & NO_SAN))
        check(X509_add1_ext_i2d(leaf, NID_subject_alt_name, m->names, 0, 0) == 1);
    finish(leaf, ca->leaf_key, self ? ca->leaf_key : ca->key, "leaf", &m->leaf);
    m->root = ca->root;
    m->root.trusted = m->flags & TRUSTED;
}

static bool matches(const struct made *m, bool wide)
{
    return !(m->flags & NO_SAN) && names_match(m->names, m->host, wide);
}

static struct chains *chains_of(const struct made *m)
{
    struct chains *c = NULL;
    struct sts_err err = {0};

    check(chains_new(&c, NULL, &err) == STS_OK && chains_add(c, &m->leaf, &err) == STS_OK &&
          chains_add(c, &m->root, &err) == STS_OK);
    return c;
}

static void check_faults(const struct made *m, const struct chain_verdict *v, int64_t time_s)
{
    bool expired = time_s > m->to_s, early = time_s < m->from_s, self = m->flags & SELF_SIGNED;

    /* The last second is still valid: RFC 5280 section 4.1.2.5. */
    check(expired == ((v->faults & CHAIN_EXPIRED) != 0) && early == ((v->faults & CHAIN_NOT_YET) != 0));
    check((v->faults == 0) == (v->error == X509_V_OK));
    check((v->faults & (CHAIN_SELF_SIGNED | CHAIN_UNTRUSTED | CHAIN_NO_ISSUER)) == (self ? CHAIN_SELF_SIGNED
                                                                                    : m->flags & TRUSTED
                                                                                        ? 0
                                                                                        : CHAIN_NO_ISSUER));
    check((v->faults & (CHAIN_EMPTY | CHAIN_NOT_IN_SCAN | CHAIN_UNREADABLE | CHAIN_WEAK)) == 0 && !v->aia);
}

/* About the edges of its validity, forth and back; one of the answers is asked for anew. */
static void check_times(const struct made *m, struct chains *c)
{
    const int64_t times[] = {NOW_S,   m->from_s - 1, m->from_s, m->from_s + 1, m->to_s - 1,
                             m->to_s, m->to_s + 1,   m->from_s, m->to_s};
    const struct sts_strs chain = {(struct sts_str *)&m->leaf.digest, 1};
    struct chains *other = chains_of(m);
    struct chain_verdict v, fresh;
    struct sts_err err = {0};

    for (unsigned i = 0; i < STS_LEN(times); i++) {
        check(chains_verify(c, &chain, (uint64_t)times[i] * 1000, &v, &err) == STS_OK);
        check_faults(m, &v, times[i]);
        if ((m->flags >> 4) % STS_LEN(times) != i)
            continue;
        check(chains_verify(other, &chain, (uint64_t)times[i] * 1000, &fresh, &err) == STS_OK);
        check(v.faults == fresh.faults && v.error == fresh.error && v.depth == fresh.depth);
    }
    chains_free(other);
}

static void check_match(const struct made *m, struct chains *c)
{
    const struct sts_strs chain = {(struct sts_str *)&m->leaf.digest, 1};
    struct sts_err err = {0};
    bool first, again;

    check(chains_match(c, &chain, m->host, &first, &err) == STS_OK);
    check(chains_match(c, &chain, m->host, &again, &err) == STS_OK && first == again);
    check(!first || matches(m, true));
    check(first || !matches(m, false));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct made m = {.names = GENERAL_NAMES_new()};
    const uint8_t *p = data + 5, *end = data + len;
    struct chains *c;

    check(m.names != NULL);
    if (len >= 5) {
        m.flags = data[0];
        m.from_s = NOW_S - (int64_t)(data[1] << 8 | data[2]) % 20000 * DAY_S;
        m.to_s = NOW_S + (int64_t)(int16_t)(data[3] << 8 | data[4]) % 20000 * DAY_S;
        m.host = take(&p, end);
        for (unsigned n = 0; p < end && n < NAMES_MOST; n++) {
            unsigned kind = *p++;

            add_name(m.names, kind, take(&p, end));
        }
        make(&m);
        c = chains_of(&m);
        check_times(&m, c);
        check_match(&m, c);
        check_text(m.leaf.der);
        chains_free(c);
        OPENSSL_free((void *)m.leaf.der.p);
    }
    GENERAL_NAMES_free(m.names);
    return 0;
}
