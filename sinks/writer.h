/* writer.h - writes a scan into a sink: the scan record first in every part, frames, the end record. Thread:
 * one. */
#ifndef STS_WRITER_H
#define STS_WRITER_H
#include "sinks/frame.h"
#include "sinks/sink.h"

struct scan_writer;
struct scan_writer_options {
    int level;                /* zstd, 1 to 19 */
    uint64_t part_size_bytes; /* a new part is begun behind this size; 0: never */
};

/* Takes `sink` over in any case (closes it on failure). Writes the scan record. */
int scan_writer_new(struct scan_writer **out, struct sink *sink, const struct rec_scan *scan,
                    const struct scan_writer_options *options, struct sts_err *err) STS_CHECK;
/* One frame of the records raw[0..info->raw_bytes). Sets info->packed_bytes. After a failure only close may
 * follow. */
int scan_writer_put(struct scan_writer *w, struct frame_info *info, const uint8_t *raw,
                    struct sts_err *err) STS_CHECK;
int scan_writer_sync(struct scan_writer *w, struct sts_err *err) STS_CHECK;
uint64_t scan_writer_bytes(const struct scan_writer *w); /* written, all parts */
/* Writes the end record (none if `end` is NULL), closes the sink, frees `w`. Also on failure. */
int scan_writer_close(struct scan_writer *w, const struct rec_end *end, struct sts_err *err) STS_CHECK;
#endif
