/* outage.c: when the user is told of a pause, and when it has lasted too long. */
#include "scanner/outage.h"
#include "tests/unit/unit.h"

#define SECOND INT64_C(1000000000)
#define LOOK   INT64_C(50000000)
#define LIMIT  (60 * SECOND)

static struct outage outage;
static int64_t now_ns = 1000 * SECOND, ns;

/* What is told in this time; at most one thing. */
static enum outage_event look(int64_t for_ns, bool paused)
{
    enum outage_event told = OUTAGE_NONE;

    for (int64_t end_ns = now_ns + for_ns; now_ns < end_ns; now_ns += LOOK) {
        enum outage_event event = outage_look(&outage, now_ns, paused, LIMIT, &ns);

        if (event == OUTAGE_NONE)
            continue;
        assert_int_equal(told, OUTAGE_NONE);
        told = event;
    }
    return told;
}

/* A pause in which a probe is answered at once is not worth a word. */
static void test_short(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(look(OUTAGE_TOLD_NS, true), OUTAGE_NONE);
        assert_int_equal(look(LOOK, false), OUTAGE_NONE);
    }
}

static void test_begins_and_ends(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(look(5 * SECOND, true), OUTAGE_BEGINS);
        assert_int_equal(look(20 * SECOND, true), OUTAGE_NONE); /* once is enough */
        assert_int_equal(look(LOOK, false), OUTAGE_ENDS);
        assert_true(ns >= 25 * SECOND && ns < 26 * SECOND);
        assert_int_equal(look(LIMIT, false), OUTAGE_NONE);
    }
}

static void test_limit(void **state)
{
    (void)state;
    assert_int_equal(look(LIMIT - SECOND, true), OUTAGE_BEGINS);
    assert_int_equal(look(2 * SECOND, true), OUTAGE_LIMIT);
    assert_int_equal(look(LIMIT, true), OUTAGE_NONE); /* once is enough */
    assert_int_equal(look(LOOK, false), OUTAGE_ENDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short),
        cmocka_unit_test(test_begins_and_ends),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
