#include "analysis/name_class.h"

#include "analysis/outcomes.h"

#include <string.h>

bool dns_unknown(const struct rec_dns *dns)
{
    enum outcome_class class_ = dns ? outcome_class(outcome_byte(dns->oc)) : OCC_absent;

    return class_ != OCC_ok && class_ != OCC_absent;
}

bool mx_is_root(const struct rec_mx *mx)
{
    return mx->host.len == 1 && mx->host.p[0] == '.';
}

/* RFC 7505 section 3. */
static bool is_null_mx(const struct rec_dns *mx)
{
    return mx->mx.n == 1 && mx_is_root(&mx->mx.v[0]) && mx->mx.v[0].preference == 0;
}

bool mx_null_beside(const struct rec_dns *mx)
{
    bool root = false;

    for (uint32_t i = 0; i < mx->mx.n; i++)
        root |= mx_is_root(&mx->mx.v[i]);
    return root && !is_null_mx(mx);
}

/* RFC 5321 section 5.1: without MX, the address of the name itself. */
static enum mx_state address_state(const struct rec_domain *d)
{
    if ((d->a && d->a->addr.n > 0) || (d->aaaa && d->aaaa->addr.n > 0))
        return MX_IMPLICIT;
    if (d->a == NULL && d->aaaa == NULL)
        return MX_OTHER;
    return dns_unknown(d->a) || dns_unknown(d->aaaa) ? MX_TEMPORARY : MX_NO_MAIL;
}

enum mx_state mx_state(const struct rec_domain *d)
{
    if (d->mx == NULL || d->mx->oc == OC_DNS_NOT_QUERYABLE)
        return MX_OTHER;
    if (d->mx->oc == OC_DNS_NXDOMAIN)
        return MX_NXDOMAIN;
    if (dns_unknown(d->mx))
        return MX_TEMPORARY;
    if (d->mx->mx.n == 0)
        return address_state(d);
    return is_null_mx(d->mx) ? MX_NULL : MX_HAS;
}

const char *mx_state_text(enum mx_state state)
{
    static const char *const texts[] = {
        "has MX",
        "null MX: takes no mail",
        "no MX, but an address: implicit MX",
        "no MX and no address: no mail",
        "does not exist (NXDOMAIN)",
        "could not be learned: lookup failed for now",
        "MX was not asked",
    };

    return (unsigned)state < STS_LEN(texts) ? texts[state] : "";
}

const char *mx_state_rule(enum mx_state state)
{
    return state == MX_NULL ? "RFC 7505 section 3" : "RFC 5321 section 5.1";
}

struct sts_str txt_joined(const struct rec_txt *rr, char buf[TXT_JOINED_BYTES])
{
    uint32_t len = 0;

    if (rr->strings.n == 1)
        return rr->strings.v[0];
    for (uint32_t i = 0; i < rr->strings.n; i++) {
        struct sts_str s = rr->strings.v[i];
        uint32_t n = s.len < TXT_JOINED_BYTES - len ? s.len : TXT_JOINED_BYTES - len;

        if (n > 0)
            memcpy(buf + len, s.p, n);
        len += n;
    }
    return (struct sts_str){buf, len};
}

void read_sts(struct sts_txt *out, const struct rec_dns *dns, char buf[TXT_JOINED_BYTES])
{
    sts_txt_init(out);
    for (uint32_t i = 0; dns != NULL && i < dns->txt.n; i++)
        sts_txt_add(out, txt_joined(&dns->txt.v[i], buf));
}

enum verdict sts_txt_reading(const struct sts_txt *t, bool lenient)
{
    return lenient && t->lenient != VERDICT_NONE ? t->lenient : t->verdict;
}

void read_rpt(struct tlsrpt *out, const struct rec_dns *dns, char buf[TXT_JOINED_BYTES])
{
    tlsrpt_init(out);
    for (uint32_t i = 0; dns != NULL && i < dns->txt.n; i++)
        tlsrpt_add(out, txt_joined(&dns->txt.v[i], buf));
}
