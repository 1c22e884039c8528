#include "sinks/frame.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zstd.h>

/* The header, little endian: skippable magic, its payload size; then "STSF", version, kind, records, 0, first
 * and last position, packed and raw size, XXH64 of all before it. */
#define FRAME_MAGIC   0x184D2A53u /* one of the 16 skippable magics, RFC 8878 section 3.1.2 */
#define FRAME_VERSION 1
#define CHECK_AT      (FRAME_HEADER_BYTES - 8)

static void put_le(uint8_t *p, uint64_t u, unsigned len)
{
    for (unsigned i = 0; i < len; i++)
        p[i] = (uint8_t)(u >> (8 * i));
}

static uint64_t get_le(const uint8_t *p, unsigned len)
{
    uint64_t u = 0;

    for (unsigned i = len; i > 0; i--)
        u = u << 8 | p[i - 1];
    return u;
}

void frame_header_encode(const struct frame_info *info, uint8_t out[FRAME_HEADER_BYTES])
{
    put_le(out, FRAME_MAGIC, 4);
    put_le(out + 4, FRAME_HEADER_BYTES - 8, 4);
    memcpy(out + 8, "STSF", 4);
    put_le(out + 12, FRAME_VERSION, 2);
    put_le(out + 14, info->kind, 2);
    put_le(out + 16, info->n_records, 4);
    put_le(out + 20, 0, 4);
    put_le(out + 24, info->first_pos, 8);
    put_le(out + 32, info->last_pos, 8);
    put_le(out + 40, info->packed_bytes, 8);
    put_le(out + 48, info->raw_bytes, 8);
    put_le(out + CHECK_AT, XXH64(out, CHECK_AT, 0), 8);
}

int frame_header_decode(const uint8_t in[FRAME_HEADER_BYTES], struct frame_info *info)
{
    if (get_le(in, 4) != FRAME_MAGIC || get_le(in + 4, 4) != FRAME_HEADER_BYTES - 8 ||
        memcmp(in + 8, "STSF", 4) != 0 || get_le(in + 12, 2) != FRAME_VERSION ||
        get_le(in + CHECK_AT, 8) != XXH64(in, CHECK_AT, 0))
        return STS_EFORMAT;
    info->kind = (enum rec_kind)get_le(in + 14, 2);
    info->n_records = (uint32_t)get_le(in + 16, 4);
    info->first_pos = get_le(in + 24, 8);
    info->last_pos = get_le(in + 32, 8);
    info->packed_bytes = get_le(in + 40, 8);
    info->raw_bytes = get_le(in + 48, 8);
    if (info->raw_bytes > FRAME_MOST_RAW_BYTES ||
        info->packed_bytes > ZSTD_compressBound(FRAME_MOST_RAW_BYTES))
        return STS_EFORMAT;
    return STS_OK;
}

struct frame_packer {
    ZSTD_CCtx *zstd;
    uint8_t *buf;
    size_t size;
};

struct frame_packer *frame_packer_new(int level)
{
    struct frame_packer *packer = calloc(1, sizeof(*packer));

    if (packer == NULL)
        return NULL;
    packer->zstd = ZSTD_createCCtx();
    if (packer->zstd == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_checksumFlag, 1))) {
        frame_packer_free(packer);
        return NULL;
    }
    return packer;
}

void frame_packer_free(struct frame_packer *packer)
{
    if (packer == NULL)
        return;
    ZSTD_freeCCtx(packer->zstd);
    free(packer->buf);
    free(packer);
}

int frame_pack(struct frame_packer *packer, struct frame_info *info, const uint8_t *raw, struct sts_str *out)
{
    size_t need = FRAME_HEADER_BYTES + ZSTD_compressBound(info->raw_bytes), packed;

    if (packer->size < need) {
        uint8_t *grown = realloc(packer->buf, need);

        if (grown == NULL)
            return STS_ENOMEM;
        packer->buf = grown;
        packer->size = need;
    }
    packed = ZSTD_compress2(packer->zstd, packer->buf + FRAME_HEADER_BYTES, packer->size - FRAME_HEADER_BYTES,
                            raw, info->raw_bytes);
    if (ZSTD_isError(packed))
        return STS_ESYS;
    info->packed_bytes = packed;
    frame_header_encode(info, packer->buf);
    *out = (struct sts_str){(const char *)packer->buf, (uint32_t)(FRAME_HEADER_BYTES + packed)};
    return STS_OK;
}

int frame_unpack(const struct frame_info *info, const uint8_t *packed, uint8_t *out, const char **why)
{
    size_t len = ZSTD_decompress(out, info->raw_bytes, packed, info->packed_bytes);

    if (ZSTD_isError(len)) {
        *why = ZSTD_getErrorName(len);
        return STS_EFORMAT;
    }
    if (len != info->raw_bytes) {
        *why = "size differs from its header";
        return STS_EFORMAT;
    }
    return STS_OK;
}
