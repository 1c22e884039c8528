/* reader_private.h - shared by reader.c and salvage.c: the index of a scan. */
#ifndef STS_READER_PRIVATE_H
#define STS_READER_PRIVATE_H
#include "sinks/reader.h"

struct part {
    char *name;
    int fd;
};

struct entry { /* a frame */
    uint32_t part;
    uint64_t offset; /* of its header */
    struct frame_info info;
};

struct scan_reader {
    char *name;
    struct part *parts;
    uint32_t n_parts, n_listed; /* n_listed: as many as there will be */
    struct entry *entries;
    size_t n_entries, size_entries;
    uint64_t bytes;
    uint8_t *packed, *raw; /* of the frame being read */
    size_t packed_size, raw_size;
    struct arena arena;
    bool skip_bad;
    const char *advice; /* behind messages on damage; "" for none */
    struct scan_losses losses;
    bool has_torn;
    struct scan_loss torn; /* the torn tail of the last part */
};

/* Read exactly `len` bytes at `offset`; STS_EEND when the file ends before. */
int reader_read_at(const struct part *part, uint64_t offset, uint8_t *to, uint64_t len,
                   struct sts_err *err) STS_CHECK;
int reader_add(struct scan_reader *r, const struct entry *entry, struct sts_err *err) STS_CHECK;
/* At least `need` bytes at *p. */
int reader_grow(uint8_t **p, size_t *size, uint64_t need, struct sts_err *err) STS_CHECK;
/* A frame's records into r->raw. STS_EFORMAT: it is damaged. */
int reader_load(struct scan_reader *r, const struct entry *e, struct sts_err *err) STS_CHECK;
/* The records of the frame in r->raw. */
int reader_each_loaded(struct scan_reader *r, const struct entry *e, scan_record_fn fn, void *arg,
                       struct sts_err *err) STS_CHECK;

/* salvage.c: indexes the frames in [from, size) of a part that can be read to their end, each of them tried;
 * notes what is lost. */
int salvage_part(struct scan_reader *r, uint32_t number, uint64_t from, uint64_t size,
                 struct sts_err *err) STS_CHECK;

/* part.c: indexes the frames of a part by their headers. STS_EFORMAT: it is damaged. The last part may have a
 * torn tail, which is noted. */
int part_index(struct scan_reader *r, uint32_t number, bool is_last, uint64_t size,
               struct sts_err *err) STS_CHECK;
#endif
