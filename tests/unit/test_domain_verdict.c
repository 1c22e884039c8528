/* From records to the verdict of a domain: addresses added up, inference at sampled addresses, policies. */
#include "analysis/domain_verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <zlib.h>

#include <cmocka.h>

#define S(text)                \
    {                          \
        text, sizeof(text) - 1 \
    }

/* What an address says, by the outcome there. */
static enum mx_tls tls_of(unsigned oc, uint64_t version)
{
    struct rec_tls tls = {.version = version, .cipher = S("X")};
    struct rec_endpoint e = {.oc = oc, .tls = version ? &tls : NULL};
    struct endpoint_facts seen;

    endpoint_classify(&seen, &e);
    return mx_tls_of(&seen, oc);
}

static void test_address(void **state)
{
    static const struct {
        unsigned oc;
        enum mx_tls tls;
    } rows[] = {
        {OC_SMTP_NO_STARTTLS, MX_TLS_CLEAR},   {OC_SMTP_HELO_ONLY, MX_TLS_CLEAR},
        {OC_STARTTLS_4XX, MX_TLS_FAILED},      {OC_STARTTLS_5XX, MX_TLS_CLEAR},
        {OC_STARTTLS_INJECTED, MX_TLS_FAILED}, {OC_STARTTLS_BAD_REPLY, MX_TLS_FAILED},
        {OC_TLS_ALERT, MX_TLS_FAILED},         {OC_TLS_PROTOCOL, MX_TLS_FAILED},
        {OC_TLS_NOT_TLS, MX_TLS_FAILED},       {OC_TLS_CLOSED, MX_TLS_FAILED},
        {OC_TLS_RESET, MX_TLS_FAILED},         {OC_TCP_REFUSED, MX_TLS_DOWN},
        {OC_ADDRESS_RESERVED, MX_TLS_DOWN},
    };

    (void)state;
    for (unsigned oc = 0; oc < 2 * OUTCOME_LIMIT; oc++) { /* all else is no evidence */
        enum mx_tls want = MX_TLS_UNKNOWN;

        for (size_t i = 0; i < STS_LEN(rows); i++)
            if (rows[i].oc == oc)
                want = rows[i].tls;
        assert_int_equal(tls_of(oc, 0), want);
    }
    assert_int_equal(tls_of(OC_OK, 0x0301), MX_TLS_OLD);
    assert_int_equal(tls_of(OC_OK, 0x0302), MX_TLS_OLD);
    assert_int_equal(tls_of(OC_OK, 0x0303), MX_TLS_ENCRYPTED);
    assert_int_equal(tls_of(OC_OK, 0x0304), MX_TLS_ENCRYPTED);
    assert_int_equal(tls_of(OC_SMTP_CLOSED, 0x0304), MX_TLS_ENCRYPTED); /* behind the handshake */
}

static void test_certificate(void **state)
{
    static const struct {
        uint32_t faults;
        bool match;
        enum result_type want;
        bool unknown, weak;
    } rows[] = {
        {0, true, RESULT_NONE},
        {0, false, RESULT_CERTIFICATE_HOST_MISMATCH},
        {CHAIN_EXPIRED, true, RESULT_CERTIFICATE_EXPIRED},
        {CHAIN_NOT_YET, true, RESULT_CERTIFICATE_EXPIRED},
        {CHAIN_EXPIRED | CHAIN_NO_ISSUER, true, RESULT_CERTIFICATE_EXPIRED},
        {CHAIN_EXPIRED | CHAIN_NO_ISSUER, false, RESULT_CERTIFICATE_HOST_MISMATCH},
        {CHAIN_SELF_SIGNED, true, RESULT_CERTIFICATE_NOT_TRUSTED},
        {CHAIN_UNTRUSTED, true, RESULT_CERTIFICATE_NOT_TRUSTED},
        {CHAIN_NO_ISSUER, true, RESULT_CERTIFICATE_NOT_TRUSTED},
        {CHAIN_OTHER, true, RESULT_CERTIFICATE_NOT_TRUSTED},
        {CHAIN_WEAK, true, RESULT_CERTIFICATE_NOT_TRUSTED, .weak = true},
        {CHAIN_WEAK, false, RESULT_CERTIFICATE_HOST_MISMATCH},
        {CHAIN_WEAK | CHAIN_EXPIRED, true, RESULT_CERTIFICATE_EXPIRED},
        {CHAIN_WEAK | CHAIN_NOT_IN_SCAN, true, RESULT_NONE, true},
        {CHAIN_EMPTY, false, RESULT_VALIDATION_FAILURE},
        {CHAIN_NOT_IN_SCAN | CHAIN_NO_ISSUER, false, RESULT_NONE, true},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct mx_cert cert = mx_cert_of(rows[i].faults, rows[i].match);

        assert_int_equal(cert.fault, rows[i].want);
        assert_int_equal(cert.good, rows[i].want == RESULT_NONE && !rows[i].unknown);
        assert_int_equal(cert.weak, rows[i].weak);
    }
}

/* Addresses of one host, added up: `n` as its lookup says. */
static void test_sum(void **state)
{
    static const struct {
        struct mx_addresses addresses;
        enum mx_tls at[3];
        enum mx_tls best, worst;
    } rows[] = {
        {{2, false},
         {MX_TLS_ENCRYPTED, MX_TLS_UNKNOWN},
         MX_TLS_ENCRYPTED,
         MX_TLS_ENCRYPTED}, /* our network */
        {{2, false}, {MX_TLS_DOWN, MX_TLS_ENCRYPTED}, MX_TLS_ENCRYPTED, MX_TLS_ENCRYPTED},
        {{3, false}, {MX_TLS_CLEAR, MX_TLS_ENCRYPTED, MX_TLS_OLD}, MX_TLS_ENCRYPTED, MX_TLS_CLEAR},
        {{2, false}, {MX_TLS_FAILED, MX_TLS_OLD}, MX_TLS_OLD, MX_TLS_FAILED},
        {{2, false}, {MX_TLS_CLEAR, MX_TLS_UNKNOWN}, MX_TLS_CLEAR, MX_TLS_CLEAR},
        {{2, false}, {MX_TLS_DOWN, MX_TLS_DOWN}, MX_TLS_DOWN, MX_TLS_UNKNOWN},
        {{2, false}, {MX_TLS_DOWN, MX_TLS_UNKNOWN}, MX_TLS_UNKNOWN, MX_TLS_UNKNOWN},
        {{3, false}, {MX_TLS_DOWN, MX_TLS_DOWN}, MX_TLS_UNKNOWN, MX_TLS_UNKNOWN}, /* one has no record */
        {{0, false}, {MX_TLS_DOWN}, MX_TLS_UNKNOWN, MX_TLS_UNKNOWN},              /* there may be others */
        {{0, true}, {0}, MX_TLS_DOWN, MX_TLS_UNKNOWN},
        {{0, false}, {0}, MX_TLS_UNKNOWN, MX_TLS_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct mx_sum sum = {0};
        struct mx_facts mx = {0};

        for (unsigned k = 0; k < 3; k++)
            mx_sum_add(&sum, rows[i].at[k], mx_cert_of(CHAIN_EXPIRED, true));
        mx_facts_of(&mx, rows[i].addresses, &sum, NULL);
        if (mx.tls != rows[i].best || mx.worst != rows[i].worst)
            fail_msg("row %zu: %s, worst %s", i, mx_tls_name(mx.tls), mx_tls_name(mx.worst));
        assert_false(mx.inferred);
        assert_int_equal(mx.cert_fault,
                         mx.tls == MX_TLS_ENCRYPTED ? RESULT_CERTIFICATE_EXPIRED : RESULT_NONE);
    }
}

static void test_sum_of_certificates(void **state)
{
    const struct mx_addresses two = {2, false};
    struct mx_sum sum = {0};
    struct mx_facts mx = {0};

    (void)state;
    mx_sum_add(&sum, MX_TLS_ENCRYPTED, mx_cert_of(CHAIN_UNTRUSTED, true));
    mx_sum_add(&sum, MX_TLS_ENCRYPTED, mx_cert_of(CHAIN_EXPIRED, true));
    mx_sum_add(&sum, MX_TLS_OLD, mx_cert_of(0, true)); /* nothing that an MTA-STS sender could use */
    mx_facts_of(&mx, two, &sum, NULL);
    assert_false(mx.cert_good);
    assert_int_equal(mx.cert_fault, RESULT_CERTIFICATE_EXPIRED);
    assert_false(mx.cert_weak);
    mx_sum_add(&sum, MX_TLS_ENCRYPTED, mx_cert_of(CHAIN_WEAK, true));
    mx_facts_of(&mx, two, &sum, NULL);
    assert_false(mx.cert_good);
    assert_true(mx.cert_weak);
    assert_int_equal(mx.cert_fault, RESULT_CERTIFICATE_EXPIRED);
    mx_sum_add(&sum, MX_TLS_ENCRYPTED, mx_cert_of(0, true));
    mx_facts_of(&mx, two, &sum, NULL);
    assert_true(mx.cert_good);
    assert_int_equal(mx.cert_fault, RESULT_NONE);
}

/* A scan of a few records. mx.own was probed at 192.0.2.1, mx.out was not in the sample there, mx.by took the
 * outcome of others, mx.two is refused at its own address and sampled out at the other; mx.lost has no
 * endpoint records at an address that is not sampled. */
static struct sts_str shared[] = {S("192.0.2.1")}, refused[] = {S("192.0.2.2")},
                      both[] = {S("192.0.2.1"), S("192.0.2.3")}, lost[] = {S("192.0.2.9")};
#define ADDRESS(list, n)                                                              \
    .a = &(struct rec_dns){.oc = OC_OK, .addr = {list, n}}, .aaaa = &(struct rec_dns) \
    {                                                                                 \
        .oc = OC_DNS_NODATA                                                           \
    }
static const struct rec_host hosts[] = {
    {.name = S("mx.own"), .oc = OC_OK, ADDRESS(shared, 1)},
    {.name = S("mx.out"), .oc = OC_OK, ADDRESS(shared, 1)},
    {.name = S("mx.by"), .oc = OC_OK, ADDRESS(refused, 1)},
    {.name = S("mx.two"), .oc = OC_OK, ADDRESS(both, 2)},
    {.name = S("mx.lost"), .oc = OC_OK, ADDRESS(lost, 1)},
    {.name = S("mx.gone"), .oc = OC_DNS_NXDOMAIN},
    {.name = S("mx.again"), .oc = OC_DNS_NXDOMAIN, .attempt = 1}, /* the first time it had an address */
    {.name = S("mx.again"), .oc = OC_OK, ADDRESS(shared, 1)},
    {.name = S("mx.servfail"), .oc = OC_ADDRESS_UNKNOWN},
    {.name = S("mx.bad name"), .oc = OC_DNS_NOT_QUERYABLE},
};
static const struct rec_endpoint endpoints[] = {
    {.host = S("mx.own"), .ip = S("192.0.2.1"), .port = 2525, .oc = OC_SMTP_NO_STARTTLS},
    {.host = S("mx.by"), .ip = S("192.0.2.2"), .port = 2525, .oc = OC_TCP_REFUSED, .by_ip = true},
    {.host = S("mx.two"), .ip = S("192.0.2.3"), .port = 2525, .oc = OC_TCP_REFUSED},
};
static const struct rec_ip ips[] = {{.ip = S("192.0.2.1"), .n_hosts = 3, .n_probed = 1}};

static struct join *make_join(void)
{
    struct sts_err err = {0};
    struct join *j = NULL;

    assert_int_equal(join_empty(&j, NULL, &err), STS_OK);
    for (size_t i = 0; i < STS_LEN(hosts); i++)
        assert_int_equal(join_add(j, REC_host, &hosts[i], &err), STS_OK);
    for (size_t i = 0; i < STS_LEN(endpoints); i++)
        assert_int_equal(join_add(j, REC_endpoint, &endpoints[i], &err), STS_OK);
    for (size_t i = 0; i < STS_LEN(ips); i++)
        assert_int_equal(join_add(j, REC_ip, &ips[i], &err), STS_OK);
    assert_int_equal(join_add_up(j, &err), STS_OK);
    for (size_t i = 0; i < STS_LEN(hosts); i++)
        join_infer(j, &hosts[i]);
    return j;
}

static void test_inference(void **state)
{
    static const struct {
        const char *host;
        enum mx_tls own, inferred;
    } rows[] = {
        {"mx.own", MX_TLS_CLEAR, MX_TLS_CLEAR},
        {"MX.Own", MX_TLS_CLEAR, MX_TLS_CLEAR},
        {"mx.out", MX_TLS_UNKNOWN, MX_TLS_CLEAR},
        {"mx.by", MX_TLS_UNKNOWN, MX_TLS_DOWN},
        {"mx.two", MX_TLS_UNKNOWN, MX_TLS_CLEAR},
        {"mx.lost", MX_TLS_UNKNOWN, MX_TLS_UNKNOWN},
        {"mx.gone", MX_TLS_DOWN, MX_TLS_DOWN},
        {"mx.again", MX_TLS_DOWN, MX_TLS_DOWN},
        {"mx.servfail", MX_TLS_UNKNOWN, MX_TLS_UNKNOWN},
        {"mx.bad name", MX_TLS_DOWN, MX_TLS_DOWN},
        {"mx.never.seen", MX_TLS_UNKNOWN, MX_TLS_UNKNOWN},
    };
    struct join *j = make_join();

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct mx_facts own = {0}, inferred = {0};

        join_mx(j, sts_str(rows[i].host), false, &own);
        join_mx(j, sts_str(rows[i].host), true, &inferred);
        if (own.tls != rows[i].own || inferred.tls != rows[i].inferred)
            fail_msg("%s: %s, inferred %s", rows[i].host, mx_tls_name(own.tls), mx_tls_name(inferred.tls));
        assert_false(own.inferred);
        assert_int_equal(inferred.inferred, rows[i].own != rows[i].inferred);
    }
    join_free(j);
}

#define BODY(mode, mx) "version: STSv1\nmode: " mode "\nmx: " mx "\nmax_age: 86400\n"

/* A policy that was fetched well but for its certificate, which no unit test has. */
static void test_policy(void **state)
{
    struct sts_str record = S("v=STSv1; id=1"), other = S("v=spf1 -all");
    struct rec_txt txt[] = {{.strings = {&record, 1}}, {.strings = {&other, 1}}};
    struct rec_mx mxs[] = {{20, S("mx.own")}, {10, S("mx.out")}, {10, S(".")}};
    struct rec_dns mx = {.oc = OC_OK, .mx = {mxs, 3}}, sts = {.oc = OC_OK, .txt = {txt, 2}};
    struct rec_domain d = {.name = S("a.test"), .oc = OC_OK, .mx = &mx, .sts = &sts};
    struct rec_policy p = {.name = S("A.test"), .oc = OC_HTTP_STATUS, .status = 404};
    struct domain_verdict *v = domain_verdict_new();
    struct join *j = make_join();
    struct sts_err err = {0};

    (void)state;
    assert_non_null(v);
    assert_int_equal(join_verdict(j, &d, JUDGE_INFER, v, &err), STS_OK);
    assert_int_equal(v->of.state, STS_FETCH_UNKNOWN);
    assert_int_equal(v->facts.n_mx, 2); /* the root is no host */
    assert_int_equal(v->n_inferred, 1);
    assert_string_equal(v->mx[0].host.p, "mx.out");
    assert_string_equal(v->mx[1].host.p, "mx.own");
    assert_int_equal(v->of.opportunistic, DELIVERY_CLEAR);
    assert_int_equal(join_verdict(j, &d, 0, v, &err), STS_OK);
    assert_int_equal(v->of.opportunistic, DELIVERY_INCONCLUSIVE);
    assert_int_equal(v->n_inferred, 0);

    assert_int_equal(join_add(j, REC_policy, &p, &err), STS_OK); /* without a certificate: the first stage */
    assert_int_equal(join_verdict(j, &d, JUDGE_INFER, v, &err), STS_OK);
    assert_int_equal(v->of.state, STS_FETCH_FAILED);
    assert_int_equal(v->of.headline, RESULT_STS_WEBPKI_INVALID);
    assert_int_equal(v->of.results,
                     RESULT_BIT(RESULT_STS_WEBPKI_INVALID) | RESULT_BIT(RESULT_STS_POLICY_FETCH_ERROR));

    txt[1].strings.v = &record; /* twice */
    assert_int_equal(join_verdict(j, &d, JUDGE_INFER, v, &err), STS_OK);
    assert_int_equal(v->of.state, STS_NO_RECORD);
    sts.oc = OC_DNS_SERVFAIL;
    sts.txt.n = 0;
    assert_int_equal(join_verdict(j, &d, JUDGE_INFER, v, &err), STS_OK);
    assert_int_equal(v->of.state, STS_RECORD_UNKNOWN);
    domain_verdict_free(v);
    join_free(j);
}

/* Both readings of a fetch. */
static void test_policy_readings(void **state)
{
    static const struct chain_verdict good = {0};
    struct rec_policy p = {.oc = OC_OK, .status = 200, .headers = S("Content-Type: text/html\r\n")};
    struct policy_facts facts;
    char room[POLICY_DECODED_BYTES];

    (void)state;
    p.body = sts_str(BODY("enforce", "a.test"));
    policy_classify(&facts, &p, &good, true, room);
    assert_int_equal(facts.class_, POL_MEDIA);
    assert_int_equal(facts.lenient, POL_OK); /* RFC 8461 section 3.3 only recommends to look at it */
    assert_int_equal(facts.lenient_mode, STS_MODE_ENFORCE);
    assert_int_equal(facts.results, RESULT_BIT(RESULT_STS_POLICY_FETCH_ERROR));
    p.body = sts_str("<html>");
    policy_classify(&facts, &p, &good, true, room);
    assert_int_equal(facts.class_, POL_MEDIA);
    assert_int_equal(facts.lenient, POL_SYNTAX);
    assert_int_equal(facts.results,
                     RESULT_BIT(RESULT_STS_POLICY_FETCH_ERROR) | RESULT_BIT(RESULT_STS_POLICY_INVALID));
    policy_classify(&facts, &p, &(struct chain_verdict){.faults = CHAIN_EXPIRED}, true, room);
    assert_int_equal(facts.class_, POL_TLS_EXPIRED);
    assert_int_equal(facts.lenient, POL_TLS_EXPIRED); /* nobody takes a policy from there */
    assert_int_equal(facts.results, RESULT_BIT(RESULT_STS_WEBPKI_INVALID) |
                                        RESULT_BIT(RESULT_STS_POLICY_FETCH_ERROR) |
                                        RESULT_BIT(RESULT_STS_POLICY_INVALID));
    p.headers = sts_str("Content-Type: text/plain");
    p.body = sts_str(BODY("enforce", "a.test"));
    policy_classify(&facts, &p, &(struct chain_verdict){.faults = CHAIN_WEAK}, true, room);
    assert_int_equal(facts.class_, POL_TLS_WEAK);
    assert_int_equal(facts.lenient, POL_OK);
    assert_int_equal(facts.lenient_mode, STS_MODE_ENFORCE);
    assert_false(facts.trusted);
    assert_int_equal(facts.results, RESULT_BIT(RESULT_STS_WEBPKI_INVALID));
    policy_classify(&facts, &p, &(struct chain_verdict){.faults = CHAIN_WEAK | CHAIN_EXPIRED}, true, room);
    assert_int_equal(facts.lenient, POL_TLS_EXPIRED);
    policy_classify(&facts, &(struct rec_policy){.oc = OC_DNS_NXDOMAIN}, &good, true, room);
    assert_int_equal(facts.lenient, POL_DNS);
    assert_int_equal(facts.results, RESULT_BIT(RESULT_STS_POLICY_FETCH_ERROR));
    policy_classify(&facts, &(struct rec_policy){.oc = OC_OUR_STOP}, &good, true, room);
    assert_int_equal(facts.lenient, POL_INCONCLUSIVE);
    assert_int_equal(facts.results, 0);
}

/* A coding that was not asked for: strictly no policy, leniently what it decodes to. */
static void test_coded_policy(void **state)
{
    static const struct chain_verdict good = {0}, expired = {.faults = CHAIN_EXPIRED};
    static const char valid[] = BODY("testing", "a.test");
    uint8_t coded[256];
    uLongf len = sizeof(coded);
    struct rec_policy p = {.oc = OC_OK, .status = 200};
    struct policy_facts facts;
    char room[POLICY_DECODED_BYTES];

    (void)state;
    assert_int_equal(compress(coded, &len, (const Bytef *)valid, sizeof(valid) - 1), Z_OK);
    p.body = (struct sts_str){(const char *)coded, (uint32_t)len};
    p.headers =
        sts_str("Content-Type: text/plain\r\nContent-Encoding: identity\r\ncontent-encoding: Deflate");
    policy_classify(&facts, &p, &good, true, room);
    assert_int_equal(facts.class_, POL_HTTP_ENCODING);
    assert_int_equal(facts.lenient, POL_OK);
    assert_int_equal(facts.lenient_mode, STS_MODE_TESTING);
    assert_true(sts_str_equal(facts.text, sts_str(valid)));
    assert_true(facts.decoded && !facts.has_body);
    assert_int_equal(facts.results, RESULT_BIT(RESULT_STS_POLICY_FETCH_ERROR));
    policy_classify(&facts, &p, &expired, true, room);
    assert_int_equal(facts.lenient, POL_TLS_EXPIRED);
    p.headers = sts_str("Content-Encoding: deflate\r\nContent-Encoding: deflate");
    policy_classify(&facts, &p, &good, true, room);
    assert_int_equal(facts.lenient, POL_HTTP_ENCODING); /* twice */
    assert_false(facts.decoded);
    p.headers = sts_str("Content-Encoding: deflate");
    p.status = 404;
    p.oc = OC_HTTP_STATUS;
    policy_classify(&facts, &p, &good, true, room);
    assert_int_equal(facts.lenient, POL_HTTP_STATUS);
    p.status = 200;
    p.oc = OC_OK;
    len = sizeof(coded);
    assert_int_equal(compress(coded, &len, (const Bytef *)"no policy", 9), Z_OK);
    p.body.len = (uint32_t)len;
    policy_classify(&facts, &p, &good, true, room);
    assert_int_equal(facts.class_, POL_HTTP_ENCODING);
    assert_int_equal(facts.lenient, POL_SYNTAX);
    assert_int_equal(facts.results, RESULT_BIT(RESULT_STS_POLICY_FETCH_ERROR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_sum),
        cmocka_unit_test(test_sum_of_certificates),
        cmocka_unit_test(test_inference),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_policy_readings),
        cmocka_unit_test(test_coded_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
