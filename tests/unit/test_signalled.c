/* test_signalled.c - protects against a policy that is never fetched because its record was written oddly. */
#include "scanner/signalled.h"
#include "unit.h"

static bool signalled(const char *first, const char *second)
{
    struct sts_str strings[] = {sts_str(first), sts_str(second)};
    struct rec_txt txt = {.strings = {strings, second != NULL ? 2 : 1}};
    struct rec_dns dns = {.oc = OC_OK, .txt = {&txt, 1}};

    return sts_is_signalled(&dns);
}

static void test_texts(void **state)
{
    (void)state;
    assert_true(signalled("v=STSv1; id=1", NULL));
    assert_true(signalled("V=stsV1", NULL));
    assert_true(signalled("\"v=STSv1; id=1\"", NULL));
    assert_true(signalled("v=ST", "Sv1; id=1"));
    assert_true(signalled("v=STSTSv1", NULL)); /* begins like the word, then begins again */
    assert_true(signalled("v=SSTSv1", NULL));
    assert_true(signalled("x STSv1", NULL));
    assert_false(signalled("v=spf1 -all", NULL));
    assert_false(signalled("v=STSv2; id=1", NULL));
    assert_false(signalled("v=STS v1", NULL));
    assert_false(signalled("STSv", NULL));
    assert_false(signalled("", NULL));
}

static void test_outcomes(void **state)
{
    struct rec_dns dns = {.oc = OC_DNS_SERVFAIL};

    (void)state;
    assert_true(sts_is_signalled(&dns));
    dns.oc = OC_DNS_TIMEOUT;
    assert_true(sts_is_signalled(&dns));
    dns.oc = OC_DNS_NODATA;
    assert_false(sts_is_signalled(&dns));
    dns.oc = OC_OUR_STOP;
    assert_false(sts_is_signalled(&dns));
    assert_false(sts_is_signalled(NULL));
}

static bool has_rpt(const char *first, const char *second, enum outcome oc)
{
    struct sts_str strings[] = {sts_str(first), sts_str(second)};
    struct rec_txt txt = {.strings = {strings, second != NULL ? 2 : 1}};
    struct rec_dns dns = {.oc = oc, .txt = {&txt, 1}};

    return rpt_is_there(&dns);
}

/* Protects the sample of an address: a failed lookup of a TLS-RPT record is no record. */
static void test_rpt(void **state)
{
    struct rec_dns failed = {.oc = OC_DNS_SERVFAIL};

    (void)state;
    assert_true(has_rpt("v=TLSRPTv1; rua=mailto:a@b.example", NULL, OC_OK));
    assert_true(has_rpt("V=tls", "RptV1;", OC_OK));
    assert_true(has_rpt("TLSRTLSRPTv1", NULL, OC_OK));
    assert_false(has_rpt("v=STSv1; id=1", NULL, OC_OK));
    assert_false(has_rpt("v=TLSRPTv2", NULL, OC_OK));
    assert_false(has_rpt("v=TLSRPTv", NULL, OC_OK));
    assert_false(rpt_is_there(&failed));
    assert_false(rpt_is_there(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts), cmocka_unit_test(test_outcomes),
                                       cmocka_unit_test(test_rpt)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
