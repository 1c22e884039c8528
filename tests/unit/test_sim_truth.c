/* truth*.c: what becomes of a message, from facts made by hand; and the truth of whole populations of a
 * class. */
#include "bench/sim/truth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A host: what was seen of it, and whether the policy lists it. */
struct seen {
    uint16_t preference;
    enum tls_word tls;
    bool good, listed;
};
#define GOOD     TLS_ENCRYPTED, true, true
#define UNLISTED TLS_ENCRYPTED, true, false
#define BAD_CERT TLS_ENCRYPTED, false, true
#define CLEAR    TLS_CLEAR, false, true
#define FAILED   TLS_FAILED, false, true
#define OLD      TLS_OLD, false, true
#define UNKNOWN  TLS_UNKNOWN, false, true
#define DOWN     TLS_DOWN, false, true

struct row {
    const char *mail, *record, *policy, *mode;
    struct seen host[3];
    unsigned n_hosts;
    const char *opportunistic, *mta_sts, *if_enforced, *cached, *first, *results, *headline;
};
static const struct row ROWS[] = {
#include "tests/unit/sim_verdict_rows.def"
};

static void set(struct truth *t, const struct row *r)
{
    memset(t, 0, sizeof(*t));
    t->mail = r->mail;
    t->strict = t->lenient = (struct truth_reading){r->record, r->policy, r->mode, NULL};
    t->max_age_s = 86400;
    t->n_hosts = r->n_hosts;
    for (unsigned n = 0; n < r->n_hosts; n++) {
        const struct seen *h = &r->host[n];
        t->host[n] = (struct truth_host){.preference = h->preference,
                                         .best = h->tls,
                                         .worst = h->tls,
                                         .cert_seen = h->tls == TLS_ENCRYPTED,
                                         .cert_good = h->good,
                                         .cert_fault = RESULT_CERTIFICATE_EXPIRED,
                                         .listed = h->listed,
                                         .listed_lenient = h->listed};
    }
}

static void results_are(const struct truth *t, const char *expected)
{
    char found[512] = "";
    size_t len = 0;

    for (unsigned r = 0; r < RESULT_LIMIT; r++)
        if (t->results & (1U << r))
            len += (size_t)snprintf(found + len, sizeof(found) - len, "%s%s", len > 0 ? " " : "",
                                    truth_result_name((enum result)r));
    assert_string_equal(found, expected);
}

static void test_verdicts(void **state)
{
    struct truth *t = calloc(1, sizeof(*t));

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct row *r = &ROWS[i];
        set(t, r);
        truth_verdict(t);
        if (strcmp(t->opportunistic, r->opportunistic) != 0 || strcmp(t->mta_sts, r->mta_sts) != 0 ||
            strcmp(t->mta_sts_if_enforced, r->if_enforced) != 0 ||
            strcmp(t->attacked_cached, r->cached) != 0 || strcmp(t->attacked_first, r->first) != 0)
            fail_msg("row %zu: %s %s %s, attacked %s %s", i, t->opportunistic, t->mta_sts,
                     t->mta_sts_if_enforced, t->attacked_cached, t->attacked_first);
        results_are(t, r->results);
        if (r->headline == NULL)
            assert_int_equal(t->headline, RESULT_LIMIT);
        else
            assert_string_equal(truth_result_name(t->headline), r->headline);
    }
    free(t);
}

/* The numbers of hosts are of those that the policy lists, usable ones alone. */
static void test_counts(void **state)
{
    static const struct row row = {
        "has-mx", "valid", "ok", "testing", {{10, GOOD}, {20, UNKNOWN}, {30, UNLISTED}}, 3};
    struct truth *t = calloc(1, sizeof(*t));

    (void)state;
    set(t, &row);
    truth_verdict(t);
    assert_int_equal(t->n_judged, 3);
    assert_int_equal(t->n_listed, 2);
    assert_int_equal(t->n_passing, 1);
    assert_int_equal(t->n_unknown, 1);
    assert_int_equal(t->n_down, 0);
    assert_string_equal(t->strict.state, "testing");
    free(t);
}

/* A policy that nobody may keep protects from no attack: RFC 8461 section 3.2. */
static void test_age_0(void **state)
{
    static const struct row row = {"has-mx", "valid", "ok", "enforce", {{10, GOOD}}, 1};
    struct truth *t = calloc(1, sizeof(*t));

    (void)state;
    set(t, &row);
    t->max_age_s = 0;
    truth_verdict(t);
    assert_string_equal(t->mta_sts, "authenticated");
    assert_string_equal(t->attacked_cached, "clear");
    free(t);
}

/* RFC 8461 section 4.1. */
static void test_lists(void **state)
{
    (void)state;
    assert_true(truth_lists("mx.example.com", "MX.Example.com"));
    assert_true(truth_lists("*.EXAMPLE.com", "mx.example.com"));
    assert_false(truth_lists("*.example.com", "example.com"));
    assert_false(truth_lists("*.example.com", "a.b.example.com"));
    assert_false(truth_lists("*.com", "mx.example.com"));
    assert_false(truth_lists("mx.example.com", "mx.example.comm"));
    assert_false(truth_lists("mx.example.com.", "mx.example.com"));
}

/* ---- populations of one class ---- */

static const struct truth_scan SCAN = {20, 25};

static void only(struct world *w, const char *class_)
{
    char error[512];

    *w = (struct world){.n_names = 50, .seed = 3};
    if (!world_read(w, DATA "/toplist.profile", error, sizeof(error)) ||
        !world_only(w, class_, error, sizeof(error)) || !world_finish(w, error, sizeof(error)))
        fail_msg("%s: %s", class_, error);
}

struct wanted {
    const char *class_, *record, *lenient, *policy, *mta_sts, *results;
};
static const struct wanted WANTED[] = {
    {"sts-version-blank", "invalid", "valid", "ok", "encrypted", ""},
    {"sts-wild-spf", "none", "none", NULL, "encrypted", ""},
    {"sts-timeout", "unknown", "unknown", "ok", "inconclusive", ""},
    {"policy-dangling", "valid", "valid", "dns", "encrypted", "sts-policy-fetch-error"},
    {"policy-parked", "valid", "valid", "media", "encrypted", "sts-policy-fetch-error sts-policy-invalid"},
    {"policy-no-chain", "valid", "valid", "tls-untrusted", "encrypted", "sts-webpki-invalid"},
    {"body-bom", "valid", "valid", "syntax", "encrypted", "sts-policy-invalid"},
    {"list-deep", "valid", "valid", "ok", "refused", "validation-failure"},
    {"list-case", "valid", "valid", "ok", "authenticated", ""},
    {"mx-case", "valid", "valid", "ok", "authenticated", ""},
    {"mx-v6-dead", "valid", "valid", "ok", "authenticated", ""},
    {"mx-dangling", "valid", "valid", "ok", "inconclusive", ""},
    {"mx-cert-other-host", "valid", "valid", "ok", "authenticated", "certificate-host-mismatch"},
    {"smtp-greylist", "valid", "valid", "ok", "authenticated", ""},
    {"smtp-554", "valid", "valid", "ok", "inconclusive", ""},
    {"smtp-502", "valid", "valid", "ok", "refused", "starttls-not-supported"},
    {"smtp-454", "valid", "valid", "ok", "refused", "validation-failure"},
    {"smtp-cn-only", "valid", "valid", "ok", "refused", "certificate-host-mismatch"},
    {"query-timeout", "unknown", "unknown", "inconclusive", "inconclusive", ""},
    {"query-lost-once", "valid", "valid", "ok", "authenticated", ""},
    {"mail-null", "valid", "valid", "ok", "not-applicable", ""},
    {"mail-implicit", "valid", "valid", "ok", "authenticated", ""},
};

static void test_classes(void **state)
{
    static char bytes[1 << 20]; /* a line */
    struct world *w = malloc(sizeof(*w));
    struct truth *t = malloc(sizeof(*t));

    (void)state;
    for (size_t n = 0; n < sizeof(WANTED) / sizeof(WANTED[0]); n++) {
        only(w, WANTED[n].class_);
        for (uint64_t i = 0; i < w->n_names; i++) {
            struct text line = {bytes, 0, sizeof(bytes), false};
            truth_of(w, i, &SCAN, t);
            if (strcmp(t->strict.record, WANTED[n].record) != 0 ||
                strcmp(t->lenient.record, WANTED[n].lenient) != 0 ||
                strcmp(t->mta_sts, WANTED[n].mta_sts) != 0)
                fail_msg("%s: %s %s %s", WANTED[n].class_, t->strict.record, t->lenient.record, t->mta_sts);
            assert_true((t->strict.policy == NULL) == (WANTED[n].policy == NULL));
            if (WANTED[n].policy != NULL)
                assert_string_equal(t->strict.policy, WANTED[n].policy);
            results_are(t, WANTED[n].results);
            truth_put(w, t, &line);
            assert_false(line.full);
            assert_true(bytes[0] == '{' && bytes[line.len - 1] == '}');
        }
    }
    free(t);
    free(w);
}

/* A random label is asked for where there is a TXT at either name; a wildcard is one of the record alone. */
static void test_wild(void **state)
{
    static const struct {
        const char *class_;
        int wild;
    } wanted[] = {{"sts-wild-sts", 1}, {"sts-wild-spf", 0}, {"sts-ok", 0}, {"sts-servfail", 0}};
    struct world *w = malloc(sizeof(*w));
    struct truth *t = malloc(sizeof(*t));

    (void)state;
    for (size_t n = 0; n < sizeof(wanted) / sizeof(wanted[0]); n++) {
        only(w, wanted[n].class_);
        truth_of(w, 0, &SCAN, t);
        assert_int_equal(t->wild, t->rpt[0] == 'n' && n == 3 ? -1 : wanted[n].wild);
    }
    free(t);
    free(w);
}

/* What is beyond --mx-limit is not looked at: the hosts of the lowest preferences are. */
static void test_mx_limit(void **state)
{
    struct world *w = malloc(sizeof(*w));
    struct truth *t = malloc(sizeof(*t));

    (void)state;
    only(w, "mx-many");
    truth_of(w, 0, &SCAN, t);
    assert_int_equal(t->n_mx_rrs, 150);
    assert_int_equal(t->n_looked_at, 20);
    assert_int_equal(t->n_judged, 150);
    assert_int_equal(t->n_listed, 150);
    assert_int_equal(t->n_passing, 20);
    assert_int_equal(t->n_unknown, 130);
    for (unsigned n = 1; n < t->n_hosts; n++)
        assert_true(t->host[n - 1].preference <= t->host[n].preference);
    assert_true(t->host[19].preference < t->fate.mx[149].preference);
    truth_of(w, 0, &(struct truth_scan){1000, 25}, t);
    assert_int_equal(t->n_looked_at, 150);
    assert_int_equal(t->n_unknown, 0);
    free(t);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts), cmocka_unit_test(test_counts),  cmocka_unit_test(test_lists),
        cmocka_unit_test(test_age_0),    cmocka_unit_test(test_classes), cmocka_unit_test(test_wild),
        cmocka_unit_test(test_mx_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
