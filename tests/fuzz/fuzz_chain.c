/* fuzz_chain.c - any bytes as the certificates of a chain: verdict, match and text come of it, the same each
 * time they are asked for. Input: when (4 bytes, s since 1970), length and bytes of the host, then
 * certificates, leaf first: flags, length (2 bytes), DER.
 * Source: analysis/chain.c, analysis/cert_text.c, analysis/text.c. */
#include "analysis/chain.h"
#include "tests/fuzz/cert_checks.h"

#include <stdlib.h>
#include <string.h>

#define CERTS_MOST 80 /* of a chain 64 are looked at */

enum { TRUSTED = 1, NOT_SENT = 2, NOT_KEPT = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct scene {
    struct rec_cert certs[CERTS_MOST];
    struct sts_str sent[CERTS_MOST]; /* digests */
    uint8_t digests[CERTS_MOST];
    bool lost; /* one that is sent is not kept */
    uint32_t n, n_sent;
    struct sts_str host;
    uint64_t time_ms;
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void read_scene(struct scene *s, const uint8_t *data, size_t len)
{
    const uint8_t *p = data + 5, *end = data + len;
    size_t n = least(data[4], (size_t)(end - p));

    s->time_ms =
        1000 * ((uint64_t)data[0] << 24 | (uint64_t)data[1] << 16 | (uint64_t)data[2] << 8 | data[3]);
    s->host = (struct sts_str){(const char *)p, (uint32_t)n};
    for (p += n; end - p >= 3 && s->n < CERTS_MOST; p += n, s->n++) {
        struct rec_cert *cert = &s->certs[s->n];
        unsigned flags = p[0];

        n = least((size_t)p[1] << 8 | p[2], (size_t)(end - p - 3));
        p += 3;
        s->digests[s->n] = (uint8_t)s->n;
        cert->digest = (struct sts_str){(const char *)&s->digests[s->n], 1};
        cert->trusted = flags & TRUSTED;
        cert->der = (struct sts_str){(const char *)p, flags & NOT_KEPT ? 0 : (uint32_t)n};
        if (flags & NOT_SENT)
            continue;
        s->sent[s->n_sent++] = cert->digest;
        s->lost |= cert->der.len == 0;
    }
}

static struct chains *chains_of(const struct scene *s)
{
    struct chains *c = NULL;
    struct sts_err err = {0};

    check(chains_new(&c, NULL, &err) == STS_OK);
    for (uint32_t i = 0; i < s->n; i++)
        check(chains_add(c, &s->certs[i], &err) == STS_OK);
    return c;
}

static void check_verdict(const struct scene *s, const struct chain_verdict *v)
{
    check((v->faults & CHAIN_EMPTY) == (s->n_sent == 0 ? CHAIN_EMPTY : 0));
    check(v->faults != 0 || v->error == 0);
    check(!(v->faults & CHAIN_NOT_IN_SCAN) || s->lost);
    check(!v->aia || (v->faults & CHAIN_NO_ISSUER));
    check(v->depth >= 0 && v->depth <= CERTS_MOST);
}

/* By its own reading of the leaf. */
static bool matches(const struct scene *s, bool wide)
{
    const struct sts_str der = s->certs[(uint8_t)s->sent[0].p[0]].der;
    const unsigned char *p = (const unsigned char *)der.p;
    X509 *leaf = der.len > 0 ? d2i_X509(NULL, &p, der.len) : NULL;
    GENERAL_NAMES *names = leaf != NULL ? X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL) : NULL;
    bool match = names_match(names, s->host, wide);

    GENERAL_NAMES_free(names);
    X509_free(leaf);
    return match;
}

static void judge(const struct scene *s)
{
    const uint64_t times[] = {s->time_ms, 0, s->time_ms};
    const struct sts_strs chain = {(struct sts_str *)s->sent, s->n_sent};
    struct chain_verdict v[STS_LEN(times)];
    struct chains *c = chains_of(s);
    struct sts_err err = {0};
    bool match;

    for (unsigned i = 0; i < STS_LEN(times); i++) {
        check(chains_verify(c, &chain, times[i], &v[i], &err) == STS_OK);
        check_verdict(s, &v[i]);
    }
    check(v[0].faults == v[2].faults && v[0].error == v[2].error && v[0].depth == v[2].depth &&
          v[0].aia == v[2].aia);
    check(chains_match(c, &chain, s->host, &match, &err) == STS_OK);
    check(!match || (s->n_sent > 0 && matches(s, true)));
    check(match || s->n_sent == 0 || !matches(s, false));
    chains_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct scene s = {.n = 0};

    if (len < 5 || len > 65536)
        return 0;
    read_scene(&s, data, len);
    judge(&s);
    for (uint32_t i = 0; i < s.n && i < 2; i++)
        check_text(s.certs[i].der);
    return 0;
}
