/* test_sim_dns.c - what stsim's resolver answers for each class, read by libresolv. */
#include "tests/unit/sim_dns.h"
#include "tests/unit/unit.h"

#include <arpa/nameser_compat.h>
#include <stdio.h>
#include <string.h>

static struct asked_answer a;

static void ask_sts(const char *class, bool tcp)
{
    ask_below(test_world(class), "_mta-sts.", DNS_TXT, ASK_EDNS | ASK_AD, tcp, &a);
}

static void expect_record(void)
{
    assert_int_equal(rcode_of(&a), 0);
    assert_int_equal(n_answers(&a, DNS_TXT), 1);
}

/* Protects against a header, question or OPT that are not those of the query. */
static void test_shape(void **state)
{
    char apex[NAME_BYTES];
    const struct world *w = test_world("sts-ok");
    ns_msg msg;
    ns_rr rr;

    (void)state;
    ask_below(w, "_MTA-sts.", DNS_TXT, ASK_EDNS, false, &a);
    expect_record();
    assert_memory_equal(a.bytes, "\x12\x34\x81\x80\0\1\0\1\0\0\0\1\x08_MTA-sts", 21);
    rr = answer_rr(&a, 0);
    name_of(w, 5, apex);
    assert_memory_equal(ns_rr_name(rr), "_MTA-sts.", 9);
    assert_string_equal(ns_rr_name(rr) + 9, apex);
    assert_memory_equal(ns_rr_rdata(rr) + 1, "v=STSv1; id=", 12);
    assert_in_range(ns_rr_ttl(rr), 1, 3600);
    assert_int_equal(ede_of(&a), -1);
    msg = a.msg;
    assert_int_equal(ns_parserr(&msg, ns_s_ar, 0, &rr), 0);
    assert_int_equal(ns_rr_class(rr), 1232);
    ask_below(w, "_mta-sts.", DNS_TXT, 0, false, &a);
    assert_int_equal(ede_of(&a), -2);
    ask_below(w, "_mta-sts.", DNS_TXT, ASK_CD | ASK_DO, false, &a);
    assert_memory_equal(a.bytes + 2, "\x81\x90", 2);
}

/* Protects "has no record": none is NXDOMAIN or NODATA, with the SOA of the zone. */
static void test_negative(void **state)
{
    char apex[NAME_BYTES];
    const struct world *w = test_world("sts-none");
    ns_msg msg;
    ns_rr rr;

    (void)state;
    ask_below(w, "_mta-sts.", DNS_TXT, ASK_EDNS, false, &a);
    assert_int_equal(rcode_of(&a), 3);
    msg = a.msg;
    assert_int_equal(ns_parserr(&msg, ns_s_ns, 0, &rr), 0);
    assert_int_equal(ns_rr_type(rr), DNS_SOA);
    name_of(w, 5, apex);
    assert_string_equal(ns_rr_name(rr), apex);
    ask_below(w, "", DNS_TLSA, ASK_EDNS, false, &a);
    assert_int_equal(rcode_of(&a), 0);
    assert_int_equal(ns_msg_count(a.msg, ns_s_an), 0);
    assert_int_equal(ns_msg_count(a.msg, ns_s_ns), 1);
    ask_below(test_world("mail-nxdomain"), "", DNS_MX, ASK_EDNS, false, &a);
    assert_int_equal(rcode_of(&a), 3);
    msg = a.msg;
    assert_int_equal(ns_parserr(&msg, ns_s_ns, 0, &rr), 0);
    assert_null(strchr(ns_rr_name(rr), '.')); /* of the TLD */
}

/* Protects the preflight of a scanner: it asks for the root, for names that do not exist, and for its own. */
static void test_preflight(void **state)
{
    const struct world *w = test_world(NULL);

    (void)state;
    ask_name(w, "", DNS_MX, ASK_EDNS | ASK_AD, false, &a);
    assert_int_equal(a.answer.outcome, DNS_SAYS_NODATA);
    assert_true(has_ad(&a));
    assert_memory_equal(a.bytes + 12, "\0\0\x0f\0\1\0\0\6\0\1", 10); /* no pointer to the root */
    ask_name(w, "qwertzuiop", DNS_A, ASK_EDNS | ASK_AD, false, &a);
    assert_int_equal(rcode_of(&a), 3);
    assert_true(has_ad(&a));
    ask_name(w, "www.qwertzuiop.com", DNS_A, ASK_EDNS | ASK_AD, false, &a);
    assert_int_equal(rcode_of(&a), 3);
    ask_name(w, "1.0.0.127.in-addr.arpa", DNS_PTR, ASK_EDNS, false, &a);
    assert_int_equal(n_answers(&a, DNS_PTR), 1);
    ask_name(w, DNS_CLIENT_NAME, DNS_A, ASK_EDNS, false, &a);
    assert_memory_equal(ns_rr_rdata(answer_rr(&a, 0)), "\x7f\0\0\1", 4);
    ask_name(w, DNS_SIGNED_NAME, DNS_A, ASK_AD, false, &a);
    assert_true(has_ad(&a));
    ask_name(w, DNS_SIGNED_NAME, DNS_A, 0, false, &a);
    assert_false(has_ad(&a));
    ask_name(w, DNS_BOGUS_NAME, DNS_A, ASK_EDNS, false, &a);
    assert_int_equal(rcode_of(&a), 2);
    ask_name(w, DNS_BOGUS_NAME, DNS_A, ASK_EDNS | ASK_CD, false, &a);
    assert_int_equal(n_answers(&a, DNS_A), 1);
}

/* Protects edge case 22: failures are those that were drawn, by UDP and by TCP. */
static void test_failures(void **state)
{
    static const struct {
        const char *class;
        int rcode; /* -1: silence */
        int ede;
    } cases[] = {{"sts-servfail", 2, -1},  {"sts-refused", 5, -1},    {"sts-timeout", -1, -1},
                 {"sts-bogus", 2, 6},      {"sts-cname-loop", 2, -1}, {"sts-dangling", 3, -1},
                 {"query-servfail", 2, -1}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int tcp = 0; tcp < 2; tcp++) {
            ask_sts(cases[i].class, tcp != 0);
            if (cases[i].rcode < 0) {
                assert_int_equal(a.answer.n, 0);
                continue;
            }
            assert_int_equal(rcode_of(&a), cases[i].rcode);
            assert_int_equal(ede_of(&a), cases[i].ede);
        }
    }
    ask_below(test_world("sts-bogus"), "_mta-sts.", DNS_TXT, ASK_EDNS | ASK_CD, false, &a);
    expect_record();
    assert_int_equal(a.bytes[3] & 0x30, 0x10); /* checking disabled, not authenticated */
}

/* Protects the second attempt: lost once, answered when it comes again, and by TCP. */
static void test_loss(void **state)
{
    const struct world *w = test_world("query-lost-once");
    uint8_t bytes[QUERY_BYTES];
    struct dns_query q;

    (void)state;
    ask_below(w, "", DNS_MX, ASK_EDNS, false, &a);
    assert_int_equal(a.answer.outcome, DNS_LOST);
    assert_int_equal(a.answer.n, 0);
    ask_below(w, "", DNS_MX, ASK_EDNS, true, &a);
    assert_true(a.readable);
    assert_true(dns_query_read(bytes, make_query(bytes, 1, "a.com", DNS_MX, 0, 0), &q));
    dns_answer(test_answerer(w), &q, false, true, a.bytes, &a.answer);
    assert_int_equal(a.answer.outcome, DNS_SAYS_NXDOMAIN);
    ask_below(test_world("query-timeout"), "", DNS_MX, ASK_EDNS, true, &a);
    assert_int_equal(a.answer.outcome, DNS_SILENT);
}

/* Protects edge case 23: truncated by class or by size, whole by TCP. */
static void test_truncation(void **state)
{
    (void)state;
    ask_sts("sts-truncated", false);
    assert_true(has_tc(&a));
    assert_int_equal(ns_msg_count(a.msg, ns_s_an), 0);
    assert_int_equal(ede_of(&a), -1);
    ask_sts("sts-truncated", true);
    assert_false(has_tc(&a));
    expect_record();
    ask_sts("sts-truncated-dead", false);
    assert_true(has_tc(&a));
    ask_sts("sts-truncated-dead", true);
    assert_int_equal(a.answer.outcome, DNS_HANGS_UP);
    ask_sts("sts-huge", false);
    assert_int_equal(a.answer.outcome, DNS_SAYS_TRUNCATED);
    assert_true(has_tc(&a));
    ask_sts("sts-huge", true);
    assert_int_equal(rcode_of(&a), 0);
    assert_true(n_answers(&a, DNS_TXT) > 200);
    assert_in_range(a.answer.len[0], 60000, 65535);
    ask_below(test_world("mx-many"), "", DNS_MX, ASK_EDNS, false, &a);
    assert_true(has_tc(&a));
    ask_below(test_world("mx-many"), "", DNS_MX, ASK_EDNS, true, &a);
    assert_int_equal(n_answers(&a, DNS_MX), 150);
}

/* Protects edge cases 18 and 19: the chain, then its end. */
static void test_cnames(void **state)
{
    const struct world *w = test_world("sts-cname");
    unsigned n, target;
    char apex[NAME_BYTES], owner[2 * NAME_BYTES] = "_mta-sts.", next[2 * NAME_BYTES];

    (void)state;
    name_of(w, 5, apex);
    snprintf(owner + 9, sizeof(owner) - 9, "%s", apex);
    ask_below(w, "_mta-sts.", DNS_TXT, ASK_EDNS | ASK_AD, false, &a);
    n = n_answers(&a, DNS_CNAME);
    assert_in_range(n, 1, 3);
    assert_int_equal(n_answers(&a, DNS_TXT), 1);
    for (unsigned i = 0; i <= n; i++) {
        ns_rr rr = answer_rr(&a, i);

        assert_string_equal(ns_rr_name(rr), owner);
        if (i == n)
            break;
        assert_true(ns_name_uncompress(ns_msg_base(a.msg), ns_msg_end(a.msg), ns_rr_rdata(rr), next,
                                       sizeof(next)) > 0);
        memcpy(owner, next, sizeof(owner));
    }
    ask_name(w, owner, DNS_TXT, ASK_EDNS, false, &a); /* the end, asked for itself */
    expect_record();
    ask_below(w, "_mta-sts.", DNS_CNAME, ASK_EDNS, false, &a);
    assert_int_equal(n_answers(&a, DNS_CNAME), 1);
    ask_sts("sts-dangling", false);
    assert_int_equal(n_answers(&a, DNS_CNAME), 1);
    target = ns_msg_count(a.msg, ns_s_ns);
    assert_int_equal(target, 1);
}

/* Protects edge case 24: each broken answer is broken as it should be, and by itself. */
static void test_broken(void **state)
{
    ns_msg first;
    ns_rr rr;

    (void)state;
    ask_sts("sts-pointer-loop", false);
    assert_true(ns_parserr(&a.msg, ns_s_an, 0, &rr) < 0);
    ask_sts("sts-other-type", false);
    assert_int_equal(rcode_of(&a), 0);
    assert_int_equal(n_answers(&a, DNS_TXT), 0);
    assert_int_equal(n_answers(&a, DNS_SPF), 1);
    for (int name = 0; name < 2; name++) {
        ask_sts(name ? "sts-wrong-name" : "sts-wrong-id", false);
        assert_int_equal(a.answer.n, 2);
        expect_record();
        assert_int_equal(ns_msg_id(a.msg), 0x1234);
        assert_int_equal(ns_initparse(a.bytes, (int)a.answer.len[0], &first), 0);
        assert_int_equal(ns_msg_id(first) == 0x1234, name);
        assert_int_equal(ns_msg_getflag(first, ns_f_rcode), 3);
        assert_int_equal(memcmp(a.bytes + 12, "\x08_mta-sts", 9) == 0, !name);
        ask_sts(name ? "sts-wrong-name" : "sts-wrong-id", true);
        assert_int_equal(a.answer.n, 1);
        expect_record();
    }
}

/* Protects edge cases 20, 21 and 25. */
static void test_wildcards(void **state)
{
    (void)state;
    ask_below(test_world("sts-wild-spf"), "any-label.", DNS_TXT, 0, false, &a);
    assert_memory_equal(ns_rr_rdata(answer_rr(&a, 0)) + 1, "v=spf1", 6);
    ask_below(test_world("sts-wild-sts"), "any-label.", DNS_TXT, 0, false, &a);
    assert_memory_equal(ns_rr_rdata(answer_rr(&a, 0)) + 1, "v=STSv1", 7);
    ask_sts("sts-wild-sts", false);
    expect_record();
    ask_below(test_world("sts-wild-sts"), "any-label.", DNS_A, 0, false, &a);
    assert_int_equal(a.answer.outcome, DNS_SAYS_NODATA);
    ask_below(test_world("sts-ok"), "any-label.", DNS_TXT, 0, false, &a);
    assert_int_equal(rcode_of(&a), 3);
    ask_sts("sts-www-only", false);
    assert_int_equal(rcode_of(&a), 3);
    ask_below(test_world("sts-www-only"), "_mta-sts.www.", DNS_TXT, 0, false, &a);
    expect_record();
}

/* Protects the MX classes, and addresses of every host that an MX names. */
static void test_mx(void **state)
{
    char host[NAME_BYTES];
    struct asked_answer of_host;

    (void)state;
    ask_below(test_world("mail-null"), "", DNS_MX, 0, false, &a);
    assert_int_equal(n_answers(&a, DNS_MX), 1);
    assert_memory_equal(ns_rr_rdata(answer_rr(&a, 0)), "\0\0\0", 3);
    ask_below(test_world("mail-null-beside"), "", DNS_MX, 0, false, &a);
    assert_true(n_answers(&a, DNS_MX) >= 2);
    ask_below(test_world("mail-implicit"), "", DNS_MX, 0, false, &a);
    assert_int_equal(a.answer.outcome, DNS_SAYS_NODATA);
    ask_below(test_world("mail-implicit"), "", DNS_A, 0, false, &a);
    assert_int_equal(n_answers(&a, DNS_A), 1);
    ask_below(test_world("mx-case"), "", DNS_MX, 0, false, &a);
    assert_memory_equal(ns_rr_rdata(answer_rr(&a, 0)) + 3, "MX", 2);
    static const struct {
        const char *class;
        enum dns_outcome outcome;
    } hosts[] = {{"mx-self", DNS_SAYS_RECORDS},      {"mx-first", DNS_SAYS_RECORDS},
                 {"mx-second", DNS_SAYS_RECORDS},    {"mx-operator", DNS_SAYS_RECORDS},
                 {"mx-bundled", DNS_SAYS_RECORDS},   {"mx-no-address", DNS_SAYS_NODATA},
                 {"mx-dangling", DNS_SAYS_NXDOMAIN}, {"mx-bogon", DNS_SAYS_RECORDS},
                 {"mx-cname", DNS_SAYS_RECORDS},     {"mx-case", DNS_SAYS_RECORDS},
                 {"mx-v6-dead", DNS_SAYS_RECORDS},   {"mx-literal", DNS_SAYS_NXDOMAIN}};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        const struct world *w = test_world(hosts[i].class);

        ask_below(w, "", DNS_MX, 0, false, &a);
        ns_rr rr = answer_rr(&a, 0);
        assert_true(ns_name_uncompress(ns_msg_base(a.msg), ns_msg_end(a.msg), ns_rr_rdata(rr) + 2, host,
                                       sizeof(host)) > 0);
        ask_name(w, host, DNS_A, 0, false, &of_host);
        assert_int_equal(of_host.answer.outcome, hosts[i].outcome);
        assert_int_equal(n_answers(&of_host, DNS_CNAME), strcmp(hosts[i].class, "mx-cname") == 0);
        assert_int_equal(n_answers(&of_host, DNS_A) > 0, hosts[i].outcome == DNS_SAYS_RECORDS);
        ask_name(w, host, DNS_AAAA, 0, false, &of_host);
        assert_int_equal(n_answers(&of_host, DNS_AAAA), strcmp(hosts[i].class, "mx-v6-dead") == 0);
    }
}

/* Protects edge cases 79 to 84. */
static void test_tlsa(void **state)
{
    static const struct {
        const char *class;
        unsigned n;
        bool ad;
        const char *first; /* usage, selector, matching, of the first */
    } cases[] = {{"tlsa-ok", 1, true, "\3\1\1"},        {"tlsa-mismatch", 1, true, "\3\1\1"},
                 {"tlsa-unusable", 2, true, "\1\0\1"},  {"tlsa-ta-absent", 1, true, "\2\0\1"},
                 {"tlsa-insecure", 1, false, "\3\1\1"}, {"tlsa-rollover", 2, true, "\3\1\1"}};
    uint8_t good[DNS_DIGEST_BYTES];
    struct asked_answer t;

    (void)state;
    test_digest(NULL, CERT_GOOD, false, good);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask_below(test_world(cases[i].class), "_25._tcp.mx0.", DNS_TLSA, ASK_AD | ASK_EDNS, false, &t);
        assert_int_equal(n_answers(&t, DNS_TLSA), cases[i].n);
        assert_int_equal(has_ad(&t), cases[i].ad);
        assert_memory_equal(ns_rr_rdata(answer_rr(&t, 0)), cases[i].first, 3);
        assert_int_equal(memcmp(ns_rr_rdata(answer_rr(&t, cases[i].n - 1)) + 3, good, sizeof(good)) == 0,
                         strcmp(cases[i].class, "tlsa-mismatch") != 0 &&
                             strcmp(cases[i].class, "tlsa-ta-absent") != 0);
    }
    ask_below(test_world("tlsa-servfail"), "_25._tcp.mx0.", DNS_TLSA, 0, false, &t);
    assert_int_equal(rcode_of(&t), 2);
    ask_below(test_world("tlsa-servfail"), "mx0.", DNS_A, ASK_AD, false, &t);
    assert_true(has_ad(&t));
    ask_below(test_world("tlsa-none"), "_25._tcp.mx0.", DNS_TLSA, 0, false, &t);
    assert_int_equal(rcode_of(&t), 3);
}

/* Protects edge cases 26 to 28. */
static void test_policy_hosts(void **state)
{
    static const struct {
        const char *class;
        unsigned n_a, n_aaaa, rcode;
    } cases[] = {{"policy-ok", 1, 0, 0},       {"policy-nxdomain", 0, 0, 3}, {"policy-nodata", 0, 0, 0},
                 {"policy-dangling", 0, 0, 3}, {"policy-v6-dead", 1, 1, 0},  {"policy-second-dead", 2, 0, 0},
                 {"policy-bogon", 1, 0, 0},    {"policy-refused", 0, 1, 0},  {"policy-two-bodies", 2, 0, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct world *w = test_world(cases[i].class);
        struct fate f;

        fate_of(w, 5, &f);
        ask_below(w, "mta-sts.", DNS_A, 0, false, &a);
        assert_int_equal(rcode_of(&a), cases[i].rcode);
        assert_int_equal(n_answers(&a, DNS_A), cases[i].n_a);
        assert_int_equal(n_answers(&a, DNS_CNAME), f.third);
        ask_below(w, "mta-sts.", DNS_AAAA, 0, false, &a);
        assert_int_equal(n_answers(&a, DNS_AAAA), cases[i].n_aaaa);
    }
}

/* Protects what is beside: NS, SOA, SPF, TLS-RPT, DMARC; other classes and types. */
static void test_other_types(void **state)
{
    const struct world *w = test_world("rpt-both");
    uint8_t bytes[QUERY_BYTES];
    struct dns_query q;
    size_t len;

    (void)state;
    ask_below(w, "_smtp._tls.", DNS_TXT, 0, false, &a);
    expect_record();
    ask_below(w, "", DNS_NS, 0, false, &a);
    assert_int_equal(n_answers(&a, DNS_NS), 2);
    ask_below(w, "", DNS_SOA, 0, false, &a);
    assert_int_equal(n_answers(&a, DNS_SOA), 1);
    ask_below(w, "", 252, 0, false, &a);
    assert_int_equal(rcode_of(&a), 5);
    ask_name(w, "com", DNS_SOA, 0, false, &a);
    assert_int_equal(n_answers(&a, DNS_SOA), 1);
    len = make_query(bytes, 1, "version.bind", DNS_TXT, 0, 0);
    bytes[len - 1] = 3; /* class CH */
    assert_true(dns_query_read(bytes, len, &q));
    dns_answer(test_answerer(w), &q, false, false, a.bytes, &a.answer);
    assert_int_equal(a.answer.outcome, DNS_SAYS_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shape),      cmocka_unit_test(test_negative),
                                       cmocka_unit_test(test_preflight),  cmocka_unit_test(test_failures),
                                       cmocka_unit_test(test_loss),       cmocka_unit_test(test_truncation),
                                       cmocka_unit_test(test_cnames),     cmocka_unit_test(test_broken),
                                       cmocka_unit_test(test_wildcards),  cmocka_unit_test(test_mx),
                                       cmocka_unit_test(test_tlsa),       cmocka_unit_test(test_policy_hosts),
                                       cmocka_unit_test(test_other_types)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
