/* join.h - the facts of a scan that domains share, in memory: MX hosts, endpoints, policies. Read first; the
 * domains are streamed after and look up here. Where a record was written again, the highest attempt counts.
 * Not thread-safe. */
#ifndef STS_JOIN_H
#define STS_JOIN_H
#include "analysis/endpoint_class.h"
#include "analysis/mx_facts.h"
#include "analysis/outcomes.h"
#include "analysis/policy_addresses.h"
#include "analysis/table.h"
#include "sinks/reader.h"

/* What every fact begins with. */
struct fact {
    struct key key;
    uint32_t attempt;
};

struct endpoint_fact {
    struct fact fact; /* keyed by host, address, port */
    struct key host;  /* of its name */
    struct key ip;    /* of its address */
    uint32_t faults;  /* enum chain_fault, where `has_cert` */
    uint8_t oc, group, starttls, version;
    bool reached, handshake, by_ip, has_cert, match, aia;
};

/* Over the endpoints of a host, or the hosts of a name: how many say yes, how many no. */
struct tally {
    uint32_t yes, no;
};
enum share { SHARE_UNKNOWN, SHARE_ALL, SHARE_SOME, SHARE_NONE };
enum share tally_share(struct tally tally);

struct host_fact {
    struct fact fact;            /* keyed by the name */
    uint32_t n_probed;           /* endpoints that were contacted, or not by our fault */
    struct tally starttls, cert; /* cert: valid and matching */
    struct mx_sum own;
    struct mx_sum inferred; /* `own`, and what other hosts show at addresses where it was not asked */
    uint32_t n_addresses;   /* 0 where that is not sure */
    uint8_t oc, oc_a, oc_aaaa, oc_tlsa;
    bool implicit, has_tlsa, has_record;
};

struct policy_fact {
    struct fact fact;    /* keyed by the policy domain */
    struct sts_str text; /* the body, decoded if need be, where it is valid by either reading */
    uint32_t max_age_s, lenient_max_age_s;
    uint16_t defect;  /* enum defect_id, the first of the body */
    uint16_t results; /* bits of result types */
    uint8_t oc, oc_a, oc_aaaa;
    uint8_t class_, mode, body;        /* enum policy_class, sts_mode, verdict */
    uint8_t lenient, lenient_mode;     /* enum policy_class, sts_mode: by the lenient reading */
    bool trusted, has_body, aia, aged; /* aged: came out of a cache */
    bool several;                      /* addresses of the policy host whose answers are compared */
    bool bodies_differ, works_partly, fails_otherwise; /* as in struct policy_addresses */
};

struct ip_fact { /* an address at which not every MX host was probed */
    struct fact fact;
    struct mx_sum seen; /* the hosts that were probed */
    uint64_t n_hosts, n_probed;
};

struct join {
    uint64_t start_ms;
    struct table hosts, endpoints, policies, ips;
    struct table bodies; /* of policies, each text once */
    struct arena arena;  /* their bytes */
    struct key port;     /* of the endpoints: a scan has one */
    struct chains *chains;
    uint64_t n_superseded; /* records of these kinds */
    bool complete;         /* the end record says so */
    uint64_t positions;    /* of the end record */
};

/* Reads all but the domains. `rules` may be NULL. */
int join_new(struct join **out, struct scan_reader *r, const struct chain_rules *rules,
             struct sts_err *err) STS_CHECK;
void join_free(struct join *j);
/* The same by hand, for some of the records: `scan` and certificates first, the others in any order, then
 * join_add_up(), then each host record again for join_infer(). */
int join_empty(struct join **out, const struct chain_rules *rules, struct sts_err *err) STS_CHECK;
int join_add(struct join *j, enum rec_kind kind, const void *record, struct sts_err *err) STS_CHECK;
int join_add_up(struct join *j, struct sts_err *err) STS_CHECK;
/* What sampling kept from being asked: an address where other hosts were probed speaks for this host too. */
void join_infer(struct join *j, const struct rec_host *h);
const struct host_fact *join_host(const struct join *j, struct sts_str name);
/* All but its preference and its place among the others; UNKNOWN where the scan has no record of the host. */
void join_mx(const struct join *j, struct sts_str name, bool infer, struct mx_facts *out);
const struct policy_fact *join_policy(const struct join *j, struct sts_str name);

/* When the evidence of a record with these attempts was seen, ms since 1970. */
uint64_t attempt_time_ms(uint64_t start_ms, const struct rec_attempt *attempts, uint32_t n);
#endif
