/* verify_endpoints.c - every address of an MX host has its endpoint record, or is marked as sampled. */
#include "analysis/verify.h"

#include <inttypes.h>

int verify_host_again(struct verify *v, const struct rec_host *h, struct sts_err *err)
{
    const struct key key = key_of_name(h->name);
    struct verify_again *again;

    if (!verify_knows(v, REC_host, key, 0))
        return STS_OK;
    again = table_put(&v->again, key);
    if (again == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    if (again->attempt < h->attempt)
        again->attempt = h->attempt;
    return STS_OK;
}

static bool is_superseded(const struct verify *v, const struct rec_host *h)
{
    const struct verify_again *again = table_find(&v->again, key_of_name(h->name));

    return again != NULL && again->attempt > h->attempt;
}

/* An answer may have an address twice. `without`: those that nothing speaks for, each once. */
static int look_at(struct verify *v, const struct rec_host *h, const struct rec_dns *dns,
                   struct table *without, struct sts_err *err)
{
    const struct key host = key_of_name(h->name), port = {v->port, 1};

    for (uint32_t i = 0; dns != NULL && i < dns->addr.n; i++) {
        const struct key ip = key_of_name(dns->addr.v[i]);

        v->n_addresses++;
        if (verify_knows(v, REC_endpoint, key_join(host, key_join(ip, port)), 0))
            continue;
        if (verify_knows(v, REC_ip, ip, 0))
            v->n_sampled++;
        else if (table_put(without, ip) == NULL)
            return sts_fail(err, STS_ENOMEM, "out of memory");
    }
    return STS_OK;
}

int verify_addresses(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                     struct sts_err *err)
{
    struct verify *v = arg;
    const struct rec_host *h = record;
    struct table without;

    (void)kind;
    if (h == NULL || h->oc != OC_OK || v->no_starttls || is_superseded(v, h))
        return STS_OK;
    table_init(&without, sizeof(struct key));
    if (look_at(v, h, h->a, &without, err) == STS_OK && look_at(v, h, h->aaaa, &without, err) == STS_OK) {
        const uint64_t n = without.n > h->n_cut ? without.n - h->n_cut : 0;

        v->n_beyond += without.n - n;
        v->n_late_endpoints += n;
        if (n > 0 && v->end.complete)
            verify_problem(v, place, h->name,
                           "%" PRIu64 " of its addresses without an endpoint record, and not sampled", n);
    }
    table_fini(&without);
    return err->code;
}
