/* Rows as text: what RFC 4180 and RFC 8259 want, whatever bytes strangers sent. */
#include "analysis/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *written(const struct row *row, enum row_format format, bool no_times)
{
    const struct row_style style = {format, no_times};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    row_put(out, row, &style);
    fclose(out);
    return text;
}

/* `csv` is the field of subject in the table of certificates: behind the fingerprint, which is null. */
static void check_text(struct sts_str in, const char *json, const char *csv)
{
    static struct row row;
    char want[256];
    char *text;

    row_begin(&row, TABLE_certs);
    row_text(&row, COL_certs_subject, in);
    text = written(&row, ROW_NDJSON, false);
    snprintf(want, sizeof(want), "{\"sha256\":null,\"subject\":%s,\"issuer\":null,", json);
    assert_memory_equal(text, want, strlen(want));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
    text = written(&row, ROW_CSV, false);
    snprintf(want, sizeof(want), ",%s,,,,,,,,,,,,\r\n", csv);
    assert_string_equal(text, want);
    free(text);
    row_fini(&row);
}

#define BYTES(text)               \
    (struct sts_str)              \
    {                             \
        text, sizeof("" text) - 1 \
    }

static void test_text(void **state)
{
    (void)state;
    check_text((struct sts_str){NULL, 0}, "null", "");
    check_text(BYTES(""), "\"\"", "\"\"");
    check_text(BYTES("plain text"), "\"plain text\"", "plain text");
    check_text(BYTES("a,b"), "\"a,b\"", "\"a,b\"");
    check_text(BYTES("say \"a\""), "\"say \\\"a\\\"\"", "\"say \"\"a\"\"\"");
    check_text(BYTES("\""), "\"\\\"\"", "\"\"\"\"");
    check_text(BYTES("\r\n"), "\"\\u000d\\u000a\"", "\\x0d\\x0a");
    check_text(BYTES("a\0b"), "\"a\\u0000b\"", "a\\x00b");
    check_text(BYTES("\\"), "\"\\\\\"", "\\\\");
    check_text(BYTES("=1+1"), "\"=1+1\"", "=1+1");
    check_text(BYTES("b\xc3\xbc\xff"), "\"b\xc3\xbc\\u00ff\"", "b\xc3\xbc\\xff");
    check_text(BYTES("\033[2J,"), "\"\\u001b[2J,\"", "\"\\x1b[2J,\"");
}

static void check_list(enum export_table table, enum export_column c, struct sts_strs list, const char *json,
                       const char *csv)
{
    static struct row row;
    char *text;

    row_begin(&row, table);
    row_list(&row, c, list);
    text = written(&row, ROW_NDJSON, false);
    assert_non_null(strstr(text, json));
    free(text);
    text = written(&row, ROW_CSV, false);
    assert_non_null(strstr(text, csv));
    free(text);
    row_fini(&row);
}

static void test_list(void **state)
{
    struct sts_str items[] = {BYTES("a b"), BYTES("c\"d"), BYTES("e,f\n")};

    (void)state;
    check_list(TABLE_certs, COL_certs_names, (struct sts_strs){items, 0}, "\"names\":[],", ",,,\"\",,");
    check_list(TABLE_certs, COL_certs_names, (struct sts_strs){items, 1}, "\"names\":[\"a b\"],",
               ",a\\x20b,");
    check_list(TABLE_certs, COL_certs_names, (struct sts_strs){items, 3},
               "\"names\":[\"a b\",\"c\\\"d\",\"e,f\\u000a\"],", ",\"a\\x20b c\"\"d e,f\\x0a\",");
    check_list(TABLE_domains, COL_domains_mx, (struct sts_strs){items, 2}, "\"mx\":[\"a b\",\"c\\\"d\"],",
               ",\"a b c\"\"d\",");
}

/* Every column is there, in the order of export.def, but for times where they are not wanted. */
static void test_columns(void **state)
{
    static struct row row;

    (void)state;
    for (unsigned t = 0; t < TABLE_LIMIT; t++) {
        unsigned c, end, n_times = 0;
        char *all, *timeless;

        row_begin(&row, (enum export_table)t);
        all = written(&row, ROW_CSV, false);
        timeless = written(&row, ROW_CSV, true);
        table_columns((enum export_table)t, &c, &end);
        assert_int_equal(strlen(all), end - c - 1 + 2); /* commas between, CR LF */
        for (; c < end; c++) {
            assert_int_equal(export_column(c).table, t);
            n_times += export_column(c).is_time;
        }
        assert_int_equal(strlen(timeless), strlen(all) - n_times);
        free(all);
        free(timeless);
    }
    row_fini(&row);
}

static void test_values(void **state)
{
    static struct row row;
    char *text;

    (void)state;
    row_begin(&row, TABLE_endpoints);
    row_uint(&row, COL_endpoints_port, UINT64_MAX);
    row_sint(&row, COL_endpoints_raw, INT64_MIN);
    row_bool(&row, COL_endpoints_by_ip, false);
    row_hex(&row, COL_endpoints_cert_sha256, BYTES("\x00\xff"));
    row_time(&row, COL_endpoints_first_attempt_time, UINT64_C(1769947200123));
    row_text(&row, COL_endpoints_banner, row_printf(&row, "%s-%d", "x", 7));
    row_text(&row, COL_endpoints_host, row_lower(&row, BYTES("MX.Example\xc4")));
    assert_false(row.no_memory);
    text = written(&row, ROW_NDJSON, false);
    assert_non_null(strstr(text, "\"host\":\"mx.example\\u00c4\""));
    assert_non_null(strstr(text, "\"port\":18446744073709551615,"));
    assert_non_null(strstr(text, "\"raw\":-9223372036854775808,"));
    assert_non_null(strstr(text, "\"by_ip\":false,"));
    assert_non_null(strstr(text, "\"cert_sha256\":\"00ff\","));
    assert_non_null(strstr(text, "\"first_attempt_time\":\"2026-02-01T12:00:00.123Z\","));
    assert_non_null(strstr(text, "\"banner\":\"x-7\","));
    free(text);
    row_fini(&row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_list),
                                       cmocka_unit_test(test_columns), cmocka_unit_test(test_values)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
