/* keyset.h - a set of 128-bit keys (hashes of names, certificates): what was seen in this scan. At most 27
 * bytes a key where there are many, whatever the name's length. Not thread-safe. */
#ifndef STS_KEYSET_H
#define STS_KEYSET_H
#include "sinks/base.h"

struct key128 {
    uint64_t lo, hi;
};
/* A table for some of the keys: they grow one after the other, so that there are never many slots twice. */
struct keyset_part {
    struct key128 *slots;
    uint32_t n, size; /* n: at most 3/4 of size */
};
#define KEYSET_PARTS 64
struct keyset {
    struct keyset_part *parts; /* [KEYSET_PARTS]; NULL until the first key */
    size_t n;                  /* keys, but for zero */
    bool has_zero;
};

/* The key of some bytes under a secret of the process: a hostile name cannot aim at another's key. */
struct key128 key128_of(const void *p, size_t len, uint64_t secret);
/* 1: was added; 0: was there already; STS_ENOMEM. */
int keyset_add(struct keyset *set, struct key128 key) STS_CHECK;
bool keyset_has(const struct keyset *set, struct key128 key);
bool keyset_drop(struct keyset *set, struct key128 key); /* false: was not there */
void keyset_fini(struct keyset *set);
#endif
