/* dns_find.c - records of names of the population, and of what is directly below them. */
#include "bench/sim/dns_work.h"

#include <string.h>

#define MOST_LINKS 3 /* of the chain of CNAMEs that leads from _mta-sts to a provider's record */

/* ---- TXT ---- */

static void put_txts(struct dns_work *w)
{
    const struct txts *txts = &w->a->txts;

    for (unsigned n = 0; n < txts->n; n++) {
        reply_rr_begin(&w->r, DNS_TXT);
        dns_put_bytes(&w->r.out, txts->bytes + txts->rr[n].at, txts->rr[n].len);
        reply_rr_end(&w->r);
    }
}

/* What was published in a->txts; where that is nothing, the name is not there. */
static enum dns_outcome say_txts(struct dns_work *w)
{
    if (w->a->txts.n == 0)
        return DNS_SAYS_NXDOMAIN;
    if (w->q->type != DNS_TXT)
        return DNS_SAYS_NODATA;
    put_txts(w);
    return DNS_SAYS_RECORDS;
}

enum dns_outcome find_rpt(struct dns_work *w)
{
    if (!work_fate(w))
        return DNS_SAYS_NXDOMAIN;
    work_zone(w, 2);
    publish_rpt(w->a->world, &w->a->fate, &w->a->txts);
    return say_txts(w);
}

enum dns_outcome find_dmarc(struct dns_work *w)
{
    if (!work_fate(w))
        return DNS_SAYS_NXDOMAIN;
    work_zone(w, 1);
    publish_dmarc(w->a->world, &w->a->fate, &w->a->txts);
    return say_txts(w);
}

enum dns_outcome find_below(struct dns_work *w)
{
    if (!work_fate(w))
        return DNS_SAYS_NXDOMAIN;
    work_zone_domain(w);
    publish_wild(w->a->world, &w->a->fate, &w->a->txts);
    return say_txts(w);
}

/* ---- MTA-STS ---- */

static unsigned n_links(const struct dns_work *w)
{
    return 1 + (unsigned)(draw(w->a->world, DRAW_TEXT, w->asked.i, UINT64_C(0xc4a1)) % MOST_LINKS);
}

static void link_to(struct dns_work *w, unsigned n)
{
    char target[NAME_BYTES];
    size_t len = sts_target_name(w->a->world, w->asked.i, w->a->fate.provider, n, target);

    reply_cname(&w->r, target, len);
    w->zone = dns_skip_labels(&w->r.out, w->r.owner, 2); /* NAME-with-dashes._mta-sts. */
    w->r.secure = false;
}

/* From link `n` of the chain on, the first being what a question about _mta-sts begins with. */
static enum dns_outcome follow_links(struct dns_work *w, unsigned n)
{
    unsigned links = w->a->fate.sts == STS_CNAME ? n_links(w) : 1;

    for (; n < links; n++) {
        link_to(w, n);
        if (w->q->type == DNS_CNAME)
            return DNS_SAYS_RECORDS;
    }
    publish_sts(w->a->world, &w->a->fate, &w->a->txts);
    return w->a->fate.sts == STS_DANGLING ? DNS_SAYS_NXDOMAIN : say_txts(w);
}

enum dns_outcome find_sts_target(struct dns_work *w)
{
    const struct fate *f = &w->a->fate;
    bool there = work_fate(w) && w->asked.host.owner == f->provider;

    w->r.secure = false;
    work_zone_domain(w);
    if (there && f->sts == STS_CNAME_LOOP)
        return DNS_SAYS_SERVFAIL;
    if (!there || f->sts != STS_CNAME || w->asked.n >= n_links(w))
        return DNS_SAYS_NXDOMAIN;
    return follow_links(w, w->asked.n + 1);
}

/* An owner that is a pointer to itself: RFC 1035 section 4.1.4 has them point to a prior occurrence. */
static enum dns_outcome loop_pointer(struct dns_work *w)
{
    w->r.owner = w->r.out.len;
    put_txts(w);
    return DNS_SAYS_BROKEN;
}

/* The record, but in an RR of type SPF (RFC 7208 section 3.1 ended that). */
static enum dns_outcome other_type(struct dns_work *w)
{
    static const char record[] = "\x17v=STSv1; id=20240101T00;";

    reply_rr_begin(&w->r, DNS_SPF);
    dns_put_bytes(&w->r.out, record, sizeof(record) - 1);
    reply_rr_end(&w->r);
    return DNS_SAYS_BROKEN;
}

static enum dns_outcome say_sts(struct dns_work *w)
{
    publish_sts(w->a->world, &w->a->fate, &w->a->txts);
    if (w->q->type != DNS_TXT)
        return say_txts(w);
    switch (w->a->fate.sts) {
    case STS_POINTER_LOOP: return loop_pointer(w);
    case STS_WRONG_ID:
        w->wrong_id_first = true;
        put_txts(w);
        return DNS_SAYS_BROKEN;
    case STS_WRONG_NAME:
        w->wrong_name_first = true;
        put_txts(w);
        return DNS_SAYS_BROKEN;
    default: return say_txts(w);
    }
}

enum dns_outcome find_sts(struct dns_work *w)
{
    if (!work_fate(w))
        return DNS_SAYS_NXDOMAIN;
    work_zone(w, 1);
    switch (w->a->fate.sts) {
    case STS_SERVFAIL:
    case STS_CNAME_LOOP: return DNS_SAYS_SERVFAIL;
    case STS_REFUSED: return DNS_SAYS_REFUSED;
    case STS_TIMEOUT: return DNS_SILENT;
    case STS_CNAME:
    case STS_DANGLING: return follow_links(w, 0);
    case STS_HUGE: /* as large as that, it need not be made to be seen not to fit */
    case STS_TRUNCATED:
        if (!w->r.tcp)
            return DNS_SAYS_TRUNCATED;
        break;
    case STS_TRUNCATED_DEAD: return w->r.tcp ? DNS_HANGS_UP : DNS_SAYS_TRUNCATED;
    case STS_OTHER_TYPE: return w->q->type == DNS_TXT ? other_type(w) : DNS_SAYS_NODATA;
    case STS_BOGUS:
        w->r.secure = false;
        if (w->q->cd)
            break;
        w->r.ede = DNS_EDE_BOGUS;
        return DNS_SAYS_SERVFAIL;
    default: break;
    }
    return say_sts(w);
}

enum dns_outcome find_sts_www(struct dns_work *w)
{
    struct fate *f = &w->a->fate;

    if (!work_fate(w))
        return DNS_SAYS_NXDOMAIN;
    work_zone(w, 2);
    if (f->sts == STS_WWW_ONLY) {
        f->sts = STS_OK;
        publish_sts(w->a->world, f, &w->a->txts);
        f->sts = STS_WWW_ONLY;
    } else {
        publish_wild(w->a->world, f, &w->a->txts);
    }
    return say_txts(w);
}

/* ---- the name itself ---- */

static void put_mx(struct dns_work *w, unsigned preference, const char *host, size_t len)
{
    reply_rr_begin(&w->r, DNS_MX);
    dns_put16(&w->r.out, preference);
    dns_put_name(&w->r.out, host, len);
    reply_rr_end(&w->r);
}

static void to_upper(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - ('a' - 'A') : text[i]);
}

static enum dns_outcome say_mx(struct dns_work *w)
{
    const struct fate *f = &w->a->fate;

    for (uint32_t i = 0; i < f->n_mx; i++) {
        char host[NAME_BYTES] = "";
        size_t len = 0;

        if (f->mx[i].host.kind != HOST_NONE) /* else it is a null MX (RFC 7505 section 3) */
            len = host_name(w->a->world, &f->mx[i].host, host);
        if (f->mxset == MXSET_CASE)
            to_upper(host, len);
        put_mx(w, f->mx[i].preference, host, len);
    }
    return f->n_mx > 0 ? DNS_SAYS_RECORDS : DNS_SAYS_NODATA;
}

static enum dns_outcome say_ns(struct dns_work *w)
{
    for (unsigned n = 1; n <= 2; n++) {
        char label[] = "ns1";

        label[2] = (char)('0' + n);
        reply_rr_begin(&w->r, DNS_NS);
        dns_put8(&w->r.out, 3);
        dns_put_bytes(&w->r.out, label, 3);
        dns_put_pointer(&w->r.out, DNS_HEADER_BYTES);
        reply_rr_end(&w->r);
    }
    return DNS_SAYS_RECORDS;
}

static enum dns_outcome say_address(struct dns_work *w)
{
    const struct host_id apex = {.kind = HOST_APEX, .owner = w->asked.i};

    host_fate_of(w->a->world, &apex, &w->a->host);
    return find_addresses(w);
}

enum dns_outcome find_name(struct dns_work *w)
{
    if (!work_fate(w))
        return DNS_SAYS_NXDOMAIN;
    work_zone(w, 0);
    switch (w->q->type) {
    case DNS_MX: return say_mx(w);
    case DNS_NS: return say_ns(w);
    case DNS_A:
    case DNS_AAAA: return say_address(w);
    case DNS_SOA: reply_soa(&w->r, w->zone, true); return DNS_SAYS_RECORDS;
    case DNS_TXT:
        publish_apex(w->a->world, &w->a->fate, &w->a->txts);
        return w->a->txts.n > 0 ? say_txts(w) : DNS_SAYS_NODATA;
    default: return DNS_SAYS_NODATA;
    }
}
