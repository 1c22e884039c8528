#include "scanner/mx_hosts.h"

#include "scanner/signalled.h"

#include <stdlib.h>

static int by_preference(const void *a, const void *b)
{
    const struct rec_mx *left = *(const struct rec_mx *const *)a, *right = *(const struct rec_mx *const *)b;

    if (left->preference != right->preference)
        return left->preference < right->preference ? -1 : 1;
    return left < right ? -1 : left > right; /* else in the order of the answer */
}

/* Its hosts are probed whatever else points to their addresses. */
static bool is_signalled(const struct rec_domain *rec)
{
    return rec->signalled || rpt_is_there(rec->rpt);
}

static int each_mx(struct rec_domain *rec, uint64_t limit, struct arena *arena, mx_host_fn fn, void *arg)
{
    const struct rec_dns *mx = rec->mx;
    const struct rec_mx **order = arena_alloc(arena, mx->mx.n * sizeof(*order));
    uint8_t others;
    uint32_t n = 0;

    if (order == NULL)
        return STS_ENOMEM;
    for (uint32_t i = 0; i < mx->mx.n; i++)
        if (!sts_str_equal(mx->mx.v[i].host, sts_str("."))) /* null MX, RFC 7505 section 3: no host */
            order[n++] = &mx->mx.v[i];
    qsort(order, n, sizeof(*order), by_preference);
    rec->n_mx_cut = n > limit ? n - limit : 0;
    others = (uint8_t)(n > 0 && n < MX_RANKS ? n - 1 : MX_RANKS - 1);
    for (uint32_t i = 0; i < n && i < limit; i++)
        fn(arg, &(struct mx_host){
                    .name = order[i]->host, .signalled = is_signalled(rec), .rank = i == 0 ? 0 : others});
    return STS_OK;
}

static bool has_address(const struct rec_domain *rec)
{
    return (rec->a != NULL && rec->a->addr.n > 0) || (rec->aaaa != NULL && rec->aaaa->addr.n > 0);
}

/* No MX: mail goes to the name itself (RFC 5321 section 5.1). */
static bool is_implicit(const struct rec_domain *rec, unsigned when)
{
    return rec->mx->oc == OC_DNS_NODATA && has_address(rec) && when != WHEN_NEVER &&
           (when == WHEN_ALWAYS || rec->signalled || rec->control);
}

int mx_hosts_each(struct rec_domain *rec, const struct options *o, struct arena *arena, mx_host_fn fn,
                  void *arg)
{
    if (rec->oc != OC_OK || rec->mx == NULL)
        return STS_OK;
    if (rec->mx->mx.n > 0)
        return each_mx(rec, o->mx_limit, arena, fn, arg);
    if (is_implicit(rec, o->probe_implicit_mx))
        fn(arg, &(struct mx_host){.name = rec->name, .signalled = is_signalled(rec), .implicit = true});
    return STS_OK;
}
