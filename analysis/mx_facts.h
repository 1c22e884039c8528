/* mx_facts.h - what a sender finds at an MX host: its addresses, added up. Pure. Thread: any; no state. */
#ifndef STS_MX_FACTS_H
#define STS_MX_FACTS_H
#include "analysis/endpoint_class.h"
#include "analysis/verdict.h"

/* One address. DOWN only where it is sure: refused, or never reachable from the Internet. */
enum mx_tls mx_tls_of(const struct endpoint_facts *seen, unsigned oc);
/* What a certificate is worth. Neither good nor a fault: it cannot be judged. */
struct mx_cert {
    bool good;
    bool weak;              /* good but for CHAIN_WEAK, which deployed senders take */
    enum result_type fault; /* the first complaint, in the order host name, validity, trust */
};
/* `faults`: enum chain_fault. */
struct mx_cert mx_cert_of(uint32_t faults, bool match);

/* Addresses, added up in any order. Zero: none. */
struct mx_sum {
    uint32_t n_down;
    uint8_t best, worst; /* enum mx_tls of those that were judged and are not down; MX_TLS_UNKNOWN: none */
    uint8_t cert_fault;  /* enum result_type: the first complaint at any address with TLS 1.2 or later */
    bool cert_good;      /* at any such address */
    bool cert_weak;      /* the same of good but weak */
};
/* `cert` is of this address; it counts where tls is MX_TLS_ENCRYPTED. */
void mx_sum_add(struct mx_sum *sum, enum mx_tls tls, struct mx_cert cert);
/* What belongs to an address, seen by way of other hosts there: TLS, never a certificate. */
void mx_sum_add_inferred(struct mx_sum *sum, const struct mx_sum *address);

/* What a host's own lookup says: it has `n` addresses; 0 where that is not sure (a lookup failed, a limit cut
 * some). `absent`: surely no address at all. */
struct mx_addresses {
    uint32_t n;
    bool absent;
};
/* Fills all but preference and host. `inferred`: `own` and what is known by inference; NULL: do not infer. */
void mx_facts_of(struct mx_facts *out, struct mx_addresses addresses, const struct mx_sum *own,
                 const struct mx_sum *inferred);
#endif
