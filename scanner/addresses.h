/* addresses.h - the addresses of a host from its A and AAAA answers: once each, in an order by hash, so that
 * a limit cuts without favour and two scans with one seed choose alike. Pure. */
#ifndef STS_ADDRESSES_H
#define STS_ADDRESSES_H
#include "scanner/address.h"
#include "sinks/record.h"

struct addresses {
    struct address *v;
    uint32_t n;
    uint64_t n_cut; /* beyond the limit */
};
/* Either answer may be NULL. Taken from `arena`. STS_ENOMEM. */
int addresses_choose(struct addresses *out, const struct rec_dns *a, const struct rec_dns *aaaa,
                     uint64_t seed, uint64_t limit, struct arena *arena) STS_CHECK;
/* What a host's two lookups come to: OK with any address; else NO_ADDRESS, DNS_NXDOMAIN, DNS_NOT_QUERYABLE,
 * ADDRESS_UNKNOWN (a lookup without an answer), or our own fault. */
enum outcome addresses_outcome(const struct rec_dns *a, const struct rec_dns *aaaa);
#endif
