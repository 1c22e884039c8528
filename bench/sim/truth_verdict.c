/* truth_verdict.c - what becomes of a message, and what is to be reported (RFC 8460). */
#include "bench/sim/truth.h"

#include <string.h>

static bool is(const char *a, const char *b)
{
    return a != NULL && strcmp(a, b) == 0;
}

const char *truth_result_name(enum result r)
{
    static const char *const names[RESULT_LIMIT + 1] = {
        "starttls-not-supported",  "certificate-host-mismatch", "certificate-expired",
        "certificate-not-trusted", "validation-failure",        "sts-policy-fetch-error",
        "sts-policy-invalid",      "sts-webpki-invalid",        NULL};
    return r < RESULT_LIMIT ? names[r] : "";
}

static bool takes_no_mail(const struct truth *t)
{
    return is(t->mail, "null-mx") || is(t->mail, "no-mail") || is(t->mail, "nxdomain");
}

static const char *state_of(const struct truth *t, const struct truth_reading *r)
{
    if (takes_no_mail(t))
        return "no-mail";
    if (is(r->record, "unknown"))
        return "record-unknown";
    if (!is(r->record, "valid"))
        return "no-record";
    if (is(r->policy, "inconclusive"))
        return "fetch-unknown";
    if (!is(r->policy, "ok"))
        return "fetch-failed"; /* RFC 8461 section 3.3: as without a policy, where none is cached */
    return is(r->mode, "enforce") ? "enforced" : is(r->mode, "testing") ? "testing" : "mode-none";
}

/* RFC 7435: encrypted where that can be had. Hosts of equal preference are tried in any order (RFC 5321
 * section 5.1), and the worst of them is what can be relied on; from those that are surely down, the sender
 * goes on. */
static const char *opportunistic(const struct truth *t)
{
    unsigned end;

    if (takes_no_mail(t))
        return "not-applicable";
    for (unsigned n = 0; n < t->n_hosts; n = end) {
        bool unknown = false, clear = false, encrypted = false;
        for (end = n; end < t->n_hosts && t->host[end].preference == t->host[n].preference; end++) {
            enum tls_word tls = t->host[end].worst;
            unknown |= tls == TLS_UNKNOWN;
            clear |= tls == TLS_CLEAR || tls == TLS_FAILED;
            encrypted |= tls == TLS_OLD || tls == TLS_ENCRYPTED;
        }
        if (unknown)
            return "inconclusive";
        if (clear || encrypted)
            return clear ? "clear" : "encrypted";
    }
    return "inconclusive";
}

static bool passes(const struct truth_host *h, bool lenient)
{
    return h->best == TLS_ENCRYPTED && (lenient ? h->cert_taken : h->cert_good);
}

/* RFC 8461 sections 4 and 5: only to an MX host that the policy lists, by TLS 1.2 or later, with a
 * certificate that is good; whatever fails is skipped. */
static const char *enforced(const struct truth *t, bool lenient)
{
    unsigned n_listed = 0, n_down = 0;
    bool unknown = false;

    for (unsigned n = 0; n < t->n_hosts; n++) {
        const struct truth_host *h = &t->host[n];
        if (!(lenient ? h->listed_lenient : h->listed))
            continue;
        if (passes(h, lenient))
            return "authenticated";
        n_listed++;
        n_down += h->best == TLS_DOWN;
        unknown |= h->best == TLS_UNKNOWN;
    }
    bool all_down = n_listed > 0 && n_down == n_listed; /* which may be over tomorrow */
    return unknown || all_down || t->n_hosts == 0 ? "inconclusive" : "refused";
}

static const char *message(const struct truth *t, const char *state, bool lenient)
{
    if (is(state, "no-mail"))
        return "not-applicable";
    if (is(state, "record-unknown") || is(state, "fetch-unknown"))
        return "inconclusive";
    return is(state, "enforced") ? enforced(t, lenient) : t->opportunistic;
}

static bool has_policy(const struct truth *t)
{
    const char *s = t->strict.state;
    return is(s, "enforced") || is(s, "testing"); /* mode none: as without one, RFC 8461 section 5 */
}

/* An active attacker strips STARTTLS (RFC 3207 section 6) and suppresses the record (RFC 8461 section 10.2),
 * but cannot show a certificate. What is inconclusive without him stays so. */
static void attack(struct truth *t)
{
    const char *opp = t->opportunistic, *sts = t->mta_sts;
    bool opp_known = !is(opp, "inconclusive") && !is(opp, "not-applicable");
    bool sts_known = !is(sts, "inconclusive") && !is(sts, "not-applicable");

    t->attacked_opportunistic = opp_known ? "clear" : opp;
    t->attacked_first = sts_known ? "clear" : sts;
    /* A policy with a max_age of 0 cannot be held: section 3.2. */
    bool held = is(t->strict.state, "enforced") && t->max_age_s > 0;
    t->attacked_cached = sts_known && !held ? "clear" : sts;
}

static void add(struct truth *t, enum result r, unsigned stage, unsigned *first)
{
    t->results |= 1u << r;
    if (stage < *first) {
        *first = stage;
        t->headline = r;
    }
}

enum { STAGE_FETCH = 2, STAGE_BODY, STAGE_LISTING, STAGE_SMTP, STAGE_CERT, STAGE_NONE };

static void policy_results(struct truth *t, unsigned *first)
{
    static const char *const webpki[] = {"tls-name",      "tls-expired", "tls-self-signed",
                                         "tls-untrusted", "tls-weak",    "tls-other"};
    const char *class_ = t->strict.policy;
    bool at_webpki = false;

    if (is(class_, "ok") || is(class_, "inconclusive"))
        return;
    for (size_t i = 0; i < sizeof(webpki) / sizeof(webpki[0]); i++)
        at_webpki |= is(class_, webpki[i]);
    if (!is(class_, "syntax"))
        add(t, at_webpki ? RESULT_STS_WEBPKI_INVALID : RESULT_STS_POLICY_FETCH_ERROR, STAGE_FETCH, first);
    if (is(t->policy_body, "invalid"))
        add(t, RESULT_STS_POLICY_INVALID, STAGE_BODY, first);
}

/* Of each host the first stage that fails: a sender does not come to the next. */
static void host_results(struct truth *t, const struct truth_host *h, unsigned *first)
{
    if (!h->listed)
        add(t, RESULT_VALIDATION_FAILURE, STAGE_LISTING, first);
    else if (h->best == TLS_CLEAR)
        add(t, RESULT_STARTTLS_NOT_SUPPORTED, STAGE_SMTP, first);
    else if (h->best == TLS_FAILED || h->best == TLS_OLD)
        add(t, RESULT_VALIDATION_FAILURE, STAGE_SMTP, first);
    else if (h->best == TLS_ENCRYPTED && !h->cert_good)
        add(t, h->cert_fault, STAGE_CERT, first);
}

static void results(struct truth *t)
{
    unsigned first = STAGE_NONE;

    t->headline = RESULT_LIMIT;
    t->results = 0;
    if (takes_no_mail(t) || !is(t->strict.record, "valid"))
        return;
    policy_results(t, &first);
    if (!is(t->strict.state, "enforced") && !is(t->strict.state, "testing"))
        return; /* mode none asks nothing of the hosts */
    for (unsigned n = 0; n < t->n_hosts; n++)
        host_results(t, &t->host[n], &first);
}

static void count(struct truth *t)
{
    t->n_judged = t->n_listed = t->n_passing = t->n_unknown = t->n_down = 0;
    for (unsigned n = 0; has_policy(t) && n < t->n_hosts; n++) {
        const struct truth_host *h = &t->host[n];
        t->n_judged++;
        if (!h->listed)
            continue;
        t->n_listed++;
        t->n_passing += passes(h, false);
        t->n_unknown += h->best == TLS_UNKNOWN;
        t->n_down += h->best == TLS_DOWN;
    }
}

void truth_verdict(struct truth *t)
{
    t->strict.state = state_of(t, &t->strict);
    t->lenient.state = state_of(t, &t->lenient);
    t->opportunistic = opportunistic(t);
    t->mta_sts = message(t, t->strict.state, false);
    t->mta_sts_lenient = message(t, t->lenient.state, true);
    t->mta_sts_if_enforced = message(t, has_policy(t) ? "enforced" : t->strict.state, false);
    attack(t);
    results(t);
    count(t);
}
