/* The MTA-STS record, case by case: RFC 8461 section 3.1. */
#include "analysis/sts_txt.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct row {
    const char *text;
    enum verdict verdict;
    enum defect_id defect; /* the first */
    uint32_t offset;
    const char *id;
};

static const struct row rows[] = {
    {"v=STSv1; id=20160831085700Z;", VERDICT_VALID, DEFECT_NONE, 0, "20160831085700Z"},
    {"v=STSv1; id=20160831085700Z", VERDICT_VALID, DEFECT_NONE, 0, "20160831085700Z"},
    {"v=STSv1;id=1", VERDICT_VALID, DEFECT_NONE, 0, "1"},
    {"v=STSv1;\tid=1 ; ", VERDICT_VALID, DEFECT_NONE, 0, "1"},
    {"v=STSv1; foo=bar; id=1", VERDICT_VALID, DEFECT_NONE, 0, "1"},
    {"v=STSv1; id=1; id=2", VERDICT_VALID, DEFECT_NONE, 0, "1"},
    {"v=STSv1; id=12345678901234567890123456789012", VERDICT_VALID, DEFECT_NONE, 0,
     "12345678901234567890123456789012"},
    {"", VERDICT_NONE, DEFECT_NONE, 0, ""},
    {"v=spf1 -all", VERDICT_NONE, DEFECT_NONE, 0, ""},
    {"v=TLSRPTv1; rua=mailto:a@b", VERDICT_NONE, DEFECT_NONE, 0, ""},
    {"v=STSv1 ; id=1", VERDICT_INVALID, DEFECT_STS_VERSION_SPACE, 7, "1"},
    {"v=STSv12; id=1", VERDICT_INVALID, DEFECT_STS_VERSION, 7, ""},
    {"V=STSv1; id=1", VERDICT_INVALID, DEFECT_STS_VERSION, 0, ""},
    {"v=stsv1; id=1", VERDICT_INVALID, DEFECT_STS_VERSION, 2, ""},
    {"v=STSv2; id=1", VERDICT_INVALID, DEFECT_STS_VERSION, 6, ""},
    {"id=1; v=STSv1;", VERDICT_INVALID, DEFECT_STS_VERSION, 0, ""},
    {" v=STSv1; id=1", VERDICT_INVALID, DEFECT_STS_VERSION, 0, ""},
    {"\"v=STSv1; id=1\"", VERDICT_INVALID, DEFECT_STS_VERSION, 0, ""},
    {"v=STSv1", VERDICT_INVALID, DEFECT_STS_VERSION_END, 7, ""},
    {"v=STSv1,id=1", VERDICT_INVALID, DEFECT_STS_VERSION, 7, ""},
    {"v=STSv1;", VERDICT_INVALID, DEFECT_STS_ID_MISSING, 8, ""},
    {"v=STSv1; foo=bar", VERDICT_INVALID, DEFECT_STS_ID_MISSING, 16, ""},
    {"v=STSv1; ID=1", VERDICT_INVALID, DEFECT_STS_ID_MISSING, 13, ""},
    {"v=STSv1; id=", VERDICT_INVALID, DEFECT_STS_ID_EMPTY, 12, ""},
    {"v=STSv1; id=2026-01-01", VERDICT_INVALID, DEFECT_STS_ID_CHARACTER, 16, ""},
    {"v=STSv1; id=a_b", VERDICT_INVALID, DEFECT_STS_ID_CHARACTER, 13, ""},
    {"v=STSv1; id= 1", VERDICT_INVALID, DEFECT_STS_ID_CHARACTER, 12, ""},
    {"v=STSv1; id=123456789012345678901234567890123", VERDICT_INVALID, DEFECT_STS_ID_LONG, 44, ""},
    {"v=STSv1; id =1", VERDICT_INVALID, DEFECT_STS_FIELD_NAME, 9, ""},
    {"v=STSv1; id=1; mx: a.com; mode: testing", VERDICT_INVALID, DEFECT_STS_FIELD_NAME, 15, "1"},
    {"v=STSv1; id=1; foo=a=b", VERDICT_INVALID, DEFECT_STS_FIELD_VALUE, 20, "1"},
    {"v=STSv1; id=1; foo=", VERDICT_INVALID, DEFECT_STS_FIELD_VALUE, 19, "1"},
    {"v=STSv1; id=1; foo=a b", VERDICT_INVALID, DEFECT_STS_FIELD_VALUE, 20, "1"},
    {"v=STSv1; id=1; foo=\xc3\xa9", VERDICT_INVALID, DEFECT_STS_FIELD_VALUE, 19, "1"},
    {"v=STSv1;; id=1", VERDICT_INVALID, DEFECT_STS_FIELD_EMPTY, 8, "1"},
    {"v=STSv1; id=1;;", VERDICT_INVALID, DEFECT_STS_FIELD_EMPTY, 14, "1"},
    {"v=STSv1; id=1 ", VERDICT_INVALID, DEFECT_STS_SPACE_AT_END, 13, "1"},
    {"v=STSv1; id=1, foo=b", VERDICT_INVALID, DEFECT_STS_ID_CHARACTER, 13, ""},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct sts_txt t;

        sts_txt_init(&t);
        sts_txt_add(&t, sts_str(row->text));
        if (t.verdict != row->verdict || (t.defects.n > 0) != (row->defect != DEFECT_NONE) ||
            (t.defects.n > 0 && (t.defects.v[0].id != row->defect || t.defects.v[0].offset != row->offset)))
            fail_msg("%s: %s, %s at %u", row->text, verdict_name(t.verdict), defect_name(t.defects.v[0].id),
                     t.defects.v[0].offset);
        assert_string_equal(t.id, row->id);
    }
}

static struct sts_txt read_two(const char *a, const char *b)
{
    struct sts_txt t;

    sts_txt_init(&t);
    sts_txt_add(&t, sts_str(a));
    sts_txt_add(&t, sts_str(b));
    return t;
}

static void test_several(void **state)
{
    struct sts_txt t;

    (void)state;
    t = read_two("v=STSv1; id=1", "v=STSv1; id=2");
    assert_int_equal(t.verdict, VERDICT_MULTIPLE);
    assert_int_equal(t.count.n_records, 2);
    t = read_two("v=STSv1; id=1", "v=STSv1; id=1");
    assert_int_equal(t.verdict, VERDICT_MULTIPLE);
    t = read_two("v=STSv1; id=1", "v=STSv1; bad");
    assert_int_equal(t.verdict, VERDICT_MULTIPLE);
    t = read_two("v=spf1 -all", "v=STSv1; id=2");
    assert_int_equal(t.verdict, VERDICT_VALID);
    assert_string_equal(t.id, "2");
    /* Discarded is what does not begin with "v=STSv1;", also if it was meant as a record. */
    t = read_two("V=STSv1; id=1", "v=STSv1; id=2");
    assert_int_equal(t.verdict, VERDICT_VALID);
    assert_int_equal(t.count.n_meant, 1);
    assert_string_equal(t.id, "2");
    t = read_two("v=STSv1; id=1", "V=STSv1; id=2");
    assert_int_equal(t.verdict, VERDICT_VALID);
    assert_string_equal(t.id, "1");
    t = read_two("V=STSv1; id=1", "v=stsv1; id=2");
    assert_int_equal(t.verdict, VERDICT_INVALID);
    assert_int_equal(t.defects.v[0].offset, 0);
}

/* NUL bytes are bytes like others. */
static void test_nul(void **state)
{
    static const char text[] = "v=STSv1; id=1\0; a=b";
    struct sts_txt t;

    (void)state;
    sts_txt_init(&t);
    sts_txt_add(&t, (struct sts_str){text, sizeof(text) - 1});
    assert_int_equal(t.verdict, VERDICT_INVALID);
    assert_int_equal(t.defects.v[0].id, DEFECT_STS_ID_CHARACTER);
    sts_txt_init(&t);
    sts_txt_add(&t, (struct sts_str){"v=STSv1; a\0=b", 13});
    assert_int_equal(t.defects.v[0].id, DEFECT_STS_FIELD_NAME);
}

static void test_many_defects(void **state)
{
    struct sts_txt t;
    char text[256] = "v=STSv1;";

    (void)state;
    for (size_t i = 8; i < 108; i++)
        text[i] = ';';
    sts_txt_init(&t);
    sts_txt_add(&t, sts_str(text));
    assert_int_equal(t.verdict, VERDICT_INVALID);
    assert_true(t.defects.n > DEFECTS_KEPT); /* counted, not kept */
    assert_int_equal(t.defects.v[DEFECTS_KEPT - 1].offset, 8 + DEFECTS_KEPT - 1);
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned id = 0; id < DEFECT_LIMIT; id++) {
        assert_non_null(defect_name(id));
        for (unsigned other = 0; other < id; other++)
            assert_string_not_equal(defect_name(id), defect_name(other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_several),
                                       cmocka_unit_test(test_nul), cmocka_unit_test(test_many_defects),
                                       cmocka_unit_test(test_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
