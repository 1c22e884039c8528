/* records.c - what writing costs: the records of a scan are packed and compressed again, by the outbox of the
 * worker and the writer of the scan, into nothing. CPU time of each, by kind, as JSON.
 *
 *     records SCAN LEVEL ROUNDS
 *
 * Records come a few hundred at a time from their bytes, outside of what is measured: a worker's are in the
 * cache, too, when it packs them. */
#include "scanner/outbox.h"
#include "scanner/scan.h"
#include "sinks/json.h"
#include "sinks/reader.h"

#include <stdlib.h>
#include <string.h>

#define GROUP_RECORDS 256 /* of one kind, decoded at a time */
#define QUEUE_CHUNKS  32

struct group {
    struct group *next;
    enum rec_kind kind;
    uint32_t n;
    struct rec_buf buf;
};
struct figures {
    uint64_t n, raw_bytes, packed_bytes;
    double pack_us, compress_us;
};
struct bench {
    struct group *first, **last, *open;
    struct scan scan; /* only its queue of frames is there */
    struct outbox *outbox;
    struct scan_writer *writer;
    struct arena arena;
    struct figures kinds[REC_KIND_LIMIT];
    struct sts_err err;
};

static double cpu_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int no_memory(struct sts_err *err)
{
    return sts_fail(err, STS_ENOMEM, "out of memory");
}

/* ---- the records of the scan, kept as bytes ---- */

static int keep(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                struct sts_err *err)
{
    struct bench *b = arg;
    struct group *g = b->open;

    (void)place;
    if (record == NULL)
        return STS_OK;
    if (g == NULL || g->kind != kind || g->n == GROUP_RECORDS) {
        g = b->open = *b->last = calloc(1, sizeof(*g));
        if (g == NULL)
            return no_memory(err);
        b->last = &g->next;
        g->kind = kind;
    }
    g->n++;
    return rec_encode(&g->buf, kind, record) == STS_OK ? STS_OK : no_memory(err);
}

static int read_scan(struct bench *b, const char *path)
{
    struct scan_reader *reader;

    b->last = &b->first;
    if (scan_reader_open(&reader, path, &b->err) != STS_OK)
        return b->err.code;
    if (scan_reader_each(reader, REC_MASK_ALL, keep, b, &b->err) != STS_OK)
        b->open = NULL;
    scan_reader_close(reader);
    return b->err.code;
}

/* ---- a sink that keeps nothing ---- */

static int nothing_put(struct sink *s, struct sts_str frame, struct sts_err *err)
{
    (void)s, (void)frame, (void)err;
    return STS_OK;
}

static int nothing(struct sink *s, struct sts_err *err)
{
    (void)s, (void)err;
    return STS_OK;
}

static int open_writer(struct bench *b, int level)
{
    static const struct sink_ops ops = {nothing_put, NULL, nothing, nothing};
    static struct sink sink = {&ops};
    const struct scan_writer_options options = {level, 0};
    const struct rec_scan record = {.schema = REC_SCHEMA_VERSION};

    return scan_writer_new(&b->writer, &sink, &record, &options, &b->err);
}

/* ---- once more ---- */

/* Be the writer: compress what frames there are. */
static int write_frames(struct bench *b)
{
    struct chunk *chunk;

    outbox_turn(b->outbox);
    while ((chunk = (struct chunk *)fifo_try_pop(&b->scan.chunks)) != NULL) {
        struct figures *f = &b->kinds[chunk->info.kind];
        double began_us = cpu_us();
        int rc = scan_writer_put(b->writer, &chunk->info, chunk->buf.p, &b->err);

        f->raw_bytes += chunk->info.raw_bytes;
        f->packed_bytes += FRAME_HEADER_BYTES + chunk->info.packed_bytes;
        chunk_free(chunk);
        f->compress_us += cpu_us() - began_us;
        if (rc != STS_OK)
            return rc;
    }
    return STS_OK;
}

static int pack_group(struct bench *b, const struct group *g)
{
    struct figures *f = &b->kinds[g->kind];
    void *records[GROUP_RECORDS];
    size_t at = 0, used = 0;
    enum rec_kind kind;
    double began_us;
    uint32_t i;

    arena_reset(&b->arena);
    for (i = 0; i < g->n; i++, at += used) {
        if (rec_decode(g->buf.p + at, g->buf.len - at, &b->arena, &kind, &records[i], &used) != STS_OK)
            return no_memory(&b->err);
    }
    began_us = cpu_us();
    for (i = 0; i < g->n; i++)
        outbox_put(b->outbox, g->kind, records[i], 0);
    f->pack_us += cpu_us() - began_us;
    f->n += g->n;
    return write_frames(b);
}

static int once_more(struct bench *b)
{
    for (const struct group *g = b->first; g != NULL; g = g->next) {
        if (pack_group(b, g) != STS_OK)
            return b->err.code;
    }
    outbox_flush(b->outbox);
    return write_frames(b);
}

/* ---- what is told ---- */

static void put_figures(struct json *j, const char *key, const struct figures *f, unsigned rounds)
{
    double n = f->n > 0 ? (double)f->n : 1;

    json_object(j, key);
    json_uint(j, "records", f->n / rounds);
    json_uint(j, "raw_bytes", f->raw_bytes / rounds);
    json_uint(j, "packed_bytes", f->packed_bytes / rounds);
    json_uint(j, "pack_ns", (uint64_t)(f->pack_us * 1000 / n)); /* a record */
    json_uint(j, "compress_ns", (uint64_t)(f->compress_us * 1000 / n));
    json_object_end(j);
}

static void tell(const struct bench *b, unsigned rounds)
{
    struct figures sum = {0};
    struct json j;

    json_init(&j, stdout);
    json_object(&j, NULL);
    for (unsigned kind = 0; kind < REC_KIND_LIMIT; kind++) {
        const struct figures *f = &b->kinds[kind];

        if (f->n == 0)
            continue;
        put_figures(&j, rec_kind_name(kind), f, rounds);
        sum.n += f->n;
        sum.raw_bytes += f->raw_bytes;
        sum.packed_bytes += f->packed_bytes;
        sum.pack_us += f->pack_us;
        sum.compress_us += f->compress_us;
    }
    put_figures(&j, "all", &sum, rounds);
    json_object_end(&j);
}

static void release(struct bench *b)
{
    struct sts_err ignored = {0};

    while (b->first != NULL) {
        struct group *next = b->first->next;

        rec_buf_fini(&b->first->buf);
        free(b->first);
        b->first = next;
    }
    if (b->writer != NULL)
        (void)!scan_writer_close(b->writer, NULL, &ignored);
    outbox_free(b->outbox);
    arena_fini(&b->arena);
    fifo_fini(&b->scan.chunks);
}

int main(int argc, char **argv)
{
    static struct bench b;
    unsigned rounds = argc == 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    int rc = STS_ENOMEM;

    if (rounds == 0) {
        fprintf(stderr, "usage: records SCAN LEVEL ROUNDS\n");
        return 1;
    }
    b.outbox = outbox_new(&b.scan);
    if (b.outbox == NULL || fifo_init(&b.scan.chunks, QUEUE_CHUNKS) != STS_OK)
        return 1;
    if (read_scan(&b, argv[1]) == STS_OK)
        rc = open_writer(&b, (int)strtol(argv[2], NULL, 10));
    for (unsigned i = 0; i < rounds && rc == STS_OK; i++)
        rc = once_more(&b);
    if (rc == STS_OK)
        tell(&b, rounds);
    else
        fprintf(stderr, "records: %s\n", b.err.msg);
    release(&b);
    return rc == STS_OK ? 0 : 1;
}
