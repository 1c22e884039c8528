/* reader.h - reads a scan: a directory of parts, one file, or a stream. Thread: one for each reader.
 * Frame headers are indexed at the start, so that the kinds can be read in any order, each as often as
 * wanted. A pipe is first copied, compressed as it is, into an unnamed temporary file. */
#ifndef STS_READER_H
#define STS_READER_H
#include "sinks/frame.h"

#define REC_MASK(kind) (1u << (kind))
#define REC_MASK_ALL   (~0u)
#define REC_MASK_REST  31 /* the bit of the kinds from here on: of later versions */

struct scan_reader;

/* Where a record stands. */
struct scan_place {
    const char *file;
    uint64_t offset; /* of its frame */
    uint32_t record; /* its number in the frame, from 0 */
};

/* `record` is a struct rec_<kind>, NULL for a kind that this version does not know. It lives until the call
 * returns. */
typedef int (*scan_record_fn)(void *arg, enum rec_kind kind, const void *record,
                              const struct scan_place *place, struct sts_err *err);

/* `path`: directory, file, or "-" for standard input. STS_EFORMAT (with file and offset) where it is no scan,
 * or is damaged. A torn tail is no damage: see scan_reader_torn(). */
int scan_reader_open(struct scan_reader **out, const char *path, struct sts_err *err) STS_CHECK;

struct scan_reader_options {
    /* Damaged frames are passed over, and what is lost with them, a torn tail too, is noted: see
     * scan_reader_losses(). Every frame is tried once at the start, so that all that is read later is whole.
     */
    bool skip_bad;
    const char *advice;  /* ends every message on damage; "" for none */
    const char *nothing; /* ends the message where nothing whole is there at all; NULL for none */
};
int scan_reader_open_with(struct scan_reader **out, const char *path,
                          const struct scan_reader_options *options, struct sts_err *err) STS_CHECK;
void scan_reader_close(struct scan_reader *r);
const char *scan_reader_name(const struct scan_reader *r);                  /* for messages */
uint32_t scan_reader_n_parts(const struct scan_reader *r);                  /* those with a whole frame */
uint64_t scan_reader_n_records(const struct scan_reader *r, unsigned kind); /* as the frame headers say */
uint64_t scan_reader_n_foreign(const struct scan_reader *r); /* of kinds that this version does not know */
uint64_t scan_reader_bytes(const struct scan_reader *r);     /* compressed, all parts; no torn tail */

/* Bytes in a row that could not be read. */
struct scan_loss {
    const char *file;
    uint64_t offset, bytes;
    bool has_header;        /* it was a frame, and `info` is what its header says */
    struct frame_info info; /* without a header: one frame or more, of unknown kind and size */
    const char *why;
};
#define SCAN_LOSSES_KEPT 20
struct scan_losses {
    struct scan_loss v[SCAN_LOSSES_KEPT]; /* the first of them */
    uint64_t n;
    uint64_t frames, records; /* those with a header */
    uint64_t headless;        /* places without one */
    uint64_t bytes;
    uint32_t kinds; /* REC_MASK() of those with a header */
};
const struct scan_losses *scan_reader_losses(const struct scan_reader *r);

/* What stands behind the last whole frame of the last part: the scan is still being written, or it was cut.
 * Everything before is read, and this is not. NULL: nothing, or `skip_bad` was asked for. `bytes` may be 0: a
 * part that was created and no more. Lives as long as `r`. */
const struct scan_loss *scan_reader_torn(const struct scan_reader *r);

/* Every record of the kinds in `mask` in the order of the stream. Ends with the first failure, of `fn` too.
 */
int scan_reader_each(struct scan_reader *r, uint32_t mask, scan_record_fn fn, void *arg,
                     struct sts_err *err) STS_CHECK;
#endif
