/* fuzz_record.c - the codec on any bytes: what decodes, encodes to something that decodes to the same.
 * Input: records, one behind the other, as in a frame. */
#include "sinks/record.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ARENA (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_again(enum rec_kind kind, const void *record)
{
    struct rec_buf first = {0}, second = {0};
    struct arena arena;
    enum rec_kind again_kind;
    void *again;
    size_t used;

    arena_init(&arena, 0);
    if (rec_encode(&first, kind, record) != STS_OK ||
        rec_decode(first.p, first.len, &arena, &again_kind, &again, &used) != STS_OK || again_kind != kind ||
        used != first.len || rec_encode(&second, kind, again) != STS_OK || first.len != second.len ||
        memcmp(first.p, second.p, first.len) != 0)
        abort();
    rec_buf_fini(&first);
    rec_buf_fini(&second);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        struct arena arena;
        enum rec_kind kind;
        void *record;
        size_t used = 0;
        int rc;

        arena_init(&arena, MOST_ARENA);
        rc = rec_decode(data + at, len - at, &arena, &kind, &record, &used);
        if (rc == STS_OK && record != NULL)
            check_again(kind, record);
        arena_fini(&arena);
        if (rc != STS_OK)
            break;
        at += used;
    }
    return 0;
}
