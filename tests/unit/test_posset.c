/* Sets of positions: dense, with gaps, wild. */
#include "sinks/posset.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void add(struct posset *set, uint64_t pos, bool expect_fresh)
{
    bool fresh;

    assert_int_equal(posset_add(set, pos, &fresh), STS_OK);
    assert_int_equal(fresh, expect_fresh);
}

static void test_posset(void **state)
{
    struct posset set;
    uint64_t from = 1, to;

    (void)state;
    posset_init(&set);
    assert_true(posset_gap(&set, &from, 5, &to));
    assert_int_equal(from, 1);
    assert_int_equal(to, 5);
    for (uint64_t pos = 1; pos <= 100000; pos++)
        if (pos != 7 && (pos < 40000 || pos > 80000))
            add(&set, pos, true);
    add(&set, 1, false);
    assert_int_equal(set.n, 100000 - 1 - 40001);
    from = 1;
    assert_true(posset_gap(&set, &from, 100000, &to));
    assert_int_equal(from, 7);
    assert_int_equal(to, 7);
    from = to + 1;
    assert_true(posset_gap(&set, &from, 100000, &to));
    assert_int_equal(from, 40000);
    assert_int_equal(to, 80000);
    from = to + 1;
    assert_false(posset_gap(&set, &from, 100000, &to));
    assert_true(posset_gap(&set, &from, UINT64_C(1) << 60, &to)); /* wild, and still at once */
    assert_int_equal(from, 100001);
    assert_int_equal(to, UINT64_C(1) << 60);
    add(&set, UINT64_MAX, true); /* a page more, no more */
    assert_true(posset_has(&set, UINT64_MAX));
    posset_fini(&set);
}

/* A hostile file: every position on a page of its own, those of the highest bits too. */
static void test_wild(void **state)
{
    enum { WILD = 1000 };
    struct posset set;
    uint64_t from = 0, to;

    (void)state;
    posset_init(&set);
    for (uint64_t i = 0; i < WILD; i++)
        add(&set, UINT64_MAX - (i << 52), true);
    add(&set, UINT64_C(1) << 63, true);
    add(&set, 0, true);
    for (uint64_t i = 0; i < WILD; i++) {
        add(&set, UINT64_MAX - (i << 52), false);
        assert_false(posset_has(&set, UINT64_MAX - (i << 52) - 1));
    }
    assert_int_equal(set.n, WILD + 2);
    assert_int_equal(set.n_pages, WILD + 2);
    assert_int_equal(set.highest, UINT64_MAX);
    assert_true(posset_gap(&set, &from, 99, &to));
    assert_int_equal(from, 1);
    assert_int_equal(to, 99);
    posset_fini(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_posset), cmocka_unit_test(test_wild)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
