/* fuzz_record.c - any bytes as a record: what decodes is encoded, decoded and encoded to the same bytes
 * again.
 * Source: sinks/encode.c, sinks/decode.c. */
#include "sinks/record.h"

#include <stdlib.h>
#include <string.h>

#define MOST_MEMORY (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Decode what was encoded, and encode that. */
static void again(enum rec_kind kind, const struct rec_buf *first)
{
    struct rec_buf second = {0};
    enum rec_kind kind_again;
    struct arena arena;
    void *record;
    size_t used = 0;

    arena_init(&arena, MOST_MEMORY);
    if (rec_decode(first->p, first->len, &arena, &kind_again, &record, &used) != STS_OK ||
        used != first->len || kind_again != kind || record == NULL)
        abort();
    if (rec_encode(&second, kind, record) != STS_OK || second.len != first->len ||
        memcmp(second.p, first->p, first->len) != 0)
        abort();
    rec_buf_fini(&second);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct rec_buf first = {0};
    struct arena arena;
    enum rec_kind kind;
    void *record;
    size_t used = 0;

    arena_init(&arena, MOST_MEMORY);
    if (rec_decode(data, len, &arena, &kind, &record, &used) == STS_OK) {
        if (used == 0 || used > len)
            abort();
        if (record != NULL) {
            if (rec_encode(&first, kind, record) != STS_OK || first.len > 2 * used)
                abort();
            again(kind, &first);
        }
    }
    rec_buf_fini(&first);
    arena_fini(&arena);
    return 0;
}
