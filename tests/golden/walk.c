#include "tests/golden/walk.h"

#include <stdlib.h>
#include <string.h>

struct any_list { /* every list of maps looks like this */
    char *v;
    uint32_t n;
};

static struct sts_str some_bytes(struct arena *arena, uint64_t *turn)
{
    static const uint32_t lens[] = {1, 31, 32, 255, 256, 65535, 65536}; /* the edges of the msgpack formats */
    uint32_t len = lens[*turn % STS_LEN(lens)];
    char *p = arena_alloc(arena, len);

    for (uint32_t i = 0; p != NULL && i < len; i++)
        p[i] = (char)(i + *turn);
    ++*turn;
    return (struct sts_str){p, p ? len : 0};
}

static uint64_t some_number(uint64_t *turn)
{
    static const uint64_t numbers[] = {1,
                                       127,
                                       128,
                                       255,
                                       256,
                                       65535,
                                       65536,
                                       UINT32_MAX,
                                       (uint64_t)UINT32_MAX + 1,
                                       INT64_MAX,
                                       UINT64_MAX,
                                       (uint64_t)-1,
                                       (uint64_t)-32,
                                       (uint64_t)-33,
                                       (uint64_t)-129,
                                       (uint64_t)INT64_MIN};

    return numbers[(*turn)++ % STS_LEN(numbers)];
}

void walk_fill_field(const struct rec_field *field, void *record, struct arena *arena, uint64_t *turn)
{
    void *at = (char *)record + field->offset;
    struct sts_strs *strs = at;
    struct any_list *list = at;

    switch (field->type) {
    case RF_UINT:
    case RF_SINT: *(uint64_t *)at = some_number(turn); break;
    case RF_BOOL: *(bool *)at = true; break;
    case RF_STR:
    case RF_BIN: *(struct sts_str *)at = some_bytes(arena, turn); break;
    case RF_STRS:
    case RF_BINS:
        strs->n = 2;
        strs->v = arena_alloc(arena, 2 * sizeof(*strs->v));
        strs->v[0] = some_bytes(arena, turn); /* the other stays empty */
        break;
    case RF_SUB:
        *(void **)at = arena_alloc(arena, field->of->size_bytes);
        walk_fill(field->of, *(void **)at, arena, turn);
        break;
    case RF_LIST:
        list->n = 2;
        list->v = arena_alloc(arena, 2 * (size_t)field->of->size_bytes);
        walk_fill(field->of, list->v + field->of->size_bytes, arena, turn);
        break;
    }
}

void walk_fill(const struct rec_schema *schema, void *record, struct arena *arena, uint64_t *turn)
{
    for (uint32_t i = 0; i < schema->n_fields; i++)
        walk_fill_field(&schema->fields[i], record, arena, turn);
}

static bool same_strs(const struct sts_strs *a, const struct sts_strs *b)
{
    bool same = a->n == b->n;

    for (uint32_t i = 0; same && i < a->n; i++)
        same = sts_str_equal(a->v[i], b->v[i]);
    return same;
}

static bool same_lists(const struct rec_schema *of, const struct any_list *a, const struct any_list *b)
{
    bool same = a->n == b->n;

    for (uint32_t i = 0; same && i < a->n; i++)
        same = walk_differ(of, a->v + (size_t)i * of->size_bytes, b->v + (size_t)i * of->size_bytes) == NULL;
    return same;
}

static bool same_field(const struct rec_field *f, const void *a, const void *b)
{
    const void *sub_a, *sub_b;

    switch (f->type) {
    case RF_UINT:
    case RF_SINT: return *(const uint64_t *)a == *(const uint64_t *)b;
    case RF_BOOL: return *(const bool *)a == *(const bool *)b;
    case RF_STR:
    case RF_BIN: return sts_str_equal(*(const struct sts_str *)a, *(const struct sts_str *)b);
    case RF_STRS:
    case RF_BINS: return same_strs(a, b);
    case RF_SUB:
        sub_a = *(void *const *)a;
        sub_b = *(void *const *)b;
        return sub_a == NULL || sub_b == NULL ? sub_a == sub_b : walk_differ(f->of, sub_a, sub_b) == NULL;
    case RF_LIST: return same_lists(f->of, a, b);
    }
    return false;
}

const char *walk_differ(const struct rec_schema *schema, const void *a, const void *b)
{
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct rec_field *f = &schema->fields[i];

        if (!same_field(f, (const char *)a + f->offset, (const char *)b + f->offset))
            return f->key;
    }
    return NULL;
}

bool walk_is_covered(const struct walk_cover *cover, const struct rec_field *field)
{
    for (unsigned i = 0; i < cover->n; i++)
        if (cover->seen[i] == field)
            return true;
    return false;
}

static bool is_set(const struct rec_field *f, const void *at)
{
    switch (f->type) {
    case RF_UINT:
    case RF_SINT: return *(const uint64_t *)at != 0;
    case RF_BOOL: return *(const bool *)at;
    case RF_STR:
    case RF_BIN: return ((const struct sts_str *)at)->len != 0;
    case RF_SUB: return *(void *const *)at != NULL;
    default: return ((const struct any_list *)at)->n != 0;
    }
}

void walk_cover(const struct rec_schema *schema, const void *record, struct walk_cover *cover)
{
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct rec_field *f = &schema->fields[i];
        const void *at = (const char *)record + f->offset;
        const struct any_list *list = at;

        if (!is_set(f, at))
            continue;
        if (!walk_is_covered(cover, f) && cover->n < WALK_MOST_FIELDS)
            cover->seen[cover->n++] = f;
        if (f->type == RF_SUB)
            walk_cover(f->of, *(void *const *)at, cover);
        for (uint32_t n = 0; f->type == RF_LIST && n < list->n; n++)
            walk_cover(f->of, list->v + (size_t)n * f->of->size_bytes, cover);
    }
}
