/* dns_message_private.h - an answer that is being read, shared by dns_message.c (sections, CNAMEs) and
 * dns_rdata.c (what stands in RRs). For these two files only. */
#ifndef STS_DNS_MESSAGE_PRIVATE_H
#define STS_DNS_MESSAGE_PRIVATE_H
#include "scanner/dns_message.h"

#include <arpa/nameser.h>

/* One answer being read. Owner names are compared as they are on the wire: of most no text is ever wanted. */
struct reading {
    const uint8_t *msg, *end;
    const uint8_t *answers, *additional; /* where these sections begin */
    unsigned n_answers, n_additional;
    struct arena *arena;
    struct rec_dns *answer;
    enum dns_type type;
    unsigned flags;
    uint32_t n;     /* RRs kept */
    bool has_alias; /* a CNAME among the answers */
    bool endless;   /* the CNAME chain goes on behind CNAME_MOST */
    bool no_memory;
    bool owner_is_question;      /* which most RRs say by a pointer to it */
    uint8_t owner[NS_MAXCDNAME]; /* end of the CNAME chain so far */
};
struct rr { /* RFC 1035 section 4.1.3 */
    const uint8_t *owner, *data;
    unsigned type, class, len;
    uint32_t ttl_s;
};

static inline unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* Room for n pieces; NULL: r->no_memory is set. */
void *dns_keep_list(struct reading *r, size_t n, size_t size);
/* "." for the root, else without the trailing dot. */
struct sts_str dns_keep_name(struct reading *r, const char *name);
/* The name in the RDATA from `at` on. It must fill it: one that runs on reads the next RR. */
int dns_read_name(const struct reading *r, const struct rr *rr, unsigned at, uint8_t wire[NS_MAXCDNAME],
                  char name[NS_MAXDNAME]);
/* Room in the answer for n RRs of the type asked for; then one of them. */
int dns_make_lists(struct reading *r, unsigned n);
int dns_read_rr(struct reading *r, const struct rr *rr);
/* Extended DNS Errors (RFC 8914 section 2); the upper bits of the RCODE (RFC 6891 section 6.1.3). */
int dns_read_opt(struct reading *r, const struct rr *rr);
#endif
