#include "scanner/keyset.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define FIRST_SLOTS 8

struct key128 key128_of(const void *p, size_t len, uint64_t secret)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(p, len, secret);

    return (struct key128){hash.low64, hash.high64};
}

static struct keyset_part *part_of(const struct keyset *set, struct key128 key)
{
    return &set->parts[(key.hi >> 32) %
                       KEYSET_PARTS]; /* the low bits may be those of a worker (worker_owner) */
}

static size_t home_of(const struct keyset_part *part, struct key128 key)
{
    return (size_t)((key.lo >> 32) * part->size >> 32);
}

/* The slot that holds `key`, or the free one where it belongs. A zero key marks a free slot. */
static struct key128 *find(const struct keyset_part *part, struct key128 key)
{
    size_t at = home_of(part, key);

    while ((part->slots[at].lo | part->slots[at].hi) != 0 &&
           (part->slots[at].lo != key.lo || part->slots[at].hi != key.hi))
        at = at + 1 < part->size ? at + 1 : 0;
    return &part->slots[at];
}

/* By a quarter: twice the slots would leave more free than a key may cost. */
static int grow(struct keyset_part *part)
{
    struct keyset_part grown = {.n = part->n,
                                .size = part->size > 0 ? part->size + part->size / 4 : FIRST_SLOTS};

    if (grown.size < part->size)
        return STS_ENOMEM;
    grown.slots = calloc(grown.size, sizeof(*grown.slots));
    if (grown.slots == NULL)
        return STS_ENOMEM;
    for (size_t i = 0; i < part->size; i++) {
        if ((part->slots[i].lo | part->slots[i].hi) != 0)
            *find(&grown, part->slots[i]) = part->slots[i];
    }
    free(part->slots);
    *part = grown;
    return STS_OK;
}

int keyset_add(struct keyset *set, struct key128 key)
{
    struct keyset_part *part;
    struct key128 *slot;

    if ((key.lo | key.hi) == 0) {
        bool added = !set->has_zero;

        set->has_zero = true;
        return added;
    }
    if (set->parts == NULL)
        set->parts = calloc(KEYSET_PARTS, sizeof(*set->parts));
    if (set->parts == NULL)
        return STS_ENOMEM;
    part = part_of(set, key);
    if (4 * ((uint64_t)part->n + 1) > 3 * (uint64_t)part->size && grow(part) != STS_OK)
        return STS_ENOMEM;
    slot = find(part, key);
    if ((slot->lo | slot->hi) != 0)
        return 0;
    *slot = key;
    part->n++;
    set->n++;
    return 1;
}

bool keyset_has(const struct keyset *set, struct key128 key)
{
    const struct keyset_part *part;
    const struct key128 *slot;

    if ((key.lo | key.hi) == 0)
        return set->has_zero;
    if (set->parts == NULL)
        return false;
    part = part_of(set, key);
    if (part->n == 0)
        return false;
    slot = find(part, key);
    return (slot->lo | slot->hi) != 0;
}

/* What stands behind in the same run moves up, where its own place is not behind the gap. */
static void close_gap(struct keyset_part *part, size_t gap)
{
    const size_t size = part->size;

    for (size_t at = (gap + 1) % size; (part->slots[at].lo | part->slots[at].hi) != 0; at = (at + 1) % size) {
        const size_t home = home_of(part, part->slots[at]);

        if ((at + size - home) % size < (at + size - gap) % size)
            continue;
        part->slots[gap] = part->slots[at];
        gap = at;
    }
    part->slots[gap] = (struct key128){0, 0};
}

bool keyset_drop(struct keyset *set, struct key128 key)
{
    struct keyset_part *part;
    struct key128 *slot;

    if ((key.lo | key.hi) == 0) {
        const bool was_there = set->has_zero;

        set->has_zero = false;
        return was_there;
    }
    if (set->parts == NULL)
        return false;
    part = part_of(set, key);
    if (part->n == 0)
        return false;
    slot = find(part, key);
    if ((slot->lo | slot->hi) == 0)
        return false;
    close_gap(part, (size_t)(slot - part->slots));
    part->n--;
    set->n--;
    return true;
}

void keyset_fini(struct keyset *set)
{
    for (unsigned i = 0; set->parts != NULL && i < KEYSET_PARTS; i++)
        free(set->parts[i].slots);
    free(set->parts);
    memset(set, 0, sizeof(*set));
}
