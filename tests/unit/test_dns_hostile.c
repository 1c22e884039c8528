/* test_dns_hostile.c - dns_message.c with answers that are odd, hostile, damaged or cut, each in a heap block
 * of its exact size. */
#include "tests/unit/dns_answer.h"
#include "tests/unit/unit.h"

#include <arpa/nameser.h>
#include <stdio.h>
#include <string.h>

/* Protects "has no record": a loop, or a chain beyond all limits, is no sure answer (RFC 1034 section 3.6.2).
 */
static void test_cname_loop(void **state)
{
    char from[32], to[32];

    (void)state;
    begin(0, false, EXAMPLE, DNS_MX);
    rr_cname(EXAMPLE, EXAMPLE);
    assert_int_equal(read_it(DNS_MX), OC_DNS_MALFORMED);
    begin(0, false, EXAMPLE, DNS_MX);
    rr_cname("b.example", EXAMPLE);
    rr_cname(EXAMPLE, "b.example");
    assert_int_equal(read_it(DNS_MX), OC_DNS_MALFORMED);
    message.b[3] |= 2; /* what the resolver says of it is worth more */
    assert_int_equal(read_it(DNS_MX), OC_DNS_SERVFAIL);
    for (unsigned n = 16; n <= 17; n++) {
        begin(0, false, "c0.example", DNS_A);
        for (unsigned i = 0; i < n; i++) {
            snprintf(from, sizeof(from), "c%u.example", i);
            snprintf(to, sizeof(to), "c%u.example", i + 1);
            rr_cname(from, to);
        }
        rr_a(to, 1);
        assert_int_equal(read_as("c0.example", DNS_A, 0), n == 16 ? OC_OK : OC_DNS_MALFORMED);
        assert_int_equal(answer.cname.n, 16);
    }
}

/* Protects against what was not asked: other owners, types and classes, and other sections, do not answer. */
static void test_foreign_records(void **state)
{
    (void)state;
    begin(0, false, EXAMPLE, DNS_A);
    rr_a("other.example", 1);
    rr_a("example", 2);
    rr_a("sub." EXAMPLE, 3);
    rr_cname("other.example", EXAMPLE);
    rr(EXAMPLE, 99, "\1\2\3\4", 4);
    put_name(EXAMPLE);
    put_rr(ANSWER, DNS_A, CLASS_CHAOS, 300, "\1\2\3\4", 4);
    put_name(EXAMPLE);
    put_rr(ANSWER, TYPE_CNAME, CLASS_CHAOS, 300, "\1c\0", 3);
    put_name(EXAMPLE);
    put_rr(AUTHORITY, DNS_A, 1, 300, "\1\2\3\4", 4);
    put_name(EXAMPLE);
    put_rr(ADDITIONAL, DNS_A, 1, 300, "\1\2\3\4", 4);
    assert_int_equal(read_it(DNS_A), OC_DNS_NODATA);
    assert_int_equal(answer.addr.n, 0);
    assert_int_equal(answer.cname.n, 0);
}

/* Protects against an EDE that is too short, or longer than its OPT: it is not read, and the answer stands.
 */
static void test_bad_ede(void **state)
{
    static const struct {
        const char *options;
        size_t len;
    } cases[] = {
        {"\0\x0f\0\0", 4},
        {"\0\x0f\0\1\6", 5},
        {"\0\x0f\0\3\0\6", 6},
        {"\0\x0f\xff\xff\0\6", 6},
        {"\0\x0f\0\2\0\6\0\x0f\0\2\0", 11},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(cases); i++) {
        begin(2, false, EXAMPLE, DNS_MX);
        rr_opt(0, cases[i].options, cases[i].len);
        assert_int_equal(read_it(DNS_MX), OC_DNS_SERVFAIL);
        assert_true(answer.ede.n <= 1);
    }
}

/* Protects against records whose RDATA is no such RDATA: too short, too long, or with a name that runs on
 * into the next record. */
static void test_bad_rdata(void **state)
{
    static const struct {
        unsigned type;
        const char *data;
        size_t len;
    } cases[] = {
        {DNS_A, "\1\2\3", 3},
        {DNS_A, "\1\2\3\4\5", 5},
        {DNS_A, "", 0},
        {DNS_AAAA, "123456789012345", 15},
        {DNS_AAAA, "12345678901234567", 17},
        {DNS_MX, "", 0},
        {DNS_MX, "\0", 1},
        {DNS_MX, "\0\1", 2},
        {DNS_MX, "\0\1\2mx", 5},
        {DNS_MX, "\0\1\2mx\0x", 7},
        {DNS_MX, "\0\1\xc0\x0c\0", 5},
        {DNS_MX,
         "\0\1\x40"
         "a\0",
         5}, /* a label type that is not */
        {DNS_MX, "\0\1\xff\xff", 4},
        {DNS_TLSA, "\3\1", 2},
        {DNS_TLSA, "", 0},
        {DNS_TXT, "\2a", 2},
        {DNS_TXT, "\1a\1", 3},
        {DNS_TXT, "\xff", 1},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(cases); i++) {
        begin(0, false, EXAMPLE, (enum dns_type)cases[i].type);
        rr_asked(cases[i].type, cases[i].data, cases[i].len);
        rr("", 99, "\0\0\0\0", 4);
        if (read_it((enum dns_type)cases[i].type) != OC_DNS_MALFORMED)
            fail_msg("case %zu: %s", i, outcome_name(result.oc));
        assert_int_equal(result.src, SRC_BYTES);
        assert_int_equal(result.raw, message.len);
    }
    begin(0, false, EXAMPLE, DNS_A);
    rr(EXAMPLE, TYPE_CNAME, "\1b\0\0", 4);
    rr_a("b", 1);
    assert_int_equal(read_it(DNS_A), OC_DNS_MALFORMED);
}

/* Protects against compression that never ends, or leads out of the message. */
static void test_compression_loops(void **state)
{
    static const uint16_t pointers[] = {0xc01e, 0xc020, 0xffff, 0xc0ff};

    (void)state;
    for (size_t i = 0; i < STS_LEN(pointers); i++) {
        begin(0, false, EXAMPLE, DNS_A);
        assert_int_equal(message.len, 0x1e); /* where the owner begins */
        put_u16(pointers[i]);
        put_rr(ANSWER, DNS_A, 1, 300, "\1\2\3\4", 4);
        assert_int_equal(read_it(DNS_A), i == 1 ? OC_DNS_NODATA : OC_DNS_MALFORMED);
        begin(0, false, EXAMPLE, DNS_MX);
        rr_asked(DNS_MX, "\0\1\xc0\x2c", 4); /* itself: 0x1e + 12, behind the preference */
        assert_int_equal(read_it(DNS_MX), OC_DNS_MALFORMED);
        begin(0, false, EXAMPLE, DNS_MX);
        rr_asked(TYPE_CNAME, "\1a\xc0\x2a", 4); /* a.a.a. ... */
        assert_int_equal(read_it(DNS_MX), OC_DNS_MALFORMED);
    }
}

/* Protects against a cut message: none is taken for an answer, nor one with bytes behind it. */
static void test_cut_anywhere(void **state)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_MX, DNS_TXT, DNS_TLSA};

    (void)state;
    begin(0, true, EXAMPLE, DNS_MX);
    rr_cname(EXAMPLE, "b.example");
    rr("b.example", DNS_MX, "\0\1\2mx\xc0\x0c", 7);
    rr("b.example", DNS_TXT, "\6v=spf1\1 ", 9);
    rr("b.example", DNS_TLSA, "\3\1\1abc", 6);
    rr_a("b.example", 1);
    rr("b.example", DNS_AAAA, "0123456789012345", 16);
    rr_opt(0, "\0\x0f\0\4\0\6hi", 8);
    for (size_t i = 0; i < STS_LEN(types); i++) {
        for (size_t len = 0; len < message.len; len++)
            assert_int_equal(read_part(len, EXAMPLE, types[i], DNS_SPF_ONLY), OC_DNS_MALFORMED);
        assert_int_equal(read_as(EXAMPLE, types[i], DNS_SPF_ONLY), OC_OK);
    }
    put("", 1);
    assert_int_equal(read_it(DNS_A), OC_DNS_MALFORMED);
}

/* Protects the largest answers: an RRset of 64 KiB is whole, and its size is noted. */
static void test_largest_rrset(void **state)
{
    (void)state;
    begin(0, false, EXAMPLE, DNS_A);
    while (message.len + 16 <= 65535)
        rr_asked(DNS_A, "\300\0\2\1", 4);
    assert_int_equal(read_it(DNS_A), OC_OK);
    assert_int_equal(answer.addr.n, (message.len - 30) / 16);
    assert_int_equal(answer.len_bytes, message.len);
    is_str(answer.addr.v[answer.addr.n - 1], "192.0.2.1");
}

/* Protects memory: TXT of nothing but empty strings, in one RR or in thousands (read_part checks the bound).
 */
static void test_empty_strings(void **state)
{
    static const uint8_t zeros[65535];

    (void)state;
    begin(0, false, EXAMPLE, DNS_TXT);
    rr_asked(DNS_TXT, zeros, 60000);
    assert_int_equal(read_it(DNS_TXT), OC_OK);
    assert_int_equal(answer.txt.v[0].strings.n, 60000);
    begin(0, false, EXAMPLE, DNS_TXT);
    rr_asked(DNS_TXT, zeros, 65535 - message.len - 12);
    assert_int_equal(message.len, 65535);
    assert_int_equal(read_it(DNS_TXT), OC_OK);
    assert_int_equal(read_as(EXAMPLE, DNS_TXT, DNS_SPF_ONLY), OC_OK);
    assert_int_equal(answer.n_other, 1);
    begin(0, false, EXAMPLE, DNS_TXT);
    while (message.len + 13 <= 65535)
        rr_asked(DNS_TXT, zeros, 1);
    assert_int_equal(read_it(DNS_TXT), OC_OK);
    assert_in_range(answer.txt.n, 4096, 5041); /* all, or the first 4,096 */
}

/* Protects memory: two bytes each for names of 255 octets that take four characters an octet. */
static void test_longest_names(void **state)
{
    char name[256], longest[NS_MAXDNAME];

    (void)state;
    memset(name, 1, sizeof(name) - 1);
    name[63] = name[127] = name[191] = '.';
    name[253] = '\0';
    begin(0, false, name, DNS_MX);
    while (message.len + 16 <= 65535)
        rr_asked(DNS_MX, "\0\1\xc0\x0c", 4);
    assert_true(ns_name_ntop(message.b + 12, longest, sizeof(longest)) > 0);
    assert_int_equal(strlen(longest), 4 * 250 + 3);
    assert_int_equal(read_as(longest, DNS_MX, 0), OC_OK);
    assert_int_equal(answer.mx.n, (message.len - 271) / 16);
    assert_int_equal(answer.mx.v[answer.mx.n - 1].host.len, strlen(longest));
}

/* Protects the process: bytes changed at random anywhere, under a sanitizer. */
static void test_random_damage(void **state)
{
    static struct message whole;
    uint64_t seed = 31;

    (void)state;
    begin(0, true, EXAMPLE, DNS_MX);
    rr_cname(EXAMPLE, "b.example");
    rr("b.example", DNS_MX, "\0\1\2mx\xc0\x0c", 7);
    rr("b.example", DNS_TXT, "\6v=spf1\1 ", 9);
    rr_opt(0, "\0\x0f\0\4\0\6hi", 8);
    whole = message;
    for (int i = 0; i < 20000; i++) {
        uint64_t r = random_next(&seed);

        memcpy(message.b, whole.b, whole.len);
        for (unsigned k = 0; k <= r % 3; k++)
            message.b[(r >> (8 + 8 * k)) % message.len] = (uint8_t)(r >> (40 + 8 * k));
        (void)read_as(EXAMPLE, r & (1u << 31) ? DNS_MX : DNS_TXT, DNS_SPF_ONLY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cname_loop),        cmocka_unit_test(test_foreign_records),
        cmocka_unit_test(test_bad_ede),           cmocka_unit_test(test_bad_rdata),
        cmocka_unit_test(test_compression_loops), cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_largest_rrset),     cmocka_unit_test(test_empty_strings),
        cmocka_unit_test(test_longest_names),     cmocka_unit_test(test_random_damage),
    };

    return cmocka_run_group_tests(tests, NULL, answer_end);
}
