/* Leaf certificates: which names each class has, when it is valid, who signs it. */
#include "bench/sim/tls_cert.h"
#include "bench/sim/names.h"

#include <string.h>

#define MOST_CN  64                /* ub-common-name (RFC 5280 appendix A.1) */
#define MOST_DNS (NAME_BYTES + 32) /* host, and what a class adds to it */

struct dns {
    char text[MOST_DNS];
    size_t len;
};
struct leaf_names {
    struct dns cn, san; /* len 0: none */
};

enum leaf_key mint_key(enum cert_class cert, bool rsa)
{
    return cert == CERT_RSA1024 ? KEY_RSA1024 : rsa ? KEY_RSA : KEY_ECDSA;
}

static enum ca issuer_of(enum cert_class cert)
{
    switch (cert) {
    case CERT_SELF_SIGNED: return CA_LIMIT;
    case CERT_UNTRUSTED: return CA_UNTRUSTED;
    case CERT_CONSTRAINED: return CA_CONSTRAINED;
    default: return CA_INTERMEDIATE;
    }
}

X509 *mint_above(const struct mint *m, enum cert_class cert)
{
    bool alone = cert == CERT_SELF_SIGNED || cert == CERT_NO_CHAIN;
    return alone ? NULL : m->ca[issuer_of(cert)];
}

/* ---- names ---- */

static void add(struct dns *d, const char *p, size_t len)
{
    if (len > sizeof d->text - d->len)
        len = sizeof d->text - d->len;
    memcpy(d->text + d->len, p, len);
    d->len += len;
}

static void add_text(struct dns *d, const char *text)
{
    add(d, text, strlen(text));
}

/* Behind its first label, "" where there is only one. */
static const char *parent_of(const char *host)
{
    const char *dot = strchr(host, '.');
    return dot == NULL ? "" : dot + 1;
}

/* `label`.`parent`; where there is no parent, the label alone. */
static void name_below(struct dns *d, const char *label, const char *parent)
{
    add_text(d, label);
    if (*parent != '\0')
        add_text(d, ".");
    add_text(d, parent);
}

/* mta-*.example.com (RFC 6125 section 6.4.3 leaves it to the client; RFC 9525 section 6.3 forbids it). */
static void partial_wildcard(struct dns *d, const char *host)
{
    size_t label = strcspn(host, ".");
    add(d, host, label > 4 ? 4 : label - (label > 1));
    name_below(d, "*", parent_of(host));
}

/* mta-sts.*.com */
static void inner_wildcard(struct dns *d, const char *host)
{
    add(d, host, strcspn(host, "."));
    add_text(d, ".");
    name_below(d, "*", parent_of(parent_of(host)));
}

static void san_of(enum cert_class cert, const char *host, struct dns *d)
{
    const char *parent = parent_of(host);
    switch (cert) {
    case CERT_CN_ONLY: break;
    case CERT_WILDCARD: name_below(d, "*", parent); break;
    case CERT_CN_OTHER:
    case CERT_WRONG_NAME: name_below(d, "www", parent); break;
    case CERT_PARTIAL: partial_wildcard(d, host); break;
    case CERT_INNER: inner_wildcard(d, host); break;
    case CERT_TWO_LABELS: name_below(d, "*", parent_of(parent)); break;
    case CERT_NUL_NAME:
        add_text(d, host);
        add(d, "\0.invalid", 9);
        break;
    case CERT_ULABEL: name_below(d, "b\xc3\xbc\x63her", parent); break;
    default: add_text(d, host);
    }
}

static void names_of(enum cert_class cert, const char *host, struct leaf_names *n)
{
    n->cn.len = n->san.len = 0;
    san_of(cert, host, &n->san);
    bool is_host = cert == CERT_CN_ONLY || cert == CERT_CN_OTHER;
    if (is_host)
        add_text(&n->cn, host);
    else if (cert != CERT_NUL_NAME && cert != CERT_ULABEL)
        add(&n->cn, n->san.text, n->san.len);
    if (n->cn.len > MOST_CN)
        n->cn.len = 0;
}

/* ---- parts of the certificate ---- */

static size_t put_header(unsigned char *out, unsigned char tag, size_t len)
{
    size_t n = 0;
    out[n++] = tag;
    if (len > 255)
        out[n++] = 0x82;
    else if (len > 127)
        out[n++] = 0x81;
    if (len > 255)
        out[n++] = (unsigned char)(len >> 8);
    out[n++] = (unsigned char)len;
    return n;
}

/* GeneralNames with one dNSName (RFC 5280 section 4.2.1.6), written by hand, since it may hold anything. */
static bool add_san(X509 *x, const struct dns *san)
{
    unsigned char name[MOST_DNS + 4], der[MOST_DNS + 8];
    size_t n = put_header(name, V_ASN1_CONTEXT_SPECIFIC | GEN_DNS, san->len);
    memcpy(name + n, san->text, san->len);
    n += san->len;
    size_t len = put_header(der, V_ASN1_CONSTRUCTED | V_ASN1_SEQUENCE, n);
    memcpy(der + len, name, n);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *e = NULL;
    bool ok = value != NULL && ASN1_OCTET_STRING_set(value, der, (int)(len + n)) == 1 &&
              (e = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value)) != NULL &&
              X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(value);
    return ok;
}

static bool set_subject(X509 *x, const struct dns *cn)
{
    X509_NAME *name = X509_get_subject_name(x);
    const unsigned char *text =
        cn->len > 0 ? (const unsigned char *)cn->text : (const unsigned char *)"stsim";
    int len = cn->len > 0 ? (int)cn->len : -1;
    int nid = cn->len > 0 ? NID_commonName : NID_organizationName;
    return X509_NAME_add_entry_by_NID(name, nid, V_ASN1_UTF8STRING, text, len, -1, 0) == 1;
}

static bool set_life(const struct mint *m, X509 *x, enum cert_class cert)
{
    enum life life = cert == CERT_EXPIRED ? LIFE_PAST : cert == CERT_NOT_YET ? LIFE_COMING : LIFE_NOW;
    return X509_set1_notBefore(x, m->begin[life]) == 1 && X509_set1_notAfter(x, m->end[life]) == 1;
}

static bool add_extensions(const struct mint *m, X509 *x, enum cert_class cert, enum leaf_key key,
                           const struct dns *san)
{
    enum ca issuer = issuer_of(cert);
    for (int i = 0; i < LEAF_EXTENSIONS; i++)
        if (X509_add_ext(x, m->same[i], -1) != 1)
            return false;
    if (X509_add_ext(x, m->key_id[key], -1) != 1)
        return false;
    if (issuer != CA_LIMIT && X509_add_ext(x, m->issuer_id[issuer], -1) != 1)
        return false;
    if (cert == CERT_NO_CHAIN && X509_add_ext(x, m->issuer_url, -1) != 1)
        return false;
    return san->len == 0 || add_san(x, san);
}

static bool fill(const struct mint *m, X509 *x, enum cert_class cert, const char *host, enum leaf_key key,
                 uint64_t serial)
{
    struct leaf_names names;
    names_of(cert, host, &names);
    enum ca issuer = issuer_of(cert);
    bool self = issuer == CA_LIMIT;
    if (X509_set_version(x, X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1 | 1) != 1)
        return false;
    if (!set_subject(x, &names.cn) || !set_life(m, x, cert) || X509_set_pubkey(x, m->key[key]) != 1)
        return false;
    if (X509_set_issuer_name(x, X509_get_subject_name(self ? x : m->ca[issuer])) != 1)
        return false;
    return add_extensions(m, x, cert, key, &names.san) &&
           X509_sign(x, self ? m->key[key] : m->ca_key[issuer], m->sha256) > 0;
}

X509 *mint_leaf(const struct mint *m, enum cert_class cert, const char *host, enum leaf_key key,
                uint64_t serial)
{
    X509 *x = X509_new();
    if (x != NULL && fill(m, x, cert, host, key, serial))
        return x;
    X509_free(x);
    return NULL;
}
