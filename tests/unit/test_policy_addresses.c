/* What the addresses of a policy host come to together. The certificates are those of the golden scan. */
#include "analysis/policy_addresses.h"
#include "tests/golden/golden.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define MS_2026_02 UINT64_C(1769947200000)
#define S(text)    ((struct sts_str){text, sizeof(text) - 1})
#define POLICY     S("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 86400\n")
#define OTHER      S("version: STSv1\nmode: testing\nmx: a.example\nmax_age: 86400\n")
#define HOST       S("mta-sts.good.example")
#define MOST       8

struct scene {
    struct chains *chains;
    struct rec_tls tls;
    struct rec_attempt attempts[MOST];
    struct rec_fetch others[MOST];
    struct rec_policy policy;
    struct policy_addresses all;
    struct sts_err err;
};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));

    if (s == NULL || !golden_load_certs(TEST_DATA "/golden/certs") ||
        chains_new(&s->chains, NULL, &s->err) != STS_OK)
        return -1;
    for (int i = 0; i < GC_LIMIT; i++)
        if (chains_add(s->chains, &golden_certs[i], &s->err) != STS_OK)
            return -1;
    s->tls = (struct rec_tls){.version = 0x0304, .chain = {golden_chain_policy, 2}};
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    chains_free(s->chains);
    free(s);
    return 0;
}

static void tried(struct scene *s, const char *ip, enum outcome oc)
{
    s->policy.att.v = s->attempts;
    s->attempts[s->policy.att.n++] = (struct rec_attempt){.oc = oc, .ip = sts_str(ip)};
}

/* A policy host that serves POLICY at `ip`. */
static struct scene *serves(void **state, const char *ip)
{
    struct scene *s = *state;

    s->policy = (struct rec_policy){.host = HOST,
                                    .oc = OC_OK,
                                    .ip = sts_str(ip),
                                    .tls = &s->tls,
                                    .status = 200,
                                    .headers = S("Content-Type: text/plain\r\n"),
                                    .body = POLICY,
                                    .body_digest = S("digest")};
    tried(s, ip, OC_OK);
    return s;
}

/* Its address `ip` answers with status 200: the body of the record, or another. */
static struct rec_fetch *also_serves(struct scene *s, const char *ip, struct sts_str digest)
{
    struct rec_fetch *f = &s->others[s->policy.others.n++];

    s->policy.others.v = s->others;
    *f = (struct rec_fetch){.ip = sts_str(ip),
                            .oc = OC_OK,
                            .tls = &s->tls,
                            .status = 200,
                            .headers = s->policy.headers,
                            .body_digest = digest};
    if (!sts_str_equal(digest, s->policy.body_digest))
        f->body = OTHER;
    return f;
}

static struct rec_fetch *also_fails(struct scene *s, const char *ip, enum outcome oc)
{
    struct rec_fetch *f = also_serves(s, ip, S(""));

    *f = (struct rec_fetch){.ip = sts_str(ip), .oc = oc};
    if (oc == OC_HTTP_STATUS) {
        f->tls = &s->tls;
        f->status = 404;
    }
    return f;
}

static const struct policy_addresses *compared(struct scene *s)
{
    const struct rec_policy *p = &s->policy;
    struct rec_fetch own = {.oc = p->oc,
                            .tls = p->tls,
                            .status = p->status,
                            .headers = p->headers,
                            .body = p->body,
                            .body_digest = p->body_digest};
    struct policy_facts facts;

    assert_int_equal(policy_fetch_classify(&facts, s->chains, MS_2026_02, p, &own, &s->err), STS_OK);
    assert_int_equal(policy_addresses_compare(&s->all, s->chains, MS_2026_02, p, &facts, &s->err), STS_OK);
    return &s->all;
}

static void expect(const struct policy_addresses *a, uint32_t n_asked, uint32_t n_ok, uint32_t n_conclusive,
                   const char *differences)
{
    assert_int_equal(a->n_asked, n_asked);
    assert_int_equal(a->n_ok, n_ok);
    assert_int_equal(a->n_conclusive, n_conclusive);
    assert_int_equal(a->bodies, strchr(differences, 'b') != NULL);
    assert_int_equal(a->partly, strchr(differences, 'p') != NULL);
    assert_int_equal(a->failures, strchr(differences, 'f') != NULL);
    assert_int_equal(policy_addresses_differ(a), differences[0] != '\0');
}

/* Row 49: bodies are compared by digest; the body of an equal one is that of the record. */
static void test_bodies(void **state)
{
    struct scene *s = serves(state, "192.0.2.1");
    struct policy_facts facts;

    expect(compared(s), 1, 1, 1, "");
    also_serves(s, "192.0.2.2", S("digest"));
    expect(compared(s), 2, 2, 2, "");
    also_serves(s, "192.0.2.3", S("another"));
    expect(compared(s), 3, 3, 3, "b");
    assert_int_equal(policy_fetch_classify(&facts, s->chains, MS_2026_02, &s->policy, &s->others[0], &s->err),
                     STS_OK);
    assert_int_equal(facts.body.mode, STS_MODE_ENFORCE);
    assert_int_equal(policy_fetch_classify(&facts, s->chains, MS_2026_02, &s->policy, &s->others[1], &s->err),
                     STS_OK);
    assert_int_equal(facts.body.mode, STS_MODE_TESTING);
}

/* An error page is no other policy; an expired certificate is a failure that lasts. */
static void test_partly(void **state)
{
    struct scene *s = serves(state, "192.0.2.1");

    also_fails(s, "192.0.2.2", OC_HTTP_STATUS)->body_digest = S("page");
    expect(compared(s), 2, 1, 2, "p");
    s = serves(state, "192.0.2.1");
    also_serves(s, "192.0.2.2", S("digest"))->t_ms = UINT64_C(20) * 365 * 24 * 3600 * 1000;
    expect(compared(s), 2, 1, 2, "p");
    s = serves(state, "192.0.2.1");
    also_serves(s, "192.0.2.2", S("another"))->headers = S("Content-Type: text/html\r\n");
    expect(compared(s), 2, 1, 2, "bp");
}

/* What may be otherwise later, what was not asked and what is our fault never differ. */
static void test_passing(void **state)
{
    static const enum outcome passing[] = {OC_TCP_TIMEOUT, OC_HTTP_TIMEOUT, OC_TLS_TIMEOUT, OC_HTTP_RESET};
    static const enum outcome unasked[] = {OC_BLOCKLISTED, OC_ADDRESS_RESERVED, OC_OUR_NETWORK, OC_OUR_STOP};
    struct scene *s = serves(state, "192.0.2.1");

    for (size_t i = 0; i < STS_LEN(passing); i++)
        also_fails(s, "192.0.2.2", passing[i]);
    for (size_t i = 0; i < STS_LEN(unasked); i++)
        also_fails(s, "192.0.2.3", unasked[i]);
    expect(compared(s), 1 + STS_LEN(passing), 1, 1, "");
}

/* Valid nowhere: by the same failure, or by several. */
static void test_failures(void **state)
{
    struct scene *s = serves(state, "192.0.2.1");

    s->policy.oc = OC_HTTP_STATUS;
    s->policy.status = 404;
    also_fails(s, "192.0.2.2", OC_HTTP_STATUS);
    expect(compared(s), 2, 0, 2, "");
    also_fails(s, "192.0.2.3", OC_TLS_ALERT);
    expect(compared(s), 3, 0, 3, "f");
    also_serves(s, "192.0.2.4", S("digest"));
    expect(compared(s), 4, 1, 4, "p");
}

/* Row 27: the class of each family, by the address that was tried first and failed too. */
static void test_families(void **state)
{
    struct scene *s = serves(state, "192.0.2.1");

    assert_int_equal(compared(s)->ipv4, POL_OK);
    assert_int_equal(s->all.ipv6, POL_NONE);
    s->policy.att.n = 0;
    tried(s, "2001:db8::1", OC_TCP_TIMEOUT); /* of a round before */
    tried(s, "192.0.2.1", OC_OUR_STALL);
    tried(s, "2001:db8::1", OC_TCP_REFUSED);
    tried(s, "192.0.2.1", OC_OK);
    expect(compared(s), 2, 1, 2, "p");
    assert_int_equal(s->all.ipv4, POL_OK);
    assert_int_equal(s->all.ipv6, POL_TCP);
    also_serves(s, "2001:db8::2", S("digest"));
    assert_int_equal(compared(s)->ipv6, POL_TCP);
    s = serves(state, "192.0.2.1"); /* had the say in a round before */
    tried(s, "2001:db8::1", OC_HTTP_TIMEOUT);
    assert_int_equal(compared(s)->ipv6, POL_TIMEOUT);

    s = serves(state,
               "192.0.2.1"); /* one that failed for a while speaks for its family where no other does */
    also_fails(s, "2001:db8::1", OC_TCP_TIMEOUT);
    assert_int_equal(compared(s)->ipv6, POL_TCP);
    also_fails(s, "2001:db8::2", OC_HTTP_STATUS);
    assert_int_equal(compared(s)->ipv6, POL_HTTP_STATUS);
    assert_int_equal(s->all.ipv4, POL_OK);
}

/* Nobody was asked. */
static void test_none(void **state)
{
    struct scene *s = *state;

    s->policy = (struct rec_policy){.host = HOST, .oc = OC_BLOCKLISTED};
    tried(s, "192.0.2.1", OC_BLOCKLISTED);
    expect(compared(s), 0, 0, 0, "");
    assert_int_equal(s->all.ipv4, POL_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),   cmocka_unit_test(test_partly),   cmocka_unit_test(test_passing),
        cmocka_unit_test(test_failures), cmocka_unit_test(test_families), cmocka_unit_test(test_none),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
