/* part.c - the frames of a part, found by their headers; of the last part, where the torn tail begins.
 * Frames are written one behind the other, so a scan that is still being written, or was killed, or lost its
 * power, is whole up to some place. After a power cut zeros may stand behind it, and a frame whose header
 * came to the disk and whose body did not. */
#include "sinks/reader_private.h"

#include <inttypes.h>

/* Indexes frames up to the first that is not whole by its header; that and all behind it is `rest`. */
static int walk(struct scan_reader *r, uint32_t number, uint64_t size, struct scan_loss *rest,
                struct sts_err *err)
{
    const struct part *part = &r->parts[number];

    *rest = (struct scan_loss){.file = part->name,
                               .bytes = size,
                               .why = size > 0 ? "ends within a frame" : "nothing was written to it"};
    while (rest->bytes >= FRAME_HEADER_BYTES) {
        uint8_t header[FRAME_HEADER_BYTES];
        struct entry entry = {.part = number, .offset = rest->offset};
        uint64_t len;
        int rc = reader_read_at(part, rest->offset, header, sizeof(header), err);

        if (rc != STS_OK)
            return rc == STS_EEND ? STS_OK : rc; /* it has become shorter */
        if (frame_header_decode(header, &entry.info) != STS_OK) {
            rest->why = "no frame begins here";
            return STS_OK;
        }
        len = FRAME_HEADER_BYTES + entry.info.packed_bytes;
        if (rest->bytes < len) {
            rest->has_header = true;
            rest->info = entry.info;
            return STS_OK;
        }
        if (reader_add(r, &entry, err) != STS_OK)
            return err->code;
        rest->offset += len;
        rest->bytes -= len;
    }
    return STS_OK;
}

/* Is there a frame in `rest` that is whole? Not where a header says that its frame goes on to the end: what
 * looks like a frame in there may be bytes that a peer sent. */
static int holds_frame(struct scan_reader *r, uint32_t number, const struct scan_loss *rest, bool *holds,
                       struct sts_err *err)
{
    size_t n_entries = r->n_entries;
    struct scan_losses losses = r->losses;

    *holds = false;
    if (rest->has_header)
        return STS_OK;
    if (salvage_part(r, number, rest->offset, rest->offset + rest->bytes, err) != STS_OK)
        return err->code;
    *holds = r->n_entries > n_entries;
    r->n_entries = n_entries;
    r->losses = losses;
    return STS_OK;
}

static int damaged(const struct scan_reader *r, const struct scan_loss *rest, struct sts_err *err)
{
    if (rest->has_header || rest->bytes < FRAME_HEADER_BYTES)
        return sts_fail(err, STS_EFORMAT,
                        "%s: ends within a frame: the frame at offset %" PRIu64 " has %" PRIu64
                        " bytes left%s",
                        rest->file, rest->offset, rest->bytes, r->advice);
    return sts_fail(err, STS_EFORMAT, "%s: no frame of a scan at offset %" PRIu64 ": the file is damaged%s",
                    rest->file, rest->offset, r->advice);
}

/* Frames at the end whose bytes did not all come to the disk join `rest`. */
static int drop_bad(struct scan_reader *r, size_t first, struct scan_loss *rest, struct sts_err *err)
{
    for (; r->n_entries > first; r->n_entries--) {
        const struct entry *last = &r->entries[r->n_entries - 1];
        struct sts_err trial = {0};

        if (reader_load(r, last, &trial) == STS_OK)
            break;
        if (trial.code != STS_EFORMAT) { /* our own failure */
            *err = trial;
            return err->code;
        }
        rest->bytes += rest->offset - last->offset;
        rest->offset = last->offset;
        rest->has_header = true;
        rest->info = last->info;
        rest->why = "checksum or compression is wrong";
    }
    return STS_OK;
}

int part_index(struct scan_reader *r, uint32_t number, bool is_last, uint64_t size, struct sts_err *err)
{
    size_t first = r->n_entries;
    struct scan_loss rest;
    bool is_damage = !is_last;

    if (walk(r, number, size, &rest, err) != STS_OK)
        return err->code;
    if (is_last && holds_frame(r, number, &rest, &is_damage, err) != STS_OK)
        return err->code;
    if (is_damage && rest.bytes > 0)
        return damaged(r, &rest, err);
    if (!is_last || drop_bad(r, first, &rest, err) != STS_OK)
        return err->code;
    r->has_torn = rest.bytes > 0 || size == 0;
    r->torn = rest;
    r->bytes -= rest.bytes;
    return STS_OK;
}
