/* The TLS-RPT record, case by case: RFC 8460 section 3. */
#include "analysis/tlsrpt.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct row {
    const char *text;
    enum verdict verdict;
    enum defect_id defect;
    uint32_t offset, n_mailto, n_https, n_other;
};

static const struct row rows[] = {
    {"v=TLSRPTv1; rua=mailto:reports@example.com", VERDICT_VALID, DEFECT_NONE, 0, 1, 0, 0},
    {"v=TLSRPTv1;rua=https://reporting.example.com/v1/tlsrpt;", VERDICT_VALID, DEFECT_NONE, 0, 0, 1, 0},
    {"v=TLSRPTv1; rua=mailto:a@b.c , HTTPS://d.e/f,mailto:g@h", VERDICT_VALID, DEFECT_NONE, 0, 2, 1, 0},
    {"v=TLSRPTv1; rua=mailto:a@b; foo=bar", VERDICT_VALID, DEFECT_NONE, 0, 1, 0, 0},
    {"v=TLSRPTv1; rua=mailto:a@b; rua=https://c", VERDICT_VALID, DEFECT_NONE, 0, 1, 0, 0},
    {"v=TLSRPTv1; rua=mailto:a%21b@c", VERDICT_VALID, DEFECT_NONE, 0, 1, 0, 0},
    {"v=TLSRPTv1; rua=http://example.com/", VERDICT_VALID, DEFECT_NONE, 0, 0, 0, 1},
    {"v=STSv1; id=1", VERDICT_NONE, DEFECT_NONE, 0, 0, 0, 0},
    {"v=tlsrptv1; rua=mailto:a@b", VERDICT_INVALID, DEFECT_RPT_VERSION, 2, 0, 0, 0},
    {"v=TLSRPTv1 ; rua=mailto:a@b", VERDICT_INVALID, DEFECT_RPT_VERSION_SPACE, 10, 1, 0, 0},
    {"v=TLSRPTv1", VERDICT_INVALID, DEFECT_RPT_VERSION_END, 10, 0, 0, 0},
    {"v=TLSRPTv1;", VERDICT_INVALID, DEFECT_RPT_RUA_MISSING, 11, 0, 0, 0},
    {"v=TLSRPTv1; rua=", VERDICT_INVALID, DEFECT_RPT_URI_EMPTY, 16, 0, 0, 0},
    {"v=TLSRPTv1; rua=mailto:a@b,", VERDICT_INVALID, DEFECT_RPT_URI_EMPTY, 27, 1, 0, 0},
    {"v=TLSRPTv1; rua=reports@x", VERDICT_INVALID, DEFECT_RPT_URI_NO_SCHEME, 16, 0, 0, 0},
    {"v=TLSRPTv1; rua=mailto:a@b!10m", VERDICT_INVALID, DEFECT_RPT_URI_CHARACTER, 26, 0, 0, 0},
    {"v=TLSRPTv1; rua=https://a.b/c d", VERDICT_INVALID, DEFECT_RPT_URI_CHARACTER, 29, 0, 0, 0},
    {"v=TLSRPTv1; rua= mailto:a@b", VERDICT_INVALID, DEFECT_RPT_URI_CHARACTER, 16, 0, 0, 0},
    {"v=TLSRPTv1; rua=mailto:a%2@b", VERDICT_INVALID, DEFECT_RPT_URI_CHARACTER, 24, 0, 0, 0},
    {"v=TLSRPTv1; rua=mailto:a@b;;", VERDICT_INVALID, DEFECT_RPT_FIELD_EMPTY, 27, 1, 0, 0},
    {"v=TLSRPTv1; rua=mailto:a@b ", VERDICT_INVALID, DEFECT_RPT_SPACE_AT_END, 26, 1, 0, 0},
    {"v=TLSRPTv1; rua:mailto:a@b", VERDICT_INVALID, DEFECT_RPT_FIELD_NAME, 12, 0, 0, 0},
    {"v=TLSRPTv1; rua=mailto:a@b; x=\x01", VERDICT_INVALID, DEFECT_RPT_FIELD_VALUE, 30, 1, 0, 0},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct tlsrpt t;

        tlsrpt_init(&t);
        tlsrpt_add(&t, sts_str(row->text));
        if (t.verdict != row->verdict || (t.defects.n > 0) != (row->defect != DEFECT_NONE) ||
            (t.defects.n > 0 && (t.defects.v[0].id != row->defect || t.defects.v[0].offset != row->offset)))
            fail_msg("%s: %s, %s at %u", row->text, verdict_name(t.verdict), defect_name(t.defects.v[0].id),
                     t.defects.v[0].offset);
        assert_int_equal(t.n_mailto, row->n_mailto);
        assert_int_equal(t.n_https, row->n_https);
        assert_int_equal(t.n_other_scheme, row->n_other);
    }
}

static void test_several(void **state)
{
    struct tlsrpt t;

    (void)state;
    tlsrpt_init(&t);
    tlsrpt_add(&t, sts_str("v=TLSRPTv1; rua=mailto:a@b"));
    tlsrpt_add(&t, sts_str("v=spf1 -all"));
    assert_int_equal(t.verdict, VERDICT_VALID);
    tlsrpt_add(&t, sts_str("v=TLSRPTv1; rua=mailto:c@d"));
    assert_int_equal(t.verdict, VERDICT_MULTIPLE);
    assert_int_equal(t.count.n_records, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_several)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
