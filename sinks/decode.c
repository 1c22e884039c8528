/* decode.c - msgpack to records: a cursor with a sticky error; nothing is believed that the bytes do not
 * hold. */
#include "sinks/record.h"

#define REC_MOST_DEPTH 8           /* maps and lists within each other */
#define REC_MOST_BYTES (64u << 20) /* one encoded record; far above what the limits of the scanner allow */

enum mp_type { MP_NIL, MP_BOOL, MP_UINT, MP_SINT, MP_STR, MP_BIN, MP_ARRAY, MP_MAP, MP_FLOAT, MP_EXT };

/* A list of maps looks the same whatever the maps are; so do all pointers to one map. */
struct any_list {
    void *v;
    uint32_t n;
};

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
    schema = number.u < REC_KIND_LIMIT ? rec_schema((unsigned)number.u) : NULL;
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
