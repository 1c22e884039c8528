#include "scanner/reply.h"

#include <string.h>

#define CODE_BYTES  4u /* three digits, then "-", " " or the end of the line */
#define FIRST_LINES 8u
/* A line whose text is just as long as is kept fits in with its CR LF. */
#define LINE_BUFFER_BYTES (CODE_BYTES + REPLY_KEPT_LINE_BYTES + 2)

void reply_begin(struct reply_reader *r, struct arena *arena, struct rec_reply *reply)
{
    r->arena = arena;
    r->reply = reply;
    r->n_lines = r->lines_size = 0;
    r->n_bytes = r->line_len = 0;
}

struct sts_str reply_unfinished(const struct reply_reader *r)
{
    size_t len = r->line_len < LINE_BUFFER_BYTES ? r->line_len : LINE_BUFFER_BYTES;

    return (struct sts_str){(const char *)r->line, (uint32_t)len};
}

static uint64_t line_code(const struct reply_reader *r)
{
    uint64_t code = 0;

    for (unsigned i = 0; i < 3; i++)
        code = code * 10 + (uint64_t)(r->line[i] - '0');
    return code;
}

/* Text behind the code, without the end of the line, as much of it as is kept. */
static struct sts_str line_text(const struct reply_reader *r, bool *cut)
{
    const struct sts_str line = reply_unfinished(r);
    uint32_t len = line.len;

    *cut = r->line_len > LINE_BUFFER_BYTES;
    if (!*cut && len > 0 && line.p[len - 1] == '\n')
        len--;
    if (!*cut && len > 0 && line.p[len - 1] == '\r')
        len--;
    len = len > CODE_BYTES ? len - CODE_BYTES : 0;
    if (len > REPLY_KEPT_LINE_BYTES) {
        *cut = true;
        len = REPLY_KEPT_LINE_BYTES;
    }
    return (struct sts_str){line.p + CODE_BYTES, len};
}

static int grow_lines(struct reply_reader *r)
{
    struct rec_reply *reply = r->reply;
    const uint32_t size = r->lines_size > 0 ? 2 * r->lines_size : FIRST_LINES;
    struct sts_str *grown = arena_alloc(r->arena, size * sizeof(*grown));

    if (grown == NULL)
        return STS_ENOMEM;
    if (reply->lines.n > 0)
        memcpy(grown, reply->lines.v, reply->lines.n * sizeof(*grown));
    reply->lines.v = grown;
    r->lines_size = size;
    return STS_OK;
}

static int keep_line(struct reply_reader *r)
{
    struct rec_reply *reply = r->reply;
    struct sts_str copy;
    bool cut;

    r->text = line_text(r, &cut);
    r->n_lines++;
    reply->code = line_code(r);
    if (cut || reply->lines.n == REPLY_KEPT_LINES)
        reply->cut = true;
    if (reply->lines.n == REPLY_KEPT_LINES)
        return STS_OK;
    if (reply->lines.n == r->lines_size && grow_lines(r) != STS_OK)
        return STS_ENOMEM;
    copy = arena_copy(r->arena, r->text.p, r->text.len);
    if (copy.p == NULL)
        return STS_ENOMEM;
    reply->lines.v[reply->lines.n++] = r->text = copy;
    return STS_OK;
}

/* Can a line begin with these bytes? RFC 5321 section 4.2: Reply-code is three digits, the first 2 to 5 (1 in
 * RFC 2821 section 4.2.1); we do not insist on the second. Section 4.2.1: "-" behind the code of all lines
 * but the last, and the code is the same in all; section 4.2: a code alone is a whole last line. */
static bool begins_like_reply(const struct reply_reader *r, uint8_t c)
{
    switch (r->line_len) {
    case 1: return c >= '1' && c <= '5';
    case 2: return c >= '0' && c <= '9';
    case 3: return c >= '0' && c <= '9' && (r->n_lines == 0 || line_code(r) == r->reply->code);
    case 4: return c == '-' || c == ' ' || c == '\r' || c == '\n';
    case 5: return r->line[3] != '\r' || c == '\n';
    default: return true;
    }
}

enum reply_event reply_take(struct reply_reader *r, uint8_t c)
{
    if (r->line == NULL)
        r->line = arena_alloc(r->arena, LINE_BUFFER_BYTES);
    if (r->line == NULL)
        return REPLY_NO_MEMORY;
    if (r->line_len < LINE_BUFFER_BYTES)
        r->line[r->line_len] = c;
    r->line_len++;
    r->n_bytes++;
    if (!begins_like_reply(r, c))
        return REPLY_BAD;
    if (c == '\n') { /* RFC 5321 section 2.3.8 wants CR LF; a bare LF is taken as well */
        if (keep_line(r) != STS_OK)
            return REPLY_NO_MEMORY;
        r->line_len = 0;
        return r->line[3] == '-' ? REPLY_LINE : REPLY_WHOLE;
    }
    if (r->line_len > CODE_BYTES + REPLY_MOST_LINE_BYTES + 1) { /* + 1: the CR of its end */
        r->raw_bytes = r->line_len;
        return REPLY_TOO_MUCH;
    }
    r->raw_bytes = r->n_bytes;
    return r->n_bytes > REPLY_MOST_BYTES ? REPLY_TOO_MUCH : REPLY_MORE;
}

bool reply_keep_unfinished(struct reply_reader *r)
{
    const bool keep = r->line_len >= CODE_BYTES;

    if (r->line_len > 0 && !keep)
        return false;
    if (keep && keep_line(r) != STS_OK)
        return false;
    r->line_len = 0;
    return true;
}
