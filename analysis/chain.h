/* chain.h - the certificates of a scan, and what they are worth: each distinct chain is verified once, with
 * the trust store that the scan archived (its `cert` records with `ca`), at the time of the observation. Not
 * thread-safe. */
#ifndef STS_CHAIN_H
#define STS_CHAIN_H
#include "sinks/record.h"

/* What verification found; several may be set. */
enum chain_fault {
    CHAIN_EXPIRED = 1,      /* a certificate of the chain */
    CHAIN_NOT_YET = 2,      /* a certificate of the chain is not yet valid */
    CHAIN_SELF_SIGNED = 4,  /* the leaf, and it is not trusted */
    CHAIN_UNTRUSTED = 8,    /* ends at a root that is not in the trust store */
    CHAIN_NO_ISSUER = 16,   /* an issuer is neither sent nor in the trust store */
    CHAIN_UNREADABLE = 32,  /* a certificate cannot be parsed */
    CHAIN_NOT_IN_SCAN = 64, /* a certificate that is cited has no record: not the peer's fault, no verdict */
    CHAIN_EMPTY = 128,      /* no certificate was sent */
    CHAIN_OTHER = 256,      /* any other error: name constraints, usage, signature, ... */
    CHAIN_WEAK = 512        /* a key or signature of less than 112 bits of security, or of an unknown kind */
};

struct chain_verdict {
    uint32_t faults; /* enum chain_fault; 0: the chain verifies */
    int error;       /* the first X509_V_ERR, of CHAIN_WEAK only where there is no other; 0 where none */
    int depth;       /* of the certificate that it is about */
    bool aia;        /* an issuer is missing, and AIA says where it is: RFC 5280 section 4.2.2.1 */
};

/* How to judge, where not as the scan says. */
struct chain_rules {
    const char *ca_file; /* PEM: trusted instead of what the scan trusted; NULL: as the scan */
    bool has_time;
    uint64_t time_ms; /* since 1970: of every verification, whenever the chain was seen */
    /* Of a damaged scan, certificates are lost: a chain without a way to a trusted root may have had one, so
     * it gets CHAIN_NOT_IN_SCAN besides. */
    bool certs_lost;
};

struct chains;
/* `rules` may be NULL. STS_EINVAL: the file of them cannot be read, or holds no certificate. */
int chains_new(struct chains **out, const struct chain_rules *rules, struct sts_err *err) STS_CHECK;
void chains_free(struct chains *c);
/* Keeps a copy of the DER; a certificate that is there already is dropped. */
int chains_add(struct chains *c, const struct rec_cert *cert, struct sts_err *err) STS_CHECK;
/* {NULL, 0} where the scan does not hold it. Borrowed from `c`. */
struct sts_str chains_der(const struct chains *c, struct sts_str digest);
/* Is `chain` (digests, leaf first) good at `time_ms` (since 1970)? All certificates have to be added before.
 */
int chains_verify(struct chains *c, const struct sts_strs *chain, uint64_t time_ms, struct chain_verdict *out,
                  struct sts_err *err) STS_CHECK;
/* Does the leaf name `host` by a DNS-ID (RFC 8461 sections 3.3 and 4.2)? False also where there is no leaf.
 */
int chains_match(struct chains *c, const struct sts_strs *chain, struct sts_str host, bool *out,
                 struct sts_err *err) STS_CHECK;
#endif
