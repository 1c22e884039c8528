/* encode.c - records to msgpack: a function for each struct, made from record.def, so that no table is walked
 * for each field. */
#include "sinks/record.h"

#include <limits.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 4096
#define KEY_BYTES   32 /* with its mark */

/* Where a packer writes. */
struct out {
    struct rec_buf *buf;
    bool no_memory; /* from here on nothing is written */
};

void rec_buf_fini(struct rec_buf *buf)
{
    free(buf->p);
    memset(buf, 0, sizeof(*buf));
}

static __attribute__((noinline)) bool grow(struct rec_buf *buf, size_t need)
{
    size_t size = buf->size > 0 ? buf->size : FIRST_BYTES;
    uint8_t *grown;

    while (size - buf->len < need)
        size *= 2;
    grown = realloc(buf->p, size);
    if (grown == NULL)
        return false;
    buf->p = grown;
    buf->size = size;
    return true;
}

static inline int write_out(struct out *out, const void *p, size_t len)
{
    struct rec_buf *buf = out->buf;

    if (buf->size - buf->len < len && (out->no_memory || !grow(buf, len))) {
        out->no_memory = true;
        return -1;
    }
    memcpy(buf->p + buf->len, p, len);
    buf->len += len;
    return 0;
}

#undef msgpack_pack_inline_func
#undef msgpack_pack_inline_func_cint
#undef msgpack_pack_inline_func_fixint
#undef msgpack_pack_user
#undef msgpack_pack_append_buffer
/* The functions of msgpack-c, made for this buffer, so that no byte goes through a pointer to a function. */
#define msgpack_pack_inline_func(name)             static inline int pack##name
#define msgpack_pack_inline_func_cint(name)        static inline int pack##name
#define msgpack_pack_inline_func_fixint(name)      static inline int pack_fix##name
#define msgpack_pack_user                          struct out *
#define msgpack_pack_append_buffer(user, buf, len) return write_out(user, buf, len)
/* One of them calls others by the name that they have elsewhere: no error before gcc 14. */
#define msgpack_pack_ext pack_ext
#include <msgpack/pack_template.h>

static void put_text(struct out *out, const char *p, size_t len)
{
    pack_str(out, len);
    if (len > 0)
        pack_str_body(out, p, len);
}

static void put_bin(struct out *out, const char *p, size_t len)
{
    pack_bin(out, len);
    if (len > 0)
        pack_bin_body(out, p, len);
}

static void put_list(struct out *out, const struct sts_strs *list,
                     void (*put)(struct out *out, const char *p, size_t len))
{
    pack_array(out, list->n);
    for (uint32_t i = 0; i < list->n; i++)
        put(out, list->v[i].p, list->v[i].len);
}

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

/* A key is short: its length is in its mark (fixstr). */
static inline void put_key(struct out *out, const char *key, size_t len)
{
    char marked[KEY_BYTES] = {(char)(0xa0 | len)};

    memcpy(marked + 1, key, len);
    write_out(out, marked, 1 + len);
}
#define KEY(key)                                                               \
    do {                                                                       \
        _Static_assert(sizeof(key) <= KEY_BYTES, "a key needs a longer mark"); \
        put_key(out, key, sizeof(key) - 1);                                    \
    } while (0)

/* A record begins with its kind; REC_NONE: a map within a record. */
static void put_head(struct out *out, uint32_t n, enum rec_kind kind)
{
    pack_map(out, n + (kind != REC_NONE));
    if (kind == REC_NONE)
        return;
    KEY("k");
    pack_uint64(out, kind);
}

#define STRUCT(type)                                                                          \
    static void put_##type(struct out *out, const struct rec_##type *rec, enum rec_kind kind) \
    {                                                                                         \
        put_head(out, n_of_##type(rec), kind);
#define PUT(is_set, key, put) \
    if (is_set) {             \
        KEY(key);             \
        put;                  \
    }
#define UINT(type, member, key, doc) PUT(rec->member != 0, key, pack_uint64(out, rec->member))
#define SINT(type, member, key, doc) PUT(rec->member != 0, key, pack_int64(out, rec->member))
#define BOOL(type, member, key, doc) PUT(rec->member, key, pack_true(out))
#define STR(type, member, key, doc) \
    PUT(rec->member.len != 0, key, put_text(out, rec->member.p, rec->member.len))
#define BIN(type, member, key, doc) \
    PUT(rec->member.len != 0, key, put_bin(out, rec->member.p, rec->member.len))
#define STRS(type, member, key, doc)    PUT(rec->member.n != 0, key, put_list(out, &rec->member, put_text))
#define BINS(type, member, key, doc)    PUT(rec->member.n != 0, key, put_list(out, &rec->member, put_bin))
#define SUB(type, member, of, key, doc) PUT(rec->member != NULL, key, put_##of(out, rec->member, REC_NONE))
#define LIST(type, member, of, key, doc)                         \
    PUT(rec->member.n != 0, key, pack_array(out, rec->member.n)) \
    for (uint32_t i = 0; i < rec->member.n; i++)                 \
        put_##of(out, &rec->member.v[i], REC_NONE);
#define END(type) }
#include "sinks/record.def"
#undef PUT
#undef KEY

int rec_encode(struct rec_buf *buf, enum rec_kind kind, const void *record)
{
    struct out out = {.buf = buf};
    size_t before = buf->len;

    switch (kind) {
#define KIND(number, type)              \
    case REC_##type:                    \
        put_##type(&out, record, kind); \
        break;
#include "sinks/record.def"
    default: return STS_EINVAL;
    }
    if (!out.no_memory)
        return STS_OK;
    buf->len = before;
    return STS_ENOMEM;
}
