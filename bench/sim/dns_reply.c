#include "bench/sim/dns_reply.h"

#define OUR_PAYLOAD   1232 /* that we say we take (DNS flag day 2020) */
#define OPT_BYTES     11
#define EDE_BYTES     6
#define OPTION_EDE    15 /* RFC 8914 section 2 */
#define SOA_REFRESH_S 7200
#define SOA_RETRY_S   3600
#define SOA_EXPIRE_S  1209600
#define SOA_MINIMUM_S 3600
#define SOA_SERIAL    2024092900U
#define FLAGS_AT      2
#define COUNTS_AT     4
enum flag { /* RFC 1035 section 4.1.1, RFC 4035 section 3.1.6 */
            FLAG_QR = 0x8000,
            FLAG_TC = 0x0200,
            FLAG_RD = 0x0100,
            FLAG_RA = 0x0080,
            FLAG_AD = 0x0020,
            FLAG_CD = 0x0010
};

static size_t opt_bytes(const struct dns_reply *r)
{
    return r->q->edns ? OPT_BYTES + EDE_BYTES : 0;
}

static size_t question_end(const struct dns_reply *r)
{
    return DNS_HEADER_BYTES + (r->q->qname_len > 0 ? r->q->qname_len + 4U : 0U);
}

void reply_begin(struct dns_reply *r, const struct dns_query *q, bool tcp, uint8_t *p, size_t most)
{
    *r = (struct dns_reply){
        .out = {.p = p, .most = most}, .q = q, .owner = DNS_HEADER_BYTES, .ede = DNS_EDE_NONE, .tcp = tcp};
    r->out.most -= opt_bytes(r);
    dns_put16(&r->out, q->id);
    dns_put16(&r->out, 0);
    dns_put16(&r->out, q->qname_len > 0);
    dns_put32(&r->out, 0);
    dns_put16(&r->out, q->edns);
    if (q->qname_len > 0)
        dns_put_bytes(&r->out, q->question, q->qname_len + 4U);
}

void reply_rr_begin(struct dns_reply *r, unsigned type)
{
    dns_put_pointer(&r->out, r->owner);
    dns_put16(&r->out, type);
    dns_put16(&r->out, DNS_CLASS_IN);
    dns_put32(&r->out, r->ttl_s);
    r->rr_at = (uint32_t)r->out.len;
    dns_put16(&r->out, 0);
}

void reply_rr_end(struct dns_reply *r)
{
    if (r->out.full)
        return;
    dns_set16(&r->out, r->rr_at, (unsigned)(r->out.len - r->rr_at - 2));
    r->n_rrs++;
}

void reply_cname(struct dns_reply *r, const char *target, size_t len)
{
    size_t at;

    reply_rr_begin(r, DNS_CNAME);
    at = r->out.len;
    dns_put_name(&r->out, target, len);
    reply_rr_end(r);
    r->owner = at;
}

static void put_in_zone(struct dns_reply *r, const char *label, unsigned len, size_t zone)
{
    dns_put8(&r->out, len);
    dns_put_bytes(&r->out, label, len);
    dns_put_pointer(&r->out, zone);
}

void reply_soa(struct dns_reply *r, size_t zone, bool as_answer)
{
    r->owner = zone;
    reply_rr_begin(r, DNS_SOA);
    put_in_zone(r, "ns1", 3, zone);
    put_in_zone(r, "hostmaster", 10, zone);
    dns_put32(&r->out, SOA_SERIAL);
    dns_put32(&r->out, SOA_REFRESH_S);
    dns_put32(&r->out, SOA_RETRY_S);
    dns_put32(&r->out, SOA_EXPIRE_S);
    dns_put32(&r->out, SOA_MINIMUM_S);
    reply_rr_end(r);
    if (!as_answer && !r->out.full) {
        r->n_rrs--;
        r->n_soas++;
    }
}

static void drop_rrs(struct dns_reply *r)
{
    r->out.len = question_end(r);
    r->out.full = false;
    r->n_rrs = r->n_soas = 0;
}

void reply_fail(struct dns_reply *r, enum dns_rcode rcode)
{
    drop_rrs(r);
    r->secure = false;
    r->rcode = (uint8_t)rcode;
}

void reply_truncate(struct dns_reply *r)
{
    drop_rrs(r);
    r->truncated = true;
}

static void put_flags(struct dns_reply *r)
{
    const struct dns_query *q = r->q;
    unsigned flags = FLAG_QR | FLAG_RA | (unsigned)q->opcode << 11 | (r->rcode & 15U);

    flags |= (q->rd ? FLAG_RD : 0U) | (q->cd ? FLAG_CD : 0U) | (r->truncated ? FLAG_TC : 0U);
    if (r->secure && (q->ad || q->dnssec_ok))
        flags |= FLAG_AD;
    dns_set16(&r->out, FLAGS_AT, flags);
}

static void put_opt(struct dns_reply *r)
{
    bool told = r->ede != DNS_EDE_NONE;

    dns_put8(&r->out, 0);
    dns_put16(&r->out, DNS_OPT);
    dns_put16(&r->out, OUR_PAYLOAD);
    dns_put8(&r->out, r->rcode >> 4U); /* RFC 6891 section 6.1.3 */
    dns_put8(&r->out, 0);
    dns_put16(&r->out, r->q->dnssec_ok ? 0x8000 : 0); /* RFC 3225 section 3: copied */
    dns_put16(&r->out, told ? EDE_BYTES : 0);
    if (told) {
        dns_put16(&r->out, OPTION_EDE);
        dns_put16(&r->out, EDE_BYTES - 4);
        dns_put16(&r->out, r->ede);
    }
}

void reply_finish(struct dns_reply *r)
{
    if (r->out.full && r->tcp)
        reply_fail(r, DNS_RCODE_SERVFAIL);
    else if (r->out.full)
        reply_truncate(r);
    put_flags(r);
    dns_set16(&r->out, COUNTS_AT + 2, r->n_rrs);
    dns_set16(&r->out, COUNTS_AT + 4, r->n_soas);
    r->out.most += opt_bytes(r);
    if (r->q->edns)
        put_opt(r);
}
