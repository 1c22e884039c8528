/* fuzz_name.c - any bytes as a name: what comes of it is a name as it is written, and comes of itself. */
#include "scanner/name.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void is_name(const char *name, size_t len)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

    if (len == 0 || len > NAME_MOST_BYTES || strlen(name) != len || strspn(name, allowed) != len)
        abort();
    for (const char *label = name; *label != '\0'; label += strcspn(label, ".") + 1) {
        size_t label_len = strcspn(label, ".");

        if (label_len == 0 || label_len > NAME_LABEL_BYTES)
            abort();
        if (label[label_len] == '\0')
            break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char first[NAME_BUF_BYTES], second[NAME_BUF_BYTES];
    size_t first_len, second_len;
    struct result why;

    if (len > 5000 || name_normalise((const char *)data, len, first, &first_len, &why) != STS_OK)
        return 0;
    if (why.oc != OC_OK) {
        if (first_len != 0 || why.src != SRC_OFFSET || why.raw < 0 || (size_t)why.raw > len)
            abort();
        return 0;
    }
    is_name(first, first_len);
    if (name_normalise(first, first_len, second, &second_len, &why) != STS_OK || why.oc != OC_OK ||
        second_len != first_len || memcmp(first, second, first_len) != 0)
        abort();
    return 0;
}
