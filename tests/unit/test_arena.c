/* test_arena.c - arena.c with a pool: what is handed out is zero, also where another had it before; the
 * limits of an arena and of the pool hold. */
#include "sinks/arena.h"
#include "tests/unit/unit.h"

#include <string.h>

static bool is_zero(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != 0)
            return false;
    }
    return true;
}

/* Allocations of any size, each filled; `n_bytes` together. */
static void fill(struct arena *a, uint64_t *seed, size_t n_bytes)
{
    size_t len;

    for (size_t used = 0; used < n_bytes; used += len) {
        unsigned char *p;

        len = 1 + random_next(seed) % (random_next(seed) % 16 == 0 ? 3 * ARENA_POOLED_BYTES : 200);
        p = arena_alloc(a, len);
        assert_non_null(p);
        assert_true(is_zero(p, len));
        memset(p, 0xa5, len);
    }
}

static void test_handed_on(void **state)
{
    struct arena_pool pool = {0};
    struct arena arenas[20];
    uint64_t seed = 5;

    (void)state;
    for (unsigned i = 0; i < STS_LEN(arenas); i++)
        arena_init_pooled(&arenas[i], 0, &pool);
    for (unsigned round = 0; round < 500; round++) {
        struct arena *a = &arenas[random_next(&seed) % STS_LEN(arenas)];

        if (random_next(&seed) % 4 == 0)
            arena_reset(a);
        else
            arena_fini(a);
        fill(a, &seed, random_next(&seed) % 20000);
    }
    for (unsigned i = 0; i < STS_LEN(arenas); i++)
        arena_fini(&arenas[i]);
    assert_true(pool.n_free <= ARENA_POOL_BLOCKS);
    arena_pool_fini(&pool);
    assert_null(pool.free);
}

/* Protects memory: what a burst took is not kept beyond the limit. */
static void test_pool_limit(void **state)
{
    struct arena_pool pool = {0};
    struct arena a;

    (void)state;
    arena_init_pooled(&a, 0, &pool);
    for (unsigned i = 0; i < ARENA_POOL_BLOCKS + 100; i++)
        assert_non_null(arena_alloc(&a, ARENA_POOLED_BYTES));
    arena_fini(&a);
    assert_true(pool.n_free <= ARENA_POOL_BLOCKS);
    arena_pool_fini(&pool);
}

/* Protects from what a peer may send: the limit counts blocks of both kinds. */
static void test_limit(void **state)
{
    struct arena_pool pool = {0};
    struct arena a;

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        arena_init_pooled(&a, 4 * ARENA_POOLED_BYTES, &pool);
        assert_non_null(arena_alloc(&a, 1));
        assert_non_null(arena_alloc(&a, 2 * ARENA_POOLED_BYTES)); /* a block of its own */
        assert_non_null(arena_alloc(&a, 1));
        assert_null(arena_alloc(&a, ARENA_POOLED_BYTES));
        assert_non_null(arena_alloc(&a, 1)); /* there is room in the last */
        arena_fini(&a);
    }
    arena_pool_fini(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handed_on),
        cmocka_unit_test(test_pool_limit),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
