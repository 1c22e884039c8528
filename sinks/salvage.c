/* salvage.c - reads on past damage: finds the frames of a part that are whole, and notes what is lost. */
#include "sinks/reader_private.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define SEARCH_BYTES (256u << 10)

/* The first header in p[0..len); false: none. Its checksum tells it from bytes that look like one. */
static bool find_in(const uint8_t *p, size_t len, size_t *at)
{
    static const uint8_t magic[] = {0x53, 0x2A, 0x4D, 0x18}; /* as frame_header_encode() begins */
    struct frame_info info;

    for (size_t from = 0; len - from >= FRAME_HEADER_BYTES; from++) {
        const uint8_t *hit = memmem(p + from, len - from, magic, sizeof(magic));

        if (hit == NULL || len - (size_t)(hit - p) < FRAME_HEADER_BYTES)
            return false;
        from = (size_t)(hit - p);
        if (frame_header_decode(hit, &info) == STS_OK) {
            *at = from;
            return true;
        }
    }
    return false;
}

/* The next header of a frame in [from, size) of a part: STS_OK with its offset, STS_EEND for none. */
static int salvage_find(struct scan_reader *r, const struct part *part, uint64_t from, uint64_t size,
                        uint64_t *offset, struct sts_err *err)
{
    while (from < size && size - from >= FRAME_HEADER_BYTES) {
        uint64_t len = size - from < SEARCH_BYTES ? size - from : SEARCH_BYTES;
        size_t at;
        int rc = reader_grow(&r->packed, &r->packed_size, len, err);

        if (rc == STS_OK)
            rc = reader_read_at(part, from, r->packed, len, err);
        if (rc != STS_OK)
            return rc;
        if (find_in(r->packed, len, &at)) {
            *offset = from + at;
            return STS_OK;
        }
        from += len - (FRAME_HEADER_BYTES - 1); /* one may lie across */
    }
    return STS_EEND;
}

static void note(struct scan_reader *r, const struct scan_loss *loss)
{
    struct scan_losses *all = &r->losses;

    if (all->n < SCAN_LOSSES_KEPT)
        all->v[all->n] = *loss;
    all->n++;
    all->bytes += loss->bytes;
    if (!loss->has_header) {
        all->headless++;
        return;
    }
    all->frames++;
    all->records += loss->info.n_records;
    all->kinds |= loss->info.kind < 32 ? REC_MASK(loss->info.kind) : 0;
}

static int ignore(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                  struct sts_err *err)
{
    (void)arg, (void)kind, (void)record, (void)place, (void)err;
    return STS_OK;
}

/* Is it whole, down to its last record? STS_EFORMAT: no, and *why says so. */
static int try_frame(struct scan_reader *r, const struct entry *e, const char **why, struct sts_err *err)
{
    struct sts_err trial = {0};

    *why = "checksum or compression is wrong";
    if (reader_load(r, e, &trial) == STS_OK) {
        *why = "its records are wrong";
        (void)!reader_each_loaded(r, e, ignore, NULL, &trial);
    }
    if (trial.code != STS_OK && trial.code != STS_EFORMAT) /* not what is in the file, but our own failure */
        *err = trial;
    return trial.code;
}

/* Does a frame, or the end of the part, stand at `offset`? */
static bool is_boundary(const struct part *part, uint64_t offset, uint64_t size)
{
    uint8_t header[FRAME_HEADER_BYTES];
    struct sts_err trial = {0};
    struct frame_info info;

    return offset == size ||
           (offset < size && reader_read_at(part, offset, header, sizeof(header), &trial) == STS_OK &&
            frame_header_decode(header, &info) == STS_OK);
}

/* A frame behind a destroyed header tells its own length: so nothing within it, which may be bytes that a
 * peer sent, is taken for a header. 0: there is none such. */
static uint64_t frame_behind(struct scan_reader *r, const struct part *part, uint64_t offset, uint64_t size)
{
    uint64_t len = size - offset, most = ZSTD_compressBound(FRAME_MOST_RAW_BYTES);
    struct sts_err trial = {0};
    size_t found;

    len = len < most ? len : most;
    if (reader_grow(&r->packed, &r->packed_size, len, &trial) != STS_OK ||
        reader_read_at(part, offset, r->packed, len, &trial) != STS_OK)
        return 0;
    found = ZSTD_findFrameCompressedSize(r->packed, len);
    return ZSTD_isError(found) ? 0 : found;
}

/* How far whole frames follow one another from `at` on, `to` at most. */
static int follow(struct scan_reader *r, uint32_t number, uint64_t at, uint64_t to, uint64_t *end,
                  struct sts_err *err)
{
    for (*end = at; to - *end >= FRAME_HEADER_BYTES;) {
        struct entry entry = {.part = number, .offset = *end};
        uint8_t header[FRAME_HEADER_BYTES];
        const char *why;

        if (reader_read_at(&r->parts[number], *end, header, sizeof(header), err) != STS_OK ||
            frame_header_decode(header, &entry.info) != STS_OK ||
            to - *end - FRAME_HEADER_BYTES < entry.info.packed_bytes ||
            try_frame(r, &entry, &why, err) != STS_OK)
            break;
        *end += FRAME_HEADER_BYTES + entry.info.packed_bytes;
    }
    return err->code;
}

/* The damaged frame should end at *next. Where bytes of it are missing, the frames behind it begin before
 * that and lead there: *next becomes the first of them. Bytes of a peer that look like frames lead nowhere;
 * nor do frames in front of a second damaged place, which are lost with it then. */
static int shorten(struct scan_reader *r, uint32_t number, uint64_t from, uint64_t *next, struct sts_err *err)
{
    uint64_t at, end;
    int rc;

    while ((rc = salvage_find(r, &r->parts[number], from, *next, &at, err)) == STS_OK) {
        if (follow(r, number, at, *next, &end, err) != STS_OK)
            return err->code;
        if (end == *next) {
            *next = at;
            return STS_OK;
        }
        from = end > at ? end : at + 1;
    }
    return rc == STS_EEND ? STS_OK : rc;
}

/* Where to read on behind the damage at loss->offset; sets loss->bytes. */
static int resume(struct scan_reader *r, uint32_t number, uint64_t size, struct scan_loss *loss,
                  struct sts_err *err)
{
    const struct part *part = &r->parts[number];
    uint64_t body = loss->offset + FRAME_HEADER_BYTES, next = body;
    uint64_t from = loss->has_header ? body : loss->offset + 1;
    int rc;

    if (loss->has_header && size - body >= loss->info.packed_bytes)
        next = body + loss->info.packed_bytes;
    else if (!loss->has_header && body < size)
        next = body + frame_behind(r, part, body, size);
    if (next != body && is_boundary(part, next, size))
        rc = shorten(r, number, from, &next, err);
    else
        rc = salvage_find(r, part, from, size, &next, err);
    if (rc == STS_EEND)
        next = size;
    loss->bytes = next - loss->offset;
    return rc == STS_EEND ? STS_OK : rc;
}

int salvage_part(struct scan_reader *r, uint32_t number, uint64_t from, uint64_t size, struct sts_err *err)
{
    const struct part *part = &r->parts[number];
    uint64_t offset = from;

    while (offset < size) {
        uint8_t header[FRAME_HEADER_BYTES];
        struct entry entry = {.part = number, .offset = offset};
        struct scan_loss loss = {.file = part->name, .offset = offset, .why = "ends early"};
        int rc = reader_read_at(part, offset, header, sizeof(header), err);

        if (rc == STS_OK && frame_header_decode(header, &entry.info) != STS_OK) {
            loss.why = "no frame begins here";
            rc = STS_EFORMAT;
        } else if (rc == STS_OK) {
            loss.has_header = true;
            loss.info = entry.info;
            rc = size - offset - FRAME_HEADER_BYTES < entry.info.packed_bytes
                     ? STS_EEND
                     : try_frame(r, &entry, &loss.why, err);
        }
        if (err->code != STS_OK)
            return err->code;
        if (rc == STS_OK) {
            if (reader_add(r, &entry, err) != STS_OK)
                return err->code;
            offset += FRAME_HEADER_BYTES + entry.info.packed_bytes;
            continue;
        }
        if (resume(r, number, size, &loss, err) != STS_OK)
            return err->code;
        note(r, &loss);
        offset += loss.bytes;
    }
    return STS_OK;
}
