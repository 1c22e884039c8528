/* input*.c, line.c, digest.c: positions, columns, compression, damage, digests. */
#include "scanner/input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

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

static void put_gzip(struct bytes *b, const char *p, size_t len)
{
    size_t size = len + len / 100 + 1000;
    char *out = malloc(size);
    z_stream z = {0};

    assert_non_null(out);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)p;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)size;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    put(b, out, z.total_out);
    deflateEnd(&z);
    free(out);
}

/* With a checksum, as the zstd tool makes it. */
static void put_zstd(struct bytes *b, const char *p, size_t len)
{
    size_t size = ZSTD_compressBound(len);
    ZSTD_CCtx *ctx = ZSTD_createCCtx();
    char *out = malloc(size);

    assert_non_null(out);
    assert_non_null(ctx);
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1)));
    len = ZSTD_compress2(ctx, out, size, p, len);
    assert_false(ZSTD_isError(len));
    put(b, out, len);
    ZSTD_freeCCtx(ctx);
    free(out);
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

#define MANY 30000

/* MANY names, and what dump() makes of them. */
static void put_many(struct bytes *text, struct bytes *expected)
{
    char line[64];
    unsigned i;

    for (i = 1; i <= MANY; i++) {
        snprintf(line, sizeof(line), "name-%u.example\n", i * 2654435761u);
        put_text(text, line);
        snprintf(line, sizeof(line), "%u name-%u.example\n", i, i * 2654435761u);
        put_text(expected, line);
    }
    expected->p[expected->len] = '\0';
}

static void file_reads(struct bytes *b, const char *expected)
{
    char *path = file_of(b), *got;
    struct input *in = open_file(path);

    got = dump(in);
    assert_string_equal(got, expected);
    free(got);
    input_free(in);
    remove_file(path);
}

static void test_compressed(void **state)
{
    struct bytes text = {NULL, 0, 0}, expected = {NULL, 0, 0}, b = {NULL, 0, 0};
    size_t half;

    (void)state;
    put_many(&text, &expected);
    half = text.len / 2; /* in the middle of a line, as like as not */
    put(&b, text.p, text.len);
    file_reads(&b, expected.p);
    put_gzip(&b, text.p, text.len);
    file_reads(&b, expected.p);
    put_gzip(&b, text.p, half); /* members one behind the other, empty ones too, and padding */
    put_gzip(&b, "", 0);
    put_gzip(&b, text.p + half, text.len - half);
    repeat(&b, '\0', 1000);
    file_reads(&b, expected.p);
    put_zstd(&b, text.p, text.len);
    file_reads(&b, expected.p);
    put_zstd(&b, text.p, half);
    put(&b, "\x53\x2a\x4d\x18\x03\0\0\0abc", 11); /* a skippable frame */
    put_zstd(&b, "", 0);
    put_zstd(&b, text.p + half, text.len - half);
    file_reads(&b, expected.p);
    put(&b, "\x5f\x2a\x4d\x18\0\0\0\0", 8); /* one at the front */
    put_zstd(&b, text.p, text.len);
    file_reads(&b, expected.p);
    free(text.p);
    free(expected.p);
}

/* A file that compresses well: the library has far more to give than fits at once. */
static void test_dense(void **state)
{
    struct bytes text = {NULL, 0, 0}, b = {NULL, 0, 0};
    unsigned i;
    int zstd;

    (void)state;
    for (i = 0; i < MANY; i++)
        put_text(&text, "a.example\n");
    for (zstd = 0; zstd < 2; zstd++) {
        struct input_batch *batch;
        struct sts_err err = {0};
        uint64_t n = 0;
        char *path;
        struct input *in;

        (zstd ? put_zstd : put_gzip)(&b, text.p, text.len);
        path = file_of(&b);
        in = open_file(path);
        while (input_next(in, &batch, &err) == STS_OK) {
            n += batch->n_items;
            input_batch_free(batch);
        }
        assert_int_equal(err.code, STS_OK);
        assert_int_equal(n, MANY);
        input_free(in);
        remove_file(path);
    }
    free(text.p);
}

/* The end of what dump() says: a failure that holds these words. Everything before it was handed out. */
static void fails(struct bytes *b, const char *first, const char *words)
{
    char *path = file_of(b), *got;
    struct input *in = open_file(path);
    uint8_t digest[DIGEST_BYTES];

    got = dump(in);
    if (strncmp(got, first, strlen(first)) != 0 || strstr(got, words) == NULL || strstr(got, path) == NULL)
        fail_msg("\"%.300s\" does not begin \"%s\" and say \"%s\"", got, first, words);
    assert_false(input_digest(in, digest));
    free(got);
    input_free(in);
    remove_file(path);
}

static void test_damage(void **state)
{
    struct bytes text = {NULL, 0, 0}, expected = {NULL, 0, 0}, b = {NULL, 0, 0};

    (void)state;
    put_many(&text, &expected);
    put_gzip(&b, text.p, text.len);
    b.len -= 4;
    fails(&b, "1 name-2654435761.example\n2 ", ": gzip data at byte ");
    put_gzip(&b, text.p, text.len);
    b.len /= 2;
    fails(&b, "1 name-2654435761.example\n2 ", "the file ends in the middle (behind line ");
    put_gzip(&b, text.p, text.len);
    b.p[b.len - 6] ^= 1;
    fails(&b, "1 name-", "damaged gzip data at byte ");
    put_gzip(&b, text.p, text.len);
    put_text(&b, "trailing");
    fails(&b, "1 name-", "damaged gzip data at byte ");
    put_zstd(&b, text.p, text.len);
    b.len -= 1;
    fails(&b, "1 name-2654435761.example\n2 ", ": zstd data at byte ");
    put_zstd(&b, text.p, text.len);
    b.p[b.len / 2] ^= 0x55;
    fails(&b, "", "damaged zstd data at byte ");
    put_zstd(&b, text.p, text.len);
    put_text(&b, "trailing");
    fails(&b, "1 name-", "damaged zstd data at byte ");
    put_text(&b, "\x1f\x8b");
    fails(&b, "", "the file ends in the middle (behind line 0)");
    put_text(&b, "\x28\xb5\x2f\xfd");
    fails(&b, "", "the file ends in the middle");
    free(text.p);
    free(expected.p);
}

static void test_foreign(void **state)
{
    struct bytes b = {NULL, 0, 0};

    (void)state;
    put(&b, "PK\3\4rest", 8);
    fails(&b, "", "this is zip, which is not read");
    put(&b, "\xfd\x37zXZ\0\0", 7);
    fails(&b, "", "this is xz, which is not read");
    put(&b, "BZh91AY&SYxxxx", 14);
    fails(&b, "", "this is bzip2, which is not read");
    put(&b,
        "\xff\xfe"
        "a\0\n\0",
        6);
    fails(&b, "", "this is UTF-16, which is not read");
    /* What only begins like one is a name. */
    reads_text("BZh91.example\n", "1 bzh91.example<BZh91.example\n");
    reads_text("PK\n", "1 pk<PK\n");
    reads_text("P", "1 p<P\n");
    reads_text("(\n", "1 !NAME_BAD_CHARACTER@0<(\n");
}

static void test_open_errors(void **state)
{
    struct sts_err err = {0};
    struct input *in;

    (void)state;
    assert_int_equal(input_open_file(&in, "/nowhere/names.txt", &err), STS_EIO);
    assert_string_equal(err.msg, "/nowhere/names.txt: cannot open: No such file or directory");
    err = (struct sts_err){0};
    assert_int_equal(input_open_file(&in, "/", &err), STS_EIO);
    assert_string_equal(err.msg, "/: is a directory");
}

static void hex(const uint8_t *digest, char out[2 * DIGEST_BYTES + 1])
{
    size_t i;

    for (i = 0; i < DIGEST_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static void test_digests(void **state)
{
    static const char abc[] =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; /* of "abc" */
    static const char twice[] =
        "bbb59da3af939f7af5f360f2ceb80a496e3bae1cd87dde426db0ae40677e1c2c"; /* "abcabc" */
    uint8_t digest[DIGEST_BYTES];
    char text[2 * DIGEST_BYTES + 1];
    struct bytes b = {NULL, 0, 0};
    struct input *in;
    char *path, *got;

    (void)state;
    put_text(&b, "abc");
    path = file_of(&b);
    in = open_file(path);
    assert_true(input_info(in)->has_size);
    assert_int_equal(input_info(in)->size_bytes, 3);
    assert_string_equal(input_info(in)->name, path);
    hex(input_info(in)->edge_digest, text);
    assert_string_equal(text, twice); /* first and last 64 KiB overlap */
    assert_false(input_digest(in, digest));
    got = dump(in);
    assert_true(input_digest(in, digest));
    hex(digest, text);
    assert_string_equal(text, abc);
    free(got);
    input_free(in);
    remove_file(path);
}

/* The edges of a large file do not see its middle; the digest of the whole does, and is that of the bytes as
 * stored. */
static void test_edges(void **state)
{
    uint8_t edges[3][DIGEST_BYTES], whole[3][DIGEST_BYTES];
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        struct bytes b = {NULL, 0, 0};
        struct input *in;
        char *path, *got;

        repeat(&b, '\n', 200000);
        if (i > 0)
            b.p[i == 1 ? 100000 : 199999] = ' ';
        path = file_of(&b);
        in = open_file(path);
        memcpy(edges[i], input_info(in)->edge_digest, DIGEST_BYTES);
        got = dump(in);
        assert_string_equal(got, "");
        assert_true(input_digest(in, whole[i]));
        free(got);
        input_free(in);
        remove_file(path);
    }
    assert_memory_equal(edges[0], edges[1], DIGEST_BYTES);
    assert_memory_not_equal(edges[0], edges[2], DIGEST_BYTES);
    assert_memory_not_equal(whole[0], whole[1], DIGEST_BYTES);
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
        cmocka_unit_test(test_lines),       cmocka_unit_test(test_columns),
        cmocka_unit_test(test_quotes),      cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_compressed),  cmocka_unit_test(test_dense),
        cmocka_unit_test(test_damage),      cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_open_errors), cmocka_unit_test(test_digests),
        cmocka_unit_test(test_edges),       cmocka_unit_test(test_slow_pipe),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
