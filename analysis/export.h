/* export.h - a scan as a table of rows: ststat export. Not thread-safe. */
#ifndef STS_EXPORT_H
#define STS_EXPORT_H
#include "analysis/domain_verdict.h"
#include "analysis/row.h"
#include "sinks/reader.h"

/* Writes the rows in their order (export.def) to `out`. `rules` may be NULL. */
int export_rows(FILE *out, struct scan_reader *r, enum export_table table, const struct row_style *style,
                const struct chain_rules *rules, struct sts_err *err) STS_CHECK;

/* What the tables share, for the functions below. */
struct exporter {
    const struct join *join;
    struct row row;
    struct domain_verdict *verdict;
    struct table cited; /* struct export_citation */
    char joined[TXT_JOINED_BYTES];
};

/* Each fills e->row from one record. */
int export_domain(struct exporter *e, const struct rec_domain *d, struct sts_err *err) STS_CHECK;
int export_host(struct exporter *e, const struct rec_host *h, struct sts_err *err) STS_CHECK;
int export_endpoint(struct exporter *e, const struct rec_endpoint *p, struct sts_err *err) STS_CHECK;
int export_policy(struct exporter *e, const struct rec_policy *p, struct sts_err *err) STS_CHECK;
int export_cert(struct exporter *e, const struct rec_cert *c, struct sts_err *err) STS_CHECK;
/* Before the certificates: who sent which, into e->cited. */
struct export_citation {
    struct key key; /* of the digest */
    uint64_t n_leaf, n_sent;
};
int export_cite(struct exporter *e, const struct rec_tls *tls, struct sts_err *err) STS_CHECK;

/* Columns that several tables have (export_common.c). */
void export_outcome(struct row *row, enum export_column name, enum export_column class_, uint64_t oc);
void export_lookup(struct row *row, enum export_column c, const struct rec_dns *dns); /* its outcome */
void export_names(struct row *row, enum export_column c, struct sts_strs names);      /* lower case */
void export_defects(struct row *row, enum export_column c, const struct defects *defects);
void export_results(struct row *row, enum export_column c, uint32_t bits);
const char *export_result(enum result_type t); /* NULL for none */

struct attempt_columns {
    enum export_column source, raw, n, first, last, ms;
};
void export_attempts(struct exporter *e, const struct attempt_columns *c, uint64_t oc,
                     const struct rec_attempt *att, uint32_t n);

struct tls_columns {
    enum export_column version, cipher, group, sigalg, sha256, n, valid, faults, error, match, ms, aia;
};
struct tls_seen {
    struct chain_verdict chain;
    bool match;
};
/* `host`: that the certificate should name; `time_ms`: when it was seen. */
int export_tls(struct exporter *e, const struct tls_columns *c, const struct rec_tls *tls,
               struct sts_str host, uint64_t time_ms, struct tls_seen *seen, struct sts_err *err) STS_CHECK;
#endif
