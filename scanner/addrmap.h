/* addrmap.h - a table of things keyed by address. What is in it embeds its node and stays its owner's. Pure.
 * Not thread-safe. */
#ifndef STS_ADDRMAP_H
#define STS_ADDRMAP_H
#include "scanner/address.h"

struct addrmap_node {
    struct addrmap_node *next; /* in its bucket */
    struct address address;
};
struct addrmap {
    struct addrmap_node **buckets;
    size_t n_buckets, n;
    uint64_t secret; /* a peer cannot aim at a bucket */
};
/* A walk over all; zeroed memory is its beginning. */
struct addrmap_cursor {
    size_t bucket;
    struct addrmap_node *next;
};

int addrmap_init(struct addrmap *map, uint64_t secret) STS_CHECK; /* STS_OK or STS_ENOMEM */
void addrmap_fini(struct addrmap *map);                           /* also of zeroed memory */
struct addrmap_node *addrmap_find(const struct addrmap *map, const struct address *a);
/* `node` has its address, which is not in the table yet. */
void addrmap_add(struct addrmap *map, struct addrmap_node *node);
void addrmap_remove(struct addrmap *map, struct addrmap_node *node);
/* The next of all: NULL: that was all. What is returned may be freed when the table itself is not used any
 * more; nothing is added or removed meanwhile. */
struct addrmap_node *addrmap_next(const struct addrmap *map, struct addrmap_cursor *at);
#endif
