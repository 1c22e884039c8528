/* fuzz_line.c - any line of a list of names: its columns lie within it, and columns that are quoted (RFC 4180
 * section 2.7) come out as they went in. First byte: its lower bits choose what is known of the file; the top
 * bit takes the rest for columns to be quoted, a line each.
 * Source: scanner/line.c. */
#include "scanner/line.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool right)
{
    if (!right)
        abort();
}

/* A copy of the exact size, so that a sanitizer sees the first byte read past it. */
static char *copy_of(const void *p, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);

    check(copy != NULL);
    memcpy(copy, p, len);
    return copy;
}

static void check_within(struct sts_str s, const char *line, size_t len)
{
    check(s.len == 0 || (s.p >= line && s.p + s.len <= line + len));
}

static void split_any(struct line_format format, const uint8_t *data, size_t len)
{
    char *line = copy_of(data, len), *again = copy_of(data, len);
    struct input_line out, same;

    (void)line_is_void(line, len);
    line_split(&format, line, len, &out);
    check(format.known && (format.separator == 0 || format.separator == ',' || format.separator == '\t'));
    check_within(out.name, line, len);
    check_within(out.rank, line, len);
    check_within(out.tag, line, len);
    check_within(out.weight, line, len);
    if (format.separator == 0)
        check(out.rank.len + out.tag.len + out.weight.len == 0);
    line_split(&format, again, len, &same); /* what the first line told of the file holds for it, too */
    check(sts_str_equal(out.name, same.name) && sts_str_equal(out.rank, same.rank) &&
          sts_str_equal(out.tag, same.tag) && sts_str_equal(out.weight, same.weight));
    free(line);
    free(again);
}

static struct sts_str blanks_cut(struct sts_str s)
{
    while (s.len > 0 && strchr(" \t\r", s.p[0]) != NULL && s.p[0] != '\0') {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && strchr(" \t\r", s.p[s.len - 1]) != NULL && s.p[s.len - 1] != '\0')
        s.len--;
    return s;
}

static size_t put_quoted(char *to, struct sts_str column)
{
    size_t n = 0;

    to[n++] = '"';
    for (uint32_t i = 0; i < column.len; i++) {
        to[n++] = column.p[i];
        if (column.p[i] == '"')
            to[n++] = '"';
    }
    to[n++] = '"';
    return n;
}

static void split_quoted(char separator, const char *p, size_t len)
{
    struct line_format format = {.known = true, .separator = separator};
    char *line = malloc(2 * len + 3 * COLUMNS), *exact;
    struct sts_str columns[COLUMNS] = {{"", 0}, {"", 0}, {"", 0}, {"", 0}};
    struct input_line out;
    size_t line_len = 0;

    check(line != NULL);
    for (unsigned i = 0; i < COLUMNS; i++) {
        const char *end = memchr(p, '\n', len);

        columns[i] = (struct sts_str){p, (uint32_t)(end != NULL ? (size_t)(end - p) : len)};
        line_len += put_quoted(line + line_len, columns[i]);
        if (i + 1 < COLUMNS)
            line[line_len++] = separator;
        p += columns[i].len + (end != NULL);
        len -= columns[i].len + (end != NULL);
    }
    exact = copy_of(line, line_len);
    line_split(&format, exact, line_len, &out);
    check(sts_str_equal(out.rank, columns[0]) && sts_str_equal(out.name, blanks_cut(columns[1])) &&
          sts_str_equal(out.tag, columns[2]) && sts_str_equal(out.weight, columns[3]));
    free(line);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct line_format formats[] = {
        {.known = false},
        {.columns = true},
        {.known = true},
        {.known = true, .separator = ','},
        {.known = true, .separator = '\t'},
    };

    if (len == 0 || len > INPUT_LINE_BYTES)
        return 0;
    if (data[0] & 0x80)
        split_quoted(data[0] & 1 ? ',' : '\t', (const char *)data + 1, len - 1);
    else
        split_any(formats[data[0] % STS_LEN(formats)], data + 1, len - 1);
    return 0;
}
