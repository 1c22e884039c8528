/* reader.h - reads a scan: a directory of parts, one file, or a stream. Thread: one for each reader.
 * Frame headers are indexed at the start, so that the kinds can be read in any order, each as often as
 * wanted. A pipe is first copied, compressed as it is, into an unnamed temporary file. */
#ifndef STS_READER_H
#define STS_READER_H
#include "sinks/frame.h"

#define REC_MASK(kind) (1u << (kind))
#define REC_MASK_ALL   (~0u)

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
 * or ends within a frame. */
int scan_reader_open(struct scan_reader **out, const char *path, struct sts_err *err) STS_CHECK;
void scan_reader_close(struct scan_reader *r);
const char *scan_reader_name(const struct scan_reader *r); /* for messages */
uint32_t scan_reader_n_parts(const struct scan_reader *r);
uint64_t scan_reader_n_records(const struct scan_reader *r, unsigned kind); /* as the frame headers say */
uint64_t scan_reader_bytes(const struct scan_reader *r);                    /* compressed, all parts */

/* Every record of the kinds in `mask` in the order of the stream. Ends with the first failure, of `fn` too.
 */
int scan_reader_each(struct scan_reader *r, uint32_t mask, scan_record_fn fn, void *arg,
                     struct sts_err *err) STS_CHECK;
#endif
