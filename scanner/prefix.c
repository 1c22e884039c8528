#include "scanner/prefix.h"

#include <stdio.h>
#include <string.h>

#define V4_BITS 96 /* the mapped form: 80 bits 0, 16 bits 1 (RFC 4291 section 2.5.5.2) */

int address_parse_part(const char *text, size_t len, struct address *out)
{
    char copy[ADDRESS_TEXT_BYTES];

    if (len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
        return STS_EINVAL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return address_parse(copy, out);
}

bool address_embedded_v4(const struct address *a, struct address *v4)
{
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
    static const uint8_t compatible[12] = {0};
    static const uint8_t teredo[4] = {0x20, 0x01, 0, 0};
    uint8_t client[4];
    size_t i;

    if (memcmp(a->b, nat64, sizeof(nat64)) == 0 || memcmp(a->b, compatible, sizeof(compatible)) == 0) {
        *v4 = address_from_v4(a->b + 12);
    } else if (a->b[0] == 0x20 && a->b[1] == 0x02) { /* 6to4 */
        *v4 = address_from_v4(a->b + 2);
    } else if (memcmp(a->b, teredo, sizeof(teredo)) == 0) {
        for (i = 0; i < sizeof(client); i++)
            client[i] = a->b[12 + i] ^ 0xff; /* obfuscated so that NATs leave it alone */
        *v4 = address_from_v4(client);
    } else {
        return false;
    }
    return true;
}

bool address_is_private(const struct address *a)
{
    static const uint8_t loopback[15] = {0};
    const uint8_t *v4 = a->b + 12;

    if (address_is_v4(a))
        return v4[0] == 127 || v4[0] == 10 || (v4[0] == 172 && (v4[1] & 0xf0) == 16) ||
               (v4[0] == 192 && v4[1] == 168) || (v4[0] == 169 && v4[1] == 254);
    return (memcmp(a->b, loopback, sizeof(loopback)) == 0 && a->b[15] == 1) || (a->b[0] & 0xfe) == 0xfc ||
           (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80);
}

/* The bits behind the first `bits` set to 0. */
static struct address masked(const struct address *a, unsigned bits)
{
    struct address m = {{0}};

    memcpy(m.b, a->b, bits / 8);
    if (bits % 8 != 0)
        m.b[bits / 8] = a->b[bits / 8] & (uint8_t)(0xff << (8 - bits % 8));
    return m;
}

/* "0" to "128" without sign or leading zero. */
static bool parse_bits(const char *text, size_t len, unsigned most, unsigned *out)
{
    unsigned n = 0;
    size_t i;

    if (len == 0 || len > 3 || (text[0] == '0' && len > 1))
        return false;
    for (i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        n = n * 10 + (unsigned)(text[i] - '0');
    }
    *out = n;
    return n <= most;
}

int prefix_parse(const char *text, size_t len, struct prefix *out, struct sts_err *err)
{
    const char *slash = memchr(text, '/', len);
    size_t address_len = slash != NULL ? (size_t)(slash - text) : len;
    int shown = len < 64 ? (int)len : 64;
    char right[PREFIX_TEXT_BYTES];
    struct prefix given = {.bits = 128};
    unsigned most, bits;

    if (address_parse_part(text, address_len, &given.address) != STS_OK)
        return sts_fail(err, STS_EINVAL, "\"%.*s\" is no IP address or prefix", shown, text);
    /* "::ffff:10.0.0.0/104" is written as IPv6 and counts its bits so. */
    most = memchr(text, ':', address_len) == NULL ? 32 : 128;
    bits = most;
    if (slash != NULL && !parse_bits(slash + 1, len - address_len - 1, most, &bits))
        return sts_fail(err, STS_EINVAL, "\"%.*s\": the length of the prefix is no number from 0 to %u",
                        shown, text, most);
    out->bits = (uint8_t)(most == 32 ? V4_BITS + bits : bits);
    out->address = masked(&given.address, out->bits);
    out->except = false;
    if (address_equal(&out->address, &given.address))
        return STS_OK;
    prefix_format(out, right);
    return sts_fail(err, STS_EINVAL, "\"%.*s\" has bits set behind the prefix; is %s meant?", shown, text,
                    right);
}

void prefix_format(const struct prefix *p, char out[PREFIX_TEXT_BYTES])
{
    unsigned bits = p->bits;
    size_t len;

    if (bits >= V4_BITS && address_is_v4(&p->address))
        bits -= V4_BITS;
    address_format(&p->address, out);
    len = strlen(out);
    snprintf(out + len, PREFIX_TEXT_BYTES - len, "/%u", bits);
}
