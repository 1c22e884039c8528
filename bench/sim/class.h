/* class.h - the classes of classes.def as enums, their names, and the tables of rates that draw them. Pure.
 */
#ifndef SIM_CLASS_H
#define SIM_CLASS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAIL(id, ...) MAIL_##id,
enum mail_class {
#include "bench/sim/classes.def"
    MAIL_LIMIT
};
#define MXSET(id, ...) MXSET_##id,
enum mxset_class {
#include "bench/sim/classes.def"
    MXSET_LIMIT
};
#define STS(id, ...) STS_##id,
enum sts_class {
#include "bench/sim/classes.def"
    STS_LIMIT
};
#define RPT(id, ...) RPT_##id,
enum rpt_class {
#include "bench/sim/classes.def"
    RPT_LIMIT
};
#define POLICY(id, ...) POLICY_##id,
enum policy_class {
#include "bench/sim/classes.def"
    POLICY_LIMIT
};
#define BODY(id, ...) BODY_##id,
enum body_class {
#include "bench/sim/classes.def"
    BODY_LIMIT
};
#define LISTING(id, ...) LISTING_##id,
enum listing_class {
#include "bench/sim/classes.def"
    LISTING_LIMIT
};
#define SMTP(id, ...) SMTP_##id,
enum smtp_class {
#include "bench/sim/classes.def"
    SMTP_LIMIT
};
#define TLSA(id, ...) TLSA_##id,
enum tlsa_class {
#include "bench/sim/classes.def"
    TLSA_LIMIT
};
#define CERT(id, ...) CERT_##id,
enum cert_class {
#include "bench/sim/classes.def"
    CERT_LIMIT
};

enum mode { MODE_ENFORCE, MODE_TESTING, MODE_NONE };

/* What a question meets besides its answer; rates in the table "query". */
enum query_class { QUERY_OK, QUERY_SERVFAIL, QUERY_TIMEOUT, QUERY_LOST_ONCE, QUERY_LIMIT };

/* The kinds of class; --only and profiles find a class by its name in any of them. */
enum group {
    GROUP_MAIL,
    GROUP_MXSET,
    GROUP_STS,
    GROUP_RPT,
    GROUP_POLICY,
    GROUP_BODY,
    GROUP_LISTING,
    GROUP_SMTP,
    GROUP_TLSA,
    GROUP_QUERY,
    GROUP_LIMIT
};
#define CLASS_MOST 128 /* classes of a group */

const char *group_name(enum group g);             /* "sts" */
unsigned group_size(enum group g);                /* classes in it */
const char *class_name(enum group g, unsigned c); /* "sts-ok"; of a query: "query-timeout" */
unsigned class_row(enum group g, unsigned c);     /* edge case, 0: none */
const char *class_doc(enum group g, unsigned c);
bool class_find(const char *name, enum group *g, unsigned *c);
/* The certificate that goes with it. */
enum cert_class policy_cert(enum policy_class c);
enum cert_class smtp_cert(enum smtp_class c);
#endif
