#include "analysis/row.h"

#include "analysis/text.h"
#include "sinks/json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name, *row, *order;
} tables[TABLE_LIMIT] = {
#define TABLE(table, row, order) {#table, row, order},
#include "analysis/export.def"
};
static const struct {
    enum export_table table;
    const char *name;
    enum column_type type;
    const char *doc;
} columns[COLUMN_LIMIT] = {
#define COLUMN(table, name, type, doc) {TABLE_##table, #name, CT_##type, doc},
#include "analysis/export.def"
};

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);

    return len >= n && strcmp(text + len - n, end) == 0;
}

struct column export_column(unsigned column)
{
    const char *name = columns[column].name;

    return (struct column){columns[column].table, name, columns[column].type, columns[column].doc,
                           ends_with(name, "_time") || ends_with(name, "_ms")};
}

bool export_table_of(const char *name, enum export_table *out)
{
    for (unsigned t = 0; t < TABLE_LIMIT; t++) {
        if (strcmp(tables[t].name, name) == 0) {
            *out = (enum export_table)t;
            return true;
        }
    }
    return false;
}

void table_columns(enum export_table table, unsigned *first, unsigned *end)
{
    for (*first = 0; columns[*first].table != table;)
        ++*first;
    for (*end = *first; *end < COLUMN_LIMIT && columns[*end].table == table;)
        ++*end;
}

void export_help_columns(FILE *out)
{
    static const char *const types[] = {"text", "word", "number", "integer", "boolean", "list", "tuples"};

    for (unsigned t = 0; t < TABLE_LIMIT; t++) {
        unsigned c, end;

        fprintf(out, "%s%s: a row is %s; %s\n", t > 0 ? "\n" : "", tables[t].name, tables[t].row,
                tables[t].order);
        for (table_columns((enum export_table)t, &c, &end); c < end; c++)
            fprintf(out, "  %-22s %-8s %s\n", columns[c].name, types[columns[c].type], columns[c].doc);
    }
}

void row_begin(struct row *row, enum export_table table)
{
    unsigned first, end;

    row->table = table;
    table_columns(table, &first, &end);
    memset(row->cells + first, 0, (end - first) * sizeof(*row->cells));
    arena_reset(&row->arena);
    row->no_memory = false;
}

void row_fini(struct row *row)
{
    arena_fini(&row->arena);
}

void row_text(struct row *row, enum export_column c, struct sts_str text)
{
    row->cells[c] = (struct cell){.there = text.p != NULL, .text = text};
}

void row_word(struct row *row, enum export_column c, const char *word)
{
    if (word != NULL)
        row_text(row, c, sts_str(word));
}

void row_uint(struct row *row, enum export_column c, uint64_t u)
{
    row->cells[c] = (struct cell){.there = true, .u = u};
}

void row_sint(struct row *row, enum export_column c, int64_t s)
{
    row->cells[c] = (struct cell){.there = true, .s = s};
}

void row_bool(struct row *row, enum export_column c, bool b)
{
    row->cells[c] = (struct cell){.there = true, .b = b};
}

void row_list(struct row *row, enum export_column c, struct sts_strs list)
{
    row->cells[c] = (struct cell){.there = true, .list = list};
}

static char *room_for(struct row *row, size_t len)
{
    char *text = arena_alloc(&row->arena, len + 1);

    row->no_memory |= text == NULL;
    return text;
}

struct sts_str row_copy(struct row *row, const void *p, size_t len)
{
    char *text = room_for(row, len);

    if (text != NULL && len > 0)
        memcpy(text, p, len);
    return (struct sts_str){text, text ? (uint32_t)len : 0};
}

struct sts_str row_lower(struct row *row, struct sts_str s)
{
    char *text = room_for(row, s.len);

    for (uint32_t i = 0; text != NULL && i < s.len; i++)
        text[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + ('a' - 'A') : s.p[i]);
    return (struct sts_str){text, text ? s.len : 0};
}

struct sts_str row_printf(struct row *row, const char *fmt, ...)
{
    char *text = NULL;
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len >= 0)
        text = room_for(row, (size_t)len);
    if (text == NULL)
        return (struct sts_str){NULL, 0};
    va_start(args, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    va_end(args);
    return (struct sts_str){text, (uint32_t)len};
}

struct sts_strs row_items(struct row *row, uint32_t n)
{
    struct sts_str *v = arena_alloc(&row->arena, (size_t)n * sizeof(*v) + 1);

    row->no_memory |= v == NULL;
    return (struct sts_strs){v, 0};
}

static int compare_texts(const void *a, const void *b)
{
    const struct sts_str *left = a, *right = b;
    uint32_t len = left->len < right->len ? left->len : right->len;
    int order = len > 0 ? memcmp(left->p, right->p, len) : 0;

    return order != 0 ? order : (left->len > right->len) - (left->len < right->len);
}

void row_sort(struct sts_strs list)
{
    if (list.n > 1)
        qsort(list.v, list.n, sizeof(*list.v), compare_texts);
}

static void put_digits(char *to, struct sts_str bytes)
{
    static const char digits[] = "0123456789abcdef";

    for (uint32_t i = 0; i < bytes.len; i++) {
        to[2 * i] = digits[(uint8_t)bytes.p[i] >> 4];
        to[2 * i + 1] = digits[(uint8_t)bytes.p[i] & 15];
    }
}

struct sts_str row_digits(struct row *row, struct sts_str bytes)
{
    char *text = room_for(row, 2 * (size_t)bytes.len);

    if (text != NULL)
        put_digits(text, bytes);
    return (struct sts_str){text, text ? 2 * bytes.len : 0};
}

void row_hex(struct row *row, enum export_column c, struct sts_str bytes)
{
    if (bytes.len > 0)
        row_text(row, c, row_digits(row, bytes));
}

void row_time(struct row *row, enum export_column c, uint64_t ms)
{
    char *text = room_for(row, TEXT_TIME_BYTES);
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    size_t n;

    if (text == NULL || gmtime_r(&s, &tm) == NULL ||
        (n = strftime(text, TEXT_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm)) == 0)
        return;
    n += (size_t)snprintf(text + n, TEXT_TIME_BYTES - n, ".%03uZ", (unsigned)(ms % 1000));
    row_text(row, c, (struct sts_str){text, (uint32_t)n});
}

static void put_json(struct json *j, const char *name, enum column_type type, const struct cell *cell)
{
    if (!cell->there) {
        json_null(j, name);
        return;
    }
    switch (type) {
    case CT_TEXT:
    case CT_WORD: json_str(j, name, cell->text); break;
    case CT_UINT: json_uint(j, name, cell->u); break;
    case CT_SINT: json_sint(j, name, cell->s); break;
    case CT_BOOL: json_bool(j, name, cell->b); break;
    case CT_LIST:
    case CT_TUPLES:
        json_list(j, name);
        for (uint32_t i = 0; i < cell->list.n; i++)
            json_str(j, NULL, cell->list.v[i]);
        json_list_end(j);
        break;
    }
}

static bool wants_quotes(struct sts_str s)
{
    return s.len > 0 && (memchr(s.p, ',', s.len) != NULL || memchr(s.p, '"', s.len) != NULL);
}

/* Text within a field: text_put() writes a line end as \x0a, so that a row is a line. */
static void put_csv_part(FILE *out, struct sts_str s, bool escape_blank)
{
    uint32_t from = 0;

    for (uint32_t i = 0; i < s.len; i++) {
        if (s.p[i] != '"' && !(escape_blank && s.p[i] == ' '))
            continue;
        text_put(out, (struct sts_str){s.p + from, i - from});
        fputs(s.p[i] == '"' ? "\"\"" : "\\x20", out);
        from = i + 1;
    }
    text_put(out, (struct sts_str){s.p + from, s.len - from});
}

/* RFC 4180 section 2: a field with a comma or a quote stands in quotes. Here also one that is there and
 * empty, so that it differs from null. */
static void put_csv_text(FILE *out, struct sts_str s)
{
    bool quoted = s.len == 0 || wants_quotes(s);

    fputs(quoted ? "\"" : "", out);
    put_csv_part(out, s, false);
    fputs(quoted ? "\"" : "", out);
}

static void put_csv_list(FILE *out, struct sts_strs list, bool words)
{
    bool quoted = list.n == 0;

    for (uint32_t i = 0; i < list.n; i++)
        quoted |= wants_quotes(list.v[i]);
    fputs(quoted ? "\"" : "", out);
    for (uint32_t i = 0; i < list.n; i++) {
        fputs(i > 0 ? " " : "", out);
        put_csv_part(out, list.v[i], words);
    }
    fputs(quoted ? "\"" : "", out);
}

static void put_csv(FILE *out, enum column_type type, const struct cell *cell)
{
    if (!cell->there)
        return;
    switch (type) {
    case CT_TEXT:
    case CT_WORD: put_csv_text(out, cell->text); break;
    case CT_UINT: fprintf(out, "%" PRIu64, cell->u); break;
    case CT_SINT: fprintf(out, "%" PRId64, cell->s); break;
    case CT_BOOL: fputs(cell->b ? "true" : "false", out); break;
    case CT_LIST:
    case CT_TUPLES: put_csv_list(out, cell->list, type == CT_LIST); break;
    }
}

void row_put(FILE *out, const struct row *row, const struct row_style *style)
{
    unsigned c, end;
    bool some = false;
    struct json j;

    json_init_line(&j, out);
    if (style->format == ROW_NDJSON)
        json_object(&j, NULL);
    for (table_columns(row->table, &c, &end); c < end; c++) {
        const struct column column = export_column(c);

        if (style->no_times && column.is_time)
            continue;
        if (style->format == ROW_NDJSON) {
            put_json(&j, column.name, column.type, &row->cells[c]);
            continue;
        }
        fputs(some ? "," : "", out);
        put_csv(out, column.type, &row->cells[c]);
        some = true;
    }
    if (style->format == ROW_NDJSON)
        json_object_end(&j);
    else
        fputs("\r\n", out);
}

void row_put_header(FILE *out, enum export_table table, const struct row_style *style)
{
    unsigned c, end;
    bool some = false;

    if (style->format != ROW_CSV)
        return;
    for (table_columns(table, &c, &end); c < end; c++) {
        const struct column column = export_column(c);

        if (style->no_times && column.is_time)
            continue;
        fprintf(out, "%s%s", some ? "," : "", column.name);
        some = true;
    }
    fputs("\r\n", out);
}
