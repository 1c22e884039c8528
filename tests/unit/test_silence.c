/* silence.c: when the user is told that resolvers have fallen silent, and when not. */
#include "scanner/silence.h"
#include "tests/unit/unit.h"

#include <string.h>

#define SECOND INT64_C(1000000000)
#define LOOK   INT64_C(50000000)

static struct silence silence;
static struct counts counts;
static int64_t now_ns, ns;
static uint64_t unanswered;

static int setup(void **state)
{
    (void)state;
    memset(&silence, 0, sizeof(silence));
    memset(&counts, 0, sizeof(counts));
    now_ns = 1000 * SECOND;
    return 0;
}

/* What is told in this time, the counters as they are; at most one thing. */
static enum silence_event look(int64_t for_ns)
{
    enum silence_event told = SILENCE_NONE;

    for (int64_t end_ns = now_ns + for_ns; now_ns < end_ns; now_ns += LOOK) {
        enum silence_event event = silence_look(&silence, now_ns, &counts, &ns, &unanswered);

        if (event == SILENCE_NONE)
            continue;
        assert_int_equal(told, SILENCE_NONE);
        told = event;
    }
    return told;
}

static void test_idle(void **state)
{
    (void)state;
    assert_int_equal(look(60 * SECOND), SILENCE_NONE); /* nothing was asked */
    counts.queries = counts.answers = 1000;
    assert_int_equal(look(60 * SECOND), SILENCE_NONE); /* all is answered: retries wait */
}

static void test_begins_and_ends(void **state)
{
    (void)state;
    counts.queries = 1500;
    counts.answers = 1000;
    assert_int_equal(look(9 * SECOND), SILENCE_NONE);
    assert_int_equal(look(2 * SECOND), SILENCE_BEGINS);
    assert_int_equal(look(60 * SECOND), SILENCE_NONE); /* once is enough */
    counts.answers++;
    assert_int_equal(look(LOOK), SILENCE_ENDS);
    assert_true(ns > 70 * SECOND && ns < 72 * SECOND);
    assert_int_equal(look(9 * SECOND), SILENCE_NONE);
    assert_int_equal(look(2 * SECOND), SILENCE_BEGINS); /* and again */
    assert_int_equal(unanswered, 499);
}

/* A single answer now and then is an answer. */
static void test_slow(void **state)
{
    (void)state;
    counts.queries = 1000;
    for (unsigned i = 0; i < 20; i++) {
        counts.answers++;
        assert_int_equal(look(8 * SECOND), SILENCE_NONE);
    }
}

/* Questions that fail at once leave none that waits: a closed port. */
static void test_failing_at_once(void **state)
{
    enum silence_event told = SILENCE_NONE;

    (void)state;
    counts.queries = counts.answers = 100;
    (void)look(SECOND);
    for (unsigned i = 0; i < 12 * 20 && told == SILENCE_NONE; i++) {
        counts.queries += 10;
        counts.dns_timeouts += 10;
        told = look(LOOK);
    }
    assert_int_equal(told, SILENCE_BEGINS);
    assert_true(unanswered >= 2000);
}

/* The last questions of a scan may all be about name servers that are dead. */
static void test_few(void **state)
{
    (void)state;
    counts.queries = 1000;
    counts.answers = 1000 - (SILENCE_LEAST - 1);
    assert_int_equal(look(60 * SECOND), SILENCE_NONE);
    counts.queries++;
    assert_int_equal(look(SECOND), SILENCE_BEGINS);
}

/* This program was suspended: that is nobody's silence. */
static void test_gap(void **state)
{
    (void)state;
    counts.queries = 1000;
    assert_int_equal(look(5 * SECOND), SILENCE_NONE);
    now_ns += 3600 * SECOND;
    assert_int_equal(look(4 * SECOND), SILENCE_NONE);
    assert_int_equal(look(2 * SECOND), SILENCE_BEGINS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_idle, setup), cmocka_unit_test_setup(test_begins_and_ends, setup),
        cmocka_unit_test_setup(test_slow, setup), cmocka_unit_test_setup(test_failing_at_once, setup),
        cmocka_unit_test_setup(test_few, setup),  cmocka_unit_test_setup(test_gap, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
