/* dns_find_host.c - records of hosts: policy hosts, MX hosts and their TLSA, and the simulator's own names.
 */
#include "bench/sim/dns_work.h"

#include <string.h>

#define TLSA_MOST 8 /* digests of a host's servers, one for each of its addresses, and a stale one */
_Static_assert(TLSA_MOST > FATE_MOST_ADDRESSES, "one for each address");

static const uint8_t LOOPBACK6[16] = {[15] = 1};

static void put_v4(struct dns_work *w, uint32_t address)
{
    reply_rr_begin(&w->r, DNS_A);
    dns_put32(&w->r.out, address);
    reply_rr_end(&w->r);
}

static void put_v6_loopback(struct dns_work *w)
{
    reply_rr_begin(&w->r, DNS_AAAA);
    dns_put_bytes(&w->r.out, LOOPBACK6, sizeof(LOOPBACK6));
    reply_rr_end(&w->r);
}

enum dns_outcome find_addresses(struct dns_work *w)
{
    const struct host_fate *h = &w->a->host;

    if (h->state == HOST_NXDOMAIN)
        return DNS_SAYS_NXDOMAIN;
    if (h->state == HOST_NO_ADDRESS)
        return DNS_SAYS_NODATA;
    if (w->q->type == DNS_AAAA && h->v6)
        put_v6_loopback(w);
    for (unsigned n = 0; w->q->type == DNS_A && n < h->n_v4; n++)
        put_v4(w, h->v4[n]);
    return w->r.n_rrs > 0 && w->q->type != DNS_CNAME ? DNS_SAYS_RECORDS : DNS_SAYS_NODATA;
}

/* ---- MX hosts ---- */

static void host_zone(struct dns_work *w, unsigned before)
{
    switch (w->asked.host.kind) {
    case HOST_APEX: work_zone(w, before); break;
    case HOST_SELF:
    case HOST_TARGET: work_zone(w, before + 1); break;
    default: work_zone_domain(w);
    }
}

/* RFC 1034 section 4.3.2: the CNAME, then what it leads to. */
static enum dns_outcome follow_host(struct dns_work *w)
{
    struct host_id target = w->a->host.target;
    char name[NAME_BYTES];
    size_t len = host_name(w->a->world, &target, name);
    bool secure = w->r.secure;

    reply_cname(&w->r, name, len);
    if (w->q->type == DNS_CNAME)
        return DNS_SAYS_RECORDS;
    host_fate_of(w->a->world, &target, &w->a->host);
    w->r.secure = secure && w->a->host.signed_zone;
    w->zone = dns_skip_labels(&w->r.out, w->r.owner, 1);
    return find_addresses(w);
}

enum dns_outcome find_host(struct dns_work *w)
{
    struct host_fate *h = &w->a->host;

    host_zone(w, 0);
    host_fate_of(w->a->world, &w->asked.host, h);
    w->r.secure = h->signed_zone;
    return h->target.kind != HOST_NONE ? follow_host(w) : find_addresses(w);
}

/* ---- TLSA: RFC 6698 section 2, RFC 7672 section 3 ---- */

static void put_tlsa(struct dns_work *w, unsigned usage, unsigned selector,
                     const uint8_t digest[DNS_DIGEST_BYTES])
{
    reply_rr_begin(&w->r, DNS_TLSA);
    dns_put8(&w->r.out, usage);
    dns_put8(&w->r.out, selector);
    dns_put8(&w->r.out, 1); /* SHA-256 */
    dns_put_bytes(&w->r.out, digest, DNS_DIGEST_BYTES);
    reply_rr_end(&w->r);
}

/* Of the servers at the host's addresses, each once; at least one. */
static unsigned server_digests(struct dns_work *w, uint8_t digests[TLSA_MOST][DNS_DIGEST_BYTES])
{
    const struct host_fate *h = &w->a->host;
    unsigned n = 0;

    for (unsigned i = 0; i < h->n_v4 && i < FATE_MOST_ADDRESSES; i++) {
        struct server_fate server;
        unsigned same = 0;

        server_fate_of(w->a->world, h->v4[i], &server);
        w->a->digest(w->a->digest_arg, server.cert, server.smtp == SMTP_TLS12, digests[n]);
        while (memcmp(digests[same], digests[n], DNS_DIGEST_BYTES) != 0)
            same++;
        n += same == n;
    }
    if (n == 0) /* nobody can connect, but the zone does not know that */
        w->a->digest(w->a->digest_arg, CERT_GOOD, false, digests[n++]);
    return n;
}

static void invert(uint8_t digest[DNS_DIGEST_BYTES])
{
    for (unsigned i = 0; i < DNS_DIGEST_BYTES; i++)
        digest[i] ^= 0xff;
}

static void put_tlsas(struct dns_work *w, enum tlsa_class class)
{
    uint8_t digests[TLSA_MOST][DNS_DIGEST_BYTES] = {{0}}, stale[DNS_DIGEST_BYTES];
    unsigned n = server_digests(w, digests);

    memcpy(stale, digests[0], sizeof(stale));
    invert(stale);
    switch (class) {
    case TLSA_MISMATCH: put_tlsa(w, 3, 1, stale); return;
    case TLSA_UNUSABLE:
        put_tlsa(w, 1, 0, digests[0]);
        put_tlsa(w, 3, 9, digests[0]);
        return;
    case TLSA_TA_ABSENT: put_tlsa(w, 2, 0, stale); return;
    case TLSA_ROLLOVER: put_tlsa(w, 3, 1, stale); break;
    default: break;
    }
    for (unsigned i = 0; i < n; i++)
        put_tlsa(w, 3, 1, digests[i]);
}

enum dns_outcome find_tlsa(struct dns_work *w)
{
    struct host_fate *h = &w->a->host;

    if (w->asked.host.kind == HOST_APEX && !work_fate(w))
        return DNS_SAYS_NXDOMAIN;
    host_zone(w, 2); /* _25._tcp. */
    host_fate_of(w->a->world, &w->asked.host, h);
    w->r.secure = h->signed_zone;
    if (h->state != HOST_THERE || h->tlsa == TLSA_NONE)
        return DNS_SAYS_NXDOMAIN;
    if (h->tlsa == TLSA_SERVFAIL)
        return DNS_SAYS_SERVFAIL;
    if (w->q->type == DNS_TLSA)
        put_tlsas(w, h->tlsa);
    return w->r.n_rrs > 0 || w->r.out.full ? DNS_SAYS_RECORDS : DNS_SAYS_NODATA;
}

/* ---- policy hosts ---- */

enum dns_outcome find_policy_host(struct dns_work *w)
{
    const struct fate *f = &w->a->fate;
    char target[NAME_BYTES];

    if (!work_fate(w))
        return DNS_SAYS_NXDOMAIN;
    work_zone(w, 1);
    policy_host_fate_of(w->a->world, f, &w->a->host);
    if (f->fetchable && (f->third || f->policy == POLICY_DANGLING)) {
        size_t len = provider_host_name(w->a->world, f->i, f->provider, target);

        reply_cname(&w->r, target, len);
        if (w->q->type == DNS_CNAME)
            return DNS_SAYS_RECORDS;
        w->r.secure = false; /* the zones of providers are not signed */
        w->zone = dns_skip_labels(&w->r.out, w->r.owner, 1);
    }
    return find_addresses(w);
}

enum dns_outcome find_provider_host(struct dns_work *w)
{
    const struct fate *f = &w->a->fate;
    bool there = work_fate(w) && f->fetchable && f->third && f->provider == w->asked.n;

    w->r.secure = false;
    work_zone_domain(w);
    if (!there)
        return DNS_SAYS_NXDOMAIN;
    policy_host_fate_of(w->a->world, f, &w->a->host);
    return find_addresses(w);
}

/* ---- the simulator's own ---- */

#define REVERSE_V4 ".127.in-addr.arpa"
#define REVERSE_V6 "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"

static bool is(const struct dns_query *q, const char *text)
{
    return q->text_len == strlen(text) && memcmp(q->text, text, q->text_len) == 0;
}

static bool ends(const struct dns_query *q, const char *text)
{
    size_t len = strlen(text);

    return q->text_len > len && memcmp(q->text + q->text_len - len, text, len) == 0;
}

static enum dns_outcome say_fixed(struct dns_work *w)
{
    work_zone_domain(w);
    if (is(w->q, DNS_BOGUS_NAME) && !w->q->cd) {
        w->r.ede = DNS_EDE_BOGUS;
        return DNS_SAYS_SERVFAIL;
    }
    w->r.secure = is(w->q, DNS_SIGNED_NAME);
    if (w->q->type == DNS_A)
        put_v4(w, UINT32_C(0x7f000001));
    if (w->q->type == DNS_AAAA)
        put_v6_loopback(w);
    return w->r.n_rrs > 0 ? DNS_SAYS_RECORDS : DNS_SAYS_NODATA;
}

static enum dns_outcome say_ptr(struct dns_work *w)
{
    work_zone_domain(w);
    if (w->q->type != DNS_PTR)
        return DNS_SAYS_NODATA;
    reply_rr_begin(&w->r, DNS_PTR);
    dns_put_name(&w->r.out, DNS_CLIENT_NAME, strlen(DNS_CLIENT_NAME));
    reply_rr_end(&w->r);
    return DNS_SAYS_RECORDS;
}

bool find_fixed(struct dns_work *w, enum dns_outcome *out)
{
    const struct dns_query *q = w->q;

    w->r.ttl_s = 60;
    if (ends(q, ".sim.test") && (is(q, DNS_CLIENT_NAME) || is(q, DNS_SIGNED_NAME) || is(q, DNS_BOGUS_NAME)))
        *out = say_fixed(w);
    else if (ends(q, ".arpa") && ((ends(q, REVERSE_V4) && q->n_labels == 6) || is(q, REVERSE_V6)))
        *out = say_ptr(w);
    else
        return false;
    return true;
}
