#include "analysis/tlsrpt.h"

#include "analysis/text.h"

#include <string.h>

/* The lenient reading is what at least one of these takes: mox, tlsrpt-reporter (sys4, for Postfix), and the
 * checker checkdmarc. Against the ABNF it forgives
 *   - blanks between the version and its semicolon (mox, checkdmarc);
 *   - all that is wrong in or between the other fields, blanks at the end (tlsrpt-reporter reads the rua and
 *     nothing behind it; before it, only an intact field is passed over, by mox: no difference is made here);
 *   - any characters in a URI, so also the size limit of DMARC, "!10m" (tlsrpt-reporter, checkdmarc), and an
 *     empty URI or one without a scheme beside one that has a scheme (tlsrpt-reporter);
 *   - blanks around "=" (checkdmarc), white space of any kind around a field (tlsrpt-reporter).
 * Without a single URI that has a scheme there is nowhere to send a report: invalid here too. */

struct walk {
    struct tlsrpt *t;
    bool seen_rua;
};

static const struct sts_str rua_name = {"rua", 3};

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

struct sts_str tlsrpt_scheme(struct sts_str uri)
{
    static const char *const known[] = {"mailto", "https"};
    struct sts_str scheme = {uri.p, scheme_len(uri)};

    for (size_t i = 0; i < STS_LEN(known); i++)
        if (text_equal_nocase(scheme, sts_str(known[i])))
            return sts_str(known[i]);
    return scheme;
}

static enum defect_id check_uri(struct sts_str uri, uint32_t *at)
{
    *at = 0;
    if (uri.len == 0)
        return DEFECT_RPT_URI_EMPTY;
    for (; *at < uri.len; ++*at)
        if (!is_uri_at(uri, *at))
            return DEFECT_RPT_URI_CHARACTER;
    *at = 0;
    return scheme_len(uri) == 0 ? DEFECT_RPT_URI_NO_SCHEME : DEFECT_NONE;
}

/* *WSP "," *WSP between them, no blank before the first. False at the end of `list`. */
static bool next_item(struct sts_str list, uint32_t *at, struct sts_str *item)
{
    const char *comma;
    uint32_t end;
    bool first;

    if (*at > list.len)
        return false;
    first = *at == 0 || list.p[*at - 1] != ',';
    comma = *at < list.len ? memchr(list.p + *at, ',', list.len - *at) : NULL;
    end = comma ? (uint32_t)(comma - list.p) : list.len;
    *item = (struct sts_str){list.p + *at, end - *at};
    *item = first ? txt_trim_end(*item) : txt_trim(*item);
    *at = end + 1;
    return true;
}

static void count_uri(struct tlsrpt *t, struct sts_str uri)
{
    struct sts_str scheme = tlsrpt_scheme(uri);

    t->n_mailto += sts_str_equal(scheme, sts_str("mailto"));
    t->n_https += sts_str_equal(scheme, sts_str("https"));
    t->n_other_scheme +=
        !sts_str_equal(scheme, sts_str("mailto")) && !sts_str_equal(scheme, sts_str("https"));
}

/* tlsrpt-rua = %s"rua=" tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri). Of several rua the first counts, as RFC 8461
 * section 3.2 has it for its fields; RFC 8460 says nothing, so the others have to keep the grammar. */
static bool on_field(void *arg, struct sts_str name, struct sts_str value, uint32_t value_offset)
{
    struct walk *walk = arg;
    struct sts_str uri;
    uint32_t at = 0, bad;

    if (!sts_str_equal(name, rua_name))
        return false;
    if (!walk->seen_rua)
        walk->t->rua_at = value_offset;
    while (next_item(value, &at, &uri)) {
        enum defect_id id = check_uri(uri, &bad);

        if (id != DEFECT_NONE)
            defect_add(&walk->t->defects, id, value_offset + (uint32_t)(uri.p - value.p) + bad);
        else if (!walk->seen_rua)
            count_uri(walk->t, uri);
    }
    walk->seen_rua = true;
    return true;
}

static const struct txt_grammar grammar = {
    .version = "v=TLSRPTv1",
    .marks = {"TLSRPTv1", "v=TLSRPT"},
    .required = "rua",
    .field = on_field,
    .version_wrong = DEFECT_RPT_VERSION,
    .version_space = DEFECT_RPT_VERSION_SPACE,
    .version_end = DEFECT_RPT_VERSION_END,
    .field_empty = DEFECT_RPT_FIELD_EMPTY,
    .space_at_end = DEFECT_RPT_SPACE_AT_END,
    .field_name = DEFECT_RPT_FIELD_NAME,
    .field_value = DEFECT_RPT_FIELD_VALUE,
    .required_missing = DEFECT_RPT_RUA_MISSING,
};

bool tlsrpt_next_uri(const struct tlsrpt *t, struct sts_str text, bool lenient, uint32_t *at,
                     struct sts_str *uri)
{
    struct sts_str list = text; /* up to the end of the field */
    const char *end;
    uint32_t bad;

    if (*at == 0)
        *at = lenient ? t->lenient_rua_at : t->rua_at;
    if (*at == 0)
        return false;
    end = *at < text.len ? memchr(text.p + *at, ';', text.len - *at) : NULL;
    if (end != NULL)
        list.len = (uint32_t)(end - text.p);
    while (next_item(list, at, uri)) {
        if (*at > list.len)
            *at = text.len + 1;
        if (lenient)
            *uri = txt_trim_space(*uri);
        if (lenient ? scheme_len(*uri) > 0 : check_uri(*uri, &bad) == DEFECT_NONE)
            return true;
    }
    return false;
}

static enum verdict read_lenient(struct tlsrpt *t, struct sts_str text)
{
    struct sts_str name, value, uri;
    uint32_t at = 0, uri_at = 0;

    while (t->lenient_rua_at == 0 && txt_next_lenient(&grammar, text, &at, &name, &value))
        if (sts_str_equal(name, rua_name))
            t->lenient_rua_at = (uint32_t)(value.p - text.p);
    return tlsrpt_next_uri(t, text, true, &uri_at, &uri) ? VERDICT_VALID : VERDICT_INVALID;
}

static void read_record(struct tlsrpt *t, struct sts_str text)
{
    struct walk walk = {.t = t};

    *t = (struct tlsrpt){.count = t->count};
    txt_record_walk(&grammar, text, &walk, &t->defects);
    t->verdict = t->defects.n == 0 ? VERDICT_VALID : VERDICT_INVALID;
    t->lenient = read_lenient(t, text);
}

void tlsrpt_init(struct tlsrpt *t)
{
    memset(t, 0, sizeof(*t));
}

void tlsrpt_add(struct tlsrpt *t, struct sts_str text)
{
    if (txt_count_add(&t->count, &grammar, text))
        read_record(t, text);
    txt_count_judge(&t->count, &t->verdict, &t->lenient);
}
