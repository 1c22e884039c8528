/* policy_addresses.h - what each address of a policy host said, and whether they say the same. A sender asks
 * one of them (RFC 8461 section 3.3), so the verdict on a name is that of the first that answered; this says
 * what it would have been at the others. Not thread-safe. */
#ifndef STS_POLICY_ADDRESSES_H
#define STS_POLICY_ADDRESSES_H
#include "analysis/policy_class.h"

/* Only what would be the same tomorrow is compared: no address that was not asked, or failed for a while. */
struct policy_addresses {
    uint32_t n_asked;       /* addresses that were contacted */
    uint32_t n_ok;          /* that serve a valid policy, properly */
    uint32_t n_conclusive;  /* that do so, or fail for good */
    bool bodies;            /* they serve different bodies */
    bool partly;            /* the policy is valid at some, and fails for good at others */
    bool failures;          /* it is valid at none, and they fail in different ways */
    enum policy_class ipv4; /* of the first address of the family that is conclusive, else of the first that
                               was contacted; POL_NONE: none was */
    enum policy_class ipv6;
};
/* They differ. False also where fewer than two are conclusive. */
bool policy_addresses_differ(const struct policy_addresses *a);

/* Of one further fetch of `p`, without out->text. `start_ms`: of the scan. */
int policy_fetch_classify(struct policy_facts *out, struct chains *chains, uint64_t start_ms,
                          const struct rec_policy *p, const struct rec_fetch *f,
                          struct sts_err *err) STS_CHECK;
/* Of all addresses; `own` are the facts of the policy record itself. */
int policy_addresses_compare(struct policy_addresses *out, struct chains *chains, uint64_t start_ms,
                             const struct rec_policy *p, const struct policy_facts *own,
                             struct sts_err *err) STS_CHECK;
#endif
