#include "bench/sim/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MOST_FORMATTED 1024 /* bytes of one text_printf */

void text_put(struct text *t, const char *p, size_t len)
{
    if (len > t->most - t->len) {
        len = t->most - t->len;
        t->full = true;
    }
    if (len > 0)
        memcpy(t->p + t->len, p, len);
    t->len += len;
}

void text_puts(struct text *t, const char *s)
{
    text_put(t, s, strlen(s));
}

void text_repeat(struct text *t, char c, size_t n)
{
    if (n > t->most - t->len) {
        n = t->most - t->len;
        t->full = true;
    }
    memset(t->p + t->len, c, n);
    t->len += n;
}

void text_printf(struct text *t, const char *format, ...)
{
    char formatted[TEXT_MOST_FORMATTED];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(formatted, sizeof formatted, format, args);
    va_end(args);
    if (n >= (int)sizeof formatted) {
        n = (int)sizeof formatted - 1;
        t->full = true;
    }
    if (n > 0)
        text_put(t, formatted, (size_t)n);
}

uint64_t text_hash(uint64_t hash, const char *p, size_t len)
{
    for (size_t n = 0; n < len; n++) {
        unsigned char c = (unsigned char)p[n];

        hash = (hash ^ (c >= 'A' && c <= 'Z' ? c + 32U : c)) * UINT64_C(0x100000001b3);
    }
    return hash;
}
