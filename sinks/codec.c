/* codec.c - records to msgpack and back, driven by the tables of record.def. */
#include "sinks/record.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#define REC_MOST_DEPTH  8           /* maps and lists within each other */
#define REC_MOST_BYTES  (64u << 20) /* one encoded record; far above what the limits of the scanner allow */
#define REC_FIRST_BYTES 4096

/* Tables. Every struct has its schema, found by the others before they are defined. */
#define STRUCT(type) static const struct rec_schema type##_schema;
#define END(type)
#define UINT(type, member, key, doc)
#define SINT(type, member, key, doc)
#define BOOL(type, member, key, doc)
#define STR(type, member, key, doc)
#define BIN(type, member, key, doc)
#define STRS(type, member, key, doc)
#define BINS(type, member, key, doc)
#define SUB(type, member, of, key, doc)
#define LIST(type, member, of, key, doc)
#define KIND(number, type)
#include "sinks/record.def"
#include "sinks/record_undef.h"

#define STRUCT(type)                            static const struct rec_field type##_fields[] = {
#define FIELD(type, kind, member, key, of, doc) {key, kind, offsetof(struct rec_##type, member), of, doc},
#define UINT(type, member, key, doc)            FIELD(type, RF_UINT, member, key, NULL, doc)
#define SINT(type, member, key, doc)            FIELD(type, RF_SINT, member, key, NULL, doc)
#define BOOL(type, member, key, doc)            FIELD(type, RF_BOOL, member, key, NULL, doc)
#define STR(type, member, key, doc)             FIELD(type, RF_STR, member, key, NULL, doc)
#define BIN(type, member, key, doc)             FIELD(type, RF_BIN, member, key, NULL, doc)
#define STRS(type, member, key, doc)            FIELD(type, RF_STRS, member, key, NULL, doc)
#define BINS(type, member, key, doc)            FIELD(type, RF_BINS, member, key, NULL, doc)
#define SUB(type, member, of, key, doc)         FIELD(type, RF_SUB, member, key, &of##_schema, doc)
#define LIST(type, member, of, key, doc)        FIELD(type, RF_LIST, member, key, &of##_schema, doc)
#define END(type)                                                                                 \
    }                                                                                             \
    ;                                                                                             \
    static const struct rec_schema type##_schema = {#type, type##_fields, STS_LEN(type##_fields), \
                                                    sizeof(struct rec_##type)};
#define KIND(number, type)
#include "sinks/record.def"
#include "sinks/record_undef.h"
#undef FIELD

static const struct rec_schema *const kinds[REC_KIND_LIMIT] = {
#define STRUCT(type)
#define END(type)
#define UINT(type, member, key, doc)
#define SINT(type, member, key, doc)
#define BOOL(type, member, key, doc)
#define STR(type, member, key, doc)
#define BIN(type, member, key, doc)
#define STRS(type, member, key, doc)
#define BINS(type, member, key, doc)
#define SUB(type, member, of, key, doc)
#define LIST(type, member, of, key, doc)
#define KIND(number, type) [number] = &type##_schema,
#include "sinks/record.def"
#include "sinks/record_undef.h"
};

/* A list of maps looks the same whatever the maps are; so do all pointers to one map. */
struct any_list {
    void *v;
    uint32_t n;
};

const struct rec_schema *rec_schema(unsigned kind)
{
    return kind < REC_KIND_LIMIT ? kinds[kind] : NULL;
}

const char *rec_kind_name(unsigned kind)
{
    const struct rec_schema *schema = rec_schema(kind);

    return schema ? schema->name : NULL;
}

void rec_buf_fini(struct rec_buf *buf)
{
    free(buf->p);
    memset(buf, 0, sizeof(*buf));
}

/* ---- encoding ---- */

static int buf_write(void *data, const char *p, size_t len)
{
    struct rec_buf *buf = data;

    if (buf->size - buf->len < len) {
        size_t size = buf->size == 0 ? REC_FIRST_BYTES : buf->size;
        uint8_t *grown;

        while (size - buf->len < len)
            size *= 2;
        grown = realloc(buf->p, size);
        if (grown == NULL)
            return -1;
        buf->p = grown;
        buf->size = size;
    }
    if (len > 0)
        memcpy(buf->p + buf->len, p, len);
    buf->len += len;
    return 0;
}

static bool field_is_set(const struct rec_field *f, const void *at)
{
    switch (f->type) {
    case RF_UINT:
    case RF_SINT: return *(const uint64_t *)at != 0;
    case RF_BOOL: return *(const bool *)at;
    case RF_STR:
    case RF_BIN: return ((const struct sts_str *)at)->len != 0;
    case RF_STRS:
    case RF_BINS: return ((const struct sts_strs *)at)->n != 0;
    case RF_SUB: return *(void *const *)at != NULL;
    case RF_LIST: return ((const struct any_list *)at)->n != 0;
    }
    return false;
}

static int pack_bytes(msgpack_packer *pk, struct sts_str s, bool text)
{
    if (text)
        return msgpack_pack_str(pk, s.len) || msgpack_pack_str_body(pk, s.p, s.len);
    return msgpack_pack_bin(pk, s.len) || msgpack_pack_bin_body(pk, s.p, s.len);
}

static int pack_key(msgpack_packer *pk, const char *key)
{
    return pack_bytes(pk, sts_str(key), true);
}

static int pack_map(msgpack_packer *pk, const struct rec_schema *schema, const void *record, unsigned kind);

static int pack_field(msgpack_packer *pk, const struct rec_field *f, const void *at)
{
    const struct sts_strs *strs = at;
    const struct any_list *list = at;
    int rc = 0;

    switch (f->type) {
    case RF_UINT: return msgpack_pack_uint64(pk, *(const uint64_t *)at);
    case RF_SINT: return msgpack_pack_int64(pk, *(const int64_t *)at);
    case RF_BOOL: return msgpack_pack_true(pk);
    case RF_STR:
    case RF_BIN: return pack_bytes(pk, *(const struct sts_str *)at, f->type == RF_STR);
    case RF_SUB: return pack_map(pk, f->of, *(void *const *)at, REC_NONE);
    case RF_STRS:
    case RF_BINS:
        rc = msgpack_pack_array(pk, strs->n);
        for (uint32_t i = 0; i < strs->n && rc == 0; i++)
            rc = pack_bytes(pk, strs->v[i], f->type == RF_STRS);
        return rc;
    case RF_LIST:
        rc = msgpack_pack_array(pk, list->n);
        for (uint32_t i = 0; i < list->n && rc == 0; i++)
            rc = pack_map(pk, f->of, (const char *)list->v + (size_t)i * f->of->size_bytes, REC_NONE);
        return rc;
    }
    return -1;
}

static int pack_map(msgpack_packer *pk, const struct rec_schema *schema, const void *record, unsigned kind)
{
    uint32_t n = kind != REC_NONE;
    int rc;

    for (uint32_t i = 0; i < schema->n_fields; i++)
        n += field_is_set(&schema->fields[i], (const char *)record + schema->fields[i].offset);
    rc = msgpack_pack_map(pk, n);
    if (rc == 0 && kind != REC_NONE)
        rc = pack_key(pk, "k") || msgpack_pack_uint8(pk, (uint8_t)kind);
    for (uint32_t i = 0; i < schema->n_fields && rc == 0; i++) {
        const struct rec_field *f = &schema->fields[i];
        const void *at = (const char *)record + f->offset;

        if (field_is_set(f, at))
            rc = pack_key(pk, f->key) || pack_field(pk, f, at);
    }
    return rc;
}

int rec_encode(struct rec_buf *buf, enum rec_kind kind, const void *record)
{
    size_t before = buf->len;
    msgpack_packer pk;

    msgpack_packer_init(&pk, buf, buf_write);
    if (pack_map(&pk, kinds[kind], record, kind) != 0) {
        buf->len = before;
        return STS_ENOMEM;
    }
    return STS_OK;
}

/* ---- decoding: a cursor with a sticky error; nothing is believed that the bytes do not hold ---- */

enum mp_type { MP_NIL, MP_BOOL, MP_UINT, MP_SINT, MP_STR, MP_BIN, MP_ARRAY, MP_MAP, MP_FLOAT, MP_EXT };

struct cursor {
    const uint8_t *p, *end;
    struct arena *arena;
    int rc; /* first failure */
};

struct value {
    enum mp_type type;
    uint64_t u;         /* number, bool, or count of elements */
    struct sts_str str; /* of MP_STR, MP_BIN, MP_FLOAT, MP_EXT */
};

static void cursor_fail(struct cursor *c, int rc)
{
    if (c->rc == STS_OK)
        c->rc = rc;
    c->p = c->end;
}

static const uint8_t *take(struct cursor *c, uint64_t len)
{
    const uint8_t *at = c->p;

    if ((uint64_t)(c->end - c->p) < len) {
        cursor_fail(c, STS_EFORMAT);
        return NULL;
    }
    c->p += len;
    return at;
}

static uint64_t take_be(struct cursor *c, unsigned len)
{
    const uint8_t *at = take(c, len);
    uint64_t u = 0;

    for (unsigned i = 0; at != NULL && i < len; i++)
        u = u << 8 | at[i];
    return u;
}

static struct value take_bytes(struct cursor *c, enum mp_type type, uint64_t len)
{
    struct value v = {.type = type};
    const uint8_t *at = take(c, len);

    if (at != NULL)
        v.str = (struct sts_str){(const char *)at, (uint32_t)len};
    return v;
}

/* A list or map: each element takes a byte at least, so a count beyond what is left is damage. */
static struct value take_count(struct cursor *c, enum mp_type type, uint64_t n)
{
    if (n > (uint64_t)(c->end - c->p))
        cursor_fail(c, STS_EFORMAT);
    return (struct value){.type = type, .u = c->rc == STS_OK ? n : 0};
}

static struct value take_signed(struct cursor *c, unsigned len)
{
    uint64_t u = take_be(c, len);

    if (len < 8 && (u >> (len * 8 - 1)) != 0)
        u |= ~(uint64_t)0 << (len * 8);
    return (struct value){.type = (int64_t)u < 0 ? MP_SINT : MP_UINT, .u = u};
}

/* The msgpack specification's formats 0xc0 to 0xdf. */
static struct value take_marked(struct cursor *c, uint8_t mark)
{
    switch (mark) {
    case 0xc0: return (struct value){.type = MP_NIL};
    case 0xc2:
    case 0xc3: return (struct value){.type = MP_BOOL, .u = mark & 1};
    case 0xc4:
    case 0xc5:
    case 0xc6: return take_bytes(c, MP_BIN, take_be(c, 1u << (mark - 0xc4)));
    case 0xc7:
    case 0xc8:
    case 0xc9: return take_bytes(c, MP_EXT, take_be(c, 1u << (mark - 0xc7)) + 1);
    case 0xca: return take_bytes(c, MP_FLOAT, 4);
    case 0xcb: return take_bytes(c, MP_FLOAT, 8);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf: return (struct value){.type = MP_UINT, .u = take_be(c, 1u << (mark - 0xcc))};
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: return take_signed(c, 1u << (mark - 0xd0));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8: return take_bytes(c, MP_EXT, (1u << (mark - 0xd4)) + 1);
    case 0xd9:
    case 0xda:
    case 0xdb: return take_bytes(c, MP_STR, take_be(c, 1u << (mark - 0xd9)));
    case 0xdc:
    case 0xdd: return take_count(c, MP_ARRAY, take_be(c, 2u << (mark - 0xdc)));
    case 0xde:
    case 0xdf: return take_count(c, MP_MAP, take_be(c, 2u << (mark - 0xde)));
    default: cursor_fail(c, STS_EFORMAT); return (struct value){.type = MP_NIL};
    }
}

static struct value take_value(struct cursor *c)
{
    const uint8_t *at = take(c, 1);

    if (at == NULL)
        return (struct value){.type = MP_NIL};
    if (*at < 0x80)
        return (struct value){.type = MP_UINT, .u = *at};
    if (*at < 0x90)
        return take_count(c, MP_MAP, *at & 15);
    if (*at < 0xa0)
        return take_count(c, MP_ARRAY, *at & 15);
    if (*at < 0xc0)
        return take_bytes(c, MP_STR, *at & 31);
    if (*at >= 0xe0)
        return (struct value){.type = MP_SINT, .u = (uint64_t)(int64_t)(int8_t)*at};
    return take_marked(c, *at);
}

static void skip_value(struct cursor *c, unsigned depth)
{
    struct value v = take_value(c);
    uint64_t n = v.type == MP_MAP ? 2 * v.u : v.type == MP_ARRAY ? v.u : 0;

    if (n > 0 && depth == 0)
        cursor_fail(c, STS_EFORMAT);
    for (; n > 0 && c->rc == STS_OK; n--)
        skip_value(c, depth - 1);
}

static void *cursor_alloc(struct cursor *c, uint64_t n, size_t size)
{
    void *p = arena_alloc(c->arena, n * size);

    if (p == NULL)
        cursor_fail(c, STS_ENOMEM);
    return p;
}

static bool expect(struct cursor *c, const struct value *v, enum mp_type type)
{
    if (c->rc == STS_OK && v->type != type)
        cursor_fail(c, STS_EFORMAT);
    return c->rc == STS_OK;
}

static void take_strs(struct cursor *c, const struct value *v, enum mp_type type, struct sts_strs *out)
{
    if (!expect(c, v, MP_ARRAY))
        return;
    out->n = 0; /* a hostile map may hold a key twice */
    out->v = cursor_alloc(c, v->u, sizeof(*out->v));
    for (uint64_t i = 0; i < v->u && c->rc == STS_OK; i++) {
        struct value item = take_value(c);

        if (expect(c, &item, type))
            out->v[out->n++] = item.str;
    }
}

static void take_map(struct cursor *c, const struct value *map, const struct rec_schema *schema, void *record,
                     unsigned depth);

static void take_list(struct cursor *c, const struct value *v, const struct rec_schema *of,
                      struct any_list *out, unsigned depth)
{
    if (!expect(c, v, MP_ARRAY))
        return;
    out->n = 0;
    out->v = cursor_alloc(c, v->u, of->size_bytes);
    for (uint64_t i = 0; i < v->u && c->rc == STS_OK; i++) {
        struct value item = take_value(c);

        if (expect(c, &item, MP_MAP))
            take_map(c, &item, of, (char *)out->v + (size_t)out->n++ * of->size_bytes, depth);
    }
}

static void take_field(struct cursor *c, const struct rec_field *f, void *at, unsigned depth)
{
    struct value v = take_value(c);

    switch (f->type) {
    case RF_UINT:
        if (expect(c, &v, MP_UINT))
            *(uint64_t *)at = v.u;
        break;
    case RF_SINT:
        if (v.type == MP_SINT || expect(c, &v, MP_UINT))
            *(uint64_t *)at = v.u;
        break;
    case RF_BOOL:
        if (expect(c, &v, MP_BOOL))
            *(bool *)at = v.u != 0;
        break;
    case RF_STR:
    case RF_BIN:
        if (expect(c, &v, f->type == RF_STR ? MP_STR : MP_BIN))
            *(struct sts_str *)at = v.str;
        break;
    case RF_STRS:
    case RF_BINS: take_strs(c, &v, f->type == RF_STRS ? MP_STR : MP_BIN, at); break;
    case RF_SUB:
        if (expect(c, &v, MP_MAP)) {
            void *sub = *(void **)at = cursor_alloc(c, 1, f->of->size_bytes);

            if (sub != NULL)
                take_map(c, &v, f->of, sub, depth);
        }
        break;
    case RF_LIST: take_list(c, &v, f->of, at, depth); break;
    }
}

static void take_map(struct cursor *c, const struct value *map, const struct rec_schema *schema, void *record,
                     unsigned depth)
{
    uint32_t guess = 0; /* fields come in the order of the schema: the next one is nearly always it */

    if (depth == 0) {
        cursor_fail(c, STS_EFORMAT);
        return;
    }
    for (uint64_t i = 0; i < map->u && c->rc == STS_OK; i++) {
        struct value key = take_value(c);
        uint32_t tried = 0;

        if (!expect(c, &key, MP_STR))
            return;
        for (; tried < schema->n_fields; tried++, guess++) {
            if (guess == schema->n_fields)
                guess = 0;
            if (sts_str_equal(key.str, sts_str(schema->fields[guess].key)))
                break;
        }
        if (tried == schema->n_fields)
            skip_value(c, depth);
        else
            take_field(c, &schema->fields[guess], (char *)record + schema->fields[guess].offset, depth - 1);
    }
}

int rec_decode(const uint8_t *p, size_t len, struct arena *arena, enum rec_kind *kind, void **record,
               size_t *used)
{
    struct cursor c = {p, p + (len < REC_MOST_BYTES ? len : REC_MOST_BYTES), arena, STS_OK};
    struct value map = take_value(&c), key, number;
    const struct rec_schema *schema;

    *record = NULL;
    *kind = REC_NONE;
    if (!expect(&c, &map, MP_MAP))
        return c.rc;
    key = take_value(&c);
    if (map.u == 0 || !expect(&c, &key, MP_STR) || !sts_str_equal(key.str, sts_str("k")))
        return c.rc == STS_OK ? STS_EFORMAT : c.rc;
    number = take_value(&c);
    if (!expect(&c, &number, MP_UINT))
        return c.rc;
    map.u--;
    schema = number.u < REC_KIND_LIMIT ? kinds[number.u] : NULL;
    if (schema == NULL) {
        for (uint64_t i = 0; i < 2 * map.u && c.rc == STS_OK; i++)
            skip_value(&c, REC_MOST_DEPTH);
    } else {
        void *decoded = cursor_alloc(&c, 1, schema->size_bytes);

        if (decoded != NULL)
            take_map(&c, &map, schema, decoded, REC_MOST_DEPTH);
        if (c.rc == STS_OK) {
            *record = decoded;
            *kind = (enum rec_kind)number.u;
        }
    }
    *used = (size_t)(c.p - p);
    return c.rc;
}
