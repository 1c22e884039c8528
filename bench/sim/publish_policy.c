#include "bench/sim/publish.h"
#include "bench/sim/text.h"

#include <string.h>

#define AGE_MOST_S  UINT64_C(31557600) /* RFC 8461 section 3.2 */
#define K64         65536u             /* RFC 8461 section 3.3 suggests this limit */
#define PAD_VALUE   1000u              /* bytes of a value of a padding line */
#define MANY_MX     2000u
#define LONG_LINE   60000u
#define OTHER_AGE_S UINT64_C(172800)

/* ---- the body ---- */

struct body {
    struct text *t;
    enum body_class class;
    unsigned line;
};

/* Ends a line as the class has it. */
static void end_line(struct body *b)
{
    if (b->class == BODY_TRAILING)
        text_puts(b->t, " \t");
    switch (b->class) {
    case BODY_LF: text_puts(b->t, "\n"); break;
    case BODY_BARE_CR: text_puts(b->t, "\r"); break;
    case BODY_MIXED: text_puts(b->t, b->line % 2 != 0 ? "\n" : "\r\n"); break;
    default: text_puts(b->t, "\r\n");
    }
    b->line++;
}

static void field(struct body *b, const char *key, const char *value)
{
    if (b->class == BODY_INDENTED && b->line > 0)
        text_puts(b->t, "  ");
    text_puts(b->t, key);
    text_puts(b->t, b->class == BODY_TIGHT ? ":" : ": ");
    text_puts(b->t, value);
    end_line(b);
}

static void version_field(struct body *b)
{
    switch (b->class) {
    case BODY_NO_VERSION: return;
    case BODY_COLON_BLANK:
        text_puts(b->t, "version :STSv1");
        end_line(b);
        return;
    case BODY_KEY_CASE: field(b, "Version", "STSv1"); return;
    default: field(b, "version", "STSv1");
    }
    if (b->class == BODY_BLANK_LINE)
        text_puts(b->t, "\r\n");
}

static const char *mode_word(enum mode mode, bool capital)
{
    switch (mode) {
    case MODE_ENFORCE: return capital ? "Enforce" : "enforce";
    case MODE_TESTING: return capital ? "Testing" : "testing";
    default: return capital ? "None" : "none";
    }
}

enum mode publish_mode(const struct fate *f)
{
    if (f->body == BODY_NONE_NO_MX)
        return MODE_NONE;
    if (f->body == BODY_NO_MX && f->mode == MODE_NONE)
        return MODE_ENFORCE; /* mode none needs no mx */
    return f->mode;
}

static void mode_field(struct body *b, const struct fate *f)
{
    if (b->class == BODY_NO_MODE)
        return;
    enum mode mode = publish_mode(f);
    field(b, "mode", mode_word(mode, b->class == BODY_MODE_CASE));
    if (b->class == BODY_TWO_MODES)
        field(b, "mode", mode == MODE_NONE ? "enforce" : "none");
}

uint64_t publish_max_age_s(const struct fate *f)
{
    switch (f->body) {
    case BODY_AGE_0: return 0;
    case BODY_AGE_MOST: return AGE_MOST_S;
    case BODY_AGE_OVER: return AGE_MOST_S + 1;
    default: return f->max_age_s;
    }
}

static void age_field(struct body *b, const struct fate *f)
{
    char digits[32];
    struct text t = {digits, 0, sizeof digits - 1, false};
    text_printf(&t, "%llu", (unsigned long long)publish_max_age_s(f));
    digits[t.len] = '\0';
    switch (b->class) {
    case BODY_NO_MAX_AGE: return;
    case BODY_AGE_HUGE: field(b, "max_age", "99999999999"); return;
    case BODY_AGE_NEGATIVE: field(b, "max_age", "-1"); return;
    case BODY_AGE_EXPONENT: field(b, "max_age", "1e6"); return;
    case BODY_AGE_UNIT: field(b, "max_age", "604800s"); return;
    default: field(b, "max_age", digits);
    }
    if (b->class == BODY_TWO_AGES)
        field(b, "max_age", f->max_age_s == OTHER_AGE_S ? "1" : "172800");
}

/* All patterns in one line, against RFC 8461 section 3.2; one more where there is but one. */
static void mx_in_one_line(struct body *b, const struct world *w, const struct fate *f, const char *between)
{
    char pattern[NAME_BYTES];
    text_puts(b->t, "mx: ");
    unsigned k = 0;
    for (; publish_pattern(w, f, k, pattern) > 0; k++) {
        if (k > 0)
            text_puts(b->t, between);
        text_puts(b->t, pattern);
    }
    if (k == 1)
        text_printf(b->t, "%smx9.former-mail.net", between);
    end_line(b);
}

/* The one that is wrong, beside the others; what it could stand for is no host of the simulated internet. */
static void odd_mx(struct body *b, const char *name)
{
    char value[NAME_BYTES + 64];
    struct text t = {value, 0, sizeof value - 1, false};
    switch (b->class) {
    case BODY_MX_AT: text_printf(&t, "postmaster@%s", name); break;
    case BODY_MX_STAR: text_puts(&t, "*"); break;
    case BODY_MX_STARS: text_printf(&t, "*.*.%s", name); break;
    case BODY_MX_PART_STAR: text_printf(&t, "mail*.%s", name); break;
    case BODY_MX_LITERAL: text_puts(&t, "[192.0.2.1]"); break;
    case BODY_MX_LEADING_DOT: text_printf(&t, ".in.%s", name); break;
    case BODY_MX_ADDRESS: text_puts(&t, "192.0.2.1"); break;
    case BODY_MX_ULABEL:
        text_printf(&t,
                    "b\xc3\xbc"
                    "cher.%s",
                    name);
        break;
    default: return;
    }
    value[t.len] = '\0';
    field(b, "mx", value);
}

static void mx_fields(struct body *b, const struct world *w, const struct fate *f)
{
    char pattern[NAME_BYTES + 1], name[NAME_BYTES];
    size_t len;

    if (b->class == BODY_NO_MX || b->class == BODY_NONE_NO_MX)
        return;
    if (b->class == BODY_MX_COMMA || b->class == BODY_MX_TWO) {
        mx_in_one_line(b, w, f, b->class == BODY_MX_COMMA ? ", " : " ");
        return;
    }
    name_of(w, f->i, name);
    odd_mx(b, name);
    for (unsigned k = 0; (len = publish_pattern(w, f, k, pattern)) > 0; k++) {
        if (b->class == BODY_MX_DOT && k == 0)
            memcpy(pattern + len, ".", 2);
        field(b, "mx", pattern);
    }
    if (b->class == BODY_MX_EMPTY) {
        text_puts(b->t, "mx:");
        end_line(b);
    }
    for (unsigned n = 0; b->class == BODY_MANY_MX && n < MANY_MX; n++) {
        text_printf(b->t, "mx: h%u.former-mail.net", n);
        end_line(b);
    }
}

static void extensions(struct body *b)
{
    if (b->class == BODY_EXT)
        field(b, "x-note", "kept by hand");
    if (b->class == BODY_EXT_EMPTY) {
        text_puts(b->t, "x-note:");
        end_line(b);
    }
    if (b->class == BODY_LONG_LINE) {
        text_puts(b->t, "x-note: ");
        text_repeat(b->t, 'y', LONG_LINE - strlen("x-note: "));
        end_line(b);
    }
}

static void fields(struct body *b, const struct world *w, const struct fate *f)
{
    if (b->class == BODY_EMPTY)
        return;
    if (b->class != BODY_VERSION_LAST)
        version_field(b);
    mode_field(b, f);
    mx_fields(b, w, f);
    extensions(b);
    age_field(b, f);
    if (b->class == BODY_VERSION_LAST)
        version_field(b);
    if (b->class == BODY_TWO_VERSIONS)
        field(b, "version", "STSv2");
    if (b->class == BODY_TWO_ENDS)
        text_puts(b->t, "\r\n");
    if (b->class == BODY_UNENDED)
        b->t->len -= strlen("\r\n");
}

/* Extension lines (RFC 8461 section 3.2, sts-policy-extension) of `bytes` in all, at least 6. */
static void pad(struct text *t, size_t bytes)
{
    const size_t around = strlen("x: \r\n");
    while (bytes > 0) {
        size_t value = bytes - around;
        if (value > PAD_VALUE)
            value = bytes - around - PAD_VALUE > around ? PAD_VALUE : PAD_VALUE / 2;
        text_puts(t, "x: ");
        text_repeat(t, 'z', value);
        text_puts(t, "\r\n");
        bytes -= value + around;
    }
}

static const char PARKED[] = "<!DOCTYPE html>\n<html>\n<head><title>This domain is parked</title></head>\n"
                             "<body><h1>Buy this domain</h1></body>\n</html>\n";

size_t publish_policy(const struct world *w, const struct fate *f, bool second, char out[PUBLISH_MOST_POLICY])
{
    struct text t = {out, 0, PUBLISH_MOST_POLICY, false};
    if (f->policy == POLICY_PARKED) {
        text_puts(&t, PARKED);
        return t.len;
    }
    struct body b = {&t, f->body, 0};
    if (f->body == BODY_BOM)
        text_puts(&t, "\xef\xbb\xbf");
    size_t front = t.len;
    fields(&b, w, f);
    size_t before = 0, len = t.len;
    if (f->policy == POLICY_K64 && len < K64)
        before = K64 - len;
    if (f->policy == POLICY_K64_1 && len < K64 + 1)
        before = K64 + 1 - len;
    if (second)
        before = strlen("x: zzzz\r\n");
    if (before == 0)
        return len;
    /* In front, since the end belongs to the class. */
    memmove(out + front + before, out + front, len - front);
    t.len = front;
    pad(&t, before);
    return len + before;
}
