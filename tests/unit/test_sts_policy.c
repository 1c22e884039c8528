/* The MTA-STS policy, case by case: RFC 8461 sections 3.2 and 4.1. */
#include "analysis/sts_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GOOD "version: STSv1\nmode: enforce\nmx: a.com\nmax_age: 1\n"

struct row {
    const char *body;
    enum defect_id defect; /* the first; DEFECT_NONE: valid */
    uint32_t offset;
    enum sts_mode mode;
    uint64_t max_age_s;
    uint32_t n_mx;
};

static const struct row rows[] = {
    {GOOD, DEFECT_NONE, 0, STS_MODE_ENFORCE, 1, 1},
    {"version: STSv1\r\nmode: testing\r\nmx: *.a.com\r\nmx: b\r\nmax_age: 604800", DEFECT_NONE, 0,
     STS_MODE_TESTING, 604800, 2},
    {"version:STSv1\nmode:none \t\nmax_age:\t0\r\n", DEFECT_NONE, 0, STS_MODE_NONE, 0, 0},
    {"mode: none\nmax_age: 31557600\nversion: STSv1", DEFECT_NONE, 0, STS_MODE_NONE, 31557600, 0},
    {GOOD "mode: none\nmax_age: 9\nversion: STSv1", DEFECT_NONE, 0, STS_MODE_ENFORCE, 1, 1},
    {GOOD "x-new: any \xc3\xa9 text; with=all\n", DEFECT_NONE, 0, STS_MODE_ENFORCE, 1, 1},
    {"version: STSv1\nmode: enforce\nmx: 192.0.2.1\nmax_age: 1\n", DEFECT_NONE, 0, STS_MODE_ENFORCE, 1, 1},
    {"", DEFECT_POLICY_EMPTY, 0, STS_MODE_UNKNOWN, 0, 0},
    {"\xef\xbb\xbf" GOOD, DEFECT_POLICY_BOM, 0, STS_MODE_ENFORCE, 1, 1},
    {"\n" GOOD, DEFECT_POLICY_BLANK_LINE, 0, STS_MODE_ENFORCE, 1, 1},
    {GOOD "\n", DEFECT_POLICY_BLANK_LINE, sizeof(GOOD) - 1, STS_MODE_ENFORCE, 1, 1},
    {GOOD "  ", DEFECT_POLICY_BLANK_LINE, sizeof(GOOD) - 1, STS_MODE_ENFORCE, 1, 1},
    {" " GOOD, DEFECT_POLICY_NAME, 0, STS_MODE_ENFORCE, 1, 1},
    {"version :STSv1\nmode: none\nmax_age: 1", DEFECT_POLICY_NAME, 0, STS_MODE_NONE, 1, 0},
    {"Version: STSv1\nmode: none\nmax_age: 1", DEFECT_POLICY_VERSION_MISSING, 36, STS_MODE_NONE, 1, 0},
    {"version: STSv1\nmode: Enforce\nmx: a\nmax_age: 1", DEFECT_POLICY_MODE, 21, STS_MODE_UNKNOWN, 1, 1},
    {"version: STSv2\nmode: none\nmax_age: 1", DEFECT_POLICY_VERSION, 9, STS_MODE_NONE, 1, 0},
    {"version: STSv1\rmode: none\rmax_age: 1", DEFECT_POLICY_BARE_CR, 14, STS_MODE_UNKNOWN, 0, 0},
    {"<html>", DEFECT_POLICY_LINE, 0, STS_MODE_UNKNOWN, 0, 0},
    {"mode: none\nmax_age: 1", DEFECT_POLICY_VERSION_MISSING, 21, STS_MODE_NONE, 1, 0},
    {"version: STSv1\nmax_age: 1\nmx: a", DEFECT_POLICY_MODE_MISSING, 31, STS_MODE_UNKNOWN, 1, 1},
    {"version: STSv1\nmode: none", DEFECT_POLICY_MAX_AGE_MISSING, 25, STS_MODE_NONE, 0, 0},
    {"version: STSv1\nmode: enforce\nmax_age: 1", DEFECT_POLICY_MX_MISSING, 39, STS_MODE_ENFORCE, 1, 0},
    {GOOD "foo:", DEFECT_POLICY_VALUE_EMPTY, sizeof(GOOD) - 1 + 4, STS_MODE_ENFORCE, 1, 1},
    {GOOD "foo: a\x01", DEFECT_POLICY_CHARACTER, sizeof(GOOD) - 1 + 6, STS_MODE_ENFORCE, 1, 1},
    {GOOD "foo: \xff", DEFECT_POLICY_CHARACTER, sizeof(GOOD) - 1 + 5, STS_MODE_ENFORCE, 1, 1},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct sts_policy p;

        sts_policy_read(&p, sts_str(row->body));
        if ((p.verdict == VERDICT_VALID) != (row->defect == DEFECT_NONE) ||
            (p.defects.n > 0 && (p.defects.v[0].id != row->defect || p.defects.v[0].offset != row->offset)))
            fail_msg("%s: %s, %s at %u", row->body, verdict_name(p.verdict), defect_name(p.defects.v[0].id),
                     p.defects.v[0].offset);
        assert_int_equal(p.mode, row->mode);
        assert_int_equal(p.max_age_s, row->max_age_s);
        assert_int_equal(p.n_mx, row->n_mx);
    }
}

static enum defect_id defect_of(const char *key, const char *value)
{
    struct sts_policy p;
    char body[1024];
    bool mx = strcmp(key, "mx") == 0;

    snprintf(body, sizeof(body), "version: STSv1\nmode: enforce\n%s%s: %s\n",
             mx ? "max_age: 1\n" : "mx: a.com\n", key, value);
    sts_policy_read(&p, sts_str(body));
    return p.defects.n ? p.defects.v[0].id : DEFECT_NONE;
}

static void test_max_age(void **state)
{
    (void)state;
    assert_int_equal(defect_of("max_age", "0000000001"), DEFECT_NONE);
    assert_int_equal(defect_of("max_age", "31557601"), DEFECT_POLICY_MAX_AGE_RANGE);
    assert_int_equal(defect_of("max_age", "9999999999"), DEFECT_POLICY_MAX_AGE_RANGE);
    assert_int_equal(defect_of("max_age", "99999999999"), DEFECT_POLICY_MAX_AGE);
    assert_int_equal(defect_of("max_age", "-1"), DEFECT_POLICY_MAX_AGE);
    assert_int_equal(defect_of("max_age", "1e6"), DEFECT_POLICY_MAX_AGE);
    assert_int_equal(defect_of("max_age", "604800s"), DEFECT_POLICY_MAX_AGE);
    assert_int_equal(defect_of("max_age", ""), DEFECT_POLICY_MAX_AGE);
}

static void test_mx(void **state)
{
    static const char *const bad[] = {"",       "user@a.com",  "a.com.",   "*",
                                      "*.",     "*.*.a.com",   "m*.a.com", ".a.com",
                                      "a..com", "[192.0.2.1]", "a b",      "a.com, b.com",
                                      "-a.com", "a-.com",      "a_b.com",  "b\xc3\xbc.com"};

    (void)state;
    for (size_t i = 0; i < STS_LEN(bad); i++)
        if (defect_of("mx", bad[i]) != DEFECT_POLICY_MX)
            fail_msg("mx: %s passes", bad[i]);
    assert_int_equal(defect_of("mx", "*.com"), DEFECT_NONE);
    assert_int_equal(defect_of("mx", "a-b.C0m"), DEFECT_NONE);
    assert_int_equal(defect_of("mx", "a23456789012345678901234567890123456789012345678901234567890123.b"),
                     DEFECT_NONE);
    assert_int_equal(defect_of("mx", "a234567890123456789012345678901234567890123456789012345678901234.b"),
                     DEFECT_POLICY_MX);
}

static bool match(const char *pattern, const char *host)
{
    return sts_policy_mx_match(sts_str(pattern), sts_str(host));
}

static void test_match(void **state)
{
    (void)state;
    assert_true(match("mail.a.com", "MAIL.A.com"));
    assert_true(match("*.a.com", "mail.A.com"));
    assert_false(match("*.a.com", "a.com"));
    assert_false(match("*.a.com", "b.mail.a.com"));
    assert_false(match("*.a.com", ".a.com"));
    assert_false(match("*.a.com", "maila.com"));
    assert_false(match("mail.a.com", "a.com"));
    assert_false(match("*.a.com", ""));
    assert_true(match(".a.com", "mail.A.com")); /* only the lenient reading has such patterns */
    assert_false(match(".a.com", "a.com"));
    assert_false(match(".a.com", "b.mail.a.com"));
    assert_false(match("*", "a"));
}

static void test_next_mx(void **state)
{
    struct sts_str body = sts_str("mx: a.com\r\nmode: none\nmx: bad@b\nmx:*.c.com"), pattern;
    uint32_t at = 0;

    (void)state;
    assert_true(sts_policy_next_mx(body, &at, &pattern));
    assert_true(sts_str_equal(pattern, sts_str("a.com")));
    assert_true(sts_policy_next_mx(body, &at, &pattern));
    assert_true(sts_str_equal(pattern, sts_str("*.c.com")));
    assert_false(sts_policy_next_mx(body, &at, &pattern));
    at = 0;
    body = sts_str("\xef\xbb\xbfmx: a.com\r\n"); /* read like the policy itself: behind the byte order mark */
    assert_true(sts_policy_next_mx(body, &at, &pattern));
    assert_true(sts_str_equal(pattern, sts_str("a.com")));
}

/* `want`: the patterns with a blank behind each. */
static void is_lenient(const char *body, const char *want)
{
    struct sts_str pattern;
    char got[512] = "";
    size_t len = 0;
    uint32_t at = 0;

    while (sts_policy_next_lenient_mx(sts_str(body), &at, &pattern))
        len += (size_t)snprintf(got + len, sizeof(got) - len, "%.*s ", (int)pattern.len, pattern.p);
    assert_string_equal(got, want);
    assert_false(sts_policy_next_lenient_mx(sts_str(body), &at, &pattern)); /* the end stays the end */
}

static void test_next_lenient_mx(void **state)
{
    (void)state;
    is_lenient("", "");
    is_lenient("mx:", "");
    is_lenient("mx: , ,\nmode: none", "");
    is_lenient("mx: a.com\r\nmode: none\nmx: bad@b\nmx:*.c.com", "a.com *.c.com ");
    is_lenient("mx: a.com,b.com.,\t*.c.com. bad@d .e.com\rmx :f_1.com",
               "a.com b.com *.c.com .e.com f_1.com ");
    is_lenient("\xef\xbb\xbf mx: a\n\n\tmx: b\rmx\n:mx\nMX: c\n", "a b ");
    is_lenient("mx: a\nnomx: b\nmx: c", "a c ");
    is_lenient("mx: . .. * *. *.. -a a- a..b [192.0.2.1] b\xc3\xbc.de", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),  cmocka_unit_test(test_max_age), cmocka_unit_test(test_mx),
        cmocka_unit_test(test_match), cmocka_unit_test(test_next_mx), cmocka_unit_test(test_next_lenient_mx)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
