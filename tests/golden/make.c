/* make.c - writes the golden scan: golden_make CERTIFICATES OUTPUT [stopped|later]. With "stopped", the same
 * scan as one that was stopped early: the first frames, and an end record that says why. With "later", as by
 * a later version: a record of a kind that is not known yet before those of every frame, and one frame of it.
 */
#include "sinks/writer.h"
#include "tests/golden/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNTS_MOST 64

static const uint8_t foreign[] = "\x82\xa1k\x09\xa1x\x01"; /* k: 9, x: 1 */
#define FOREIGN_BYTES (sizeof(foreign) - 1)

struct made {
    bool is_later;
    struct scan_writer *writer;
    struct rec_buf raw;
    struct rec_count counts[COUNTS_MOST];
    uint32_t n_counts;
};

static void count(struct made *m, enum rec_kind kind, uint64_t oc)
{
    uint32_t i = 0;

    while (i < m->n_counts && (m->counts[i].kind != kind || m->counts[i].oc != oc))
        i++;
    if (i == m->n_counts && m->n_counts < COUNTS_MOST)
        m->counts[m->n_counts++] = (struct rec_count){.kind = kind, .oc = oc};
    m->counts[i].n++;
}

/* The frame of `m->raw` with one record more. */
static int put_later(struct made *m, struct frame_info *info, struct sts_err *err)
{
    uint8_t *both = malloc(FOREIGN_BYTES + m->raw.len);
    int rc;

    if (both == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    memcpy(both, foreign, FOREIGN_BYTES);
    memcpy(both + FOREIGN_BYTES, m->raw.p, m->raw.len);
    info->n_records++;
    info->raw_bytes += FOREIGN_BYTES;
    rc = scan_writer_put(m->writer, info, both, err);
    free(both);
    return rc;
}

static int put(struct made *m, const struct golden_frame *frame, struct sts_err *err)
{
    struct frame_info info = {.kind = frame->kind, .n_records = frame->n};

    m->raw.len = 0;
    for (uint32_t i = 0; i < frame->n; i++) {
        const void *record = (const char *)frame->records + i * rec_schema(frame->kind)->size_bytes;
        uint64_t pos = frame->kind == REC_domain ? ((const struct rec_domain *)record)->pos : 0;

        if (rec_encode(&m->raw, frame->kind, record) != STS_OK)
            return sts_fail(err, STS_ENOMEM, "out of memory");
        info.first_pos = i == 0 || pos < info.first_pos ? pos : info.first_pos;
        info.last_pos = pos > info.last_pos ? pos : info.last_pos;
        if (frame->kind != REC_cert)
            count(m, frame->kind, rec_outcome(frame->kind, record));
    }
    info.raw_bytes = m->raw.len;
    return m->is_later ? put_later(m, &info, err) : scan_writer_put(m->writer, &info, m->raw.p, err);
}

static int put_foreign(struct made *m, struct sts_err *err)
{
    struct frame_info info = {
        .kind = (enum rec_kind)REC_KIND_LIMIT, .n_records = 1, .raw_bytes = FOREIGN_BYTES};

    return scan_writer_put(m->writer, &info, foreign, err);
}

static int write_all(struct made *m, bool stopped, struct sts_err *err)
{
    const struct golden_frame certs = {REC_cert, golden_certs, GC_LIMIT};
    struct rec_end end = {.end_ms = golden_scan.start_ms + 900000,
                          .positions = 14,
                          .last_pos = 14,
                          .complete = true,
                          .input_digest = {"input-digest-of-the-golden-scan-32", 34},
                          .queries = 77,
                          .connects = 21,
                          .loop_gaps = 1};
    int rc = put(m, &certs, err);

    for (unsigned i = 0; rc == STS_OK && i < (stopped ? GOLDEN_STOPPED_FRAMES : golden_n_frames); i++)
        rc = put(m, &golden_frames[i], err);
    if (rc == STS_OK && m->is_later)
        rc = put_foreign(m, err);
    if (stopped) {
        end.complete = false;
        end.reason = sts_str("SIGINT");
        end.positions = end.last_pos = 8;
    }
    end.counts.v = m->counts;
    end.counts.n = m->n_counts;
    return scan_writer_close(m->writer, rc == STS_OK ? &end : NULL, err);
}

int main(int argc, char **argv)
{
    const struct scan_writer_options options = {.level = 19};
    struct made *m = calloc(1, sizeof(*m));
    struct sts_err err = {0};
    struct sink *sink;

    if (argc < 3 || m == NULL) {
        fputs("golden_make CERTIFICATES OUTPUT [stopped|later]\n", stderr);
        return 2;
    }
    m->is_later = argc > 3 && strcmp(argv[3], "later") == 0;
    if (!golden_load_certs(argv[1]))
        sts_fail(&err, STS_EIO, "%s: cannot read the certificates", argv[1]);
    if (err.code == STS_OK && sink_dir_open(argv[2], &sink, &err) == STS_OK &&
        scan_writer_new(&m->writer, sink, &golden_scan, &options, &err) == STS_OK)
        (void)!write_all(m, argc > 3 && !m->is_later, &err);
    rec_buf_fini(&m->raw);
    free(m);
    if (err.code != STS_OK)
        fprintf(stderr, "golden_make: %s\n", err.msg);
    return err.code == STS_OK ? 0 : 2;
}
