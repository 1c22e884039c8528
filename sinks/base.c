#include "sinks/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int sts_fail(struct sts_err *err, enum sts_code code, const char *fmt, ...)
{
    va_list ap;

    if (err->code != STS_OK)
        return err->code;
    err->code = code;
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
    va_end(ap);
    return code;
}

struct sts_str sts_str(const char *text)
{
    return (struct sts_str){text, text ? (uint32_t)strlen(text) : 0};
}

bool sts_str_equal(struct sts_str a, struct sts_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}
