/* prefix.c, prefix_set.c: notations, embedded addresses, longest match. */
#include "scanner/prefix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct address address(const char *text)
{
    struct address a;

    if (address_parse_part(text, strlen(text), &a) != STS_OK)
        fail_msg("\"%s\" is no address", text);
    return a;
}

static struct prefix prefix(const char *text)
{
    struct sts_err err = {0};
    struct prefix p;

    if (prefix_parse(text, strlen(text), &p, &err) != STS_OK)
        fail_msg("%s", err.msg);
    return p;
}

static void good(const char *text, const char *expected)
{
    struct prefix p = prefix(text);
    char out[PREFIX_TEXT_BYTES];

    prefix_format(&p, out);
    assert_string_equal(out, expected);
    assert_false(p.except);
}

static void test_notations(void **state)
{
    (void)state;
    good("10.0.0.0/8", "10.0.0.0/8");
    good("0.0.0.0/0", "0.0.0.0/0");
    good("192.0.2.1", "192.0.2.1/32");
    good("192.0.2.1/32", "192.0.2.1/32");
    good("::/0", "::/0");
    good("2001:DB8::/32", "2001:db8::/32");
    good("2001:db8:0:0:0:0:0:1", "2001:db8::1/128");
    good("::1/128", "::1/128");
    good("8000::/1", "8000::/1");
    good("::ffff:10.0.0.0/104", "10.0.0.0/8"); /* one notation of each */
    good("::ffff:192.0.2.1", "192.0.2.1/32");
    good("::ffff:0:0/96", "0.0.0.0/0");
}

static void bad(const char *text, const char *word)
{
    struct sts_err err = {0};
    struct prefix p;
    char *copy = malloc(strlen(text) + 1); /* without a NUL behind it, for the sanitizer */

    assert_non_null(copy);
    memcpy(copy, text, strlen(text));
    copy = realloc(copy, strlen(text) > 0 ? strlen(text) : 1);
    assert_int_equal(prefix_parse(copy, strlen(text), &p, &err), STS_EINVAL);
    if (strstr(err.msg, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.msg, word);
    free(copy);
}

static void test_strict(void **state)
{
    static const char *const none[] = {"",          "10",        "10.0.0",     "10.0.0.0.0", "010.0.0.0",
                                       "256.0.0.1", "10.0.0.0 ", " 10.0.0.0",  "1.2.3.-4",   "0x0a.0.0.1",
                                       "::g",       ":::",       "1::2::3",    "[::1]",      "fe80::1%eth0",
                                       "/8",        "12345::",   "example.com"};
    static const char *const lengths[] = {
        "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/ 8",          "10.0.0.0/8/",
        "::/129",    "::/1000",     "::/8x",       "10.0.0.0/+8", "10.0.0.0/999999999999"};
    size_t i;

    (void)state;
    for (i = 0; i < STS_LEN(none); i++)
        bad(none[i], "is no IP address or prefix");
    for (i = 0; i < STS_LEN(lengths); i++)
        bad(lengths[i], "length of the prefix");
    bad("10.0.0.1/8", "is 10.0.0.0/8 meant?");
    bad("192.0.2.129/25", "is 192.0.2.128/25 meant?");
    bad("2001:db8::1/64", "is 2001:db8::/64 meant?");
    bad("::ffff:10.0.0.1/104", "is 10.0.0.0/8 meant?");
    bad("1.2.3.4/0", "is 0.0.0.0/0 meant?");
}

/* `expected`: the IPv4 addresses, with a blank behind each. */
static void embeds(const char *text, const char *expected)
{
    struct address a = address(text), v4[ADDRESS_MOST_EMBEDDED];
    unsigned n = address_embedded_v4(&a, v4);
    char out[ADDRESS_MOST_EMBEDDED * (ADDRESS_TEXT_BYTES + 1)] = "", one[ADDRESS_TEXT_BYTES];

    for (unsigned i = 0; i < n; i++) {
        address_format(&v4[i], one);
        snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s ", one);
    }
    assert_string_equal(out, expected);
}

static void test_embedded(void **state)
{
    (void)state;
    embeds("64:ff9b::192.0.2.33", "192.0.2.33 ");
    embeds("64:ff9b::ffff:ffff", "255.255.255.255 ");
    embeds("64:ff9b:0:0:0:1::", ""); /* beside the /96 */
    embeds("64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", "");
    embeds("2002:c000:0221::1", "192.0.2.33 ");
    embeds("2002::", "0.0.0.0 ");
    embeds("2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "255.255.255.255 ");
    embeds("2001:ffff::", "");
    embeds("2003::", "");
    embeds("2001:0:4136:e378:8000:63bf:3fff:fdd2",
           "65.54.227.120 192.0.2.45 "); /* the example of RFC 4380 section 4 */
    embeds("2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "255.255.255.255 0.0.0.0 ");
    embeds("2001:1::", "");
    embeds("::192.0.2.1", "192.0.2.1 ");
    embeds("::1", "0.0.0.1 ");
    embeds("::1:0:0", "");
    embeds("::ffff:0:192.0.2.1", "192.0.2.1 ");
    embeds("::ffff:1:c000:201", "");
    embeds("192.0.2.1", "");
    embeds("2001:db8::192.0.2.1", "");
    embeds("2001:db8::5efe:192.0.2.1", "192.0.2.1 ");
    embeds("2001:db8::200:5efe:192.0.2.1", "192.0.2.1 ");
    embeds("2001:db8::100:5efe:192.0.2.1", "");
    embeds("2002:c633:6401::5efe:192.0.2.1", "198.51.100.1 192.0.2.1 ");
}

/* 192.0.2.33 under 64:ff9b:1::/48, /56, /64 and /96, as RFC 6052 section 2.4 lays it out. */
static void test_local_nat64(void **state)
{
    (void)state;
    embeds("64:ff9b:1:c000:2:2100::", "192.0.2.33 0.2.33.0 2.33.0.0 0.0.0.0 ");
    embeds("64:ff9b:1:c0:0:221::", "0.192.0.2 192.0.2.33 0.2.33.0 0.0.0.0 ");
    embeds("64:ff9b:1:0:c0:2:2100::", "0.0.192.0 0.192.0.2 192.0.2.33 33.0.0.0 ");
    embeds("64:ff9b:1::192.0.2.33", "0.0.0.0 0.0.0.0 0.0.0.192 192.0.2.33 ");
}

static void test_private(void **state)
{
    static const char *const yes[] = {
        "127.0.0.1", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.1.1", "169.254.1.1",
        "::1",       "fc00::",         "fdff::1",    "fe80::1",        "febf::1"};
    static const char *const no[] = {"126.255.255.255",
                                     "128.0.0.0",
                                     "11.0.0.0",
                                     "172.15.255.255",
                                     "172.32.0.0",
                                     "192.167.1.1",
                                     "169.253.1.1",
                                     "8.8.8.8",
                                     "::",
                                     "::2",
                                     "fec0::",
                                     "fe00::",
                                     "2001:db8::1"};
    struct address a;
    size_t i;

    (void)state;
    for (i = 0; i < STS_LEN(yes); i++) {
        a = address(yes[i]);
        assert_true(address_is_private(&a));
    }
    for (i = 0; i < STS_LEN(no); i++) {
        a = address(no[i]);
        assert_false(address_is_private(&a));
    }
}

static void finds(const struct prefix_set *set, const char *text, const char *expected)
{
    struct address a = address(text);
    char out[PREFIX_TEXT_BYTES] = "";
    struct prefix p;

    if (prefix_set_find(set, &a, &p))
        prefix_format(&p, out);
    if (strcmp(out, expected) != 0)
        fail_msg("%s: found \"%s\", not \"%s\"", text, out, expected);
}

static void test_longest(void **state)
{
    struct sts_err err = {0};
    struct prefix_set set;

    (void)state;
    prefix_set_init(&set);
    finds(&set, "10.0.0.1", "");
    assert_int_equal(prefix_set_add_list(&set,
                                         "10.1.2.0/24,10.0.0.0/8,2001:db8::/32,10.1.0.0/16,192.0.2.7,"
                                         "10.1.2.0/24,2001:db8:8000::/33,10.1.2.128/25",
                                         &err),
                     STS_OK);
    prefix_set_build(&set);
    assert_int_equal(set.n_entries, 7);
    finds(&set, "9.255.255.255", "");
    finds(&set, "10.0.0.0", "10.0.0.0/8");
    finds(&set, "10.1.0.0", "10.1.0.0/16");
    finds(&set, "10.1.2.127", "10.1.2.0/24");
    finds(&set, "10.1.2.128", "10.1.2.128/25");
    finds(&set, "10.1.3.0", "10.1.0.0/16"); /* behind two narrower ones */
    finds(&set, "10.2.0.0", "10.0.0.0/8");
    finds(&set, "10.255.255.255", "10.0.0.0/8");
    finds(&set, "11.0.0.0", "");
    finds(&set, "192.0.2.6", "");
    finds(&set, "192.0.2.7", "192.0.2.7/32");
    finds(&set, "192.0.2.8", "");
    finds(&set, "::ffff:10.1.2.3", "10.1.2.0/24");
    finds(&set, "2001:db8:7fff::", "2001:db8::/32");
    finds(&set, "2001:db8:8000::", "2001:db8:8000::/33");
    finds(&set, "2001:db9::", "");
    finds(&set, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "");
    prefix_set_fini(&set);
}

/* ::/0 is all of IPv6 and nothing of IPv4. */
static void test_families(void **state)
{
    struct sts_err err = {0};
    struct prefix_set set;

    (void)state;
    prefix_set_init(&set);
    assert_int_equal(prefix_set_add_list(&set, "::/0", &err), STS_OK);
    prefix_set_build(&set);
    finds(&set, "192.0.2.1", "");
    finds(&set, "0.0.0.0", "");
    finds(&set, "::", "::/0");
    finds(&set, "2001:db8::", "::/0");
    prefix_set_fini(&set);
    assert_int_equal(prefix_set_add_list(&set, "0.0.0.0/0", &err), STS_OK);
    prefix_set_build(&set);
    finds(&set, "192.0.2.1", "0.0.0.0/0");
    finds(&set, "::192.0.2.1", "");
    prefix_set_fini(&set);
}

static void test_exceptions(void **state)
{
    struct prefix_set set;
    struct prefix wide = prefix("10.0.0.0/8"), hole = prefix("10.1.0.0/16"), back = prefix("10.1.1.0/24");
    struct address a;

    (void)state;
    hole.except = true;
    prefix_set_init(&set);
    assert_int_equal(prefix_set_add(&set, &hole), STS_OK);
    assert_int_equal(prefix_set_add(&set, &back), STS_OK);
    assert_int_equal(prefix_set_add(&set, &wide), STS_OK);
    prefix_set_build(&set);
    a = address("10.0.0.1");
    assert_true(prefix_set_holds(&set, &a));
    a = address("10.1.0.1");
    assert_false(prefix_set_holds(&set, &a));
    a = address("10.1.1.1");
    assert_true(prefix_set_holds(&set, &a));
    hole.except = false; /* the same range with and without: it is in the set */
    assert_int_equal(prefix_set_add(&set, &hole), STS_OK);
    prefix_set_build(&set);
    assert_int_equal(set.n_entries, 3);
    a = address("10.1.0.1");
    assert_true(prefix_set_holds(&set, &a));
    prefix_set_fini(&set);
}

static void test_list_errors(void **state)
{
    static const char *const lists[] = {"", ",", "10.0.0.0/8,", "10.0.0.0/8,,::/0", "10.0.0.0/8, ::/0"};
    size_t i;

    (void)state;
    for (i = 0; i < STS_LEN(lists); i++) {
        struct sts_err err = {0};
        struct prefix_set set;

        prefix_set_init(&set);
        assert_int_equal(prefix_set_add_list(&set, lists[i], &err), STS_EINVAL);
        prefix_set_fini(&set);
    }
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

#define MANY 800

static struct prefix random_prefix(uint32_t *seed)
{
    static const char *const bases[] = {"10.0.0.0", "10.0.0.0", "2001:db8::", "::"};
    struct sts_err err = {0};
    struct prefix p;
    char text[PREFIX_TEXT_BYTES + 8];
    struct address a = address(bases[next_random(seed) % STS_LEN(bases)]);
    unsigned bits = next_random(seed) % 33, i;
    char shown[ADDRESS_TEXT_BYTES];

    for (i = 0; i < 2; i++) /* few values, so that prefixes nest */
        a.b[12 + i * 2 + (next_random(seed) & 1)] = (uint8_t)(next_random(seed) & 0xc3);
    for (i = bits; i < 32; i++)
        a.b[12 + i / 8] &= (uint8_t) ~(0x80 >> (i % 8));
    address_format(&a, shown);
    snprintf(text, sizeof(text), "%s/%u", shown, address_is_v4(&a) ? bits : 96 + bits);
    assert_int_equal(prefix_parse(text, strlen(text), &p, &err), STS_OK);
    return p;
}

/* Bit by bit, without any cleverness. */
static bool covers(const struct prefix *p, const struct address *a)
{
    unsigned i;

    if (address_is_v4(a) && p->bits < 96)
        return false;
    for (i = 0; i < p->bits; i++) {
        if (((p->address.b[i / 8] ^ a->b[i / 8]) >> (7 - i % 8)) & 1)
            return false;
    }
    return true;
}

static void test_against_a_list(void **state)
{
    struct prefix *list = calloc(MANY, sizeof(*list));
    struct prefix_set set;
    uint32_t seed = 1, i, j;

    (void)state;
    assert_non_null(list);
    prefix_set_init(&set);
    for (i = 0; i < MANY; i++) {
        list[i] = random_prefix(&seed);
        assert_int_equal(prefix_set_add(&set, &list[i]), STS_OK);
    }
    prefix_set_build(&set);
    assert_in_range(set.n_entries, 200, MANY - 1); /* many, and some twice */
    for (i = 0; i < 1500; i++) {
        struct address a = random_prefix(&seed).address;
        const struct prefix *best = NULL;
        struct prefix found;

        a.b[15] ^= (uint8_t)(next_random(&seed) & 3);
        for (j = 0; j < MANY; j++) {
            if (covers(&list[j], &a) && (best == NULL || best->bits < list[j].bits))
                best = &list[j];
        }
        assert_int_equal(prefix_set_find(&set, &a, &found), best != NULL);
        if (best != NULL)
            assert_int_equal(found.bits, best->bits);
    }
    prefix_set_fini(&set);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notations),   cmocka_unit_test(test_strict),
        cmocka_unit_test(test_embedded),    cmocka_unit_test(test_local_nat64),
        cmocka_unit_test(test_private),     cmocka_unit_test(test_longest),
        cmocka_unit_test(test_families),    cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_list_errors), cmocka_unit_test(test_against_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
