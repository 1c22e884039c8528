#include "scanner/dns_message.h"

#include <arpa/nameser.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define EDNS_PAYLOAD   1232 /* DNS flag day 2020; larger answers come by TCP */
#define CNAME_MOST     16   /* a chain that is longer is a loop */
#define RR_MOST        6000 /* of a section that are read: more than 64 KiB hold */
#define OPT_EDE        15   /* RFC 8914 section 2 */
#define OPT_TYPE       41
#define LEN_WORTH_NOTE 512
#define FLAG_AD        0x20 /* in the second flag byte */
#define FLAG_CD        0x10

static uint8_t *put16(uint8_t *p, unsigned u)
{
    p[0] = (uint8_t)(u >> 8);
    p[1] = (uint8_t)u;
    return p + 2;
}

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

size_t dns_message_query(uint8_t out[DNS_QUERY_BYTES], uint16_t id, const char *name, enum dns_type type,
                         unsigned flags)
{
    uint8_t wire[NS_MAXCDNAME], *p = out;
    const uint8_t *end = wire;

    if (ns_name_pton(name, wire, sizeof(wire)) < 0)
        return 0;
    while (*end != 0)
        end += *end + 1;
    end++;
    p = put16(p, id);
    *p++ = 0x01; /* RD */
    *p++ = (uint8_t)(FLAG_AD | (flags & DNS_CD ? FLAG_CD : 0));
    p = put16(put16(put16(put16(p, 1), 0), 0), 1);
    memcpy(p, wire, (size_t)(end - wire));
    p = put16(put16(p + (end - wire), type), ns_c_in);
    *p++ = 0; /* OPT at the root: payload, no extended flags, no options (RFC 6891 section 6.1.2) */
    p = put16(put16(put16(put16(put16(p, OPT_TYPE), EDNS_PAYLOAD), 0), 0), 0);
    return (size_t)(p - out);
}

/* One answer being read. */
struct reading {
    ns_msg msg;
    struct arena *arena;
    struct rec_dns *answer;
    enum dns_type type;
    unsigned flags;
    char owner[NS_MAXDNAME]; /* end of the CNAME chain so far */
    uint32_t n;              /* RRs kept */
    bool endless;            /* the CNAME chain goes on behind CNAME_MOST */
    bool no_memory;
};

static struct sts_str keep(struct reading *r, const void *p, size_t len)
{
    struct sts_str s = arena_copy(r->arena, p, len);

    if (s.p == NULL)
        r->no_memory = true;
    return s;
}

static void *keep_list(struct reading *r, size_t n, size_t size)
{
    void *list = arena_alloc(r->arena, (n ? n : 1) * size);

    if (list == NULL)
        r->no_memory = true;
    return list;
}

/* "." for the root, else without the trailing dot. */
static struct sts_str keep_name(struct reading *r, const char *name)
{
    size_t len = strlen(name);

    if (len == 0)
        return keep(r, ".", 1);
    return keep(r, name, len > 1 && name[len - 1] == '.' && name[len - 2] != '\\' ? len - 1 : len);
}

static bool names_equal(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0; /* both are in the escaped form that libresolv makes */
}

/* Is it about the end of the chain so far? */
static bool answers(const struct reading *r, const ns_rr *rr, unsigned type)
{
    return ns_rr_type(*rr) == (ns_type)type && ns_rr_class(*rr) == ns_c_in &&
           names_equal(ns_rr_name(*rr), r->owner);
}

/* The name in the RDATA from `at` on. It must fill it: one that runs on reads the next RR. */
static int read_name(const struct reading *r, const ns_rr *rr, unsigned at, char name[NS_MAXDNAME])
{
    int len = -1;

    if (ns_rr_rdlen(*rr) > at)
        len = ns_name_uncompress(ns_msg_base(r->msg), ns_msg_end(r->msg), ns_rr_rdata(*rr) + at, name,
                                 NS_MAXDNAME);
    return len >= 0 && at + (unsigned)len == ns_rr_rdlen(*rr) ? STS_OK : STS_EFORMAT;
}

/* Follow the CNAMEs from the name asked for (RFC 1034 section 3.6.2), whatever their order in the answer. */
static int follow_cnames(struct reading *r, unsigned n_rrs)
{
    struct sts_strs *chain = &r->answer->cname;
    char target[NS_MAXDNAME];
    ns_rr rr;

    for (unsigned i = 0; i < n_rrs; i++) {
        if (ns_parserr(&r->msg, ns_s_an, (int)i, &rr) < 0)
            return STS_EFORMAT;
        if (!answers(r, &rr, ns_t_cname))
            continue;
        if (read_name(r, &rr, 0, target) != STS_OK)
            return STS_EFORMAT;
        r->endless = chain->n == CNAME_MOST;
        if (r->endless)
            return STS_OK;
        if (chain->v == NULL)
            chain->v = keep_list(r, CNAME_MOST, sizeof(*chain->v));
        if (r->no_memory)
            return STS_ENOMEM;
        chain->v[chain->n++] = keep_name(r, target);
        memcpy(r->owner, target, sizeof(target));
        i = UINT_MAX; /* the next one may stand anywhere */
    }
    return STS_OK;
}

static int read_address(struct reading *r, const ns_rr *rr)
{
    bool v6 = r->type == DNS_AAAA;
    char text[ADDRESS_TEXT_BYTES];
    struct address a;

    if (ns_rr_rdlen(*rr) != (v6 ? 16 : 4))
        return STS_EFORMAT;
    a = v6 ? address_from_v6(ns_rr_rdata(*rr)) : address_from_v4(ns_rr_rdata(*rr));
    address_format(&a, text);
    r->answer->addr.v[r->n] = keep(r, text, strlen(text));
    r->answer->addr.n = r->n + 1;
    return STS_OK;
}

static int read_ptr(struct reading *r, const ns_rr *rr)
{
    char host[NS_MAXDNAME];

    if (read_name(r, rr, 0, host) != STS_OK)
        return STS_EFORMAT;
    r->answer->addr.v[r->n] = keep_name(r, host);
    r->answer->addr.n = r->n + 1;
    return STS_OK;
}

static int read_mx(struct reading *r, const ns_rr *rr)
{
    struct rec_mx *mx = &r->answer->mx.v[r->n];
    char host[NS_MAXDNAME];

    if (read_name(r, rr, 2, host) != STS_OK)
        return STS_EFORMAT;
    mx->preference = get16(ns_rr_rdata(*rr));
    mx->host = keep_name(r, host);
    r->answer->mx.n = r->n + 1;
    return STS_OK;
}

static int read_tlsa(struct reading *r, const ns_rr *rr)
{
    struct rec_tlsa *tlsa = &r->answer->tlsa.v[r->n];
    const uint8_t *data = ns_rr_rdata(*rr);

    if (ns_rr_rdlen(*rr) < 3)
        return STS_EFORMAT;
    tlsa->usage = data[0];
    tlsa->selector = data[1];
    tlsa->matching = data[2];
    tlsa->data = keep(r, data + 3, (size_t)ns_rr_rdlen(*rr) - 3);
    r->answer->tlsa.n = r->n + 1;
    return STS_OK;
}

/* Does the TXT begin v=spf1 (RFC 7208 section 4.5; ABNF literals ignore case), its strings joined? */
static bool is_spf(const uint8_t *data, unsigned len)
{
    static const char version[] = "v=spf1";
    unsigned at = 0, matched = 0;

    while (at < len && matched < sizeof(version) - 1) {
        unsigned string_len = data[at++];

        for (; string_len > 0 && at < len && matched < sizeof(version) - 1; string_len--, at++, matched++) {
            if ((data[at] | (matched == 1 || matched == 5 ? 0 : 0x20)) != version[matched])
                return false;
        }
    }
    return matched == sizeof(version) - 1;
}

static int read_txt(struct reading *r, const ns_rr *rr)
{
    const uint8_t *data = ns_rr_rdata(*rr);
    unsigned len = ns_rr_rdlen(*rr), n = 0;
    struct rec_txt *txt = &r->answer->txt.v[r->answer->txt.n];
    struct sts_str copy;

    for (unsigned at = 0; at < len; at += data[at] + 1u, n++) {
        if (at + data[at] + 1u > len)
            return STS_EFORMAT;
    }
    if (r->flags & DNS_SPF_ONLY && !is_spf(data, len)) {
        r->answer->n_other++;
        r->answer->other_bytes += len;
        return STS_OK;
    }
    txt->strings.v = keep_list(r, n, sizeof(*txt->strings.v));
    copy = keep(r, data, len);
    for (unsigned at = 0; at < len && !r->no_memory; at += data[at] + 1u)
        txt->strings.v[txt->strings.n++] = (struct sts_str){copy.p + at + 1, data[at]};
    r->answer->txt.n++;
    return STS_OK;
}

static int read_rr(struct reading *r, const ns_rr *rr)
{
    uint32_t ttl_s = ns_rr_ttl(*rr);
    int rc = STS_OK;

    switch (r->type) {
    case DNS_A:
    case DNS_AAAA: rc = read_address(r, rr); break;
    case DNS_PTR: rc = read_ptr(r, rr); break;
    case DNS_MX: rc = read_mx(r, rr); break;
    case DNS_TLSA: rc = read_tlsa(r, rr); break;
    case DNS_TXT: rc = read_txt(r, rr); break;
    }
    if (r->n == 0 || ttl_s < r->answer->ttl_s)
        r->answer->ttl_s = ttl_s;
    r->n++;
    return rc == STS_OK && r->no_memory ? STS_ENOMEM : rc;
}

static int make_lists(struct reading *r, unsigned n)
{
    switch (r->type) {
    case DNS_A:
    case DNS_PTR:
    case DNS_AAAA: r->answer->addr.v = keep_list(r, n, sizeof(*r->answer->addr.v)); break;
    case DNS_MX: r->answer->mx.v = keep_list(r, n, sizeof(*r->answer->mx.v)); break;
    case DNS_TLSA: r->answer->tlsa.v = keep_list(r, n, sizeof(*r->answer->tlsa.v)); break;
    case DNS_TXT: r->answer->txt.v = keep_list(r, n, sizeof(*r->answer->txt.v)); break;
    }
    return r->no_memory ? STS_ENOMEM : STS_OK;
}

static int read_answers(struct reading *r)
{
    unsigned n_rrs = ns_msg_count(r->msg, ns_s_an);
    ns_rr rr;
    int rc;

    if (n_rrs > RR_MOST)
        n_rrs = RR_MOST;
    if (n_rrs == 0)
        return STS_OK;
    rc = follow_cnames(r, n_rrs);
    if (rc == STS_OK)
        rc = make_lists(r, n_rrs);
    for (unsigned i = 0; i < n_rrs && rc == STS_OK; i++) {
        if (ns_parserr(&r->msg, ns_s_an, (int)i, &rr) < 0)
            return STS_EFORMAT;
        if (answers(r, &rr, r->type))
            rc = read_rr(r, &rr);
    }
    return rc;
}

/* Extended DNS Errors (RFC 8914 section 2); the upper bits of the RCODE (RFC 6891 section 6.1.3). */
static int read_opt(struct reading *r, const ns_rr *rr)
{
    const uint8_t *p = ns_rr_rdata(*rr);
    unsigned len = ns_rr_rdlen(*rr), n = 0, at;

    r->answer->rcode |= (uint64_t)(ns_rr_ttl(*rr) >> 24) << 4;
    for (at = 0; at + 4 <= len; at += 4 + get16(p + at + 2))
        n += get16(p + at) == OPT_EDE;
    if (n == 0)
        return STS_OK;
    r->answer->ede.v = keep_list(r, n, sizeof(*r->answer->ede.v));
    for (at = 0; at + 4 <= len && !r->no_memory; at += 4 + get16(p + at + 2)) {
        unsigned option_len = get16(p + at + 2);
        struct rec_ede *ede = &r->answer->ede.v[r->answer->ede.n];

        if (get16(p + at) != OPT_EDE)
            continue;
        if (option_len < 2 || at + 4 + option_len > len)
            break; /* it only explains: the answer stands without it */
        ede->code = get16(p + at + 4);
        ede->text = keep(r, p + at + 6, option_len - 2);
        r->answer->ede.n++;
    }
    return r->no_memory ? STS_ENOMEM : STS_OK;
}

static int read_additional(struct reading *r)
{
    unsigned n_rrs = ns_msg_count(r->msg, ns_s_ar);
    ns_rr rr;

    for (unsigned i = 0; i < n_rrs && i < RR_MOST; i++) {
        if (ns_parserr(&r->msg, ns_s_ar, (int)i, &rr) < 0)
            return STS_EFORMAT;
        if (ns_rr_type(rr) == OPT_TYPE)
            return read_opt(r, &rr);
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

struct result dns_message_answer(const uint8_t *msg, size_t len, const char *name, enum dns_type type,
                                 unsigned flags, struct arena *arena, struct rec_dns *answer)
{
    struct reading r = {.arena = arena, .answer = answer, .type = type, .flags = flags};
    int rc;

    if (len < NS_HFIXEDSZ || ns_initparse(msg, (int)len, &r.msg) < 0 || strlen(name) >= sizeof(r.owner))
        return (struct result){OC_DNS_MALFORMED, SRC_BYTES, (int32_t)len};
    memcpy(r.owner, name, strlen(name) + 1);
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
