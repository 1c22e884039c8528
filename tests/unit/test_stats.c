/* The statistics of the golden scans hang together: parts add up to their whole, no share is above one. */
#include "analysis/domains.h"
#include "analysis/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct counted {
    struct stats *stats;
    struct join *join;
};

static int on_domain(void *arg, const struct rec_domain *d, struct sts_err *err)
{
    struct counted *c = arg;

    return stats_domain(c->stats, c->join, d, err);
}

/* The counters of a scan into `n`. */
static void count(const char *path, uint64_t positions, uint64_t n[COUNTER_LIMIT])
{
    struct counted c = {.stats = stats_new()};
    struct scan_reader *reader;
    struct sts_err err = {0};
    uint64_t n_superseded = 0;

    assert_int_equal(scan_reader_open(&reader, path, &err), STS_OK);
    assert_int_equal(join_new(&c.join, reader, NULL, &err), STS_OK);
    stats_joined(c.stats, c.join);
    assert_int_equal(domains_each(reader, positions, on_domain, &c, &n_superseded, &err), STS_OK);
    memcpy(n, c.stats->n, sizeof(c.stats->n));
    stats_free(c.stats);
    join_free(c.join);
    scan_reader_close(reader);
}

static void check_verdicts(const uint64_t n[COUNTER_LIMIT])
{
    static const enum counter results[][2] = {
        {C_result_starttls_not_supported, C_first_starttls_not_supported},
        {C_result_certificate_host_mismatch, C_first_certificate_host_mismatch},
        {C_result_certificate_expired, C_first_certificate_expired},
        {C_result_certificate_not_trusted, C_first_certificate_not_trusted},
        {C_result_validation_failure, C_first_validation_failure},
        {C_result_sts_policy_fetch_error, C_first_sts_policy_fetch_error},
        {C_result_sts_policy_invalid, C_first_sts_policy_invalid},
        {C_result_sts_webpki_invalid, C_first_sts_webpki_invalid}};
    uint64_t first = 0;

    assert_int_equal(n[C_mail], n[C_mx] + n[C_mx_implicit]);
    assert_int_equal(n[C_mail_none], n[C_mx_null] + n[C_mx_no_mail] + n[C_mx_nxdomain]);
    assert_int_equal(n[C_mail], n[C_opp_known] + n[C_opp_inconclusive]);
    assert_int_equal(n[C_opp_known], n[C_opp_encrypted] + n[C_opp_clear]);
    assert_int_equal(n[C_mail], n[C_sender_known] + n[C_sender_inconclusive]);
    assert_int_equal(n[C_sender_known], n[C_sender_authenticated] + n[C_sender_encrypted] +
                                            n[C_sender_clear] + n[C_sender_refused]);
    assert_int_equal(n[C_mail], n[C_own_opp_known] + n[C_own_opp_inconclusive]);
    assert_int_equal(n[C_own_opp_known], n[C_own_opp_encrypted] + n[C_own_opp_clear]);
    assert_int_equal(n[C_mail], n[C_own_sender_known] + n[C_own_sender_inconclusive]);
    assert_int_equal(n[C_own_sender_known], n[C_own_sender_authenticated] + n[C_own_sender_encrypted] +
                                                n[C_own_sender_clear] + n[C_own_sender_refused]);
    assert_int_equal(n[C_held], n[C_held_known] + n[C_held_inconclusive]);
    assert_int_equal(n[C_held_known],
                     n[C_held_authenticated] + n[C_held_encrypted] + n[C_held_clear] + n[C_held_refused]);
    assert_int_equal(n[C_enforced], n[C_enforced_whole] + n[C_enforced_partial] + n[C_enforced_refused] +
                                        n[C_enforced_inconclusive]);
    assert_int_equal(n[C_tested], n[C_tested_whole] + n[C_tested_partial] + n[C_tested_refused] +
                                      n[C_tested_inconclusive]);
    assert_int_equal(n[C_asks_mx], n[C_enforced] + n[C_tested]);
    assert_int_equal(n[C_sender_known], n[C_attacked_first_clear]);
    assert_int_equal(n[C_sender_known], n[C_attacked_held_authenticated] + n[C_attacked_held_refused] +
                                            n[C_attacked_held_clear]);
    assert_int_equal(n[C_sts_lenient] - n[C_sts_lenient_only], n[C_sts_valid] - n[C_sts_strict_only]);
    for (size_t i = 0; i < STS_LEN(results); i++) {
        assert_true(n[results[i][1]] <= n[results[i][0]]);
        first += n[results[i][1]];
    }
    assert_int_equal(first, n[C_result_any]);
}

static void check_sums(const uint64_t n[COUNTER_LIMIT])
{
    check_verdicts(n);
    assert_int_equal(n[C_positions], n[C_names] + n[C_not_names]);
    assert_int_equal(n[C_names], n[C_asked] + n[C_excluded] + n[C_unfinished]);
    assert_int_equal(n[C_asked], n[C_mx] + n[C_mx_null] + n[C_mx_implicit] + n[C_mx_no_mail] +
                                     n[C_mx_nxdomain] + n[C_mx_temporary] + n[C_mx_other]);
    assert_int_equal(n[C_sts], n[C_sts_valid] + n[C_sts_invalid] + n[C_sts_multiple]);
    assert_int_equal(n[C_rpt], n[C_rpt_valid] + n[C_rpt_invalid] + n[C_rpt_multiple]);
    assert_int_equal(n[C_sts_valid],
                     n[C_pol_ok] + n[C_pol_failed] + n[C_pol_inconclusive] + n[C_pol_missing]);
    assert_int_equal(n[C_pol_ok], n[C_pol_enforce] + n[C_pol_testing] + n[C_pol_mode_none]);
    assert_int_equal(n[C_pol_failed], n[C_pol_dns] + n[C_pol_bogon] + n[C_pol_tcp] + n[C_pol_timeout] +
                                          n[C_pol_tls] + n[C_pol_http] + n[C_pol_size] + n[C_pol_media] +
                                          n[C_pol_syntax]);
    assert_int_equal(n[C_pol_tls], n[C_pol_tls_alert] + n[C_pol_tls_handshake] + n[C_pol_tls_old] +
                                       n[C_pol_tls_name] + n[C_pol_tls_expired] + n[C_pol_tls_self_signed] +
                                       n[C_pol_tls_untrusted] + n[C_pol_tls_weak] + n[C_pol_tls_other]);
    assert_int_equal(n[C_pol_http], n[C_pol_http_redirect] + n[C_pol_http_status] + n[C_pol_http_other]);
    assert_int_equal(n[C_hosts], n[C_hosts_address] + n[C_hosts_no_address] + n[C_hosts_inconclusive]);
    assert_int_equal(n[C_hosts], n[C_hosts_answered] + n[C_hosts_tls_unknown]);
    assert_int_equal(n[C_hosts_answered], n[C_hosts_tls_all] + n[C_hosts_tls_some] + n[C_hosts_tls_none]);
    assert_int_equal(n[C_ep], n[C_ep_answered] + n[C_ep_inconclusive]);
    assert_int_equal(n[C_ep_answered], n[C_ep_offered] + n[C_ep_not_offered]);
    assert_int_equal(n[C_ep_handshake],
                     n[C_ep_tls10] + n[C_ep_tls11] + n[C_ep_tls12] + n[C_ep_tls13] + n[C_ep_tls_other]);
    assert_int_equal(n[C_ep_cert], n[C_ep_cert_valid] + n[C_ep_cert_expired] + n[C_ep_cert_self_signed] +
                                       n[C_ep_cert_untrusted] + n[C_ep_cert_weak] + n[C_ep_cert_other]);
    assert_int_equal(n[C_mx], n[C_mx_answered] + n[C_mx_tls_unknown]);
    assert_int_equal(n[C_mx_answered], n[C_mx_tls_all] + n[C_mx_tls_some] + n[C_mx_tls_none]);
    assert_int_equal(n[C_mx_cert], n[C_mx_cert_all] + n[C_mx_cert_some] + n[C_mx_cert_none]);
    for (unsigned i = 0; i < n_stat_rows; i++)
        if (!stat_rows[i].is_section && n[stat_rows[i].num] > n[stat_rows[i].den])
            fail_msg("%s is over 1", stat_rows[i].id);
}

static void test_sums(void **state)
{
    uint64_t once[COUNTER_LIMIT], twice[COUNTER_LIMIT], stopped[COUNTER_LIMIT];

    (void)state;
    count(TEST_DATA "/golden/v1", 14, once);
    count(TEST_DATA "/golden/v1", 0, twice);
    check_sums(once);
    assert_memory_equal(once, twice, sizeof(once));
    assert_int_equal(once[C_positions], 14); /* 15 records: one supersedes another */
    assert_int_equal(once[C_mx_temporary], 0);
    assert_int_equal(once[C_enforced_partial], 1); /* good.example: an alert at its second MX host */
    assert_int_equal(once[C_tested_whole], 1);     /* testing.example */
    assert_int_equal(once[C_result_validation_failure], 1);
    assert_int_equal(once[C_result_sts_webpki_invalid], 2); /* expired.example, nomatch.example */
    count(TEST_DATA "/golden/v1-stopped", 0, stopped);
    check_sums(stopped);
    assert_int_equal(stopped[C_positions], 8);
}

/* A record whose URIs are of schemes that RFC 8460 does not know is right, and of no use. */
static void test_rpt_schemes(void **state)
{
    static const char *const texts[] = {"v=TLSRPTv1; rua=http://a.example/r",
                                        "v=TLSRPTv1; rua=http://a.example/r,mailto:a@a.example",
                                        "v=TLSRPTv1; rua=https://a.example/r"};
    struct stats *stats = stats_new();
    struct scan_reader *reader;
    struct sts_err err = {0};
    struct join *join;

    (void)state;
    assert_int_equal(scan_reader_open(&reader, TEST_DATA "/golden/v1", &err), STS_OK);
    assert_int_equal(join_new(&join, reader, NULL, &err), STS_OK);
    for (size_t i = 0; i < STS_LEN(texts); i++) {
        struct sts_str string = sts_str(texts[i]);
        struct rec_txt txt = {.strings = {&string, 1}};
        struct rec_dns rpt = {.oc = OC_OK, .txt = {&txt, 1}};
        const struct rec_domain d = {.name = sts_str("a.example"), .oc = OC_OK, .rpt = &rpt};

        assert_int_equal(stats_domain(stats, join, &d, &err), STS_OK);
    }
    assert_int_equal(stats->n[C_rpt_valid], 3);
    assert_int_equal(stats->n[C_rpt_nowhere], 1);
    stats_free(stats);
    join_free(join);
    scan_reader_close(reader);
}

static int ignore_domain(void *arg, const struct rec_domain *d, struct sts_err *err)
{
    (void)arg, (void)d, (void)err;
    return STS_OK;
}

/* As many records as positions, but one of them a repeat: another position has none. */
static void test_missing_position(void **state)
{
    struct scan_reader *reader;
    struct sts_err err = {0};
    uint64_t n_superseded = 0;

    (void)state;
    assert_int_equal(scan_reader_open(&reader, TEST_DATA "/golden/v1", &err), STS_OK);
    assert_int_equal(domains_each(reader, 15, ignore_domain, NULL, &n_superseded, &err), STS_EFORMAT);
    assert_non_null(strstr(err.msg, "repeats position 11"));
    scan_reader_close(reader);
}

static void test_share(void **state)
{
    (void)state;
    assert_int_equal(tally_share((struct tally){0, 0}), SHARE_UNKNOWN);
    assert_int_equal(tally_share((struct tally){2, 0}), SHARE_ALL);
    assert_int_equal(tally_share((struct tally){1, 1}), SHARE_SOME);
    assert_int_equal(tally_share((struct tally){0, 3}), SHARE_NONE);
}

static void test_table(void **state)
{
    (void)state;
    for (unsigned c = 0; c < COUNTER_LIMIT; c++)
        for (unsigned other = 0; other < c; other++)
            assert_string_not_equal(counter_id(c), counter_id(other));
    for (unsigned i = 0; i < n_stat_rows; i++)
        for (unsigned other = 0; other < i; other++)
            if (stat_rows[i].is_section == stat_rows[other].is_section)
                assert_string_not_equal(stat_rows[i].id, stat_rows[other].id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums), cmocka_unit_test(test_rpt_schemes),
                                       cmocka_unit_test(test_missing_position), cmocka_unit_test(test_share),
                                       cmocka_unit_test(test_table)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
