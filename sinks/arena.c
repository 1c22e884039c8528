#include "sinks/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_FIRST_BYTES 1024
#define ARENA_MOST_BYTES  (256 * 1024) /* blocks double up to this size */

/* AddressSanitizer tells of memory used behind its end only where it is given back. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define POOL_KEEPS false
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define POOL_KEEPS false
#endif
#ifndef POOL_KEEPS
#define POOL_KEEPS true
#endif

struct arena_block {
    struct arena_block *next;
    size_t len_bytes;
    alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *a, size_t limit_bytes)
{
    memset(a, 0, sizeof(*a));
    a->limit_bytes = limit_bytes;
}

void arena_init_pooled(struct arena *a, size_t limit_bytes, struct arena_pool *pool)
{
    arena_init(a, limit_bytes);
    a->pool = pool;
}

static size_t block_bytes(const struct arena *a, size_t need_bytes)
{
    size_t len_bytes = a->size == 0 ? ARENA_FIRST_BYTES : a->size * 2;

    if (a->pool != NULL)
        len_bytes = ARENA_POOLED_BYTES;
    else if (len_bytes > ARENA_MOST_BYTES)
        len_bytes = ARENA_MOST_BYTES;
    return len_bytes < need_bytes ? need_bytes : len_bytes;
}

static struct arena_block *new_block(struct arena_pool *pool, size_t len_bytes)
{
    struct arena_block *block = pool != NULL && len_bytes == ARENA_POOLED_BYTES ? pool->free : NULL;

    if (block != NULL) {
        pool->free = block->next;
        pool->n_free--;
        return block;
    }
    block = malloc(sizeof(*block) + len_bytes);
    if (block != NULL)
        block->len_bytes = len_bytes;
    return block;
}

static int add_block(struct arena *a, size_t need_bytes)
{
    size_t len_bytes = block_bytes(a, need_bytes);
    struct arena_block *block;

    if (a->limit_bytes != 0 && a->total_bytes + len_bytes > a->limit_bytes)
        return STS_ENOMEM;
    block = new_block(a->pool, len_bytes);
    if (block == NULL)
        return STS_ENOMEM;
    block->next = a->blocks;
    a->blocks = block;
    a->used = 0;
    a->size = len_bytes;
    a->total_bytes += len_bytes;
    return STS_OK;
}

void *arena_reserve(struct arena *a, size_t len_bytes)
{
    const size_t align = alignof(max_align_t);
    void *p;

    if (len_bytes > SIZE_MAX / 2)
        return NULL;
    len_bytes = (len_bytes + align - 1) / align * align;
    if (a->blocks == NULL || a->size - a->used < len_bytes) {
        if (add_block(a, len_bytes) != STS_OK)
            return NULL;
    }
    p = a->blocks->data + a->used;
    a->used += len_bytes;
    return p;
}

void *arena_alloc(struct arena *a, size_t len_bytes)
{
    void *p = arena_reserve(a, len_bytes);

    return p != NULL ? memset(p, 0, len_bytes) : NULL;
}

struct sts_str arena_copy(struct arena *a, const void *p, size_t len)
{
    char *copy = len < UINT32_MAX ? arena_reserve(a, len + 1) : NULL;

    if (copy == NULL)
        return (struct sts_str){NULL, 0};
    if (len > 0)
        memcpy(copy, p, len);
    copy[len] = '\0';
    return (struct sts_str){copy, (uint32_t)len};
}

static void free_blocks(struct arena_block *block, struct arena_pool *pool)
{
    while (block != NULL) {
        struct arena_block *next = block->next;

        if (POOL_KEEPS && pool != NULL && block->len_bytes == ARENA_POOLED_BYTES &&
            pool->n_free < ARENA_POOL_BLOCKS) {
            block->next = pool->free;
            pool->free = block;
            pool->n_free++;
        } else {
            free(block);
        }
        block = next;
    }
}

void arena_pool_fini(struct arena_pool *pool)
{
    free_blocks(pool->free, NULL);
    *pool = (struct arena_pool){0};
}

void arena_reset(struct arena *a)
{
    if (a->blocks == NULL)
        return;
    free_blocks(a->blocks->next, a->pool);
    a->blocks->next = NULL;
    a->total_bytes = a->blocks->len_bytes;
    a->used = 0;
}

void arena_fini(struct arena *a)
{
    free_blocks(a->blocks, a->pool);
    arena_init_pooled(a, a->limit_bytes, a->pool);
}
