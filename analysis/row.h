/* row.h - one row of an exported table: the columns of export.def, and how rows are written as NDJSON or CSV.
 * Not thread-safe. */
#ifndef STS_ROW_H
#define STS_ROW_H
#include "sinks/record.h"

#include <stdio.h>

enum export_table {
#define TABLE(table, row, order) TABLE_##table,
#include "analysis/export.def"
    TABLE_LIMIT
};
enum export_column {
#define COLUMN(table, name, type, doc) COL_##table##_##name,
#include "analysis/export.def"
    COLUMN_LIMIT
};
enum column_type { CT_TEXT, CT_WORD, CT_UINT, CT_SINT, CT_BOOL, CT_LIST, CT_TUPLES };

struct column {
    enum export_table table;
    const char *name;
    enum column_type type;
    const char *doc;
    bool is_time; /* left out with --no-times */
};
/* Those of a table are neighbours: *first up to, not with, *end. */
void table_columns(enum export_table table, unsigned *first, unsigned *end);
struct column export_column(unsigned column);
bool export_table_of(const char *name, enum export_table *out);
void export_help_columns(FILE *out);

struct cell {
    bool there; /* else null */
    union {
        struct sts_str text;
        struct sts_strs list;
        uint64_t u;
        int64_t s;
        bool b;
    };
};
struct row {
    enum export_table table;
    struct arena arena; /* of what is made for the row; all else is borrowed */
    bool no_memory;     /* since row_begin() */
    struct cell cells[COLUMN_LIMIT];
};
/* Starts a row: every column is null. */
void row_begin(struct row *row, enum export_table table);
void row_fini(struct row *row);
/* The column has to be of the right type. {NULL, 0} and NULL are null. */
void row_text(struct row *row, enum export_column c, struct sts_str text);
void row_word(struct row *row, enum export_column c, const char *word);
void row_uint(struct row *row, enum export_column c, uint64_t u);
void row_sint(struct row *row, enum export_column c, int64_t s);
void row_bool(struct row *row, enum export_column c, bool b);
void row_list(struct row *row, enum export_column c, struct sts_strs list);
void row_hex(struct row *row, enum export_column c, struct sts_str bytes);
void row_time(struct row *row, enum export_column c, uint64_t ms); /* 2026-02-01T12:00:00.000Z */

/* Texts for a row, made in its arena. Where memory is out, row->no_memory is set and the text is {NULL, 0}.
 */
struct sts_str row_copy(struct row *row, const void *p, size_t len);
struct sts_str row_lower(struct row *row, struct sts_str s);      /* ASCII */
struct sts_str row_digits(struct row *row, struct sts_str bytes); /* hexadecimal */
struct sts_str row_printf(struct row *row, const char *fmt, ...) STS_PRINTF(2, 3);
/* Room for `n` items; its own n is 0. v is NULL where memory is out. */
struct sts_strs row_items(struct row *row, uint32_t n);
void row_sort(struct sts_strs list); /* by bytes */

enum row_format { ROW_NDJSON, ROW_CSV };
struct row_style {
    enum row_format format;
    bool no_times;
};
/* NDJSON: an object a line, every column there. CSV: RFC 4180; null is an empty field, an empty text is "";
 * lists are joined by blanks (a blank within an item of a LIST is \x20); unsafe bytes as in text.h. */
void row_put(FILE *out, const struct row *row, const struct row_style *style);
void row_put_header(FILE *out, enum export_table table, const struct row_style *style);
#endif
