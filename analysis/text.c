#include "analysis/text.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF. */
unsigned utf8_next(const char *p, size_t len, uint32_t *code)
{
    const uint8_t *b = (const uint8_t *)p;
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned n;

    if (len == 0)
        return 0;
    n = b[0] < 0x80 ? 1 : b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : b[0] < 0xf5 ? 4 : 0;
    if (n == 0 || n > len)
        return 0;
    *code = n == 1 ? b[0] : b[0] & (0x7fu >> n);
    for (unsigned i = 1; i < n; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (b[i] & 0x3fu);
    }
    if (*code < lowest[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
        return 0;
    return n;
}

static bool is_plain(uint32_t code)
{
    if (code < 0xa0)
        return code >= 0x20 && code < 0x7f && code != '\\';
    return !(code == 0xad || (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
             (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || code >= 0xe0000);
}

void text_put(FILE *out, struct sts_str s)
{
    for (uint32_t i = 0; i < s.len;) {
        uint32_t code = 0;
        unsigned n = utf8_next(s.p + i, s.len - i, &code);

        if (n > 0 && is_plain(code))
            fwrite(s.p + i, 1, n, out);
        else if (s.p[i] == '\\')
            fputs("\\\\", out);
        else
            for (unsigned b = 0; b < (n > 0 ? n : 1); b++)
                fprintf(out, "\\x%02x", (uint8_t)s.p[i + b]);
        i += n > 0 ? n : 1;
    }
}

void text_time(char out[TEXT_TIME_BYTES], uint64_t ms)
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    size_t n;

    if (gmtime_r(&s, &tm) == NULL || (n = strftime(out, TEXT_TIME_BYTES, "%Y-%m-%d %H:%M:%S", &tm)) == 0) {
        snprintf(out, TEXT_TIME_BYTES, "%" PRIu64 " ms", ms);
        return;
    }
    snprintf(out + n, TEXT_TIME_BYTES - n, ".%03u UTC", (unsigned)(ms % 1000));
}

bool text_equal_nocase(struct sts_str a, struct sts_str b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.p, b.p, a.len) == 0);
}
