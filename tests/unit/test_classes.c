/* What is made of single records: policies, endpoints, names. */
#include "analysis/endpoint_class.h"
#include "analysis/name_class.h"
#include "analysis/policy_class.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BODY "version: STSv1\nmode: none\nmax_age: 1\n"
#define S(text)                \
    {                          \
        text, sizeof(text) - 1 \
    }

static enum policy_class classify(struct rec_policy p, uint32_t faults, bool match)
{
    struct chain_verdict chain = {.faults = faults};
    struct policy_facts facts;
    char room[POLICY_DECODED_BYTES];

    policy_classify(&facts, &p, &chain, match, room);
    return facts.class_;
}

static void test_policy(void **state)
{
    struct rec_policy p = {.oc = OC_OK,
                           .status = 200,
                           .headers = S("HTTP/2 200\r\ncontent-type: TEXT/plain ;x=y\r\n"),
                           .body = S(BODY)};

    (void)state;
    assert_int_equal(classify(p, 0, true), POL_OK);
    /* The first stage that fails decides: version, name, validity, trust, HTTP, media type, syntax. */
    assert_int_equal(classify(p, CHAIN_EXPIRED, false), POL_TLS_NAME);
    assert_int_equal(classify(p, CHAIN_EXPIRED | CHAIN_NO_ISSUER, true), POL_TLS_EXPIRED);
    assert_int_equal(classify(p, CHAIN_SELF_SIGNED, true), POL_TLS_SELF_SIGNED);
    assert_int_equal(classify(p, CHAIN_NO_ISSUER, true), POL_TLS_UNTRUSTED);
    assert_int_equal(classify(p, CHAIN_UNTRUSTED, true), POL_TLS_UNTRUSTED);
    assert_int_equal(classify(p, CHAIN_OTHER, true), POL_TLS_OTHER);
    assert_int_equal(classify(p, CHAIN_WEAK, true), POL_TLS_WEAK);
    assert_int_equal(classify(p, CHAIN_WEAK, false), POL_TLS_NAME);
    assert_int_equal(classify(p, CHAIN_WEAK | CHAIN_OTHER, true), POL_TLS_OTHER);
    assert_int_equal(classify(p, CHAIN_WEAK | CHAIN_UNTRUSTED, true), POL_TLS_UNTRUSTED);
    assert_int_equal(classify(p, CHAIN_EMPTY, false), POL_TLS_OTHER);
    assert_int_equal(classify(p, CHAIN_NOT_IN_SCAN, true), POL_INCONCLUSIVE); /* our loss */
    p.tls = &(struct rec_tls){.version = 0x0303, .cipher = S("X")};
    assert_int_equal(classify(p, 0, true), POL_OK);
    p.tls = &(struct rec_tls){.version = 0x0302, .cipher = S("X")};
    assert_int_equal(classify(p, CHAIN_EXPIRED, false), POL_TLS_OLD); /* a sender gets no further */
    p.tls = NULL;
    p.body = (struct sts_str)S("mode: none");
    assert_int_equal(classify(p, 0, true), POL_SYNTAX);
    p.headers = (struct sts_str)S("Content-Type: text/html\r\n");
    assert_int_equal(classify(p, 0, true), POL_MEDIA);
    p.headers = (struct sts_str)S("HTTP/2 200\r\n");
    assert_int_equal(classify(p, 0, true), POL_MEDIA);
    p.headers = (struct sts_str)S("Content-Type: text/plain\r\nContent-Encoding: gzip\r\n");
    assert_int_equal(classify(p, 0, true), POL_HTTP_ENCODING);
    p.status = 204;
    assert_int_equal(classify(p, 0, true), POL_HTTP_STATUS);
}

/* RFC 9112 section 6.3: one length may be said twice, two are none. */
static void test_lengths(void **state)
{
    static const struct {
        const char *headers;
        enum policy_class class_;
    } rows[] = {
        {"Content-Type: text/plain\r\nContent-Length: 5\r\ncontent-length: 5\r\n", POL_OK},
        {"Content-Type: text/plain\r\nContent-Length: 5 , 5\r\n", POL_OK},
        {"Content-Length: 5\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n", POL_HTTP_PROTOCOL},
        {"Content-Type: text/plain\r\nContent-Length: 5, 6\r\n", POL_HTTP_PROTOCOL},
        {"Content-Type: text/plain\r\nContent-Length: 5,\r\n", POL_HTTP_PROTOCOL},
        {"Content-Type: text/plain\r\nContent-Length:\r\n", POL_HTTP_PROTOCOL},
        {"Content-Type: text/plain\r\nContent-Length: 5x\r\n", POL_HTTP_PROTOCOL},
        {"Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\nContent-Length: x\r\n", POL_OK},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct rec_policy p = {
            .oc = OC_OK, .status = 200, .headers = sts_str(rows[i].headers), .body = S(BODY)};

        assert_int_equal(classify(p, 0, true), rows[i].class_);
        p.oc = OC_HTTP_SHORT;
        assert_int_equal(classify(p, 0, true), rows[i].class_ == POL_OK ? POL_HTTP_SHORT : POL_HTTP_PROTOCOL);
        p.status = 404;
        p.oc = OC_HTTP_STATUS;
        assert_int_equal(classify(p, 0, true), POL_HTTP_STATUS);
    }
}

/* RFC 9111 section 5.1. */
static void test_age(void **state)
{
    static const struct {
        const char *headers;
        uint32_t age_s;
    } rows[] = {
        {"Age: 600\r\n", 600},
        {"age:\t7 \r\n", 7},
        {"X: 1\r\n", 0},
        {"Age: 0\r\n", 0},
        {"Age:\r\n", 0},
        {"Age: -1\r\n", 0},
        {"Age: +1\r\n", 0},
        {"Age: 1.5\r\n", 0},
        {"Age: 600s\r\n", 0},
        {"Age: 5 , 600\r\n", 5},
        {"Age: x, 600\r\n", 0},
        {"Age: 5\r\nAge: 600\r\n", 5},
        {"Age: 00002147483647\r\n", 2147483647},
        {"Age: 2147483649\r\n", 2147483648},
        {"Age: 99999999999999999999999\r\n", 2147483648},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct rec_policy p = {.oc = OC_OK, .status = 200, .headers = sts_str(rows[i].headers)};
        struct policy_facts facts;
        char room[POLICY_DECODED_BYTES];

        policy_classify(&facts, &p, &(struct chain_verdict){0}, true, room);
        if (facts.age_s != rows[i].age_s)
            fail_msg("row %zu: %u s", i, facts.age_s);
    }
}

static void test_policy_outcomes(void **state)
{
    static const struct {
        unsigned oc;
        enum policy_class class_;
    } rows[] = {
        {OC_DNS_NXDOMAIN, POL_DNS},
        {OC_NO_ADDRESS, POL_DNS},
        {OC_DNS_SERVFAIL, POL_INCONCLUSIVE},
        {OC_ADDRESS_UNKNOWN, POL_INCONCLUSIVE},
        {OC_ADDRESS_RESERVED, POL_BOGON},
        {OC_BLOCKLISTED, POL_INCONCLUSIVE},
        {OC_TCP_REFUSED, POL_TCP},
        {OC_TCP_TIMEOUT, POL_TCP},
        {OC_TLS_ALERT, POL_TLS_ALERT},
        {OC_TLS_CLOSED, POL_TLS_HANDSHAKE},
        {OC_TLS_TIMEOUT, POL_TIMEOUT},
        {OC_HTTP_REDIRECT, POL_HTTP_REDIRECT},
        {OC_HTTP_STATUS, POL_HTTP_STATUS},
        {OC_HTTP_TOO_BIG, POL_SIZE},
        {OC_HTTP_SHORT, POL_HTTP_SHORT},
        {OC_HTTP_TIMEOUT, POL_TIMEOUT},
        {OC_HTTP_CLOSED, POL_HTTP_PROTOCOL},
        {OC_OUR_STOP, POL_INCONCLUSIVE},
        {OC_OUR_TAIL, POL_INCONCLUSIVE},
        {OC_OUR_DESCRIPTORS, POL_INCONCLUSIVE},
        {99, POL_INCONCLUSIVE},
        {1u << 20, POL_INCONCLUSIVE},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++)
        assert_int_equal(classify((struct rec_policy){.oc = rows[i].oc}, 0, true), rows[i].class_);
    /* The certificate comes before HTTP. */
    assert_int_equal(classify((struct rec_policy){.oc = OC_HTTP_STATUS, .status = 404}, CHAIN_EXPIRED, true),
                     POL_TLS_EXPIRED);
    for (unsigned oc = 1; oc < OUTCOME_LIMIT; oc++) /* what is ours, or not tried, never fails a policy */
        if (outcome_class(oc) == OCC_ours)
            assert_int_equal(classify((struct rec_policy){.oc = oc}, 0, true), POL_INCONCLUSIVE);
}

/* An address of the other family, that a lookup did not tell, might have been reached. */
static void test_policy_part_unknown(void **state)
{
    struct rec_dns failed = {.oc = OC_DNS_SERVFAIL}, none = {.oc = OC_DNS_NODATA};

    (void)state;
    assert_int_equal(classify((struct rec_policy){.oc = OC_TCP_REFUSED, .a = &failed}, 0, true),
                     POL_INCONCLUSIVE);
    assert_int_equal(classify((struct rec_policy){.oc = OC_ADDRESS_RESERVED, .aaaa = &failed}, 0, true),
                     POL_INCONCLUSIVE);
    assert_int_equal(classify((struct rec_policy){.oc = OC_TCP_REFUSED, .a = &none}, 0, true), POL_TCP);
    assert_int_equal(classify((struct rec_policy){.oc = OC_TLS_ALERT, .a = &failed}, 0, true), POL_TLS_ALERT);
}

static void test_headers(void **state)
{
    struct sts_str headers = S("HTTP/1.1 200 OK\r\nA: 1\r\nb :2\r\nB:\t x y \r\nB: 3");

    (void)state;
    assert_true(sts_str_equal(http_header(headers, "a"), sts_str("1")));
    assert_true(sts_str_equal(http_header(headers, "B"), sts_str("x y")));
    assert_null(http_header(headers, "C").p);
    assert_null(http_header((struct sts_str){NULL, 0}, "C").p);
}

/* "No STARTTLS" is said of nobody who did not say so. */
static void test_endpoint(void **state)
{
    struct endpoint_facts facts;

    (void)state;
    for (unsigned oc = 0; oc < 2 * OUTCOME_LIMIT; oc++) {
        struct rec_endpoint e = {.oc = oc};

        endpoint_classify(&facts, &e);
        assert_int_equal(facts.starttls == STARTTLS_NOT_OFFERED,
                         oc == OC_SMTP_NO_STARTTLS || oc == OC_SMTP_HELO_ONLY);
        assert_false(facts.handshake);
        if (outcome_class(oc) == OCC_ours)
            assert_int_equal(facts.group, EP_OURS);
        if (outcome_class(oc) == OCC_skipped)
            assert_int_equal(facts.group, EP_SKIPPED);
    }
}

static void test_endpoint_evidence(void **state)
{
    struct sts_str lines[] = {S("STARTTLS"), S("SIZE 1"), S("StartTLS")};
    struct rec_reply reply = {.to = S("EHLO"), .code = 250, .lines = {lines, 3}};
    struct rec_tls tls = {.version = 0x0303, .cipher = S("X")};
    struct rec_endpoint e = {.oc = OC_SMTP_TIMEOUT, .replies = {&reply, 1}};
    struct endpoint_facts facts;

    (void)state;
    endpoint_classify(&facts, &e);
    assert_int_equal(facts.starttls, STARTTLS_OFFERED);
    reply.lines.n = 2; /* the first line is the greeting, whatever it says */
    endpoint_classify(&facts, &e);
    assert_int_equal(facts.starttls, STARTTLS_UNKNOWN);
    lines[1] = (struct sts_str)S("STARTTLSX");
    endpoint_classify(&facts, &e);
    assert_int_equal(facts.starttls, STARTTLS_UNKNOWN);
    lines[1] = (struct sts_str)S("starttls\t");
    endpoint_classify(&facts, &e);
    assert_int_equal(facts.starttls, STARTTLS_OFFERED);
    e.tls = &tls;
    e.oc = OC_OK;
    endpoint_classify(&facts, &e);
    assert_true(facts.handshake);
    assert_int_equal(facts.version, TLSV_1_2);
    tls.version = 0x7f1c;
    endpoint_classify(&facts, &e);
    assert_int_equal(facts.version, TLSV_OTHER);
    e.oc = OC_TLS_ALERT;
    endpoint_classify(&facts, &e);
    assert_false(facts.handshake);
    assert_int_equal(facts.starttls, STARTTLS_OFFERED);
}

static void test_mx_state(void **state)
{
    struct rec_mx mxs[] = {{.preference = 0, .host = S(".")}, {.preference = 10, .host = S("a.b")}};
    struct sts_str address = S("192.0.2.1");
    struct rec_dns mx = {.oc = OC_OK, .mx = {mxs, 2}}, a = {.oc = OC_OK, .addr = {&address, 1}},
                   none = {.oc = OC_DNS_NODATA}, failed = {.oc = OC_DNS_SERVFAIL};
    struct rec_domain d = {.mx = &mx, .a = &a, .aaaa = &none};

    (void)state;
    assert_int_equal(mx_state(&d), MX_HAS);
    assert_true(mx_null_beside(&mx)); /* RFC 7505 section 3: MUST NOT */
    mx.mx.n = 1;
    assert_int_equal(mx_state(&d), MX_NULL);
    assert_false(mx_null_beside(&mx));
    mxs[0].preference = 10;
    assert_int_equal(mx_state(&d), MX_HAS); /* no null MX: its preference is 0 */
    d.mx = &none;
    assert_int_equal(mx_state(&d), MX_IMPLICIT);
    d.a = &failed;
    assert_int_equal(mx_state(&d), MX_TEMPORARY);
    d.a = &none;
    assert_int_equal(mx_state(&d), MX_NO_MAIL);
    d.a = d.aaaa = NULL;
    assert_int_equal(mx_state(&d), MX_OTHER);
    d.mx = &failed;
    assert_int_equal(mx_state(&d), MX_TEMPORARY);
    failed.oc = OC_DNS_RESOLVER_DOWN;
    assert_int_equal(mx_state(&d), MX_TEMPORARY);
    failed.oc = OC_DNS_NXDOMAIN;
    assert_int_equal(mx_state(&d), MX_NXDOMAIN);
    d.mx = NULL;
    assert_int_equal(mx_state(&d), MX_OTHER);
}

static void test_joined(void **state)
{
    static char buf[TXT_JOINED_BYTES], big[TXT_JOINED_BYTES];
    struct sts_str strings[] = {S("v=STSv1; i"), S("d=1"), {big, sizeof(big)}};
    struct rec_txt rr = {.strings = {strings, 2}};

    (void)state;
    assert_true(
        sts_str_equal(txt_joined(&rr, buf), sts_str("v=STSv1; id=1"))); /* RFC 8461 section 3.1: no blank */
    rr.strings.n = 3;
    assert_int_equal(txt_joined(&rr, buf).len, TXT_JOINED_BYTES);
    rr.strings.n = 0;
    assert_int_equal(txt_joined(&rr, buf).len, 0);
}

/* What the answers of `rows` say of a record: edge cases 18 to 25 of the list, as far as they are about
 * lookups. An answer that did not come is unknown, never "none". */
static void test_lookups(void **state)
{
    static char buf[TXT_JOINED_BYTES];
    struct sts_str sts = S("v=STSv1; id=1"), spf = S("v=spf1 -all"), rpt = S("v=TLSRPTv1; rua=mailto:a@b"),
                   halves[] = {S("v=STSv1; i"), S("d=1")}, target = S("a._mta-sts.provider.example"),
                   many[] = {S("v=STSv1; id=1"), S("")};
    struct rec_txt rr_sts = {.strings = {&sts, 1}}, rr_spf = {.strings = {&spf, 1}},
                   rr_rpt = {.strings = {&rpt, 1}}, rr_halves = {.strings = {halves, 2}},
                   two[] = {rr_spf, rr_sts}, same[] = {rr_sts, rr_sts}, hundreds[300];
    const struct {
        struct rec_dns dns;
        bool unknown;
        enum verdict sts;
    } rows[] = {
        {{.oc = OC_OK, .txt = {&rr_halves, 1}}, false, VERDICT_VALID},                     /* 3 */
        {{.oc = OC_DNS_NODATA}, false, VERDICT_NONE},                                      /* 4 */
        {{.oc = OC_OK, .txt = {two, 2}}, false, VERDICT_VALID},                            /* 6 */
        {{.oc = OC_OK, .txt = {same, 2}}, false, VERDICT_MULTIPLE},                        /* 7 */
        {{.oc = OC_OK, .cname = {&target, 1}, .txt = {&rr_sts, 1}}, false, VERDICT_VALID}, /* 18 */
        {{.oc = OC_DNS_NXDOMAIN, .cname = {&target, 1}}, false, VERDICT_NONE},             /* 19, dangling */
        {{.oc = OC_DNS_SERVFAIL, .cname = {&target, 1}}, true, VERDICT_NONE},              /* 19, loop */
        {{.oc = OC_OK, .txt = {&rr_spf, 1}}, false, VERDICT_NONE},                         /* 20 */
        {{.oc = OC_DNS_SERVFAIL, .cd_oc = OC_OK}, true, VERDICT_NONE},                     /* 22, bogus */
        {{.oc = OC_DNS_TIMEOUT}, true, VERDICT_NONE},                                      /* 22, 23 */
        {{.oc = OC_DNS_REFUSED}, true, VERDICT_NONE},                                      /* 22 */
        {{.oc = OC_DNS_RCODE, .rcode = 4}, true, VERDICT_NONE},                            /* 22 */
        {{.oc = OC_DNS_RESOLVER_DOWN}, true, VERDICT_NONE},                                /* 22, ours */
        {{.oc = OC_DNS_MALFORMED}, true, VERDICT_NONE},                                    /* 24 */
        {{.oc = OC_OK, .txt = {hundreds, STS_LEN(hundreds)}}, false, VERDICT_MULTIPLE},    /* 24 */
        {{.oc = OC_DNS_NXDOMAIN}, false, VERDICT_NONE},                                    /* 25 */
        {{.oc = OC_OK, .txt = {&rr_rpt, 1}}, false, VERDICT_NONE},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(hundreds); i++)
        hundreds[i] = (struct rec_txt){.strings = {many, 2}};
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        const struct rec_dns *dns = &rows[i].dns;
        struct sts_txt t;

        read_sts(&t, dns, buf);
        if (dns_unknown(dns) != rows[i].unknown || t.verdict != rows[i].sts || t.lenient != rows[i].sts)
            fail_msg("row %zu: %s", i, verdict_name(t.verdict));
        assert_int_equal(t.count.n_texts, dns->txt.n);
    }
    assert_true(dns_unknown(NULL) == false); /* not asked */
}

/* A wildcard that synthesises the record: valid, and the random label beside it answers alike (21). */
static void test_wildcard(void **state)
{
    static char buf[TXT_JOINED_BYTES];
    struct sts_str sts = S("v=STSv1; id=1"), rpt = S("v=TLSRPTv1; rua=mailto:a@b");
    struct rec_txt both[] = {{.strings = {&sts, 1}}, {.strings = {&rpt, 1}}};
    struct rec_dns answer = {.oc = OC_OK, .txt = {both, 2}};
    struct rec_domain d = {.sts = &answer, .rpt = &answer, .wild = &answer};
    struct sts_txt t, wild;
    struct tlsrpt r;

    (void)state;
    read_sts(&t, d.sts, buf);
    read_sts(&wild, d.wild, buf);
    assert_int_equal(t.verdict, VERDICT_VALID);
    assert_int_equal(wild.verdict, VERDICT_VALID);
    assert_string_equal(t.id, wild.id);
    read_rpt(&r, d.rpt, buf); /* each record passes over the other */
    assert_int_equal(r.verdict, VERDICT_VALID);
    assert_int_equal(r.count.at, 1);
    assert_int_equal(r.count.n_meant, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy),          cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_policy_outcomes), cmocka_unit_test(test_policy_part_unknown),
        cmocka_unit_test(test_headers),         cmocka_unit_test(test_age),
        cmocka_unit_test(test_endpoint),        cmocka_unit_test(test_endpoint_evidence),
        cmocka_unit_test(test_mx_state),        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_lookups),         cmocka_unit_test(test_wildcard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
