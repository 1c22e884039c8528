/* stats_joined.c - the statistics of what domains share: MX hosts, endpoints, policies, sampled addresses. */
#include "analysis/stats.h"

static void count_certificate(struct stats *s, const struct endpoint_fact *e)
{
    s->n[C_ep_cert]++;
    s->n[C_ep_cert_valid] += e->faults == 0;
    s->n[C_ep_cert_match] += e->match;
    s->n[C_ep_cert_good] += e->faults == 0 && e->match;
    if (e->faults & (CHAIN_EXPIRED | CHAIN_NOT_YET)) /* the first that applies, RFC 8460 section 4.3.1 */
        s->n[C_ep_cert_expired]++;
    else if (e->faults & CHAIN_SELF_SIGNED)
        s->n[C_ep_cert_self_signed]++;
    else if (e->faults & (CHAIN_UNTRUSTED | CHAIN_NO_ISSUER)) {
        s->n[C_ep_cert_untrusted]++;
        s->n[C_ep_cert_aia] += e->aia;
    } else if (e->faults == CHAIN_WEAK)
        s->n[C_ep_cert_weak]++;
    else if (e->faults != 0)
        s->n[C_ep_cert_other]++;
}

static void count_endpoint(struct stats *s, const struct endpoint_fact *e)
{
    static const enum counter versions[] = {
        [TLSV_1_0] = C_ep_tls10, [TLSV_1_1] = C_ep_tls11,       [TLSV_1_2] = C_ep_tls12,
        [TLSV_1_3] = C_ep_tls13, [TLSV_OTHER] = C_ep_tls_other,
    };

    s->n[C_ep]++;
    s->n[C_ep_reached] += e->reached;
    s->n[C_ep_by_ip] += e->by_ip;
    s->n[C_ep_offered] += e->starttls == STARTTLS_OFFERED;
    s->n[C_ep_not_offered] += e->starttls == STARTTLS_NOT_OFFERED;
    s->n[C_ep_answered] += e->starttls != STARTTLS_UNKNOWN;
    s->n[C_ep_inconclusive] += e->starttls == STARTTLS_UNKNOWN;
    s->n[C_ep_starttls_failed] += e->group == EP_STARTTLS_FAILED;
    s->n[C_ep_tls_failed] += e->group == EP_TLS_FAILED;
    s->n[C_ep_unreachable] += e->group == EP_UNREACHABLE;
    s->n[C_ep_turned_away] += e->group == EP_TURNED_AWAY;
    s->n[C_ep_smtp_failed] += e->group == EP_SMTP_FAILED;
    s->n[C_ep_skipped] += e->group == EP_SKIPPED;
    s->n[C_ep_ours] += e->group == EP_OURS;
    if (e->handshake) {
        s->n[C_ep_handshake]++;
        s->n[versions[e->version]]++;
    }
    if (e->has_cert && !(e->faults & CHAIN_NOT_IN_SCAN)) /* no verdict on what we lost */
        count_certificate(s, e);
    s->outcomes[SET_ENDPOINT][e->oc]++;
}

static void count_host(struct stats *s, const struct host_fact *h)
{
    enum share tls = tally_share(h->starttls), cert = tally_share(h->cert);
    enum outcome_class class_ = outcome_class(h->oc);

    s->n[C_hosts]++;
    s->n[C_hosts_address] += class_ == OCC_ok;
    s->n[C_hosts_no_address] += class_ == OCC_absent;
    s->n[C_hosts_inconclusive] += class_ != OCC_ok && class_ != OCC_absent;
    s->n[C_hosts_tlsa] += h->has_tlsa;
    s->n[C_hosts_probed] += h->n_probed > 0;
    s->n[C_hosts_tls_all] += tls == SHARE_ALL;
    s->n[C_hosts_tls_some] += tls == SHARE_SOME;
    s->n[C_hosts_tls_none] += tls == SHARE_NONE;
    s->n[C_hosts_tls_unknown] += tls == SHARE_UNKNOWN;
    s->n[C_hosts_answered] += tls != SHARE_UNKNOWN;
    s->n[C_hosts_cert] += cert != SHARE_UNKNOWN;
    s->n[C_hosts_cert_all] += cert == SHARE_ALL;
    s->outcomes[SET_HOST][h->oc]++;
    s->outcomes[SET_HOST_A][h->oc_a]++;
    s->outcomes[SET_HOST_AAAA][h->oc_aaaa]++;
    s->outcomes[SET_HOST_TLSA][h->oc_tlsa]++;
}

static void count_policy(struct stats *s, const struct policy_fact *p)
{
    bool differ = p->bodies_differ || p->works_partly || p->fails_otherwise;

    s->n[C_pol_hosts] += p->several;
    s->n[C_pol_hosts_same] += p->several && !differ;
    s->n[C_pol_hosts_bodies] += p->bodies_differ;
    s->n[C_pol_hosts_partly] += p->works_partly;
    s->n[C_pol_hosts_failures] += p->fails_otherwise;
    s->outcomes[SET_POLICY][p->oc]++;
    s->outcomes[SET_POLICY_A][p->oc_a]++;
    s->outcomes[SET_POLICY_AAAA][p->oc_aaaa]++;
}

void stats_joined(struct stats *s, const struct join *j)
{
    const struct host_fact *host;
    const struct endpoint_fact *endpoint;
    const struct policy_fact *policy;
    const struct ip_fact *ip;
    size_t at;

    for (at = 0; (host = table_next(&j->hosts, &at)) != NULL;)
        count_host(s, host);
    for (at = 0; (endpoint = table_next(&j->endpoints, &at)) != NULL;)
        count_endpoint(s, endpoint);
    for (at = 0; (policy = table_next(&j->policies, &at)) != NULL;)
        count_policy(s, policy);
    for (at = 0; (ip = table_next(&j->ips, &at)) != NULL;) {
        s->n[C_ips]++;
        s->n[C_ip_hosts] += ip->n_hosts;
        s->n[C_ip_probed] += ip->n_probed;
    }
}
