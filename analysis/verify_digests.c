/* verify_digests.c - digests that the scan holds of what it holds: computed again, and compared. */
#include "analysis/verify.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static const struct sts_str nothing = {NULL, 0};

void verify_take_digest(struct verify_digest *out, struct sts_str from)
{
    *out = (struct verify_digest){.there = from.len > 0};
    if (from.len == VERIFY_DIGEST_BYTES) /* else it stays one that nothing has */
        memcpy(out->b, from.p, VERIFY_DIGEST_BYTES);
}

bool verify_same_digest(const struct verify_digest *a, const struct verify_digest *b)
{
    return a->there == b->there && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static bool is_digest_of(struct sts_str digest, struct sts_str text)
{
    uint8_t made[VERIFY_DIGEST_BYTES];

    SHA256((const unsigned char *)text.p, text.len, made);
    return digest.len == sizeof(made) && memcmp(digest.p, made, sizeof(made)) == 0;
}

/* A further address whose body is that of the record has the digest alone. */
void verify_bodies(struct verify *v, const struct rec_policy *p, const struct scan_place *place)
{
    if (p->body_digest.len > 0) {
        v->n_digests++;
        if (!is_digest_of(p->body_digest, p->body))
            verify_problem(v, place, p->name, "the body is not what its digest says");
    }
    for (uint32_t i = 0; i < p->others.n; i++) {
        const struct rec_fetch *f = &p->others.v[i];

        if (f->body_digest.len == 0)
            continue;
        v->n_digests++;
        if (f->body.len > 0 ? !is_digest_of(f->body_digest, f->body)
                            : !sts_str_equal(f->body_digest, p->body_digest))
            verify_problem(v, place, p->name,
                           "the body from further address %" PRIu32 " is not what its "
                           "digest says",
                           i);
    }
}

/* ---- the trust store ---- */

void verify_note_trust(struct verify *v, const struct rec_scan *scan)
{
    struct verify_trust trust = {.n = scan->n_trust, .differs = v->trust.differs};

    verify_take_digest(&trust.digest, scan->trust_digest);
    if (v->n_scans > 1 && !verify_same_digest(&trust.digest, &v->trust.digest))
        trust.differs = true;
    v->trust = trust;
}

int verify_anchor(struct verify *v, const struct rec_cert *cert, struct sts_err *err)
{
    struct verify_anchor *anchor = table_put(&v->anchors, key_of(cert->digest.p, cert->digest.len));

    if (anchor == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    if (cert->digest.len == sizeof(anchor->digest))
        memcpy(anchor->digest, cert->digest.p, sizeof(anchor->digest));
    return STS_OK;
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, VERIFY_DIGEST_BYTES);
}

/* SHA-256 over the fingerprints in their order. False: no memory. */
static bool digest_of_anchors(const struct verify *v, uint8_t out[VERIFY_DIGEST_BYTES])
{
    uint8_t *all = calloc(v->anchors.n + 1, VERIFY_DIGEST_BYTES);
    const struct verify_anchor *anchor;
    size_t at = 0, n = 0;

    if (all == NULL)
        return false;
    while ((anchor = table_next(&v->anchors, &at)) != NULL)
        memcpy(all + VERIFY_DIGEST_BYTES * n++, anchor->digest, VERIFY_DIGEST_BYTES);
    qsort(all, n, VERIFY_DIGEST_BYTES, by_digest);
    SHA256(all, VERIFY_DIGEST_BYTES * n, out);
    free(all);
    return true;
}

/* A run that was killed at once may lack some of its store; runs with several stores have several digests. */
void verify_trust(struct verify *v)
{
    uint8_t made[VERIFY_DIGEST_BYTES];

    if (!v->trust.digest.there || v->trust.differs || !v->end.there)
        return;
    if (v->anchors.n != v->trust.n)
        verify_problem(v, NULL, nothing, "the trust store had %" PRIu64 " certificates; %zu are there",
                       v->trust.n, v->anchors.n);
    else if (!digest_of_anchors(v, made) || memcmp(made, v->trust.digest.b, sizeof(made)) != 0)
        verify_problem(v, NULL, nothing, "the trust store is not what its digest says");
}
