/* mx_facts.h - what a sender finds at an MX host: its addresses, added up. Pure. Thread: any; no state. */
#ifndef STS_MX_FACTS_H
#define STS_MX_FACTS_H
#include "analysis/endpoint_class.h"
#include "analysis/verdict.h"

/* One address. DOWN only where it is sure: refused, or never reachable from the Internet. */
enum mx_tls mx_tls_of(const struct endpoint_facts *seen, unsigned oc);
/* The first complaint about a certificate with these faults (enum chain_fault), in the order host name,
 * validity, trust; RESULT_NONE where it is good, and where it cannot be judged (*unknown). */
enum result_type mx_cert_fault(uint32_t faults, bool match, bool *unknown);

/* Addresses, added up in any order. Zero: none. */
struct mx_sum {
    uint32_t n_down;
    uint8_t best, worst; /* enum mx_tls of those that were judged and are not down; MX_TLS_UNKNOWN: none */
    uint8_t cert_fault;  /* enum result_type: the first complaint at any address with TLS 1.2 or later */
    bool cert_good;      /* at any such address */
};
/* `cert_good` and `cert_fault` are of this address; they count where tls is MX_TLS_ENCRYPTED. */
void mx_sum_add(struct mx_sum *sum, enum mx_tls tls, bool cert_good, enum result_type cert_fault);
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
