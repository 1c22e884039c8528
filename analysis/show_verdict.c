#include "analysis/show_verdict.h"

#include "analysis/domain_verdict.h"
#include "analysis/text.h"

#include <inttypes.h>
#include <string.h>

struct steps {
    FILE *out;
    unsigned n;
    const struct join *j;
    const struct rec_domain *d;
    const struct domain_verdict *strict, *lenient; /* lenient: judged otherwise nowhere, but read leniently */
};

static FILE *begin(struct steps *s)
{
    fprintf(s->out, "  %2u. ", ++s->n);
    return s->out;
}

static void end(const struct steps *s, const char *rule)
{
    fprintf(s->out, " (%s)\n", rule);
}

/* What lenient senders make of a step, where it is something else. */
static void or_lenient(const struct steps *s, const char *strict, const char *lenient)
{
    if (strcmp(strict, lenient) != 0)
        fprintf(s->out, "; to lenient senders: %s", lenient);
}

/* As in a zone file, in the evidence below, and in ststat export. */
static void put_mx(FILE *out, const struct mx_facts *mx)
{
    fprintf(out, "%" PRIu32 " ", mx->preference);
    text_put(out, mx->host);
}

static void step_mail(struct steps *s)
{
    enum mx_state mail = s->strict->facts.mail;
    FILE *out = begin(s);

    fprintf(out, "mail route: %s", mx_state_text(mail));
    for (uint32_t i = 0; mail == MX_HAS && i < s->strict->facts.n_mx; i++) {
        fputs(i ? ", " : ": ", out);
        put_mx(out, &s->strict->mx[i]);
    }
    if (s->d->n_mx_cut > 0)
        fprintf(out, "; %" PRIu64 " of them beyond the limit, never looked at", s->d->n_mx_cut);
    end(s, mx_state_rule(mail));
}

static void step_record(struct steps *s, struct domain_verdict *scratch)
{
    const char *rule = "RFC 8461 section 3.1";
    FILE *out = begin(s);
    struct sts_txt sts;

    fputs("MTA-STS record: ", out);
    if (s->strict->facts.sts_unknown) {
        fputs(s->d->sts ? "the lookup gave no answer" : "not asked", out);
        end(s, rule);
        return;
    }
    read_sts(&sts, s->d->sts, scratch->joined);
    fputs(verdict_name(sts.verdict), out);
    if (sts.verdict == VERDICT_VALID)
        fprintf(out, ", id %s", sts.id);
    if (sts.verdict == VERDICT_INVALID && sts.defects.n > 0) {
        fprintf(out, ", %s", defect_text(sts.defects.v[0].id));
        rule = defect_rule(sts.defects.v[0].id);
    }
    or_lenient(s, verdict_name(sts.verdict), verdict_name(sts_txt_reading(&sts, true)));
    end(s, rule);
}

/* A sender may have asked another address. */
static void or_elsewhere(FILE *out, const struct policy_fact *policy)
{
    if (policy == NULL)
        return;
    if (policy->works_partly)
        fputs("; not so at every address of the policy host", out);
    if (policy->bodies_differ)
        fputs("; the addresses of the policy host serve different bodies", out);
    if (policy->fails_otherwise)
        fputs("; its addresses fail in different ways", out);
}

static void step_fetch(struct steps *s)
{
    enum policy_class class_ = s->strict->facts.policy, lenient = s->lenient->facts.policy;
    bool asked = s->strict->facts.sts == VERDICT_VALID;
    FILE *out;

    if (!asked && s->lenient->facts.sts != VERDICT_VALID)
        return;
    out = begin(s);
    fprintf(out, "policy fetch: %s", asked ? policy_class_text(class_) : "not fetched, for want of a record");
    if (policy_class_result(class_)[0] != '\0')
        fprintf(out, ": %s", policy_class_result(class_));
    or_lenient(s, policy_class_text(class_), policy_class_text(lenient));
    or_elsewhere(out, join_policy(s->j, s->d->name));
    end(s, policy_class_rule(class_));
}

static void put_policy(FILE *out, const struct verdict_facts *f)
{
    struct sts_policy policy;
    uint64_t max_age_s;

    sts_policy_read(&policy, f->policy_body);
    max_age_s =
        f->lenient && policy.lenient.verdict == VERDICT_VALID ? policy.lenient.max_age_s : policy.max_age_s;
    fprintf(out, "mode %s, max_age %" PRIu64 " s", sts_mode_name(f->mode), max_age_s);
}

static void step_policy(struct steps *s)
{
    const struct verdict_facts *strict = &s->strict->facts, *lenient = &s->lenient->facts;
    FILE *out;

    if (strict->policy != POL_OK && lenient->policy != POL_OK)
        return;
    out = begin(s);
    fputs("policy: ", out);
    if (strict->policy == POL_OK)
        put_policy(out, strict);
    else
        fputs("none", out);
    if (strict->policy != lenient->policy || strict->mode != lenient->mode) {
        fputs("; to lenient senders: ", out);
        if (lenient->policy == POL_OK)
            put_policy(out, lenient);
        else
            fputs("none", out);
    }
    end(s, "RFC 8461 section 3.2");
}

/* What the probes of a host came to: the TLS versions that were agreed, and the outcomes of those that did
 * not come so far, each once. */
static void put_probes(const struct steps *s, struct sts_str host)
{
    const struct key key = key_of_name(host);
    const struct host_fact *fact = join_host(s->j, host);
    const struct endpoint_fact *e;
    bool seen[TLSV_OTHER + 1] = {false}, failed[OUTCOME_LIMIT] = {false};
    size_t at = 0;

    if (fact == NULL || !fact->has_record)
        fputs(", not looked up", s->out);
    else if (fact->oc != OC_OK)
        failed[fact->oc] = true;
    while ((e = table_next(&s->j->endpoints, &at)) != NULL) {
        bool here = e->host.lo == key.lo && e->host.hi == key.hi;

        seen[e->version] |= here && e->handshake;
        failed[e->oc] |= here && e->oc != OC_OK;
    }
    for (unsigned v = TLSV_1_0; v <= TLSV_OTHER; v++)
        if (seen[v])
            fprintf(s->out, ", %s",
                    v == TLSV_OTHER ? "TLS of an unknown version" : tls_version_name(0x0301 + v - TLSV_1_0));
    for (unsigned oc = OC_NONE + 1; oc < OUTCOME_LIMIT; oc++)
        if (failed[oc])
            fprintf(s->out, ", %s", outcome_text(oc));
}

static void put_tls(const struct steps *s, const struct mx_facts *mx)
{
    static const char *const words[MX_TLS_LIMIT] = {
        [MX_TLS_UNKNOWN] = "could not be judged", [MX_TLS_DOWN] = "not reachable",
        [MX_TLS_CLEAR] = "in the clear",          [MX_TLS_FAILED] = "STARTTLS that fails",
        [MX_TLS_OLD] = "STARTTLS below TLS 1.2",  [MX_TLS_ENCRYPTED] = "STARTTLS",
    };

    fputs(words[mx->tls], s->out);
    put_probes(s, mx->host);
    if (mx->worst != MX_TLS_UNKNOWN && mx->worst != mx->tls)
        fprintf(s->out, ", at another address %s", words[mx->worst]);
    if (mx->inferred)
        fputs(", as other hosts at its address", s->out);
}

/* Under a policy: listed, STARTTLS, version, certificate; the first that fails decides. */
static const char *put_policed(const struct steps *s, const struct mx_facts *mx, const struct mx_verdict *v)
{
    fputs(v->listed ? "listed, " : "not listed, ", s->out);
    put_tls(s, mx);
    if (mx->tls == MX_TLS_ENCRYPTED)
        fprintf(s->out, ", %s",
                mx->cert_good                   ? "certificate good"
                : mx->cert_fault == RESULT_NONE ? "certificate not judged"
                                                : result_type_name(mx->cert_fault));
    fputs(v->passes ? ": passes" : v->unknown ? ": unknown whether it passes" : ": does not pass", s->out);
    if (v->failure != RESULT_NONE && (!v->listed || mx->tls != MX_TLS_ENCRYPTED))
        fprintf(s->out, ", %s", result_type_name(v->failure));
    if (!v->listed)
        return "RFC 8461 section 4.1";
    if (mx->tls == MX_TLS_OLD)
        return "RFC 8461 section 7.2";
    return mx->tls == MX_TLS_ENCRYPTED ? "RFC 8461 section 4.2" : "RFC 8461 section 4";
}

static void step_hosts(struct steps *s, const struct domain_verdict *v)
{
    bool policed = v->of.state == STS_TESTING || v->of.state == STS_ENFORCED;

    for (uint32_t i = 0; i < v->facts.n_mx; i++) {
        const char *rule = "RFC 3207 section 4";
        FILE *out = begin(s);

        fputs("MX host ", out);
        put_mx(out, &v->mx[i]);
        fputs(": ", out);
        if (policed)
            rule = put_policed(s, &v->mx[i], &v->mx_verdicts[i]);
        else
            put_tls(s, &v->mx[i]);
        end(s, v->mx[i].tls == MX_TLS_DOWN ? "RFC 5321 section 5.1" : rule);
    }
}

static void step_delivery(struct steps *s, const char *who, enum delivery d, const char *why,
                          const char *rule)
{
    FILE *out = begin(s);

    fprintf(out, "%s: %s", who, delivery_name(d));
    if (why[0] != '\0')
        fprintf(out, "; %s", why);
    end(s, rule);
}

static void step_senders(struct steps *s)
{
    const struct verdict_of_domain *v = &s->strict->of, *lenient = &s->lenient->of;

    step_delivery(s, "opportunistic sender", v->opportunistic, delivery_text(v->opportunistic),
                  v->opportunistic == DELIVERY_NOT_APPLICABLE ? mx_state_rule(s->strict->facts.mail)
                                                              : "RFC 7435 section 3");
    step_delivery(s, "MTA-STS sender", v->mta_sts, sts_state_text(v->state),
                  v->state == STS_NO_MAIL ? mx_state_rule(s->strict->facts.mail) : sts_state_rule(v->state));
    if (v->state == STS_TESTING)
        step_delivery(s, "MTA-STS sender, were it enforced", v->if_enforced, delivery_text(v->if_enforced),
                      "RFC 8461 section 5");
    if (lenient->state != v->state || lenient->mta_sts != v->mta_sts)
        step_delivery(s, "lenient MTA-STS sender", lenient->mta_sts, sts_state_text(lenient->state),
                      sts_state_rule(lenient->state));
}

static void step_attacked(struct steps *s)
{
    static const char *const cached[DELIVERY_LIMIT] = {
        [DELIVERY_NOT_APPLICABLE] = "",
        [DELIVERY_AUTHENTICATED] = "at most held up",
        [DELIVERY_ENCRYPTED] = "",
        [DELIVERY_CLEAR] = "no policy that it would have to keep to",
        [DELIVERY_REFUSED] = "as without an attacker",
        [DELIVERY_INCONCLUSIVE] = "",
    };
    const struct verdict_of_domain *v = &s->strict->of;

    if (v->opportunistic == DELIVERY_NOT_APPLICABLE)
        return;
    step_delivery(s, "under attack, opportunistic sender", v->attacked_opportunistic,
                  v->attacked_opportunistic == DELIVERY_CLEAR ? "STARTTLS can be stripped" : "",
                  "RFC 3207 section 6");
    step_delivery(s, "under attack, MTA-STS sender at first contact", v->attacked_first,
                  v->attacked_first == DELIVERY_CLEAR ? "the record can be suppressed" : "",
                  "RFC 8461 section 10.2");
    step_delivery(s, "under attack, MTA-STS sender with the policy", v->attacked_cached,
                  cached[v->attacked_cached],
                  s->strict->facts.uncached              ? "RFC 8461 section 3.2"
                  : v->attacked_cached == DELIVERY_CLEAR ? sts_state_rule(v->state)
                                                         : "RFC 8461 section 10.3");
}

static void step_results(struct steps *s)
{
    const struct verdict_of_domain *v = &s->strict->of;
    FILE *out;

    if (v->state == STS_NO_MAIL || v->state == STS_NO_RECORD)
        return;
    out = begin(s);
    fprintf(out, "result types: %s", v->results ? result_type_name(v->headline) : "none");
    for (unsigned t = RESULT_NONE + 1; t < RESULT_LIMIT; t++)
        if (t != v->headline && (v->results & RESULT_BIT(t)))
            fprintf(out, ", %s", result_type_name(t));
    end(s, "RFC 8460 section 4.3");
}

static int show(struct steps *s, struct domain_verdict *strict, struct domain_verdict *lenient,
                struct sts_err *err)
{
    if (join_verdict(s->j, s->d, JUDGE_LENIENT | JUDGE_INFER, lenient, err) != STS_OK ||
        join_verdict(s->j, s->d, JUDGE_INFER, strict, err) != STS_OK)
        return err->code;
    s->strict = strict;
    s->lenient = lenient;
    fputs("\nverdict on ", s->out);
    text_put(s->out, s->d->name);
    fputc('\n', s->out);
    step_mail(s);
    step_record(s, strict);
    step_fetch(s);
    step_policy(s);
    step_hosts(s, strict);
    step_senders(s);
    step_attacked(s);
    step_results(s);
    if (strict->n_inferred == 0)
        return STS_OK;
    if (join_verdict(s->j, s->d, 0, lenient, err) != STS_OK)
        return err->code;
    fprintf(s->out, "      Without inference: opportunistic sender %s, MTA-STS sender %s.\n",
            delivery_name(lenient->of.opportunistic), delivery_name(lenient->of.mta_sts));
    return STS_OK;
}

int show_verdict(FILE *out, const struct join *j, const struct rec_domain *d, struct sts_err *err)
{
    struct steps s = {.out = out, .j = j, .d = d};
    struct domain_verdict *strict = domain_verdict_new(), *lenient = domain_verdict_new();

    if (strict == NULL || lenient == NULL)
        sts_fail(err, STS_ENOMEM, "out of memory");
    else
        (void)!show(&s, strict, lenient, err);
    domain_verdict_free(strict);
    domain_verdict_free(lenient);
    return err->code;
}
