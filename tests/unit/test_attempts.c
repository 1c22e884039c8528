/* test_attempts.c - attempts.c: what is looked at again, when, and what a record keeps of it. */
#include "scanner/attempts.h"
#include "tests/unit/unit.h"

#include <string.h>

/* Protects "a temporary outcome has a second look before it is a fact", for every outcome there is: temporary
 * ones and ours until --attempts, missing STARTTLS once more, all others never; nor what the end of the scan
 * cut off. */
static void test_again(void **state)
{
    const struct options options = {.attempts = 3};

    (void)state;
    for (unsigned oc = 1; oc < OUTCOME_LIMIT; oc++) {
        enum outcome_class class_ = outcome_class(oc);
        bool ended = oc == OC_OUR_STOP || oc == OC_OUR_TAIL;
        bool again = (class_ == OCC_temporary || class_ == OCC_ours) && !ended;

        for (uint32_t n = 1; n <= 4; n++) {
            bool expected = oc == OC_SMTP_NO_STARTTLS || oc == OC_SMTP_HELO_ONLY ? n < 2 : again && n < 3;

            if (attempts_again(&options, (enum outcome)oc, n) != expected)
                fail_msg("%s after %u: %d", outcome_name(oc), n, !expected);
        }
    }
}

/* The same for some by name, so that a change of a class is seen here. */
static void test_again_by_name(void **state)
{
    static const enum outcome yes[] = {
        OC_TCP_TIMEOUT, OC_TCP_RESET,       OC_SMTP_GREETING_4XX, OC_SMTP_EHLO_4XX, OC_ADDRESS_UNKNOWN,
        OC_OUR_STALL,   OC_OUR_DESCRIPTORS, OC_SMTP_NO_STARTTLS,  OC_HTTP_TIMEOUT,  OC_SMTP_HELO_ONLY};
    static const enum outcome no[] = {
        OC_OK,          OC_SMTP_GREETING_5XX, OC_SMTP_EHLO_5XX, OC_ADDRESS_RESERVED, OC_TCP_REFUSED,
        OC_HTTP_STATUS, OC_TLS_ALERT,         OC_OUR_STOP,      OC_OUR_TAIL};
    const struct options options = {.attempts = 8}, once = {.attempts = 1};

    (void)state;
    for (size_t i = 0; i < STS_LEN(yes); i++) {
        assert_true(attempts_again(&options, yes[i], 1));
        assert_false(attempts_again(&once, yes[i], 1));
    }
    for (size_t i = 0; i < STS_LEN(no); i++)
        assert_false(attempts_again(&options, no[i], 1));
    assert_true(attempts_again(&options, OC_TCP_TIMEOUT, 7));
    assert_false(attempts_again(&options, OC_TCP_TIMEOUT, 8));
    assert_false(attempts_again(&options, OC_SMTP_NO_STARTTLS, 2));
    assert_false(attempts_again(&options, OC_SMTP_HELO_ONLY, 2));
}

/* Protects --retry-after: the waits in turn, the last one repeats; none given is no wait. */
static void test_waits(void **state)
{
    const struct options options = {.retry_after = {{300000, 1800000}, 2}}, one = {.retry_after = {{7}, 1}},
                         none = {0};

    (void)state;
    assert_int_equal(attempts_wait_ms(&options, 1), 300000);
    for (uint32_t n = 2; n < 10; n++)
        assert_int_equal(attempts_wait_ms(&options, n), 1800000);
    for (uint32_t n = 1; n < 10; n++) {
        assert_int_equal(attempts_wait_ms(&one, n), 7);
        assert_int_equal(attempts_wait_ms(&none, n), 0);
    }
}

/* Protects memory and the last word: beyond the most that is kept the latest attempt replaces the last one.
 */
static void test_kept(void **state)
{
    struct attempts list = {0};

    (void)state;
    for (unsigned i = 0; i < 3 * ATTEMPTS_MOST; i++) {
        assert_int_equal(attempts_add(&list, (struct rec_attempt){.t_ms = i}), STS_OK);
        assert_int_equal(list.n, i < ATTEMPTS_MOST ? i + 1 : ATTEMPTS_MOST);
        assert_int_equal(list.v[list.n - 1].t_ms, i);
    }
    for (unsigned i = 0; i < ATTEMPTS_MOST - 1; i++)
        assert_int_equal(list.v[i].t_ms, i);
    attempts_fini(&list);
    assert_int_equal(list.n, 0);
    attempts_fini(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_again_by_name),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
