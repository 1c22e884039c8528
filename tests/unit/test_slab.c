/* test_slab.c - slab.c against a plain list: things keep what was written to them, and cost little. */
#include "scanner/slab.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

struct thing {
    unsigned char *p;
    size_t len;
    unsigned char mark;
};

static void get(struct slab *slab, struct thing *t, size_t len, unsigned char mark)
{
    *t = (struct thing){slab_alloc(slab, len), len, mark};
    assert_non_null(t->p);
    assert_int_equal((uintptr_t)t->p % 8, 0);
    memset(t->p, mark, len);
}

static void put_back(struct slab *slab, struct thing *t)
{
    for (size_t i = 0; i < t->len; i++)
        assert_int_equal(t->p[i], t->mark);
    slab_free(slab, t->p, t->len);
    t->p = NULL;
}

static size_t n_pages(const struct slab *slab)
{
    size_t n = 0;

    for (void **chunk = slab->chunks; chunk != NULL; chunk = *chunk)
        n += SLAB_CHUNK_PAGES;
    return n - slab->n_fresh;
}

/* Protects what is kept: things of all sizes, also those too large for a page, come and go in any order and
 * never lie upon each other. */
static void test_come_and_go(void **state)
{
    enum { N = 700 };
    static struct thing things[N];
    struct slab slab = {0};
    uint64_t seed = 3;

    (void)state;
    for (unsigned step = 0; step < 60000; step++) {
        struct thing *t = &things[random_next(&seed) % N];
        const size_t most = random_next(&seed) % 10 == 0 ? 2 * SLAB_MOST_BYTES : 100;

        if (t->p != NULL)
            put_back(&slab, t);
        else
            get(&slab, t, 1 + random_next(&seed) % most, (unsigned char)step);
    }
    for (unsigned i = 0; i < N; i++) {
        if (things[i].p != NULL)
            put_back(&slab, &things[i]);
    }
    slab_fini(&slab);
    assert_null(slab.chunks);
}

/* Protects the budget: no more than 2 % beside the things, and room that things of one size leave is that of
 * things of another. */
static void test_little_beside(void **state)
{
    enum { N = 100000, LEN = 56, LONGER = 80 };
    struct thing *things = calloc(N, sizeof(*things));
    struct slab slab = {0};

    (void)state;
    assert_non_null(things);
    for (unsigned i = 0; i < N; i++)
        get(&slab, &things[i], LEN, (unsigned char)i);
    if (slab.chunks != NULL) /* has pages at all: AddressSanitizer wants them not */
        assert_in_range(n_pages(&slab) * SLAB_PAGE_BYTES, (size_t)N * LEN, (size_t)N * LEN * 102 / 100);
    for (unsigned i = 0; i < N; i++) {
        put_back(&slab, &things[i]);
        get(&slab, &things[i], LONGER, (unsigned char)i);
    }
    if (slab.chunks != NULL)
        assert_in_range(n_pages(&slab) * SLAB_PAGE_BYTES, (size_t)N * LONGER, (size_t)N * LONGER * 103 / 100);
    for (unsigned i = 0; i < N; i++)
        put_back(&slab, &things[i]);
    slab_fini(&slab);
    free(things);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_come_and_go),
        cmocka_unit_test(test_little_beside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
