#include "bench/sim/dns_work.h"

#include <string.h>

#define TTL_MOST_S 3600 /* an RRset leaves its zone with this and has aged in the resolver since */

void work_zone(struct dns_work *w, unsigned n_labels)
{
    w->zone = dns_skip_labels(&w->r.out, DNS_HEADER_BYTES, n_labels);
}

void work_zone_domain(struct dns_work *w)
{
    work_zone(w, w->q->n_labels > 2 ? w->q->n_labels - 2U : 0U);
}

bool work_fate(struct dns_work *w)
{
    fate_of(w->a->world, w->asked.i, &w->a->fate);
    if (w->a->fate.mail == MAIL_NXDOMAIN) { /* RFC 8020 */
        work_zone(w, w->q->n_labels - 1U);
        return false;
    }
    w->r.secure = w->a->fate.signed_zone;
    return true;
}

/* A name of which nothing is known: its TLD says so, or the root. The zones of TLDs opt out of proofs for
 * what is not signed (RFC 5155 section 9.2), the root does not. */
static enum dns_outcome find_nothing(struct dns_work *w)
{
    const struct dns_query *q = w->q;
    const char *dot = memrchr(q->text, '.', q->text_len);
    struct asked tld = {.what = WHAT_NOTHING};

    if (dot != NULL && !q->odd)
        name_asked(w->a->world, dot + 1, (size_t)(q->text + q->text_len - dot - 1), &tld);
    w->r.secure = tld.what == WHAT_NOTHING;
    work_zone(w, w->r.secure ? q->n_labels : q->n_labels - 1U);
    return DNS_SAYS_NXDOMAIN;
}

/* The root, a TLD, or what exists for what is below it only (RFC 8020). */
static enum dns_outcome find_empty(struct dns_work *w)
{
    work_zone_domain(w);
    w->r.secure = w->q->n_labels <= 1;
    if (w->q->type == DNS_SOA) {
        reply_soa(&w->r, w->zone, true);
        return DNS_SAYS_RECORDS;
    }
    return DNS_SAYS_NODATA;
}

static enum dns_outcome find(struct dns_work *w)
{
    static const dns_find_fn finders[] = {[WHAT_NOTHING] = find_nothing,
                                          [WHAT_EMPTY] = find_empty,
                                          [WHAT_NAME] = find_name,
                                          [WHAT_STS] = find_sts,
                                          [WHAT_STS_TARGET] = find_sts_target,
                                          [WHAT_STS_WWW] = find_sts_www,
                                          [WHAT_RPT] = find_rpt,
                                          [WHAT_DMARC] = find_dmarc,
                                          [WHAT_BELOW] = find_below,
                                          [WHAT_POLICY_HOST] = find_policy_host,
                                          [WHAT_PROVIDER_HOST] = find_provider_host,
                                          [WHAT_HOST] = find_host,
                                          [WHAT_TLSA] = find_tlsa};
    const struct world *world = w->a->world;
    enum dns_outcome outcome;

    if (find_fixed(w, &outcome))
        return outcome;
    if (w->q->text_len == 0)
        w->asked.what = WHAT_EMPTY;
    else if (!w->q->odd)
        name_asked(world, w->q->text, w->q->text_len, &w->asked);
    w->r.ttl_s = 1 + (uint32_t)(draw(world, DRAW_TTL, w->asked.i ^ w->asked.host.owner << 32,
                                     (uint64_t)w->asked.what << 16 | w->q->type) %
                                TTL_MOST_S);
    return finders[w->asked.what](w);
}

/* What is said instead of an answer, whatever the name. DNS_SAYS_RECORDS: nothing is. */
static enum dns_outcome judge(struct dns_work *w, bool again)
{
    const struct dns_query *q = w->q;

    if (q->rcode != DNS_RCODE_NOERROR) {
        reply_fail(&w->r, q->rcode);
        return DNS_SAYS_FORMERR;
    }
    if (q->klass != DNS_CLASS_IN || (q->type >= DNS_META_FIRST && q->type < DNS_ANY))
        return DNS_SAYS_REFUSED;
    switch (query_fate_of(w->a->world, q->text, q->text_len, q->type)) {
    case QUERY_SERVFAIL: return DNS_SAYS_SERVFAIL;
    case QUERY_TIMEOUT: return DNS_SILENT;
    case QUERY_LOST_ONCE: return again || w->r.tcp ? DNS_SAYS_RECORDS : DNS_LOST;
    default: return DNS_SAYS_RECORDS;
    }
}

/* Write what an outcome is on the wire. What did not fit is another one. */
static enum dns_outcome say(struct dns_work *w, enum dns_outcome outcome)
{
    struct dns_reply *r = &w->r;

    switch (outcome) {
    case DNS_SAYS_NXDOMAIN: r->rcode = DNS_RCODE_NXDOMAIN; /* fall through */
    case DNS_SAYS_NODATA: reply_soa(r, w->zone, false); break;
    case DNS_SAYS_SERVFAIL: reply_fail(r, DNS_RCODE_SERVFAIL); break;
    case DNS_SAYS_REFUSED: reply_fail(r, DNS_RCODE_REFUSED); break;
    case DNS_SAYS_TRUNCATED: reply_truncate(r); break;
    default: break;
    }
    reply_finish(r);
    if (r->truncated)
        return DNS_SAYS_TRUNCATED;
    return outcome != DNS_SAYS_FORMERR && r->rcode == DNS_RCODE_SERVFAIL ? DNS_SAYS_SERVFAIL : outcome;
}

/* Says NXDOMAIN, which whoever takes it believes: with another id, or about another name. */
static size_t say_wrong(const struct dns_work *w, uint8_t *out)
{
    struct dns_query wrong = *w->q;
    struct dns_reply r;

    if (w->wrong_id_first)
        wrong.id ^= 0x5aa5;
    if (w->wrong_name_first && wrong.question[0] > 0)
        wrong.question[1] = wrong.question[1] == 'x' ? 'y' : 'x';
    reply_begin(&r, &wrong, false, out, DNS_MOST_WRONG);
    r.rcode = DNS_RCODE_NXDOMAIN;
    reply_finish(&r);
    return r.out.len;
}

static size_t most_bytes(const struct dns_query *q, bool tcp)
{
    if (tcp)
        return DNS_MOST_TCP;
    return q->most < DNS_MOST_UDP ? q->most : DNS_MOST_UDP;
}

void dns_answer(struct dns_answerer *a, const struct dns_query *q, bool tcp, bool again, uint8_t *out,
                struct dns_answer *answer)
{
    struct dns_work w = {.a = a, .q = q};
    enum dns_outcome outcome;
    size_t at = 0;

    reply_begin(&w.r, q, tcp, out, most_bytes(q, tcp));
    outcome = judge(&w, again);
    if (outcome == DNS_SAYS_RECORDS)
        outcome = find(&w);
    *answer = (struct dns_answer){.outcome = outcome};
    if (outcome == DNS_SILENT || outcome == DNS_LOST || outcome == DNS_HANGS_UP)
        return;
    answer->outcome = say(&w, outcome);
    if (!tcp && (w.wrong_id_first || w.wrong_name_first)) {
        uint8_t wrong[DNS_MOST_WRONG];

        at = answer->len[answer->n++] = say_wrong(&w, wrong);
        memmove(out + at, out, w.r.out.len);
        memcpy(out, wrong, at);
    }
    answer->len[answer->n++] = w.r.out.len;
}
