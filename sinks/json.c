#include "sinks/json.h"

#include "sinks/utf8.h"

#include <inttypes.h>

void json_init(struct json *j, FILE *out)
{
    *j = (struct json){.out = out};
}

void json_init_line(struct json *j, FILE *out)
{
    *j = (struct json){.out = out, .in_line = true};
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_string(FILE *out, struct sts_str s)
{
    uint32_t from = 0, i = 0;

    fputc('"', out);
    while (i < s.len) {
        uint32_t code = 0;
        unsigned n;

        if (is_plain(s.p[i])) { /* nearly all there is */
            i++;
            continue;
        }
        n = utf8_next(s.p + i, s.len - i, &code);
        if (n > 1) {
            i += n;
            continue;
        }
        fwrite(s.p + from, 1, i - from, out);
        if (s.p[i] == '"' || s.p[i] == '\\')
            fprintf(out, "\\%c", s.p[i]);
        else
            fprintf(out, "\\u%04x", (uint8_t)s.p[i]);
        from = ++i;
    }
    if (s.len > from)
        fwrite(s.p + from, 1, s.len - from, out);
    fputc('"', out);
}

static void new_line(const struct json *j)
{
    if (j->in_line)
        return;
    fputc('\n', j->out);
    for (unsigned i = 0; i < j->depth; i++)
        fputs("  ", j->out);
}

static void begin_value(struct json *j, const char *key)
{
    if (j->some)
        fputc(',', j->out);
    if (j->depth > 0)
        new_line(j);
    if (key != NULL) {
        put_string(j->out, sts_str(key));
        fputs(j->in_line ? ":" : ": ", j->out);
    }
    j->some = true;
}

static void open_level(struct json *j, const char *key, char mark)
{
    begin_value(j, key);
    fputc(mark, j->out);
    j->depth++;
    j->some = false;
}

static void close_level(struct json *j, char mark)
{
    j->depth--;
    if (j->some)
        new_line(j);
    fputc(mark, j->out);
    if (j->depth == 0)
        fputc('\n', j->out);
    j->some = true;
}

void json_object(struct json *j, const char *key)
{
    open_level(j, key, '{');
}

void json_object_end(struct json *j)
{
    close_level(j, '}');
}

void json_list(struct json *j, const char *key)
{
    open_level(j, key, '[');
}

void json_list_end(struct json *j)
{
    close_level(j, ']');
}

void json_str(struct json *j, const char *key, struct sts_str s)
{
    begin_value(j, key);
    put_string(j->out, s);
}

void json_uint(struct json *j, const char *key, uint64_t u)
{
    begin_value(j, key);
    fprintf(j->out, "%" PRIu64, u);
}

void json_sint(struct json *j, const char *key, int64_t s)
{
    begin_value(j, key);
    fprintf(j->out, "%" PRId64, s);
}

void json_share(struct json *j, const char *key, uint64_t num, uint64_t den)
{
    if (den == 0) {
        json_null(j, key);
        return;
    }
    begin_value(j, key);
    fprintf(j->out, "%.6f", (double)num / (double)den);
}

void json_bool(struct json *j, const char *key, bool b)
{
    begin_value(j, key);
    fputs(b ? "true" : "false", j->out);
}

void json_null(struct json *j, const char *key)
{
    begin_value(j, key);
    fputs("null", j->out);
}
