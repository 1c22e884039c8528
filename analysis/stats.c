#include "analysis/stats.h"

#include <stdlib.h>

const struct stat_row stat_rows[] = {
#define COUNTER(id, noun)
#define SECTION(id, title)        {true, #id, title, COUNTER_LIMIT, COUNTER_LIMIT},
#define STAT(id, num, den, label) {false, #id, label, C_##num, C_##den},
#include "analysis/stats.def"
#undef COUNTER
#undef SECTION
#undef STAT
};
const unsigned n_stat_rows = STS_LEN(stat_rows);

static const struct {
    const char *id, *noun;
} counters[] = {
#define COUNTER(id, noun) {#id, noun},
#define SECTION(id, title)
#define STAT(id, num, den, label)
#include "analysis/stats.def"
#undef COUNTER
#undef SECTION
#undef STAT
};

const char *counter_id(enum counter c)
{
    return (unsigned)c < COUNTER_LIMIT ? counters[c].id : "";
}

const char *counter_noun(enum counter c)
{
    return (unsigned)c < COUNTER_LIMIT ? counters[c].noun : "";
}

const char *outcome_set_name(enum outcome_set set)
{
    static const char *const names[SET_LIMIT] = {
        "domain",    "domain.mx",   "domain.sts",  "domain.rpt",  "domain.dmarc", "domain.spf",
        "domain.a",  "domain.aaaa", "domain.wild", "host",        "host.a",       "host.aaaa",
        "host.tlsa", "policy",      "policy.a",    "policy.aaaa", "endpoint"};

    return (unsigned)set < SET_LIMIT ? names[set] : "";
}

struct stats *stats_new(void)
{
    struct stats *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->verdict = domain_verdict_new();
    if (s->verdict == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

void stats_free(struct stats *s)
{
    if (s == NULL)
        return;
    domain_verdict_free(s->verdict);
    free(s);
}

static void count_mx(struct stats *s, enum mx_state state, const struct rec_domain *d)
{
    static const enum counter of[] = {
        [MX_HAS] = C_mx,
        [MX_NULL] = C_mx_null,
        [MX_IMPLICIT] = C_mx_implicit,
        [MX_NO_MAIL] = C_mx_no_mail,
        [MX_NXDOMAIN] = C_mx_nxdomain,
        [MX_TEMPORARY] = C_mx_temporary,
        [MX_OTHER] = C_mx_other,
    };

    s->n[of[state]]++;
    s->n[C_mx_null_beside] += state == MX_HAS && mx_null_beside(d->mx);
}

/* A random label has an MTA-STS record too, so that of the name may be meant for no one. */
static bool is_wildcard(struct stats *s, const struct rec_dns *wild)
{
    struct sts_txt txt;

    read_sts(&txt, wild, s->joined);
    return txt.verdict != VERDICT_NONE;
}

static enum verdict count_sts(struct stats *s, const struct rec_domain *d, bool has_mx)
{
    struct sts_txt txt;
    bool there;

    read_sts(&txt, d->sts, s->joined);
    there = txt.verdict != VERDICT_NONE;
    s->n[C_sts] += there;
    s->n[C_sts_mx] += there && has_mx;
    s->n[C_sts_valid] += txt.verdict == VERDICT_VALID;
    s->n[C_sts_valid_mx] += txt.verdict == VERDICT_VALID && has_mx;
    s->n[C_sts_invalid] += txt.verdict == VERDICT_INVALID;
    s->n[C_sts_multiple] += txt.verdict == VERDICT_MULTIPLE;
    s->n[C_sts_temporary] += dns_unknown(d->sts);
    s->n[C_sts_wild] += there && is_wildcard(s, d->wild);
    if (txt.verdict == VERDICT_INVALID)
        s->defects[txt.defects.v[0].id]++;
    return txt.verdict;
}

static void count_rpt(struct stats *s, const struct rec_domain *d, bool has_mx, bool has_sts)
{
    struct tlsrpt rpt;
    bool valid;

    read_rpt(&rpt, d->rpt, s->joined);
    valid = rpt.verdict == VERDICT_VALID;
    s->n[C_rpt] += rpt.verdict != VERDICT_NONE;
    s->n[C_rpt_valid] += valid;
    s->n[C_rpt_valid_mx] += valid && has_mx;
    s->n[C_rpt_invalid] += rpt.verdict == VERDICT_INVALID;
    s->n[C_rpt_multiple] += rpt.verdict == VERDICT_MULTIPLE;
    s->n[C_rpt_temporary] += dns_unknown(d->rpt);
    s->n[C_rpt_mailto] += valid && rpt.n_mailto > 0;
    s->n[C_rpt_https] += valid && rpt.n_https > 0;
    s->n[C_rpt_nowhere] += valid && rpt.n_mailto + rpt.n_https == 0; /* RFC 8460 section 3: these two */
    s->n[C_sts_rpt] += valid && has_sts;
    if (rpt.verdict == VERDICT_INVALID)
        s->defects[rpt.defects.v[0].id]++;
}

static void count_policy_failure(struct stats *s, const struct policy_fact *p)
{
    static const enum counter of[POL_CLASS_LIMIT] = {
        [POL_DNS] = C_pol_dns,
        [POL_BOGON] = C_pol_bogon,
        [POL_TCP] = C_pol_tcp,
        [POL_TIMEOUT] = C_pol_timeout,
        [POL_TLS_ALERT] = C_pol_tls_alert,
        [POL_TLS_HANDSHAKE] = C_pol_tls_handshake,
        [POL_TLS_OLD] = C_pol_tls_old,
        [POL_TLS_NAME] = C_pol_tls_name,
        [POL_TLS_EXPIRED] = C_pol_tls_expired,
        [POL_TLS_SELF_SIGNED] = C_pol_tls_self_signed,
        [POL_TLS_UNTRUSTED] = C_pol_tls_untrusted,
        [POL_TLS_WEAK] = C_pol_tls_weak,
        [POL_TLS_OTHER] = C_pol_tls_other,
        [POL_HTTP_REDIRECT] = C_pol_http_redirect,
        [POL_HTTP_STATUS] = C_pol_http_status,
        [POL_HTTP_SHORT] = C_pol_http_other,
        [POL_HTTP_PROTOCOL] = C_pol_http_other,
        [POL_HTTP_ENCODING] = C_pol_http_other,
        [POL_SIZE] = C_pol_size,
        [POL_MEDIA] = C_pol_media,
        [POL_SYNTAX] = C_pol_syntax,
    };
    bool tls = p->class_ >= POL_TLS_ALERT && p->class_ <= POL_TLS_OTHER;
    bool valid_body = p->has_body && p->body == VERDICT_VALID;

    s->n[C_pol_failed]++;
    s->n[of[p->class_]]++;
    s->n[C_pol_tls] += tls;
    s->n[C_pol_tls_body] += tls && valid_body;
    s->n[C_pol_tls_aia] += p->class_ == POL_TLS_UNTRUSTED && p->aia;
    s->n[C_pol_media_body] += p->class_ == POL_MEDIA && valid_body;
    s->n[C_pol_http] += p->class_ >= POL_HTTP_REDIRECT && p->class_ <= POL_HTTP_ENCODING;
    if (p->class_ == POL_SYNTAX)
        s->defects[p->defect]++;
}

/* The policy of a name with a valid record. */
static void count_policy(struct stats *s, const struct policy_fact *p, bool has_mx)
{
    if (p == NULL) {
        s->n[C_pol_missing]++;
        return;
    }
    s->n[C_pol_fetched] += p->trusted && p->has_body;
    s->n[C_pol_aged] += p->trusted && p->has_body && p->aged;
    if (p->class_ == POL_INCONCLUSIVE) {
        s->n[C_pol_inconclusive]++;
    } else if (p->class_ == POL_OK) {
        s->n[C_pol_ok]++;
        s->n[C_pol_ok_mx] += has_mx;
        s->n[C_pol_enforce] += p->mode == STS_MODE_ENFORCE;
        s->n[C_pol_enforce_mx] += p->mode == STS_MODE_ENFORCE && has_mx;
        s->n[C_pol_testing] += p->mode == STS_MODE_TESTING;
        s->n[C_pol_mode_none] += p->mode == STS_MODE_NONE;
    } else {
        count_policy_failure(s, p);
    }
}

static void add_share(struct tally *tally, enum share share)
{
    tally->yes += share == SHARE_ALL || share == SHARE_SOME;
    tally->no += share == SHARE_NONE || share == SHARE_SOME;
}

/* What the MX hosts of a name show, each by what its own endpoints show; those that show nothing are left
 * out. */
static void count_hosts_of(struct stats *s, const struct join *j, const struct rec_dns *mx)
{
    struct tally starttls = {0}, cert = {0};
    enum share share;

    for (uint32_t i = 0; i < mx->mx.n; i++) {
        const struct host_fact *host = mx_is_root(&mx->mx.v[i]) ? NULL : join_host(j, mx->mx.v[i].host);

        if (host == NULL)
            continue;
        add_share(&starttls, tally_share(host->starttls));
        add_share(&cert, tally_share(host->cert));
    }
    share = tally_share(starttls);
    s->n[C_mx_answered] += share != SHARE_UNKNOWN;
    s->n[C_mx_tls_unknown] += share == SHARE_UNKNOWN;
    s->n[C_mx_tls_all] += share == SHARE_ALL;
    s->n[C_mx_tls_some] += share == SHARE_SOME;
    s->n[C_mx_tls_none] += share == SHARE_NONE;
    share = tally_share(cert);
    s->n[C_mx_cert] += share != SHARE_UNKNOWN;
    s->n[C_mx_cert_all] += share == SHARE_ALL;
    s->n[C_mx_cert_some] += share == SHARE_SOME;
    s->n[C_mx_cert_none] += share == SHARE_NONE;
}

static void count_questions(struct stats *s, const struct rec_domain *d)
{
    const struct rec_dns *const asked[] = {d->mx, d->sts, d->rpt, d->dmarc, d->spf, d->a, d->aaaa, d->wild};

    s->outcomes[SET_DOMAIN][outcome_byte(d->oc)]++;
    for (unsigned i = 0; i < STS_LEN(asked); i++)
        if (asked[i] != NULL)
            s->outcomes[SET_MX + i][outcome_of(asked[i])]++;
}

int stats_domain(struct stats *s, const struct join *j, const struct rec_domain *d, struct sts_err *err)
{
    const struct policy_fact *policy;
    enum mx_state state;
    enum verdict sts;

    s->n[C_positions]++;
    count_questions(s, d);
    if (d->name.len == 0) {
        s->n[C_not_names]++;
        return STS_OK;
    }
    s->n[C_names]++;
    if (d->oc != OC_OK) {
        s->n[outcome_class(outcome_byte(d->oc)) == OCC_skipped ? C_excluded : C_unfinished]++;
        return STS_OK;
    }
    s->n[C_asked]++;
    state = mx_state(d);
    count_mx(s, state, d);
    sts = count_sts(s, d, state == MX_HAS);
    count_rpt(s, d, state == MX_HAS, sts == VERDICT_VALID);
    policy = d->fetch || sts == VERDICT_VALID ? join_policy(j, d->name) : NULL;
    if (sts == VERDICT_VALID) {
        count_policy(s, policy, state == MX_HAS);
    } else if (sts == VERDICT_NONE && !dns_unknown(d->sts) && policy != NULL) { /* control names */
        s->n[C_unsignalled]++;
        s->n[C_unsignalled_ok] += policy->class_ == POL_OK;
    }
    if (state == MX_HAS)
        count_hosts_of(s, j, d->mx);
    return stats_verdict(s, j, d, err);
}
