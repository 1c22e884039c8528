/* Content codings that nobody asked for, and their limit. */
#include "analysis/policy_decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define GZIP 31 /* windowBits of zlib */
#define ZLIB 15
#define RAW  (-15)

/* In `coded`, which has room for all that is asked here. */
static struct sts_str code(const void *plain, size_t len, int format, uint8_t coded[1 << 17])
{
    z_stream stream = {
        .next_in = (Bytef *)(uintptr_t)plain, .avail_in = (uInt)len, .next_out = coded, .avail_out = 1 << 17};

    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, format, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return (struct sts_str){(const char *)coded, (uint32_t)stream.total_out};
}

static struct sts_str decode(const char *coding, struct sts_str body)
{
    static char room[POLICY_DECODED_BYTES];

    return policy_decode(sts_str(coding), body, room);
}

static void test_codings(void **state)
{
    static const char plain[] = "version: STSv1\n";
    static uint8_t coded[1 << 17];
    static const struct {
        const char *coding;
        int format;
        bool read;
    } rows[] = {
        {"gzip", GZIP, true},     {"x-gzip", GZIP, true},      {"GZip", GZIP, true},
        {"deflate", ZLIB, true},  {"deflate", RAW, false},     {"deflate", GZIP, false},
        {"gzip", ZLIB, false},    {"gzip, gzip", GZIP, false}, {"gzip, identity", GZIP, false},
        {"br", GZIP, false},      {"compress", GZIP, false},   {"", GZIP, false},
        {"gzipped", GZIP, false}, {"x-deflate", ZLIB, false},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct sts_str got = decode(rows[i].coding, code(plain, sizeof(plain) - 1, rows[i].format, coded));

        if (rows[i].read ? !sts_str_equal(got, sts_str(plain)) : got.p != NULL)
            fail_msg("row %zu: %s", i, rows[i].coding);
    }
}

/* Every end that is too early, bytes behind it, every bit that was turned. */
static void test_broken(void **state)
{
    static const char plain[] = "version: STSv1\nmode: none\n";
    static uint8_t coded[1 << 17];
    struct sts_str body = code(plain, sizeof(plain) - 1, GZIP, coded);

    (void)state;
    for (uint32_t len = 0; len < body.len; len++)
        assert_null(decode("gzip", (struct sts_str){body.p, len}).p);
    assert_null(decode("gzip", (struct sts_str){NULL, 0}).p);
    assert_null(decode("gzip", (struct sts_str){body.p, body.len + 1}).p);
    assert_non_null(decode("gzip", body).p);
    coded[body.len - 5] ^= 1; /* of the checksum */
    assert_null(decode("gzip", body).p);
}

/* Exactly as much as there is room for, one byte more, and a bomb. */
static void test_limit(void **state)
{
    static uint8_t coded[1 << 17];
    char *plain = calloc(1, 10 << 20);

    (void)state;
    assert_non_null(plain);
    assert_int_equal(decode("gzip", code(plain, POLICY_DECODED_BYTES, GZIP, coded)).len,
                     POLICY_DECODED_BYTES);
    assert_null(decode("gzip", code(plain, POLICY_DECODED_BYTES + 1, GZIP, coded)).p);
    assert_null(decode("gzip", code(plain, 10 << 20, GZIP, coded)).p);
    assert_int_equal(decode("gzip", code(plain, 0, GZIP, coded)).len, 0);
    assert_non_null(decode("gzip", code(plain, 0, GZIP, coded)).p);
    free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codings),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
