/* fuzz_encode.c - any record, made by its schema out of the input: it comes back from its bytes as it was.
 * The bytes of the input are used up one by one: the kind, then of each field whether it is set and to what.
 * Source: sinks/encode.c, sinks/decode.c. */
#include "sinks/record.h"

#include <stdlib.h>
#include <string.h>

#define MOST_MEMORY (16u << 20)
#define MOST_LIST   5
#define MOST_DEPTH  8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What the record is made of. */
struct source {
    const uint8_t *p, *end;
    struct arena arena;
};

static void check(bool right)
{
    if (!right)
        abort();
}

static void *make(struct source *s, size_t n, size_t size)
{
    void *p = arena_alloc(&s->arena, (n ? n : 1) * size);

    check(p != NULL);
    return p;
}

static unsigned next(struct source *s) /* 0 when all is used up: nothing is set then */
{
    return s->p < s->end ? *s->p++ : 0;
}

/* Its first byte tells how many bytes the number has; the edges of msgpack's sizes are near. */
static uint64_t next_number(struct source *s)
{
    unsigned how = next(s);
    uint64_t u = 0;

    for (unsigned i = 0; i < how % 9; i++)
        u = u << 8 | next(s);
    if (how & 0x80)
        u = ((uint64_t)1 << how % 64) - (how & 0x40 ? 1 : 0);
    return u;
}

/* As many bytes of the input as the first of them says; some lengths that msgpack writes otherwise are made
 * up with zeros. */
static struct sts_str next_bytes(struct source *s)
{
    static const uint32_t long_bytes[] = {255, 256, 65535, 65536};
    size_t len = next(s), left = (size_t)(s->end - s->p), taken;
    struct sts_str str;

    if (len > 255 - STS_LEN(long_bytes))
        len = long_bytes[255 - len];
    taken = len < left ? len : left;
    str = (struct sts_str){make(s, len, 1), (uint32_t)len};
    if (taken > 0)
        memcpy((char *)str.p, s->p, taken);
    s->p += taken;
    return str;
}

static struct sts_strs next_strs(struct source *s)
{
    struct sts_strs list = {.n = next(s) % MOST_LIST};

    list.v = make(s, list.n, sizeof(*list.v));
    for (uint32_t i = 0; i < list.n; i++)
        list.v[i] = next_bytes(s);
    return list;
}

/* As in the structs of record.h: every LIST has these two members. */
struct list {
    void *v;
    uint32_t n;
};

static void fill(struct source *s, const struct rec_schema *schema, void *record, unsigned depth);

static void *fill_all(struct source *s, const struct rec_schema *schema, uint32_t n, unsigned depth)
{
    char *all = make(s, n, schema->size_bytes);

    for (uint32_t i = 0; i < n; i++)
        fill(s, schema, all + (size_t)i * schema->size_bytes, depth + 1);
    return all;
}

static void fill(struct source *s, const struct rec_schema *schema, void *record, unsigned depth)
{
    check(depth < MOST_DEPTH);
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct rec_field *field = &schema->fields[i];
        void *member = (char *)record + field->offset;
        struct list list;

        if ((next(s) & 1) == 0)
            continue;
        switch (field->type) {
        case RF_UINT: *(uint64_t *)member = next_number(s); break;
        case RF_SINT: *(int64_t *)member = (int64_t)(next(s) & 1 ? ~next_number(s) : next_number(s)); break;
        case RF_BOOL: *(bool *)member = true; break;
        case RF_STR:
        case RF_BIN: *(struct sts_str *)member = next_bytes(s); break;
        case RF_STRS:
        case RF_BINS: *(struct sts_strs *)member = next_strs(s); break;
        case RF_SUB: *(void **)member = fill_all(s, field->of, 1, depth); break;
        case RF_LIST:
            list.n = next(s) % MOST_LIST;
            list.v = fill_all(s, field->of, list.n, depth);
            memcpy(member, &list.v, sizeof(list.v));
            memcpy((char *)member + offsetof(struct list, n), &list.n, sizeof(list.n));
            break;
        }
    }
}

static void check_strs(const struct sts_strs *a, const struct sts_strs *b)
{
    check(a->n == b->n);
    for (uint32_t i = 0; i < a->n; i++)
        check(sts_str_equal(a->v[i], b->v[i]));
}

static void check_equal(const struct rec_schema *schema, const char *a, const char *b);

static void check_list(const struct rec_schema *schema, const struct list *a, const struct list *b)
{
    check(a->n == b->n);
    for (uint32_t i = 0; i < a->n; i++)
        check_equal(schema, (const char *)a->v + (size_t)i * schema->size_bytes,
                    (const char *)b->v + (size_t)i * schema->size_bytes);
}

static void check_equal(const struct rec_schema *schema, const char *a, const char *b)
{
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct rec_field *field = &schema->fields[i];
        const void *x = a + field->offset, *y = b + field->offset;
        const char *sub_x, *sub_y;

        switch (field->type) {
        case RF_UINT:
        case RF_SINT: check(memcmp(x, y, sizeof(uint64_t)) == 0); break;
        case RF_BOOL: check(*(const bool *)x == *(const bool *)y); break;
        case RF_STR:
        case RF_BIN: check(sts_str_equal(*(const struct sts_str *)x, *(const struct sts_str *)y)); break;
        case RF_STRS:
        case RF_BINS: check_strs(x, y); break;
        case RF_SUB:
            memcpy(&sub_x, x, sizeof(sub_x));
            memcpy(&sub_y, y, sizeof(sub_y));
            check((sub_x == NULL) == (sub_y == NULL));
            if (sub_x != NULL)
                check_equal(field->of, sub_x, sub_y);
            break;
        case RF_LIST: check_list(field->of, x, y); break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct source s = {.p = data, .end = data + len};
    enum rec_kind kind = (enum rec_kind)(1 + next(&s) % (REC_KIND_LIMIT - 1)), kind_again;
    const struct rec_schema *schema = rec_schema(kind);
    struct rec_buf buf = {0};
    struct arena arena;
    void *record, *again;
    size_t used;

    arena_init(&s.arena, MOST_MEMORY);
    arena_init(&arena, 0);
    record = make(&s, 1, schema->size_bytes);
    fill(&s, schema, record, 0);
    check(rec_encode(&buf, kind, record) == STS_OK);
    check(rec_decode(buf.p, buf.len, &arena, &kind_again, &again, &used) == STS_OK);
    check(kind_again == kind && used == buf.len);
    check_equal(schema, record, again);
    rec_buf_fini(&buf);
    arena_fini(&arena);
    arena_fini(&s.arena);
    return 0;
}
