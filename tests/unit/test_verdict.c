/* What becomes of a message: facts in, verdict out. The numbers are rows of STANDARDS.md, section 4. */
#include "analysis/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MX_MOST 4

enum kind {
    ABSENT,
    GOOD,
    BAD_NAME,
    EXPIRED,
    UNTRUSTED,
    WEAK,
    NO_CERT,
    INFERRED,
    OLD,
    FAILED,
    CLEAR,
    DOWN,
    UNKNOWN
};

static const struct mx_facts kinds[] = {
    [GOOD] = {.tls = MX_TLS_ENCRYPTED, .cert_good = true},
    [BAD_NAME] = {.tls = MX_TLS_ENCRYPTED, .cert_fault = RESULT_CERTIFICATE_HOST_MISMATCH},
    [EXPIRED] = {.tls = MX_TLS_ENCRYPTED, .cert_fault = RESULT_CERTIFICATE_EXPIRED},
    [UNTRUSTED] = {.tls = MX_TLS_ENCRYPTED, .cert_fault = RESULT_CERTIFICATE_NOT_TRUSTED},
    [WEAK] = {.tls = MX_TLS_ENCRYPTED, .cert_fault = RESULT_CERTIFICATE_NOT_TRUSTED, .cert_weak = true},
    [NO_CERT] = {.tls = MX_TLS_ENCRYPTED, .cert_fault = RESULT_VALIDATION_FAILURE},
    [INFERRED] = {.tls = MX_TLS_ENCRYPTED, .inferred = true},
    [OLD] = {.tls = MX_TLS_OLD},
    [FAILED] = {.tls = MX_TLS_FAILED},
    [CLEAR] = {.tls = MX_TLS_CLEAR},
    [DOWN] = {.tls = MX_TLS_DOWN},
    [UNKNOWN] = {.tls = MX_TLS_UNKNOWN},
};

/* What the name publishes; from FETCHED on: a policy of this class. */
enum published { ENFORCE, TESTING, MODE_NONE, NO_RECORD, MULTIPLE, WRONG, NO_ANSWER, FETCHED };

struct host {
    uint32_t preference;
    const char *name;
    enum kind kind;
};

struct row {
    const char *what;
    struct host mx[MX_MOST];
    const char *patterns;
    unsigned published;
    /* Opportunistic; MTA-STS, if enforced; attacked: opportunistic, cached, first. */
    const char *want; /* N, A, E, C, R, I: as in enum delivery */
    enum sts_state state;
    uint32_t results;
    enum result_type headline;
    enum mx_state mail; /* MX_HAS */
    uint32_t policy_results;
    bool uncached, lenient;
};

#define NOT_SUPPORTED RESULT_STARTTLS_NOT_SUPPORTED
#define MISMATCH      RESULT_CERTIFICATE_HOST_MISMATCH
#define CERT_EXPIRED  RESULT_CERTIFICATE_EXPIRED
#define NOT_TRUSTED   RESULT_CERTIFICATE_NOT_TRUSTED
#define VALIDATION    RESULT_VALIDATION_FAILURE
#define FETCH_ERROR   RESULT_STS_POLICY_FETCH_ERROR
#define INVALID       RESULT_STS_POLICY_INVALID
#define WEBPKI        RESULT_STS_WEBPKI_INVALID
#define B(type)       RESULT_BIT(type)
#define ONE(type)     RESULT_BIT(type), type
#define AB            "mx: a.x\nmx: b.x\n"

static const struct row rows[] = {
#define ROW(...) {__VA_ARGS__},
#include "tests/unit/verdict_rows.def"
#undef ROW
};

/* Points into `mx`. */
static struct verdict_facts facts_of(const struct row *row, struct mx_facts mx[MX_MOST])
{
    struct verdict_facts f = {.mail = row->mail,
                              .mx = mx,
                              .sts = VERDICT_VALID,
                              .policy = POL_OK,
                              .policy_results = row->policy_results,
                              .uncached = row->uncached,
                              .lenient = row->lenient,
                              .policy_body = sts_str(row->patterns)};

    for (unsigned i = 0; i < MX_MOST && row->mx[i].kind != ABSENT; i++, f.n_mx++) {
        mx[i] = kinds[row->mx[i].kind];
        mx[i].preference = row->mx[i].preference;
        mx[i].host = sts_str(row->mx[i].name);
    }
    switch (row->published) {
    case ENFORCE: f.mode = STS_MODE_ENFORCE; break;
    case TESTING: f.mode = STS_MODE_TESTING; break;
    case MODE_NONE: f.mode = STS_MODE_NONE; break;
    case NO_RECORD: f.sts = VERDICT_NONE; break;
    case MULTIPLE: f.sts = VERDICT_MULTIPLE; break;
    case WRONG: f.sts = VERDICT_INVALID; break;
    case NO_ANSWER:
        f.sts = VERDICT_NONE;
        f.sts_unknown = true;
        break;
    default: f.policy = (enum policy_class)(row->published - FETCHED); break;
    }
    return f;
}

static void letters(char out[7], const struct verdict_of_domain *v)
{
    static const char of[] = "NAECRI";

    snprintf(out, 7, "%c%c%c%c%c%c", of[v->opportunistic], of[v->mta_sts], of[v->if_enforced],
             of[v->attacked_opportunistic], of[v->attacked_cached], of[v->attacked_first]);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct mx_facts mx[MX_MOST];
        struct mx_verdict of_mx[MX_MOST];
        struct verdict_facts f = facts_of(&rows[i], mx);
        struct verdict_of_domain v, again;
        char got[7];

        verdict_judge(&v, of_mx, &f);
        letters(got, &v);
        if (strcmp(got, rows[i].want) != 0 || v.state != rows[i].state || v.results != rows[i].results ||
            v.headline != rows[i].headline)
            fail_msg("%s: %s, state %s, results %x, headline %s", rows[i].what, got, sts_state_name(v.state),
                     v.results, result_type_name(v.headline));
        verdict_judge(&again, NULL, &f);
        assert_memory_equal(&v, &again, sizeof(v));
    }
}

/* Each class of a fetch, with the result type of STANDARDS.md's table. */
static void test_fetch_results(void **state)
{
    (void)state;
    for (enum policy_class c = 0; c < POL_CLASS_LIMIT; c++) {
        struct mx_facts mx = kinds[GOOD];
        struct verdict_facts f = {.mx = &mx, .n_mx = 1, .sts = VERDICT_VALID, .policy = c};
        enum result_type want = FETCH_ERROR;
        struct verdict_of_domain v;

        if (c == POL_NONE || c == POL_OK || c == POL_INCONCLUSIVE)
            want = RESULT_NONE;
        else if (c >= POL_TLS_NAME && c <= POL_TLS_OTHER)
            want = WEBPKI;
        else if (c == POL_SYNTAX)
            want = INVALID;
        verdict_judge(&v, NULL, &f);
        assert_int_equal(v.headline, want);
        assert_int_equal(v.results, want == RESULT_NONE ? 0 : B(want));
        assert_int_equal(v.state == STS_FETCH_FAILED, want != RESULT_NONE);
        assert_string_equal(policy_class_result(c), result_type_name(want));
    }
}

static void test_mx_verdicts(void **state)
{
    static const struct row row = {
        "",          {{10, "a.x", GOOD}, {10, "b.x", DOWN}, {20, "c.x", UNKNOWN}, {30, "d.y", OLD}},
        "mx: *.x\n", ENFORCE,
        "",          STS_ENFORCED};
    struct mx_facts mx[MX_MOST];
    struct mx_verdict of_mx[MX_MOST];
    struct verdict_facts f = facts_of(&row, mx);
    struct verdict_of_domain v;

    (void)state;
    verdict_judge(&v, of_mx, &f);
    assert_true(of_mx[0].listed && of_mx[0].passes && !of_mx[0].unknown && !of_mx[0].down);
    assert_true(of_mx[1].listed && !of_mx[1].passes && !of_mx[1].unknown && of_mx[1].down);
    assert_true(of_mx[2].listed && !of_mx[2].passes && of_mx[2].unknown && !of_mx[2].down);
    assert_true(!of_mx[3].listed && !of_mx[3].passes && !of_mx[3].unknown && !of_mx[3].down);
    assert_int_equal(of_mx[3].failure, VALIDATION);
    assert_int_equal(v.n_listed, 3);
    assert_int_equal(v.n_passing, 1);
    assert_int_equal(v.n_unknown, 1);
    assert_int_equal(v.n_down, 1);
}

/* One host, several addresses: what works counts for MTA-STS, the worst for a sender that asks for nothing.
 */
static void test_worst_address(void **state)
{
    struct mx_facts mx = {
        .host = sts_str("a.x"), .tls = MX_TLS_ENCRYPTED, .worst = MX_TLS_CLEAR, .cert_good = true};
    struct verdict_facts f = {.mx = &mx,
                              .n_mx = 1,
                              .sts = VERDICT_VALID,
                              .policy = POL_OK,
                              .mode = STS_MODE_ENFORCE,
                              .policy_body = sts_str(AB)};
    struct verdict_of_domain v;

    (void)state;
    verdict_judge(&v, NULL, &f);
    assert_int_equal(v.opportunistic, DELIVERY_CLEAR);
    assert_int_equal(v.mta_sts, DELIVERY_AUTHENTICATED);
}

static void check_mixture(const struct row *row)
{
    struct mx_facts mx[MX_MOST];
    struct mx_verdict of_mx[MX_MOST];
    struct verdict_facts f = facts_of(row, mx);
    unsigned n_pass = 0, n_open = 0, n_listed = 0, n_down = 0;
    struct verdict_of_domain v;

    verdict_judge(&v, of_mx, &f);
    for (unsigned i = 0; i < f.n_mx; i++) {
        enum kind kind = row->mx[i].kind;
        bool listed = row->mx[i].name[2] == 'x';

        n_listed += listed;
        n_pass += listed && kind == GOOD;
        n_open += listed && (kind == UNKNOWN || kind == INFERRED);
        n_down += listed && kind == DOWN;
        /* Each listed host is exactly one of these. */
        assert_int_equal(listed, of_mx[i].passes + of_mx[i].unknown + of_mx[i].down +
                                     (of_mx[i].listed && of_mx[i].failure != RESULT_NONE));
        if (of_mx[i].failure != RESULT_NONE)
            assert_true(v.results & B(of_mx[i].failure));
    }
    assert_int_equal(v.headline != RESULT_NONE, v.results != 0);
    if (v.headline != RESULT_NONE)
        assert_true(v.results & B(v.headline));
    if (n_pass > 0)
        assert_int_equal(v.if_enforced, DELIVERY_AUTHENTICATED);
    else if (n_open > 0 || (n_listed > 0 && n_down == n_listed))
        assert_int_equal(v.if_enforced, DELIVERY_INCONCLUSIVE);
    else
        assert_int_equal(v.if_enforced, DELIVERY_REFUSED);
    if (row->published == TESTING)
        assert_int_equal(v.mta_sts, v.opportunistic);
    /* An attacker never makes it better, and never gets behind a policy that is held and enforced. */
    assert_true(v.attacked_opportunistic == DELIVERY_CLEAR ||
                v.attacked_opportunistic == DELIVERY_INCONCLUSIVE);
    assert_true(v.attacked_first == DELIVERY_CLEAR || v.attacked_first == DELIVERY_INCONCLUSIVE);
    if (row->published == ENFORCE)
        assert_int_equal(v.attacked_cached, v.mta_sts);
}

/* Three hosts of every kind, listed and not, in every mixture. */
static void test_mixtures(void **state)
{
    static const char *const names[2][3] = {{"1.x", "2.x", "3.x"}, {"1.y", "2.y", "3.y"}};
    struct row row = {.patterns = "mx: *.x\n"};

    (void)state;
    for (unsigned i = 0; i < 11 * 11 * 11 * 8; i++) {
        const unsigned at[] = {i / 8 % 11, i / 88 % 11, i / 968 % 11};

        for (unsigned k = 0; k < 3; k++) /* two of the same preference */
            row.mx[k] = (struct host){10 * (k / 2), names[i >> k & 1][k], GOOD + at[k]};
        row.published = ENFORCE;
        check_mixture(&row);
        row.published = TESTING;
        check_mixture(&row);
    }
}

static void test_words(void **state)
{
    (void)state;
    for (unsigned d = 0; d < DELIVERY_LIMIT; d++)
        assert_true(delivery_name(d)[0] != '\0' && delivery_text(d)[0] != '\0');
    for (unsigned s = 0; s < STS_STATE_LIMIT; s++) {
        assert_true(sts_state_name(s)[0] != '\0' && sts_state_text(s)[0] != '\0');
        assert_memory_equal(sts_state_rule(s), "RFC ", 4);
    }
    for (unsigned t = 0; t < MX_TLS_LIMIT; t++)
        assert_true(mx_tls_name(t)[0] != '\0');
    for (unsigned t = RESULT_NONE + 1; t < RESULT_LIMIT; t++)
        assert_true(result_type_name(t)[0] != '\0');
    assert_string_equal(result_type_name(RESULT_NONE), "");
    assert_string_equal(result_type_name(RESULT_LIMIT), "");
    assert_string_equal(delivery_name(DELIVERY_LIMIT), "");
    assert_string_equal(mx_tls_name(MX_TLS_LIMIT), "");
    assert_string_equal(sts_state_name(STS_STATE_LIMIT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_fetch_results),
        cmocka_unit_test(test_mx_verdicts), cmocka_unit_test(test_worst_address),
        cmocka_unit_test(test_mixtures),    cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
