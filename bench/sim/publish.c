#include "bench/sim/publish_id.h"
#include "bench/sim/text.h"

#include <string.h>

#define STRING_MOST 255u /* RFC 1035 section 3.3: a character-string */
#define RR_MOST     2048 /* bytes of one text here */
#define TOKENS_MOST 20   /* verification tokens at an apex */
#define HUGE_RRS    230  /* with 263 bytes each on the wire, 60 KB */
#define HUGE_STRING 250

/* An RR whose character-strings are cut behind `first` bytes, and each time one is full. */
static void add_cut(struct txts *out, const struct text *t, size_t first)
{
    if (out->n == PUBLISH_MOST_TXTS || out->used + t->len + t->len / STRING_MOST + 2 > PUBLISH_MOST_BYTES)
        return;
    struct txt *rr = &out->rr[out->n++];
    *rr = (struct txt){.at = out->used};
    for (size_t at = 0; at < t->len || at == 0;) {
        size_t len = at == 0 && first > 0 ? first : STRING_MOST;
        if (len > t->len - at)
            len = t->len - at;
        out->bytes[out->used++] = (uint8_t)len;
        memcpy(out->bytes + out->used, t->p + at, len);
        out->used += (uint32_t)len;
        at += len;
        if (len == 0)
            break;
    }
    rr->len = out->used - rr->at;
}

static void add(struct txts *out, const struct text *t)
{
    add_cut(out, t, 0);
}

static void add_words(struct txts *out, const char *words)
{
    char bytes[RR_MOST];
    struct text t = {bytes, 0, sizeof bytes, false};
    text_puts(&t, words);
    add(out, &t);
}

/* ---- what is at an apex ---- */

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put_random(const struct world *w, const struct fate *f, uint64_t which, struct text *t, int n)
{
    uint64_t d = 0;
    for (int i = 0; i < n; i++, d >>= 6) {
        if (i % 10 == 0)
            d = draw(w, DRAW_TOKEN, f->i, which * 64 + (uint64_t)i / 10);
        text_put(t, &ALPHABET[d % 64], 1);
    }
}

static void add_token(const struct world *w, const struct fate *f, uint64_t which, struct txts *out)
{
    static const struct {
        const char *before, *behind;
        int n;
    } TOKENS[] = {{"google-site-verification=", "", 43},
                  {"MS=ms", "", 8},
                  {"facebook-domain-verification=", "", 30},
                  {"apple-domain-verification=", "", 16},
                  {"atlassian-domain-verification=", "", 64},
                  {"docusign=", "", 36},
                  {"_", "", 32},
                  {"v=verifydomain MS=", "", 7},
                  {"globalsign-domain-verification=", "", 32},
                  {"stripe-verification=", "", 64}};
    uint64_t d = draw(w, DRAW_TOKEN, f->i, which);
    const unsigned n = sizeof TOKENS / sizeof *TOKENS, k = (unsigned)(d % (n + 4) < n ? d % (n + 4) : 0);
    char bytes[RR_MOST];
    struct text t = {bytes, 0, sizeof bytes, false};
    text_puts(&t, TOKENS[k].before);
    put_random(w, f, which + 1000, &t, TOKENS[k].n);
    text_puts(&t, TOKENS[k].behind);
    add(out, &t);
}

static void add_spf(const struct world *w, const struct fate *f, struct txts *out)
{
    static const char *const INCLUDES[] = {
        "_spf.first-mail.net",     "spf.second-mail.net", "mail.zendesk.example", "servers.mcsv.example",
        "spf.mandrillapp.example", "sendgrid.example",    "amazonses.example",    "_spf.salesforce.example"};
    uint64_t d = draw(w, DRAW_TEXT, f->i, TEXT_SPF);
    char bytes[RR_MOST];
    struct text t = {bytes, 0, sizeof bytes, false};
    text_puts(&t, "v=spf1");
    if (d % 3 == 0)
        text_puts(&t, " a mx");
    for (unsigned n = (unsigned)(d >> 8) % 4; n > 0; n--)
        text_printf(&t, " include:%s", INCLUDES[(d >> (8 + 8 * n)) % (sizeof INCLUDES / sizeof *INCLUDES)]);
    for (unsigned n = (unsigned)(d >> 40) % 3; n > 0; n--)
        text_printf(&t, " ip4:192.0.2.%u", (unsigned)(d >> (40 + 8 * n)) % 256);
    text_puts(&t, d >> 63 ? " ~all" : " -all");
    add(out, &t);
}

/* The wildcard of a name of STS_WILD_SPF or STS_WILD_STS stands below it, not at it. */
void publish_apex(const struct world *w, const struct fate *f, struct txts *out)
{
    out->n = out->used = 0;
    if (f->spf)
        add_spf(w, f, out);
    /* Geometric: most names have none or a few, some have many. */
    double mean = w->param[PARAM_TOKENS], stop = 1 / (1 + mean);
    for (uint64_t k = 0; k < TOKENS_MOST; k++) {
        if (draw_unit(w, DRAW_TOKEN, f->i, TEXT_N_TOKENS * UINT64_C(1000) + k) < stop)
            break;
        add_token(w, f, TEXT_FIRST_TOKEN + k, out);
    }
}

/* ---- MTA-STS: RFC 8461 section 3.1 ---- */

static void sts_text(const struct world *w, const struct fate *f, struct text *t)
{
    char id[PUBLISH_MOST_ID], other[PUBLISH_MOST_ID];
    publish_sts_id(w, f, id);
    publish_id(w, f->i, TEXT_ID_OTHER, other);
    switch (f->sts) {
    case STS_UNENDED: text_printf(t, "v=STSv1; id=%s", id); break;
    case STS_VERSION_BLANK: text_printf(t, "v=STSv1 ; id=%s;", id); break;
    case STS_VERSION_12: text_printf(t, "v=STSv12; id=%s;", id); break;
    case STS_VERSION_UPPER: text_printf(t, "V=STSv1; id=%s;", id); break;
    case STS_VERSION_LOWER: text_printf(t, "v=stsv1; id=%s;", id); break;
    case STS_VERSION_2: text_printf(t, "v=STSv2; id=%s;", id); break;
    case STS_ID_FIRST: text_printf(t, "id=%s; v=STSv1;", id); break;
    case STS_LEADING_BLANK: text_printf(t, " v=STSv1; id=%s;", id); break;
    case STS_QUOTED: text_printf(t, "\"v=STSv1; id=%s;\"", id); break;
    case STS_NO_ID: text_puts(t, "v=STSv1;"); break;
    case STS_EMPTY_ID: text_puts(t, "v=STSv1; id="); break;
    case STS_TWO_IDS: text_printf(t, "v=STSv1; id=%s; id=%s;", id, other); break;
    case STS_EXT_COLON: text_printf(t, "v=STSv1; id=%s; mx: mail.example; mode: testing", id); break;
    case STS_EXT: text_printf(t, "v=STSv1; id=%s; foo=bar;", id); break;
    case STS_EXT_EQUALS: text_printf(t, "v=STSv1; id=%s; foo=a=b;", id); break;
    case STS_EXT_EMPTY: text_printf(t, "v=STSv1; id=%s; foo=;", id); break;
    case STS_SEMICOLONS: text_printf(t, "v=STSv1;; id=%s;", id); break;
    case STS_TRAILING_BLANK: text_printf(t, "v=STSv1; id=%s ", id); break;
    case STS_NON_ASCII: text_printf(t, "v=STSv1; id=%.8s\xc3\xa9;", id); break;
    case STS_NUL:
        text_printf(t, "v=STSv1; id=%.8s", id);
        text_put(t, "\0;", 2);
        break;
    case STS_COMMA: text_printf(t, "v=STSv1, id=%s", id); break;
    default: text_printf(t, "v=STSv1; id=%s;", id);
    }
}

static void add_filler(struct txts *out, unsigned n)
{
    char bytes[RR_MOST];
    struct text t = {bytes, 0, sizeof bytes, false};

    text_printf(&t, "filler%u=", n);
    text_repeat(&t, (char)('a' + n % 26), HUGE_STRING - t.len);
    add(out, &t);
}

static void add_sts(const struct world *w, const struct fate *f, struct txts *out)
{
    char bytes[RR_MOST];
    struct text t = {bytes, 0, sizeof bytes, false};
    sts_text(w, f, &t);
    add_cut(out, &t, f->sts == STS_TWO_STRINGS ? strlen("v=STSv1; i") : 0);
}

/* A second record; equal ones would be no RRset. */
static void add_other_sts(const struct world *w, const struct fate *f, struct txts *out)
{
    char bytes[RR_MOST], id[PUBLISH_MOST_ID];
    struct text t = {bytes, 0, sizeof bytes, false};

    publish_id(w, f->i, TEXT_ID_OTHER, id);
    text_puts(&t, "v=STSv1; id=");
    text_puts(&t, id);
    text_puts(&t, ";");
    if (out->rr[0].len == t.len + 1 && memcmp(out->bytes + 1, t.p, t.len) == 0)
        text_puts(&t, " x=y");
    add(out, &t);
}

void publish_wild(const struct world *w, const struct fate *f, struct txts *out)
{
    out->n = out->used = 0;
    if (f->sts == STS_WILD_SPF)
        add_words(out, "v=spf1 include:_spf.first-mail.net -all");
    if (f->sts == STS_WILD_STS)
        add_sts(w, f, out);
}

void publish_sts(const struct world *w, const struct fate *f, struct txts *out)
{
    publish_wild(w, f, out);
    switch (f->sts) {
    case STS_NONE:
    case STS_CNAME_LOOP:
    case STS_DANGLING:
    case STS_WILD_SPF: /* these two are answered by the wildcard */
    case STS_WILD_STS:
    case STS_SERVFAIL:
    case STS_REFUSED:
    case STS_TIMEOUT:
    case STS_OTHER_TYPE:
    case STS_WWW_ONLY: return;
    case STS_MULTI:
        add_sts(w, f, out);
        add_other_sts(w, f, out);
        return;
    case STS_BESIDE:
        add_words(out, "v=spf1 -all");
        add_sts(w, f, out);
        add_token(w, f, TEXT_FIRST_TOKEN + TOKENS_MOST, out);
        return;
    case STS_DUPLICATE: add_sts(w, f, out); break;
    case STS_HUGE:
        for (unsigned n = 0; n < HUGE_RRS; n++)
            add_filler(out, n);
        break;
    default: break;
    }
    add_sts(w, f, out);
}

/* ---- TLS-RPT and DMARC: both have addresses to report to ---- */

static void put_mailto(const struct world *w, const struct fate *f, uint64_t which, struct text *t)
{
    uint64_t d = draw(w, DRAW_TEXT, f->i, which);
    char name[NAME_BYTES];
    name_of(w, f->i, name);
    switch (d % 4) {
    case 0: text_printf(t, "mailto:postmaster@%s", name); break;
    case 1: text_printf(t, "mailto:tls-reports@%s", name); break;
    case 2:
        text_printf(t, "mailto:%08x%08x@rua.report-%u.net", (unsigned)(d >> 32), (unsigned)(d >> 16),
                    (unsigned)(d >> 8) % 7);
        break;
    default: text_printf(t, "mailto:%s-d@tlsrpt.report-%u.net", name, (unsigned)(d >> 8) % 7);
    }
}

static void put_https(const struct world *w, const struct fate *f, struct text *t)
{
    uint64_t d = draw(w, DRAW_TEXT, f->i, TEXT_RUA_OTHER);
    text_printf(t, "https://report-%u.net/v1/tlsrpt/%08x", (unsigned)d % 7, (unsigned)(d >> 32));
}

static void add_rpt(const struct world *w, const struct fate *f, struct txts *out)
{
    char bytes[RR_MOST], name[NAME_BYTES];
    struct text t = {bytes, 0, sizeof bytes, false};
    name_of(w, f->i, name);
    text_puts(&t, "v=TLSRPTv1;");
    if (f->rpt == RPT_NO_RUA) {
        add(out, &t);
        return;
    }
    text_puts(&t, " rua=");
    switch (f->rpt) {
    case RPT_HTTPS: put_https(w, f, &t); break;
    case RPT_NO_SCHEME: text_printf(&t, "tls-reports@%s", name); break;
    case RPT_HTTP: text_printf(&t, "http://%s/tls-reports", name); break;
    case RPT_BLANK: text_printf(&t, "https://%s/tls reports", name); break;
    default: put_mailto(w, f, TEXT_RUA, &t);
    }
    if (f->rpt == RPT_SIZE)
        text_puts(&t, "!10m");
    if (f->rpt == RPT_BOTH) {
        text_puts(&t, ",");
        put_https(w, f, &t);
    }
    if (f->rpt == RPT_TWO_RUA) {
        text_puts(&t, "; rua=");
        put_https(w, f, &t);
    }
    add(out, &t);
}

void publish_rpt(const struct world *w, const struct fate *f, struct txts *out)
{
    /* Where _smtp._tls exists, so does _tls, and the wildcard does not apply (RFC 4592 section 2.2.1). */
    publish_wild(w, f, out);
    if (f->rpt == RPT_NONE)
        return;
    out->n = out->used = 0;
    add_rpt(w, f, out);
    if (f->rpt == RPT_MULTI)
        add_words(out, "v=TLSRPTv1; rua=mailto:tls@report-0.net;");
}

void publish_dmarc(const struct world *w, const struct fate *f, struct txts *out)
{
    publish_wild(w, f, out);
    if (!f->dmarc)
        return;
    out->n = out->used = 0;
    uint64_t d = draw(w, DRAW_TEXT, f->i, TEXT_DMARC);
    double p = draw_unit(w, DRAW_DMARC, f->i, TEXT_DMARC), none = w->param[PARAM_DMARC_NONE];
    char bytes[RR_MOST];
    struct text t = {bytes, 0, sizeof bytes, false};
    const char *rest = p < none + w->param[PARAM_DMARC_QUARANTINE] ? "quarantine" : "reject";
    text_printf(&t, "v=DMARC1; p=%s;", p < none ? "none" : rest);
    if (d % 100 < 49) {
        text_puts(&t, " rua=");
        put_mailto(w, f, TEXT_DMARC, &t);
        if (d / 100 % 4 == 0)
            text_puts(&t, "; ruf=mailto:forensics@report-1.net; fo=1");
        text_puts(&t, ";");
    }
    if (d / 1000 % 3 == 0)
        text_puts(&t, " adkim=r; aspf=r; pct=100;");
    add(out, &t);
}
