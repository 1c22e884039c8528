#include "bench/sim/dns_wire.h"

#include <string.h>

#define FLAG_QR      0x8000U /* RFC 1035 section 4.1.1, RFC 4035 section 3.1.6 */
#define FLAG_RD      0x0100U
#define FLAG_AD      0x0020U
#define FLAG_CD      0x0010U
#define FLAG_DO      0x8000U /* of the TTL field of an OPT (RFC 3225) */
#define POINTER      0xc0U
#define POINTER_MOST 0x3fffU

/* ---- reading ---- */

struct cursor {
    const uint8_t *p;
    size_t len, at;
    bool bad; /* read past the end; stays so */
};

static const uint8_t *take(struct cursor *c, size_t n)
{
    const uint8_t *p = c->p + c->at;

    if (c->bad || c->len - c->at < n) {
        c->bad = true;
        return NULL;
    }
    c->at += n;
    return p;
}

static unsigned take8(struct cursor *c)
{
    const uint8_t *p = take(c, 1);

    return p != NULL ? p[0] : 0;
}

static unsigned take16(struct cursor *c)
{
    const uint8_t *p = take(c, 2);

    return p != NULL ? (unsigned)p[0] << 8 | p[1] : 0;
}

static bool is_odd(uint8_t b)
{
    return b <= ' ' || b >= 0x7f || b == '.';
}

static void add_label(struct dns_query *q, const uint8_t *label, unsigned len)
{
    char *to = q->text + q->text_len;

    if (q->n_labels++ > 0)
        *to++ = '.';
    for (unsigned i = 0; i < len; i++) {
        uint8_t b = label[i];

        q->odd |= is_odd(b);
        *to++ = (char)(b >= 'A' && b <= 'Z' ? b | 0x20 : b);
    }
    q->text_len = (uint8_t)(to - q->text);
}

/* The name of the question: without pointers, as there is nothing yet that one could point at. */
static void read_qname(struct cursor *c, struct dns_query *q)
{
    size_t begin = c->at;
    unsigned len;

    while ((len = take8(c)) != 0) {
        const uint8_t *label = len <= DNS_LABEL_BYTES ? take(c, len) : NULL;

        if (label == NULL || c->at - begin >= DNS_NAME_BYTES) {
            c->bad = true;
            return;
        }
        add_label(q, label, len);
    }
    q->text[q->text_len] = '\0';
}

static void read_question(struct cursor *c, struct dns_query *q)
{
    size_t begin = c->at, name_len;

    read_qname(c, q);
    name_len = c->at - begin;
    q->type = (uint16_t)take16(c);
    q->klass = (uint16_t)take16(c);
    if (c->bad)
        return;
    q->qname_len = (uint16_t)name_len;
    memcpy(q->question, c->p + begin, name_len + 4);
}

/* Past the owner of an RR. *root: it is the root. */
static void skip_name(struct cursor *c, bool *root)
{
    unsigned len = take8(c);

    *root = len == 0 && !c->bad;
    while (len != 0 && !c->bad) {
        if (len >= POINTER) {
            take(c, 1);
            return;
        }
        if (len > DNS_LABEL_BYTES)
            c->bad = true;
        take(c, len);
        len = take8(c);
    }
}

static void read_opt(struct dns_query *q, bool root, unsigned payload, unsigned version, unsigned flags)
{
    if (q->edns || !root) { /* RFC 6891 section 6.1.1 */
        q->rcode = DNS_RCODE_FORMERR;
        return;
    }
    q->edns = true;
    q->most = payload > DNS_LEAST_UDP ? (uint16_t)payload : DNS_LEAST_UDP; /* section 6.2.3 */
    q->dnssec_ok = (flags & FLAG_DO) != 0;
    if (version != 0)
        q->rcode = DNS_RCODE_BADVERS;
}

/* All RRs behind the question, of which an OPT is read. */
static void read_rrs(struct cursor *c, struct dns_query *q, unsigned n)
{
    for (; n > 0 && !c->bad; n--) {
        bool root;
        unsigned type, klass, version, flags;

        skip_name(c, &root);
        type = take16(c);
        klass = take16(c);
        take8(c);
        version = take8(c);
        flags = take16(c);
        take(c, take16(c));
        if (type == DNS_OPT && !c->bad)
            read_opt(q, root, klass, version, flags);
    }
}

bool dns_query_read(const uint8_t *p, size_t len, struct dns_query *q)
{
    struct cursor c = {.p = p, .len = len};
    unsigned flags, n_questions, n_rrs;

    memset(q, 0, offsetof(struct dns_query, question));
    q->text[0] = '\0';
    q->most = DNS_LEAST_UDP;
    q->id = (uint16_t)take16(&c);
    flags = take16(&c);
    n_questions = take16(&c);
    n_rrs = take16(&c);
    n_rrs += take16(&c);
    n_rrs += take16(&c);
    if (c.bad || flags & FLAG_QR)
        return false;
    q->opcode = (uint8_t)(flags >> 11 & 15);
    q->rd = (flags & FLAG_RD) != 0;
    q->ad = (flags & FLAG_AD) != 0;
    q->cd = (flags & FLAG_CD) != 0;
    if (q->opcode != 0) {
        q->rcode = DNS_RCODE_NOTIMP;
        return true;
    }
    if (n_questions == 1) { /* RFC 9619 */
        read_question(&c, q);
        read_rrs(&c, q, n_rrs);
    }
    if (n_questions != 1 || c.bad)
        q->rcode = DNS_RCODE_FORMERR;
    return true;
}

/* ---- writing ---- */

static uint8_t *make_room(struct dns_out *o, size_t n)
{
    uint8_t *p = o->p + o->len;

    if (o->full || o->most - o->len < n) {
        o->full = true;
        return NULL;
    }
    o->len += n;
    return p;
}

void dns_put8(struct dns_out *o, unsigned u)
{
    uint8_t *p = make_room(o, 1);

    if (p != NULL)
        p[0] = (uint8_t)u;
}

void dns_put16(struct dns_out *o, unsigned u)
{
    uint8_t *p = make_room(o, 2);

    if (p != NULL) {
        p[0] = (uint8_t)(u >> 8);
        p[1] = (uint8_t)u;
    }
}

void dns_put32(struct dns_out *o, uint32_t u)
{
    dns_put16(o, u >> 16);
    dns_put16(o, u & 0xffff);
}

void dns_put_bytes(struct dns_out *o, const void *p, size_t len)
{
    uint8_t *to = make_room(o, len);

    if (to != NULL && len > 0)
        memcpy(to, p, len);
}

void dns_put_name(struct dns_out *o, const char *text, size_t len)
{
    while (len > 0) {
        const char *dot = memchr(text, '.', len);
        size_t label_len = dot != NULL ? (size_t)(dot - text) : len;

        if (label_len == 0 || label_len > DNS_LABEL_BYTES) {
            o->full = true;
            return;
        }
        dns_put8(o, (unsigned)label_len);
        dns_put_bytes(o, text, label_len);
        if (dot == NULL)
            break;
        text += label_len + 1;
        len -= label_len + 1;
    }
    dns_put8(o, 0);
}

void dns_put_pointer(struct dns_out *o, size_t at)
{
    if (at < o->len && o->p[at] == 0) {
        dns_put8(o, 0);
        return;
    }
    if (at > POINTER_MOST)
        o->full = true;
    dns_put16(o, POINTER << 8 | (unsigned)at);
}

void dns_set16(struct dns_out *o, size_t at, unsigned u)
{
    if (at + 2 > o->len)
        return;
    o->p[at] = (uint8_t)(u >> 8);
    o->p[at + 1] = (uint8_t)u;
}

size_t dns_skip_labels(const struct dns_out *o, size_t at, unsigned n_labels)
{
    for (; n_labels > 0 && at < o->len && o->p[at] != 0; n_labels--)
        at += o->p[at] + 1U;
    return at;
}
