/* test_dns_message.c - dns_message.c: queries byte by byte; answers put together here, whole, odd, hostile
 * and cut, each in a heap block of its exact size. */
#include "scanner/dns_message.h"
#include "tests/unit/unit.h"

#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_CNAME   5
#define TYPE_OPT     41
#define CLASS_CHAOS  3
#define EXAMPLE      "name.example"
#define EXAMPLE_WIRE "\4name\7example"

/* ---- a small builder ---- */

enum section { ANSWER = 6, AUTHORITY = 8, ADDITIONAL = 10 }; /* where its count stands in the header */
struct message {
    uint8_t b[65535 + 512];
    size_t len;
};
static struct message m;

static void put(const void *p, size_t len)
{
    assert_true(m.len + len <= sizeof(m.b));
    memcpy(m.b + m.len, p, len);
    m.len += len;
}

static void put_u16(unsigned u)
{
    put((uint8_t[]){(uint8_t)(u >> 8), (uint8_t)u}, 2);
}

/* Labels between dots, no escapes; "" is the root. */
static size_t name_wire(uint8_t *out, const char *name)
{
    size_t len = 0;

    while (*name != '\0') {
        size_t label = strcspn(name, ".");

        out[len++] = (uint8_t)label;
        memcpy(out + len, name, label);
        len += label;
        name += label + (name[label] == '.');
    }
    out[len++] = 0;
    return len;
}

static void put_name(const char *name)
{
    uint8_t wire[300];

    put(wire, name_wire(wire, name));
}

static void begin(unsigned rcode, bool ad, const char *name, enum dns_type type)
{
    m.len = 0;
    put((uint8_t[]){0x12, 0x34, 0x81, (uint8_t)(0x80 | (ad ? 0x20 : 0) | rcode), 0, 1, 0, 0, 0, 0, 0, 0}, 12);
    put_name(name);
    put_u16(type);
    put_u16(1);
}

/* The part behind the owner. */
static void put_rr(enum section section, unsigned type, unsigned class_, uint32_t ttl_s, const void *data,
                   size_t len)
{
    unsigned n = (unsigned)m.b[section] << 8 | m.b[section + 1];

    m.b[section] = (uint8_t)((n + 1) >> 8);
    m.b[section + 1] = (uint8_t)(n + 1);
    put_u16(type);
    put_u16(class_);
    put_u16(ttl_s >> 16);
    put_u16(ttl_s & 0xffff);
    put_u16((unsigned)len);
    put(data, len);
}

static void rr(const char *owner, unsigned type, const void *data, size_t len)
{
    put_name(owner);
    put_rr(ANSWER, type, 1, 300, data, len);
}

/* The owner is a pointer to the name asked for. */
static void rr_asked(unsigned type, const void *data, size_t len)
{
    put_u16(0xc00c);
    put_rr(ANSWER, type, 1, 300, data, len);
}

static void rr_a(const char *owner, uint8_t last)
{
    rr(owner, DNS_A, (uint8_t[]){192, 0, 2, last}, 4);
}

static void rr_cname(const char *owner, const char *target)
{
    uint8_t wire[300];

    rr(owner, TYPE_CNAME, wire, name_wire(wire, target));
}

static void rr_mx(unsigned preference, const char *host)
{
    uint8_t wire[300] = {(uint8_t)(preference >> 8), (uint8_t)preference};

    rr_asked(DNS_MX, wire, 2 + name_wire(wire + 2, host));
}

static void rr_opt(unsigned extended_rcode, const void *options, size_t len)
{
    put_name("");
    put_rr(ADDITIONAL, TYPE_OPT, 1232, (uint32_t)extended_rcode << 24, options, len);
}

/* ---- reading it ---- */

static struct arena arena;
static struct rec_dns answer;
static struct result result;

static enum outcome read_part(size_t len, const char *name, enum dns_type type, unsigned flags)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);

    assert_non_null(exact);
    memcpy(exact, m.b, len);
    arena_fini(&arena);
    arena_init(&arena, 2 * DNS_ANSWER_MOST_BYTES);
    memset(&answer, 0, sizeof(answer));
    result = dns_message_answer(exact, len, name, type, flags, &arena, &answer);
    memset(exact, 0xee, len); /* nothing in the answer may be borrowed from the message */
    free(exact);
    assert_true(arena.total_bytes <= DNS_ANSWER_MOST_BYTES);
    return (enum outcome)result.oc;
}

static enum outcome read_as(const char *name, enum dns_type type, unsigned flags)
{
    return read_part(m.len, name, type, flags);
}

static enum outcome read_it(enum dns_type type)
{
    return read_as(EXAMPLE, type, 0);
}

static void is_str(struct sts_str s, const char *expected)
{
    if (s.len != strlen(expected) || memcmp(s.p, expected, s.len) != 0)
        fail_msg("\"%.*s\", not \"%s\"", (int)s.len, s.p, expected);
    assert_int_equal(s.p[s.len], '\0'); /* text goes to C libraries */
}

static int arena_end(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

/* ---- queries ---- */

/* Protects the question on the wire: RD, AD, one question, EDNS with 1232 bytes, and nothing else. */
static void test_query_bytes(void **state)
{
    static const char expected[] = "\x12\x34\x01\x20\0\1\0\0\0\0\0\1" EXAMPLE_WIRE "\0\0\x0f\0\1"
                                   "\0\0\x29\x04\xd0\0\0\0\0\0\0";
    uint8_t out[DNS_QUERY_BYTES];

    (void)state;
    assert_int_equal(dns_message_query(out, 0x1234, EXAMPLE, DNS_MX, 0), sizeof(expected) - 1);
    assert_memory_equal(out, expected, sizeof(expected) - 1);
    assert_int_equal(dns_message_query(out, 0x1234, EXAMPLE ".", DNS_MX, 0), sizeof(expected) - 1);
    assert_memory_equal(out, expected, sizeof(expected) - 1);
    assert_int_equal(dns_message_query(out, 0xffff, EXAMPLE, DNS_TLSA, DNS_CD), sizeof(expected) - 1);
    assert_memory_equal(out, "\xff\xff\x01\x30", 4);
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
        {".", "", 1},
    };
    uint8_t out[DNS_QUERY_BYTES];

    (void)state;
    for (size_t i = 0; i < STS_LEN(cases); i++) {
        assert_int_equal(dns_message_query(out, 1, cases[i].name, DNS_A, 0), 12 + cases[i].len + 4 + 11);
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
    assert_int_equal(dns_message_query(out, 1, name, DNS_A, 0), 12 + 255 + 4 + 11);
    name[253] = 'a';
    name[254] = '\0';
    assert_int_equal(dns_message_query(out, 1, name, DNS_A, 0), 0);
    memset(name, 'a', 64);
    name[64] = '\0';
    assert_int_equal(dns_message_query(out, 1, name, DNS_A, 0), 0);
    assert_int_not_equal(dns_message_query(out, 1, name + 1, DNS_A, 0), 0);
    for (size_t i = 0; i < STS_LEN(none); i++)
        assert_int_equal(dns_message_query(out, 1, none[i], DNS_A, 0), 0);
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
    m.b[3] |= 2; /* what the resolver says of it is worth more */
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

/* Protects against an EDE that is too short, or longer than its OPT. */
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
        assert_int_equal(read_it(DNS_MX), OC_DNS_MALFORMED);
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
        assert_int_equal(result.raw, m.len);
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
        assert_int_equal(m.len, 0x1e); /* where the owner begins */
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
        for (size_t len = 0; len < m.len; len++)
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
    while (m.len + 16 <= 65535)
        rr_asked(DNS_A, "\300\0\2\1", 4);
    assert_int_equal(read_it(DNS_A), OC_OK);
    assert_int_equal(answer.addr.n, (m.len - 30) / 16);
    assert_int_equal(answer.len_bytes, m.len);
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
    rr_asked(DNS_TXT, zeros, 65535 - m.len - 12);
    assert_int_equal(m.len, 65535);
    assert_int_equal(read_it(DNS_TXT), OC_OK);
    assert_int_equal(read_as(EXAMPLE, DNS_TXT, DNS_SPF_ONLY), OC_OK);
    assert_int_equal(answer.n_other, 1);
    begin(0, false, EXAMPLE, DNS_TXT);
    while (m.len + 13 <= 65535)
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
    while (m.len + 16 <= 65535)
        rr_asked(DNS_MX, "\0\1\xc0\x0c", 4);
    assert_true(ns_name_ntop(m.b + 12, longest, sizeof(longest)) > 0);
    assert_int_equal(strlen(longest), 4 * 250 + 3);
    assert_int_equal(read_as(longest, DNS_MX, 0), OC_OK);
    assert_int_equal(answer.mx.n, (m.len - 271) / 16);
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
    whole = m;
    for (int i = 0; i < 20000; i++) {
        uint64_t r = random_next(&seed);

        memcpy(m.b, whole.b, whole.len);
        for (unsigned k = 0; k <= r % 3; k++)
            m.b[(r >> (8 + 8 * k)) % m.len] = (uint8_t)(r >> (40 + 8 * k));
        (void)read_as(EXAMPLE, r & (1u << 31) ? DNS_MX : DNS_TXT, DNS_SPF_ONLY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query_bytes),
        cmocka_unit_test(test_query_escapes),
        cmocka_unit_test(test_query_limits),
        cmocka_unit_test(test_mx),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_tlsa),
        cmocka_unit_test(test_txt),
        cmocka_unit_test(test_spf_only),
        cmocka_unit_test(test_cname_chain),
        cmocka_unit_test(test_dangling_cname),
        cmocka_unit_test(test_cname_loop),
        cmocka_unit_test(test_foreign_records),
        cmocka_unit_test(test_rcodes),
        cmocka_unit_test(test_ede),
        cmocka_unit_test(test_bad_ede),
        cmocka_unit_test(test_bad_rdata),
        cmocka_unit_test(test_compression_loops),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_largest_rrset),
        cmocka_unit_test(test_empty_strings),
        cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_longest_names),
    };

    return cmocka_run_group_tests(tests, NULL, arena_end);
}
