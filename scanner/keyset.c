#include "scanner/keyset.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define KEYSET_FIRST_SLOTS 256

struct key128 key128_of(const void *p, size_t len, uint64_t secret)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(p, len, secret);

    return (struct key128){hash.low64, hash.high64};
}

/* The slot that holds `key`, or the free one where it belongs. A zero key marks a free slot. */
static struct key128 *find(struct key128 *slots, size_t size, struct key128 key)
{
    size_t at = key.lo & (size - 1);

    while ((slots[at].lo | slots[at].hi) != 0 && (slots[at].lo != key.lo || slots[at].hi != key.hi))
        at = (at + 1) & (size - 1);
    return &slots[at];
}

static int grow(struct keyset *set)
{
    size_t size = set->size ? 2 * set->size : KEYSET_FIRST_SLOTS;
    struct key128 *slots = calloc(size, sizeof(*slots));

    if (slots == NULL)
        return STS_ENOMEM;
    for (size_t i = 0; i < set->size; i++) {
        if ((set->slots[i].lo | set->slots[i].hi) != 0)
            *find(slots, size, set->slots[i]) = set->slots[i];
    }
    free(set->slots);
    set->slots = slots;
    set->size = size;
    return STS_OK;
}

int keyset_add(struct keyset *set, struct key128 key)
{
    struct key128 *slot;

    if ((key.lo | key.hi) == 0) {
        bool added = !set->has_zero;

        set->has_zero = true;
        return added;
    }
    if (4 * (set->n + 1) > 3 * set->size && grow(set) != STS_OK)
        return STS_ENOMEM;
    slot = find(set->slots, set->size, key);
    if ((slot->lo | slot->hi) != 0)
        return 0;
    *slot = key;
    set->n++;
    return 1;
}

bool keyset_has(const struct keyset *set, struct key128 key)
{
    const struct key128 *slot;

    if ((key.lo | key.hi) == 0)
        return set->has_zero;
    if (set->n == 0)
        return false;
    slot = find(set->slots, set->size, key);
    return (slot->lo | slot->hi) != 0;
}

/* What stands behind in the same run moves up, where its own place is not behind the gap. */
static void close_gap(struct keyset *set, size_t gap)
{
    const size_t mask = set->size - 1;

    for (size_t at = (gap + 1) & mask; (set->slots[at].lo | set->slots[at].hi) != 0; at = (at + 1) & mask) {
        const size_t home = set->slots[at].lo & mask;

        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        set->slots[gap] = set->slots[at];
        gap = at;
    }
    set->slots[gap] = (struct key128){0, 0};
}

void keyset_drop(struct keyset *set, struct key128 key)
{
    struct key128 *slot;

    if ((key.lo | key.hi) == 0) {
        set->has_zero = false;
        return;
    }
    if (set->n == 0)
        return;
    slot = find(set->slots, set->size, key);
    if ((slot->lo | slot->hi) == 0)
        return;
    close_gap(set, (size_t)(slot - set->slots));
    set->n--;
}

void keyset_fini(struct keyset *set)
{
    free(set->slots);
    memset(set, 0, sizeof(*set));
}
