/* table.h - facts by key: an open-addressing hash table of entries of one size, keyed by 128 bits. An entry
 * begins with its struct key. Pointers to entries last until the next table_put(). Not thread-safe. */
#ifndef STS_TABLE_H
#define STS_TABLE_H
#include "sinks/base.h"

struct key {
    uint64_t lo, hi; /* never both 0: that is an empty place */
};

struct key key_of(const void *p, size_t len);
/* Of a DNS name: the same for upper and lower case (RFC 4343). */
struct key key_of_name(struct sts_str name);
/* Of the same fields in the same order; what is in one never runs into the next. */
struct key key_join(struct key a, struct key b);

struct table {
    uint8_t *entries;
    size_t entry_bytes, n, size; /* size: places, a power of two or 0 */
};

void table_init(struct table *t, size_t entry_bytes);
void table_fini(struct table *t);
/* NULL: not there. */
void *table_find(const struct table *t, struct key key);
/* The entry of `key`, made (zero behind its key) where it is not there yet. NULL: no memory. */
void *table_put(struct table *t, struct key key);
/* Each entry once: start with *at = 0; NULL at the end. */
void *table_next(const struct table *t, size_t *at);
#endif
