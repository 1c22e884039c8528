/* descriptors.c: connections that a limit of open files leaves room for. */
#include "scanner/descriptors.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <sys/resource.h>

/* Valgrind lets nobody change the hard limit. */
static void set_limit(rlim_t soft, rlim_t hard)
{
    const struct rlimit limit = {soft, hard};

    if (getenv("UNDER_VALGRIND") != NULL)
        skip();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* The hard limit is lowered from test to test: it cannot be raised again. */
static void test_fitting(void **state)
{
    struct rlimit limit;

    (void)state;
    set_limit(100, 1000);
    assert_int_equal(descriptors_fitting(500, 2), 500);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 1000);
    assert_int_equal(descriptors_fitting(3000, 2), 872);
    assert_int_equal(descriptors_fitting(0, 2), 872);
    assert_int_equal(descriptors_fitting(0, 8), 680);
    assert_int_equal(descriptors_fitting(0, 64), 500); /* half is for connections in any case */
}

/* Each time there is none left there are fewer, never none. */
static void test_short(void **state)
{
    struct scan s = {.n_workers = 2, .max_connections = 872, .connections = 400};

    (void)state;
    descriptors_are_short(&s);
    assert_int_equal(s.max_connections, 350);
    assert_int_equal(s.lowered_to, 350);
    s.lowered_to = 0;
    s.connections = 500; /* let through before */
    descriptors_are_short(&s);
    assert_int_equal(s.max_connections, 350);
    assert_int_equal(s.lowered_to, 0);
    set_limit(200, 200);
    s.connections = 349;
    descriptors_are_short(&s);
    assert_int_equal(s.max_connections, 100);
    for (unsigned i = 0; i < 100; i++) {
        s.connections = s.max_connections;
        descriptors_are_short(&s);
    }
    assert_int_equal(s.max_connections, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fitting),
        cmocka_unit_test(test_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
