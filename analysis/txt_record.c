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

/* RFC 8461 section 3.1: "records that do not begin with v=STSv1; are discarded"; RFC 8460 section 3 alike. */
enum txt_kind txt_record_kind(const struct txt_grammar *g, struct sts_str text)
{
    size_t len = strlen(g->version);

    if (text.len > len && memcmp(text.p, g->version, len) == 0 && text.p[len] == ';')
        return TXT_COUNTS;
    return holds_nocase(text, g->marks[0]) || holds_nocase(text, g->marks[1]) ? TXT_MEANT : TXT_OTHER;
}

/* Where the fields begin; 0 where the version is wrong, so that nothing behind it can be read. */
static uint32_t read_version(const struct txt_grammar *g, struct sts_str text, struct defects *defects)
{
    uint32_t len = (uint32_t)strlen(g->version), at = 0;

    while (at < len && at < text.len && text.p[at] == g->version[at])
        at++;
    if (at < len) {
        defect_add(defects, g->version_wrong, at);
        return 0;
    }
    while (at < text.len && txt_is_blank(text.p[at]))
        at++;
    if (at == text.len)
        defect_add(defects, g->version_end, len);
    else if (text.p[at] != ';') /* v=STSv12, v=STSv1,id=... */
        defect_add(defects, g->version_wrong, len);
    else if (at > len)
        defect_add(defects, g->version_space, len);
    return at < text.len && text.p[at] == ';' ? at : 0;
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

static void read_field(const struct txt_grammar *g, struct sts_str field, uint32_t offset, void *arg,
                       struct defects *defects)
{
    const char *equal = memchr(field.p, '=', field.len);
    struct sts_str name = {field.p, equal ? (uint32_t)(equal - field.p) : 0}, value;

    if (equal == NULL || !txt_is_field_name(name)) {
        defect_add(defects, g->field_name, offset);
        return;
    }
    value = (struct sts_str){equal + 1, field.len - name.len - 1};
    if (!g->field(arg, name, value, offset + name.len + 1))
        check_extension(g, value, offset + name.len + 1, defects);
}

/* record = version 1*(field-delim field) [field-delim];  field-delim = *WSP ";" *WSP */
void txt_record_walk(const struct txt_grammar *g, struct sts_str text, void *arg, struct defects *defects)
{
    uint32_t at = read_version(g, text, defects); /* at a semicolon from here on */

    while (at > 0 && at < text.len) {
        uint32_t begin, end;
        const char *next;

        for (at++; at < text.len && txt_is_blank(text.p[at]); at++)
            ;
        if (at == text.len)
            return;
        begin = at;
        next = memchr(text.p + at, ';', text.len - at);
        at = next ? (uint32_t)(next - text.p) : text.len;
        for (end = at; end > begin && txt_is_blank(text.p[end - 1]); end--)
            ;
        if (begin == end)
            defect_add(defects, g->field_empty, begin);
        else
            read_field(g, (struct sts_str){text.p + begin, end - begin}, begin, arg, defects);
        if (next == NULL && end < at)
            defect_add(defects, g->space_at_end, end);
    }
}
