#include "analysis/join.h"

#include <stdlib.h>

uint64_t attempt_time_ms(uint64_t start_ms, const struct rec_attempt *attempts, uint32_t n)
{
    return start_ms + (n > 0 ? attempts[n - 1].t_ms : 0);
}

enum share tally_share(struct tally tally)
{
    if (tally.yes == 0)
        return tally.no == 0 ? SHARE_UNKNOWN : SHARE_NONE;
    return tally.no == 0 ? SHARE_ALL : SHARE_SOME;
}

/* The entry of `key` to fill; NULL where a higher attempt is there already. */
static int claim(struct join *j, struct table *table, struct key key, uint64_t attempt, void **out,
                 struct sts_err *err)
{
    size_t before = table->n;
    struct fact *fact = table_put(table, key);

    *out = fact;
    if (fact == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    if (table->n == before) {
        j->n_superseded++;
        if (fact->attempt > attempt) {
            *out = NULL;
            return STS_OK;
        }
    }
    fact->attempt = attempt < UINT32_MAX ? (uint32_t)attempt : UINT32_MAX;
    return STS_OK;
}

static int on_host(struct join *j, const struct rec_host *h, struct sts_err *err)
{
    struct host_fact *fact;
    void *entry;

    if (claim(j, &j->hosts, key_of_name(h->name), h->attempt, &entry, err) != STS_OK || entry == NULL)
        return err->code;
    fact = entry;
    fact->has_record = true;
    fact->oc = outcome_byte(h->oc);
    fact->oc_a = outcome_of(h->a);
    fact->oc_aaaa = outcome_of(h->aaaa);
    fact->oc_tlsa = outcome_of(h->tlsa);
    fact->implicit = h->implicit;
    fact->has_tlsa = (h->tlsa && h->tlsa->tlsa.n > 0 && h->tlsa->ad) ||
                     (h->tlsa_name && h->tlsa_name->tlsa.n > 0 && h->tlsa_name->ad);
    return STS_OK;
}

/* Port and address are text of the scanner's own making: one spelling for one endpoint. */
static struct key endpoint_key(const struct rec_endpoint *e)
{
    struct key port = {e->port, 1};

    return key_join(key_join(key_of_name(e->host), key_of_name(e->ip)), port);
}

static int on_endpoint(struct join *j, const struct rec_endpoint *e, struct sts_err *err)
{
    struct endpoint_fact *fact;
    struct endpoint_facts seen;
    struct chain_verdict chain;
    void *entry;

    if (claim(j, &j->endpoints, endpoint_key(e), e->attempt, &entry, err) != STS_OK || entry == NULL)
        return err->code;
    fact = entry;
    endpoint_classify(&seen, e);
    fact->host = key_of_name(e->host);
    fact->oc = outcome_byte(e->oc);
    fact->group = (uint8_t)seen.group;
    fact->starttls = (uint8_t)seen.starttls;
    fact->version = (uint8_t)seen.version;
    fact->reached = seen.reached;
    fact->handshake = seen.handshake;
    fact->by_ip = e->by_ip;
    fact->has_cert = seen.handshake && e->tls->chain.n > 0;
    fact->match = false;
    fact->faults = 0;
    if (!fact->has_cert)
        return STS_OK;
    if (chains_verify(j->chains, &e->tls->chain, attempt_time_ms(j->start_ms, e->att.v, e->att.n), &chain,
                      err) == STS_OK)
        fact->faults = chain.faults;
    /* RFC 8461 section 4.2: the name of the MX record, not what a CNAME makes of it. */
    return err->code ? err->code : chains_match(j->chains, &e->tls->chain, e->host, &fact->match, err);
}

static int on_ip(struct join *j, const struct rec_ip *ip, struct sts_err *err)
{
    struct ip_fact *fact;
    void *entry;

    if (claim(j, &j->ips, key_of_name(ip->ip), 0, &entry, err) != STS_OK || entry == NULL)
        return err->code;
    fact = entry;
    fact->n_hosts = ip->n_hosts;
    fact->n_probed = ip->n_probed;
    return STS_OK;
}

static int on_policy(struct join *j, const struct rec_policy *p, struct sts_err *err)
{
    static const struct sts_strs nothing = {NULL, 0};
    const struct sts_strs *sent = p->tls ? &p->tls->chain : &nothing;
    struct policy_fact *fact;
    struct policy_facts seen;
    struct chain_verdict chain;
    bool match;
    void *entry;

    if (claim(j, &j->policies, key_of_name(p->name), p->attempt, &entry, err) != STS_OK || entry == NULL)
        return err->code;
    fact = entry;
    if (chains_verify(j->chains, sent, attempt_time_ms(j->start_ms, p->att.v, p->att.n), &chain, err) !=
            STS_OK ||
        chains_match(j->chains, sent, p->host, &match, err) != STS_OK)
        return err->code;
    policy_classify(&seen, p, &chain, match);
    fact->oc = outcome_byte(p->oc);
    fact->oc_a = outcome_of(p->a);
    fact->oc_aaaa = outcome_of(p->aaaa);
    fact->class_ = (uint8_t)seen.class_;
    fact->mode = (uint8_t)seen.body.mode;
    fact->body = (uint8_t)seen.body.verdict;
    fact->defect = seen.body.defects.n ? (uint16_t)seen.body.defects.v[0].id : DEFECT_NONE;
    fact->trusted = seen.trusted;
    fact->has_body = seen.has_body;
    return STS_OK;
}

/* Certificates, all of them before the first chain is looked at, and the start of the clock. */
static int on_base(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                   struct sts_err *err)
{
    struct join *j = arg;

    (void)place;
    if (record == NULL)
        return STS_OK;
    if (kind == REC_scan)
        j->start_ms = ((const struct rec_scan *)record)->start_ms;
    if (kind == REC_end) {
        j->complete = ((const struct rec_end *)record)->complete;
        j->positions = ((const struct rec_end *)record)->positions;
    }
    return kind == REC_cert ? chains_add(j->chains, record, err) : STS_OK;
}

static int on_fact(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                   struct sts_err *err)
{
    struct join *j = arg;

    (void)place;
    switch (kind) {
    case REC_host: return on_host(j, record, err);
    case REC_endpoint: return on_endpoint(j, record, err);
    case REC_policy: return on_policy(j, record, err);
    case REC_ip: return on_ip(j, record, err);
    default: return STS_OK;
    }
}

/* What the endpoints say, added up at their hosts. A host without a record of its own gets a place all the
 * same. */
static int add_up(struct join *j, struct sts_err *err)
{
    const struct endpoint_fact *e;
    size_t at = 0;

    while ((e = table_next(&j->endpoints, &at)) != NULL) {
        struct host_fact *host = table_put(&j->hosts, e->host);

        if (host == NULL)
            return sts_fail(err, STS_ENOMEM, "out of memory");
        host->n_probed += e->group != EP_SKIPPED;
        host->starttls.yes += e->starttls == STARTTLS_OFFERED;
        host->starttls.no += e->starttls == STARTTLS_NOT_OFFERED;
        host->cert.yes += e->has_cert && e->faults == 0 && e->match;
        host->cert.no += e->has_cert && (e->faults != 0 || !e->match);
    }
    return STS_OK;
}

int join_new(struct join **out, struct scan_reader *r, const struct chain_rules *rules, struct sts_err *err)
{
    struct join *j = calloc(1, sizeof(*j));

    if (j == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    table_init(&j->hosts, sizeof(struct host_fact));
    table_init(&j->endpoints, sizeof(struct endpoint_fact));
    table_init(&j->policies, sizeof(struct policy_fact));
    table_init(&j->ips, sizeof(struct ip_fact));
    if (chains_new(&j->chains, rules, err) != STS_OK ||
        scan_reader_each(r, REC_MASK(REC_scan) | REC_MASK(REC_cert) | REC_MASK(REC_end), on_base, j, err) !=
            STS_OK ||
        scan_reader_each(
            r, REC_MASK(REC_host) | REC_MASK(REC_endpoint) | REC_MASK(REC_policy) | REC_MASK(REC_ip), on_fact,
            j, err) != STS_OK ||
        add_up(j, err) != STS_OK) {
        join_free(j);
        return err->code;
    }
    *out = j;
    return STS_OK;
}

void join_free(struct join *j)
{
    if (j == NULL)
        return;
    chains_free(j->chains);
    table_fini(&j->hosts);
    table_fini(&j->endpoints);
    table_fini(&j->policies);
    table_fini(&j->ips);
    free(j);
}

const struct host_fact *join_host(const struct join *j, struct sts_str name)
{
    return table_find(&j->hosts, key_of_name(name));
}

const struct policy_fact *join_policy(const struct join *j, struct sts_str name)
{
    return table_find(&j->policies, key_of_name(name));
}
