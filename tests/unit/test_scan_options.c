/* The time of --at. */
#include "analysis/scan_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_time(void **state)
{
    static const struct {
        const char *text;
        uint64_t s;
    } right[] = {
        {"1970-01-01", 0},
        {"2026-02-01", 1769904000},
        {"2026-02-01Z", 1769904000},
        {"2026-02-01T12:00", 1769947200},
        {"2026-02-01T12:00:01", 1769947201},
        {"2026-02-01T12:00:01Z", 1769947201},
        {"2024-02-29T23:59:59Z", 1709251199},
        {"1769947200", 1769947200},
        {"100000000", 100000000},
        {"99999999999", 99999999999},
    };
    static const char *const wrong[] = {
        "",
        "today",
        "2026",
        "20260201",
        "2026-2-1",
        "2026-02-30",
        "2026-13-01",
        "2026-02-01 ",
        " 2026-02-01",
        "2026-02-01T24:00:01Z",
        "2026-02-01T",
        "1969-12-31",
        "-1",
        "+5",
        "1e9",
        "2026-02-01T12:00:00+01:00",
        "2026-02-01T12:00:00ZZ",
        "999999999999",
        "2026-02-01T12:60",
        "2026-02-01T 2:00",
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(right); i++) {
        struct sts_err err = {0};
        uint64_t ms = 1;

        if (parse_time(right[i].text, &ms, &err) != STS_OK || ms != 1000 * right[i].s)
            fail_msg("%s: %s, %llu ms", right[i].text, err.msg, (unsigned long long)ms);
    }
    for (size_t i = 0; i < STS_LEN(wrong); i++) {
        struct sts_err err = {0};
        uint64_t ms;

        if (parse_time(wrong[i], &ms, &err) != STS_EINVAL || strstr(err.msg, wrong[i]) == NULL)
            fail_msg("\"%s\" passes", wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_time)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
