/* name_class.h - what the DNS answers of one name say. Pure. Thread: any; no state. */
#ifndef STS_NAME_CLASS_H
#define STS_NAME_CLASS_H
#include "analysis/sts_txt.h"
#include "analysis/tlsrpt.h"
#include "sinks/record.h"

/* Where mail for the name goes, RFC 5321 section 5.1 and RFC 7505. Each name is exactly one. */
enum mx_state {
    MX_HAS,       /* MX RRs that are not a null MX */
    MX_NULL,      /* exactly one, preference 0, exchange "." */
    MX_IMPLICIT,  /* no MX, but an address */
    MX_NO_MAIL,   /* neither */
    MX_NXDOMAIN,  /* the name does not exist */
    MX_TEMPORARY, /* the lookup of MX, or of the address where there is none, failed for now or through us */
    MX_OTHER      /* not asked, or it cannot be */
};
enum mx_state mx_state(const struct rec_domain *d);
const char *mx_state_text(enum mx_state state);
const char *mx_state_rule(enum mx_state state); /* "RFC 5321 section 5.1" */
bool mx_is_root(const struct rec_mx *mx);
/* A null MX that is not alone, or not of preference 0. */
bool mx_null_beside(const struct rec_dns *mx);

/* True where a question was asked and neither answered nor surely has no answer. */
bool dns_unknown(const struct rec_dns *dns);

/* The strings of one RR joined without blanks (RFC 8461 section 3.1, RFC 7208 section 3.3): borrowed from
 * `rr` where it is one string, else put together in `buf`. An RR holds 65,535 bytes at most; what is beyond
 * the buffer is cut. */
#define TXT_JOINED_BYTES 65536
struct sts_str txt_joined(const struct rec_txt *rr, char buf[TXT_JOINED_BYTES]);
void read_sts(struct sts_txt *out, const struct rec_dns *dns, char buf[TXT_JOINED_BYTES]);
/* By the reading asked for. What keeps the ABNF is a record to lenient readers too. */
enum verdict sts_txt_reading(const struct sts_txt *t, bool lenient);
void read_rpt(struct tlsrpt *out, const struct rec_dns *dns, char buf[TXT_JOINED_BYTES]);
#endif
