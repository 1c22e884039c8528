#include "analysis/join.h"

#include "analysis/name_class.h"

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

/* How many addresses there are to ask; 0 where it cannot be said. */
static uint32_t count_addresses(const struct rec_host *h)
{
    const struct rec_dns *const lookups[] = {h->a, h->aaaa};
    uint32_t n = 0;

    for (size_t i = 0; i < STS_LEN(lookups); i++) {
        if (lookups[i] == NULL || dns_unknown(lookups[i]))
            return 0;
        n += lookups[i]->addr.n;
    }
    return h->n_cut > 0 ? 0 : n;
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
    fact->n_addresses = count_addresses(h);
    fact->implicit = h->implicit;
    fact->has_tlsa = (h->tlsa && h->tlsa->tlsa.n > 0 && h->tlsa->ad) ||
                     (h->tlsa_name && h->tlsa_name->tlsa.n > 0 && h->tlsa_name->ad);
    return STS_OK;
}

static struct key key_of_port(uint64_t port)
{
    return (struct key){port, 1};
}

/* Port and address are text of the scanner's own making: one spelling for one endpoint. */
static struct key endpoint_key(struct sts_str host, struct sts_str ip, struct key port)
{
    return key_join(key_join(key_of_name(host), key_of_name(ip)), port);
}

static int on_endpoint(struct join *j, const struct rec_endpoint *e, struct sts_err *err)
{
    struct endpoint_fact *fact;
    struct endpoint_facts seen;
    struct chain_verdict chain;
    void *entry;

    if (claim(j, &j->endpoints, endpoint_key(e->host, e->ip, key_of_port(e->port)), e->attempt, &entry,
              err) != STS_OK ||
        entry == NULL)
        return err->code;
    fact = entry;
    endpoint_classify(&seen, e);
    fact->host = key_of_name(e->host);
    fact->ip = key_of_name(e->ip);
    j->port = key_of_port(e->port);
    fact->oc = outcome_byte(e->oc);
    fact->group = (uint8_t)seen.group;
    fact->starttls = (uint8_t)seen.starttls;
    fact->version = (uint8_t)seen.version;
    fact->reached = seen.reached;
    fact->handshake = seen.handshake;
    fact->by_ip = e->by_ip;
    fact->has_cert = seen.handshake && e->tls->chain.n > 0;
    fact->match = false;
    fact->aia = false;
    fact->faults = 0;
    if (!fact->has_cert)
        return STS_OK;
    if (chains_verify(j->chains, &e->tls->chain, attempt_time_ms(j->start_ms, e->att.v, e->att.n), &chain,
                      err) != STS_OK)
        return err->code;
    fact->faults = chain.faults;
    fact->aia = chain.aia;
    /* RFC 8461 section 4.2: the name of the MX record, not what a CNAME makes of it. */
    return chains_match(j->chains, &e->tls->chain, e->host, &fact->match, err);
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

struct body_entry {
    struct key key; /* of the text */
    struct sts_str text;
};

/* Many names have the same policy: its text is kept once. */
static int keep_body(struct join *j, struct sts_str body, struct sts_str *out, struct sts_err *err)
{
    struct body_entry *entry = table_put(&j->bodies, key_of(body.p, body.len));

    if (entry != NULL && entry->text.p == NULL)
        entry->text = arena_copy(&j->arena, body.p, body.len);
    if (entry == NULL || entry->text.p == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    *out = entry->text;
    return STS_OK;
}

static uint32_t seconds(uint64_t s)
{
    return s < UINT32_MAX ? (uint32_t)s : UINT32_MAX;
}

static int compare_addresses(struct join *j, const struct rec_policy *p, const struct policy_facts *seen,
                             struct policy_fact *fact, struct sts_err *err)
{
    struct policy_addresses all;

    if (policy_addresses_compare(&all, j->chains, j->start_ms, p, seen, err) != STS_OK)
        return err->code;
    fact->several = all.n_conclusive > 1;
    fact->bodies_differ = all.bodies;
    fact->works_partly = all.partly;
    fact->fails_otherwise = all.failures;
    return STS_OK;
}

static int on_policy(struct join *j, const struct rec_policy *p, struct sts_err *err)
{
    static const struct sts_strs nothing = {NULL, 0};
    const struct sts_strs *sent = p->tls ? &p->tls->chain : &nothing;
    struct policy_fact *fact;
    struct policy_facts seen;
    struct chain_verdict chain;
    char room[POLICY_DECODED_BYTES];
    bool match;
    void *entry;

    if (claim(j, &j->policies, key_of_name(p->name), p->attempt, &entry, err) != STS_OK || entry == NULL)
        return err->code;
    fact = entry;
    if (chains_verify(j->chains, sent, attempt_time_ms(j->start_ms, p->att.v, p->att.n), &chain, err) !=
            STS_OK ||
        chains_match(j->chains, sent, p->host, &match, err) != STS_OK)
        return err->code;
    policy_classify(&seen, p, &chain, match, room);
    fact->oc = outcome_byte(p->oc);
    fact->oc_a = outcome_of(p->a);
    fact->oc_aaaa = outcome_of(p->aaaa);
    fact->class_ = (uint8_t)seen.class_;
    fact->mode = (uint8_t)seen.body.mode;
    fact->body = (uint8_t)seen.body.verdict;
    fact->defect = seen.body.defects.n ? (uint16_t)seen.body.defects.v[0].id : DEFECT_NONE;
    fact->results = (uint16_t)seen.results;
    fact->lenient = (uint8_t)seen.lenient;
    fact->lenient_mode = (uint8_t)seen.lenient_mode;
    fact->max_age_s = seconds(seen.body.max_age_s);
    fact->lenient_max_age_s = seconds(seen.lenient_max_age_s);
    fact->trusted = seen.trusted;
    fact->has_body = seen.has_body;
    fact->aia = chain.aia;
    fact->aged = seen.age_s > 0;
    fact->text = (struct sts_str){NULL, 0};
    if (compare_addresses(j, p, &seen, fact, err) != STS_OK)
        return err->code;
    return seen.class_ == POL_OK || seen.lenient == POL_OK ? keep_body(j, seen.text, &fact->text, err)
                                                           : STS_OK;
}

int join_add(struct join *j, enum rec_kind kind, const void *record, struct sts_err *err)
{
    const struct rec_end *end = record;

    switch (kind) {
    case REC_scan:
        j->start_ms = ((const struct rec_scan *)record)->start_ms;
        j->complete = false; /* an end record before this one is that of an earlier run */
        j->positions = 0;
        return STS_OK;
    case REC_cert: return chains_add(j->chains, record, err);
    case REC_host: return on_host(j, record, err);
    case REC_endpoint: return on_endpoint(j, record, err);
    case REC_policy: return on_policy(j, record, err);
    case REC_ip: return on_ip(j, record, err);
    case REC_end:
        j->complete = end->complete;
        j->positions = end->positions;
        return STS_OK;
    default: return STS_OK;
    }
}

static int on_record(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                     struct sts_err *err)
{
    (void)place;
    return record ? join_add(arg, kind, record, err) : STS_OK;
}

static int on_host_again(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                         struct sts_err *err)
{
    (void)kind, (void)place, (void)err;
    if (record != NULL)
        join_infer(arg, record);
    return STS_OK;
}

static struct endpoint_facts seen_at(const struct endpoint_fact *e)
{
    return (struct endpoint_facts){.group = (enum endpoint_group)e->group,
                                   .starttls = (enum starttls)e->starttls,
                                   .version = (enum tls_version)e->version,
                                   .reached = e->reached,
                                   .handshake = e->handshake};
}

/* What an endpoint says of its host, and, where it was asked itself, of its address. */
static void add_endpoint(struct join *j, struct host_fact *host, const struct endpoint_fact *e)
{
    const struct endpoint_facts seen = seen_at(e);
    enum mx_tls tls = mx_tls_of(&seen, e->oc);
    struct ip_fact *ip = j->ips.n > 0 ? table_find(&j->ips, e->ip) : NULL;
    struct mx_cert cert = mx_cert_of(e->has_cert ? e->faults : CHAIN_EMPTY, e->match);

    host->n_probed += e->group != EP_SKIPPED;
    host->starttls.yes += e->starttls == STARTTLS_OFFERED;
    host->starttls.no += e->starttls == STARTTLS_NOT_OFFERED;
    host->cert.yes += e->has_cert && e->faults == 0 && e->match;
    host->cert.no += e->has_cert && !(e->faults & CHAIN_NOT_IN_SCAN) && (e->faults != 0 || !e->match);
    mx_sum_add(&host->inferred, tls, cert);
    if (e->by_ip)
        return;
    mx_sum_add(&host->own, tls, cert);
    if (ip != NULL)
        mx_sum_add(&ip->seen, tls, (struct mx_cert){.fault = RESULT_NONE});
}

/* What the endpoints say, added up at their hosts. A host without a record of its own gets a place all the
 * same. */
int join_add_up(struct join *j, struct sts_err *err)
{
    const struct endpoint_fact *e;
    size_t at = 0;

    while ((e = table_next(&j->endpoints, &at)) != NULL) {
        struct host_fact *host = table_put(&j->hosts, e->host);

        if (host == NULL)
            return sts_fail(err, STS_ENOMEM, "out of memory");
        add_endpoint(j, host, e);
    }
    return STS_OK;
}

void join_infer(struct join *j, const struct rec_host *h)
{
    const struct rec_dns *const lookups[] = {h->a, h->aaaa};
    struct host_fact *host = table_find(&j->hosts, key_of_name(h->name));

    if (host == NULL || host->fact.attempt != h->attempt)
        return;
    for (size_t i = 0; i < STS_LEN(lookups); i++) {
        for (uint32_t k = 0; lookups[i] != NULL && k < lookups[i]->addr.n; k++) {
            struct sts_str address = lookups[i]->addr.v[k];
            const struct ip_fact *ip = table_find(&j->ips, key_of_name(address));
            const struct endpoint_fact *e =
                ip ? table_find(&j->endpoints, endpoint_key(h->name, address, j->port)) : NULL;

            if (ip != NULL && (e == NULL || e->oc == OC_SAMPLED_OUT))
                mx_sum_add_inferred(&host->inferred, &ip->seen);
        }
    }
}

int join_empty(struct join **out, const struct chain_rules *rules, struct sts_err *err)
{
    struct join *j = calloc(1, sizeof(*j));

    if (j == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    table_init(&j->hosts, sizeof(struct host_fact));
    table_init(&j->endpoints, sizeof(struct endpoint_fact));
    table_init(&j->policies, sizeof(struct policy_fact));
    table_init(&j->ips, sizeof(struct ip_fact));
    table_init(&j->bodies, sizeof(struct body_entry));
    arena_init(&j->arena, 0);
    if (chains_new(&j->chains, rules, err) != STS_OK) {
        join_free(j);
        return err->code;
    }
    *out = j;
    return STS_OK;
}

int join_new(struct join **out, struct scan_reader *r, const struct chain_rules *rules, struct sts_err *err)
{
    /* Certificates and the start of the clock before the first chain is looked at. */
    const uint32_t base = REC_MASK(REC_scan) | REC_MASK(REC_cert) | REC_MASK(REC_end);
    const uint32_t facts =
        REC_MASK(REC_host) | REC_MASK(REC_endpoint) | REC_MASK(REC_policy) | REC_MASK(REC_ip);
    struct join *j = NULL;

    if (join_empty(&j, rules, err) != STS_OK || j == NULL)
        return err->code;
    if (scan_reader_each(r, base, on_record, j, err) != STS_OK ||
        scan_reader_each(r, facts, on_record, j, err) != STS_OK || join_add_up(j, err) != STS_OK ||
        (j->ips.n > 0 && scan_reader_each(r, REC_MASK(REC_host), on_host_again, j, err) != STS_OK)) {
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
    table_fini(&j->bodies);
    arena_fini(&j->arena);
    free(j);
}

const struct host_fact *join_host(const struct join *j, struct sts_str name)
{
    return table_find(&j->hosts, key_of_name(name));
}

void join_mx(const struct join *j, struct sts_str name, bool infer, struct mx_facts *out)
{
    static const struct mx_sum nothing = {0};
    const struct host_fact *host = join_host(j, name);
    struct mx_addresses addresses = {0, false};

    out->host = name;
    if (host != NULL && host->has_record) {
        /* RFC 5321 section 5.1: no address, no host; nor where the name is none (RFC 1035 section 2.3.4). */
        addresses.absent = outcome_class(host->oc) == OCC_absent || host->oc == OC_DNS_NOT_QUERYABLE;
        addresses.n = host->n_addresses;
    }
    mx_facts_of(out, addresses, host ? &host->own : &nothing, host != NULL && infer ? &host->inferred : NULL);
}

const struct policy_fact *join_policy(const struct join *j, struct sts_str name)
{
    return table_find(&j->policies, key_of_name(name));
}
