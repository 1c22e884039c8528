/* evidence.h - all that a scan holds of one name: its domain records, MX hosts, endpoints, policy,
 * certificates, each attempt of them. Not thread-safe. */
#ifndef STS_EVIDENCE_H
#define STS_EVIDENCE_H
#include "analysis/join.h"

struct kept { /* a record, copied */
    struct kept *next;
    enum rec_kind kind;
    const void *record;
    bool aside; /* of another MX host, at a sampled address: only there to infer from */
};

struct evidence {
    struct arena arena;
    struct rec_buf scratch;
    uint64_t start_ms;
    struct sts_str wanted;          /* as asked for, without trailing dot */
    struct kept *first, **last;     /* in the order of the stream, kind by kind */
    uint64_t n_domains, n_records;  /* n_records: all but domains, of the name itself */
    struct table hosts, ips, certs; /* keys of what belongs to the name */
    struct table sampled;           /* of `ips`: those at which not every host was probed */
    struct sts_str name;            /* of the domain record; as asked for where there is none */
    struct join *join;              /* of these records alone */
    struct chains *chains;          /* of the join */
};

/* `rules` may be NULL. */
int evidence_gather(struct evidence *e, struct scan_reader *r, const char *name,
                    const struct chain_rules *rules, struct sts_err *err) STS_CHECK;
void evidence_fini(struct evidence *e);
#endif
