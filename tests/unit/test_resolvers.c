/* test_resolvers.c - resolvers.c: which resolver is next, which are down, and how they come back. */
#include "scanner/resolvers.h"
#include "tests/unit/unit.h"

#include <string.h>

#define LONG_MS (10 * RESOLVER_PROBE_MS)

static struct resolvers r;

static void begin(uint32_t n)
{
    resolvers_fini(&r);
    assert_int_equal(resolvers_init(&r, n), STS_OK);
}

/* A first try that has no answer, and will have none. True: it went down with this. */
static bool lose_one(uint32_t i, uint64_t sent_ms)
{
    return resolvers_lost(&r, i, sent_ms, sent_ms + 1);
}

static bool lose(uint32_t i, unsigned times)
{
    bool down = false;

    while (times-- > 0)
        down |= lose_one(i, LONG_MS);
    return down;
}

static void put_down(uint32_t i)
{
    assert_true(lose(i, RESOLVER_MOST_LOST));
}

/* How many of so many questions go to resolver i. */
static unsigned share(uint32_t i, unsigned questions, uint64_t now_ms)
{
    unsigned n = 0;

    for (; questions > 0; questions--)
        n += resolvers_pick(&r, RESOLVER_NONE, now_ms) == i;
    return n;
}

/* Protects the load of resolvers: each takes an equal part, turn by turn. */
static void test_turn_by_turn(void **state)
{
    (void)state;
    begin(3);
    for (uint32_t i = 0; i < 9; i++)
        assert_int_equal(resolvers_pick(&r, RESOLVER_NONE, 0), i % 3);
    begin(1);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(resolvers_pick(&r, RESOLVER_NONE, 0), 0);
}

/* Protects the second try: it is not for the resolver that did not answer the first, unless there is no
 * other. */
static void test_avoid(void **state)
{
    (void)state;
    begin(3);
    for (uint32_t i = 0; i < 30; i++)
        assert_int_not_equal(resolvers_pick(&r, i % 3, 0), i % 3);
    put_down(2);
    (void)share(0, 3, LONG_MS); /* it was asked just now whether it is back */
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(resolvers_pick(&r, 0, LONG_MS), 1);
        assert_int_equal(resolvers_pick(&r, 1, LONG_MS), 0);
    }
    put_down(1);
    (void)share(0, 3, LONG_MS);
    assert_int_equal(resolvers_pick(&r, 0, LONG_MS), 0); /* the last one that is up */
    begin(1);
    assert_int_equal(resolvers_pick(&r, 0, 0), 0);
}

/* Protects a question that found a resolver down: it is not asked there again, as the one that sees whether
 * that is back, while another is up. */
static void test_avoid_down(void **state)
{
    (void)state;
    begin(2);
    put_down(0);
    for (unsigned i = 1; i < 10; i++)
        assert_int_equal(resolvers_pick(&r, 0, i * LONG_MS), 1);
    assert_int_equal(share(0, 2, LONG_MS), 1); /* another question is asked there */
}

/* Protects the scan where a resolver is silent: so many tries lost in a row, and not one less, are its end;
 * an answer between begins the row anew. */
static void test_down_after_lost(void **state)
{
    (void)state;
    begin(2);
    assert_false(lose(0, RESOLVER_MOST_LOST - 1));
    resolvers_answered(&r, 0, LONG_MS);
    assert_false(lose(0, RESOLVER_MOST_LOST - 1));
    assert_int_equal(share(0, 10, LONG_MS), 5);
    assert_true(lose_one(0, LONG_MS));
    assert_false(lose(0, 3 * RESOLVER_MOST_LOST)); /* it is down already */
    assert_int_equal(r.n_down, 1);
    assert_true(share(0, 10, LONG_MS) <= 1);
    assert_false(resolvers_was_refused(&r, 0, 0));
}

/* Protects the scan where nothing listens at a resolver: three refusals in a row are enough. */
static void test_down_after_refused(void **state)
{
    (void)state;
    begin(2);
    for (unsigned i = 1; i < RESOLVER_MOST_REFUSED; i++)
        assert_false(resolvers_refused(&r, 1, 7));
    resolvers_answered(&r, 1, LONG_MS);
    for (unsigned i = 1; i < RESOLVER_MOST_REFUSED; i++)
        assert_false(resolvers_refused(&r, 1, 7));
    assert_true(resolvers_refused(&r, 1, 7));
    assert_false(resolvers_refused(&r, 1, 7));
    assert_int_equal(r.n_down, 1);
}

/* Protects the outcome DNS_RESOLVER_DOWN: a refusal before the question, or before the last answer, says
 * nothing about it. */
static void test_was_refused(void **state)
{
    (void)state;
    begin(2);
    assert_false(resolvers_was_refused(&r, 0, 0));
    (void)!resolvers_refused(&r, 0, 100);
    assert_true(resolvers_was_refused(&r, 0, 100));
    assert_false(resolvers_was_refused(&r, 0, 101));
    assert_false(resolvers_was_refused(&r, 1, 0));
    resolvers_answered(&r, 0, LONG_MS);
    assert_false(resolvers_was_refused(&r, 0, 0));
}

/* Protects questions from a resolver that is down: one a second goes there, however many there are; and the
 * way back for it: an answer, a late one too. */
static void test_probe_and_back(void **state)
{
    (void)state;
    begin(3);
    put_down(1);
    for (unsigned second = 10; second < 15; second++) {
        uint64_t now_ms = (uint64_t)second * RESOLVER_PROBE_MS;

        assert_int_equal(share(1, 1000, now_ms), 1);
        assert_int_equal(share(1, 1000, now_ms + RESOLVER_PROBE_MS - 1), 0);
    }
    (void)lose(1, 5); /* as the questions to it are */
    resolvers_answered(&r, 1, LONG_MS);
    assert_int_equal(r.n_down, 0);
    assert_int_equal(share(1, 30, 20 * RESOLVER_PROBE_MS), 10);
    assert_false(lose(1, RESOLVER_MOST_LOST - 1)); /* what was lost before does not count */
}

/* Protects the scan where our own network is away: with all down each has its turn, as if all were up, and
 * the first that answers is up alone. */
static void test_all_down(void **state)
{
    (void)state;
    begin(3);
    for (uint32_t i = 0; i < 3; i++)
        put_down(i);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(share(i, 30, LONG_MS), 10);
    for (uint32_t i = 0; i < 9; i++)
        assert_int_not_equal(resolvers_pick(&r, i % 3, LONG_MS), i % 3);
    resolvers_answered(&r, 2, LONG_MS);
    assert_int_equal(r.n_down, 2);
    assert_int_equal(share(2, 100, LONG_MS), 98); /* but one question to each of the others */
}

/* Protects the scan from a pause for names whose own servers are silent: what was lost and sent before the
 * last answer came says nothing of the resolver, where enough of those sent together were answered. */
static void test_lost_before_an_answer(void **state)
{
    (void)state;
    begin(1);
    resolvers_heard(&r, 0, LONG_MS);
    for (unsigned i = 0; i + 1 < RESOLVER_SHARE_TRIES; i++)
        assert_false(lose_one(0, LONG_MS - 1));
    assert_true(lose_one(0, LONG_MS - 1));
    begin(1);
    resolvers_heard(&r, 0, LONG_MS);
    for (unsigned i = 0; i + 1 < RESOLVER_MOST_LOST; i++)
        assert_false(lose_one(0, LONG_MS));
    assert_true(lose_one(0, LONG_MS));
}

/* Tries sent in this second: first every `one_in`-th is answered, then the others are lost. True: it went
 * down with one of them. */
static bool serve(unsigned tries, unsigned one_in, unsigned second)
{
    const uint64_t sent_ms = 1000ULL * second;
    bool down = false;

    for (unsigned i = one_in; i <= tries; i += one_in)
        resolvers_answered(&r, 0, sent_ms);
    resolvers_heard(&r, 0, sent_ms + 1);
    for (unsigned i = tries / one_in; i < tries; i++)
        down |= lose_one(0, sent_ms);
    return down;
}

/* Protects names from a resolver that is nearly dead: an answer now and then does not make it one that works,
 * neither where much is asked, nor where little is. */
static void test_hardly_an_answer(void **state)
{
    bool down = false;

    (void)state;
    begin(1);
    assert_false(serve(10 * RESOLVER_SHARE_TRIES, 2, 5)); /* half of them */
    begin(1);
    assert_false(serve(RESOLVER_SHARE_TRIES - 1, 3, 5));
    assert_true(serve(1, 3, 5));
    assert_true(r.v[0].down);
    begin(1);
    for (unsigned second = 0; second < RESOLVER_SECONDS / 2; second++)
        down |= serve(2 * RESOLVER_SHARE_TRIES / RESOLVER_SECONDS + 1, 3, second);
    assert_true(down);
}

/* Protects the rate of a scan from a pause where many lost tries come at a time: silent names that were asked
 * for together, among others, end together, and no answer with them. */
static void test_lost_together(void **state)
{
    (void)state;
    begin(1);
    for (unsigned i = 0; i < 20 * RESOLVER_SHARE_TRIES; i++)
        resolvers_answered(&r, 0, LONG_MS);
    resolvers_heard(&r, 0, LONG_MS + 1);
    for (unsigned i = 0; i < 19 * RESOLVER_SHARE_TRIES; i++) {
        assert_false(lose_one(0, LONG_MS));
    }
}

/* Protects the scan from a pause where a resolver is slow: what is late, and answered after all, is not lost,
 * and others may be late; one that does not answer at all is down all the same. */
static void test_late_is_not_lost(void **state)
{
    const uint64_t now_ms = LONG_MS + 1;

    (void)state;
    begin(1);
    resolvers_answered_late(&r, 0, LONG_MS, now_ms);
    resolvers_heard(&r, 0, now_ms);
    for (unsigned i = 0; i < 10 * RESOLVER_SHARE_TRIES; i++)
        assert_false(resolvers_lost(&r, 0, LONG_MS, now_ms));
    for (unsigned i = 0; i < 6 * RESOLVER_SHARE_TRIES; i++)
        resolvers_answered_late(&r, 0, LONG_MS, now_ms);
    assert_false(resolvers_lost_too_many(&r, 0, LONG_MS));
    for (unsigned i = 0; i < 4 * RESOLVER_SHARE_TRIES; i++)
        assert_false(resolvers_lost(&r, 0, LONG_MS, now_ms));
    assert_true(resolvers_lost_too_many(&r, 0, LONG_MS));
    begin(1);
    resolvers_answered_late(&r, 0, LONG_MS, now_ms);
    resolvers_heard(&r, 0, LONG_MS);
    for (unsigned i = 0; i + 1 < RESOLVER_MOST_LOST; i++)
        assert_false(resolvers_lost(&r, 0, LONG_MS, now_ms));
    assert_true(resolvers_lost(&r, 0, LONG_MS, now_ms));
}

/* Protects the end of a pause that began since nothing was heard: something was, and it is over; where too
 * many were lost, an answer is luck. */
static void test_spoke(void **state)
{
    (void)state;
    begin(1);
    put_down(0);
    resolvers_spoke(&r, 0, LONG_MS);
    assert_false(r.v[0].down);
    begin(1);
    resolvers_heard(&r, 0, LONG_MS + 1);
    assert_true(lose(0, RESOLVER_SHARE_TRIES));
    resolvers_spoke(&r, 0, LONG_MS);
    assert_true(r.v[0].down);
}

/* Protects the end of a pause: what was sent before it, and has no answer, does not begin the next one. */
static void test_lost_before_the_pause(void **state)
{
    (void)state;
    begin(1);
    put_down(0);
    resolvers_heard(&r, 0, 2 * LONG_MS);
    resolvers_answered(&r, 0, 2 * LONG_MS);
    assert_false(r.v[0].down);
    for (unsigned i = 0; i < 2 * RESOLVER_SHARE_TRIES; i++)
        assert_false(lose_one(0, 2 * LONG_MS - 1));
}

/* Each probe sent at once, and answered. */
static void answer_probes(unsigned n, uint64_t now_ms)
{
    for (; n > 0; n--) {
        assert_true(resolvers_may_probe(&r, 0, now_ms));
        assert_false(resolvers_may_probe(&r, 0, now_ms));
        assert_false(resolvers_probed(&r, 0, true));
    }
}

/* Protects the end of a pause: so many more probes answered than lost, one upon the answer of the other, and
 * time between where one is lost. A resolver that answers now and then does not come back by luck, and one
 * does where a witness has gone. */
static void test_probes_end_it(void **state)
{
    (void)state;
    begin(1);
    assert_false(resolvers_probed(&r, 0, true));
    put_down(0);
    answer_probes(RESOLVER_BACK - 1, 0);
    assert_true(r.v[0].down);
    answer_probes(1, 0);
    assert_false(r.v[0].down);
    assert_false(resolvers_may_probe(&r, 0, LONG_MS));
    put_down(0);
    for (uint64_t now_ms = 0; now_ms < 9 * RESOLVER_PROBE_MS; now_ms += RESOLVER_PROBE_MS) {
        answer_probes(1, now_ms);
        assert_true(resolvers_may_probe(&r, 0, now_ms));
        assert_false(resolvers_probed(&r, 0, false));
        assert_false(resolvers_may_probe(&r, 0, now_ms + RESOLVER_PROBE_MS - 1));
    }
    assert_true(r.v[0].down);
    answer_probes(RESOLVER_BACK - 1, LONG_MS);
    assert_true(resolvers_may_probe(&r, 0, LONG_MS));
    assert_false(resolvers_probed(&r, 0, false));
    answer_probes(2, 2 * LONG_MS);
    assert_false(r.v[0].down);
    assert_int_equal(r.n_down, 0);
}

/* Protects the process: whatever happened before, a resolver is found, and as many are down as are counted.
 */
static void test_never_endless(void **state)
{
    uint64_t seed = 5, now_ms = 0;

    (void)state;
    for (uint32_t n = 1; n <= 4; n++) {
        begin(n);
        for (unsigned step = 0; step < 20000; step++) {
            uint64_t random = random_next(&seed);
            uint32_t i = (uint32_t)(random >> 8) % n, avoid = (uint32_t)(random >> 16) % (n + 1), n_down = 0;

            now_ms += (random >> 32) % 40;
            assert_true(resolvers_pick(&r, avoid < n ? avoid : RESOLVER_NONE, now_ms) < n);
            if (random % 16 == 0)
                (void)!resolvers_probed(&r, i, random % 32 == 0);
            else if (random % 8 == 0)
                resolvers_answered(&r, i, now_ms);
            else if (random % 8 < 4)
                (void)!resolvers_refused(&r, i, now_ms);
            else
                (void)lose(i, 20);
            for (uint32_t k = 0; k < n; k++)
                n_down += r.v[k].down;
            assert_int_equal(n_down, r.n_down);
        }
    }
}

static int end(void **state)
{
    (void)state;
    resolvers_fini(&r);
    return 0;
}

/* Protects what is connected while nothing is asked: an idle resolver is looked at, and one that says nothing
 * any more is down. */
static void test_idle(void **state)
{
    uint64_t now_ms = LONG_MS;

    (void)state;
    begin(2);
    resolvers_heard(&r, 0, now_ms);
    assert_false(resolvers_may_watch(&r, 0, true, now_ms));
    for (unsigned i = 0; i + 1 < RESOLVER_MOST_UNHEARD; i++) {
        now_ms += RESOLVER_PROBE_MS;
        assert_true(resolvers_may_watch(&r, 0, true, now_ms));
        assert_false(resolvers_may_watch(&r, 0, true, now_ms));
        assert_false(resolvers_probed(&r, 0, false));
    }
    assert_false(resolvers_probed(&r, 0, true));
    for (unsigned i = 0; i + 1 < RESOLVER_MOST_UNHEARD; i++)
        assert_false(resolvers_probed(&r, 0, false));
    assert_true(resolvers_probed(&r, 0, false));
    assert_false(resolvers_probed(&r, 0, false));                     /* it is, already */
    assert_false(resolvers_may_watch(&r, 0, true, now_ms + LONG_MS)); /* but resolvers_may_probe() */
    assert_false(resolvers_all_down(&r));
    begin(1);
    assert_false(resolvers_may_watch(&r, 0, false, LONG_MS)); /* nothing is to be expected of it */
}

/* First tries that are answered, lost, and answered by SERVFAIL. */
static void end_tries(unsigned n_answered, unsigned n_lost, unsigned n_failed)
{
    for (unsigned i = 0; i < n_answered + n_failed; i++)
        resolvers_answered(&r, 0, LONG_MS);
    for (unsigned i = 0; i < n_failed; i++)
        resolvers_failed(&r, 0);
    resolvers_heard(&r, 0, LONG_MS + 1);
    for (unsigned i = 0; i < n_lost; i++)
        assert_false(resolvers_lost(&r, 0, LONG_MS, LONG_MS + 1));
}

/* Protects names from a resolver that has lost its way to others, and answers from its cache: where many
 * first tries fail it is watched, however many are answered, and as long as they fail. */
static void test_watched_where_many_fail(void **state)
{
    const unsigned n = 4 * RESOLVER_FAILS_ONE_IN;
    uint64_t now_ms = 2 * LONG_MS;

    (void)state;
    begin(1);
    end_tries(n, 1, 1);
    assert_false(resolvers_may_watch(&r, 0, false, now_ms));
    end_tries(n, 1, n / RESOLVER_FAILS_ONE_IN);
    assert_false(resolvers_may_watch(&r, 0, false, now_ms + RESOLVER_PROBE_MS - 1)); /* too soon */
    now_ms += RESOLVER_PROBE_MS;
    assert_true(resolvers_may_watch(&r, 0, false, now_ms));
    assert_false(resolvers_probed(&r, 0, false));
    resolvers_heard(&r, 0, now_ms);
    assert_true(resolvers_may_watch(&r, 0, false, now_ms + RESOLVER_RECHECK_MS)); /* nothing new */
    assert_false(resolvers_probed(&r, 0, false));
    end_tries(n, 0, 0);
    now_ms += 2 * RESOLVER_RECHECK_MS;
    assert_false(resolvers_may_watch(&r, 0, false, now_ms));
    for (unsigned i = 0; i + 1 < RESOLVER_MOST_UNHEARD; i++)
        assert_false(resolvers_probed(&r, 0, false)); /* it began anew */
    assert_true(resolvers_probed(&r, 0, false));
}

/* Protects the end of a pause where a resolver is slow, and the look at one that is up: how long a probe may
 * take. */
static void test_probe_waits(void **state)
{
    const uint64_t timeout_ms = 5000, took_ms = RESOLVER_PROBE_MS / 2;

    (void)state;
    begin(1);
    resolvers_probe_asked(&r, 0, LONG_MS);
    assert_true(resolvers_probe_waits(&r, 0, timeout_ms, LONG_MS + timeout_ms - 1)); /* nothing is known */
    assert_false(resolvers_probe_waits(&r, 0, timeout_ms, LONG_MS + timeout_ms));
    resolvers_probe_answered(&r, 0, LONG_MS + 1);
    assert_true(resolvers_probe_waits(&r, 0, timeout_ms, LONG_MS + RESOLVER_PROBE_MS - 1));
    assert_false(resolvers_probe_waits(&r, 0, timeout_ms, LONG_MS + RESOLVER_PROBE_MS));
    resolvers_probe_answered(&r, 0, LONG_MS + took_ms);
    assert_true(resolvers_probe_waits(&r, 0, timeout_ms, LONG_MS + RESOLVER_PROBE_TIMES * took_ms - 1));
    assert_false(resolvers_probe_waits(&r, 0, timeout_ms, LONG_MS + RESOLVER_PROBE_TIMES * took_ms));
    put_down(0);
    assert_true(resolvers_probe_waits(&r, 0, timeout_ms, LONG_MS + timeout_ms - 1));
    resolvers_probe_answered(&r, 0, LONG_MS + timeout_ms - 1);
    assert_false(resolvers_probe_waits(&r, 0, timeout_ms, LONG_MS + timeout_ms));
    resolvers_spoke(&r, 0, LONG_MS);
    put_down(0);
    assert_true(resolvers_probe_waits(&r, 0, timeout_ms, LONG_MS + 2 * timeout_ms - 1));
    assert_false(resolvers_probe_waits(&r, 0, timeout_ms, LONG_MS + 2 * timeout_ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turn_by_turn),
        cmocka_unit_test(test_avoid),
        cmocka_unit_test(test_avoid_down),
        cmocka_unit_test(test_down_after_lost),
        cmocka_unit_test(test_down_after_refused),
        cmocka_unit_test(test_was_refused),
        cmocka_unit_test(test_probe_and_back),
        cmocka_unit_test(test_all_down),
        cmocka_unit_test(test_never_endless),
        cmocka_unit_test(test_hardly_an_answer),
        cmocka_unit_test(test_probes_end_it),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_watched_where_many_fail),
        cmocka_unit_test(test_probe_waits),
        cmocka_unit_test(test_lost_before_an_answer),
        cmocka_unit_test(test_lost_together),
        cmocka_unit_test(test_lost_before_the_pause),
        cmocka_unit_test(test_late_is_not_lost),
        cmocka_unit_test(test_spoke),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
