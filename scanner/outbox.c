#include "scanner/outbox.h"

#include "scanner/keyset.h"
#include "scanner/memory.h"
#include "scanner/scan.h"

#include <stdlib.h>
#include <string.h>

struct collected { /* records of one kind that make no frame yet */
    struct rec_buf buf;
    uint32_t n;
    uint64_t first_pos, last_pos;
};
struct outbox {
    struct scan *scan;
    struct collected kinds[REC_KIND_LIMIT];
    struct fifo_item *first, **last; /* frames that the writer's queue had no room for */
    struct keyset certs;             /* written by this worker */
    bool misses_frame;               /* one could not be made */
    uint64_t counts[REC_KIND_LIMIT][OUTCOME_LIMIT];
};

struct outbox *outbox_new(struct scan *scan)
{
    struct outbox *o = calloc(1, sizeof(*o));

    if (o == NULL)
        return NULL;
    o->scan = scan;
    o->last = &o->first;
    return o;
}

void chunk_free(struct chunk *chunk)
{
    rec_buf_fini(&chunk->buf);
    free(chunk);
}

void outbox_free(struct outbox *o)
{
    if (o == NULL)
        return;
    while (o->first != NULL) {
        struct chunk *chunk = (struct chunk *)o->first;

        o->first = chunk->item.next;
        chunk_free(chunk);
    }
    for (unsigned kind = 0; kind < REC_KIND_LIMIT; kind++)
        rec_buf_fini(&o->kinds[kind].buf);
    keyset_fini(&o->certs);
    free(o);
}

static void no_memory(struct outbox *o)
{
    struct sts_err err = {0};

    (void)sts_fail(&err, STS_ENOMEM, "out of memory for records");
    scan_fail(o->scan, &err);
}

/* None after one that could not be made: it may cite certificates of that one. */
static void make_frame(struct outbox *o, enum rec_kind kind)
{
    struct collected *c = &o->kinds[kind];
    struct chunk *chunk;

    if (c->n == 0 || o->misses_frame)
        return;
    chunk = calloc(1, sizeof(*chunk));
    if (chunk == NULL) {
        o->misses_frame = true;
        no_memory(o);
        return;
    }
    chunk->info = (struct frame_info){.kind = kind,
                                      .n_records = c->n,
                                      .first_pos = c->first_pos,
                                      .last_pos = c->last_pos,
                                      .raw_bytes = c->buf.len};
    chunk->buf = c->buf;
    memset(c, 0, sizeof(*c));
    *o->last = &chunk->item;
    o->last = &chunk->item.next;
}

void outbox_put(struct outbox *o, enum rec_kind kind, const void *record, uint64_t pos)
{
    struct collected *c = &o->kinds[kind];

    if (atomic_load(&o->scan->failed))
        return;
    if (rec_outcome(kind, record) == OC_OUR_MEMORY || memory_is_out() ||
        rec_encode(&c->buf, kind, record) != STS_OK) {
        no_memory(o);
        return;
    }
    if (c->n == 0 || pos < c->first_pos)
        c->first_pos = pos;
    if (pos > c->last_pos)
        c->last_pos = pos;
    c->n++;
    o->counts[kind][rec_outcome(kind, record)]++;
    if (c->buf.len >= FRAME_RAW_BYTES) {
        if (kind == REC_endpoint || kind == REC_policy)
            make_frame(o, REC_cert); /* before what cites them */
        make_frame(o, kind);
    }
}

void outbox_cert(struct outbox *o, const uint8_t digest[32], const uint8_t *der, size_t len, bool trusted)
{
    struct rec_cert cert = {
        .digest = {(const char *)digest, 32}, .der = {(const char *)der, (uint32_t)len}, .trusted = trusted};
    struct key128 key;
    int added;

    memcpy(&key, digest, sizeof(key));
    added = keyset_add(&o->certs, key);
    if (added < 0)
        no_memory(o);
    else if (added > 0)
        outbox_put(o, REC_cert, &cert, 0);
}

void outbox_flush(struct outbox *o)
{
    make_frame(o, REC_cert);
    for (unsigned kind = REC_NONE + 1; kind < REC_KIND_LIMIT; kind++)
        make_frame(o, (enum rec_kind)kind);
}

bool outbox_is_behind(const struct outbox *o)
{
    return o->first != NULL;
}

bool outbox_turn(struct outbox *o)
{
    while (o->first != NULL) {
        struct fifo_item *item = o->first, *next = item->next;

        if (!fifo_try_push(&o->scan->chunks, item))
            return false;
        o->first = next;
        if (next == NULL)
            o->last = &o->first;
    }
    return true;
}

void outbox_add_counts(const struct outbox *o, uint64_t totals[REC_KIND_LIMIT][OUTCOME_LIMIT])
{
    for (unsigned kind = 0; kind < REC_KIND_LIMIT; kind++) {
        for (unsigned oc = 0; oc < OUTCOME_LIMIT; oc++)
            totals[kind][oc] += o->counts[kind][oc];
    }
}
