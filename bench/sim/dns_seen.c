#include "bench/sim/dns_seen.h"
#include "bench/sim/text.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS (2 * DNS_LEAST_SEEN)

struct dns_seen {
    uint64_t *young, *old; /* hashes, open addressing, 0: free */
    uint32_t n_young;
};

struct dns_seen *dns_seen_new(void)
{
    struct dns_seen *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->young = calloc(SLOTS, sizeof(*s->young));
    s->old = calloc(SLOTS, sizeof(*s->old));
    if (s->young == NULL || s->old == NULL) {
        dns_seen_free(s);
        return NULL;
    }
    return s;
}

void dns_seen_free(struct dns_seen *s)
{
    if (s == NULL)
        return;
    free(s->young);
    free(s->old);
    free(s);
}

/* Mixed; two questions with the same 64 bits are one. */
static uint64_t hash_of(const char *name, size_t len, uint16_t type)
{
    uint64_t h = text_hash(TEXT_HASH ^ type, name, len);

    h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return (h ^ h >> 29) | 1;
}

static uint64_t *slot_of(uint64_t *table, uint64_t hash)
{
    size_t at = (size_t)(hash >> 1) % SLOTS;

    while (table[at] != 0 && table[at] != hash)
        at = (at + 1) % SLOTS;
    return &table[at];
}

static void age(struct dns_seen *s)
{
    uint64_t *oldest = s->old;

    s->old = s->young;
    s->young = oldest;
    memset(s->young, 0, SLOTS * sizeof(*s->young));
    s->n_young = 0;
}

bool dns_seen_add(struct dns_seen *s, const char *name, size_t len, uint16_t type)
{
    uint64_t hash = hash_of(name, len, type);
    uint64_t *slot = slot_of(s->young, hash);

    if (*slot == hash || *slot_of(s->old, hash) == hash)
        return true;
    *slot = hash;
    if (++s->n_young == DNS_LEAST_SEEN)
        age(s);
    return false;
}
