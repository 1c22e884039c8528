/* Tables, text and JSON of strangers. */
#include "analysis/table.h"
#include "analysis/text.h"
#include "sinks/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct number {
    struct key key;
    uint64_t u;
};

static void test_table(void **state)
{
    struct table t;
    struct number *entry;
    uint64_t sum = 0;
    size_t at = 0;

    (void)state;
    table_init(&t, sizeof(struct number));
    assert_null(table_find(&t, (struct key){1, 0}));
    for (uint64_t i = 0; i < 10000; i++) {
        entry = table_put(&t, key_of(&i, sizeof(i)));
        assert_int_equal(entry->u, 0);
        entry->u = i;
    }
    for (uint64_t i = 0; i < 10000; i++) {
        entry = table_find(&t, key_of(&i, sizeof(i)));
        assert_int_equal(entry->u, i);
        assert_ptr_equal(table_put(&t, key_of(&i, sizeof(i))), entry);
    }
    while ((entry = table_next(&t, &at)) != NULL)
        sum += entry->u;
    assert_int_equal(sum, 10000 * 9999 / 2);
    assert_int_equal(t.n, 10000);
    table_fini(&t);
}

static bool same(struct key a, struct key b)
{
    return a.lo == b.lo && a.hi == b.hi;
}

static void test_keys(void **state)
{
    static char name[2000];

    (void)state;
    memset(name, 'A', sizeof(name));
    assert_true(same(key_of_name(sts_str("MX.Example")), key_of_name(sts_str("mx.example"))));
    assert_false(same(key_of_name(sts_str("mx.example")), key_of_name(sts_str("mx.example."))));
    assert_true(same(key_of_name((struct sts_str){name, 2000}), key_of_name((struct sts_str){name, 2000})));
    assert_false(same(key_join(key_of("ab", 2), key_of("c", 1)), key_join(key_of("a", 1), key_of("bc", 2))));
}

static char *escaped(struct sts_str s, bool json)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct json j;

    json_init(&j, out);
    if (json)
        json_str(&j, NULL, s);
    else
        text_put(out, s);
    fclose(out);
    return text;
}

static void test_escapes(void **state)
{
    static const struct {
        const char *in, *text, *json;
    } rows[] = {
        {"plain", "plain", "\"plain\""},
        {"a\"b\\c", "a\"b\\\\c", "\"a\\\"b\\\\c\""},
        {"\033[2J\r\n\x7f", "\\x1b[2J\\x0d\\x0a\\x7f", "\"\\u001b[2J\\u000d\\u000a\\u007f\""},
        {"b\xc3\xbc", "b\xc3\xbc", "\"b\xc3\xbc\""},
        {"\xff\xc3", "\\xff\\xc3", "\"\\u00ff\\u00c3\""},
        {"\xc0\xaf", "\\xc0\\xaf", "\"\\u00c0\\u00af\""},                                 /* overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80", "\"\\u00ed\\u00a0\\u0080\""},                 /* surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\"\\u00f4\\u0090\\u0080\\u0080\""}, /* above U+10FFFF */
        {"\xe2\x80\xae", "\\xe2\\x80\\xae", "\"\xe2\x80\xae\""}, /* turns text round */
        {"\xc2\x9b", "\\xc2\\x9b", "\"\xc2\x9b\""},              /* C1: CSI */
        {"\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7", "\"\xf0\x9f\x93\xa7\""},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        char *text = escaped(sts_str(rows[i].in), false), *json = escaped(sts_str(rows[i].in), true);

        assert_string_equal(text, rows[i].text);
        assert_string_equal(json, rows[i].json);
        free(text);
        free(json);
    }
}

static void test_json(void **state)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct json j;

    (void)state;
    json_init(&j, out);
    json_object(&j, NULL);
    json_uint(&j, "u", UINT64_MAX);
    json_list(&j, "l");
    json_object(&j, NULL);
    json_object_end(&j);
    json_bool(&j, NULL, true);
    json_list_end(&j);
    json_share(&j, "s", 1, 3);
    json_share(&j, "none", 1, 0);
    json_object_end(&j);
    fclose(out);
    assert_string_equal(text, "{\n  \"u\": 18446744073709551615,\n  \"l\": [\n    {},\n    true\n  ],\n"
                              "  \"s\": 0.333333,\n  \"none\": null\n}\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_keys),
                                       cmocka_unit_test(test_escapes), cmocka_unit_test(test_json)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
