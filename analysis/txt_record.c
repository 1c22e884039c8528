#include "analysis/txt_record.h"

#include <string.h>
#include <strings.h>

bool txt_is_alnum(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool txt_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool txt_is_field_name(struct sts_str name)
{
    if (name.len == 0 || name.len > 32 || !txt_is_alnum(name.p[0]))
        return false;
    for (uint32_t i = 1; i < name.len; i++)
        if (!txt_is_alnum(name.p[i]) && strchr("_-.", name.p[i]) == NULL)
            return false;
    return memchr(name.p, 0, name.len) == NULL;
}

static bool holds_nocase(struct sts_str text, const char *mark)
{
    size_t len = strlen(mark);

    for (size_t i = 0; i + len <= text.len; i++)
        if (strncasecmp(text.p + i, mark, len) == 0)
            return true;
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct sts_str trim_end(struct sts_str s, bool (*is)(char c))
{
    while (s.len > 0 && is(s.p[s.len - 1]))
        s.len--;
    return s;
}

static struct sts_str trim(struct sts_str s, bool (*is)(char c))
{
    s = trim_end(s, is);
    while (s.len > 0 && is(*s.p)) {
        s.p++;
        s.len--;
    }
    return s;
}

struct sts_str txt_trim_end(struct sts_str s)
{
    return trim_end(s, txt_is_blank);
}

struct sts_str txt_trim(struct sts_str s)
{
    return trim(s, txt_is_blank);
}

struct sts_str txt_trim_space(struct sts_str s)
{
    return trim(s, is_space);
}

/* Where the semicolon behind the version is; 0: there is none. */
static uint32_t version_end(const struct txt_grammar *g, struct sts_str text)
{
    uint32_t at = (uint32_t)strlen(g->version);

    if (text.len <= at || memcmp(text.p, g->version, at) != 0)
        return 0;
    while (at < text.len && txt_is_blank(text.p[at]))
        at++;
    return at < text.len && text.p[at] == ';' ? at : 0;
}

/* RFC 8461 section 3.1: "records that do not begin with v=STSv1; are discarded"; RFC 8460 section 3 alike.
 * The ABNF of both lets blanks stand before the semicolon (erratum 6285). */
static enum txt_kind kind_of(const struct txt_grammar *g, struct sts_str text)
{
    uint32_t end = version_end(g, text);

    if (end > 0)
        return end == strlen(g->version) ? TXT_COUNTS : TXT_SPACED;
    return holds_nocase(text, g->marks[0]) || holds_nocase(text, g->marks[1]) ? TXT_MEANT : TXT_OTHER;
}

bool txt_count_add(struct txt_count *count, const struct txt_grammar *g, struct sts_str text)
{
    enum txt_kind kind = kind_of(g, text);
    bool first = kind > count->kind;

    count->n_records += kind == TXT_COUNTS;
    count->n_lenient += kind >= TXT_SPACED;
    count->n_meant += kind == TXT_MEANT || kind == TXT_SPACED;
    if (first) {
        count->kind = kind;
        count->at = count->n_texts;
    }
    count->n_texts++;
    return first;
}

void txt_count_judge(const struct txt_count *count, enum verdict *strict, enum verdict *lenient)
{
    if (count->n_records > 1)
        *strict = VERDICT_MULTIPLE;
    if (count->n_lenient > 1)
        *lenient = VERDICT_MULTIPLE;
}

/* Where the fields begin; 0 where the version is wrong, so that nothing behind it can be read. */
static uint32_t read_version(const struct txt_grammar *g, struct sts_str text, struct defects *defects)
{
    uint32_t len = (uint32_t)strlen(g->version), end = version_end(g, text), at = 0;

    while (at < len && at < text.len && text.p[at] == g->version[at])
        at++;
    if (end > len)
        defect_add(defects, g->version_space, len);
    else if (end == 0 && at == len && txt_trim(text).len == len)
        defect_add(defects, g->version_end, len);
    else if (end == 0) /* v=STSv12, v=STSv1,id=... */
        defect_add(defects, g->version_wrong, at);
    return end;
}

/* ext-value = 1*(%x21-3A / %x3C / %x3E-7E) */
static void check_extension(const struct txt_grammar *g, struct sts_str value, uint32_t offset,
                            struct defects *defects)
{
    if (value.len == 0)
        defect_add(defects, g->field_value, offset);
    for (uint32_t i = 0; i < value.len; i++) {
        if (value.p[i] < 0x21 || value.p[i] > 0x7e || value.p[i] == '=' || value.p[i] == ';') {
            defect_add(defects, g->field_value, offset + i);
            return;
        }
    }
}

/* True: it is the required field, right or wrong. */
static bool read_field(const struct txt_grammar *g, struct sts_str field, uint32_t offset, void *arg,
                       struct defects *defects)
{
    const char *equal = memchr(field.p, '=', field.len);
    struct sts_str name = {field.p, equal ? (uint32_t)(equal - field.p) : 0}, value;

    if (equal == NULL || !txt_is_field_name(name)) {
        defect_add(defects, g->field_name, offset);
        return false;
    }
    value = (struct sts_str){equal + 1, field.len - name.len - 1};
    if (!g->field(arg, name, value, offset + name.len + 1))
        check_extension(g, value, offset + name.len + 1, defects);
    return sts_str_equal(name, sts_str(g->required));
}

/* record = version 1*(field-delim field) [field-delim];  field-delim = *WSP ";" *WSP */
void txt_record_walk(const struct txt_grammar *g, struct sts_str text, void *arg, struct defects *defects)
{
    uint32_t at = read_version(g, text, defects); /* at a semicolon from here on */
    bool version = at > 0, seen = false;

    while (at > 0 && at < text.len) {
        uint32_t begin, end;
        const char *next;

        for (at++; at < text.len && txt_is_blank(text.p[at]); at++)
            ;
        if (at == text.len)
            break;
        begin = at;
        next = memchr(text.p + at, ';', text.len - at);
        at = next ? (uint32_t)(next - text.p) : text.len;
        for (end = at; end > begin && txt_is_blank(text.p[end - 1]); end--)
            ;
        if (begin == end)
            defect_add(defects, g->field_empty, begin);
        else
            seen |= read_field(g, (struct sts_str){text.p + begin, end - begin}, begin, arg, defects);
        if (next == NULL && end < at)
            defect_add(defects, g->space_at_end, end);
    }
    if (version && !seen)
        defect_add(defects, g->required_missing, text.len);
}

bool txt_next_lenient(const struct txt_grammar *g, struct sts_str text, uint32_t *at, struct sts_str *name,
                      struct sts_str *value)
{
    if (*at == 0) {
        uint32_t end = version_end(g, text);

        *at = end > 0 ? end + 1 : text.len;
    }
    while (*at < text.len) {
        const char *p = text.p + *at, *end = memchr(p, ';', text.len - *at), *equal;
        struct sts_str field = {p, end ? (uint32_t)(end - p) : text.len - *at};

        *at += field.len + 1;
        equal = memchr(field.p, '=', field.len);
        *name = field;
        *value = (struct sts_str){field.p + field.len, 0};
        if (equal != NULL) {
            name->len = (uint32_t)(equal - field.p);
            *value = (struct sts_str){equal + 1, field.len - name->len - 1};
        }
        *name = txt_trim_space(*name);
        *value = txt_trim_space(*value);
        if (name->len > 0)
            return true;
    }
    return false;
}
