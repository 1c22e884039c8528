/* Certificates: chains verified at a time, names matched. The certificates are those of the golden scan. */
#include "analysis/chain.h"
#include "analysis/endpoint_class.h"
#include "tests/golden/golden.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS_2026_02 UINT64_C(1769947200000)
#define MS_2024_06 UINT64_C(1717200000000)
#define MS_2019    UINT64_C(1550000000000)
#define MS_2027    UINT64_C(1800000000000)

struct certs {
    struct chains *chains;
    const struct chain_rules *rules;
    struct sts_err err;
};

static int load(struct certs *c)
{
    if (!golden_load_certs(TEST_DATA "/golden/certs") || chains_new(&c->chains, c->rules, &c->err) != STS_OK)
        return -1;
    for (int i = 0; i < 2 * GC_LIMIT; i++) /* twice does no harm */
        if (chains_add(c->chains, &golden_certs[i % GC_LIMIT], &c->err) != STS_OK)
            return -1;
    return 0;
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct certs));
    return *state != NULL ? load(*state) : -1;
}

static int tear_down(void **state)
{
    struct certs *c = *state;

    chains_free(c->chains);
    free(c);
    return 0;
}

static struct chain_verdict verify(struct certs *c, int leaf, int issuer, uint64_t at_ms)
{
    struct sts_str chain[2] = {golden_certs[leaf].digest};
    struct sts_strs sent = {chain, issuer < 0 ? 1 : 2};
    struct chain_verdict verdict;

    if (issuer >= 0)
        chain[1] = golden_certs[issuer].digest;
    assert_int_equal(chains_verify(c->chains, &sent, at_ms, &verdict, &c->err), STS_OK);
    return verdict;
}

static void test_time(void **state)
{
    struct certs *c = *state;

    assert_int_equal(verify(c, GC_MX, GC_ISSUER, MS_2026_02).faults, 0);
    assert_int_equal(verify(c, GC_MX, GC_ISSUER, MS_2026_02 + 1000).faults, 0); /* from the table */
    /* The same chain seen at another time is another verdict, whatever the table holds. */
    assert_int_equal(verify(c, GC_MX, GC_ISSUER, MS_2027).faults, CHAIN_EXPIRED);
    assert_int_equal(verify(c, GC_MX, GC_ISSUER, MS_2024_06).faults, CHAIN_NOT_YET);
    assert_int_equal(verify(c, GC_MX, GC_ISSUER, MS_2026_02).faults, 0);
    assert_int_equal(verify(c, GC_EXPIRED, GC_ISSUER, MS_2024_06).faults, 0);
    assert_int_equal(verify(c, GC_EXPIRED, GC_ISSUER, MS_2026_02).faults, CHAIN_EXPIRED);
    assert_int_equal(verify(c, GC_EXPIRED, GC_ISSUER, MS_2026_02).depth, 0);
    assert_true(verify(c, GC_EXPIRED, GC_ISSUER, MS_2019).faults & CHAIN_NOT_YET);
    /* mx.der is valid until 2026-04-01 00:00:00, this second included (RFC 5280 section 4.1.2.5), whatever
     * was asked before. */
    assert_int_equal(verify(c, GC_MX, GC_ISSUER, UINT64_C(1775001601000)).faults, CHAIN_EXPIRED);
    assert_int_equal(verify(c, GC_MX, GC_ISSUER, UINT64_C(1775001600000)).faults, 0);
    assert_int_equal(verify(c, GC_MX, GC_ISSUER, UINT64_C(1775001601000)).faults, CHAIN_EXPIRED);
}

static void test_faults(void **state)
{
    struct certs *c = *state;
    struct sts_str unknown[2] = {{"no such fingerprint", 19}, {NULL, 0}};
    struct sts_strs chain = {unknown, 1};
    struct chain_verdict verdict;

    assert_int_equal(verify(c, GC_SELF, -1, MS_2026_02).faults, CHAIN_SELF_SIGNED);
    assert_int_equal(verify(c, GC_MX, -1, MS_2026_02).faults, CHAIN_NO_ISSUER);
    assert_int_equal(verify(c, GC_ROOT, -1, MS_2026_02).faults, CHAIN_OTHER); /* trusted, but for no server */
    assert_int_equal(chains_verify(c->chains, &chain, MS_2026_02, &verdict, &c->err), STS_OK);
    assert_int_equal(verdict.faults, CHAIN_NOT_IN_SCAN);
    chain.n = 0;
    assert_int_equal(chains_verify(c->chains, &chain, MS_2026_02, &verdict, &c->err), STS_OK);
    assert_int_equal(verdict.faults, CHAIN_EMPTY);
}

static bool match(struct certs *c, int leaf, const char *host)
{
    struct sts_strs chain = {&golden_certs[leaf].digest, 1};
    bool first, second;

    assert_int_equal(chains_match(c->chains, &chain, sts_str(host), &first, &c->err), STS_OK);
    assert_int_equal(chains_match(c->chains, &chain, sts_str(host), &second, &c->err), STS_OK);
    assert_int_equal(first, second);
    return first;
}

static void test_match(void **state)
{
    struct certs *c = *state;

    assert_true(match(c, GC_MX, "mx1.good.example"));
    assert_true(match(c, GC_MX, "MX1.Good.Example."));
    assert_true(match(c, GC_MX, "a.wild.example"));
    assert_false(match(c, GC_MX, "wild.example"));
    assert_false(match(c, GC_MX, "a.b.wild.example"));
    assert_false(match(c, GC_MX, ".good.example")); /* OpenSSL would take it as "any name below" */
    assert_false(match(c, GC_MX, "."));
    assert_false(match(c, GC_MX, ""));
    assert_false(match(c, GC_EXPIRED, "expired.example")); /* in the common name only */
}

static void test_bad_der(void **state)
{
    struct certs *c = *state;
    struct rec_cert cert = {.digest = {"x", 1}, .der = {"\x30\x03junk", 6}, .trusted = true};
    struct sts_strs chain = {&cert.digest, 1};
    struct chain_verdict verdict;
    bool matches;

    assert_int_equal(chains_add(c->chains, &cert, &c->err), STS_OK);
    assert_int_equal(chains_verify(c->chains, &chain, MS_2026_02, &verdict, &c->err), STS_OK);
    assert_int_equal(verdict.faults, CHAIN_UNREADABLE);
    assert_int_equal(chains_match(c->chains, &chain, sts_str("a.b"), &matches, &c->err), STS_OK);
    assert_false(matches);
}

/* The same certificates, judged by `rules`. */
static uint32_t faults_by(const struct chain_rules *rules, int leaf, int issuer, uint64_t at_ms)
{
    struct certs c = {.rules = rules};
    uint32_t faults;

    assert_int_equal(load(&c), 0);
    faults = verify(&c, leaf, issuer, at_ms).faults;
    chains_free(c.chains);
    return faults;
}

static void test_rules(void **state)
{
    const struct chain_rules later = {.has_time = true, .time_ms = MS_2027};
    const struct chain_rules lost = {.certs_lost = true};
    const struct chain_rules other = {.ca_file = TEST_DATA "/golden/certs/self.pem"};

    (void)state;
    assert_int_equal(faults_by(&later, GC_MX, GC_ISSUER, MS_2026_02), CHAIN_EXPIRED);
    assert_int_equal(faults_by(&later, GC_MX, GC_ISSUER, MS_2019), CHAIN_EXPIRED);
    /* Only these CAs, whatever the scan trusted. */
    assert_int_equal(faults_by(&other, GC_SELF, -1, MS_2026_02), 0);
    assert_true(faults_by(&other, GC_MX, GC_ISSUER, MS_2026_02) & CHAIN_NO_ISSUER);
    /* The way to a root may be among what is lost; what is expired is so all the same. */
    assert_int_equal(faults_by(&lost, GC_MX, GC_ISSUER, MS_2026_02), 0);
    assert_int_equal(faults_by(&lost, GC_MX, -1, MS_2026_02), CHAIN_NO_ISSUER | CHAIN_NOT_IN_SCAN);
    assert_int_equal(faults_by(&lost, GC_EXPIRED, GC_ISSUER, MS_2026_02), CHAIN_EXPIRED);
}

/* A bundle that cannot be read whole is refused: half a trust store is a wrong one. */
static void test_bad_bundle(void **state)
{
    static const char cut[] = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    char path[] = "/tmp/test_chain.XXXXXX", pem[8192];
    int fd = mkstemp(path);
    FILE *good = fopen(TEST_DATA "/golden/certs/self.pem", "r"), *out = fdopen(fd, "w");
    const struct {
        struct chain_rules rules;
        const char *words;
    } rows[] = {
        {{.ca_file = "/no/such/file"}, "/no/such/file: cannot open: No such file"},
        {{.ca_file = TEST_DATA "/golden/certs/self.der"}, "holds no certificate"},
        {{.ca_file = path}, "its certificate 2 cannot be read"},
    };

    (void)state;
    assert_true(fd >= 0 && good != NULL && out != NULL);
    fwrite(pem, 1, fread(pem, 1, sizeof(pem), good), out);
    fputs(cut, out);
    fclose(good);
    fclose(out);
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct chains *chains = NULL;
        struct sts_err err = {0};

        assert_int_equal(chains_new(&chains, &rows[i].rules, &err), STS_EINVAL);
        assert_non_null(strstr(err.msg, rows[i].words));
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_faults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_match, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_der, set_up, tear_down),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_bad_bundle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
