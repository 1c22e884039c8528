/* domain_verdict.h - the verdict of a domain record, from what a scan's domains share. Not thread-safe. */
#ifndef STS_DOMAIN_VERDICT_H
#define STS_DOMAIN_VERDICT_H
#include "analysis/join.h"

/* How to judge; or-ed together. */
enum {
    JUDGE_LENIENT = 1, /* record and policy as deployed senders read them, else by the ABNF */
    JUDGE_INFER = 2    /* a host that was not asked itself is taken to be as others at its address */
};

/* One verdict and what it rests on. Made once, filled again for each domain. */
struct domain_verdict {
    struct verdict_of_domain of;
    struct verdict_facts facts;     /* facts.mx: borrows from the domain record and the join */
    struct mx_facts *mx;            /* = facts.mx, facts.n_mx of them, in order of preference */
    struct mx_verdict *mx_verdicts; /* of the same hosts; meaningful where there is a policy to ask */
    uint32_t n_inferred;            /* of the hosts: what is said of them is by inference */
    uint32_t room;
    char joined[TXT_JOINED_BYTES]; /* scratch */
};
struct domain_verdict *domain_verdict_new(void); /* NULL: no memory */
void domain_verdict_free(struct domain_verdict *v);

/* `d`: the record that counts (domains.h). One that was never asked (d->oc is not OK) is inconclusive. */
int join_verdict(const struct join *j, const struct rec_domain *d, unsigned how, struct domain_verdict *out,
                 struct sts_err *err) STS_CHECK;
#endif
