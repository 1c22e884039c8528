#include "scanner/dns_message_private.h"

#include <string.h>

#define OPT_EDE 15 /* RFC 8914 section 2 */

static struct sts_str keep(struct reading *r, const void *p, size_t len)
{
    struct sts_str s = arena_copy(r->arena, p, len);

    if (s.p == NULL)
        r->no_memory = true;
    return s;
}

void *dns_keep_list(struct reading *r, size_t n, size_t size)
{
    void *list = arena_alloc(r->arena, (n ? n : 1) * size);

    if (list == NULL)
        r->no_memory = true;
    return list;
}

struct sts_str dns_keep_name(struct reading *r, const char *name)
{
    size_t len = strlen(name);

    if (len == 0)
        return keep(r, ".", 1);
    return keep(r, name, len > 1 && name[len - 1] == '.' && name[len - 2] != '\\' ? len - 1 : len);
}

int dns_read_name(const struct reading *r, const struct rr *rr, unsigned at, uint8_t wire[NS_MAXCDNAME],
                  char name[NS_MAXDNAME])
{
    int len = -1;

    if (rr->len > at)
        len = ns_name_unpack(r->msg, r->end, rr->data + at, wire, NS_MAXCDNAME);
    return len >= 0 && at + (unsigned)len == rr->len && ns_name_ntop(wire, name, NS_MAXDNAME) >= 0
               ? STS_OK
               : STS_EFORMAT;
}

static int read_address(struct reading *r, const struct rr *rr)
{
    bool v6 = r->type == DNS_AAAA;
    char text[ADDRESS_TEXT_BYTES];
    struct address a;

    if (rr->len != (v6 ? 16 : 4))
        return STS_EFORMAT;
    a = v6 ? address_from_v6(rr->data) : address_from_v4(rr->data);
    address_format(&a, text);
    r->answer->addr.v[r->n] = keep(r, text, strlen(text));
    r->answer->addr.n = r->n + 1;
    return STS_OK;
}

static int read_ptr(struct reading *r, const struct rr *rr)
{
    uint8_t wire[NS_MAXCDNAME];
    char host[NS_MAXDNAME];

    if (dns_read_name(r, rr, 0, wire, host) != STS_OK)
        return STS_EFORMAT;
    r->answer->addr.v[r->n] = dns_keep_name(r, host);
    r->answer->addr.n = r->n + 1;
    return STS_OK;
}

static int read_mx(struct reading *r, const struct rr *rr)
{
    struct rec_mx *mx = &r->answer->mx.v[r->n];
    uint8_t wire[NS_MAXCDNAME];
    char host[NS_MAXDNAME];

    if (dns_read_name(r, rr, 2, wire, host) != STS_OK)
        return STS_EFORMAT;
    mx->preference = get16(rr->data);
    mx->host = dns_keep_name(r, host);
    r->answer->mx.n = r->n + 1;
    return STS_OK;
}

static int read_tlsa(struct reading *r, const struct rr *rr)
{
    struct rec_tlsa *tlsa = &r->answer->tlsa.v[r->n];
    const uint8_t *data = rr->data;

    if (rr->len < 3)
        return STS_EFORMAT;
    tlsa->usage = data[0];
    tlsa->selector = data[1];
    tlsa->matching = data[2];
    tlsa->data = keep(r, data + 3, (size_t)rr->len - 3);
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

static int read_txt(struct reading *r, const struct rr *rr)
{
    const uint8_t *data = rr->data;
    unsigned len = rr->len, n = 0;
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
    txt->strings.v = dns_keep_list(r, n, sizeof(*txt->strings.v));
    copy = keep(r, data, len);
    for (unsigned at = 0; at < len && !r->no_memory; at += data[at] + 1u)
        txt->strings.v[txt->strings.n++] = (struct sts_str){copy.p + at + 1, data[at]};
    r->answer->txt.n++;
    return STS_OK;
}

int dns_read_rr(struct reading *r, const struct rr *rr)
{
    uint32_t ttl_s = rr->ttl_s;
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

int dns_make_lists(struct reading *r, unsigned n)
{
    switch (r->type) {
    case DNS_A:
    case DNS_PTR:
    case DNS_AAAA: r->answer->addr.v = dns_keep_list(r, n, sizeof(*r->answer->addr.v)); break;
    case DNS_MX: r->answer->mx.v = dns_keep_list(r, n, sizeof(*r->answer->mx.v)); break;
    case DNS_TLSA: r->answer->tlsa.v = dns_keep_list(r, n, sizeof(*r->answer->tlsa.v)); break;
    case DNS_TXT: r->answer->txt.v = dns_keep_list(r, n, sizeof(*r->answer->txt.v)); break;
    }
    return r->no_memory ? STS_ENOMEM : STS_OK;
}

int dns_read_opt(struct reading *r, const struct rr *rr)
{
    const uint8_t *p = rr->data;
    unsigned len = rr->len, n = 0, at;

    r->answer->rcode |= (uint64_t)(rr->ttl_s >> 24) << 4;
    for (at = 0; at + 4 <= len; at += 4 + get16(p + at + 2))
        n += get16(p + at) == OPT_EDE;
    if (n == 0)
        return STS_OK;
    r->answer->ede.v = dns_keep_list(r, n, sizeof(*r->answer->ede.v));
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
