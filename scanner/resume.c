#include "scanner/resume_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESUME_MOST_BYTES (64u << 20) /* of a scan record */

/* ---- the scan that is there ---- */

/* Options are those of the first run, with what later runs changed: so those of the last. */
static int keep_scan(struct resume *r, const struct rec_scan *scan, const struct scan_place *place,
                     struct sts_err *err)
{
    struct rec_buf buf = {0};
    enum rec_kind again;
    void *copy;
    size_t used;
    struct sts_str kept;

    if (scan->schema > REC_SCHEMA_VERSION)
        return sts_fail(err, STS_EFORMAT, "%s: this scan was made by a later version (%.*s): go on with that",
                        place->file, (int)scan->program.len, scan->program.p);
    arena_reset(&r->arena);
    if (rec_encode(&buf, REC_scan, scan) != STS_OK ||
        (kept = arena_copy(&r->arena, (const char *)buf.p, buf.len)).p == NULL ||
        rec_decode((const uint8_t *)kept.p, kept.len, &r->arena, &again, &copy, &used) != STS_OK)
        (void)sts_fail(err, STS_ENOMEM, "out of memory");
    else
        r->scan = *(const struct rec_scan *)copy;
    rec_buf_fini(&buf);
    return err->code;
}

/* An end record says that the scan is complete, unless a later run follows it. */
static int on_head(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                   struct sts_err *err)
{
    struct resume *r = arg;

    if (kind == REC_end)
        r->is_complete = ((const struct rec_end *)record)->complete;
    if (kind != REC_scan)
        return STS_OK;
    r->is_complete = false;
    return keep_scan(r, record, place, err);
}

static int read_head(struct resume *r, struct sts_err *err)
{
    static const struct scan_reader_options options = {
        .advice = ". That is no torn tail, which --resume cuts off: it cannot go on; ststat reads what is "
                  "left with --skip-bad-frames",
        .nothing = ": scan anew, into another directory"};

    if (scan_reader_open_with(&r->reader, r->path, &options, err) != STS_OK ||
        scan_reader_each(r->reader, REC_MASK(REC_scan) | REC_MASK(REC_end), on_head, r, err) != STS_OK)
        return err->code;
    if (r->scan.schema == 0)
        return sts_fail(err, STS_EFORMAT, "%s: holds no whole scan record: scan anew", r->path);
    return STS_OK;
}

int resume_open(struct resume **out, struct options *o, struct sts_err *err)
{
    struct resume *r = calloc(1, sizeof(*r));

    if (r == NULL || (r->path = strdup(o->resume)) == NULL) {
        free(r);
        return sts_fail(err, STS_ENOMEM, "out of memory");
    }
    *out = r; /* the caller frees it, in any case */
    r->lock = -1;
    r->inconclusive = o->again == AGAIN_INCONCLUSIVE;
    arena_init(&r->arena, RESUME_MOST_BYTES);
    if (sink_dir_lock(r->path, &r->lock, err) != STS_OK || read_head(r, err) != STS_OK ||
        options_resume(o, &r->scan, &r->arena, err) != STS_OK)
        return err->code;
    if (r->is_complete && !r->inconclusive && scan_reader_torn(r->reader) == NULL)
        return sts_fail(err, STS_EEND,
                        "%s: this scan is finished; --retry inconclusive looks again at what was left "
                        "inconclusive",
                        r->path);
    return STS_OK;
}

void resume_free(struct resume *r)
{
    if (r == NULL)
        return;
    scan_reader_close(r->reader);
    arena_fini(&r->arena);
    if (r->lock >= 0)
        close(r->lock);
    free(r->path);
    free(r);
}

int resume_check_input(const struct resume *r, const struct input_info *info, struct sts_err *err)
{
    const struct rec_scan *scan = &r->scan;
    const struct sts_str edge = {(const char *)info->edge_digest, DIGEST_BYTES};

    if (scan->input_edge_digest.len == 0)
        return sts_fail(
            err, STS_EINVAL,
            "--resume: %s was no regular file when this scan began: its names cannot be told to be "
            "the same; scan anew",
            info->name);
    if (!info->has_size || info->size_bytes != scan->input_bytes)
        return sts_fail(err, STS_EINVAL,
                        "%s is not the input of this scan: it has %" PRIu64 " bytes, that had %" PRIu64
                        " (--input-file names it where it was moved)",
                        info->name, info->size_bytes, scan->input_bytes);
    if (!sts_str_equal(edge, scan->input_edge_digest))
        return sts_fail(
            err, STS_EINVAL,
            "%s is not the input of this scan: its size is the same, its first or last 64 KiB are "
            "not (--input-file names it where it was moved)",
            info->name);
    return STS_OK;
}

uint64_t resume_start_ms(const struct resume *r)
{
    return r->scan.start_ms;
}

int resume_sink(struct resume *r, struct sink **out, struct sts_err *err)
{
    int lock = r->lock;

    r->lock = -1;
    return sink_dir_resume(r->path, lock, scan_reader_torn(r->reader), out, err);
}

void before_fini(struct before *b)
{
    posset_fini(&b->done);
    for (unsigned kind = 0; kind < REC_KIND_LIMIT; kind++)
        keyset_fini(&b->again[kind]);
}

void resume_tell(const struct resume *r, const struct before *before, FILE *out)
{
    const struct scan_loss *torn = scan_reader_torn(r->reader);

    if (torn != NULL && torn->bytes > 0)
        fprintf(out, "stscan: %s: dropped %" PRIu64 " bytes at offset %" PRIu64 ", a torn tail (%s)\n",
                torn->file, torn->bytes, torn->offset, torn->why);
    if (r->n_foreign > 0)
        fprintf(out,
                "stscan: %s: passed over %" PRIu64
                " records of kinds that only a later version knows; they stay there\n",
                r->path, r->n_foreign);
    fprintf(out,
            "stscan: %s goes on: %" PRIu64
            " names have their record, %zu of them are asked again; taken up: %" PRIu64 " MX hosts, %" PRIu64
            " endpoints, %" PRIu64 " policies\n",
            r->path, before->done.n, before->again[REC_domain].n, r->n_hosts, r->n_endpoints, r->n_policies);
}
