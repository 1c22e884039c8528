/* text.h - text put together in a buffer of the caller: what does not fit is left out, and `full` says so. */
#ifndef SIM_TEXT_H
#define SIM_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *p;
    size_t len, most; /* bytes; without a NUL at the end */
    bool full;
};
void text_put(struct text *t, const char *p, size_t len);
void text_puts(struct text *t, const char *s);
void text_repeat(struct text *t, char c, size_t n);
__attribute__((format(printf, 2, 3))) void text_printf(struct text *t, const char *format, ...);

#define TEXT_HASH UINT64_C(0xcbf29ce484222325) /* where a hash begins */
/* FNV-1a in lower case, as DNS compares names (RFC 4343), from `hash` on. */
uint64_t text_hash(uint64_t hash, const char *p, size_t len);
#endif
