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

/* Where an address may hold an IPv4 address: at its last octets, whatever stands before `prefix`. */
struct embedding {
    uint8_t prefix[12];
    uint8_t len; /* of the prefix, octets */
    uint8_t at;  /* of the IPv4 address */
    bool inverted;
};
static const struct embedding embeddings[] = {
    {{0, 0x64, 0xff, 0x9b}, 12, 12, false},                      /* NAT64, RFC 6052 section 2.1 */
    {{0}, 12, 12, false},                                        /* compatible, RFC 4291 section 2.5.5.1 */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}, 12, 12, false}, /* translated, RFC 2765 section 2.1 */
    {{0x20, 0x02}, 2, 2, false},                                 /* 6to4, RFC 3056 section 2 */
    {{0x20, 0x01, 0, 0}, 4, 4, false},                           /* Teredo's server, RFC 4380 section 4 */
    {{0x20, 0x01, 0, 0}, 4, 12, true},                           /* its client: all bits turned */
};
static const uint8_t local_nat64[6] = {0, 0x64, 0xff, 0x9b, 0, 1};

static struct address v4_at(const struct address *a, const unsigned octets[4], bool inverted)
{
    uint8_t v4[4];

    for (unsigned i = 0; i < 4; i++)
        v4[i] = a->b[octets[i]] ^ (inverted ? 0xff : 0);
    return address_from_v4(v4);
}

/* In 64:ff9b:1::/48 (RFC 8215) the network chooses the length of its prefix: each of RFC 6052 section 2.2
 * that fits in, 48 to 96; octet 8 is left out. */
static unsigned local_embedded(const struct address *a, struct address *out)
{
    static const unsigned octets[][4] = {{6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}, {12, 13, 14, 15}};

    for (unsigned i = 0; i < STS_LEN(octets); i++)
        out[i] = v4_at(a, octets[i], false);
    return STS_LEN(octets);
}

/* The interface identifier of ISATAP, RFC 5214 section 6.1; the bit "universal" either way. */
static bool is_isatap(const struct address *a)
{
    static const uint8_t rest[3] = {0, 0x5e, 0xfe};

    return (a->b[8] & ~0x02) == 0 && memcmp(a->b + 9, rest, sizeof(rest)) == 0;
}

unsigned address_embedded_v4(const struct address *a, struct address out[ADDRESS_MOST_EMBEDDED])
{
    unsigned n = 0;

    if (address_is_v4(a))
        return 0;
    for (size_t i = 0; i < STS_LEN(embeddings); i++) {
        const struct embedding *e = &embeddings[i];
        const unsigned octets[4] = {e->at, e->at + 1U, e->at + 2U, e->at + 3U};

        if (memcmp(a->b, e->prefix, e->len) == 0)
            out[n++] = v4_at(a, octets, e->inverted);
    }
    if (memcmp(a->b, local_nat64, sizeof(local_nat64)) == 0)
        n += local_embedded(a, out + n);
    if (is_isatap(a))
        out[n++] = v4_at(a, (const unsigned[]){12, 13, 14, 15}, false);
    return n;
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
