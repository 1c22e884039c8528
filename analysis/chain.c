#include "analysis/chain.h"

#include "analysis/table.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHAIN_MOST 64 /* certificates of a chain that are looked at */
/* 112 bits of security: RSA of 2,048 bits, curves of 224, no SHA-1 or MD5 in a signature below the trust
 * anchor. RFC 9325 section 4.5 asks for that; RFC 8461 section 7.2 refers to its predecessor, RFC 7525. */
#define AUTH_LEVEL  2
#define PARSED_MOST 1024 /* kept parsed: many chains share an issuer, many MX hosts a leaf */

struct cert_entry {
    struct key key; /* of the digest */
    struct sts_str der;
};

struct chain_entry { /* a chain and its verdict, which holds from one validity boundary to the next */
    struct key key;
    struct chain_verdict verdict;
    int64_t from_s, to_s; /* from <= time < to */
};

struct match_entry {
    struct key key; /* of digest and host */
    bool match;
};

struct parsed {
    struct key key; /* of the digest */
    X509 *cert;
};

struct chains {
    struct arena arena; /* DER of all certificates */
    struct table certs, chains, matches;
    struct parsed parsed[PARSED_MOST]; /* by the low bits of the key; the last one stays */
    X509_STORE *trust;
    struct chain_rules rules;
};

static int no_memory(struct sts_err *err)
{
    return sts_fail(err, STS_ENOMEM, "out of memory");
}

/* Every certificate of a PEM file. */
static int trust_file(struct chains *c, const char *path, struct sts_err *err)
{
    FILE *file = fopen(path, "re");
    X509 *cert;
    unsigned n = 0;
    int rc = STS_OK;

    if (file == NULL)
        return sts_fail(err, STS_EINVAL, "--ca-file %s: cannot open: %s", path, strerror(errno));
    ERR_clear_error();
    while (rc == STS_OK && (cert = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
        if (!X509_STORE_add_cert(c->trust, cert))
            rc = no_memory(err);
        X509_free(cert);
        n++;
    }
    if (rc == STS_OK && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        rc = sts_fail(err, STS_EINVAL, "--ca-file %s: its certificate %u cannot be read", path, n + 1);
    else if (rc == STS_OK && n == 0)
        rc = sts_fail(err, STS_EINVAL, "--ca-file %s: holds no certificate (PEM is wanted)", path);
    fclose(file);
    return rc;
}

int chains_new(struct chains **out, const struct chain_rules *rules, struct sts_err *err)
{
    struct chains *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return no_memory(err);
    arena_init(&c->arena, 0);
    table_init(&c->certs, sizeof(struct cert_entry));
    table_init(&c->chains, sizeof(struct chain_entry));
    table_init(&c->matches, sizeof(struct match_entry));
    c->trust = X509_STORE_new();
    if (rules != NULL)
        c->rules = *rules;
    if (c->trust == NULL)
        no_memory(err);
    else if (c->rules.ca_file != NULL)
        (void)!trust_file(c, c->rules.ca_file, err);
    if (err->code != STS_OK) {
        chains_free(c);
        return err->code;
    }
    *out = c;
    return STS_OK;
}

void chains_free(struct chains *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < PARSED_MOST; i++)
        X509_free(c->parsed[i].cert);
    X509_STORE_free(c->trust);
    table_fini(&c->certs);
    table_fini(&c->chains);
    table_fini(&c->matches);
    arena_fini(&c->arena);
    free(c);
}

static X509 *parse(struct sts_str der)
{
    const unsigned char *p = (const unsigned char *)der.p;

    return der.len == 0 ? NULL : d2i_X509(NULL, &p, der.len);
}

static int trust(struct chains *c, struct sts_str der, struct sts_err *err)
{
    X509 *cert = parse(der);
    int ok = 1;

    if (cert != NULL) /* one that cannot be parsed cannot be trusted */
        ok = X509_STORE_add_cert(c->trust, cert);
    X509_free(cert);
    return ok ? STS_OK : no_memory(err);
}

int chains_add(struct chains *c, const struct rec_cert *cert, struct sts_err *err)
{
    struct key key = key_of(cert->digest.p, cert->digest.len);
    struct cert_entry *entry = table_find(&c->certs, key);

    if (cert->trusted && c->rules.ca_file == NULL && trust(c, cert->der, err) != STS_OK)
        return err->code;
    if (entry != NULL || cert->der.len == 0)
        return STS_OK;
    entry = table_put(&c->certs, key);
    if (entry == NULL)
        return no_memory(err);
    entry->der = arena_copy(&c->arena, cert->der.p, cert->der.len);
    return entry->der.p ? STS_OK : no_memory(err);
}

struct sts_str chains_der(const struct chains *c, struct sts_str digest)
{
    const struct cert_entry *entry = table_find(&c->certs, key_of(digest.p, digest.len));

    return entry ? entry->der : (struct sts_str){NULL, 0};
}

/* A certificate of the scan, to be freed: NULL where it is not there or cannot be parsed. */
static X509 *find(struct chains *c, struct sts_str digest)
{
    struct key key = key_of(digest.p, digest.len);
    struct parsed *place = &c->parsed[key.lo % PARSED_MOST];

    if (place->cert == NULL || place->key.lo != key.lo || place->key.hi != key.hi) {
        X509 *cert = parse(chains_der(c, digest));

        if (cert == NULL)
            return NULL;
        X509_free(place->cert);
        *place = (struct parsed){key, cert};
    }
    X509_up_ref(place->cert);
    return place->cert;
}

static uint32_t fault_of(int error)
{
    switch (error) {
    case X509_V_OK: return 0;
    case X509_V_ERR_CERT_HAS_EXPIRED: return CHAIN_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID: return CHAIN_NOT_YET;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return CHAIN_SELF_SIGNED;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return CHAIN_UNTRUSTED;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return CHAIN_NO_ISSUER;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return CHAIN_WEAK;
    default: return CHAIN_OTHER;
    }
}

/* Does it say where its issuer is to be had (RFC 5280 section 4.2.2.1)? A sender may fetch it from there;
 * nothing is fetched here. */
static bool has_ca_issuers(const X509 *cert)
{
    AUTHORITY_INFO_ACCESS *list = cert ? X509_get_ext_d2i(cert, NID_info_access, NULL, NULL) : NULL;
    bool found = false;

    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(list); i++) {
        const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(list, i);

        found |= OBJ_obj2nid(one->method) == NID_ad_ca_issuers && one->location->type == GEN_URI &&
                 ASN1_STRING_length(one->location->d.uniformResourceIdentifier) > 0;
    }
    AUTHORITY_INFO_ACCESS_free(list);
    return found;
}

/* The validity period includes notAfter (RFC 5280 section 4.1.2.5), for OpenSSL it does not. */
static bool in_last_second(X509_STORE_CTX *ctx)
{
    return ASN1_TIME_cmp_time_t(X509_get0_notAfter(X509_STORE_CTX_get_current_cert(ctx)),
                                X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(ctx))) == 0;
}

/* Notes every error and goes on, so that all of them are found. */
static int on_verify(int ok, X509_STORE_CTX *ctx)
{
    struct chain_verdict *verdict = X509_STORE_CTX_get_app_data(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    uint32_t fault = fault_of(error);

    ok = ok || (fault == CHAIN_EXPIRED && in_last_second(ctx));
    if (!ok) {
        if (verdict->faults == 0 || (verdict->faults == CHAIN_WEAK && fault != CHAIN_WEAK)) {
            verdict->error = error;
            verdict->depth = X509_STORE_CTX_get_error_depth(ctx);
        }
        verdict->faults |= fault;
        /* That of the leaf's key comes first. Were it to stay, OpenSSL would say it again where the chain
         * leads to no trusted root, and not that. */
        if (fault == CHAIN_WEAK)
            X509_STORE_CTX_set_error(ctx, X509_V_OK);
        if (fault == CHAIN_NO_ISSUER)
            verdict->aia |= has_ca_issuers(X509_STORE_CTX_get_current_cert(ctx));
    }
    return 1;
}

/* Narrow [from, to) to the boundary next to `time_s` on either side. */
static void narrow(struct chain_entry *entry, const ASN1_TIME *boundary, int64_t extra_s, int64_t time_s)
{
    struct tm tm;
    int64_t s;

    if (!ASN1_TIME_to_tm(boundary, &tm))
        return;
    s = (int64_t)timegm(&tm) + extra_s;
    if (s <= time_s && s > entry->from_s)
        entry->from_s = s;
    if (s > time_s && s < entry->to_s)
        entry->to_s = s;
}

static void narrow_all(struct chain_entry *entry, const STACK_OF(X509) * certs, int64_t time_s)
{
    for (int i = 0; i < sk_X509_num(certs); i++) {
        const X509 *cert = sk_X509_value(certs, i);

        narrow(entry, X509_get0_notBefore(cert), 0, time_s);
        narrow(entry, X509_get0_notAfter(cert), 1, time_s); /* the last second is still valid */
    }
}

static int verify(struct chains *c, X509 *leaf, STACK_OF(X509) * sent, int64_t time_s,
                  struct chain_entry *entry, struct sts_err *err)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;

    if (ctx == NULL || !X509_STORE_CTX_init(ctx, c->trust, leaf, sent)) {
        X509_STORE_CTX_free(ctx);
        return no_memory(err);
    }
    param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)time_s);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    X509_STORE_CTX_set_app_data(ctx, &entry->verdict);
    X509_STORE_CTX_set_verify_cb(ctx, on_verify);
    if (X509_verify_cert(ctx) <= 0 && (entry->verdict.faults & ~(uint32_t)CHAIN_WEAK) == 0) {
        entry->verdict.error = X509_STORE_CTX_get_error(ctx);
        entry->verdict.faults |= CHAIN_OTHER;
    }
    narrow_all(entry, sent, time_s);
    if (X509_STORE_CTX_get0_chain(ctx) != NULL)
        narrow_all(entry, X509_STORE_CTX_get0_chain(ctx), time_s);
    X509_STORE_CTX_free(ctx);
    return STS_OK;
}

/* Parse what was sent into `sent`, and verify from its first. */
static int judge(struct chains *c, const struct sts_strs *chain, int64_t time_s, struct chain_entry *entry,
                 struct sts_err *err)
{
    STACK_OF(X509) *sent = sk_X509_new_null();
    uint32_t faults = 0;
    int rc = sent ? STS_OK : no_memory(err);

    entry->verdict = (struct chain_verdict){0};
    entry->from_s = INT64_MIN;
    entry->to_s = INT64_MAX;
    for (uint32_t i = 0; rc == STS_OK && i < chain->n && i < CHAIN_MOST; i++) {
        X509 *cert = find(c, chain->v[i]);

        if (cert == NULL)
            faults |= chains_der(c, chain->v[i]).len == 0 ? CHAIN_NOT_IN_SCAN : CHAIN_UNREADABLE;
        else if (!sk_X509_push(sent, cert)) {
            X509_free(cert);
            rc = no_memory(err);
        }
        if (cert == NULL && i == 0) /* without a leaf there is nothing to verify */
            break;
    }
    if (rc == STS_OK && sk_X509_num(sent) > 0)
        rc = verify(c, sk_X509_value(sent, 0), sent, time_s, entry, err);
    /* One that was not needed does no harm: a chain that is but weak was found whole. */
    if (sk_X509_num(sent) <= 0 || (entry->verdict.faults & ~(uint32_t)CHAIN_WEAK) != 0)
        entry->verdict.faults |= faults;
    if (c->rules.certs_lost &&
        (entry->verdict.faults & (CHAIN_UNTRUSTED | CHAIN_NO_ISSUER | CHAIN_SELF_SIGNED)))
        entry->verdict.faults |= CHAIN_NOT_IN_SCAN;
    if (entry->verdict.faults & CHAIN_NOT_IN_SCAN) /* what is missing here may have been sent */
        entry->verdict.aia = false;
    sk_X509_pop_free(sent, X509_free);
    return rc;
}

static struct key key_of_chain(const struct sts_strs *chain)
{
    struct key key = {0, chain->n};

    for (uint32_t i = 0; i < chain->n; i++)
        key = key_join(key, key_of(chain->v[i].p, chain->v[i].len));
    return key;
}

int chains_verify(struct chains *c, const struct sts_strs *chain, uint64_t time_ms, struct chain_verdict *out,
                  struct sts_err *err)
{
    int64_t time_s = (int64_t)((c->rules.has_time ? c->rules.time_ms : time_ms) / 1000);
    struct chain_entry *entry;
    bool fresh;

    if (chain->n == 0) {
        *out = (struct chain_verdict){.faults = CHAIN_EMPTY};
        return STS_OK;
    }
    entry = table_put(&c->chains, key_of_chain(chain));
    if (entry == NULL)
        return no_memory(err);
    fresh = entry->from_s == 0 && entry->to_s == 0;
    if ((fresh || time_s < entry->from_s || time_s >= entry->to_s) &&
        judge(c, chain, time_s, entry, err) != STS_OK)
        return err->code;
    *out = entry->verdict;
    return STS_OK;
}

/* DNS-IDs only, "*" only as a whole label: RFC 8461 section 3.3, RFC 6125 section 6.4. */
static bool match_leaf(struct chains *c, struct sts_str digest, struct sts_str host)
{
    const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    X509 *leaf;
    bool match;

    if (host.len > 0 && host.p[host.len - 1] == '.')
        host.len--;
    if (host.len == 0 || host.p[0] == '.') /* OpenSSL reads a leading dot as "any name below" */
        return false;
    leaf = find(c, digest);
    match = leaf != NULL && X509_check_host(leaf, host.p, host.len, flags, NULL) == 1;
    X509_free(leaf);
    return match;
}

int chains_match(struct chains *c, const struct sts_strs *chain, struct sts_str host, bool *out,
                 struct sts_err *err)
{
    struct match_entry *entry;
    struct key key;

    *out = false;
    if (chain->n == 0)
        return STS_OK;
    key = key_join(key_of(chain->v[0].p, chain->v[0].len), key_of_name(host));
    entry = table_find(&c->matches, key);
    if (entry == NULL) {
        entry = table_put(&c->matches, key);
        if (entry == NULL)
            return no_memory(err);
        entry->match = match_leaf(c, chain->v[0], host);
    }
    *out = entry->match;
    return STS_OK;
}
