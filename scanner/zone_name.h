/* zone_name.h - one name as a zone file writes it (RFC 1035 section 5.1). Pure. Thread: any. */
#ifndef STS_ZONE_NAME_H
#define STS_ZONE_NAME_H
#include "sinks/base.h"

#define ZONE_NAME_BYTES 1024 /* 255 octets (RFC 1035 section 2.3.4), each written as \DDD, fit */

/* A name as it will be given out: absolute, lower case (RFC 4343), without the dot at its end; the root is
 * empty. Escapes stand for themselves, but for those of letters, digits, '-' and '_', which need none. */
struct zone_name {
    uint32_t len;
    bool known;
    char p[ZONE_NAME_BYTES];
};

/* From a word of the file. It is not known where it is relative and the origin is not. False: it is none, and
 * `*why` says so. */
bool zone_name_read(struct zone_name *out, struct sts_str word, const struct zone_name *origin,
                    const char **why) STS_CHECK;
bool zone_name_same(const struct zone_name *a, const struct zone_name *b); /* false where one is not known */
void zone_name_copy(struct zone_name *to, const struct zone_name *from);

static inline bool zone_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline char zone_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* A letter, a digit, '-' or '_'. */
static inline bool zone_is_plain(uint8_t c)
{
    return zone_is_digit((char)c) || c == '-' || c == '_' ||
           (zone_lower((char)c) >= 'a' && zone_lower((char)c) <= 'z');
}
#endif
