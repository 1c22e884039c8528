/* name.c: what is a name, in which form, and where it is wrong. */
#include "scanner/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Normalise a heap copy of exactly `len` bytes, so that the sanitizer sees a read beyond them. */
static struct result normalise(const char *in, size_t len, char out[NAME_BUF_BYTES])
{
    char *copy = malloc(len > 0 ? len : 1);
    struct result why;
    size_t out_len = 999;

    assert_non_null(copy);
    memcpy(copy, in, len);
    memset(out, 'Z', NAME_BUF_BYTES);
    assert_int_equal(name_normalise(copy, len, out, &out_len, &why), STS_OK);
    assert_int_equal(out_len, strlen(out));
    assert_true(why.oc == OC_OK || out_len == 0);
    free(copy);
    return why;
}

static void good(const char *in, const char *expected)
{
    char out[NAME_BUF_BYTES];
    struct result why = normalise(in, strlen(in), out);

    if (why.oc != OC_OK)
        fail_msg("\"%s\": %s at %d", in, outcome_name(why.oc), why.raw);
    assert_string_equal(out, expected);
    assert_int_equal(why.src, SRC_NONE);
    assert_int_equal(why.raw, 0);
}

static void bad_bytes(const char *in, size_t len, enum outcome oc, int offset)
{
    char out[NAME_BUF_BYTES];
    struct result why = normalise(in, len, out);

    if (why.oc != oc || why.raw != offset)
        fail_msg("\"%.*s\": %s at %d, not %s at %d", (int)len, in, outcome_name(why.oc), why.raw,
                 outcome_name(oc), offset);
    assert_int_equal(why.src, SRC_OFFSET);
}

static void bad(const char *in, enum outcome oc, int offset)
{
    bad_bytes(in, strlen(in), oc, offset);
}

static void test_ascii(void **state)
{
    (void)state;
    good("example.com", "example.com");
    good("EXAMPLE.Com", "example.com");
    good("example.com.", "example.com");
    good("com", "com");
    good("ABCDEFGHIJKLMNOPQRSTUVWXYZ.abcdefghijklmnopqrstuvwxyz.0123456789.x",
         "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.0123456789.x");
    good("_dmarc._Sub.example.com", "_dmarc._sub.example.com");
    good("r3---sn-4g5e.example", "r3---sn-4g5e.example");
    good("-a.b-.-", "-a.b-.-");
    good("ab--cd.example", "ab--cd.example");
    good("xn-.xn.x", "xn-.xn.x"); /* no A-labels */
}

static void test_empty(void **state)
{
    (void)state;
    bad("", OC_NAME_EMPTY, 0);
    bad(".", OC_NAME_EMPTY, 0);
    bad("\xe3\x80\x82", OC_NAME_EMPTY, 0);
    bad("..", OC_NAME_LABEL_EMPTY, 0);
    bad(".com", OC_NAME_LABEL_EMPTY, 0);
    bad("a..b", OC_NAME_LABEL_EMPTY, 2);
    bad("a.b..", OC_NAME_LABEL_EMPTY, 4);
    bad("a..xn--bcher-kva.de", OC_NAME_LABEL_EMPTY, 2);
    bad("\xc3\xbc..de", OC_NAME_LABEL_EMPTY, 3);
    bad("\xc2\xad.de", OC_NAME_LABEL_EMPTY, 0); /* a soft hyphen, which UTS 46 drops */
}

static void test_characters(void **state)
{
    char one[] = "a?b";
    int c;

    (void)state;
    bad("*.example.com", OC_NAME_BAD_CHARACTER, 0);
    bad("exa mple.com", OC_NAME_BAD_CHARACTER, 3);
    bad("user@example.com", OC_NAME_BAD_CHARACTER, 4);
    bad("https://example.com/", OC_NAME_BAD_CHARACTER, 5);
    bad("b\xc3\xbc"
        "cher.a,b",
        OC_NAME_BAD_CHARACTER, 9);
    for (c = 1; c < 128; c++) {
        bool ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                  c == '_' || c == '.';
        char out[NAME_BUF_BYTES];

        one[1] = (char)c;
        assert_int_equal(normalise(one, 3, out).oc, ok ? OC_OK : OC_NAME_BAD_CHARACTER);
    }
}

static void test_nul(void **state)
{
    (void)state;
    bad_bytes("exam\0ple.com", 12, OC_NAME_NUL, 4);
    bad_bytes("a b\0", 4, OC_NAME_NUL, 3); /* whatever else is wrong */
    bad_bytes("\0", 1, OC_NAME_NUL, 0);
    bad_bytes("b\xc3\xbc"
              "cher\0.de",
              11, OC_NAME_NUL, 7);
}

/* `n` letters, in labels of `label`, the last one whatever is left. */
static void fill(char *out, size_t n, size_t label)
{
    size_t i;

    for (i = 0; i < n; i++)
        out[i] = i % (label + 1) == label ? '.' : 'a';
    out[n] = '\0';
}

static void test_lengths(void **state)
{
    char name[400], expected[400];

    (void)state;
    fill(name, 63, 63);
    good(name, name);
    fill(name, 64, 64);
    bad(name, OC_NAME_LABEL_TOO_LONG, 0);
    memcpy(name, "b.", 2);
    memset(name + 2, 'a', 64);
    memcpy(name + 66, ".c", 3);
    bad(name, OC_NAME_LABEL_TOO_LONG, 2);
    fill(name, 253, 63);
    good(name, name);
    memcpy(expected, name, 254);
    memcpy(name + 253, ".", 2);
    good(name, expected);
    fill(name, 254, 63);
    bad(name, OC_NAME_TOO_LONG, 192);
    fill(name, 399, 63);
    bad(name, OC_NAME_TOO_LONG, 192);
}

static void test_idna(void **state)
{
    (void)state;
    good("b\xc3\xbc"
         "cher.de",
         "xn--bcher-kva.de");
    good("B\xc3\x9c"
         "CHER.DE.",
         "xn--bcher-kva.de");
    good("bu\xcc\x88"
         "cher.de",
         "xn--bcher-kva.de"); /* not in NFC */
    good("stra\xc3\x9f"
         "e.de",
         "xn--strae-oqa.de"); /* not "strasse": non-transitional */
    good("_dmarc.b\xc3\xbc"
         "cher.de",
         "_dmarc.xn--bcher-kva.de");
    good("r3---sn.-a.b\xc3\xbc"
         "cher.de",
         "r3---sn.-a.xn--bcher-kva.de");
    good("xn--bcher-kva.de", "xn--bcher-kva.de");
    good("XN--BCHER-KVA.A_B.de", "xn--bcher-kva.a_b.de");
    good("\xef\xbc\xb8\xef\xbc\xae--bcher-kva.de", "xn--bcher-kva.de"); /* full-width XN */
    bad("xn--a.de", OC_NAME_BAD_IDNA, 0);
    bad("www.xn--.de", OC_NAME_BAD_IDNA, 4);
    bad("www.xn--strasse-.de", OC_NAME_BAD_IDNA, 4);
    bad("xn--n3h.net", OC_NAME_BAD_IDNA, 0);        /* U+2603: not in IDNA2008 */
    bad("a.\xe2\x98\x83.net", OC_NAME_BAD_IDNA, 2); /* the same as a character */
    bad("a.b\xfc"
        "cher.de",
        OC_NAME_BAD_IDNA, 2);           /* Latin-1 */
    bad("a.\xc3", OC_NAME_BAD_IDNA, 2); /* UTF-8 that is cut */
    bad("\xe2\x80\xa4\xc3\xbc.de", OC_NAME_BAD_IDNA, 0);
}

static void test_full_stops(void **state)
{
    (void)state;
    good("\xe4\xbe\x8b\xe3\x81\x88\xe3\x80\x82\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
         "xn--r8jz45g.xn--zckzah");
    good("a\xe3\x80\x82"
         "b\xef\xbc\x8e"
         "c\xef\xbd\xa1",
         "a.b.c");
    bad("a\xe3\x80\x82\xe3\x80\x82"
        "b",
        OC_NAME_LABEL_EMPTY, 4);
}

static void test_long_idna(void **state)
{
    char name[4096];
    size_t i;

    (void)state;
    memcpy(name, "a.", 2);
    for (i = 2; i + 2 < sizeof(name); i += 2)
        memcpy(name + i, "\xc3\xbc", 2);
    bad_bytes(name, i, OC_NAME_LABEL_TOO_LONG, 2);
    bad_bytes(name, 202, OC_NAME_LABEL_TOO_LONG, 2);
    memset(name, 'a', 70);
    memcpy(name, "xn--", 4);
    bad_bytes(name, 70, OC_NAME_LABEL_TOO_LONG, 0);
    /* Labels of 3 bytes that become 7: 32 of them are 255 bytes. */
    for (i = 0; i < 32; i++)
        memcpy(name + i * 3, "\xc3\xbc.", 3);
    bad_bytes(name, 96, OC_NAME_TOO_LONG, 93);
}

static void test_ip(void **state)
{
    (void)state;
    bad("192.0.2.1", OC_NAME_IP_LITERAL, 0);
    bad("192.0.2.1.", OC_NAME_IP_LITERAL, 0);
    bad("[192.0.2.1]", OC_NAME_IP_LITERAL, 0);
    bad("2001:db8::1", OC_NAME_IP_LITERAL, 0);
    bad("::", OC_NAME_IP_LITERAL, 0);
    bad("[2001:DB8::1]", OC_NAME_IP_LITERAL, 0);
    bad("[IPv6:2001:db8::1]", OC_NAME_IP_LITERAL, 0);
    bad("::ffff:192.0.2.1", OC_NAME_IP_LITERAL, 0);
    bad("\xef\xbc\x91\xef\xbc\x99"
        "2.0.2.1",
        OC_NAME_IP_LITERAL, 0);
    good("192.0.2.256", "192.0.2.256"); /* odd, but a name */
    good("1.2.3", "1.2.3");
    good("1.2.3.4.5", "1.2.3.4.5");
    good("1.2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa");
    bad("192.0.2.1:25", OC_NAME_BAD_CHARACTER, 9);
    bad("192.0.2.0/24", OC_NAME_BAD_CHARACTER, 9);
    bad("[]", OC_NAME_BAD_CHARACTER, 0);
    bad("[", OC_NAME_BAD_CHARACTER, 0);
}

/* The result is a fixed point. */
static void test_again(void **state)
{
    static const char *const names[] = {"B\xc3\xbc"
                                        "cher.De.",
                                        "EXAMPLE.com",
                                        "stra\xc3\x9f"
                                        "e.de",
                                        "\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88"};
    char once[NAME_BUF_BYTES];
    size_t i;

    (void)state;
    for (i = 0; i < STS_LEN(names); i++) {
        assert_int_equal(normalise(names[i], strlen(names[i]), once).oc, OC_OK);
        good(once, once);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ascii),      cmocka_unit_test(test_empty),
        cmocka_unit_test(test_characters), cmocka_unit_test(test_nul),
        cmocka_unit_test(test_lengths),    cmocka_unit_test(test_idna),
        cmocka_unit_test(test_full_stops), cmocka_unit_test(test_long_idna),
        cmocka_unit_test(test_ip),         cmocka_unit_test(test_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
