/* fuzz_zone.c - any bytes as the lines of a zone file: the state stays within its bounds, and what is read
 * does not hang on what stood in a line's memory behind its end.
 * Source: scanner/zone_line.c, scanner/zone_name.c. */
#include "scanner/zone_line.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct zone_name *name)
{
    if (name->len > ZONE_NAME_BYTES)
        abort();
    for (uint32_t i = 0; i < name->len; i++) {
        if (name->p[i] >= 'A' && name->p[i] <= 'Z' && (i == 0 || name->p[i - 1] != '\\'))
            abort();
    }
}

/* A copy of the exact size, so that a sanitizer sees the first byte read past it. */
static enum zone_found take(struct zone *z, const uint8_t *line, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);
    enum zone_found found;

    if (copy == NULL)
        return ZONE_BAD;
    memcpy(copy, line, len);
    (void)zone_line_is_telling(copy, len);
    found = zone_line(z, copy, len);
    free(copy);
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    bool has_origin = len > 0 && data[0] != '$';
    enum zone_found found = ZONE_NOTHING;
    struct zone z;

    zone_init(&z, has_origin ? "example" : NULL);
    while (len > 0 && found != ZONE_BAD) {
        const uint8_t *end = memchr(data, '\n', len);
        size_t line_len = end != NULL ? (size_t)(end - data) : len;

        found = take(&z, data, line_len);
        if (found == ZONE_BAD && z.why == NULL)
            abort();
        if (found == ZONE_DELEGATED && (!z.last.known || (z.apex.len == z.last.len && z.last.len == 0)))
            abort();
        check(&z.owner);
        check(&z.origin);
        check(&z.last);
        data += line_len + (end != NULL);
        len -= line_len + (end != NULL);
    }
    return 0;
}
