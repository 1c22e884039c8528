/* verify.h - what ststat verify checks: the end record, MX hosts, the other small kinds, the addresses of the
 * hosts, then the domains.
 * Problems are printed as they are found. Not thread-safe. */
#ifndef STS_VERIFY_H
#define STS_VERIFY_H
#include "analysis/table.h"
#include "sinks/posset.h"
#include "sinks/reader.h"

#include <stdio.h>

#define VERIFY_DIGEST_BYTES 32 /* SHA-256 */
struct verify_digest {
    bool there;
    uint8_t b[VERIFY_DIGEST_BYTES];
};

struct verify_end { /* the end record; none where the scan went on behind it */
    bool there, complete;
    char reason[128]; /* escaped text */
    uint64_t positions, last_pos;
    char file[512]; /* where it stands */
    uint64_t offset;
    struct verify_digest input; /* of the whole, as it was read */
};
struct verify_input {
    uint64_t bytes;
    struct verify_digest edge; /* none: it was no regular file */
};
struct verify_again { /* of a host: the highest attempt */
    struct key key;
    uint64_t attempt;
};
struct verify_anchor {
    struct key key;
    uint8_t digest[VERIFY_DIGEST_BYTES];
};
struct verify_trust { /* as the scan records have it */
    bool differs;     /* a later run had another trust store */
    uint64_t n;
    struct verify_digest digest;
};

struct verify {
    FILE *out;
    uint64_t limit, n_problems;     /* so many are printed */
    struct posset positions, first; /* first: those with attempt 0 */
    struct table known;             /* what has been seen: see seen_key() */
    struct table citations;         /* certificates cited before they were there */
    struct table counts;            /* records by kind and outcome */
    struct table again;             /* hosts with several records: which of them counts */
    struct table anchors;           /* certificates of the trust store */
    struct verify_end end;
    uint64_t start_ms, seed;
    uint64_t n_of_kind[REC_KIND_LIMIT]; /* records, of kinds that have outcomes or are counted like them */
    uint64_t n_foreign;                 /* records of kinds of a later version */
    struct verify_input input;          /* as the scan records have it */
    const char *input_path;             /* compared with it; NULL: nothing was */
    struct verify_trust trust;
    bool no_starttls;
    uint64_t port; /* of the endpoints: a scan has one */
    unsigned n_parts, n_scans, n_parts_begun;
    bool newer_schema;
    uint64_t n_shards, shard; /* of the scan's options; n_shards 1: it is not split */
    uint64_t n_misplaced;     /* records of another shard */
    uint64_t n_domains, n_hosts, n_endpoints, n_policies, n_certs, n_citations, n_repeats;
    uint64_t n_host_links, n_policy_links;     /* of domains, that were followed */
    uint64_t n_addresses, n_sampled, n_beyond; /* of hosts: all, without an endpoint record: sampled, cut */
    uint64_t n_digests;                        /* of bodies, that were computed again */
    uint64_t n_late_hosts, n_late_links, n_late_policies; /* not there, where that is no problem */
    uint64_t n_late_endpoints;
};

void verify_init(struct verify *v, FILE *out, uint64_t limit);
void verify_fini(struct verify *v);
/* Reads and checks all. A failure is of reading; problems are counted in `v`. */
int verify_scan(struct verify *v, struct scan_reader *r, struct sts_err *err) STS_CHECK;
/* Is the file at `path` the input of the scan? A failure is of reading. After verify_scan(). */
int verify_input(struct verify *v, const char *path, struct sts_err *err) STS_CHECK;
/* What was proven, in words. */
void verify_report(const struct verify *v, const struct scan_reader *r);

/* Shared by the passes. `place` may be NULL, `about` empty. */
void verify_problem(struct verify *v, const struct scan_place *place, struct sts_str about, const char *fmt,
                    ...) STS_PRINTF(4, 5);
/* Has it been seen? `n` tells apart what has the same key: 0 the thing itself, attempt + 1 one record of it.
 */
bool verify_knows(const struct verify *v, enum rec_kind kind, struct key key, uint64_t n);
int verify_note(struct verify *v, enum rec_kind kind, struct key key, uint64_t n, bool *fresh,
                struct sts_err *err) STS_CHECK;
int verify_count(struct verify *v, enum rec_kind kind, uint64_t oc, struct sts_err *err) STS_CHECK;
void verify_counts(struct verify *v, const struct rec_end *end, const struct scan_place *place);

/* verify_digests.c. */
bool verify_same_digest(const struct verify_digest *a, const struct verify_digest *b);
void verify_take_digest(struct verify_digest *out, struct sts_str from);
void verify_note_trust(struct verify *v, const struct rec_scan *scan);
int verify_anchor(struct verify *v, const struct rec_cert *cert, struct sts_err *err) STS_CHECK;
void verify_trust(struct verify *v);
void verify_bodies(struct verify *v, const struct rec_policy *p, const struct scan_place *place);
/* verify_endpoints.c: of several records of a host, the one with the highest attempt counts. */
int verify_host_again(struct verify *v, const struct rec_host *h, struct sts_err *err) STS_CHECK;

/* The passes, called by verify_scan(). */
int verify_end(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
               struct sts_err *err) STS_CHECK;
int verify_small(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                 struct sts_err *err) STS_CHECK;
int verify_addresses(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                     struct sts_err *err) STS_CHECK;
int verify_domain(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                  struct sts_err *err) STS_CHECK;
#endif
