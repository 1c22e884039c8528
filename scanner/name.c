#include "scanner/name.h"

#include "scanner/prefix.h"

#include <idn2.h>
#include <string.h>

#define LABEL_IN_BYTES 1024 /* a label given in more bytes is too long, whatever it maps to */

/* What a byte is: itself in lower case where a name may hold it, or one of these. */
enum { BAD = 0, DOT = 1, WIDE = 2 /* of a character beyond ASCII */, FIRST_GOOD = 3 };

#define SAME4(c)  (c), (c) + 1, (c) + 2, (c) + 3
#define SAME8(c)  SAME4(c), SAME4((c) + 4)
#define SAME26(c) SAME8(c), SAME8((c) + 8), SAME8((c) + 16), (c) + 24, (c) + 25
#define WIDE16    WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE
#define WIDE64    WIDE16, WIDE16, WIDE16, WIDE16
static const uint8_t byte_class[256] = {
    ['-'] = '-', ['.'] = DOT,         ['0'] = SAME8('0'), '8',    '9', ['A'] = SAME26('a'),
    ['_'] = '_', ['a'] = SAME26('a'), [0x80] = WIDE64,    WIDE64,
};

static bool is_ace(const char *label, size_t len)
{
    return len >= 4 && (label[0] | 0x20) == 'x' && (label[1] | 0x20) == 'n' && label[2] == '-' &&
           label[3] == '-';
}

/* The common case in one pass: ASCII throughout, no A-label, nothing wrong. False: take the long way. */
static bool fast(const char *in, size_t len, char *out)
{
    size_t i, label = 0; /* where the label begins */

    if (len > NAME_MOST_BYTES)
        return false;
    for (i = 0; i <= len; i++) {
        uint8_t class = i < len ? byte_class[(uint8_t)in[i]] : DOT;

        if (class >= FIRST_GOOD) {
            out[i] = (char)class;
            continue;
        }
        if (class != DOT || i == label || i - label > NAME_LABEL_BYTES || is_ace(in + label, i - label))
            return false;
        out[i] = i < len ? '.' : '\0';
        label = i + 1;
    }
    return true;
}

/* A name being made label by label. */
struct draft {
    char *out; /* NAME_BUF_BYTES */
    size_t len;
    enum outcome oc; /* what is wrong, OC_OK so far */
    size_t offset;   /* where, in the input */
};

static bool wrong(struct draft *d, enum outcome oc, size_t offset)
{
    d->oc = oc;
    d->offset = offset;
    return false;
}

/* Append one label, given in ASCII. `offset` is its place in the input; `in_place`: it stands there as it is.
 */
static bool put_label(struct draft *d, const char *label, size_t len, size_t offset, bool in_place)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if (byte_class[(uint8_t)label[i]] < FIRST_GOOD)
            return wrong(d, OC_NAME_BAD_CHARACTER, in_place ? offset + i : offset);
    }
    if (len == 0)
        return wrong(d, OC_NAME_LABEL_EMPTY, offset);
    if (len > NAME_LABEL_BYTES)
        return wrong(d, OC_NAME_LABEL_TOO_LONG, offset);
    if (d->len + (d->len > 0) + len > NAME_MOST_BYTES)
        return wrong(d, OC_NAME_TOO_LONG, offset);
    if (d->len > 0)
        d->out[d->len++] = '.';
    for (i = 0; i < len; i++)
        d->out[d->len++] = (char)byte_class[(uint8_t)label[i]];
    return true;
}

static bool is_too_long(int rc)
{
    return rc == IDN2_TOO_BIG_LABEL || rc == IDN2_TOO_BIG_DOMAIN || rc == IDN2_PUNYCODE_BIG_OUTPUT;
}

/* Append one label by way of UTS 46 and IDNA2008 (RFC 5891 section 5). An A-label is decoded, and must come
 * back the same. STS_OK whatever the label is worth, or STS_ENOMEM. */
static int put_idna(struct draft *d, const char *label, size_t len, size_t offset)
{
    char in[LABEL_IN_BYTES + 1];
    uint8_t *ascii = NULL;
    int rc;

    if (len > LABEL_IN_BYTES) {
        wrong(d, OC_NAME_LABEL_TOO_LONG, offset);
        return STS_OK;
    }
    if (memchr(label, '\0', len) != NULL) { /* the library would see less than the label */
        wrong(d, OC_NAME_NUL, offset);
        return STS_OK;
    }
    memcpy(in, label, len);
    in[len] = '\0';
    rc = idn2_lookup_u8((const uint8_t *)in, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    if (rc == IDN2_MALLOC)
        return STS_ENOMEM;
    if (rc == IDN2_OK)
        put_label(d, (const char *)ascii, strlen((const char *)ascii), offset, false);
    else
        wrong(d, is_too_long(rc) ? OC_NAME_LABEL_TOO_LONG : OC_NAME_BAD_IDNA, offset);
    idn2_free(ascii);
    return STS_OK;
}

/* Bytes of the full stop at p, 0 if there is none: "." or what UTS 46 maps to it (U+3002, U+FF0E, U+FF61). */
static size_t full_stop(const char *p, size_t len)
{
    if (len > 0 && p[0] == '.')
        return 1;
    if (len >= 3 && (memcmp(p, "\xe3\x80\x82", 3) == 0 || memcmp(p, "\xef\xbc\x8e", 3) == 0 ||
                     memcmp(p, "\xef\xbd\xa1", 3) == 0))
        return 3;
    return 0;
}

/* Label by label: all that fast() does not do. A full stop at the end is the root's. */
static int slow(struct draft *d, const char *in, size_t len)
{
    size_t label = 0;

    while (d->oc == OC_OK && (label < len || label == 0)) {
        size_t end = label, stop = 0;
        bool wide = false;

        while (end < len && (stop = full_stop(in + end, len - end)) == 0)
            wide |= byte_class[(uint8_t)in[end++]] == WIDE;
        if (!wide && !is_ace(in + label, end - label))
            put_label(d, in + label, end - label, label, true);
        else if (put_idna(d, in + label, end - label, label) != STS_OK)
            return STS_ENOMEM;
        label = end + stop;
        if (stop == 0)
            break;
    }
    return STS_OK;
}

/* RFC 5321 section 4.1.3, and bare. */
static bool is_ip_literal(const char *in, size_t len)
{
    struct address ignored;

    if (len >= 2 && in[0] == '[' && in[len - 1] == ']') {
        in += 1;
        len -= 2;
        if (len > 5 && strncasecmp(in, "IPv6:", 5) == 0) {
            in += 5;
            len -= 5;
        }
    }
    return address_parse_part(in, len, &ignored) == STS_OK;
}

static void judge(struct draft *d, const char *in, size_t len)
{
    const char *nul = memchr(in, '\0', len);

    if (nul != NULL)
        wrong(d, OC_NAME_NUL, (size_t)(nul - in));
    else if (len == 0 || full_stop(in, len) == len)
        wrong(d, OC_NAME_EMPTY, 0);
    else if (is_ip_literal(in, len))
        wrong(d, OC_NAME_IP_LITERAL, 0);
}

int name_normalise(const char *in, size_t len, char out[NAME_BUF_BYTES], size_t *out_len, struct result *why)
{
    struct draft d = {.out = out, .oc = OC_OK};
    size_t whole = len;

    if (len > 0 && in[len - 1] == '.')
        whole--;
    if (fast(in, whole, out))
        d.len = whole;
    else if (slow(&d, in, len) != STS_OK)
        return STS_ENOMEM;
    if (d.oc != OC_OK)
        judge(&d, in, len);
    else if (out[d.len - 1] >= '0' && out[d.len - 1] <= '9' && is_ip_literal(out, d.len))
        wrong(&d, OC_NAME_IP_LITERAL, 0);
    if (d.oc != OC_OK)
        d.len = 0;
    out[d.len] = '\0';
    *out_len = d.len;
    *why = (struct result){.oc = (uint16_t)d.oc};
    if (d.oc != OC_OK) {
        why->src = SRC_OFFSET;
        why->raw = (int32_t)d.offset;
    }
    return STS_OK;
}
