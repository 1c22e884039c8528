#include "scanner/addresses.h"

#include "scanner/keyset.h"
#include "scanner/prefix.h"

#include <stdlib.h>

struct choice {
    uint64_t order;
    struct address address;
};

static int by_order(const void *a, const void *b)
{
    const struct choice *left = a, *right = b;

    return left->order < right->order ? -1 : left->order > right->order;
}

static uint32_t collect(struct choice *list, uint32_t n, const struct rec_dns *dns, uint64_t seed)
{
    for (uint32_t i = 0; dns != NULL && i < dns->addr.n; i++) {
        struct address a;

        if (address_parse_part(dns->addr.v[i].p, dns->addr.v[i].len, &a) == STS_OK)
            list[n++] = (struct choice){key128_of(a.b, sizeof(a.b), seed).lo, a};
    }
    return n;
}

int addresses_choose(struct addresses *out, const struct rec_dns *a, const struct rec_dns *aaaa,
                     uint64_t seed, uint64_t limit, struct arena *arena)
{
    uint32_t most = (a ? a->addr.n : 0) + (aaaa ? aaaa->addr.n : 0), n = 0;
    struct choice *list = arena_alloc(arena, most * sizeof(*list));

    *out = (struct addresses){.v = arena_alloc(arena, most * sizeof(*out->v))};
    if (list == NULL || out->v == NULL)
        return STS_ENOMEM;
    n = collect(list, n, a, seed);
    n = collect(list, n, aaaa, seed);
    qsort(list, n, sizeof(*list), by_order);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0 && address_equal(&list[i].address, &list[i - 1].address))
            continue;
        if (out->n < limit)
            out->v[out->n++] = list[i].address;
        else
            out->n_cut++;
    }
    return STS_OK;
}

/* Neither the name's nor to be learned later. */
static bool is_final(enum outcome oc)
{
    return outcome_class(oc) == OCC_ours || oc == OC_DNS_NOT_QUERYABLE || oc == OC_BLOCKLISTED;
}

enum outcome addresses_outcome(const struct rec_dns *a, const struct rec_dns *aaaa)
{
    enum outcome v4 = a != NULL ? (enum outcome)a->oc : OC_OUR_STOP;
    enum outcome v6 = aaaa != NULL ? (enum outcome)aaaa->oc : OC_OUR_STOP;

    if (v4 == OC_OK || v6 == OC_OK)
        return OC_OK;
    if (v4 == OC_DNS_NODATA || v6 == OC_DNS_NODATA) { /* it exists */
        if (outcome_class(v4) == OCC_absent && outcome_class(v6) == OCC_absent)
            return OC_NO_ADDRESS;
    } else if (v4 == OC_DNS_NXDOMAIN || v6 == OC_DNS_NXDOMAIN) {
        return OC_DNS_NXDOMAIN; /* RFC 8020 section 2: of all types, whatever became of the other question */
    }
    return is_final(v4) ? v4 : is_final(v6) ? v6 : OC_ADDRESS_UNKNOWN;
}
