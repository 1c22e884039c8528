#include "scanner/addrmap.h"

#include "scanner/keyset.h"

#include <stdlib.h>
#include <string.h>

#define ADDRMAP_FIRST_BUCKETS 256
#define ADDRMAP_BUCKET_NODES  2 /* on average and at most: 4 to 8 bytes of table for each */

int addrmap_init(struct addrmap *map, uint64_t secret)
{
    *map = (struct addrmap){.secret = secret};
    map->buckets = calloc(ADDRMAP_FIRST_BUCKETS, sizeof(struct addrmap_node *));
    if (map->buckets == NULL)
        return STS_ENOMEM;
    map->n_buckets = ADDRMAP_FIRST_BUCKETS;
    return STS_OK;
}

void addrmap_fini(struct addrmap *map)
{
    free(map->buckets);
    memset(map, 0, sizeof(*map));
}

static struct addrmap_node **bucket_of(const struct addrmap *map, const struct address *a)
{
    return &map->buckets[key128_of(a->b, sizeof(a->b), map->secret).lo & (map->n_buckets - 1)];
}

struct addrmap_node *addrmap_find(const struct addrmap *map, const struct address *a)
{
    struct addrmap_node *node = *bucket_of(map, a);

    while (node != NULL && !address_equal(&node->address, a))
        node = node->next;
    return node;
}

static void put(struct addrmap *map, struct addrmap_node *node)
{
    struct addrmap_node **to = bucket_of(map, &node->address);

    node->next = *to;
    *to = node;
}

/* Twice the buckets; without memory the old ones do. */
static void grow(struct addrmap *map)
{
    struct addrmap_node **old = map->buckets;
    size_t n_old = map->n_buckets;
    struct addrmap_node **buckets = calloc(2 * n_old, sizeof(struct addrmap_node *));

    if (buckets == NULL)
        return;
    map->buckets = buckets;
    map->n_buckets = 2 * n_old;
    for (size_t i = 0; i < n_old; i++) {
        while (old[i] != NULL) {
            struct addrmap_node *node = old[i];

            old[i] = node->next;
            put(map, node);
        }
    }
    free(old);
}

void addrmap_add(struct addrmap *map, struct addrmap_node *node)
{
    if (map->n >= ADDRMAP_BUCKET_NODES * map->n_buckets)
        grow(map);
    put(map, node);
    map->n++;
}

void addrmap_remove(struct addrmap *map, struct addrmap_node *node)
{
    struct addrmap_node **at = bucket_of(map, &node->address);

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    map->n--;
}

struct addrmap_node *addrmap_next(const struct addrmap *map, struct addrmap_cursor *at)
{
    struct addrmap_node *node;

    while (at->next == NULL && at->bucket < map->n_buckets)
        at->next = map->buckets[at->bucket++];
    node = at->next;
    if (node != NULL)
        at->next = node->next;
    return node;
}
