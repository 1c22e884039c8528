/* encode.c - records to msgpack: a function for each struct, made from record.def, so that no table is walked
 * for each field. Numbers and lengths take their shortest form (specification of msgpack, "Serialization").
 */
#include "sinks/record.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES  4096
#define NUMBER_BYTES 9 /* of the longest number or length, its mark included */
/* The most that a struct takes without the bytes of its strings and without what is within it: so much is
 * free in the buffer at its begin, behind each string and behind each struct within it. */
#define FIXED_BYTES 512

void rec_buf_fini(struct rec_buf *buf)
{
    free(buf->p);
    memset(buf, 0, sizeof(*buf));
}

/* Room for `need` bytes behind the first `used`; returns where they are. */
static uint8_t *grow(struct rec_buf *buf, size_t used, size_t need)
{
    size_t size = buf->size > 0 ? buf->size : FIRST_BYTES;
    uint8_t *grown;

    while (size - used < need)
        size *= 2;
    grown = realloc(buf->p, size);
    if (grown == NULL)
        return NULL;
    buf->p = grown;
    buf->size = size;
    return grown + used;
}

/* Where to go on writing, with room for `len` bytes and FIXED_BYTES behind them. NULL: no memory. */
static inline uint8_t *room(struct rec_buf *buf, uint8_t *p, size_t len)
{
    size_t used = (size_t)(p - buf->p), need = len + FIXED_BYTES;

    return buf->size - used >= need ? p : grow(buf, used, need);
}

/* `u` in `len` bytes; eight are written. */
static inline uint8_t *put_be(uint8_t *p, uint64_t u, unsigned len)
{
    u = htobe64(u << (64 - 8 * len));
    memcpy(p, &u, sizeof(u));
    return p + len;
}

static inline uint8_t *put_marked(uint8_t *p, uint8_t mark, uint64_t u, unsigned len)
{
    *p = mark;
    return put_be(p + 1, u, len);
}

static inline uint8_t *put_uint(uint8_t *p, uint64_t u)
{
    if (u < 0x80) {
        *p = (uint8_t)u;
        return p + 1;
    }
    if (u <= UINT8_MAX)
        return put_marked(p, 0xcc, u, 1);
    if (u <= UINT16_MAX)
        return put_marked(p, 0xcd, u, 2);
    return u <= UINT32_MAX ? put_marked(p, 0xce, u, 4) : put_marked(p, 0xcf, u, 8);
}

static inline uint8_t *put_sint(uint8_t *p, int64_t s)
{
    if (s >= 0)
        return put_uint(p, (uint64_t)s);
    if (s >= -32) {
        *p = (uint8_t)s;
        return p + 1;
    }
    if (s >= INT8_MIN)
        return put_marked(p, 0xd0, (uint64_t)s, 1);
    if (s >= INT16_MIN)
        return put_marked(p, 0xd1, (uint64_t)s, 2);
    return s >= INT32_MIN ? put_marked(p, 0xd2, (uint64_t)s, 4) : put_marked(p, 0xd3, (uint64_t)s, 8);
}

static inline uint8_t *put_true(uint8_t *p)
{
    *p = 0xc3;
    return p + 1;
}

/* Marks of a length: the one that holds it up to `most`, then those of the longer ones; 0: there is none. */
struct marks {
    uint8_t fix, most, len8, len16, len32;
};
static const struct marks map_marks = {0x80, 15, 0, 0xde, 0xdf}, array_marks = {0x90, 15, 0, 0xdc, 0xdd},
                          text_marks = {0xa0, 31, 0xd9, 0xda, 0xdb}, bin_marks = {0, 0, 0xc4, 0xc5, 0xc6};

static inline uint8_t *put_len(uint8_t *p, const struct marks *marks, uint32_t len)
{
    if (len <= marks->most && marks->fix != 0) {
        *p = (uint8_t)(marks->fix | len);
        return p + 1;
    }
    if (len <= UINT8_MAX && marks->len8 != 0)
        return put_marked(p, marks->len8, len, 1);
    return len <= UINT16_MAX ? put_marked(p, marks->len16, len, 2) : put_marked(p, marks->len32, len, 4);
}

static inline uint8_t *put_bytes(struct rec_buf *buf, uint8_t *p, const struct marks *marks, struct sts_str s)
{
    p = put_len(p, marks, s.len);
    p = room(buf, p, s.len);
    if (p == NULL)
        return NULL;
    if (s.len > 0)
        memcpy(p, s.p, s.len);
    return p + s.len;
}

static uint8_t *put_list(struct rec_buf *buf, uint8_t *p, const struct marks *marks,
                         const struct sts_strs *list)
{
    p = put_len(p, &array_marks, list->n);
    for (uint32_t i = 0; i < list->n && p != NULL; i++)
        p = put_bytes(buf, p, marks, list->v[i]);
    return p;
}

/* How much each struct takes at most without its strings and the structs within it. */
#define STRUCT(type)                     enum { type##_bytes = 5 + sizeof("k") + NUMBER_BYTES
#define UINT(type, member, key, doc)     +sizeof(key) + NUMBER_BYTES
#define SINT(type, member, key, doc)     +sizeof(key) + NUMBER_BYTES
#define BOOL(type, member, key, doc)     +sizeof(key) + NUMBER_BYTES
#define STR(type, member, key, doc)      +sizeof(key) + NUMBER_BYTES
#define BIN(type, member, key, doc)      +sizeof(key) + NUMBER_BYTES
#define STRS(type, member, key, doc)     +sizeof(key) + NUMBER_BYTES
#define BINS(type, member, key, doc)     +sizeof(key) + NUMBER_BYTES
#define SUB(type, member, of, key, doc)  +sizeof(key) + NUMBER_BYTES
#define LIST(type, member, of, key, doc) +sizeof(key) + NUMBER_BYTES
#define END(type) \
    }             \
    ;             \
    _Static_assert(type##_bytes <= FIXED_BYTES, "FIXED_BYTES is too small");
#include "sinks/record.def"

/* How many of its fields are set. */
#define STRUCT(type)                                          \
    static uint32_t n_of_##type(const struct rec_##type *rec) \
    {                                                         \
        uint32_t n = 0;
#define UINT(type, member, key, doc)     n += rec->member != 0;
#define SINT(type, member, key, doc)     n += rec->member != 0;
#define BOOL(type, member, key, doc)     n += rec->member;
#define STR(type, member, key, doc)      n += rec->member.len != 0;
#define BIN(type, member, key, doc)      n += rec->member.len != 0;
#define STRS(type, member, key, doc)     n += rec->member.n != 0;
#define BINS(type, member, key, doc)     n += rec->member.n != 0;
#define SUB(type, member, of, key, doc)  n += rec->member != NULL;
#define LIST(type, member, of, key, doc) n += rec->member.n != 0;
#define END(type) \
    return n;     \
    }
#include "sinks/record.def"

/* A key is short: its length is in its mark. */
static inline uint8_t *put_key(uint8_t *p, const char *key, size_t len)
{
    *p = (uint8_t)(text_marks.fix | len);
    memcpy(p + 1, key, len);
    return p + 1 + len;
}

/* A record begins with its kind; REC_NONE: a map within a record. */
static inline uint8_t *put_head(struct rec_buf *buf, uint8_t *p, uint32_t n, enum rec_kind kind)
{
    p = room(buf, p, 0);
    if (p == NULL)
        return NULL;
    p = put_len(p, &map_marks, n + (kind != REC_NONE));
    return kind != REC_NONE ? put_uint(put_key(p, "k", 1), kind) : p;
}

/* Each returns where to go on, with room for FIXED_BYTES; NULL: no memory. */
#define KEY(key) put_key(p, key, sizeof(key) - 1)
#define STRUCT(type)                                                                          \
    static uint8_t *put_##type(struct rec_buf *buf, uint8_t *p, const struct rec_##type *rec, \
                               enum rec_kind kind)                                            \
    {                                                                                         \
        p = put_head(buf, p, n_of_##type(rec), kind);
#define PUT(is_set, put)       \
    if (p != NULL && (is_set)) \
        p = put;
#define UINT(type, member, key, doc) PUT(rec->member != 0, put_uint(KEY(key), rec->member))
#define SINT(type, member, key, doc) PUT(rec->member != 0, put_sint(KEY(key), rec->member))
#define BOOL(type, member, key, doc) PUT(rec->member, put_true(KEY(key)))
#define STR(type, member, key, doc) \
    PUT(rec->member.len != 0, put_bytes(buf, KEY(key), &text_marks, rec->member))
#define BIN(type, member, key, doc) \
    PUT(rec->member.len != 0, put_bytes(buf, KEY(key), &bin_marks, rec->member))
#define STRS(type, member, key, doc) \
    PUT(rec->member.n != 0, put_list(buf, KEY(key), &text_marks, &rec->member))
#define BINS(type, member, key, doc) \
    PUT(rec->member.n != 0, put_list(buf, KEY(key), &bin_marks, &rec->member))
#define SUB(type, member, of, key, doc) \
    PUT(rec->member != NULL, put_##of(buf, KEY(key), rec->member, REC_NONE))
#define LIST(type, member, of, key, doc)                                    \
    PUT(rec->member.n != 0, put_len(KEY(key), &array_marks, rec->member.n)) \
    for (uint32_t i = 0; i < rec->member.n && p != NULL; i++)               \
        p = put_##of(buf, p, &rec->member.v[i], REC_NONE);
#define END(type)                              \
    return p != NULL ? room(buf, p, 0) : NULL; \
    }
#include "sinks/record.def"
#undef PUT
#undef KEY

int rec_encode(struct rec_buf *buf, enum rec_kind kind, const void *record)
{
    uint8_t *p = buf->p != NULL ? buf->p + buf->len : grow(buf, 0, FIXED_BYTES);

    if (p == NULL)
        return STS_ENOMEM;
    switch (kind) {
#define KIND(number, type)                    \
    case REC_##type:                          \
        p = put_##type(buf, p, record, kind); \
        break;
#include "sinks/record.def"
    default: p = NULL; break;
    }
    if (p == NULL)
        return STS_ENOMEM;
    buf->len = (size_t)(p - buf->p);
    return STS_OK;
}
