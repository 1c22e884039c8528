#include "scanner/zone_name.h"

#include <string.h>

static const char too_long[] = "a name that is longer than any domain name";

/* The value of the escape at p[0..len), and its length; 0: it is none. */
static size_t escape(const char *p, size_t len, uint8_t *value)
{
    unsigned n;

    if (len < 2)
        return 0;
    *value = (uint8_t)p[1];
    if (!zone_is_digit(p[1]))
        return 2;
    if (len < 4 || !zone_is_digit(p[2]) || !zone_is_digit(p[3]))
        return 0;
    n = (unsigned)(p[1] - '0') * 100 + (unsigned)(p[2] - '0') * 10 + (unsigned)(p[3] - '0');
    *value = (uint8_t)n;
    return n <= UINT8_MAX ? 4 : 0;
}

/* The escape at word.p[i] behind the name; returns its length, 0 if it is none. */
static size_t put_escape(struct zone_name *out, struct sts_str word, size_t i)
{
    uint8_t value = 0;
    size_t used = escape(word.p + i, word.len - i, &value);

    if (used > 0 && zone_is_plain(value)) {
        out->p[out->len++] = zone_lower((char)value);
    } else {
        memcpy(out->p + out->len, word.p + i, used);
        out->len += (uint32_t)used;
    }
    return used;
}

/* The word up to the dot at its end. `*relative`: there is none. The output is never longer than the word. */
static bool spell(struct zone_name *out, struct sts_str word, bool *relative, const char **why)
{
    size_t i = 0, used;

    out->len = 0;
    *relative = true;
    *why = too_long;
    if (word.len > sizeof(out->p))
        return false;
    *why = "a backslash that is neither before a character nor before three digits up to 255";
    while (i < word.len) {
        used = 1;
        if (word.p[i] != '\\')
            out->p[out->len++] = zone_lower(word.p[i]);
        else
            used = put_escape(out, word, i);
        if (used == 0)
            return false;
        *relative = word.p[i] != '.';
        i += used;
    }
    out->len -= !*relative;
    return true;
}

bool zone_name_read(struct zone_name *out, struct sts_str word, const struct zone_name *origin,
                    const char **why)
{
    bool relative;

    out->known = false;
    if (word.len == 1 && word.p[0] == '@') {
        zone_name_copy(out, origin);
        return true;
    }
    if (!spell(out, word, &relative, why))
        return false;
    out->known = !relative || origin->known;
    if (!relative || origin->len == 0)
        return true;
    *why = too_long;
    if (out->len + 1 + origin->len > sizeof(out->p))
        return false;
    out->p[out->len] = '.';
    memcpy(out->p + out->len + 1, origin->p, origin->len);
    out->len += 1 + origin->len;
    return true;
}

bool zone_name_same(const struct zone_name *a, const struct zone_name *b)
{
    return a->known && b->known && a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

void zone_name_copy(struct zone_name *to, const struct zone_name *from)
{
    to->len = from->len;
    to->known = from->known;
    memcpy(to->p, from->p, from->len);
}
