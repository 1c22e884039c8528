/* truth.h - what a right measurement must find of a name: what it publishes, what is broken in it, and what
 * becomes of a message. Told by the classes that were drawn and the RFCs, after all retries. TRUTH.md
 * explains each word. Pure. */
#ifndef SIM_TRUTH_H
#define SIM_TRUTH_H
#include "bench/sim/publish.h"
#include "bench/sim/text.h"

#define TRUTH_MOST_FAULTS    64
#define TRUTH_MOST_ADDRESSES (FATE_MOST_ADDRESSES + 1) /* ::1 */

/* What was seen of a host; the better, the later. */
enum tls_word { TLS_UNKNOWN, TLS_DOWN, TLS_CLEAR, TLS_FAILED, TLS_OLD, TLS_ENCRYPTED };

/* Result types of RFC 8460 section 4.3, in its order. */
enum result {
    RESULT_STARTTLS_NOT_SUPPORTED,
    RESULT_CERTIFICATE_HOST_MISMATCH,
    RESULT_CERTIFICATE_EXPIRED,
    RESULT_CERTIFICATE_NOT_TRUSTED,
    RESULT_VALIDATION_FAILURE,
    RESULT_STS_POLICY_FETCH_ERROR,
    RESULT_STS_POLICY_INVALID,
    RESULT_STS_WEBPKI_INVALID,
    RESULT_LIMIT /* none */
};

struct truth_address {
    uint32_t v4; /* 0: ::1 */
    bool has_server;
    enum smtp_class smtp;         /* where has_server */
    const char *state, *starttls; /* words of ststat export */
    const char *version;          /* NULL: no handshake */
    enum cert_class cert;         /* where there is a version */
    bool reached;                 /* by TCP */
    enum tls_word tls;
};

enum host_finding { FOUND_THERE, FOUND_NO_ADDRESS, FOUND_NXDOMAIN, FOUND_UNKNOWN };
struct truth_host {
    struct host_id id, target; /* target: kind HOST_NONE where it is no CNAME */
    char name[NAME_BYTES];
    uint16_t preference;
    enum host_finding finding;
    bool part_unknown; /* a lookup of its addresses had no answer */
    unsigned n_addresses;
    struct truth_address address[TRUTH_MOST_ADDRESSES];
    enum tls_word best, worst; /* over its addresses that are known and not down */
    bool cert_seen, cert_good;
    bool cert_taken;        /* good, or good but for a weak key, which lenient senders take */
    enum result cert_fault; /* the first complaint, where it is good nowhere */
    enum tlsa_class tlsa;
    bool tlsa_secure;
    bool listed, listed_lenient;
};

struct truth_fault {
    char name[NAME_BYTES];
    uint16_t type; /* of DNS */
    enum query_class query;
};

/* By the RFC, and as deployed senders read. */
struct truth_reading {
    const char *record; /* none, valid, invalid, multiple, unknown, not-asked */
    const char *policy; /* class of the fetch; NULL: none is tried */
    const char *mode;   /* NULL: no body */
    const char *state;  /* why a sender does what it does */
};

struct truth {
    struct fate fate;
    const char *mail;
    unsigned n_mx_rrs;
    bool signalled;
    struct truth_reading strict, lenient;
    char id[PUBLISH_MOST_ID];
    bool has_id;
    int wild; /* -1: not asked */
    const char *rpt, *rpt_lenient;
    unsigned n_mailto, n_https;
    bool spf_seen, dmarc_seen;
    const char *addresses;   /* of its host: partly, bodies, failures (COLUMNS.md, differences); NULL: nothing
                                differs */
    int policy_trusted;      /* -1: no handshake */
    const char *policy_body; /* NULL: none to read */
    bool has_max_age;
    uint64_t max_age_s;
    unsigned n_hosts, n_looked_at; /* by preference: those beyond --mx-limit are known by name alone */
    struct truth_host host[FATE_MOST_MX];
    /* Hosts, against a valid policy that is not of mode none. */
    unsigned n_judged, n_listed, n_passing, n_unknown, n_down;
    const char *opportunistic, *mta_sts, *mta_sts_if_enforced, *mta_sts_lenient;
    const char *attacked_opportunistic, *attacked_cached, *attacked_first;
    unsigned results; /* bits, by enum result */
    enum result headline;
    unsigned n_faults;
    struct truth_fault fault[TRUTH_MOST_FAULTS];
    struct txts texts; /* scratch */
};

/* What the scan was told, as far as the truth depends on it. */
struct truth_scan {
    unsigned mx_limit;  /* MX hosts of a name that are looked at */
    uint16_t smtp_port; /* in the names of TLSA questions */
};
/* Everything about name i. */
void truth_of(const struct world *w, uint64_t i, const struct truth_scan *scan, struct truth *out);
/* Its line, without the end. */
void truth_put(const struct world *w, struct truth *t, struct text *out);
/* The first line: about the world. `oversample` as options.h has it. */
void truth_put_world(const struct world *w, const char *profile, const char *oversample,
                     const struct truth_scan *scan, struct text *out);

/* ---- parts, in their order ---- */

/* Is this question answered, in the end? What it meets is noted. */
bool truth_ask(const struct world *w, struct truth *t, const char *name, uint16_t type);
enum { DNS_A = 1, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28, DNS_TLSA = 52 };

void truth_records(const struct world *w, struct truth *t);
void truth_policy(const struct world *w, struct truth *t);
void truth_hosts(const struct world *w, struct truth *t, const struct truth_scan *scan);
void truth_verdict(struct truth *t); /* from all of the above alone */

/* Does a policy of this mx pattern list the host (RFC 8461 section 4.1)? */
bool truth_lists(const char *pattern, const char *host);
const char *truth_result_name(enum result r);
enum result truth_cert_result(enum cert_class c);
#endif
