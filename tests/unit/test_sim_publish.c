/* publish*.c: the texts of the odd classes, byte by byte, by the edge cases that they stand for. */
#include "bench/sim/publish.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct scene {
    struct world world;
    struct fate fate;
    struct txts texts;
    char name[NAME_BYTES], id[PUBLISH_MOST_ID];
    char body[PUBLISH_MOST_POLICY];
};

static int begin(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    char error[512];

    s->world.n_names = 1000;
    s->world.seed = 7;
    if (!world_read(&s->world, DATA "/toplist.profile", error, sizeof(error)) ||
        !world_finish(&s->world, error, sizeof(error)))
        fail_msg("%s", error);
    *state = s;
    return 0;
}

static int end(void **state)
{
    free(*state);
    return 0;
}

/* Name 5 with two hosts of its own, and a policy that lists them. */
static void reset(struct scene *s)
{
    memset(&s->fate, 0, sizeof(s->fate));
    s->fate = (struct fate){.i = 5, .mode = MODE_ENFORCE, .max_age_s = 86400, .n_mx = 2};
    s->fate.mx[0] = (struct fate_mx){20, {HOST_SELF, 5, 1}};
    s->fate.mx[1] = (struct fate_mx){10, {HOST_SELF, 5, 0}};
    name_of(&s->world, 5, s->name);
}

/* Text n of the RRset: its character-strings joined, and where the first ends. */
static size_t joined(const struct txts *t, unsigned n, char *out, size_t *first)
{
    size_t len = 0;

    assert_true(n < t->n);
    *first = t->bytes[t->rr[n].at];
    for (uint32_t at = t->rr[n].at; at < t->rr[n].at + t->rr[n].len; at += 1U + t->bytes[at]) {
        memcpy(out + len, t->bytes + at + 1, t->bytes[at]);
        len += t->bytes[at];
    }
    out[len] = '\0';
    return len;
}

static void sts_is(struct scene *s, enum sts_class c, const char *format)
{
    char expected[512], found[2048];
    size_t first;

    s->fate.sts = c;
    publish_sts_id(&s->world, &s->fate, s->id);
    publish_sts(&s->world, &s->fate, &s->texts);
    assert_int_equal(s->texts.n, 1);
    (void)snprintf(expected, sizeof(expected), format, s->id);
    assert_int_equal(joined(&s->texts, 0, found, &first), strlen(expected));
    assert_string_equal(found, expected);
}

static void test_sts_texts(void **state)
{
    struct scene *s = *state;

    reset(s);
    sts_is(s, STS_OK, "v=STSv1; id=%s;");
    sts_is(s, STS_UNENDED, "v=STSv1; id=%s");
    sts_is(s, STS_VERSION_BLANK, "v=STSv1 ; id=%s;");
    sts_is(s, STS_VERSION_12, "v=STSv12; id=%s;");
    sts_is(s, STS_ID_FIRST, "id=%s; v=STSv1;");
    sts_is(s, STS_LEADING_BLANK, " v=STSv1; id=%s;");
    sts_is(s, STS_QUOTED, "\"v=STSv1; id=%s;\"");
    sts_is(s, STS_NO_ID, "v=STSv1;");
    sts_is(s, STS_EMPTY_ID, "v=STSv1; id=%s");
    assert_string_equal(s->id, "");
    sts_is(s, STS_EXT_COLON, "v=STSv1; id=%s; mx: mail.example; mode: testing");
    sts_is(s, STS_EXT_EQUALS, "v=STSv1; id=%s; foo=a=b;");
    sts_is(s, STS_EXT_EMPTY, "v=STSv1; id=%s; foo=;");
    sts_is(s, STS_SEMICOLONS, "v=STSv1;; id=%s;");
    sts_is(s, STS_TRAILING_BLANK, "v=STSv1; id=%s ");
    sts_is(s, STS_COMMA, "v=STSv1, id=%s");
    sts_is(s, STS_WILD_STS, "v=STSv1; id=%s;"); /* what the wildcard answers */
}

static void test_sts_bytes(void **state)
{
    struct scene *s = *state;
    char found[2048], other[2048];
    size_t first, len;

    reset(s);
    s->fate.sts = STS_TWO_STRINGS;
    publish_sts(&s->world, &s->fate, &s->texts);
    joined(&s->texts, 0, found, &first);
    assert_int_equal(first, strlen("v=STSv1; i"));
    s->fate.sts = STS_NUL;
    publish_sts(&s->world, &s->fate, &s->texts);
    len = joined(&s->texts, 0, found, &first);
    assert_true(memchr(found, '\0', len) == found + len - 2);
    s->fate.sts = STS_NON_ASCII;
    publish_sts(&s->world, &s->fate, &s->texts);
    joined(&s->texts, 0, found, &first);
    assert_non_null(strstr(found, "\xc3\xa9;"));
    s->fate.sts = STS_DUPLICATE;
    publish_sts(&s->world, &s->fate, &s->texts);
    assert_int_equal(s->texts.n, 2);
    joined(&s->texts, 0, found, &first);
    joined(&s->texts, 1, other, &first);
    assert_string_equal(found, other);
    s->fate.sts = STS_MULTI;
    publish_sts(&s->world, &s->fate, &s->texts);
    assert_int_equal(s->texts.n, 2);
    joined(&s->texts, 1, other, &first);
    assert_string_not_equal(found, other);
    assert_memory_equal(other, "v=STSv1; id=", 12);
}

/* An RRset of 60 KB, with room for its header in a message of 64 KB. */
static void test_sts_huge(void **state)
{
    struct scene *s = *state;
    char found[2048];
    size_t first;
    unsigned n_records = 0;

    reset(s);
    s->fate.sts = STS_HUGE;
    publish_sts(&s->world, &s->fate, &s->texts);
    assert_in_range(s->texts.used + 12 * s->texts.n, 60000, 65000);
    for (unsigned n = 0; n < s->texts.n; n++) {
        joined(&s->texts, n, found, &first);
        n_records += memcmp(found, "v=STSv1; id=", 12) == 0;
    }
    assert_int_equal(n_records, 1);
}

/* RFC 8461 section 3.1: 1*32(ALPHA / DIGIT), but for the classes of which that is the point. */
static void test_ids(void **state)
{
    struct scene *s = *state;
    unsigned of_length[40] = {0};

    reset(s);
    for (s->fate.i = 0; s->fate.i < 1000; s->fate.i++) {
        s->fate.sts = STS_OK;
        publish_sts_id(&s->world, &s->fate, s->id);
        of_length[strlen(s->id)]++;
        for (const char *p = s->id; *p != '\0'; p++)
            assert_true(isalnum((unsigned char)*p));
        s->fate.sts = STS_ID_LONG;
        publish_sts_id(&s->world, &s->fate, s->id);
        assert_int_equal(strlen(s->id), 33);
        s->fate.sts = STS_ID_DASH;
        publish_sts_id(&s->world, &s->fate, s->id);
        assert_true(s->id[4] == '-' && s->id[7] == '-' && strlen(s->id) == 10);
        s->fate.sts = STS_ID_COLON;
        publish_sts_id(&s->world, &s->fate, s->id);
        assert_true(strlen(s->id) == 17 && s->id[11] == ':' && s->id[14] == ':');
    }
    assert_true(of_length[8] > 0 && of_length[14] > 0 && of_length[15] > 0 && of_length[32] > 0);
    assert_int_equal(of_length[0] + of_length[33], 0);
}

/* What a wildcard answers at a name that is not there, and not where another record stands. */
static void test_wildcard(void **state)
{
    struct scene *s = *state;
    char found[2048];
    size_t first;

    reset(s);
    s->fate.sts = STS_WILD_SPF;
    publish_rpt(&s->world, &s->fate, &s->texts);
    joined(&s->texts, 0, found, &first);
    assert_memory_equal(found, "v=spf1 ", 7);
    s->fate.rpt = RPT_OK;
    publish_rpt(&s->world, &s->fate, &s->texts);
    assert_int_equal(s->texts.n, 1);
    joined(&s->texts, 0, found, &first);
    assert_memory_equal(found, "v=TLSRPTv1; rua=mailto:", 23);
    publish_apex(&s->world, &s->fate, &s->texts);
    for (unsigned n = 0; n < s->texts.n; n++) {
        joined(&s->texts, n, found, &first);
        assert_memory_not_equal(found, "v=spf1 ", 7);
    }
}

static void body_is(struct scene *s, enum body_class c, const char *expected)
{
    char text[2048], *out = text;
    size_t len;

    for (const char *p = expected; *p != '\0'; p++) { /* @: the name */
        if (*p == '@')
            out += snprintf(out, NAME_BYTES, "%s", s->name);
        else
            *out++ = *p;
    }
    s->fate.body = c;
    len = publish_policy(&s->world, &s->fate, false, s->body);
    s->body[len] = '\0';
    *out = '\0';
    assert_string_equal(s->body, text);
}

static void test_bodies(void **state)
{
    struct scene *s = *state;

    reset(s);
    body_is(s, BODY_OK, "version: STSv1\r\nmode: enforce\r\nmx: mx1.@\r\nmx: mx0.@\r\nmax_age: 86400\r\n");
    body_is(s, BODY_LF, "version: STSv1\nmode: enforce\nmx: mx1.@\nmx: mx0.@\nmax_age: 86400\n");
    body_is(s, BODY_MIXED, "version: STSv1\r\nmode: enforce\nmx: mx1.@\r\nmx: mx0.@\nmax_age: 86400\r\n");
    body_is(s, BODY_UNENDED, "version: STSv1\r\nmode: enforce\r\nmx: mx1.@\r\nmx: mx0.@\r\nmax_age: 86400");
    body_is(s, BODY_BARE_CR, "version: STSv1\rmode: enforce\rmx: mx1.@\rmx: mx0.@\rmax_age: 86400\r");
    body_is(s, BODY_TIGHT, "version:STSv1\r\nmode:enforce\r\nmx:mx1.@\r\nmx:mx0.@\r\nmax_age:86400\r\n");
    body_is(s, BODY_COLON_BLANK,
            "version :STSv1\r\nmode: enforce\r\nmx: mx1.@\r\nmx: mx0.@\r\nmax_age: 86400\r\n");
    body_is(s, BODY_MX_COMMA, "version: STSv1\r\nmode: enforce\r\nmx: mx1.@, mx0.@\r\nmax_age: 86400\r\n");
    body_is(s, BODY_MX_DOT,
            "version: STSv1\r\nmode: enforce\r\nmx: mx1.@.\r\nmx: mx0.@\r\nmax_age: 86400\r\n");
    body_is(s, BODY_NO_MX, "version: STSv1\r\nmode: enforce\r\nmax_age: 86400\r\n");
    body_is(s, BODY_NONE_NO_MX, "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n");
    body_is(s, BODY_EMPTY, "");
    s->fate.listing = LISTING_PARTIAL; /* the one of the lower preference */
    body_is(s, BODY_AGE_OVER, "version: STSv1\r\nmode: enforce\r\nmx: mx0.@\r\nmax_age: 31557601\r\n");
    s->fate.listing = LISTING_WILDCARD;
    body_is(s, BODY_OK, "version: STSv1\r\nmode: enforce\r\nmx: *.@\r\nmax_age: 86400\r\n");
    s->fate.listing = LISTING_POLICY_HOST;
    s->fate.mode = MODE_TESTING;
    body_is(s, BODY_MODE_CASE, "version: STSv1\r\nmode: Testing\r\nmx: mta-sts.@\r\nmax_age: 86400\r\n");
}

/* 65,536 bytes, and one more, by lines that every reader may ignore; behind a byte order mark, before the
 * rest. */
static void test_sizes(void **state)
{
    struct scene *s = *state;
    size_t len, line;

    reset(s);
    for (unsigned body = 0; body < BODY_LIMIT; body++) {
        s->fate.body = (enum body_class)body;
        s->fate.policy = POLICY_K64;
        len = publish_policy(&s->world, &s->fate, false, s->body);
        assert_int_equal(len, 65536);
        line = body == BODY_BOM ? 3 : 0;
        while (line < len && memcmp(s->body + line, "x: z", 4) == 0) {
            const char *next = memchr(s->body + line, '\n', len - line);
            assert_non_null(next);
            assert_true(next[-1] == '\r');
            line = (size_t)(next + 1 - s->body);
        }
        s->fate.policy = POLICY_OK;
        assert_int_equal(publish_policy(&s->world, &s->fate, false, s->body),
                         len - line + (body == BODY_BOM ? 3 : 0));
        s->fate.policy = POLICY_K64_1;
        assert_int_equal(publish_policy(&s->world, &s->fate, false, s->body), 65537);
    }
}

static void test_second(void **state)
{
    struct scene *s = *state;
    char first[PUBLISH_MOST_ID * 8];
    size_t len;

    reset(s);
    s->fate.policy = POLICY_TWO_BODIES;
    len = publish_policy(&s->world, &s->fate, false, s->body);
    memcpy(first, s->body, len);
    assert_int_equal(publish_policy(&s->world, &s->fate, true, s->body), len + 9);
    assert_memory_equal(s->body, "x: zzzz\r\n", 9);
    assert_memory_equal(s->body + 9, first, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sts_texts, begin, end),
        cmocka_unit_test_setup_teardown(test_sts_bytes, begin, end),
        cmocka_unit_test_setup_teardown(test_sts_huge, begin, end),
        cmocka_unit_test_setup_teardown(test_ids, begin, end),
        cmocka_unit_test_setup_teardown(test_wildcard, begin, end),
        cmocka_unit_test_setup_teardown(test_bodies, begin, end),
        cmocka_unit_test_setup_teardown(test_sizes, begin, end),
        cmocka_unit_test_setup_teardown(test_second, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
