/* verify_input.c - is this file the input of the scan? By its size, its edges, and the whole of it where it
 * was read to its end (sinks/SCHEMA.md, in_edge and in_digest). */
#include "analysis/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EDGE_BYTES 65536 /* at each end */

struct reading {
    FILE *file;
    const char *path;
    uint64_t bytes;
    uint8_t block[EDGE_BYTES];
};

static int add(EVP_MD_CTX *md, const uint8_t *p, size_t len, struct sts_err *err)
{
    if (EVP_DigestUpdate(md, p, len) != 1)
        return sts_fail(err, STS_ESYS, "SHA-256 failed");
    return STS_OK;
}

/* A block from there on, as far as the file goes. */
static int add_edge(struct reading *r, uint64_t from, EVP_MD_CTX *md, struct sts_err *err)
{
    if (fseeko(r->file, (off_t)from, SEEK_SET) != 0)
        return sts_fail(err, STS_EIO, "%s: cannot read it twice: %s", r->path, strerror(errno));
    return add(md, r->block, fread(r->block, 1, EDGE_BYTES, r->file), err);
}

static int add_edges(struct reading *r, EVP_MD_CTX *md, struct sts_err *err)
{
    if (add_edge(r, 0, md, err) != STS_OK)
        return err->code;
    return add_edge(r, r->bytes > EDGE_BYTES ? r->bytes - EDGE_BYTES : 0, md, err);
}

static int add_whole(struct reading *r, EVP_MD_CTX *md, struct sts_err *err)
{
    size_t n;

    while ((n = fread(r->block, 1, EDGE_BYTES, r->file)) > 0) {
        r->bytes += n;
        if (add(md, r->block, n, err) != STS_OK)
            return err->code;
    }
    if (ferror(r->file))
        return sts_fail(err, STS_EIO, "%s: cannot read: %s", r->path, strerror(errno));
    return STS_OK;
}

static int digest(struct reading *r, int (*add_all)(struct reading *, EVP_MD_CTX *, struct sts_err *),
                  struct verify_digest *out, struct sts_err *err)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    out->there = true;
    if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
        (void)sts_fail(err, STS_ESYS, "SHA-256 cannot be had");
    else if (add_all(r, md, err) == STS_OK && EVP_DigestFinal_ex(md, out->b, NULL) != 1)
        (void)sts_fail(err, STS_ESYS, "SHA-256 failed");
    EVP_MD_CTX_free(md);
    return err->code;
}

static void compare(struct verify *v, const struct reading *r, const struct verify_digest *edge,
                    const struct verify_digest *whole)
{
    const struct sts_str name = sts_str(r->path);

    if (v->input.edge.there && r->bytes != v->input.bytes)
        verify_problem(v, NULL, name, "has %" PRIu64 " bytes, the input of the scan had %" PRIu64, r->bytes,
                       v->input.bytes);
    else if (v->input.edge.there && !verify_same_digest(edge, &v->input.edge))
        verify_problem(v, NULL, name, "its edges are not those of the input of the scan");
    if (v->end.input.there && !verify_same_digest(whole, &v->end.input))
        verify_problem(v, NULL, name, "is not what the digest of the input says");
    if (v->end.complete && !v->end.input.there)
        verify_problem(v, NULL, name, "the scan is complete, and has no digest of its input");
}

int verify_input(struct verify *v, const char *path, struct sts_err *err)
{
    struct verify_digest edge = {0}, whole = {0};
    struct reading *r = calloc(1, sizeof(*r));

    v->input_path = path;
    if (r == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    r->path = path;
    r->file = fopen(path, "rbe");
    if (r->file == NULL)
        (void)sts_fail(err, STS_EIO, "%s: cannot open: %s", path, strerror(errno));
    else if (digest(r, add_whole, &whole, err) == STS_OK &&
             (!v->input.edge.there || digest(r, add_edges, &edge, err) == STS_OK))
        compare(v, r, &edge, &whole);
    if (r->file != NULL)
        fclose(r->file);
    free(r);
    return err->code;
}
