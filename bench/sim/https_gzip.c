/* gzip (RFC 1952): of a policy, and of 10 MiB in a few KB. */
#include "bench/sim/https_inside.h"

#include <string.h>
#include <zlib.h>

#define GZIP_WINDOW 31 /* 15 bits, and a gzip header */
#define RAW_WINDOW  (-15)
#define BOMB_BLOCK  (64u << 10)
#define BOMB_BLOCKS 160u

size_t gzip_bound(size_t len)
{
    return compressBound(len) + 32; /* of header and trailer, which gzip has longer than zlib */
}

/* False: `out` is too small, or there is no memory. */
static bool deflate_all(const char *in, size_t len, int window, int how, unsigned char *out, size_t *room)
{
    z_stream z = {0};
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    z.next_in = (Bytef *)(uintptr_t)in;
    z.avail_in = (uInt)len;
    z.next_out = out;
    z.avail_out = (uInt)*room;
    int done = deflate(&z, how);
    *room -= z.avail_out;
    bool ok = done == Z_STREAM_END || (done == Z_OK && how != Z_FINISH && z.avail_out > 0);
    deflateEnd(&z);
    return ok;
}

size_t gzip(const char *in, size_t len, unsigned char *out, size_t room)
{
    return deflate_all(in, len, GZIP_WINDOW, Z_FINISH, out, &room) ? room : 0;
}

static size_t put_le32(unsigned char *out, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(n >> 8 * i);
    return 4;
}

/* One block that ends with a full flush refers to nothing before it, so it can be repeated: compressing 10
 * MiB for each who asks would hold up the loop. */
size_t gzip_bomb(unsigned char out[GZIP_BOMB_BYTES])
{
    static const unsigned char header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}, last_block[] = {3, 0};
    static const char zeros[BOMB_BLOCK];
    unsigned char block[256];
    size_t block_len = sizeof block, n = sizeof header;
    if (!deflate_all(zeros, sizeof zeros, RAW_WINDOW, Z_FULL_FLUSH, block, &block_len) ||
        sizeof header + BOMB_BLOCKS * block_len + sizeof last_block + 8 > GZIP_BOMB_BYTES)
        return 0;
    uLong one = crc32(0, (const Bytef *)zeros, sizeof zeros), crc = 0;
    memcpy(out, header, n);
    for (unsigned i = 0; i < BOMB_BLOCKS; i++) {
        memcpy(out + n, block, block_len);
        n += block_len;
        crc = i == 0 ? one : crc32_combine(crc, one, BOMB_BLOCK);
    }
    memcpy(out + n, last_block, sizeof last_block);
    n += sizeof last_block;
    n += put_le32(out + n, (uint32_t)crc);
    return n + put_le32(out + n, BOMB_BLOCKS * BOMB_BLOCK);
}
