/* test_dns_message.c - dns_message.c: queries byte by byte, and the evidence in answers as they should be. */
#include "tests/unit/dns_answer.h"
#include "tests/unit/unit.h"

#include <string.h>

/* ---- queries ---- */

/* Protects the question on the wire: RD, AD, one question, EDNS with 1232 bytes, and nothing else. */
static void test_query_bytes(void **state)
{
    static const char expected[] = "\0\0\x01\x20\0\1\0\0\0\0\0\1" EXAMPLE_WIRE "\0\0\x0f\0\1"
                                   "\0\0\x29\x04\xd0\0\0\0\0\0\0";
    uint8_t out[DNS_QUERY_BYTES];

    (void)state;
    assert_int_equal(dns_message_query(out, "", EXAMPLE, DNS_MX, 0), sizeof(expected) - 1);
    assert_memory_equal(out, expected, sizeof(expected) - 1);
    assert_int_equal(dns_message_query(out, "", EXAMPLE ".", DNS_MX, 0), sizeof(expected) - 1);
    assert_memory_equal(out, expected, sizeof(expected) - 1);
    for (const char *dot = strchr(EXAMPLE, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        char prefix[sizeof(EXAMPLE)] = {0};

        memcpy(prefix, EXAMPLE, (size_t)(dot + 1 - EXAMPLE));
        assert_int_equal(dns_message_query(out, prefix, dot + 1, DNS_MX, 0), sizeof(expected) - 1);
        assert_memory_equal(out, expected, sizeof(expected) - 1);
    }
    assert_int_equal(dns_message_query(out, "", EXAMPLE, DNS_TLSA, DNS_CD), sizeof(expected) - 1);
    assert_memory_equal(out, "\0\0\x01\x30", 4);
    assert_memory_equal(out + 26, "\0\x34\0\1", 4);
}

/* Protects names with octets beyond letters, as MX hosts may have them. */
static void test_query_escapes(void **state)
{
    static const struct {
        const char *name, *wire;
        size_t len;
    } cases[] = {
        {"a\\.b.example", "\3a.b\7example", 13},
        {"\\000\\255x.example", "\3\0\xffx\7example", 13},
        {"\\\\.example", "\1\\\7example", 11},
        {"_25._tcp.MX.example", "\3_25\4_tcp\2MX\7example", 21},
        {"_25._tcp.a\\.b.example", "\3_25\4_tcp\3a.b\7example", 22},
        {".", "", 1},
    };
    uint8_t out[DNS_QUERY_BYTES];

    (void)state;
    for (size_t i = 0; i < STS_LEN(cases); i++) {
        assert_int_equal(dns_message_query(out, "", cases[i].name, DNS_A, 0), 12 + cases[i].len + 4 + 11);
        assert_memory_equal(out + 12, cases[i].wire, cases[i].len);
        if (strncmp(cases[i].name, "_25._tcp.", 9) != 0)
            continue;
        assert_int_equal(dns_message_query(out, "_25._tcp.", cases[i].name + 9, DNS_A, 0),
                         12 + cases[i].len + 4 + 11);
        assert_memory_equal(out + 12, cases[i].wire, cases[i].len);
    }
}

/* Protects against queries that are none: the longest name fits, one octet more, and what is no name, does
 * not. */
static void test_query_limits(void **state)
{
    static const char *const none[] = {"a..b", ".a", "a\\", "a\\25", "a\\256.b", "a\\2x5.b"};
    uint8_t out[DNS_QUERY_BYTES];
    char name[300];

    (void)state;
    memset(name, 'a', sizeof(name));
    name[63] = name[127] = name[191] = '.';
    name[253] = '\0';
    assert_int_equal(dns_message_query(out, "", name, DNS_A, 0), 12 + 255 + 4 + 11);
    assert_int_equal(dns_message_query(out, "_a.", name + 3, DNS_A, 0), 12 + 255 + 4 + 11);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(dns_message_query(out, "_a.", name + i, DNS_A, 0), 0);
    assert_int_equal(dns_message_query(out, "a..", "example", DNS_A, 0), 0);
    assert_int_equal(dns_message_query(out, name, name, DNS_A, 0), 0);
    name[253] = 'a';
    name[254] = '\0';
    assert_int_equal(dns_message_query(out, "", name, DNS_A, 0), 0);
    memset(name, 'a', 64);
    name[64] = '\0';
    assert_int_equal(dns_message_query(out, "", name, DNS_A, 0), 0);
    assert_int_not_equal(dns_message_query(out, "", name + 1, DNS_A, 0), 0);
    for (size_t i = 0; i < STS_LEN(none); i++)
        assert_int_equal(dns_message_query(out, "", none[i], DNS_A, 0), 0);
}

/* ---- answers ---- */

/* Protects MX evidence: preference, spelling, the root, escapes, compression; the lowest TTL; AD. */
static void test_mx(void **state)
{
    (void)state;
    begin(0, true, EXAMPLE, DNS_MX);
    rr_mx(10, "Mx1.Example");
    rr_mx(65535, "");
    rr_asked(DNS_MX, "\0\1\3a.b\xc0\x0c", 8);
    put_u16(0xc00c);
    put_rr(ANSWER, DNS_MX, 1, 60, "\0\5\xc0\x11", 4);
    assert_int_equal(read_it(DNS_MX), OC_OK);
    assert_int_equal(answer.mx.n, 4);
    assert_int_equal(answer.mx.v[0].preference, 10);
    is_str(answer.mx.v[0].host, "Mx1.Example");
    assert_int_equal(answer.mx.v[1].preference, 65535);
    is_str(answer.mx.v[1].host, ".");
    is_str(answer.mx.v[2].host, "a\\.b." EXAMPLE);
    is_str(answer.mx.v[3].host, "example");
    assert_int_equal(answer.ttl_s, 60);
    assert_true(answer.ad);
    assert_int_equal(answer.len_bytes, 0);
}

/* Protects addresses: as text, in the order of the answer; of the family asked for. */
static void test_addresses(void **state)
{
    static const uint8_t v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};

    (void)state;
    begin(0, false, EXAMPLE, DNS_A);
    rr_a(EXAMPLE, 7);
    rr(EXAMPLE, DNS_AAAA, v6, 16);
    rr_a("NAME.eXample", 8);
    assert_int_equal(read_it(DNS_A), OC_OK);
    assert_int_equal(answer.addr.n, 2);
    is_str(answer.addr.v[0], "192.0.2.7");
    is_str(answer.addr.v[1], "192.0.2.8");
    assert_false(answer.ad);
    assert_int_equal(read_it(DNS_AAAA), OC_OK);
    assert_int_equal(answer.addr.n, 1);
    is_str(answer.addr.v[0], "2001:db8::1");
}

/* Protects preflight: the names of a PTR, its escapes kept; and a PTR that is no name is no answer. */
static void test_ptr(void **state)
{
    (void)state;
    begin(0, false, EXAMPLE, DNS_PTR);
    rr_asked(DNS_PTR, "\4Host\7example", 14);
    rr_asked(DNS_PTR, "\3a\033b\xc0\x0c", 6);
    assert_int_equal(read_it(DNS_PTR), OC_OK);
    assert_int_equal(answer.addr.n, 2);
    is_str(answer.addr.v[0], "Host.example");
    is_str(answer.addr.v[1], "a\\027b." EXAMPLE);
    begin(0, false, EXAMPLE, DNS_PTR);
    rr_asked(DNS_PTR, "\4Host\7exam", 10);
    assert_int_equal(read_it(DNS_PTR), OC_DNS_MALFORMED);
}

static void test_tlsa(void **state)
{
    (void)state;
    begin(0, true, EXAMPLE, DNS_TLSA);
    rr_asked(DNS_TLSA, "\3\1\1abcd", 7);
    rr_asked(DNS_TLSA, "\2\0\0", 3); /* no data: RFC 6698 does not allow it, but it is what they published */
    assert_int_equal(read_it(DNS_TLSA), OC_OK);
    assert_int_equal(answer.tlsa.n, 2);
    assert_int_equal(answer.tlsa.v[0].usage, 3);
    assert_int_equal(answer.tlsa.v[0].selector, 1);
    assert_int_equal(answer.tlsa.v[0].matching, 1);
    is_str(answer.tlsa.v[0].data, "abcd");
    assert_int_equal(answer.tlsa.v[1].data.len, 0);
}

/* Protects TXT evidence: each string by itself, raw bytes, empty ones too. */
static void test_txt(void **state)
{
    (void)state;
    begin(0, false, EXAMPLE, DNS_TXT);
    rr_asked(DNS_TXT, "\3v=S\0\4TSv1", 10);
    rr_asked(DNS_TXT, "\2\0\xff", 3);
    rr_asked(DNS_TXT, "\0", 1);
    rr_asked(DNS_TXT, "", 0); /* no string at all */
    assert_int_equal(read_it(DNS_TXT), OC_OK);
    assert_int_equal(answer.txt.n, 4);
    assert_int_equal(answer.txt.v[0].strings.n, 3);
    assert_memory_equal(answer.txt.v[0].strings.v[0].p, "v=S", 3);
    assert_int_equal(answer.txt.v[0].strings.v[1].len, 0);
    assert_memory_equal(answer.txt.v[0].strings.v[2].p, "TSv1", 4);
    assert_int_equal(answer.txt.v[1].strings.n, 1);
    assert_memory_equal(answer.txt.v[1].strings.v[0].p, "\0\xff", 2);
    assert_int_equal(answer.txt.v[2].strings.n, 1);
    assert_int_equal(answer.txt.v[3].strings.n, 0);
}

/* Protects the SPF filter: kept is what begins v=spf1, in any case and however cut into strings; all other
 * TXT is counted. "v=spf10" begins so: whether that is a record is for the analysis. */
static void test_spf_only(void **state)
{
    static const struct {
        const char *data;
        size_t len;
        bool kept;
    } cases[] = {
        {"\6v=spf1", 7, true},
        {"\x0bv=spf1 -all", 12, true},
        {"\6V=SpF1", 7, true},
        {"\2v=\4spf1", 8, true},
        {"\1v\0\5=spf1\0", 10, true},
        {"\7v=spf10", 8, true},
        {"\5v=spf\0", 7, false},
        {"\6v=spf2", 7, false},
        {"\7 v=spf1", 8, false},
        {"\7spf2.0/", 8, false},
        {"\0", 1, false},
        {"", 0, false},
        {"\6v\x1dspf1", 7, false},
        {"\6v=spf\x11", 7, false},
        {"\6\x16=spf1", 7, false},
        {"\6v=SPF1\6v=spf2", 14, true},
    };
    unsigned n_kept = 0, n_other = 0;
    size_t other_bytes = 0;

    (void)state;
    begin(0, false, EXAMPLE, DNS_TXT);
    for (size_t i = 0; i < STS_LEN(cases); i++) {
        rr_asked(DNS_TXT, cases[i].data, cases[i].len);
        n_kept += cases[i].kept;
        n_other += !cases[i].kept;
        other_bytes += cases[i].kept ? 0 : cases[i].len;
        assert_int_equal(read_as(EXAMPLE, DNS_TXT, DNS_SPF_ONLY), OC_OK);
        if (answer.txt.n != n_kept)
            fail_msg("case %zu: %u kept, not %u", i, answer.txt.n, n_kept);
        assert_int_equal(answer.n_other, n_other);
        assert_int_equal(answer.other_bytes, other_bytes);
    }
    assert_int_equal(read_as(EXAMPLE, DNS_TXT, 0), OC_OK);
    assert_int_equal(answer.txt.n, STS_LEN(cases));
    assert_int_equal(answer.n_other, 0);
}

/* Protects CNAME chains: followed in whatever order the answer has them; only the end of the chain answers.
 */
static void test_cname_chain(void **state)
{
    static const char *const chain[] = {EXAMPLE, "b.example", "C.example", "d.example"};
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    (void)state;
    for (int i = 0; i < 6; i++) {
        begin(0, false, EXAMPLE, DNS_A);
        rr_a("d.example", 1);
        for (int k = 0; k < 3; k++)
            rr_cname(chain[orders[i][k]], chain[orders[i][k] + 1]);
        rr_a("c.example", 2);
        rr_a("D.EXAMPLE", 3);
        assert_int_equal(read_it(DNS_A), OC_OK);
        assert_int_equal(answer.cname.n, 3);
        is_str(answer.cname.v[0], "b.example");
        is_str(answer.cname.v[1], "C.example");
        is_str(answer.cname.v[2], "d.example");
        assert_int_equal(answer.addr.n, 2);
        is_str(answer.addr.v[1], "192.0.2.3");
    }
}

/* Protects "does not exist": behind an alias it is said of the target, and the chain shows it. */
static void test_dangling_cname(void **state)
{
    (void)state;
    begin(3, false, EXAMPLE, DNS_MX);
    rr_cname(EXAMPLE, "gone.example");
    assert_int_equal(read_it(DNS_MX), OC_DNS_NXDOMAIN);
    assert_int_equal(answer.cname.n, 1);
    is_str(answer.cname.v[0], "gone.example");
    begin(0, false, EXAMPLE, DNS_MX);
    rr_cname(EXAMPLE, "gone.example");
    assert_int_equal(read_it(DNS_MX), OC_DNS_NODATA);
    assert_int_equal(answer.cname.n, 1);
}

/* Protects the outcomes that have no records, with their raw codes. */
static void test_rcodes(void **state)
{
    static const struct {
        unsigned rcode, extended;
        enum outcome oc;
    } cases[] = {
        {0, 0, OC_DNS_NODATA}, {3, 0, OC_DNS_NXDOMAIN}, {2, 0, OC_DNS_SERVFAIL}, {5, 0, OC_DNS_REFUSED},
        {1, 0, OC_DNS_RCODE},  {4, 0, OC_DNS_RCODE},    {9, 0, OC_DNS_RCODE},    {0, 1, OC_DNS_RCODE},
        {7, 1, OC_DNS_RCODE},  {3, 255, OC_DNS_RCODE},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(cases); i++) {
        unsigned whole = cases[i].extended << 4 | cases[i].rcode;

        begin(cases[i].rcode, false, EXAMPLE, DNS_MX);
        rr_opt(cases[i].extended, "", 0);
        assert_int_equal(read_it(DNS_MX), cases[i].oc);
        assert_int_equal(answer.rcode, whole);
        assert_int_equal(result.src, whole ? SRC_RCODE : SRC_NONE);
        assert_int_equal(result.raw, whole);
    }
    begin(2, false, EXAMPLE, DNS_MX); /* an answer with an error is an error */
    rr_mx(1, "mx.example");
    assert_int_equal(read_it(DNS_MX), OC_DNS_SERVFAIL);
}

/* Protects Extended DNS Errors: every one, between other options. */
static void test_ede(void **state)
{
    static const char options[] = "\0\x0f\0\2\0\x06"           /* 6, no text */
                                  "\0\x0a\0\3abc"              /* a cookie */
                                  "\0\x0f\0\x07\0\x16late!"    /* 22 */
                                  "\0\x0f\0\x05\xff\xff\0\xfe" /* any bytes */
                                  "z";

    (void)state;
    begin(2, false, EXAMPLE, DNS_MX);
    put_name("ns.example");
    put_rr(ADDITIONAL, DNS_A, 1, 300, "\1\2\3\4", 4);
    rr_opt(0, options, sizeof(options) - 1);
    assert_int_equal(read_it(DNS_MX), OC_DNS_SERVFAIL);
    assert_int_equal(answer.ede.n, 3);
    assert_int_equal(answer.ede.v[0].code, 6);
    assert_int_equal(answer.ede.v[0].text.len, 0);
    assert_int_equal(answer.ede.v[1].code, 22);
    is_str(answer.ede.v[1].text, "late!");
    assert_int_equal(answer.ede.v[2].code, 65535);
    assert_memory_equal(answer.ede.v[2].text.p, "\0\xfez", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query_bytes),
        cmocka_unit_test(test_query_escapes),
        cmocka_unit_test(test_query_limits),
        cmocka_unit_test(test_mx),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_ptr),
        cmocka_unit_test(test_tlsa),
        cmocka_unit_test(test_txt),
        cmocka_unit_test(test_spf_only),
        cmocka_unit_test(test_cname_chain),
        cmocka_unit_test(test_dangling_cname),
        cmocka_unit_test(test_rcodes),
        cmocka_unit_test(test_ede),
    };

    return cmocka_run_group_tests(tests, NULL, answer_end);
}
