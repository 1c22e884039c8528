#include "scanner/input_zone.h"

#include <inttypes.h>
#include <string.h>

static int wrong(const struct input_zone *z, const struct input *in, uint64_t n_line, const char *why,
                 struct sts_err *err)
{
    return sts_fail(err, STS_EFORMAT, "%s:%" PRIu64 ": %s%s", in->info.name, n_line, why,
                    z->guessed ? " (by its first lines this is a zone file; --input-format says otherwise)"
                               : "");
}

/* Blank lines and comments tell nothing. */
static bool tells_nothing(const char *line, size_t len)
{
    while (len > 0 && (line[0] == ' ' || line[0] == '\t' || line[0] == '\r')) {
        line++;
        len--;
    }
    return len == 0 || line[0] == ';';
}

bool input_zone_begins(const char *p, size_t len, bool all, bool *known)
{
    size_t at =
        len >= strlen(INPUT_BOM) && memcmp(p, INPUT_BOM, strlen(INPUT_BOM)) == 0 ? strlen(INPUT_BOM) : 0;

    *known = true;
    while (at < len) {
        const char *end = memchr(p + at, '\n', len - at);
        size_t line_len = end != NULL ? (size_t)(end - p) - at : len - at;

        if (end == NULL && !all && line_len <= INPUT_LINE_BYTES)
            break;
        if (!tells_nothing(p + at, line_len))
            return line_len <= INPUT_LINE_BYTES && zone_line_is_telling(p + at, line_len);
        at += line_len + 1;
    }
    *known = all;
    return false;
}

int input_zone_line(struct input_zone *z, struct input *in, struct input_batch *batch, const char *line,
                    size_t len, uint64_t n_line, struct sts_err *err)
{
    struct input_line columns = {.name = {NULL, 0}};
    bool was_open = z->zone.depth > 0;

    if (len > INPUT_LINE_BYTES)
        return wrong(z, in, n_line, "a line of more than 4096 bytes", err);
    switch (zone_line(&z->zone, line, len)) {
    case ZONE_NOTHING: break;
    case ZONE_REPEATED: in->counts.folded++; break;
    case ZONE_BAD: return wrong(z, in, n_line, z->zone.why, err);
    case ZONE_DELEGATED:
        columns.name = (struct sts_str){z->zone.last.p, z->zone.last.len};
        if (input_add(in, batch, &columns, err) != STS_OK)
            return err->code;
        break;
    }
    if (!was_open && z->zone.depth > 0)
        z->open_line = n_line;
    return STS_OK;
}

int input_zone_end(const struct input_zone *z, const struct input *in, struct sts_err *err)
{
    if (z->zone.depth == 0)
        return STS_EEND;
    return wrong(z, in, z->open_line, "a parenthesis opened here is not closed by the end of the file", err);
}
