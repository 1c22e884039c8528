/* verdict.h - what happens to a message to a domain, under opportunistic TLS (RFC 7435) and under MTA-STS
 * (RFC 8461 sections 4 and 5): facts in, verdict out. Pure. Thread: any; no state. */
#ifndef STS_VERDICT_H
#define STS_VERDICT_H
#include "analysis/name_class.h"
#include "analysis/policy_class.h"
#include "analysis/result_type.h"

/* What becomes of a message. */
enum delivery {
    DELIVERY_NOT_APPLICABLE, /* the domain takes no mail: null MX, no such name, neither MX nor address */
    DELIVERY_AUTHENTICATED,  /* over TLS, to a host that proved to be an MX host of the domain */
    DELIVERY_ENCRYPTED,      /* over TLS, to whoever answers */
    DELIVERY_CLEAR,
    DELIVERY_REFUSED, /* not delivered: no MX host passes (RFC 8461 section 5) */
    DELIVERY_INCONCLUSIVE,
    DELIVERY_LIMIT
};

/* What a sender finds at one MX host, over all its addresses. A sender goes on to the next address, so one
 * that works is enough. */
enum mx_tls {
    MX_TLS_UNKNOWN, /* it could not be judged: turned away, timed out, not probed, our own fault */
    MX_TLS_DOWN,    /* surely not reachable: no such name, no address, every connection refused */
    MX_TLS_CLEAR,   /* answers, without STARTTLS, or refuses it for good (5xx) */
    MX_TLS_FAILED,  /* offers STARTTLS, and then it fails: an opportunistic sender falls back to the clear */
    MX_TLS_OLD,     /* handshake done, below TLS 1.2 (RFC 8461 section 7.2 wants 1.2) */
    MX_TLS_ENCRYPTED, /* handshake done */
    MX_TLS_LIMIT
};
struct mx_facts {
    uint32_t preference;
    struct sts_str host;
    enum mx_tls tls; /* the best of the addresses that were judged */
    /* The worst of them, which an opportunistic sender may meet: it is content with the first address that
     * takes the message. MX_TLS_UNKNOWN: the same as `tls`. */
    enum mx_tls worst;
    /* Where TLS 1.2 or later came up at a judged address: the certificate is good for MTA-STS (RFC 8461
     * section 4.2) at any of them, and the first complaint, in the order host name, validity, trust, where at
     * none. Neither: the certificate was not judged, so whether the host passes is unknown. */
    bool cert_good;
    enum result_type cert_fault;
    bool cert_weak; /* good but for its strength at any of them, which lenient senders do not look at */
    bool inferred;  /* from other hosts at its address (by_ip), nothing of its own */
};

/* All that is needed of a domain. */
struct verdict_facts {
    enum mx_state mail;
    const struct mx_facts *mx; /* in order of preference; the domain itself where the MX is implicit */
    uint32_t n_mx;
    /* TXT record, by the reading that is asked about; `sts_unknown`: the lookup gave no answer. */
    enum verdict sts;
    bool sts_unknown;
    /* Policy, by the same reading. */
    enum policy_class policy;
    uint32_t policy_results; /* bits of result types of later stages of the fetch that failed too */
    enum sts_mode mode;
    bool uncached;              /* max_age 0: no sender can hold it (RFC 8461 section 3.2) */
    struct sts_str policy_body; /* for its mx patterns */
    bool lenient;               /* which reading of the patterns */
};

/* Why the MTA-STS sender does what it does: the first that applies. */
enum sts_state {
    STS_NO_MAIL,        /* the domain takes no mail */
    STS_NO_RECORD,      /* section 3.1: none, several, or a wrong one: as if not implemented */
    STS_RECORD_UNKNOWN, /* the lookup gave no answer */
    STS_FETCH_FAILED,   /* section 3.3: as if not implemented, where none is cached */
    STS_FETCH_UNKNOWN,
    STS_MODE_IS_NONE, /* section 5: as if not implemented */
    STS_TESTING,      /* section 5: delivered all the same, failures are reported */
    STS_ENFORCED,
    STS_STATE_LIMIT
};

/* One MX host under the policy; in the order of verdict_facts.mx. */
struct mx_verdict {
    bool listed;  /* RFC 8461 section 4.1 */
    bool passes;  /* listed, TLS 1.2 or later, certificate good */
    bool unknown; /* listed, and could not be judged */
    bool down;    /* listed, and surely not reachable: no failure of TLS, and no evidence of one */
    enum result_type failure; /* why it does not pass; RESULT_NONE: it passes, is unknown, or down */
};

struct verdict_of_domain {
    enum delivery opportunistic, mta_sts;
    enum delivery if_enforced; /* what an MTA-STS sender would do were a policy in mode testing in mode
                                  enforce; else as mta_sts */
    /* With an active attacker on the path, who can strip STARTTLS and forge insecure DNS (RFC 8461 section
     * 2, RFC 3207 section 6): a sender that holds the policy already, and one that meets the domain for the
     * first time, whose lookup of the record can be suppressed (RFC 8461 section 10.2). AUTHENTICATED,
     * REFUSED: the attacker can at most hold the message up (section 10.3). What is not applicable or
     * inconclusive without an attacker is so with one, so that the columns have the same denominators. */
    enum delivery attacked_opportunistic, attacked_cached, attacked_first;
    enum sts_state state;
    uint32_t n_listed, n_passing, n_unknown, n_down; /* of the MX hosts, where there is a policy to ask */
    uint32_t results;                                /* bits 1 << enum result_type: all that failed */
    enum result_type
        headline; /* of the first stage that fails: fetch, body, MX name, STARTTLS, certificate */
};

/* `mx`: room for facts->n_mx entries; may be NULL. */
void verdict_judge(struct verdict_of_domain *out, struct mx_verdict *mx, const struct verdict_facts *facts);

const char *delivery_name(enum delivery d); /* "authenticated", "encrypted", "clear", "refused",
                                               "inconclusive", "not-applicable" */
const char *delivery_text(enum delivery d);
const char *sts_state_name(enum sts_state s); /* "no-record", "fetch-failed", "enforced", ... */
const char *sts_state_text(enum sts_state s); /* in words */
const char *sts_state_rule(enum sts_state s); /* "RFC 8461 section 3.3" */
const char *mx_tls_name(enum mx_tls t);       /* "unknown", "down", "clear", "failed", "old", "encrypted" */
#endif
