#include "scanner/line.h"

#include <string.h>

#define COLUMNS 4 /* rank, name, tag, weight; what follows is passed over */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct sts_str trimmed(const char *p, size_t len)
{
    while (len > 0 && is_blank(p[0])) {
        p++;
        len--;
    }
    while (len > 0 && is_blank(p[len - 1]))
        len--;
    return (struct sts_str){p, (uint32_t)len};
}

bool line_is_void(const char *line, size_t len)
{
    struct sts_str held = trimmed(line, len);

    return held.len == 0 || held.p[0] == '#';
}

/* The column that begins with a quote at p[at]: taken out of its quotes in place. False: the quotes do not
 * match, and nothing is changed. `*end` is where the column ends: at a separator or at `len`. */
static bool unquote(char *p, size_t len, size_t at, char separator, struct sts_str *out, size_t *end)
{
    size_t from = at + 1, to = from, close = from;

    while (close < len && (p[close] != '"' || (close + 1 < len && p[close + 1] == '"')))
        close += p[close] == '"' ? 2 : 1;
    if (close >= len)
        return false;
    for (*end = close + 1; *end < len && p[*end] != separator; (*end)++) {
        if (!is_blank(p[*end]))
            return false;
    }
    for (at = from; at < close; at++) {
        p[to++] = p[at];
        at += p[at] == '"'; /* the second of two */
    }
    *out = (struct sts_str){p + from, (uint32_t)(to - from)};
    return true;
}

/* The column that begins at p[at]; returns where it ends: at a separator or at `len`. */
static size_t next_column(char *p, size_t len, size_t at, char separator, struct sts_str *out)
{
    size_t start = at, end;
    const char *mark;

    while (start < len && is_blank(p[start]) && p[start] != separator)
        start++;
    if (start < len && p[start] == '"' && unquote(p, len, start, separator, out, &end))
        return end;
    mark = memchr(p + at, separator, len - at);
    end = mark != NULL ? (size_t)(mark - p) : len;
    *out = trimmed(p + at, end - at);
    return end;
}

static bool all_digits(struct sts_str s)
{
    uint32_t i;

    for (i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return s.len > 0;
}

/* The separator behind a first column that is a number; without one, 0, or what it is if there are `columns`.
 */
static char find_separator(const char *line, size_t len, bool columns)
{
    const char *candidate;

    for (candidate = ",\t"; *candidate != '\0'; candidate++) {
        const char *mark = memchr(line, *candidate, len);
        struct sts_str rank = mark != NULL ? trimmed(line, (size_t)(mark - line)) : (struct sts_str){NULL, 0};

        if (rank.len > 2 && rank.p[0] == '"' && rank.p[rank.len - 1] == '"')
            rank = (struct sts_str){rank.p + 1, rank.len - 2};
        if (all_digits(rank))
            return *candidate;
    }
    if (!columns)
        return 0;
    return memchr(line, ',', len) == NULL && memchr(line, '\t', len) != NULL ? '\t' : ',';
}

void line_split(struct line_format *format, char *line, size_t len, struct input_line *out)
{
    struct sts_str columns[COLUMNS] = {{NULL, 0}};
    size_t at = 0, n = 0;

    memset(out, 0, sizeof(*out));
    if (!format->known)
        *format =
            (struct line_format){.known = true, .separator = find_separator(line, len, format->columns)};
    if (format->separator == 0) {
        out->name = trimmed(line, len);
        return;
    }
    while (n < COLUMNS && at <= len)
        at = next_column(line, len, at, format->separator, &columns[n++]) + 1;
    if (n == 1 && !all_digits(columns[0])) { /* a name without a rank */
        out->name = columns[0];
        return;
    }
    out->rank = columns[0];
    out->name = trimmed(columns[1].p, columns[1].len);
    out->tag = columns[2];
    out->weight = columns[3];
}
