#include "analysis/text.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <time.h>

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
