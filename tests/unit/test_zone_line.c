/* zone_line.c: what of a zone file (RFC 1035 section 5.1) is a delegated name, and what is no zone file. */
#include "scanner/zone_line.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

/* "name name+ ..." of a whole zone; "+": once more. The first thing that is wrong ends it: "!line: why". */
static void reads(const char *origin, const char *text, const char *expected)
{
    char got[2048] = "";
    size_t n = 0;
    struct zone z;
    unsigned line;

    zone_init(&z, origin);
    for (line = 1; *text != '\0'; line++) {
        size_t len = strcspn(text, "\n");

        switch (zone_line(&z, text, len)) {
        case ZONE_NOTHING: break;
        case ZONE_REPEATED: n += (size_t)snprintf(got + n, sizeof(got) - n, "+"); break;
        case ZONE_DELEGATED:
            n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%.*s", n > 0 ? " " : "", (int)z.last.len,
                                  z.last.p);
            break;
        case ZONE_BAD: snprintf(got + n, sizeof(got) - n, "!%u: %s", line, z.why); goto out;
        }
        text += len + (text[len] == '\n');
    }
    if (z.depth > 0)
        snprintf(got + n, sizeof(got) - n, "(");
out:
    assert_string_equal(got, expected);
}

#define SOA "com. IN SOA a.x. b.x. 1 2 3 4 5\n"

static void test_registries(void **state)
{
    (void)state;
    /* as Verisign publishes .com */
    reads(
        NULL,
        "; The use of the Data is only permitted\n\n$ORIGIN COM.\n$TTL 900\n"
        "@ IN\tSOA\ta.gtld-servers.net. nstld.verisign-grs.com. (\n\t1 ;serial (of the day\n\t2 ;refresh\n"
        "\t3 4 5 ;)\n\t)\n$TTL 172800\n NS A.GTLD-SERVERS.NET.\n NS B.GTLD-SERVERS.NET.\nCOM. 86400 DNSKEY "
        "257 "
        "3 8 AwEAAZ0=\nEXAMPLE NS NS1.EXAMPLE\nEXAMPLE NS NS2.EXAMPLE.NET.\nEXAMPLE 86400 DS 1 13 2 ABCD\n"
        "EXAMPLE 86400 RRSIG DS 8 2 86400 20261122 20261115 1 COM. abc=\nB NS NS1.EXAMPLE\n"
        "NS1.EXAMPLE A 192.0.2.1\nNS1.EXAMPLE AAAA 2001:db8::1\nCK0POJMG874LJREF7EFN8430QVIT8BSM 86400 NSEC3 "
        "1 1 0 - CK0Q NS SOA RRSIG\n",
        "example.com+ b.com");
    /* as ICANN's CZDS does */
    reads(
        NULL,
        "test.\t86400\tin\tsoa\tns1.nic.test. h.nic.test. 1 2 3 4 5\ntest.\t86400\tin\tns\tns1.nic.test.\n"
        "a.test.\t3600\tin\tns\tns1.a.test.\na.test.\t3600\tin\tns\tns2.a.test.\nns1.a.test.\t3600\tin\ta\t"
        "192.0.2.1\nb.test.\t3600\tin\tns\tns1.a.test.\ntest.\t86400\tin\tsoa\tns1.nic.test. h.nic.test. 1 2 "
        "3 4 5\n",
        "a.test+ b.test");
    /* the root */
    reads(NULL,
          ".\t86400\tIN\tSOA\ta. b. 1 2 3 4 5\n.\t1\tIN\tNS\ta.\naaa.\t1\tIN\tNS\tb.\nxn--p1ai. 1 IN NS b.\n",
          "aaa xn--p1ai");
}

static void test_fields(void **state)
{
    (void)state;
    reads(NULL,
          SOA
          "a.com. NS x.\nb.com. 1 NS x.\nc.com. IN NS x.\nd.com. 1 IN NS x.\ne.com. IN 1 NS x.\nf.com. 1h30m "
          "in Ns x.\ng.com. class1 type2 \\# 3 0178 00\n",
          "a.com b.com c.com d.com e.com f.com g.com");
    reads(NULL, SOA "a.com. CH NS x.\nb.com. CLASS3 NS x.\nc.com. HS 1 NS x.\n", "");
    reads(NULL, SOA "in NS x.\nns NS x.\nsoa 5 NS x.\n1 NS x.\n", "in.com ns.com soa.com 1.com");
    reads(NULL, SOA "a.com. TYPE65534 \\# 1 00\nb.com. UNHEARD-OF ( x\n y )\nc.com. NS x.\n", "c.com");
    reads(NULL, SOA "a.com.\tA 192.0.2.1\n NS x.\n\t1 IN NS y. ; more\n\nb.com. NS x.\n", "a.com+ b.com");
    reads(NULL, SOA "a NS x.\nb.com. NS x.\n@ NS x.\ncom. NS x.\nCOM. NS x.\n$ORIGIN sub\nc NS x.\n@ NS x.\n",
          "a.com b.com c.sub.com sub.com");
    reads(NULL, SOA "a NS x.\n$ORIGIN net.\na NS x.\n$ORIGIN com.\na NS x.\nA NS x.\n", "a.com a.net a.com+");
    reads(NULL, SOA "a NS x.\nb NS x.\na NS x.\n", "a.com b.com a.com"); /* consecutive ones only */
    reads(NULL, SOA "a NS x.\nnet. SOA a. b. 1 2 3 4 5\nnet. NS x.\nb NS x.\ncom. NS x.\n",
          "a.com b.net com");
}

static void test_parentheses(void **state)
{
    (void)state;
    reads(
        NULL,
        "com. (\n IN\nSOA ; so\n) a. b. 1 2 3 4 5\na ( 1 \n\n ( IN )\n NS\nx. )\nb NS ( x. )\nc NS (\nx.)\n",
        "a.com b.com c.com");
    reads(NULL, SOA "a TXT ( \"); x\" \\) \\\"\n \"(\" ; (\n)\nb NS x.\n", "b.com");
    reads(NULL, SOA "a TXT \"a \\\" ( b\" ( \"\\\\\" )\nb NS x.\n", "b.com");
    reads(NULL, SOA "a TXT x;\"(\nb NS x.;(\"\n", "b.com");
    reads(NULL, SOA "a NS x. (\nb NS x.\n", "a.com(");
    reads(NULL, SOA "a NS x. )\n", "!2: a closing parenthesis that was not opened");
    reads(NULL, SOA "a TXT (\n\"x\n", "!3: quotes that are not closed in their line");
    reads(NULL, SOA "a TXT \"x\\\"\n", "!2: quotes that are not closed in their line");
    reads(NULL,
          SOA "a TXT ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((\n",
          "!2: too many parentheses in each other");
}

static void test_escapes(void **state)
{
    (void)state;
    reads(NULL, SOA "\\097\\B\\-\\095 NS x.\na\\.b NS x.\na\\046b.com. NS x.\n\\.\\ \\; NS x.\n",
          "ab-_.com a\\.b.com a\\046b.com \\.\\ \\;.com");
    reads(NULL, SOA "a\\. NS x.\n*.b NS x.\n\xc3\xa4 NS x.\n", "a\\..com *.b.com \xc3\xa4.com");
    reads(NULL, SOA "a\\25 NS x.\n",
          "!2: a backslash that is neither before a character nor before three digits up to 255");
    reads(NULL, SOA "a\\256 NS x.\n",
          "!2: a backslash that is neither before a character nor before three digits up to 255");
    reads(NULL, SOA "a\\",
          "!2: a backslash that is neither before a character nor before three digits up to 255");
}

static void test_origin(void **state)
{
    static const char no_origin[] = "!1: a relative name, and no origin for it: there is no $ORIGIN and no "
                                    "SOA record with an absolute name "
                                    "before it; give it with --origin NAME";

    (void)state;
    reads("com", "a NS x.\n@ NS x.\n", "a.com");
    reads("Com", "a NS x.\ncom. NS x.\n", "a.com");
    reads("com", "@ SOA a b 1 2 3 4 5\nnet. SOA a. b. 1 2 3 4 5\na NS x.\n", "a.com"); /* the user's holds */
    reads(NULL, "a NS x.\n", no_origin);
    reads(NULL, "@ SOA a b 1 2 3 4 5\n", no_origin);
    reads(NULL, "a A 192.0.2.1\nb.com. A 192.0.2.1\n", ""); /* none is needed */
    reads(NULL, "a.com. NS x.\n",
          "!1: an NS record before the zone's SOA record, so the zone's own name is not known; give it with "
          "--origin NAME");
    reads(NULL, "$ORIGIN com.\na NS x.\n@ NS x.\n", "a.com");
    reads(NULL, "$ORIGIN com\n",
          "!1: $ORIGIN with a relative name, and no origin before it (--origin NAME gives one)");
    reads(NULL, " NS x.\n", "!1: a record without an owner name, and none before it to take over");
}

static void test_bad(void **state)
{
    (void)state;
    reads(NULL, "a.example\n", "!1: a record without a type");
    reads(NULL, "a.example IN 5 ; x\n", "!1: a record without a type");
    reads(NULL, "1,a.example\n", "!1: a record without a type");
    reads(NULL, "a b.example\n", "!1: no record type where one should be");
    reads(NULL, "a 1x NS b\n", "!1: no record type where one should be");
    reads(NULL, "a 1 2 NS b\n", "!1: no record type where one should be");
    reads(NULL, "a \"NS\" b\n", "!1: no record type where one should be");
    reads(NULL, SOA "a NS\n", "!2: an NS record without a name server");
    reads(NULL, SOA "a NS ;x\n", "!2: an NS record without a name server");
    reads(NULL, "(a NS b)\n", "!1: a record cannot begin with this character");
    reads(NULL, "\"a\" NS b\n", "!1: a record cannot begin with this character");
    reads(NULL, "$INCLUDE x\n", "!1: $INCLUDE is not followed; give the files it names one behind the other");
    reads(NULL, "$GENERATE 1-2 a$ NS b\n", "!1: a line with $ that is neither $ORIGIN nor $TTL");
    reads(NULL, "$ORIGIN\n", "!1: $ORIGIN without a name");
}

/* Names may be as long as any, not longer; a record in parentheses too. */
static void test_limits(void **state)
{
    char line[4096];
    struct zone z;
    size_t i;

    (void)state;
    zone_init(&z, "com");
    memset(line, 'a', sizeof(line));
    memcpy(line + ZONE_NAME_BYTES - 4, " NS x", 5);
    assert_int_equal(zone_line(&z, line, ZONE_NAME_BYTES + 1), ZONE_DELEGATED);
    assert_int_equal(z.last.len, ZONE_NAME_BYTES);
    memset(line, 'a', sizeof(line));
    memcpy(line + ZONE_NAME_BYTES - 3, " NS x", 5);
    assert_int_equal(zone_line(&z, line, ZONE_NAME_BYTES + 2), ZONE_BAD);
    zone_init(&z, "com");
    memcpy(line, "a TXT (", 7);
    assert_int_equal(zone_line(&z, line, 7), ZONE_NOTHING);
    memset(line, 'x', sizeof(line));
    for (i = sizeof(line) + 1; i <= ZONE_RECORD_BYTES; i += sizeof(line) + 1)
        assert_int_equal(zone_line(&z, line, sizeof(line)), ZONE_NOTHING);
    assert_int_equal(zone_line(&z, line, sizeof(line)), ZONE_BAD);
    assert_string_equal(z.why, "a parenthesis is not closed within 1 MiB");
}

static void test_telling(void **state)
{
    static const char *const yes[] = {"$ORIGIN com.", "$ttl 1", "$INCLUDE x", "com. SOA a. b. 1 2 3 4 5",
                                      "@ 1d in soa a b ("};
    static const char *const no[] = {
        "",         "a.example",   "1,a.example", "# soa a b 1 2 3 4 5 6", "1\tsoa\tx",
        "$x",       "$ORIGINAL x", "a NS b",      "1\ta.b\tsoa",           "com. CH SOA",
        " SOA a b", "a SOA \""};
    size_t i;

    (void)state;
    for (i = 0; i < STS_LEN(yes); i++) {
        if (!zone_line_is_telling(yes[i], strlen(yes[i])))
            fail_msg("%s", yes[i]);
    }
    for (i = 0; i < STS_LEN(no); i++) {
        if (zone_line_is_telling(no[i], strlen(no[i])))
            fail_msg("%s", no[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registries), cmocka_unit_test(test_fields),  cmocka_unit_test(test_parentheses),
        cmocka_unit_test(test_escapes),    cmocka_unit_test(test_origin),  cmocka_unit_test(test_bad),
        cmocka_unit_test(test_limits),     cmocka_unit_test(test_telling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
