/* class.c - the lists of classes.def as tables. */
#include "bench/sim/class.h"

#include <string.h>

struct class_row {
    const char *name;
    unsigned row;
    const char *doc;
};

#define MAIL(id, name, row, mail, doc) {name, row, doc},
static const struct class_row MAILS[] = {
#include "bench/sim/classes.def"
};
#define MXSET(id, name, row, doc) {name, row, doc},
static const struct class_row MXSETS[] = {
#include "bench/sim/classes.def"
};
#define STS(id, name, row, strict, lenient, doc) {name, row, doc},
static const struct class_row STSS[] = {
#include "bench/sim/classes.def"
};
#define RPT(id, name, row, strict, lenient, doc) {name, row, doc},
static const struct class_row RPTS[] = {
#include "bench/sim/classes.def"
};
#define POLICY(id, name, row, cert, class_, lenient, doc) {name, row, doc},
static const struct class_row POLICIES[] = {
#include "bench/sim/classes.def"
};
#define BODY(id, name, row, strict, lenient, doc) {name, row, doc},
static const struct class_row BODIES[] = {
#include "bench/sim/classes.def"
};
#define LISTING(id, name, row, listed, doc) {name, row, doc},
static const struct class_row LISTINGS[] = {
#include "bench/sim/classes.def"
};
#define SMTP(id, name, row, cert, state, starttls, version, doc) {name, row, doc},
static const struct class_row SMTPS[] = {
#include "bench/sim/classes.def"
};
#define TLSA(id, name, row, doc) {name, row, doc},
static const struct class_row TLSAS[] = {
#include "bench/sim/classes.def"
};
static const struct class_row QUERIES[] = {
    [QUERY_OK] = {"query-ok", 0, "answered"},
    [QUERY_SERVFAIL] = {"query-servfail", 22, "SERVFAIL, every time"},
    [QUERY_TIMEOUT] = {"query-timeout", 22, "no answer, ever"},
    [QUERY_LOST_ONCE] = {"query-lost-once", 0, "no answer to the first datagram"},
};

static const struct {
    const char *name;
    const struct class_row *rows;
    unsigned n;
} GROUPS[GROUP_LIMIT] = {
    [GROUP_MAIL] = {"mail", MAILS, MAIL_LIMIT},
    [GROUP_MXSET] = {"mxset", MXSETS, MXSET_LIMIT},
    [GROUP_STS] = {"sts", STSS, STS_LIMIT},
    [GROUP_RPT] = {"rpt", RPTS, RPT_LIMIT},
    [GROUP_POLICY] = {"policy", POLICIES, POLICY_LIMIT},
    [GROUP_BODY] = {"body", BODIES, BODY_LIMIT},
    [GROUP_LISTING] = {"listing", LISTINGS, LISTING_LIMIT},
    [GROUP_SMTP] = {"smtp", SMTPS, SMTP_LIMIT},
    [GROUP_TLSA] = {"tlsa", TLSAS, TLSA_LIMIT},
    [GROUP_QUERY] = {"query", QUERIES, QUERY_LIMIT},
};
_Static_assert((int)POLICY_LIMIT <= CLASS_MOST && (int)STS_LIMIT <= CLASS_MOST &&
                   (int)BODY_LIMIT <= CLASS_MOST && (int)SMTP_LIMIT <= CLASS_MOST,
               "a group has more classes than a table of rates has room for");

const char *group_name(enum group g)
{
    return GROUPS[g].name;
}

unsigned group_size(enum group g)
{
    return GROUPS[g].n;
}

const char *class_name(enum group g, unsigned c)
{
    return GROUPS[g].rows[c].name;
}

unsigned class_row(enum group g, unsigned c)
{
    return GROUPS[g].rows[c].row;
}

const char *class_doc(enum group g, unsigned c)
{
    return GROUPS[g].rows[c].doc;
}

bool class_find(const char *name, enum group *g, unsigned *c)
{
    for (unsigned group = 0; group < GROUP_LIMIT; group++)
        for (unsigned n = 0; n < GROUPS[group].n; n++)
            if (strcmp(name, GROUPS[group].rows[n].name) == 0) {
                *g = (enum group)group;
                *c = n;
                return true;
            }
    return false;
}

enum cert_class policy_cert(enum policy_class c)
{
#define POLICY(id, name, row, cert, class_, lenient, doc) [POLICY_##id] = CERT_##cert,
    static const uint8_t CERTS[] = {
#include "bench/sim/classes.def"
    };

    return (enum cert_class)CERTS[c];
}

enum cert_class smtp_cert(enum smtp_class c)
{
#define SMTP(id, name, row, cert, state, starttls, version, doc) [SMTP_##id] = CERT_##cert,
    static const uint8_t CERTS[] = {
#include "bench/sim/classes.def"
    };

    return (enum cert_class)CERTS[c];
}
