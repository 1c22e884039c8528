/* test_encode.c - encode.c: the shortest form of every number and length, at both sides of each border
 * (specification of msgpack, "Serialization"), and that it comes back. */
#include "sinks/record.h"
#include "tests/unit/unit.h"

#include <string.h>

#define MOST_MEMORY (64u << 20)

/* `record` is encoded to a map of two: its kind, then `key` with the value that begins with these bytes. */
static void begins_with(enum rec_kind kind, const void *record, const char *key, const char *bytes,
                        size_t len)
{
    struct rec_buf buf = {0};
    const uint8_t head[] = {0x82, 0xa1, 'k', (uint8_t)kind, (uint8_t)(0xa0 | strlen(key))};

    assert_int_equal(rec_encode(&buf, kind, record), STS_OK);
    assert_true(buf.len >= sizeof(head) + strlen(key) + len);
    assert_memory_equal(buf.p, head, sizeof(head));
    assert_memory_equal(buf.p + sizeof(head), key, strlen(key));
    assert_memory_equal(buf.p + sizeof(head) + strlen(key), bytes, len);
    rec_buf_fini(&buf);
}

static void test_unsigned(void **state)
{
    static const struct {
        uint64_t u;
        const char *bytes;
        size_t len;
    } rows[] = {
        {1, "\x01", 1},
        {0x7f, "\x7f", 1},
        {0x80, "\xcc\x80", 2},
        {0xff, "\xcc\xff", 2},
        {0x100, "\xcd\x01\x00", 3},
        {0xffff, "\xcd\xff\xff", 3},
        {0x10000, "\xce\x00\x01\x00\x00", 5},
        {0xffffffff, "\xce\xff\xff\xff\xff", 5},
        {0x100000000, "\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 9},
        {UINT64_MAX, "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++)
        begins_with(REC_domain, &(struct rec_domain){.pos = rows[i].u}, "pos", rows[i].bytes, rows[i].len);
}

static void test_signed(void **state)
{
    static const struct {
        int64_t s;
        const char *bytes;
        size_t len;
    } rows[] = {
        {1, "\x01", 1},
        {0x80, "\xcc\x80", 2},
        {-1, "\xff", 1},
        {-32, "\xe0", 1},
        {-33, "\xd0\xdf", 2},
        {-128, "\xd0\x80", 2},
        {-129, "\xd1\xff\x7f", 3},
        {-32768, "\xd1\x80\x00", 3},
        {-32769, "\xd2\xff\xff\x7f\xff", 5},
        {INT32_MIN, "\xd2\x80\x00\x00\x00", 5},
        {(int64_t)INT32_MIN - 1, "\xd3\xff\xff\xff\xff\x7f\xff\xff\xff", 9},
        {INT64_MIN, "\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++)
        begins_with(REC_domain, &(struct rec_domain){.raw = rows[i].s}, "raw", rows[i].bytes, rows[i].len);
}

static void test_lengths(void **state)
{
    static const struct {
        uint32_t len;
        const char *text, *bin, *list; /* marks; at most 5 bytes */
    } rows[] = {
        {1, "\xa1", "\xc4\x01", "\x91"},
        {15, "\xaf", "\xc4\x0f", "\x9f"},
        {16, "\xb0", "\xc4\x10", "\xdc\x00\x10"},
        {31, "\xbf", "\xc4\x1f", "\xdc\x00\x1f"},
        {32, "\xd9\x20", "\xc4\x20", "\xdc\x00\x20"},
        {255, "\xd9\xff", "\xc4\xff", "\xdc\x00\xff"},
        {256, "\xda\x01\x00", "\xc5\x01\x00", "\xdc\x01\x00"},
        {65535, "\xda\xff\xff", "\xc5\xff\xff", "\xdc\xff\xff"},
        {65536, "\xdb\x00\x01\x00\x00", "\xc6\x00\x01\x00\x00", "\xdd\x00\x01\x00\x00"},
    };
    static char bytes[65536];
    static struct sts_str list[65536];

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    for (size_t i = 0; i < STS_LEN(list); i++)
        list[i] = (struct sts_str){bytes, 1};
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        const uint32_t len = rows[i].len;
        const size_t longer = len < 256 ? 0 : len < 65536 ? 1 : 3;

        begins_with(REC_domain, &(struct rec_domain){.name = {bytes, len}}, "name", rows[i].text,
                    len < 32 ? 1 : 2 + longer);
        begins_with(REC_domain, &(struct rec_domain){.input = {bytes, len}}, "in", rows[i].bin, 2 + longer);
        begins_with(REC_ip, &(struct rec_ip){.probed = {list, len}}, "sample", rows[i].list,
                    len < 16      ? 1
                    : len < 65536 ? 3
                                  : 5);
    }
}

/* More than fifteen fields: a map with a longer head. And what was there before stays. */
static void test_whole(void **state)
{
    struct rec_dns answer = {.oc = 1, .rcode = 2, .ad = true, .ttl_s = 300};
    struct rec_domain all = {.pos = 1,
                             .name = {"name.example", 12},
                             .input = {"NAME.example", 12},
                             .oc = 1,
                             .raw = -7,
                             .rank = {"1", 1},
                             .tag = {"t", 1},
                             .weight = {"w", 1},
                             .control = true,
                             .signalled = true,
                             .fetch = true,
                             .mx = &answer,
                             .sts = &answer,
                             .rpt = &answer,
                             .spf = &answer,
                             .n_mx_cut = 70000};
    const struct rec_domain *back;
    struct rec_buf buf = {0};
    struct arena arena;
    enum rec_kind kind;
    void *record;
    size_t one, used;

    (void)state;
    arena_init(&arena, MOST_MEMORY);
    assert_int_equal(rec_encode(&buf, REC_domain, &all), STS_OK);
    one = buf.len;
    assert_memory_equal(buf.p, "\xde\x00\x11\xa1k", 5);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(rec_encode(&buf, REC_domain, &all), STS_OK);
    assert_int_equal(buf.len, 1001 * one);
    assert_int_equal(rec_decode(buf.p + 1000 * one, one, &arena, &kind, &record, &used), STS_OK);
    assert_int_equal(used, one);
    back = record;
    assert_int_equal(back->raw, -7);
    assert_int_equal(back->n_mx_cut, 70000);
    assert_true(back->control && back->spf->ad && back->spf->ttl_s == 300);
    assert_null(back->dmarc);
    assert_memory_equal(buf.p, buf.p + 1000 * one, one);
    rec_buf_fini(&buf);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_signed),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
