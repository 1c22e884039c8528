/* Sets of prefixes. The entries are sorted by first address, the wider one first; each knows the entry next
 * around it. Of two prefixes one lies in the other or they are disjoint, so whatever covers an address is the
 * last entry that begins at or before it, or lies around that one. */
#include "scanner/prefix.h"

#include <stdlib.h>
#include <string.h>

#define V4_BITS    96
#define NO_PARENT  UINT32_MAX
#define FIRST_SIZE 16

struct prefix_entry {
    struct prefix prefix;
    uint32_t parent; /* the entry next around it */
};

void prefix_set_init(struct prefix_set *set)
{
    memset(set, 0, sizeof(*set));
}

void prefix_set_fini(struct prefix_set *set)
{
    free(set->entries);
    prefix_set_init(set);
}

int prefix_set_add(struct prefix_set *set, const struct prefix *p)
{
    if (set->n_entries == set->size) {
        uint32_t size = set->size == 0 ? FIRST_SIZE : set->size * 2;
        struct prefix_entry *entries = NULL;

        if (size > set->size && size < UINT32_MAX / sizeof(*entries))
            entries = realloc(set->entries, size * sizeof(*entries));
        if (entries == NULL)
            return STS_ENOMEM;
        set->entries = entries;
        set->size = size;
    }
    set->entries[set->n_entries++] = (struct prefix_entry){*p, NO_PARENT};
    return STS_OK;
}

int prefix_set_add_list(struct prefix_set *set, const char *text, struct sts_err *err)
{
    for (;;) {
        size_t len = strcspn(text, ",");
        struct prefix p;

        if (prefix_parse(text, len, &p, err) != STS_OK)
            return err->code;
        if (prefix_set_add(set, &p) != STS_OK)
            return sts_fail(err, STS_ENOMEM, "out of memory");
        if (text[len] == '\0')
            return STS_OK;
        text += len + 1;
    }
}

static int compare(const void *left, const void *right)
{
    const struct prefix *a = &((const struct prefix_entry *)left)->prefix;
    const struct prefix *b = &((const struct prefix_entry *)right)->prefix;
    int order = memcmp(a->address.b, b->address.b, sizeof(a->address.b));

    if (order != 0)
        return order;
    if (a->bits != b->bits)
        return a->bits < b->bits ? -1 : 1;
    return (int)a->except - (int)b->except;
}

static bool covers(const struct prefix *p, const struct address *a)
{
    unsigned whole = p->bits / 8, rest = p->bits % 8;

    if (memcmp(p->address.b, a->b, whole) != 0)
        return false;
    return rest == 0 || ((p->address.b[whole] ^ a->b[whole]) & (0xff << (8 - rest)) & 0xff) == 0;
}

void prefix_set_build(struct prefix_set *set)
{
    uint32_t i, n = 0;

    if (set->n_entries == 0)
        return;
    qsort(set->entries, set->n_entries, sizeof(*set->entries), compare);
    for (i = 0; i < set->n_entries; i++) {
        struct prefix_entry *e = &set->entries[n];
        uint32_t around = n == 0 ? NO_PARENT : n - 1;

        *e = set->entries[i];
        while (around != NO_PARENT && !covers(&set->entries[around].prefix, &e->prefix.address))
            around = set->entries[around].parent;
        /* Twice the same: kept once, and as an exception only if both are. */
        if (around != NO_PARENT && set->entries[around].prefix.bits == e->prefix.bits) {
            set->entries[around].prefix.except &= e->prefix.except;
            continue;
        }
        e->parent = around;
        n++;
    }
    set->n_entries = n;
}

bool prefix_set_find(const struct prefix_set *set, const struct address *a, struct prefix *out)
{
    unsigned least = address_is_v4(a) ? V4_BITS : 0;
    uint32_t low = 0, high = set->n_entries, at;

    while (low < high) { /* the first entry that begins behind `a` */
        uint32_t middle = low + (high - low) / 2;

        if (memcmp(set->entries[middle].prefix.address.b, a->b, sizeof(a->b)) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (at = low == 0 ? NO_PARENT : low - 1; at != NO_PARENT; at = set->entries[at].parent) {
        if (!covers(&set->entries[at].prefix, a))
            continue;
        if (set->entries[at].prefix.bits < least)
            return false;
        *out = set->entries[at].prefix;
        return true;
    }
    return false;
}

bool prefix_set_holds(const struct prefix_set *set, const struct address *a)
{
    struct prefix p;

    return prefix_set_find(set, a, &p) && !p.except;
}

static struct address last_address(const struct prefix *p)
{
    struct address last = p->address;

    for (unsigned bit = p->bits; bit < 8 * sizeof(last.b); bit++)
        last.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    return last;
}

bool prefix_set_is_private(const struct prefix_set *set, struct prefix *out)
{
    for (uint32_t i = 0; i < set->n_entries; i++) {
        const struct prefix *p = &set->entries[i].prefix;
        const struct address last = last_address(p);

        /* A prefix that is wider than a private range has an end outside of all of them. */
        if (!address_is_private(&p->address) || !address_is_private(&last)) {
            *out = *p;
            return false;
        }
    }
    return true;
}
