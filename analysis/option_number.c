#include "analysis/option_number.h"

#define NUMBER_DIGITS 18

uint64_t option_number(const struct rec_scan *scan, const char *name, uint64_t preset)
{
    for (uint32_t i = 0; i < scan->options.n; i++) {
        const struct rec_option *o = &scan->options.v[i];
        uint64_t n = 0;

        if (!sts_str_equal(o->name, sts_str(name)))
            continue;
        for (uint32_t at = 0; at < o->value.len && at < NUMBER_DIGITS; at++) {
            if (o->value.p[at] < '0' || o->value.p[at] > '9')
                return preset;
            n = n * 10 + (uint64_t)(o->value.p[at] - '0');
        }
        return n;
    }
    return preset;
}

bool option_given(const struct rec_scan *scan, const char *name)
{
    for (uint32_t i = 0; i < scan->options.n; i++) {
        if (sts_str_equal(scan->options.v[i].name, sts_str(name)))
            return true;
    }
    return false;
}
