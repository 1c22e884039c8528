/* keyset.h - a set of 128-bit keys (hashes of names, certificates): what was seen in this scan. About 32
 * bytes a key, whatever the name's length. Not thread-safe. */
#ifndef STS_KEYSET_H
#define STS_KEYSET_H
#include "sinks/base.h"

struct key128 {
    uint64_t lo, hi;
};
struct keyset {
    struct key128 *slots;
    size_t n, size; /* size: power of two, at least n * 4 / 3 */
    bool has_zero;
};

/* The key of some bytes under a secret of the process: a hostile name cannot aim at another's key. */
struct key128 key128_of(const void *p, size_t len, uint64_t secret);
/* 1: was added; 0: was there already; STS_ENOMEM. */
int keyset_add(struct keyset *set, struct key128 key) STS_CHECK;
bool keyset_has(const struct keyset *set, struct key128 key);
void keyset_drop(struct keyset *set, struct key128 key); /* no harm if it is not there */
void keyset_fini(struct keyset *set);
#endif
