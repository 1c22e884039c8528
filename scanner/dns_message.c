#include "scanner/dns_message_private.h"

#include <stddef.h>
#include <string.h>

#define EDNS_PAYLOAD   1232 /* DNS flag day 2020; larger answers come by TCP */
#define CNAME_MOST     16   /* a chain that is longer is a loop */
#define RR_MOST        6000 /* of a section that are read: more than 64 KiB hold */
#define OPT_TYPE       41
#define LEN_WORTH_NOTE 512
#define FLAG_RD        0x0100
#define FLAG_AD        0x20 /* in the second flag byte */
#define FLAG_CD        0x10

static uint8_t *put16(uint8_t *p, unsigned u)
{
    p[0] = (uint8_t)(u >> 8);
    p[1] = (uint8_t)u;
    return p + 2;
}

/* As ns_name_pton, which is slow, does it; names without escapes have it this way: every dot gives its place
 * to a length. Returns the length, 0: it is none of these, or none at all. */
static size_t plain_name(const char *prefix, const char *name, uint8_t wire[NS_MAXCDNAME])
{
    const size_t prefix_len = strlen(prefix), len = prefix_len + strlen(name);
    char *const text = (char *)wire + 1;
    size_t label = 0, label_len; /* wire[label] is the length of the label at text[label] */
    const char *dot;

    if (len > NS_MAXCDNAME - 2)
        return 0;
    memcpy(text, prefix, prefix_len);
    memcpy(text + prefix_len, name, len - prefix_len);
    if (memchr(text, '\\', len) != NULL)
        return 0;
    do {
        dot = memchr(text + label, '.', len - label);
        label_len = (dot != NULL ? (size_t)(dot - text) : len) - label;
        if (label_len > NS_MAXLABEL || (label_len == 0 && dot != NULL))
            return 0;
        wire[label] = (uint8_t)label_len;
        label += label_len + 1;
    } while (dot != NULL);
    if (label_len > 0) /* no dot at the end */
        wire[label++] = 0;
    return label;
}

static size_t wire_len(const uint8_t *wire)
{
    const uint8_t *end = wire;

    while (*end != 0)
        end += *end + 1;
    return (size_t)(end - wire) + 1;
}

/* The name takes the place of the root behind the prefix. */
static size_t name_to_wire(const char *prefix, const char *name, uint8_t wire[NS_MAXCDNAME])
{
    size_t len = plain_name(prefix, name, wire), before = 0;

    if (len > 0)
        return len;
    if (*prefix != '\0') {
        before = plain_name("", prefix, wire);
        if (before == 0)
            return 0;
        before--;
    }
    return ns_name_pton(name, wire + before, NS_MAXCDNAME - before) < 0 ? 0 : wire_len(wire);
}

size_t dns_message_query(uint8_t out[DNS_QUERY_BYTES], const char *prefix, const char *name,
                         enum dns_type type, unsigned flags)
{
    uint8_t *p = out + NS_HFIXEDSZ;
    size_t len = name_to_wire(prefix, name, p);

    if (len == 0)
        return 0;
    put16(out, 0);
    put16(out + 2, FLAG_RD | FLAG_AD | (flags & DNS_CD ? FLAG_CD : 0));
    put16(put16(put16(put16(out + 4, 1), 0), 0), 1); /* one question, and an OPT */
    p = put16(put16(p + len, type), ns_c_in);
    *p++ = 0; /* OPT at the root: payload, no extended flags, no options (RFC 6891 section 6.1.2) */
    p = put16(put16(put16(put16(put16(p, OPT_TYPE), EDNS_PAYLOAD), 0), 0), 0);
    return (size_t)(p - out);
}

const uint8_t *dns_message_question(const uint8_t query[DNS_QUERY_BYTES])
{
    return query + NS_HFIXEDSZ;
}

/* Behind the name at `p`; NULL: it runs on behind the end. Owners are mostly pointers (RFC 1035
 * section 4.1.4), that of OPT is the root. */
static const uint8_t *skip_name(const struct reading *r, const uint8_t *p)
{
    const ptrdiff_t left = r->end - p;

    if (left >= 2 && (*p & NS_CMPRSFLGS) == NS_CMPRSFLGS)
        return p + 2;
    if (left >= 1 && *p == 0)
        return p + 1;
    return ns_name_skip(&p, r->end) < 0 ? NULL : p;
}

/* The RR at `p`; returns where the next one begins, NULL: it runs on behind the end. */
static const uint8_t *read_head(const struct reading *r, const uint8_t *p, struct rr *rr)
{
    rr->owner = p;
    p = skip_name(r, p);
    if (p == NULL || r->end - p < NS_RRFIXEDSZ)
        return NULL;
    rr->type = get16(p);
    rr->class = get16(p + 2);
    rr->ttl_s = (uint32_t)get16(p + 4) << 16 | get16(p + 6);
    rr->len = get16(p + 8);
    rr->data = p + NS_RRFIXEDSZ;
    return (size_t)(r->end - rr->data) >= rr->len ? rr->data + rr->len : NULL;
}

/* Find the sections: the whole message is of as many RRs as it says, and nothing else. */
static int find_sections(struct reading *r)
{
    const uint8_t *p = r->msg + NS_HFIXEDSZ;
    unsigned n_questions = get16(r->msg + 4), n_authority = get16(r->msg + 8), n_rrs;
    struct rr rr;

    r->n_answers = get16(r->msg + 6);
    r->n_additional = get16(r->msg + 10);
    for (; n_questions > 0; n_questions--) {
        if (ns_name_skip(&p, r->end) < 0 || r->end - p < NS_QFIXEDSZ)
            return STS_EFORMAT;
        p += NS_QFIXEDSZ;
    }
    r->answers = p;
    n_rrs = r->n_answers + n_authority + r->n_additional;
    for (unsigned i = 0; i <= n_rrs; i++) {
        if (i == r->n_answers + n_authority)
            r->additional = p;
        if (i == n_rrs)
            break;
        if ((p = read_head(r, p, &rr)) == NULL)
            return STS_EFORMAT;
        r->has_alias |= rr.type == ns_t_cname && i < r->n_answers;
    }
    return p == r->end ? STS_OK : STS_EFORMAT;
}

/* Case is ignored, RFC 4343. The lengths before labels are no letters. */
static bool names_equal(const uint8_t *a, const uint8_t *b)
{
    for (;; a++, b++) {
        unsigned char x = *a, y = *b;

        if (x != y && ((x ^ y) != 0x20 || (x | 0x20) < 'a' || (x | 0x20) > 'z'))
            return false;
        if (x == 0 && y == 0)
            return true;
    }
}

/* Is the question, as it stands in the answer, about the name asked for? Mostly byte for byte. */
static bool is_echoed(const struct reading *r, size_t name_len)
{
    const uint8_t *question = r->msg + NS_HFIXEDSZ;

    if (get16(r->msg + 4) == 0)
        return false;
    return ((size_t)(r->answers - question) == name_len + NS_QFIXEDSZ &&
            memcmp(question, r->owner, name_len) == 0) ||
           names_equal(question, r->owner);
}

/* Is the RR about the end of the chain so far? */
static int is_about(const struct reading *r, const struct rr *rr, bool *about)
{
    static const uint8_t to_question[] = {NS_CMPRSFLGS, NS_HFIXEDSZ}; /* RFC 1035 section 4.1.4 */
    uint8_t owner[NS_MAXCDNAME];

    *about = r->owner_is_question && memcmp(rr->owner, to_question, sizeof(to_question)) == 0;
    if (*about)
        return STS_OK;
    if (ns_name_unpack(r->msg, r->end, rr->owner, owner, sizeof(owner)) < 0)
        return STS_EFORMAT;
    *about = names_equal(owner, r->owner);
    return STS_OK;
}

static int follow_cname(struct reading *r, const struct rr *rr)
{
    struct sts_strs *chain = &r->answer->cname;
    uint8_t wire[NS_MAXCDNAME];
    char target[NS_MAXDNAME];

    if (dns_read_name(r, rr, 0, wire, target) != STS_OK)
        return STS_EFORMAT;
    r->endless = chain->n == CNAME_MOST;
    if (r->endless)
        return STS_OK;
    if (chain->v == NULL)
        chain->v = dns_keep_list(r, CNAME_MOST, sizeof(*chain->v));
    if (r->no_memory)
        return STS_ENOMEM;
    chain->v[chain->n++] = dns_keep_name(r, target);
    memcpy(r->owner, wire, sizeof(wire));
    r->owner_is_question = false;
    return STS_OK;
}

/* Follow the CNAMEs from the name asked for (RFC 1034 section 3.6.2), whatever their order in the answer. */
static int follow_cnames(struct reading *r, unsigned n_rrs)
{
    const uint8_t *p = r->answers;
    unsigned i = 0;
    struct rr rr;

    while (i < n_rrs && !r->endless) {
        bool about = false;
        int rc;

        p = read_head(r, p, &rr);
        i++;
        if (p == NULL)
            return STS_EFORMAT;
        if (rr.type != ns_t_cname || rr.class != ns_c_in)
            continue;
        if (is_about(r, &rr, &about) != STS_OK)
            return STS_EFORMAT;
        if (!about)
            continue;
        rc = follow_cname(r, &rr);
        if (rc != STS_OK)
            return rc;
        p = r->answers; /* the next one may stand anywhere */
        i = 0;
    }
    return STS_OK;
}

static int read_answers(struct reading *r)
{
    unsigned n_rrs = r->n_answers < RR_MOST ? r->n_answers : RR_MOST;
    const uint8_t *p = r->answers;
    int rc;

    if (n_rrs == 0)
        return STS_OK;
    rc = r->has_alias ? follow_cnames(r, n_rrs) : STS_OK;
    if (rc == STS_OK)
        rc = dns_make_lists(r, n_rrs);
    for (unsigned i = 0; i < n_rrs && rc == STS_OK; i++) {
        bool about = false;
        struct rr rr;

        p = read_head(r, p, &rr);
        if (p == NULL)
            return STS_EFORMAT;
        if (rr.type == (unsigned)r->type && rr.class == ns_c_in)
            rc = is_about(r, &rr, &about);
        if (rc == STS_OK && about)
            rc = dns_read_rr(r, &rr);
    }
    return rc;
}

static int read_additional(struct reading *r)
{
    const uint8_t *p = r->additional;
    uint8_t owner[NS_MAXCDNAME];
    struct rr rr;

    for (unsigned i = 0; i < r->n_additional && i < RR_MOST; i++) {
        p = read_head(r, p, &rr);
        if (p == NULL ||
            (*rr.owner != 0 && ns_name_unpack(r->msg, r->end, rr.owner, owner, sizeof(owner)) < 0))
            return STS_EFORMAT;
        if (rr.type == OPT_TYPE)
            return dns_read_opt(r, &rr);
    }
    return STS_OK;
}

static enum outcome outcome_of(const struct reading *r)
{
    switch (r->answer->rcode) {
    case ns_r_noerror:
        if (r->endless)
            return OC_DNS_MALFORMED;
        return r->n > 0 ? OC_OK : OC_DNS_NODATA;
    case ns_r_nxdomain: return OC_DNS_NXDOMAIN;
    case ns_r_servfail: return OC_DNS_SERVFAIL;
    case ns_r_refused: return OC_DNS_REFUSED;
    default: return OC_DNS_RCODE;
    }
}

struct result dns_message_answer(const uint8_t *msg, size_t len, const uint8_t *name, enum dns_type type,
                                 unsigned flags, struct arena *arena, struct rec_dns *answer)
{
    struct reading r;
    size_t name_len;
    int rc;

    memset(&r, 0, offsetof(struct reading, owner));
    r.msg = msg;
    r.end = msg + len;
    r.arena = arena;
    r.answer = answer;
    r.type = type;
    r.flags = flags;
    if (len < NS_HFIXEDSZ || find_sections(&r) != STS_OK)
        return (struct result){OC_DNS_MALFORMED, SRC_BYTES, (int32_t)len};
    name_len = wire_len(name);
    memcpy(r.owner, name, name_len);
    r.owner_is_question = is_echoed(&r, name_len);
    answer->rcode = msg[3] & 15;
    answer->ad = (msg[3] & FLAG_AD) != 0;
    if (len > LEN_WORTH_NOTE)
        answer->len_bytes = len;
    rc = read_answers(&r);
    if (rc == STS_OK)
        rc = read_additional(&r);
    if (rc == STS_ENOMEM)
        return (struct result){OC_OUR_MEMORY, SRC_NONE, 0};
    if (rc != STS_OK)
        return (struct result){OC_DNS_MALFORMED, SRC_BYTES, (int32_t)len};
    return (struct result){(uint16_t)outcome_of(&r), answer->rcode ? SRC_RCODE : SRC_NONE,
                           (int32_t)answer->rcode};
}
