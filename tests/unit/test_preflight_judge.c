/* preflight_judge.c, checks.c: what the answers of resolvers come to, word by word where a user acts on it.
 */
#include "scanner/preflight_judge.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 20

static struct arena arena;
static struct checks checks;
static struct options options;
static struct resolver_view views[MOST];
static struct server servers[MOST];
static uint32_t n_views;
static struct preflight_names names;

static struct rec_dns *answer(enum outcome oc)
{
    struct rec_dns *a = arena_alloc(&arena, sizeof(*a));

    assert_non_null(a);
    a->oc = oc;
    return a;
}

static struct rec_dns *with_text(const char *text)
{
    struct rec_dns *a = answer(OC_OK);

    a->addr.v = arena_alloc(&arena, sizeof(*a->addr.v));
    a->addr.v[a->addr.n++] = sts_str(text);
    return a;
}

static struct rec_dns *authentic(void)
{
    struct rec_dns *a = answer(OC_DNS_NODATA);

    a->ad = true;
    return a;
}

/* Another resolver, 192.168.0.N, that is right in all but validation. */
static struct resolver_view *resolver(void)
{
    struct resolver_view *v = &views[n_views];
    uint8_t ip[4] = {192, 168, 0, (uint8_t)(n_views + 1)};

    servers[n_views] = (struct server){address_from_v4(ip), 53};
    *v = (struct resolver_view){.server = &servers[n_views++],
                                .zone = answer(OC_DNS_NODATA),
                                .a = answer(OC_DNS_NXDOMAIN),
                                .mx = answer(OC_DNS_NXDOMAIN),
                                .www = answer(OC_DNS_NXDOMAIN)};
    return v;
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    checks_init(&checks, &arena);
    memset(&options, 0, sizeof(options));
    n_views = 0;
    names = (struct preflight_names){".", "qqq", "www.qqq.com", NULL, NULL};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    prefix_set_fini(&options.lab);
    arena_fini(&arena);
    return 0;
}

static void is_lab(void)
{
    struct sts_err err = {0};

    assert_int_equal(prefix_set_add_list(&options.lab, "192.168.0.0/16", &err), STS_OK);
    prefix_set_build(&options.lab);
}

static void judge(void)
{
    checks.n = 0;
    judge_resolvers(&options, &names, views, n_views, &checks);
    assert_false(checks.no_memory);
}

/* The `nth` check of this name is so, and `words` are in it. */
static void says(const char *name, unsigned nth, enum check_state state, const char *words)
{
    for (uint32_t i = 0; i < checks.n; i++) {
        if (strcmp(checks.v[i].name.p, name) != 0 || nth-- > 0)
            continue;
        if (checks.v[i].state != state || strstr(checks.v[i].text.p, words) == NULL)
            fail_msg("%s: state %d, \"%s\" instead of %d, \"%s\"", name, (int)checks.v[i].state,
                     checks.v[i].text.p, state, words);
        return;
    }
    fail_msg("no check %s says \"%s\"", name, words);
}

static uint32_t count_of(const char *name)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < checks.n; i++)
        n += strcmp(checks.v[i].name.p, name) == 0;
    return n;
}

/* ---- resolver ---- */

/* Protects the start of a scan: only what is no use at all fails. */
static void test_resolver(void **state)
{
    static const struct {
        enum outcome oc;
        enum check_state alone, in_lab;
        const char *words;
    } cases[] = {
        {OC_OK, CHECK_FINE, CHECK_FINE, "192.168.0.1:53 answers, in 0 ms"},
        {OC_DNS_NODATA, CHECK_FINE, CHECK_FINE, "answers"},
        {OC_DNS_NXDOMAIN, CHECK_FINE, CHECK_FINE, "answers"},
        {OC_DNS_SERVFAIL, CHECK_FAILED, CHECK_WARNING, "has it a way to the Internet?"},
        {OC_DNS_RCODE, CHECK_FAILED, CHECK_WARNING, "answers, but not for ."},
        {OC_DNS_MALFORMED, CHECK_FAILED, CHECK_WARNING, "answers, but not for ."},
        {OC_DNS_REFUSED, CHECK_FAILED, CHECK_WARNING, "let it allow recursion to this host"},
        {OC_DNS_TIMEOUT, CHECK_FAILED, CHECK_FAILED, "does not answer"},
        {OC_DNS_RESOLVER_DOWN, CHECK_FAILED, CHECK_FAILED, "cannot be reached: start it"},
    };

    for (unsigned lab = 0; lab < 2; lab++) {
        for (size_t i = 0; i < STS_LEN(cases); i++) {
            assert_int_equal(teardown(state) + setup(state), 0);
            if (lab)
                is_lab();
            resolver()->zone = answer(cases[i].oc);
            views[0].a = views[0].mx = views[0].www =
                cases[i].oc == OC_OK ? answer(OC_DNS_NXDOMAIN) : views[0].zone;
            judge();
            says("resolver", 0, lab ? cases[i].in_lab : cases[i].alone, cases[i].words);
            resolver(); /* beside a good one it is no reason to stop */
            judge();
            says("resolver", cases[i].alone == CHECK_FINE ? 0 : 1, CHECK_FINE, "answers");
            assert_int_equal(checks_count(&checks, CHECK_FAILED), 0);
        }
    }
}

/* Protects those behind a router that knows no root, but names. */
static void test_no_root(void **state)
{
    (void)state;
    resolver()->zone = answer(OC_DNS_REFUSED);
    judge();
    says("resolver", 0, CHECK_FINE, "answers");
    says("nxdomain", 0, CHECK_FINE, "says NXDOMAIN");
    says("validation", 0, CHECK_WARNING,
         "cannot tell whether it validates: the root: resolver answered REFUSED");
    views[0].zone = answer(OC_DNS_TIMEOUT);
    judge();
    says("resolver", 0, CHECK_FINE, "answers");
}

/* A resolver that was not asked any more is not said to be dead. */
static void test_not_asked(void **state)
{
    (void)state;
    resolver()->zone = NULL;
    views[0].a = views[0].mx = views[0].www = NULL;
    judge();
    says("resolver", 0, CHECK_NOT_LOOKED, "was not asked");
    assert_int_equal(count_of("nxdomain") + count_of("validation"), 0);
}

/* Protects the length of the report: the same finding is told once, with the first names. */
static void test_many(void **state)
{
    struct rec_attempt slow = {.dur_ms = 250};

    (void)state;
    for (unsigned i = 0; i < 7; i++)
        resolver();
    ((struct rec_dns *)(uintptr_t)views[3].zone)->att.v = &slow;
    ((struct rec_dns *)(uintptr_t)views[3].zone)->att.n = 1;
    views[6].zone = views[6].a = views[6].mx = views[6].www = answer(OC_DNS_TIMEOUT);
    judge();
    assert_int_equal(count_of("resolver"), 2);
    says(
        "resolver", 0, CHECK_FINE,
        "192.168.0.1:53, 192.168.0.2:53, 192.168.0.3:53, 192.168.0.4:53 and 2 more: answers, in 0 to 250 ms");
    says("resolver", 1, CHECK_WARNING, "192.168.0.7:53 does not answer");
}

/* More kinds of finding than are told apart: the rest is one, and no failure is lost in it. */
static void test_many_findings(void **state)
{
    char text[MOST][16];

    (void)state;
    for (unsigned i = 0; i < MOST; i++) {
        snprintf(text[i], sizeof(text[i]), "10.0.0.%u", i);
        resolver()->a = with_text(text[i]);
    }
    views[MOST - 1].a = answer(OC_DNS_NXDOMAIN);
    judge();
    assert_int_equal(count_of("nxdomain"), 8);
    says("nxdomain", 0, CHECK_FAILED, "192.168.0.1:53 rewrites NXDOMAIN: it answers 10.0.0.0 for qqq");
    says("nxdomain", 7, CHECK_FAILED, "and 9 more: several other findings");
}

/* ---- nxdomain ---- */

static void test_nxdomain(void **state)
{
    struct rec_mx mx = {10, {"ads.example", 11}};
    struct rec_dns *rewritten;
    struct resolver_view *r;

    (void)state;
    r = resolver();
    judge();
    says("nxdomain", 0, CHECK_FINE, "says NXDOMAIN");
    r->a = answer(OC_DNS_NODATA);
    judge();
    says("nxdomain", 0, CHECK_WARNING, "\"no such record\" where a name does not exist (qqq)");
    r->mx = rewritten = answer(OC_OK); /* the worse of two */
    rewritten->mx.v = &mx;
    rewritten->mx.n = 1;
    judge();
    says("nxdomain", 0, CHECK_FAILED,
         "rewrites NXDOMAIN: it answers ads.example for qqq; its answers cannot be used; use another "
         "resolver");
    r->a = r->mx = answer(OC_DNS_NXDOMAIN);
    r->www = with_text("203.0.113.7");
    judge();
    says("nxdomain", 0, CHECK_FAILED, "it answers 203.0.113.7 for www.qqq.com");
    r->www = answer(OC_DNS_TIMEOUT);
    judge();
    says("nxdomain", 0, CHECK_WARNING, "cannot say that www.qqq.com does not exist: no answer");
    resolver(); /* one liar among many is one too many */
    r->a = with_text("203.0.113.7");
    judge();
    assert_int_equal(checks_count(&checks, CHECK_FAILED), 1);
}

/* ---- validation ---- */

static void test_signed_root(void **state)
{
    struct resolver_view *r;

    (void)state;
    r = resolver();
    judge();
    says("validation", 0, CHECK_WARNING, "does not validate (no AD bit for the root): no DANE evidence");
    r->zone = authentic();
    judge();
    says("validation", 0, CHECK_FINE, "validates the root; that it refuses bogus answers was not looked at");
    names.zone = "example"; /* which may be signed or not */
    judge();
    says("validation", 0, CHECK_NOT_LOOKED, "--probe-signed");
    names.zone = ".";
    is_lab(); /* has a root of its own */
    judge();
    says("validation", 0, CHECK_NOT_LOOKED, "--probe-signed");
}

static void test_signed_name(void **state)
{
    struct resolver_view *r;

    (void)state;
    names.signed_name = "good.example";
    r = resolver();
    r->zone = authentic(); /* the name asked for decides */
    r->signed_name = answer(OC_OK);
    judge();
    says("validation", 0, CHECK_WARNING, "no AD bit for good.example");
    r->signed_name = answer(OC_DNS_SERVFAIL);
    judge();
    says("validation", 0, CHECK_WARNING,
         "cannot tell whether it validates: good.example: resolver answered SERVFAIL");
    r->signed_name = authentic();
    judge();
    says("validation", 0, CHECK_FINE, "validates good.example");
}

static void test_bogus_name(void **state)
{
    struct rec_dns *bogus;
    struct resolver_view *r;

    (void)state;
    names.bogus = "bad.example";
    r = resolver();
    r->zone = authentic();
    r->bogus = bogus = answer(OC_DNS_SERVFAIL);
    bogus->cd_oc = OC_OK;
    judge();
    says("validation", 0, CHECK_FINE, "refuses bogus answers, validates the root");
    bogus->cd_oc = OC_DNS_SERVFAIL;
    judge();
    says("validation", 0, CHECK_WARNING, "with checking disabled too");
    bogus->oc = OC_OK;
    judge();
    says("validation", 0, CHECK_WARNING, "hands out bogus answers (bad.example)");
    bogus->oc = OC_DNS_TIMEOUT;
    judge();
    says("validation", 0, CHECK_WARNING, "cannot tell whether bogus answers are refused");
}

/* ---- rate ---- */

static void test_public(void **state)
{
    static const uint8_t far[4] = {198, 51, 100, 1};

    (void)state;
    resolver();
    judge();
    assert_int_equal(count_of("resolver"), 1);
    servers[0].address = address_from_v4(far);
    judge();
    says("resolver", 1, CHECK_WARNING, "198.51.100.1:53 is a public resolver: 200 queries/s (--dns-rate)");
    says("resolver", 1, CHECK_WARNING, "of your own (data/unbound.conf) is asked 2000/s");
    options.given[OPT_dns_rate] = true;
    judge();
    says("resolver", 1, CHECK_WARNING, "its AD bits prove nothing (RFC 7672 section 2.1.1)");
}

/* ---- ptr ---- */

static void test_reverse_name(void **state)
{
    static const struct {
        const char *address, *name;
    } cases[] = {
        {"203.0.113.5", "5.113.0.203.in-addr.arpa"},
        {"2001:db8::567:89ab",
         "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"}, /* RFC 3596 section 2.5
                                                                                       */
    };
    char name[REVERSE_NAME_BYTES];
    struct address a;

    (void)state;
    for (size_t i = 0; i < STS_LEN(cases); i++) {
        assert_int_equal(address_parse(cases[i].address, &a), STS_OK);
        reverse_name(&a, name);
        assert_string_equal(name, cases[i].name);
    }
}

static void test_source(void **state)
{
    struct source_view source = {.ptr = NULL};

    (void)state;
    assert_int_equal(address_parse("2001:db8::5", &source.address), STS_OK);
    judge_source(&source, "scan.example", &checks);
    says("ptr", 0, CHECK_NOT_LOOKED, "2001:db8::5: the PTR could not be looked up");
    source.ptr = answer(OC_DNS_SERVFAIL);
    judge_source(&source, "scan.example", &checks);
    says("ptr", 1, CHECK_NOT_LOOKED, "could not be looked up");
    source.ptr = answer(OC_DNS_NXDOMAIN);
    judge_source(&source, "scan.example", &checks);
    says("ptr", 2, CHECK_WARNING, "has no PTR");
    source.ptr = with_text("host.example");
    judge_source(&source, "scan.example", &checks);
    says("ptr", 3, CHECK_WARNING, "has the PTR host.example, the EHLO name is scan.example");
    source.ptr = with_text("SCAN.example");
    judge_source(&source, "scan.example", &checks);
    says("ptr", 4, CHECK_NOT_LOOKED, "could not be looked up");
    source.forward = with_text("2001:db8::6");
    judge_source(&source, "scan.example", &checks);
    says("ptr", 5, CHECK_WARNING, "give it an AAAA record");
    source.forward = with_text("2001:db8::5");
    judge_source(&source, "scan.example", &checks);
    says("ptr", 6, CHECK_FINE, "2001:db8::5 is scan.example, there and back");
}

/* ---- what is printed ---- */

static void printed(const char *expected, void (*print)(FILE *to))
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);

    assert_non_null(to);
    print(to);
    fclose(to);
    assert_string_equal(text, expected);
    free(text);
}

static void print_table(FILE *to)
{
    checks_table(&checks, "> ", to);
}

static void print_warnings(FILE *to)
{
    checks_complain(&checks, CHECK_WARNING, to);
}

static void print_failures(FILE *to)
{
    checks_complain(&checks, CHECK_FAILED, to);
}

static void test_printed(void **state)
{
    (void)state;
    checks_add(&checks, "one", CHECK_FINE, "f %d", 1);
    checks_add(&checks, "two", CHECK_WARNING, "w");
    checks_add(&checks, "three", CHECK_FAILED, "x");
    checks_add(&checks, "four", CHECK_NOT_LOOKED, "n");
    printed("> fine           one          f 1\n> warning        two          w\n"
            "> failed         three        x\n> not looked at  four         n\n",
            print_table);
    printed("stscan: warning: two: w\n", print_warnings);
    printed("stscan: failed: three: x\n", print_failures);
}

static void test_no_memory(void **state)
{
    struct arena small;
    struct checks list;

    (void)state;
    arena_init(&small, 1000);
    checks_init(&list, &small);
    for (unsigned i = 0; i < 100; i++)
        checks_add(&list, "n", CHECK_FINE, "%u", i);
    assert_true(list.no_memory);
    assert_true(list.n < 100);
    arena_fini(&small);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_resolver),      TEST(test_no_root),   TEST(test_not_asked),   TEST(test_many),
        TEST(test_many_findings), TEST(test_nxdomain),  TEST(test_signed_root), TEST(test_signed_name),
        TEST(test_bogus_name),    TEST(test_public),    TEST(test_source),      TEST(test_reverse_name),
        TEST(test_printed),       TEST(test_no_memory),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
