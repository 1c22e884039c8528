#include "scanner/output.h"

#include "scanner/outbox.h"

#define NS_PER_MS 1000000

/* After a failure frames are still taken, so that no worker waits; they are lost, and the scan is being
 * stopped. */
static void put(struct output *out, struct chunk *chunk)
{
    if (out->err.code == STS_OK &&
        scan_writer_put(out->writer, &chunk->info, chunk->buf.p, &out->err) != STS_OK)
        scan_fail(out->scan, &out->err);
    atomic_store_explicit(&out->bytes, scan_writer_bytes(out->writer), memory_order_relaxed);
    chunk_free(chunk);
}

static void sync_to_disk(struct output *out)
{
    if (out->err.code == STS_OK && scan_writer_sync(out->writer, &out->err) != STS_OK)
        scan_fail(out->scan, &out->err);
}

static void run(void *arg)
{
    struct output *out = arg;
    struct fifo *queue = &out->scan->chunks;
    int64_t synced_ns = scan_clock_ns();
    bool dirty = false;

    while (!fifo_is_done(queue)) {
        struct chunk *chunk = (struct chunk *)fifo_pop(queue, (uint32_t)out->flush_ms);

        if (chunk != NULL) {
            put(out, chunk);
            dirty = true;
        }
        if (dirty && scan_clock_ns() - synced_ns >= (int64_t)out->flush_ms * NS_PER_MS) {
            sync_to_disk(out);
            synced_ns = scan_clock_ns();
            dirty = false;
        }
    }
}

int output_start(struct output *out, struct scan *scan, struct sink *sink, const struct rec_scan *record,
                 struct sts_err *err)
{
    const struct options *o = scan->options;
    const struct scan_writer_options options = {(int)o->compression_level, o->part_size_bytes};

    out->scan = scan;
    out->flush_ms = o->flush_seconds * 1000;
    if (scan_writer_new(&out->writer, sink, record, &options, err) != STS_OK)
        return err->code;
    if (uv_thread_create(&out->thread, run, out) != 0) {
        struct sts_err ignored = {0};

        (void)!scan_writer_close(out->writer, NULL, &ignored);
        return sts_fail(err, STS_ESYS, "cannot start the writer's thread: memory or threads are out");
    }
    out->started = true;
    return STS_OK;
}

int output_join(struct output *out, const struct rec_end *end)
{
    if (!out->started)
        return STS_OK;
    fifo_close(&out->scan->chunks);
    uv_thread_join(&out->thread);
    out->started = false;
    return scan_writer_close(out->writer, out->err.code == STS_OK ? end : NULL, &out->err);
}
