#include "analysis/verdict.h"

#include <string.h>

/* The stages at an MX host, in the order in which a sender comes to them. */
enum mx_stage { STAGE_LIST, STAGE_STARTTLS, STAGE_CERTIFICATE, STAGE_NONE };

static bool takes_mail(enum mx_state mail)
{
    return mail == MX_HAS || mail == MX_IMPLICIT;
}

static bool takes_no_mail(enum mx_state mail)
{
    return mail == MX_NULL || mail == MX_NO_MAIL || mail == MX_NXDOMAIN;
}

/* What an opportunistic sender comes to at one host; INCONCLUSIVE where that is unknown. A handshake that
 * fails ends in the clear like no STARTTLS, and any version of TLS is better than none (RFC 7435 section 3).
 */
static enum delivery opportunistic_at(const struct mx_facts *mx)
{
    switch (mx->worst == MX_TLS_UNKNOWN ? mx->tls : mx->worst) {
    case MX_TLS_CLEAR:
    case MX_TLS_FAILED: return DELIVERY_CLEAR;
    case MX_TLS_OLD:
    case MX_TLS_ENCRYPTED: return DELIVERY_ENCRYPTED;
    default: return DELIVERY_INCONCLUSIVE;
    }
}

/* RFC 5321 section 5.1: the lowest preference first, at random within one, so the worst of them is what can
 * happen; a host that is down is passed over. */
static enum delivery opportunistic(const struct verdict_facts *f)
{
    bool answers = false;

    for (uint32_t i = 0; takes_mail(f->mail) && !answers && i < f->n_mx;) {
        uint32_t preference = f->mx[i].preference;
        enum delivery worst = DELIVERY_INCONCLUSIVE;

        for (; i < f->n_mx && f->mx[i].preference == preference; i++) {
            enum delivery here = opportunistic_at(&f->mx[i]);

            answers |= f->mx[i].tls != MX_TLS_DOWN;
            if (here == DELIVERY_CLEAR || (here == DELIVERY_ENCRYPTED && worst == DELIVERY_INCONCLUSIVE))
                worst = here;
        }
        if (answers)
            return worst;
    }
    return takes_no_mail(f->mail) ? DELIVERY_NOT_APPLICABLE : DELIVERY_INCONCLUSIVE;
}

/* RFC 8461 section 4.1: the name in the MX record, never what a CNAME makes of it. */
static bool is_listed(const struct verdict_facts *f, struct sts_str host)
{
    bool (*next)(struct sts_str, uint32_t *, struct sts_str *) =
        f->lenient ? sts_policy_next_lenient_mx : sts_policy_next_mx;
    struct sts_str pattern;
    uint32_t at = 0;

    while (next(f->policy_body, &at, &pattern))
        if (sts_policy_mx_match(pattern, host))
            return true;
    return false;
}

/* RFC 8461 sections 4.1, 4.2 and 7.2. */
static enum mx_stage judge_mx(struct mx_verdict *out, const struct verdict_facts *f,
                              const struct mx_facts *mx)
{
    memset(out, 0, sizeof(*out));
    out->listed = is_listed(f, mx->host);
    if (!out->listed) { /* RFC 8460 section 4.3 has no type of its own for this */
        out->failure = RESULT_VALIDATION_FAILURE;
        return STAGE_LIST;
    }
    switch (mx->tls) {
    case MX_TLS_DOWN: out->down = true; return STAGE_NONE;
    case MX_TLS_CLEAR: out->failure = RESULT_STARTTLS_NOT_SUPPORTED; return STAGE_STARTTLS;
    case MX_TLS_FAILED:
    case MX_TLS_OLD: out->failure = RESULT_VALIDATION_FAILURE; return STAGE_STARTTLS;
    case MX_TLS_ENCRYPTED:
        out->passes = mx->cert_good || (f->lenient && mx->cert_weak);
        out->failure = out->passes ? RESULT_NONE : mx->cert_fault;
        out->unknown = !out->passes && out->failure == RESULT_NONE;
        return out->failure == RESULT_NONE ? STAGE_NONE : STAGE_CERTIFICATE;
    default: out->unknown = true; return STAGE_NONE;
    }
}

/* All MX hosts under the policy; failures go into the results, that of the first stage into the headline. */
static void judge_hosts(struct verdict_of_domain *out, struct mx_verdict *mx, const struct verdict_facts *f)
{
    enum mx_stage first = STAGE_NONE;

    for (uint32_t i = 0; i < f->n_mx; i++) {
        struct mx_verdict one;
        enum mx_stage stage = judge_mx(&one, f, &f->mx[i]);

        out->n_listed += one.listed;
        out->n_passing += one.passes;
        out->n_unknown += one.unknown;
        out->n_down += one.down;
        if (stage != STAGE_NONE)
            out->results |= RESULT_BIT(one.failure);
        if (stage < first) {
            first = stage;
            out->headline = one.failure;
        }
        if (mx != NULL)
            mx[i] = one;
    }
}

/* RFC 8461 section 5, enforce: never to a host that does not pass; one that does is reached whatever its
 * place, since each that does not counts as unreachable (section 8.4). Refused is said only where every host
 * was seen to fail, of those beyond --mx-limit, too, whose names are known; that all the listed ones are down
 * may be over tomorrow. */
static enum delivery enforced(const struct verdict_of_domain *v, const struct verdict_facts *f)
{
    bool all_down = v->n_listed > 0 && v->n_down == v->n_listed;

    if (!takes_mail(f->mail) || f->n_mx == 0)
        return DELIVERY_INCONCLUSIVE;
    if (v->n_passing > 0)
        return DELIVERY_AUTHENTICATED;
    return v->n_unknown > 0 || all_down ? DELIVERY_INCONCLUSIVE : DELIVERY_REFUSED;
}

static enum sts_state state_of(const struct verdict_facts *f)
{
    if (takes_no_mail(f->mail))
        return STS_NO_MAIL;
    if (f->sts_unknown) /* a SERVFAIL is no "none": RFC 8461 section 3.1 speaks of records, not of failures */
        return STS_RECORD_UNKNOWN;
    if (f->sts != VERDICT_VALID)
        return STS_NO_RECORD;
    if (f->policy == POL_NONE || f->policy == POL_INCONCLUSIVE)
        return STS_FETCH_UNKNOWN;
    if (f->policy != POL_OK)
        return STS_FETCH_FAILED;
    if (f->mode == STS_MODE_ENFORCE)
        return STS_ENFORCED;
    return f->mode == STS_MODE_TESTING ? STS_TESTING : STS_MODE_IS_NONE;
}

/* What comes about without an attacker, on a path with one that protects nothing. */
static enum delivery attacked(enum delivery d)
{
    return d == DELIVERY_NOT_APPLICABLE || d == DELIVERY_INCONCLUSIVE ? d : DELIVERY_CLEAR;
}

void verdict_judge(struct verdict_of_domain *out, struct mx_verdict *mx, const struct verdict_facts *f)
{
    memset(out, 0, sizeof(*out));
    if (mx != NULL && f->n_mx > 0)
        memset(mx, 0, f->n_mx * sizeof(*mx));
    out->state = state_of(f);
    out->opportunistic = out->mta_sts = opportunistic(f);
    switch (out->state) {
    case STS_RECORD_UNKNOWN: /* with the answer, the sender might hold to a policy */
    case STS_FETCH_UNKNOWN: out->mta_sts = DELIVERY_INCONCLUSIVE; break;
    case STS_FETCH_FAILED:
        out->headline = policy_class_result_type(f->policy);
        out->results = (f->policy_results | RESULT_BIT(out->headline)) & ~RESULT_BIT(RESULT_NONE);
        break;
    case STS_TESTING:
    case STS_ENFORCED: judge_hosts(out, mx, f); break;
    default: break;
    }
    if (out->state == STS_ENFORCED)
        out->mta_sts = enforced(out, f);
    out->if_enforced = out->state == STS_TESTING ? enforced(out, f) : out->mta_sts;
    out->attacked_opportunistic = attacked(out->opportunistic);
    out->attacked_first = attacked(out->mta_sts); /* RFC 8461 section 10.2 */
    out->attacked_cached = out->state == STS_ENFORCED && !f->uncached ? out->mta_sts : out->attacked_first;
}

static const struct {
    const char *name, *text;
} deliveries[DELIVERY_LIMIT] = {
    [DELIVERY_NOT_APPLICABLE] = {"not-applicable", "the domain takes no mail"},
    [DELIVERY_AUTHENTICATED] = {"authenticated", "delivered over TLS to a host that proved its name"},
    [DELIVERY_ENCRYPTED] = {"encrypted", "delivered over TLS to whoever answers"},
    [DELIVERY_CLEAR] = {"clear", "delivered in the clear"},
    [DELIVERY_REFUSED] = {"refused", "not delivered: no MX host passes"},
    [DELIVERY_INCONCLUSIVE] = {"inconclusive", "this scan cannot say"},
};

static const struct {
    const char *name, *text, *rule;
} states[STS_STATE_LIMIT] = {
    [STS_NO_MAIL] = {"no-mail", "the domain takes no mail", "RFC 5321 section 5.1"},
    [STS_NO_RECORD] = {"no-record", "no usable record: as if MTA-STS were not implemented",
                       "RFC 8461 section 3.1"},
    [STS_RECORD_UNKNOWN] = {"record-unknown", "the lookup of the record gave no answer",
                            "RFC 8461 section 3.1"},
    [STS_FETCH_FAILED] = {"fetch-failed", "no valid policy was served: as if MTA-STS were not implemented",
                          "RFC 8461 section 3.3"},
    [STS_FETCH_UNKNOWN] = {"fetch-unknown", "the policy could not be learned", "RFC 8461 section 3.3"},
    [STS_MODE_IS_NONE] = {"mode-none", "mode none: as if MTA-STS were not implemented", "RFC 8461 section 5"},
    [STS_TESTING] = {"testing", "mode testing: delivered all the same, failures are reported",
                     "RFC 8461 section 5"},
    [STS_ENFORCED] = {"enforced", "mode enforce: delivered only to an MX host that passes",
                      "RFC 8461 section 5"},
};

const char *delivery_name(enum delivery d)
{
    return (unsigned)d < DELIVERY_LIMIT ? deliveries[d].name : "";
}

const char *delivery_text(enum delivery d)
{
    return (unsigned)d < DELIVERY_LIMIT ? deliveries[d].text : "";
}

const char *sts_state_name(enum sts_state s)
{
    return (unsigned)s < STS_STATE_LIMIT ? states[s].name : "";
}

const char *sts_state_text(enum sts_state s)
{
    return (unsigned)s < STS_STATE_LIMIT ? states[s].text : "";
}

const char *sts_state_rule(enum sts_state s)
{
    return (unsigned)s < STS_STATE_LIMIT ? states[s].rule : "";
}

const char *mx_tls_name(enum mx_tls t)
{
    static const char *const names[MX_TLS_LIMIT] = {"unknown", "down", "clear", "failed", "old", "encrypted"};

    return (unsigned)t < MX_TLS_LIMIT ? names[t] : "";
}
