#include "analysis/table.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define FIRST_SIZE      1024
#define NAME_MOST_BYTES 1024 /* 253 octets, each escaped as \DDD, fit */

struct key key_of(const void *p, size_t len)
{
    XXH128_hash_t h = XXH3_128bits(p, len);

    if (h.low64 == 0 && h.high64 == 0)
        h.low64 = 1;
    return (struct key){h.low64, h.high64};
}

struct key key_of_name(struct sts_str name)
{
    char lower[NAME_MOST_BYTES];

    if (name.len > sizeof(lower)) /* no name: any key does, as long as it is always the same */
        return key_of(name.p, name.len);
    for (uint32_t i = 0; i < name.len; i++)
        lower[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i];
    return key_of(lower, name.len);
}

struct key key_join(struct key a, struct key b)
{
    uint64_t both[4] = {a.lo, a.hi, b.lo, b.hi};

    return key_of(both, sizeof(both));
}

void table_init(struct table *t, size_t entry_bytes)
{
    *t = (struct table){.entry_bytes = entry_bytes};
}

void table_fini(struct table *t)
{
    free(t->entries);
    table_init(t, t->entry_bytes);
}

/* The place of `key`: its entry, or the empty place where it belongs. */
static struct key *place(const struct table *t, struct key key)
{
    for (size_t i = key.lo & (t->size - 1);; i = (i + 1) & (t->size - 1)) {
        struct key *at = (struct key *)(t->entries + i * t->entry_bytes);

        if ((at->lo == 0 && at->hi == 0) || (at->lo == key.lo && at->hi == key.hi))
            return at;
    }
}

void *table_find(const struct table *t, struct key key)
{
    struct key *at = t->size == 0 ? NULL : place(t, key);

    return at == NULL || (at->lo == 0 && at->hi == 0) ? NULL : at;
}

static int grow(struct table *t)
{
    struct table grown = *t;
    size_t at = 0;
    const struct key *entry;

    grown.size = t->size == 0 ? FIRST_SIZE : 2 * t->size;
    grown.entries = calloc(grown.size, grown.entry_bytes);
    if (grown.entries == NULL)
        return STS_ENOMEM;
    while ((entry = table_next(t, &at)) != NULL)
        memcpy(place(&grown, *entry), entry, t->entry_bytes);
    free(t->entries);
    *t = grown;
    return STS_OK;
}

void *table_put(struct table *t, struct key key)
{
    struct key *at = table_find(t, key);

    if (at != NULL)
        return at;
    if (4 * (t->n + 1) > 3 * t->size && grow(t) != STS_OK)
        return NULL;
    at = place(t, key);
    *at = key;
    t->n++;
    return at;
}

void *table_next(const struct table *t, size_t *at)
{
    while (*at < t->size) {
        struct key *entry = (struct key *)(t->entries + (*at)++ * t->entry_bytes);

        if (entry->lo != 0 || entry->hi != 0)
            return entry;
    }
    return NULL;
}
