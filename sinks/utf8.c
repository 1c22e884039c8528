#include "sinks/utf8.h"

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
