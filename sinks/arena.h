/* arena.h - memory freed as a whole: one for a unit of work (a name, a probe, a frame being read). Not
 * thread-safe. */
#ifndef STS_ARENA_H
#define STS_ARENA_H
#include "sinks/base.h"

struct arena_block;

/* Blocks that arenas of one owner hand on to one another: zeroed memory is an empty one. What lives for a
 * question or a name comes and goes a hundred thousand times a second. A name fits into one until its MX
 * answer is there, and into two while its other questions are open. */
#define ARENA_POOLED_BYTES 768  /* of memory in such a block */
#define ARENA_POOL_BLOCKS  4096 /* kept for the next at most */
struct arena_pool {
    struct arena_block *free;
    uint32_t n_free;
};
void arena_pool_fini(struct arena_pool *pool);

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used, size;          /* in the newest block */
    size_t limit_bytes;         /* of all blocks together; 0: none */
    size_t total_bytes;
    struct arena_pool *pool; /* NULL: blocks come from malloc() and grow */
};

/* Starts empty: memory is taken with the first allocation. */
void arena_init(struct arena *a, size_t limit_bytes);
/* The same, for little memory and a short life; `pool` is borrowed until arena_fini(). */
void arena_init_pooled(struct arena *a, size_t limit_bytes, struct arena_pool *pool);
/* Zeroed memory, aligned for any type. NULL: no memory, or the limit is reached. */
void *arena_alloc(struct arena *a, size_t len_bytes);
/* The same, but not zeroed: memory that is not touched yet. */
void *arena_reserve(struct arena *a, size_t len_bytes);
/* A copy of `len` bytes with a NUL behind it (not counted). `.p` is NULL when memory is out. */
struct sts_str arena_copy(struct arena *a, const void *p, size_t len);
/* Frees all but the newest block, and starts again. Everything handed out is gone. */
void arena_reset(struct arena *a);
void arena_fini(struct arena *a);
#endif
