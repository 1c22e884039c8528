/* input.c, input_lines.c, input_names.c, line.c: positions and columns, and how they end. */
#include "scanner/input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

/* Bytes that a test makes; owned. */
struct bytes {
    char *p;
    size_t len, size;
};

static void put(struct bytes *b, const void *p, size_t len)
{
    if (b->len + len + 1 > b->size) {
        b->size = (b->len + len + 1) * 2;
        b->p = realloc(b->p, b->size);
        assert_non_null(b->p);
    }
    memcpy(b->p + b->len, p, len);
    b->len += len;
}

static void put_text(struct bytes *b, const char *text)
{
    put(b, text, strlen(text));
}

/* A file with these bytes, which are freed; the path is for remove_file(). */
static char *file_of(struct bytes *b)
{
    static const char template[] = "/tmp/test_input.XXXXXX";
    char *path = strdup(template);
    int fd;

    assert_non_null(path);
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, b->p, b->len), (ssize_t)b->len);
    close(fd);
    free(b->p);
    *b = (struct bytes){NULL, 0, 0};
    return path;
}

static void remove_file(char *path)
{
    unlink(path);
    free(path);
}

static struct input *open_file(const char *path)
{
    struct sts_err err = {0};
    struct input *in;

    if (input_open_file(&in, path, &err) != STS_OK)
        fail_msg("%s", err.msg);
    return in;
}

static void show(struct bytes *out, char mark, struct sts_str s)
{
    put(out, &mark, 1);
    if (s.len > 0)
        put(out, s.p, s.len);
}

/* All positions as text, one a line: "pos name<in|rank;tag;weight" or "pos !OUTCOME@raw<in|...", and how it
 * ends. Positions must follow each other. */
static char *dump(struct input *in)
{
    struct bytes out = {NULL, 0, 0};
    struct input_batch *batch;
    struct sts_err err = {0};
    uint64_t pos = 1;
    char head[128];
    int rc;

    put_text(&out, "");
    while ((rc = input_next(in, &batch, &err)) == STS_OK) {
        uint32_t i;

        assert_in_range(batch->n_items, 1, INPUT_BATCH_ITEMS);
        assert_int_equal(batch->first_pos, pos);
        for (i = 0; i < batch->n_items; i++, pos++) {
            const struct input_item *item = &batch->items[i];

            snprintf(head, sizeof(head), "%u ", (unsigned)pos);
            put_text(&out, head);
            snprintf(head, sizeof(head), "!%s@%d", outcome_name(item->why.oc), item->why.raw);
            put_text(&out, item->why.oc == OC_OK ? item->name.p : head);
            if (item->in.p != NULL)
                show(&out, '<', item->in);
            if (item->rank.p != NULL || item->tag.p != NULL || item->weight.p != NULL) {
                show(&out, '|', item->rank);
                show(&out, ';', item->tag);
                show(&out, ';', item->weight);
            }
            put_text(&out, "\n");
        }
        input_batch_free(batch);
    }
    assert_int_equal(input_next(in, &batch, &err), rc); /* and so it stays */
    assert_null(batch);
    if (rc != STS_EEND)
        put_text(&out, err.msg);
    out.p[out.len] = '\0';
    return out.p;
}

static void reads(const void *p, size_t len, const char *expected)
{
    struct bytes b = {NULL, 0, 0};
    struct input *in;
    char *path, *got;

    put(&b, p, len);
    path = file_of(&b);
    in = open_file(path);
    got = dump(in);
    assert_string_equal(got, expected);
    assert_int_equal(input_bytes_read(in), len);
    free(got);
    input_free(in);
    remove_file(path);
}

static void reads_text(const char *text, const char *expected)
{
    reads(text, strlen(text), expected);
}

static void test_lines(void **state)
{
    (void)state;
    reads_text("", "");
    reads_text("\n\r\n  \t\n# only this\n", "");
    reads_text("a.example", "1 a.example\n");
    reads_text("a.example\n", "1 a.example\n");
    reads_text("a.example\r\nb.example\r\n", "1 a.example\n2 b.example\n");
    reads_text("# head\n\na.example\n   # middle\n\n b.example \t\nC.example.\n#",
               "1 a.example\n2 b.example\n3 c.example<C.example.\n");
    reads_text("\xef\xbb\xbf"
               "a.example\n\xef\xbb\xbf"
               "b.example\n",
               "1 a.example\n2 b.example<\xef\xbb\xbf"
               "b.example\n"); /* UTS 46 drops U+FEFF */
    reads_text("\xef\xbb\xbf# head\n\xef\xbb\xbf", "1 !NAME_LABEL_EMPTY@0<\xef\xbb\xbf\n");
    reads_text("*.x\na..b\n192.0.2.1\n.\n", "1 !NAME_BAD_CHARACTER@0<*.x\n2 !NAME_LABEL_EMPTY@2<a..b\n"
                                            "3 !NAME_IP_LITERAL@0<192.0.2.1\n4 !NAME_EMPTY@0<.\n");
    reads_text("b\xc3\xbc"
               "cher.de\n",
               "1 xn--bcher-kva.de<b\xc3\xbc"
               "cher.de\n");
    reads_text("12345\n1,a.example\n",
               "1 12345\n2 !NAME_BAD_CHARACTER@1<1,a.example\n"); /* one format a file */
    reads("a\0b\nc\n", 6, "1 !NAME_NUL@1<a");
}

static void test_columns(void **state)
{
    (void)state;
    reads_text("1,a.example\n2,b.example\n", "1 a.example|1;;\n2 b.example|2;;\n");
    reads_text(
        "# list\n\n 1 , A.example , some tag , 0.5 , more\r\n,b.example\n3\n4,\nc.example\nd.example,x\n",
        "1 a.example<A.example|1;some tag;0.5\n2 b.example\n3 !NAME_EMPTY@0|3;;\n4 !NAME_EMPTY@0|4;;\n"
        "5 c.example\n6 x|d.example;;\n");
    reads_text("1\ta.example\t\tw\n2\tb.example,c\n",
               "1 a.example|1;;w\n2 !NAME_BAD_CHARACTER@9<b.example,c|2;;\n");
    reads_text("1,a.example,,\n", "1 a.example|1;;\n");
    reads_text("a.example,1\n", "1 !NAME_BAD_CHARACTER@9<a.example,1\n"); /* no rank first: a name a line */
}

static void test_quotes(void **state)
{
    (void)state;
    reads_text("\"1\",\"a.example\",\"x,\"\"y\"\"\",\"\"\n", "1 a.example|1;x,\"y\";\n");
    reads_text("1, \" a.example \" ,\" t \"\n", "1 a.example|1; t ;\n");
    reads_text("1,\"a.example\n", "1 !NAME_BAD_CHARACTER@0<\"a.example|1;;\n"); /* quotes do not match */
    reads_text("1,\"a\"b,c\n", "1 !NAME_BAD_CHARACTER@0<\"a\"b|1;c;\n");
    reads_text("1,\"\"\n2,\"\"\"\"\n3,\"\n", "1 !NAME_EMPTY@0|1;;\n2 !NAME_BAD_CHARACTER@0<\"|2;;\n"
                                             "3 !NAME_BAD_CHARACTER@0<\"|3;;\n");
    reads_text("\"a.example\"\n", "1 !NAME_BAD_CHARACTER@0<\"a.example\"\n"); /* no columns, no quotes */
}

static void repeat(struct bytes *b, char c, size_t n)
{
    while (n-- > 0)
        put(b, &c, 1);
}

/* A line of `n` letters between two names; with `end` behind it. */
static void long_line(size_t n, const char *end, bool too_long)
{
    struct bytes b = {NULL, 0, 0}, expected = {NULL, 0, 0};
    char *path, *got;
    struct input *in;

    put_text(&b, "a.example\n");
    repeat(&b, 'x', n);
    put_text(&b, end);
    put_text(&b, "\nb.example\n");
    put_text(&expected, "1 a.example\n2 !");
    put_text(&expected, too_long ? "NAME_LINE_TOO_LONG@4096<" : "NAME_LABEL_TOO_LONG@0<");
    repeat(&expected, 'x', too_long ? INPUT_CUT_BYTES : n);
    put_text(&expected, "\n3 b.example\n");
    expected.p[expected.len] = '\0';
    path = file_of(&b);
    in = open_file(path);
    got = dump(in);
    assert_string_equal(got, expected.p);
    free(got);
    free(expected.p);
    input_free(in);
    remove_file(path);
}

static void test_long_lines(void **state)
{
    struct bytes b = {NULL, 0, 0};
    char *path, *got;
    struct input *in;

    (void)state;
    long_line(INPUT_LINE_BYTES - 1, "", false);
    long_line(INPUT_LINE_BYTES, "", false);
    long_line(INPUT_LINE_BYTES, "\r", false);
    long_line(INPUT_LINE_BYTES + 1, "", true);
    long_line(INPUT_LINE_BYTES + 1, "\r", true);
    long_line(INPUT_LINE_BYTES + 5, "", true);
    long_line(64 * 1024 - 10, "", true);
    long_line(64 * 1024, "", true);
    long_line(300000, "", true);
    /* A comment may be as long as it likes; a line without end may be the last. */
    put_text(&b, "#");
    repeat(&b, 'c', 200000);
    put_text(&b, "\na.example\n");
    repeat(&b, 'x', 100000);
    path = file_of(&b);
    in = open_file(path);
    got = dump(in);
    assert_int_equal(strncmp(got, "1 a.example\n2 !NAME_LINE_TOO_LONG@4096<xxx", 42), 0);
    free(got);
    input_free(in);
    remove_file(path);
}

/* A gzip file that is cut: what was read is handed out, then the failure says where it is. */
static void test_damage(void **state)
{
    static const char text[] = "a.example\n\n# b\nc.example\nd.exam";
    static const char expected[] = "1 a.example\n2 c.example\n";
    struct bytes b = {NULL, 0, 0};
    uint8_t digest[DIGEST_BYTES];
    char *path, *got;
    struct input *in;
    struct stat st;
    gzFile file;

    (void)state;
    path = file_of(&b);
    file = gzopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(gzputs(file, text), (int)strlen(text));
    assert_int_equal(gzclose(file), Z_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 8), 0);
    in = open_file(path);
    got = dump(in);
    assert_int_equal(strncmp(got, expected, strlen(expected)), 0);
    assert_non_null(strstr(got, path));
    assert_non_null(strstr(got, ": the file ends in the middle (behind line 4)"));
    assert_false(input_digest(in, digest));
    free(got);
    input_free(in);
    remove_file(path);
}

/* Standard input is a pipe here: what has come is handed out before more is waited for. */
static void test_slow_pipe(void **state)
{
    int keep = dup(STDIN_FILENO), ends[2];
    struct input_batch *batch;
    struct sts_err err = {0};
    struct input *in;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    in = open_file("-");
    assert_false(input_info(in)->has_size);
    assert_int_equal(write(ends[1], "a.example\nb.exa", 15), 15);
    assert_int_equal(input_next(in, &batch, &err), STS_OK);
    assert_int_equal(batch->n_items, 1);
    input_batch_free(batch);
    assert_int_equal(write(ends[1], "mple\nc.example", 14), 14);
    assert_int_equal(input_next(in, &batch, &err), STS_OK);
    assert_int_equal(batch->n_items, 1);
    assert_string_equal(batch->items[0].name.p, "b.example");
    assert_int_equal(batch->first_pos, 2);
    input_batch_free(batch);
    close(ends[1]);
    assert_int_equal(input_next(in, &batch, &err), STS_OK);
    assert_string_equal(batch->items[0].name.p, "c.example");
    input_batch_free(batch);
    assert_int_equal(input_next(in, &batch, &err), STS_EEND);
    assert_int_equal(input_bytes_read(in), 29);
    input_free(in);
    assert_int_equal(dup2(keep, STDIN_FILENO), STDIN_FILENO);
    close(keep);
}

static void test_names(void **state)
{
    static const char *const names[] = {"a.example", "1,b.example", "", "#c", "D.example."};
    struct bytes b = {NULL, 0, 0};
    struct sts_err err = {0};
    uint8_t digest[DIGEST_BYTES], of_file[DIGEST_BYTES];
    struct input *in;
    char *got, *path;

    (void)state;
    assert_int_equal(input_open_names(&in, names, STS_LEN(names), &err), STS_OK);
    assert_false(input_info(in)->has_size);
    got = dump(in);
    assert_string_equal(got, "1 a.example\n2 !NAME_BAD_CHARACTER@1<1,b.example\n3 !NAME_EMPTY@0\n"
                             "4 !NAME_BAD_CHARACTER@0<#c\n5 d.example<D.example.\n");
    assert_true(input_digest(in, digest));
    free(got);
    input_free(in);
    put_text(&b, "a.example\n1,b.example\n\n#c\nD.example.\n");
    path = file_of(&b);
    in = open_file(path);
    free(dump(in));
    assert_true(input_digest(in, of_file));
    assert_memory_equal(digest, of_file, DIGEST_BYTES);
    input_free(in);
    remove_file(path);
    assert_int_equal(input_open_names(&in, names, 0, &err), STS_OK);
    got = dump(in);
    assert_string_equal(got, "");
    free(got);
    input_free(in);
    input_free(NULL);
    input_batch_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),      cmocka_unit_test(test_columns), cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_long_lines), cmocka_unit_test(test_damage),  cmocka_unit_test(test_slow_pipe),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
