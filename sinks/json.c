#include "sinks/json.h"

#include "sinks/utf8.h"

#include <inttypes.h>

void json_init(struct json *j, FILE *out)
{
    *j = (struct json){.out = out};
}

static void put_string(FILE *out, struct sts_str s)
{
    fputc('"', out);
    for (uint32_t i = 0; i < s.len;) {
        uint32_t code = 0;
        unsigned n = utf8_next(s.p + i, s.len - i, &code);

        if (n == 0 || code < 0x20 || code == 0x7f)
            fprintf(out, "\\u%04x", (uint8_t)s.p[i]);
        else if (code == '"' || code == '\\')
            fprintf(out, "\\%c", (char)code);
        else
            fwrite(s.p + i, 1, n, out);
        i += n > 0 ? n : 1;
    }
    fputc('"', out);
}

static void new_line(const struct json *j)
{
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
        fputs(": ", j->out);
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

void json_share(struct json *j, const char *key, uint64_t num, uint64_t den)
{
    begin_value(j, key);
    if (den == 0)
        fputs("null", j->out);
    else
        fprintf(j->out, "%.6f", (double)num / (double)den);
}

void json_bool(struct json *j, const char *key, bool b)
{
    begin_value(j, key);
    fputs(b ? "true" : "false", j->out);
}
