#include "analysis/evidence.h"

#include "analysis/text.h"

#include <string.h>

struct entry {
    struct key key;
};

static int no_memory(struct sts_err *err)
{
    return sts_fail(err, STS_ENOMEM, "out of memory");
}

/* A record lives only as long as its callback: keep a copy, by way of its encoding. */
static int keep(struct evidence *e, enum rec_kind kind, const void *record, bool aside, struct sts_err *err)
{
    struct kept *kept = arena_alloc(&e->arena, sizeof(*kept));
    struct sts_str bytes;
    void *copy = NULL;
    size_t used;

    e->scratch.len = 0;
    if (kept == NULL || rec_encode(&e->scratch, kind, record) != STS_OK)
        return no_memory(err);
    bytes = arena_copy(&e->arena, e->scratch.p, e->scratch.len);
    if (bytes.p == NULL ||
        rec_decode((const uint8_t *)bytes.p, bytes.len, &e->arena, &kept->kind, &copy, &used) != STS_OK)
        return no_memory(err);
    kept->record = copy;
    kept->aside = aside;
    *e->last = kept;
    e->last = &kept->next;
    return STS_OK;
}

static int add_key(struct table *table, struct key key, struct sts_err *err)
{
    return table_put(table, key) ? STS_OK : no_memory(err);
}

static bool is_wanted(const struct evidence *e, const struct rec_domain *d)
{
    struct sts_str in = d->input;

    if (in.len > 0 && in.p[in.len - 1] == '.')
        in.len--;
    return text_equal_nocase(d->name, e->wanted) || text_equal_nocase(in, e->wanted);
}

static int on_domain(struct evidence *e, const struct rec_domain *d, struct sts_err *err)
{
    if (!is_wanted(e, d))
        return STS_OK;
    e->n_domains++;
    if (d->name.len > 0 && !sts_str_equal(d->name, e->name)) {
        e->name = arena_copy(&e->arena, d->name.p, d->name.len);
        if (e->name.p == NULL || add_key(&e->hosts, key_of_name(d->name), err) != STS_OK)
            return no_memory(err);
    }
    for (uint32_t i = 0; d->mx != NULL && i < d->mx->mx.n; i++)
        if (add_key(&e->hosts, key_of_name(d->mx->mx.v[i].host), err) != STS_OK)
            return err->code;
    return keep(e, REC_domain, d, false, err);
}

static int add_ips(struct evidence *e, const struct rec_dns *dns, struct sts_err *err)
{
    for (uint32_t i = 0; dns != NULL && i < dns->addr.n; i++)
        if (add_key(&e->ips, key_of_name(dns->addr.v[i]), err) != STS_OK)
            return err->code;
    return STS_OK;
}

static int add_chain(struct evidence *e, const struct rec_tls *tls, struct sts_err *err)
{
    for (uint32_t i = 0; tls != NULL && i < tls->chain.n; i++)
        if (add_key(&e->certs, key_of(tls->chain.v[i].p, tls->chain.v[i].len), err) != STS_OK)
            return err->code;
    return STS_OK;
}

static int on_host(struct evidence *e, const struct rec_host *h, struct sts_err *err)
{
    if (table_find(&e->hosts, key_of_name(h->name)) == NULL)
        return STS_OK;
    e->n_records++;
    if (add_ips(e, h->a, err) != STS_OK || add_ips(e, h->aaaa, err) != STS_OK)
        return err->code;
    return keep(e, REC_host, h, false, err);
}

/* Of sampled addresses only, which are few: what is there may have to be inferred from other hosts. */
static int on_ip(struct evidence *e, const struct rec_ip *ip, struct sts_err *err)
{
    if (table_find(&e->ips, key_of_name(ip->ip)) == NULL)
        return STS_OK;
    return add_key(&e->sampled, key_of_name(ip->ip), err) ? err->code : keep(e, REC_ip, ip, false, err);
}

static int on_endpoint(struct evidence *e, const struct rec_endpoint *p, struct sts_err *err)
{
    if (table_find(&e->hosts, key_of_name(p->host)) == NULL)
        return table_find(&e->sampled, key_of_name(p->ip)) ? keep(e, REC_endpoint, p, true, err) : STS_OK;
    e->n_records++;
    return add_chain(e, p->tls, err) ? err->code : keep(e, REC_endpoint, p, false, err);
}

static int on_policy(struct evidence *e, const struct rec_policy *p, struct sts_err *err)
{
    if (!text_equal_nocase(p->name, e->name))
        return STS_OK;
    e->n_records++;
    if (add_chain(e, p->tls, err) != STS_OK)
        return err->code;
    for (uint32_t i = 0; i < p->others.n; i++)
        if (add_chain(e, p->others.v[i].tls, err) != STS_OK)
            return err->code;
    return keep(e, REC_policy, p, false, err);
}

static int on_cert(struct evidence *e, const struct rec_cert *cert, struct sts_err *err)
{
    bool cited = table_find(&e->certs, key_of(cert->digest.p, cert->digest.len)) != NULL;
    bool known = chains_der(e->chains, cert->digest).len > 0;

    if (!cited && !cert->trusted)
        return STS_OK;
    if (join_add(e->join, REC_cert, cert, err) != STS_OK)
        return err->code;
    return cited && !known ? keep(e, REC_cert, cert, false, err) : STS_OK;
}

static int on_record(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                     struct sts_err *err)
{
    struct evidence *e = arg;
    const struct rec_scan *scan = record;

    (void)place;
    switch (kind) {
    case REC_scan: e->start_ms = scan->start_ms; return join_add(e->join, kind, record, err);
    case REC_domain: return on_domain(e, record, err);
    case REC_host: return on_host(e, record, err);
    case REC_endpoint: return on_endpoint(e, record, err);
    case REC_policy: return on_policy(e, record, err);
    case REC_cert: return on_cert(e, record, err);
    case REC_ip: return on_ip(e, record, err);
    default: return STS_OK;
    }
}

/* The join of what was kept; the certificates are there already. */
static int join_up(struct evidence *e, struct sts_err *err)
{
    for (const struct kept *k = e->first; k != NULL; k = k->next)
        if (k->kind != REC_cert && join_add(e->join, k->kind, k->record, err) != STS_OK)
            return err->code;
    if (join_add_up(e->join, err) != STS_OK)
        return err->code;
    for (const struct kept *k = e->first; k != NULL; k = k->next)
        if (k->kind == REC_host)
            join_infer(e->join, k->record);
    return STS_OK;
}

int evidence_gather(struct evidence *e, struct scan_reader *r, const char *name,
                    const struct chain_rules *rules, struct sts_err *err)
{
    static const enum rec_kind order[] = {REC_scan,     REC_domain, REC_host, REC_ip,
                                          REC_endpoint, REC_policy, REC_cert};
    size_t len = strlen(name);

    memset(e, 0, sizeof(*e));
    e->last = &e->first;
    arena_init(&e->arena, 0);
    table_init(&e->hosts, sizeof(struct entry));
    table_init(&e->ips, sizeof(struct entry));
    table_init(&e->sampled, sizeof(struct entry));
    table_init(&e->certs, sizeof(struct entry));
    if (len > 1 && name[len - 1] == '.')
        len--;
    e->wanted = e->name = (struct sts_str){name, (uint32_t)len};
    if (join_empty(&e->join, rules, err) != STS_OK || add_key(&e->hosts, key_of_name(e->name), err) != STS_OK)
        return err->code;
    e->chains = e->join->chains;
    for (size_t i = 0; i < STS_LEN(order); i++) /* each kind needs what the ones before it say */
        if (scan_reader_each(r, REC_MASK(order[i]), on_record, e, err) != STS_OK)
            return err->code;
    return join_up(e, err);
}

void evidence_fini(struct evidence *e)
{
    arena_fini(&e->arena);
    rec_buf_fini(&e->scratch);
    table_fini(&e->hosts);
    table_fini(&e->ips);
    table_fini(&e->sampled);
    table_fini(&e->certs);
    join_free(e->join);
}
