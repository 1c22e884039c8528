/* dns_reply.h - one answer being made, as a validating recursive resolver sends it: header, question, RRs in
 * the answer section, at most an SOA in the authority section, an OPT where the query had one. Pure.
 */
#ifndef SIM_DNS_REPLY_H
#define SIM_DNS_REPLY_H
#include "bench/sim/dns_wire.h"

#define DNS_EDE_NONE  UINT16_MAX
#define DNS_EDE_BOGUS 6 /* RFC 8914 section 4.7 */

struct dns_reply {
    struct dns_out out;
    const struct dns_query *q;
    size_t owner;    /* where the owner of the next RR stands */
    uint32_t ttl_s;  /* of the next RR */
    uint32_t rr_at;  /* RDLENGTH of the RR that is begun */
    uint16_t n_rrs;  /* in the answer section */
    uint16_t n_soas; /* in the authority section */
    uint16_t ede;    /* DNS_EDE_NONE, or the code to be told */
    uint8_t rcode;   /* enum dns_rcode */
    bool secure;     /* what is said is validated: AD, to who understands it (RFC 6840 section 5.8) */
    bool tcp, truncated;
};
/* Into `p`, at most `most` bytes: header and question. */
void reply_begin(struct dns_reply *r, const struct dns_query *q, bool tcp, uint8_t *p, size_t most);
/* An RR of class IN; its RDATA are put between. */
void reply_rr_begin(struct dns_reply *r, unsigned type);
void reply_rr_end(struct dns_reply *r);
void reply_cname(struct dns_reply *r, const char *target, size_t len); /* and `owner` becomes its target */
/* The SOA of the zone whose name stands at `zone`: as an answer, or to say how long there is none (RFC 2308).
 */
void reply_soa(struct dns_reply *r, size_t zone, bool as_answer);
/* RCODE `rcode` and no RR. */
void reply_fail(struct dns_reply *r, enum dns_rcode rcode);
/* TC=1 and no RR. */
void reply_truncate(struct dns_reply *r);
/* Counts, flags and OPT. What did not fit becomes TC=1, by TCP SERVFAIL. */
void reply_finish(struct dns_reply *r);
#endif
