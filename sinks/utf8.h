/* utf8.h - one character of UTF-8. Pure. Thread: any. */
#ifndef STS_UTF8_H
#define STS_UTF8_H
#include "sinks/base.h"

/* Length of the valid UTF-8 sequence at p[0..len), its code point in *code; 0: there is none. */
unsigned utf8_next(const char *p, size_t len, uint32_t *code);
#endif
