/* domains.h - streams the domain records that count: each position once, with its highest attempt. */
#ifndef STS_DOMAINS_H
#define STS_DOMAINS_H
#include "sinks/reader.h"

typedef int (*domain_fn)(void *arg, const struct rec_domain *d, struct sts_err *err);

/* `positions`: of the end record of a complete scan, else 0. Where there are as many records, none supersedes
 * another and the domains are read once; else they are read twice. `*n_superseded` is added to. */
int domains_each(struct scan_reader *r, uint64_t positions, domain_fn fn, void *arg, uint64_t *n_superseded,
                 struct sts_err *err) STS_CHECK;
#endif
