/* Names from a file: lines out of its bytes, positions out of the lines. */
#include "scanner/input_file.h"
#include "scanner/input_zone.h"
#include "scanner/line.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define READ_BYTES (64 * 1024)
#define LONG_BYTES (INPUT_LINE_BYTES + 4) /* longer than this is too long even with a mark and "\r" */

struct lines {
    struct input base;
    struct input_file *file;
    enum input_format format;   /* INPUT_AUTO until it is known */
    struct line_format columns; /* of INPUT_NAMES and INPUT_CSV */
    struct input_zone zone;
    uint64_t n_lines; /* with those that do not count */
    bool at_end;      /* of the bytes */
    bool cutting;     /* in the rest of a line that is too long */
    size_t at, len;   /* of buf: what is not used yet */
    char buf[LONG_BYTES + READ_BYTES];
};

/* What is not used yet to the front, and more behind it. There is room: it was not full. */
static int read_more(struct lines *in, struct sts_err *err)
{
    struct sts_err inner = {0};
    size_t n = 0;

    in->len -= in->at;
    memmove(in->buf, in->buf + in->at, in->len);
    in->at = 0;
    if (input_file_read(in->file, in->buf + in->len, sizeof(in->buf) - in->len, &n, &inner) != STS_OK)
        return sts_fail(err, inner.code, "%s (behind line %" PRIu64 ")", inner.msg, in->n_lines);
    in->at_end = n == 0;
    in->len += n;
    return STS_OK;
}

/* One line without its end: to be added, cut, or passed over. */
static int take_line(struct lines *in, struct input_batch *batch, char *line, size_t len, struct sts_err *err)
{
    struct input_line columns;

    if (in->n_lines++ == 0 && len >= strlen(INPUT_BOM) && memcmp(line, INPUT_BOM, strlen(INPUT_BOM)) == 0) {
        line += strlen(INPUT_BOM);
        len -= strlen(INPUT_BOM);
    }
    if (len > 0 && line[len - 1] == '\r')
        len--;
    if (in->format == INPUT_ZONE)
        return input_zone_line(&in->zone, &in->base, batch, line, len, in->n_lines, err);
    if (line_is_void(line, len < INPUT_LINE_BYTES ? len : INPUT_LINE_BYTES))
        return STS_OK;
    if (len > INPUT_LINE_BYTES)
        return input_add_cut(&in->base, batch, line, err);
    line_split(&in->columns, line, len, &columns);
    return input_add(&in->base, batch, &columns, err);
}

/* By the first line that holds something. False: it is not there yet. */
static bool find_format(struct lines *in)
{
    bool all = in->at_end || in->len == sizeof(in->buf), known;

    if (in->format != INPUT_AUTO)
        return true;
    in->zone.guessed = input_zone_begins(in->buf + in->at, in->len - in->at, all, &known);
    if (known)
        in->format = in->zone.guessed ? INPUT_ZONE : INPUT_NAMES;
    return known;
}

/* The next step with the bytes that are there. False: more are needed. */
static bool step(struct lines *in, struct input_batch *batch, struct sts_err *err)
{
    char *line = in->buf + in->at;
    size_t len = in->len - in->at;
    char *end = memchr(line, '\n', len);
    bool cutting = in->cutting;

    if (!find_format(in))
        return false;
    if (end == NULL && !cutting && len <= LONG_BYTES && !(in->at_end && len > 0))
        return false;
    if (end == NULL && cutting && len == 0)
        return false;
    in->cutting = end == NULL && !in->at_end;
    if (end != NULL)
        len = (size_t)(end - line);
    in->at += len + (end != NULL);
    return cutting || take_line(in, batch, line, len, err) == STS_OK;
}

static int lines_fill(struct input *base, struct input_batch *batch, struct sts_err *err)
{
    struct lines *in = (struct lines *)base;

    while (batch->n_items < INPUT_BATCH_ITEMS) {
        if (step(in, batch, err))
            continue;
        if (err->code != STS_OK)
            return err->code;
        if (in->at_end)
            return in->format == INPUT_ZONE ? input_zone_end(&in->zone, base, err) : STS_EEND;
        if (batch->n_items > 0 && !input_file_ready(in->file))
            return STS_OK; /* a slow pipe: what there is can be worked on */
        if (read_more(in, err) != STS_OK)
            return err->code;
    }
    return STS_OK;
}

static void lines_free(struct input *base)
{
    struct lines *in = (struct lines *)base;

    input_file_free(in->file);
    free(in);
}

int input_open_file(struct input **out, const char *path, const struct input_layout *layout,
                    struct sts_err *err)
{
    static const struct input_ops ops = {lines_fill, lines_free};
    struct lines *in = malloc(sizeof(*in));

    if (in == NULL)
        return sts_fail(err, STS_ENOMEM, "%s: out of memory", path);
    memset(in, 0, offsetof(struct lines, buf));
    in->format = layout->format;
    in->columns =
        (struct line_format){.known = layout->format == INPUT_NAMES, .columns = layout->format == INPUT_CSV};
    zone_init(&in->zone.zone, layout->origin);
    if (input_init(&in->base, &ops, path, err) != STS_OK ||
        input_file_open(&in->file, &in->base, err) != STS_OK) {
        input_free(&in->base);
        return err->code;
    }
    *out = &in->base;
    return STS_OK;
}
