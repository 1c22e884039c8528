/* input.c, input_lines.c, input_names.c, line.c: positions and columns, and how they end. */
#include "scanner/input.h"
#include "sinks/shard.h"

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

static struct input *open_as(const char *path, struct input_layout layout)
{
    struct sts_err err = {0};
    struct input *in;

    if (input_open_file(&in, path, &layout, &err) != STS_OK)
        fail_msg("%s", err.msg);
    return in;
}

static struct input *open_file(const char *path)
{
    return open_as(path, (struct input_layout){INPUT_AUTO, NULL});
}

static void show(struct bytes *out, char mark, struct sts_str s)
{
    put(out, &mark, 1);
    if (s.len > 0)
        put(out, s.p, s.len);
}

/* All positions as text, one a line: "pos name<in|rank;tag;weight" or "pos !OUTCOME@raw<in|...", and how it
 * ends. */
static char *dump(struct input *in)
{
    struct bytes out = {NULL, 0, 0};
    struct input_batch *batch;
    struct sts_err err = {0};
    uint64_t pos = 0;
    char head[128];
    int rc;

    put_text(&out, "");
    while ((rc = input_next(in, &batch, &err)) == STS_OK) {
        uint32_t i;

        assert_in_range(batch->n_items, 1, INPUT_BATCH_ITEMS);
        for (i = 0; i < batch->n_items; i++) {
            const struct input_item *item = &batch->items[i];

            assert_true(item->pos > pos);
            pos = item->pos;
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

/* `expected` holds "PATH" where the path is. */
static void reads_as(struct input_layout layout, const void *p, size_t len, const char *expected)
{
    struct bytes b = {NULL, 0, 0};
    const char *mark = strstr(expected, "PATH");
    struct input *in;
    char *path, *got;

    put(&b, p, len);
    path = file_of(&b);
    in = open_as(path, layout);
    got = dump(in);
    if (mark != NULL) {
        size_t before = (size_t)(mark - expected);

        assert_memory_equal(got, expected, before);
        assert_memory_equal(got + before, path, strlen(path));
        assert_string_equal(got + before + strlen(path), mark + strlen("PATH"));
    } else {
        assert_string_equal(got, expected);
        assert_int_equal(input_bytes_read(in), len);
    }
    free(got);
    input_free(in);
    remove_file(path);
}

static void reads(const void *p, size_t len, const char *expected)
{
    reads_as((struct input_layout){INPUT_AUTO, NULL}, p, len, expected);
}

static void reads_text(const char *text, const char *expected)
{
    reads(text, strlen(text), expected);
}

static void reads_text_as(enum input_format format, const char *text, const char *expected)
{
    reads_as((struct input_layout){format, NULL}, text, strlen(text), expected);
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

/* What the user says of the format holds, whatever the first line looks like. */
static void test_formats(void **state)
{
    (void)state;
    reads_text_as(INPUT_NAMES, "1,a.example\n", "1 !NAME_BAD_CHARACTER@1<1,a.example\n");
    reads_text_as(INPUT_NAMES, "$TTL 1\na.example\n", "1 !NAME_BAD_CHARACTER@0<$TTL 1\n2 a.example\n");
    reads_text_as(INPUT_CSV, "x,a.example\n2,b.example,t\n", "1 a.example|x;;\n2 b.example|2;t;\n");
    reads_text_as(INPUT_CSV, "x\ta.example\n", "1 a.example|x;;\n");
    reads_text_as(INPUT_CSV, "a.example\n1,b.example\n", "1 a.example\n2 b.example|1;;\n");
    reads_text_as(INPUT_CSV, "x\ty,a.example\n", "1 a.example|x\ty;;\n");
}

#define HEAD "; a registry\n\n$ORIGIN COM.\n$TTL 900\n@ IN SOA a. b. (1 2 3\n 4 5 )\n NS A.NST.COM.\n"

static void test_zone(void **state)
{
    (void)state;
    reads_text(HEAD "A NS NS1.A.COM.\nA NS NS2.A\nNS1.A A 192.0.2.1\nb-c NS x\n_d NS y\n*.e NS y",
               "1 a.com\n2 b-c.com\n3 _d.com\n4 !NAME_BAD_CHARACTER@0<*.e.com\n");
    reads_text("com.\t900\tin\tsoa\ta. b. 1 2 3 4 5\nA.com.\t1\tin\tns\tx.\na.com.\t1\tin\tns\ty.\r\n",
               "1 a.com\n");
    reads_text(INPUT_BOM "com. SOA a. b. 1 2 3 4 5\na NS x.\n", "1 a.com\n"); /* the origin is the SOA's */
    reads_text("; none\n;\n\na.example\n",
               "1 !NAME_BAD_CHARACTER@0<; none\n2 !NAME_BAD_CHARACTER@0<;\n3 a.example\n");
    reads_text_as(
        INPUT_ZONE, "a.com. NS x.\n",
        "PATH:1: an NS record before the zone's SOA record, so the zone's own name is not known; give "
        "it with --origin NAME");
    reads_as((struct input_layout){INPUT_ZONE, "com"}, "a NS x.\ncom. NS z.\n", 19, "1 a.com\n");
    reads_text_as(INPUT_ZONE, "a.example\n", "PATH:1: a record without a type");
    reads_text("$TTL 1\nx. SOA a b 1 2 3 4 5\ny.x. NS z (\n\n",
               "1 y.x\nPATH:3: a parenthesis opened here is not closed by the end of the file (by its first "
               "lines this is a zone file; --input-format says otherwise)");
}

/* A line of a zone may not be longer than the limit. A long head of comments does not hide that it is one. */
static void test_zone_long(void **state)
{
    struct bytes b = {NULL, 0, 0};
    char *path, *got;
    struct input *in;
    int i;

    (void)state;
    for (i = 0; i < 1000; i++)
        put_text(&b, "; all rights are reserved\n");
    put_text(&b, HEAD "A NS x\nB TXT ");
    for (i = 0; i < INPUT_LINE_BYTES; i++)
        put_text(&b, "x");
    put_text(&b, "\nC NS x\n");
    path = file_of(&b);
    in = open_file(path);
    got = dump(in);
    assert_non_null(strstr(got, "1 a.com\n/tmp/"));
    assert_non_null(strstr(got, "1009: a line of more than 4096 bytes"));
    free(got);
    input_free(in);
    remove_file(path);
}

/* Each position is in one shard and keeps its number, duplicates are in the same one, and so is what is no
 * name. */
static void test_shards(void **state)
{
    enum { NAMES = 3000, SHARDS = 3 };
    uint64_t shard_of_pos[NAMES + 1], shard, taken = 0;
    struct bytes b = {NULL, 0, 0};
    struct sts_err err = {0};
    char line[64], *path;
    uint32_t i;

    (void)state;
    /* the same on every machine, and in every version */
    assert_int_equal(shard_of(sts_str("example.com"), UINT64_MAX), UINT64_C(0x2883ba7dc9aa3289));
    memset(shard_of_pos, 0xff, sizeof(shard_of_pos));
    for (i = 0; i < NAMES; i++) { /* the second half as the first, but in capitals */
        snprintf(line, sizeof(line), i < NAMES / 2 ? "n%u.example\n" : "N%u.EXAMPLE.\n", i % (NAMES / 2));
        put_text(&b, i % (NAMES / 2) % 10 == 0 ? "bad name\n" : line);
    }
    path = file_of(&b);
    for (shard = 0; shard < SHARDS; shard++) {
        struct input *in = open_file(path);
        struct input_batch *batch;

        input_set_shard(in, SHARDS, shard);
        while (input_next(in, &batch, &err) == STS_OK) {
            for (i = 0; i < batch->n_items; i++) {
                assert_in_range(batch->items[i].pos, 1, NAMES);
                assert_int_equal(shard_of_pos[batch->items[i].pos], UINT64_MAX);
                shard_of_pos[batch->items[i].pos] = shard;
            }
            input_batch_free(batch);
        }
        assert_int_equal(input_counts(in).positions, NAMES);
        assert_in_range(input_counts(in).taken, NAMES / SHARDS / 2, NAMES / SHARDS * 2);
        taken += input_counts(in).taken;
        input_free(in);
    }
    assert_int_equal(taken, NAMES);
    for (i = 1; i <= NAMES / 2; i++)
        assert_int_equal(shard_of_pos[i], shard_of_pos[i + NAMES / 2]);
    assert_int_equal(shard_of_pos[1], shard_of_pos[11]);
    remove_file(path);
}

/* Standard input is a pipe from here to pipe_end(): a stream of no known size, written to at `end`. */
struct pipe_input {
    struct input *in;
    int end, kept;
};

static void pipe_begin(struct pipe_input *p)
{
    int ends[2];

    p->kept = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    p->end = ends[1];
    p->in = open_file("-");
}

static void pipe_end(struct pipe_input *p)
{
    input_free(p->in);
    assert_int_equal(dup2(p->kept, STDIN_FILENO), STDIN_FILENO);
    close(p->kept);
}

/* Who waits for bytes of a pipe is told that nothing more is wanted. */
static void test_stop(void **state)
{
    struct pipe_input p;
    struct input_batch *batch;
    struct sts_err err = {0};

    (void)state;
    pipe_begin(&p);
    input_stop(p.in);
    assert_int_equal(input_next(p.in, &batch, &err), STS_EIO);
    assert_null(batch);
    pipe_end(&p);
    close(p.end);
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
    struct pipe_input p;
    struct input_batch *batch;
    struct sts_err err = {0};

    (void)state;
    pipe_begin(&p);
    assert_false(input_info(p.in)->has_size);
    assert_int_equal(write(p.end, "a.example\nb.exa", 15), 15);
    assert_int_equal(input_next(p.in, &batch, &err), STS_OK);
    assert_int_equal(batch->n_items, 1);
    input_batch_free(batch);
    assert_int_equal(write(p.end, "mple\nc.example", 14), 14);
    assert_int_equal(input_next(p.in, &batch, &err), STS_OK);
    assert_int_equal(batch->n_items, 1);
    assert_string_equal(batch->items[0].name.p, "b.example");
    assert_int_equal(batch->items[0].pos, 2);
    input_batch_free(batch);
    close(p.end);
    assert_int_equal(input_next(p.in, &batch, &err), STS_OK);
    assert_string_equal(batch->items[0].name.p, "c.example");
    input_batch_free(batch);
    assert_int_equal(input_next(p.in, &batch, &err), STS_EEND);
    assert_int_equal(input_bytes_read(p.in), 29);
    pipe_end(&p);
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
        cmocka_unit_test(test_names),      cmocka_unit_test(test_formats), cmocka_unit_test(test_zone),
        cmocka_unit_test(test_zone_long),  cmocka_unit_test(test_shards),  cmocka_unit_test(test_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
