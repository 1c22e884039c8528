/* door.c with data/reserved-ranges.txt: first and last address of each range, and the neighbours outside. */
#include "scanner/door.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The rules made of lists as the user writes them; NULL: not given. */
struct door {
    struct prefix_set allow, lab;
    struct door_rules rules;
    struct blocklist *blocked;
};

static void open_door(struct door *d, enum ip_version ip_version, const char *allow, const char *lab)
{
    struct sts_err err = {0};

    memset(d, 0, sizeof(*d));
    if (allow != NULL)
        assert_int_equal(prefix_set_add_list(&d->allow, allow, &err), STS_OK);
    if (lab != NULL)
        assert_int_equal(prefix_set_add_list(&d->lab, lab, &err), STS_OK);
    prefix_set_build(&d->allow);
    prefix_set_build(&d->lab);
    assert_int_equal(door_rules_init(&d->rules, ip_version, &d->allow, &d->lab, &err), STS_OK);
}

static void close_door(struct door *d)
{
    door_rules_fini(&d->rules);
    blocklist_unref(d->blocked);
    prefix_set_fini(&d->allow);
    prefix_set_fini(&d->lab);
}

/* Exclusions, one a line. */
static void block(struct door *d, const char *lines)
{
    char path[] = "/tmp/stscan-door-XXXXXX";
    struct sts_err err = {0};
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, lines, strlen(lines)), (ssize_t)strlen(lines));
    close(fd);
    assert_int_equal(blocklist_read(path, &d->blocked, &err), STS_OK);
    unlink(path);
}

static void judged_host(const struct door *d, const char *host, const char *text, enum outcome expected)
{
    struct address a;
    enum outcome oc;

    if (address_parse(text, &a) != STS_OK)
        fail_msg("\"%s\" is no address", text);
    oc = door_judge(&d->rules, d->blocked, host, &a);
    if (oc != expected)
        fail_msg("%s at %s: %s, not %s", host, text, outcome_name(oc), outcome_name(expected));
}

static void judged(const struct door *d, const char *text, enum outcome expected)
{
    judged_host(d, "mx.example", text, expected);
}

/* First and last address of the range; the neighbours, NULL where these are reserved too or there are none.
 */
struct range {
    const char *before, *first, *last, *behind;
};
static const struct range ranges[] = {
    {NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
    {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
    {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
    {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
    {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
    {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
    {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
    {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
    {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
    {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
    {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
    {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
    {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
    {"223.255.255.255", "224.0.0.0", "239.255.255.255", NULL},
    {NULL, "240.0.0.0", "255.255.255.255", NULL},
    {NULL, "::", "::1", NULL},
    {NULL, "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "64:ff9b:2::"},
    {"ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "100::", "100::ffff:ffff:ffff:ffff", NULL},
    {NULL, "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", "100:0:0:2::"},
    {NULL, "2001:1::", "2001:1::", NULL},
    {NULL, "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", NULL},
    {NULL, "2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "2001:20::"},
    {"2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", "2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:200::"},
    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db9::"},
    {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3fff:1000::"},
    {"5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "5f01::"},
    {"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "fe00::"},
    {"fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {NULL, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    {NULL, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
};

static void test_ranges(void **state)
{
    struct door d;
    size_t i;

    (void)state;
    open_door(&d, IP_VERSION_ANY, NULL, NULL);
    for (i = 0; i < STS_LEN(ranges); i++) {
        judged(&d, ranges[i].first, OC_ADDRESS_RESERVED);
        judged(&d, ranges[i].last, OC_ADDRESS_RESERVED);
        if (ranges[i].before != NULL)
            judged(&d, ranges[i].before, OC_OK);
        if (ranges[i].behind != NULL)
            judged(&d, ranges[i].behind, OC_OK);
    }
    close_door(&d);
}

/* What the registries call globally reachable within a wider range. */
static void test_holes(void **state)
{
    static const struct range holes[] = {
        {"192.0.0.8", "192.0.0.9", "192.0.0.10", "192.0.0.11"},
        {"2001:1::", "2001:1::1", "2001:1::3", "2001:1::4"},
        {"2001:2:ffff:ffff:ffff:ffff:ffff:ffff", "2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff",
         "2001:4::"},
        {"2001:4:111:ffff:ffff:ffff:ffff:ffff", "2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff",
         "2001:4:113::"},
        {"2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "2001:20::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff",
         "2001:40::"},
    };
    struct door d;
    size_t i;

    (void)state;
    open_door(&d, IP_VERSION_ANY, NULL, NULL);
    for (i = 0; i < STS_LEN(holes); i++) {
        judged(&d, holes[i].before, OC_ADDRESS_RESERVED);
        judged(&d, holes[i].first, OC_OK);
        judged(&d, holes[i].last, OC_OK);
        judged(&d, holes[i].behind, OC_ADDRESS_RESERVED);
    }
    close_door(&d);
}

static void test_embedded(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, IP_VERSION_ANY, NULL, NULL);
    judged(&d, "::ffff:10.0.0.1", OC_ADDRESS_RESERVED);
    judged(&d, "::ffff:8.8.8.8", OC_OK);
    judged(&d, "64:ff9b::10.0.0.1", OC_ADDRESS_RESERVED);
    judged(&d, "64:ff9b::8.8.8.8", OC_OK);
    judged(&d, "64:ff9b:1::8.8.8.8", OC_ADDRESS_RESERVED);
    judged(&d, "2002:7f00:1::1", OC_ADDRESS_RESERVED);
    judged(&d, "2002:0808:0808::1", OC_OK);
    judged(&d, "2001:0:808:808::f5ff:fffe", OC_ADDRESS_RESERVED); /* Teredo client 10.0.0.1 */
    judged(&d, "2001:0:808:808::f7f7:f7f7", OC_OK);
    judged(&d, "2001:0:a00:1::f7f7:f7f7", OC_ADDRESS_RESERVED); /* Teredo server 10.0.0.1 */
    judged(&d, "2001:4860::5efe:10.0.0.1", OC_ADDRESS_RESERVED);
    judged(&d, "2001:4860::200:5efe:8.8.8.8", OC_OK);
    judged(&d, "::ffff:0:10.0.0.1", OC_ADDRESS_RESERVED);
    judged(&d, "::ffff:0:8.8.8.8", OC_OK);
    judged(&d, "::127.0.0.1", OC_ADDRESS_RESERVED);
    judged(&d, "::8.8.8.8", OC_OK);
    close_door(&d);
}

/* An IPv4 address as each notation writes it, `%u` its octets from the left; inverted: those octets turned.
 */
struct notation {
    const char *format;
    bool inverted;
};
static const struct notation notations[] = {
    {"%u.%u.%u.%u", false},
    {"::ffff:%u.%u.%u.%u", false},                  /* mapped */
    {"::ffff:%02x%02x:%02x%02x", false},            /* the same in hexadecimal */
    {"64:ff9b::%u.%u.%u.%u", false},                /* NAT64 */
    {"::%u.%u.%u.%u", false},                       /* compatible */
    {"::ffff:0:%u.%u.%u.%u", false},                /* translated */
    {"2002:%02x%02x:%02x%02x::1", false},           /* 6to4 */
    {"2001:0:808:808::%02x%02x:%02x%02x", true},    /* Teredo, the client */
    {"2001:0:%02x%02x:%02x%02x::f7f7:f7f7", false}, /* Teredo, the server */
    {"2001:4860::5efe:%u.%u.%u.%u", false},         /* ISATAP */
    {"2001:4860::200:5efe:%u.%u.%u.%u", false},     /* ISATAP */
    {"64:ff9b:1:%02x%02x:%02x:%02x00::", false},    /* NAT64 for local use, /48 */
    {"64:ff9b:1:%x:%02x:%02x%02x::", false},        /* /56 */
    {"64:ff9b:1:0:%x:%02x%02x:%02x00::", false},    /* /64 */
    {"64:ff9b:1::%u.%u.%u.%u", false},              /* /96 */
};

static const char *write_as(const struct notation *n, const char *v4)
{
    static char text[128];
    unsigned o[4], turn = n->inverted ? 0xff : 0;
    struct address a;

    assert_int_equal(address_parse(v4, &a), STS_OK);
    for (unsigned i = 0; i < 4; i++)
        o[i] = a.b[12 + i];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof(text), n->format, o[0] ^ turn, o[1] ^ turn, o[2] ^ turn, o[3] ^ turn);
#pragma GCC diagnostic pop
    return text;
}

/* First and last IPv4 address of every reserved range in every notation. */
static void test_notations(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, IP_VERSION_ANY, NULL, NULL);
    for (size_t n = 0; n < STS_LEN(notations); n++) {
        for (size_t i = 0; i < STS_LEN(ranges); i++) {
            if (strchr(ranges[i].first, ':') != NULL)
                continue;
            judged(&d, write_as(&notations[n], ranges[i].first), OC_ADDRESS_RESERVED);
            judged(&d, write_as(&notations[n], ranges[i].last), OC_ADDRESS_RESERVED);
        }
    }
    close_door(&d);
}

/* A listed IPv4 address in every notation, also where the reserved range is allowed. */
static void test_blocked_notations(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, IP_VERSION_ANY, "64:ff9b:1::/48", NULL);
    block(&d, "9.9.9.0/24\n");
    for (size_t n = 0; n < STS_LEN(notations); n++) {
        judged(&d, write_as(&notations[n], "9.9.9.255"), OC_BLOCKLISTED);
        judged(&d, write_as(&notations[n], "9.9.8.255"), OC_OK);
    }
    close_door(&d);
}

static void test_blocklist_beats_all(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, IP_VERSION_ANY, "10.0.0.0/8", NULL);
    block(&d, "10.1.0.0/16 # zmap's way\n8.8.8.8\n2001:4860::/32\nexample.com\n");
    judged(&d, "10.1.2.3", OC_BLOCKLISTED);
    judged(&d, "10.2.2.3", OC_OK);
    judged(&d, "8.8.8.8", OC_BLOCKLISTED);
    judged(&d, "2001:4860:4860::8888", OC_BLOCKLISTED);
    judged_host(&d, "mta-sts.example.com", "9.9.9.9", OC_BLOCKLISTED);
    judged_host(&d, "example.com", "9.9.9.9", OC_BLOCKLISTED);
    judged_host(&d, "badexample.com", "9.9.9.9", OC_OK);
    judged_host(&d, "com", "9.9.9.9", OC_OK);
    close_door(&d);
    open_door(&d, IP_VERSION_4, NULL, "127.0.0.0/8");
    block(&d, "127.0.0.5\n::1\nexample.com\n");
    judged(&d, "127.0.0.5", OC_BLOCKLISTED);
    judged(&d, "::1", OC_BLOCKLISTED); /* also where its family is off */
    judged(&d, "127.0.0.6", OC_OK);
    judged_host(&d, "mx.example.com", "127.0.0.6", OC_BLOCKLISTED);
    close_door(&d);
}

static void test_allow(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, IP_VERSION_ANY, "10.1.0.0/16,fd00::/64,2002:c0a8::/32", NULL);
    judged(&d, "10.1.2.3", OC_OK);
    judged(&d, "::ffff:10.1.2.3", OC_OK);
    judged(&d, "10.2.0.0", OC_ADDRESS_RESERVED);
    judged(&d, "fd00::1", OC_OK);
    judged(&d, "fd00:0:0:1::", OC_ADDRESS_RESERVED);
    judged(&d, "8.8.8.8", OC_OK);
    judged(&d, "64:ff9b::10.1.2.3", OC_OK); /* it leads to where one may go */
    judged(&d, "64:ff9b::10.2.0.0", OC_ADDRESS_RESERVED);
    judged(&d, "2002:c0a8:101::1", OC_OK); /* allowed as it stands */
    judged(&d, "192.168.1.1", OC_ADDRESS_RESERVED);
    close_door(&d);
    open_door(&d, IP_VERSION_ANY, "::/0", NULL); /* all of IPv6 is not IPv4 */
    judged(&d, "fd00::1", OC_OK);
    judged(&d, "10.0.0.1", OC_ADDRESS_RESERVED);
    close_door(&d);
}

static void test_lab(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, IP_VERSION_ANY, "10.0.0.0/8", "127.0.0.0/8,::1,198.18.0.0/15");
    judged(&d, "127.0.0.1", OC_OK);
    judged(&d, "::ffff:127.0.0.1", OC_OK);
    judged(&d, "::1", OC_OK);
    judged(&d, "198.19.255.255", OC_OK);
    judged(&d, "10.0.0.1", OC_ADDRESS_OUTSIDE_LAB); /* whatever is allowed */
    judged(&d, "8.8.8.8", OC_ADDRESS_OUTSIDE_LAB);
    judged(&d, "2001:4860:4860::8888", OC_ADDRESS_OUTSIDE_LAB);
    judged(&d, "192.168.1.1", OC_ADDRESS_RESERVED); /* what it would be without a lab, too */
    judged(&d, "64:ff9b::127.0.0.1", OC_ADDRESS_RESERVED);
    judged(&d, "fe80::2", OC_ADDRESS_RESERVED);
    close_door(&d);
}

static void test_family(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, IP_VERSION_4, NULL, NULL);
    judged(&d, "8.8.8.8", OC_OK);
    judged(&d, "::ffff:8.8.8.8", OC_OK);
    judged(&d, "2001:4860:4860::8888", OC_FAMILY_OFF);
    judged(&d, "fe80::1", OC_FAMILY_OFF);
    judged(&d, "10.0.0.1", OC_ADDRESS_RESERVED);
    close_door(&d);
    open_door(&d, IP_VERSION_6, NULL, "127.0.0.0/8,::1");
    judged(&d, "127.0.0.1", OC_FAMILY_OFF);
    judged(&d, "::1", OC_OK);
    close_door(&d);
}

/* Every line of the data file is in the set that was built in. */
static void test_built_in(void **state)
{
    FILE *file = fopen(TEST_DATA "/../data/reserved-ranges.txt", "r");
    unsigned n = 0;
    struct door d;
    char line[512];

    (void)state;
    assert_non_null(file);
    open_door(&d, IP_VERSION_ANY, NULL, NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        bool except = line[0] == '!';
        struct sts_err err = {0};
        struct prefix p, found;

        if (line[0] == '#' || line[0] == '\n')
            continue;
        assert_non_null(strstr(line, "# RFC ")); /* where it comes from */
        assert_int_equal(prefix_parse(line + except, strcspn(line + except, " "), &p, &err), STS_OK);
        assert_true(prefix_set_find(&d.rules.reserved, &p.address, &found));
        assert_true(found.bits >= p.bits);
        if (found.bits == p.bits)
            assert_int_equal(found.except, except);
        n++;
    }
    fclose(file);
    assert_int_equal(n, d.rules.reserved.n_entries);
    close_door(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_embedded),
        cmocka_unit_test(test_allow),
        cmocka_unit_test(test_lab),
        cmocka_unit_test(test_family),
        cmocka_unit_test(test_built_in),
        cmocka_unit_test(test_notations),
        cmocka_unit_test(test_blocked_notations),
        cmocka_unit_test(test_blocklist_beats_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
