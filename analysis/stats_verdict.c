/* stats_verdict.c - the statistics of what becomes of messages. */
#include "analysis/stats.h"

/* Counters of one sender, by delivery; those of a delivery that it never comes to are C_positions. */
struct columns {
    enum counter known, of[DELIVERY_LIMIT];
};

static const struct columns opportunistic = {C_opp_known,
                                             {[DELIVERY_ENCRYPTED] = C_opp_encrypted,
                                              [DELIVERY_CLEAR] = C_opp_clear,
                                              [DELIVERY_INCONCLUSIVE] = C_opp_inconclusive}};
static const struct columns sender = {C_sender_known,
                                      {[DELIVERY_AUTHENTICATED] = C_sender_authenticated,
                                       [DELIVERY_ENCRYPTED] = C_sender_encrypted,
                                       [DELIVERY_CLEAR] = C_sender_clear,
                                       [DELIVERY_REFUSED] = C_sender_refused,
                                       [DELIVERY_INCONCLUSIVE] = C_sender_inconclusive}};
static const struct columns held = {C_held_known,
                                    {[DELIVERY_AUTHENTICATED] = C_held_authenticated,
                                     [DELIVERY_ENCRYPTED] = C_held_encrypted,
                                     [DELIVERY_CLEAR] = C_held_clear,
                                     [DELIVERY_REFUSED] = C_held_refused,
                                     [DELIVERY_INCONCLUSIVE] = C_held_inconclusive}};
static const struct columns own_opportunistic = {C_own_opp_known,
                                                 {[DELIVERY_ENCRYPTED] = C_own_opp_encrypted,
                                                  [DELIVERY_CLEAR] = C_own_opp_clear,
                                                  [DELIVERY_INCONCLUSIVE] = C_own_opp_inconclusive}};
static const struct columns own_sender = {C_own_sender_known,
                                          {[DELIVERY_AUTHENTICATED] = C_own_sender_authenticated,
                                           [DELIVERY_ENCRYPTED] = C_own_sender_encrypted,
                                           [DELIVERY_CLEAR] = C_own_sender_clear,
                                           [DELIVERY_REFUSED] = C_own_sender_refused,
                                           [DELIVERY_INCONCLUSIVE] = C_own_sender_inconclusive}};

static void count_delivery(struct stats *s, const struct columns *columns, enum delivery d)
{
    s->n[columns->known] += d != DELIVERY_INCONCLUSIVE;
    s->n[columns->of[d]]++;
}

/* MX hosts under a policy: whole, partial (what fails is latent, RFC 8461 section 8.4), or none that passes.
 */
static void count_deliverable(struct stats *s, const struct verdict_of_domain *v, enum counter all,
                              enum counter whole, enum counter refused, enum counter inconclusive,
                              enum counter partial)
{
    s->n[all]++;
    s->n[refused] += v->if_enforced == DELIVERY_REFUSED;
    s->n[inconclusive] += v->if_enforced == DELIVERY_INCONCLUSIVE;
    s->n[whole] += v->if_enforced == DELIVERY_AUTHENTICATED && v->results == 0;
    s->n[partial] += v->if_enforced == DELIVERY_AUTHENTICATED && v->results != 0;
}

static void count_policy(struct stats *s, const struct verdict_of_domain *v, uint32_t n_mx)
{
    if (v->state == STS_ENFORCED)
        count_deliverable(s, v, C_enforced, C_enforced_whole, C_enforced_refused, C_enforced_inconclusive,
                          C_enforced_partial);
    else if (v->state == STS_TESTING)
        count_deliverable(s, v, C_tested, C_tested_whole, C_tested_refused, C_tested_inconclusive,
                          C_tested_partial);
    else
        return;
    s->n[C_asks_mx]++;
    s->n[C_unlisted_some] += v->n_listed < n_mx;
    s->n[C_unlisted_all] += v->n_listed == 0;
}

static void count_results(struct stats *s, const struct verdict_of_domain *v)
{
    static const struct {
        enum counter any, first;
    } of[RESULT_LIMIT] = {
        [RESULT_STARTTLS_NOT_SUPPORTED] = {C_result_starttls_not_supported, C_first_starttls_not_supported},
        [RESULT_CERTIFICATE_HOST_MISMATCH] = {C_result_certificate_host_mismatch,
                                              C_first_certificate_host_mismatch},
        [RESULT_CERTIFICATE_EXPIRED] = {C_result_certificate_expired, C_first_certificate_expired},
        [RESULT_CERTIFICATE_NOT_TRUSTED] = {C_result_certificate_not_trusted,
                                            C_first_certificate_not_trusted},
        [RESULT_VALIDATION_FAILURE] = {C_result_validation_failure, C_first_validation_failure},
        [RESULT_STS_POLICY_FETCH_ERROR] = {C_result_sts_policy_fetch_error, C_first_sts_policy_fetch_error},
        [RESULT_STS_POLICY_INVALID] = {C_result_sts_policy_invalid, C_first_sts_policy_invalid},
        [RESULT_STS_WEBPKI_INVALID] = {C_result_sts_webpki_invalid, C_first_sts_webpki_invalid},
    };

    if (v->results == 0)
        return;
    s->n[C_result_any]++;
    s->n[of[v->headline].first]++;
    for (unsigned t = RESULT_NONE + 1; t < RESULT_LIMIT; t++)
        s->n[of[t].any] += (v->results & RESULT_BIT(t)) != 0;
}

static void count_attacked(struct stats *s, const struct verdict_of_domain *v)
{
    s->n[C_attacked_opp_clear] += v->attacked_opportunistic == DELIVERY_CLEAR;
    s->n[C_attacked_first_clear] += v->attacked_first == DELIVERY_CLEAR;
    s->n[C_attacked_held_authenticated] += v->attacked_cached == DELIVERY_AUTHENTICATED;
    s->n[C_attacked_held_refused] += v->attacked_cached == DELIVERY_REFUSED;
    s->n[C_attacked_held_clear] += v->attacked_cached == DELIVERY_CLEAR;
}

static void count_strict(struct stats *s, const struct domain_verdict *v, bool has_mail)
{
    const struct verdict_of_domain *of = &v->of;

    s->n[C_pol_strict] += v->facts.sts == VERDICT_VALID && v->facts.policy == POL_OK;
    if (!has_mail)
        return;
    s->n[C_inferred] += v->n_inferred > 0;
    count_delivery(s, &opportunistic, of->opportunistic);
    count_delivery(s, &sender, of->mta_sts);
    if (of->state == STS_MODE_IS_NONE || of->state == STS_TESTING || of->state == STS_ENFORCED) {
        s->n[C_held]++;
        count_delivery(s, &held, of->mta_sts);
    }
    count_policy(s, of, v->facts.n_mx);
    s->n[C_sts_mail] += v->facts.sts == VERDICT_VALID;
    count_results(s, of);
    count_attacked(s, of);
}

/* Against what the strict reading came to. */
static void count_lenient(struct stats *s, const struct domain_verdict *v, enum verdict sts,
                          bool strict_policy, const struct verdict_of_domain *strict)
{
    bool there = v->facts.sts == VERDICT_VALID, policy = there && v->facts.policy == POL_OK;

    s->n[C_sts_lenient] += there;
    s->n[C_sts_lenient_only] += there && sts != VERDICT_VALID;
    s->n[C_sts_strict_only] += !there && sts == VERDICT_VALID;
    s->n[C_pol_lenient] += policy;
    s->n[C_pol_lenient_only] += policy && !strict_policy;
    s->n[C_lenient_differs] += v->of.mta_sts != strict->mta_sts;
}

int stats_verdict(struct stats *s, const struct join *j, const struct rec_domain *d, struct sts_err *err)
{
    struct domain_verdict *v = s->verdict;
    struct verdict_of_domain strict;
    bool has_mail, policy;
    enum verdict sts;

    if (join_verdict(j, d, JUDGE_INFER, v, err) != STS_OK)
        return err->code;
    strict = v->of;
    sts = v->facts.sts;
    policy = sts == VERDICT_VALID && v->facts.policy == POL_OK;
    has_mail = v->facts.mail == MX_HAS || v->facts.mail == MX_IMPLICIT;
    s->n[C_mail] += has_mail;
    s->n[C_mail_none] += strict.opportunistic == DELIVERY_NOT_APPLICABLE;
    count_strict(s, v, has_mail);
    if (has_mail && v->n_inferred > 0 && join_verdict(j, d, 0, v, err) != STS_OK)
        return err->code;
    if (has_mail) {
        count_delivery(s, &own_opportunistic, v->of.opportunistic);
        count_delivery(s, &own_sender, v->of.mta_sts);
    }
    if (d->sts == NULL || d->sts->txt.n == 0) /* nothing to be lenient about */
        return STS_OK;
    if (join_verdict(j, d, JUDGE_LENIENT | JUDGE_INFER, v, err) != STS_OK)
        return err->code;
    count_lenient(s, v, sts, policy, &strict);
    return STS_OK;
}
