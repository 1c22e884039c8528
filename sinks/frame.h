/* frame.h - one frame of the record stream: a zstd skippable frame that describes, then a zstd frame that
 * holds whole records of one kind and decodes alone. Thread: any; a frame_packer belongs to one thread. */
#ifndef STS_FRAME_H
#define STS_FRAME_H
#include "sinks/base.h"
#include "sinks/record.h"

#define FRAME_HEADER_BYTES   64           /* the skippable frame, its own 8 bytes included */
#define FRAME_RAW_BYTES      (1u << 20)   /* records are collected up to about this size */
#define FRAME_MOST_RAW_BYTES (128u << 20) /* a header that says more is damage */

struct frame_info {
    enum rec_kind kind; /* may be a number that this version does not know */
    uint32_t n_records;
    uint64_t first_pos, last_pos; /* lowest and highest position in a frame of domains; else 0 */
    uint64_t packed_bytes;        /* of the zstd frame behind the header */
    uint64_t raw_bytes;           /* of the records */
};

void frame_header_encode(const struct frame_info *info, uint8_t out[FRAME_HEADER_BYTES]);
/* STS_EFORMAT: not the header of a frame. */
int frame_header_decode(const uint8_t in[FRAME_HEADER_BYTES], struct frame_info *info) STS_CHECK;

struct frame_packer;                              /* owns a zstd context and the buffer of its last frame */
struct frame_packer *frame_packer_new(int level); /* zstd level; NULL: no memory */
void frame_packer_free(struct frame_packer *packer);
/* Header and zstd frame of raw[0..info->raw_bytes) in one run of bytes, valid until the next call; sets
 * info->packed_bytes. STS_ENOMEM or STS_ESYS. */
int frame_pack(struct frame_packer *packer, struct frame_info *info, const uint8_t *raw,
               struct sts_str *out) STS_CHECK;
/* Decompress into out[0..info->raw_bytes); the content checksum is verified. STS_EFORMAT with what is wrong.
 */
int frame_unpack(const struct frame_info *info, const uint8_t *packed, uint8_t *out,
                 const char **why) STS_CHECK;
#endif
