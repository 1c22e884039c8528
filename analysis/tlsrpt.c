#include "analysis/tlsrpt.h"

#include "analysis/txt_record.h"

#include <string.h>
#include <strings.h>

struct walk {
    struct tlsrpt *t;
    bool seen_rua;
};

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* The characters of a URI, RFC 3986 section 2; without those that RFC 8460 wants encoded: , ! ; */
static bool is_uri_at(struct sts_str uri, uint32_t i)
{
    if (uri.p[i] == '%')
        return uri.len - i > 2 && is_hex(uri.p[i + 1]) && is_hex(uri.p[i + 2]);
    return txt_is_alnum(uri.p[i]) || (uri.p[i] != 0 && strchr("-._~:/?#[]@$&'()*+=", uri.p[i]) != NULL);
}

/* scheme = ALPHA *(ALPHA / DIGIT / "+" / "-" / "."), RFC 3986 section 3.1; 0: there is none. */
static uint32_t scheme_len(struct sts_str uri)
{
    uint32_t i = 0;

    if (uri.len == 0 || !txt_is_alnum(uri.p[0]) || (uri.p[0] >= '0' && uri.p[0] <= '9'))
        return 0;
    while (i < uri.len && (txt_is_alnum(uri.p[i]) || (uri.p[i] != 0 && strchr("+-.", uri.p[i]) != NULL)))
        i++;
    return i < uri.len && uri.p[i] == ':' ? i : 0;
}

static void read_uri(struct walk *walk, struct sts_str uri, uint32_t offset)
{
    struct tlsrpt *t = walk->t;
    uint32_t scheme = scheme_len(uri);

    if (uri.len == 0) {
        defect_add(&t->defects, DEFECT_RPT_URI_EMPTY, offset);
        return;
    }
    for (uint32_t i = 0; i < uri.len; i++) {
        if (!is_uri_at(uri, i)) {
            defect_add(&t->defects, DEFECT_RPT_URI_CHARACTER, offset + i);
            return;
        }
    }
    if (scheme == 0)
        defect_add(&t->defects, DEFECT_RPT_URI_NO_SCHEME, offset);
    else if (walk->seen_rua) /* the first rua counts, as RFC 8461 section 3.2 has it for its fields */
        return;
    else if (scheme == 6 && strncasecmp(uri.p, "mailto", 6) == 0)
        t->n_mailto++;
    else if (scheme == 5 && strncasecmp(uri.p, "https", 5) == 0)
        t->n_https++;
    else
        t->n_other_scheme++;
}

/* tlsrpt-rua = %s"rua=" tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri) */
static bool on_field(void *arg, struct sts_str name, struct sts_str value, uint32_t value_offset)
{
    struct walk *walk = arg;

    if (!sts_str_equal(name, sts_str("rua")))
        return false;
    for (uint32_t at = 0, end; at <= value.len; at = end + 1) {
        const char *comma = at < value.len ? memchr(value.p + at, ',', value.len - at) : NULL;
        uint32_t begin = at, stop;

        end = stop = comma ? (uint32_t)(comma - value.p) : value.len;
        while (at > 0 && begin < stop && txt_is_blank(value.p[begin])) /* no blank behind "rua=" itself */
            begin++;
        while (stop > begin && txt_is_blank(value.p[stop - 1]))
            stop--;
        read_uri(walk, (struct sts_str){value.p + begin, stop - begin}, value_offset + begin);
    }
    walk->seen_rua = true;
    return true;
}

static const struct txt_grammar grammar = {
    .version = "v=TLSRPTv1",
    .marks = {"TLSRPTv1", "v=TLSRPT"},
    .field = on_field,
    .version_wrong = DEFECT_RPT_VERSION,
    .version_space = DEFECT_RPT_VERSION_SPACE,
    .version_end = DEFECT_RPT_VERSION_END,
    .field_empty = DEFECT_RPT_FIELD_EMPTY,
    .space_at_end = DEFECT_RPT_SPACE_AT_END,
    .field_name = DEFECT_RPT_FIELD_NAME,
    .field_value = DEFECT_RPT_FIELD_VALUE,
};

void tlsrpt_init(struct tlsrpt *t)
{
    memset(t, 0, sizeof(*t));
}

static void read_record(struct tlsrpt *t, struct sts_str text)
{
    struct walk walk = {.t = t};

    tlsrpt_init(t);
    txt_record_walk(&grammar, text, &walk, &t->defects);
    if (!walk.seen_rua && (t->defects.n == 0 || t->defects.v[0].id == DEFECT_RPT_VERSION_SPACE))
        defect_add(&t->defects, DEFECT_RPT_RUA_MISSING, text.len);
    t->verdict = t->defects.n == 0 ? VERDICT_VALID : VERDICT_INVALID;
}

void tlsrpt_add(struct tlsrpt *t, struct sts_str text)
{
    uint32_t n_records = t->n_records, n_meant = t->n_meant;
    enum txt_kind kind = txt_record_kind(&grammar, text);

    if (kind == TXT_OTHER)
        return;
    if (n_records == 0 && (kind == TXT_COUNTS || n_meant == 0))
        read_record(t, text);
    t->n_records = n_records + (kind == TXT_COUNTS);
    t->n_meant = n_meant + (kind == TXT_MEANT);
    if (t->n_records > 1)
        t->verdict = VERDICT_MULTIPLE;
}
