#include "sinks/writer.h"

#include <stdlib.h>

struct scan_writer {
    struct sink *sink;
    struct frame_packer *packer;
    struct rec_buf scan_record; /* encoded; it begins every part */
    uint64_t part_size_bytes, part_bytes, total_bytes;
};

static int put_frame(struct scan_writer *w, struct frame_info *info, const uint8_t *raw, struct sts_err *err)
{
    struct sts_str frame;

    if (frame_pack(w->packer, info, raw, &frame) != STS_OK)
        return sts_fail(err, STS_ENOMEM, "out of memory for a frame of %llu bytes",
                        (unsigned long long)info->raw_bytes);
    if (w->sink->ops->put(w->sink, frame, err) != STS_OK)
        return err->code;
    w->part_bytes += frame.len;
    w->total_bytes += frame.len;
    return STS_OK;
}

static int put_record(struct scan_writer *w, enum rec_kind kind, const struct rec_buf *buf,
                      struct sts_err *err)
{
    struct frame_info info = {.kind = kind, .n_records = 1, .raw_bytes = buf->len};

    return put_frame(w, &info, buf->p, err);
}

int scan_writer_new(struct scan_writer **out, struct sink *sink, const struct rec_scan *scan,
                    const struct scan_writer_options *options, struct sts_err *err)
{
    struct scan_writer *w = calloc(1, sizeof(*w));
    struct sts_err ignored = {0};

    if (w == NULL) {
        (void)sink->ops->close(sink, &ignored);
        return sts_fail(err, STS_ENOMEM, "out of memory");
    }
    w->sink = sink;
    w->part_size_bytes = options->part_size_bytes;
    w->packer = frame_packer_new(options->level);
    if (w->packer == NULL || rec_encode(&w->scan_record, REC_scan, scan) != STS_OK)
        sts_fail(err, STS_ENOMEM, "out of memory");
    else if (put_record(w, REC_scan, &w->scan_record, err) == STS_OK) {
        *out = w;
        return STS_OK;
    }
    if (scan_writer_close(w, NULL, &ignored) != STS_OK)
        return err->code; /* the first failure is the one to tell */
    return err->code;
}

int scan_writer_put(struct scan_writer *w, struct frame_info *info, const uint8_t *raw, struct sts_err *err)
{
    bool full = w->part_size_bytes != 0 && w->part_bytes >= w->part_size_bytes;

    if (full && w->sink->ops->next_part != NULL) {
        if (w->sink->ops->next_part(w->sink, err) != STS_OK)
            return err->code;
        w->part_bytes = 0;
        if (put_record(w, REC_scan, &w->scan_record, err) != STS_OK)
            return err->code;
    }
    return put_frame(w, info, raw, err);
}

int scan_writer_sync(struct scan_writer *w, struct sts_err *err)
{
    return w->sink->ops->sync(w->sink, err);
}

uint64_t scan_writer_bytes(const struct scan_writer *w)
{
    return w->total_bytes;
}

int scan_writer_close(struct scan_writer *w, const struct rec_end *end, struct sts_err *err)
{
    struct rec_buf buf = {0};
    struct sts_err late = {0};

    if (end != NULL && rec_encode(&buf, REC_end, end) != STS_OK)
        sts_fail(err, STS_ENOMEM, "out of memory");
    else if (end != NULL)
        (void)!put_record(w, REC_end, &buf, err);
    if (w->sink->ops->close(w->sink, &late) != STS_OK)
        sts_fail(err, late.code, "%s", late.msg);
    rec_buf_fini(&buf);
    rec_buf_fini(&w->scan_record);
    frame_packer_free(w->packer);
    free(w);
    return err->code;
}
