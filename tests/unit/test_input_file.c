/* input_file.c, digest.c: bytes out of files, plain and compressed, sound and damaged; digests. */
#include "scanner/input_file.h"

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

static void repeat(struct bytes *b, char c, size_t n)
{
    while (n-- > 0)
        put(b, &c, 1);
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

/* A file opened for reading. */
struct opened {
    struct input head;
    struct input_file *file;
};

static void head_free(struct input *in)
{
    (void)in; /* it is in struct opened */
}

static int try_open(struct opened *o, const char *path, struct sts_err *err)
{
    static const struct input_ops ops = {.free = head_free};

    o->file = NULL;
    if (input_init(&o->head, &ops, path, err) != STS_OK)
        return err->code;
    return input_file_open(&o->file, &o->head, err);
}

static void open_bytes(struct opened *o, const char *path)
{
    struct sts_err err = {0};

    if (try_open(o, path, &err) != STS_OK)
        fail_msg("%s", err.msg);
}

static void close_bytes(struct opened *o)
{
    input_file_free(o->file);
    input_free(&o->head);
}

/* All that is in the file of these bytes, `size` bytes a read. */
static struct bytes read_all(struct bytes *b, size_t size, struct sts_err *err)
{
    struct bytes out = {NULL, 0, 0};
    char *path = file_of(b), *buf = malloc(size);
    struct opened o;
    size_t n = 0;

    assert_non_null(buf);
    put(&out, "", 0);
    open_bytes(&o, path);
    while (input_file_read(o.file, buf, size, &n, err) == STS_OK && n > 0)
        put(&out, buf, n);
    if (err->code == STS_OK)
        assert_int_equal(input_bytes_read(&o.head), o.head.info.size_bytes);
    else
        assert_non_null(strstr(err->msg, path));
    close_bytes(&o);
    remove_file(path);
    free(buf);
    return out;
}

static void gives(struct bytes *b, size_t size, const struct bytes *expected)
{
    struct sts_err err = {0};
    struct bytes got = read_all(b, size, &err);

    if (err.code != STS_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(got.len, expected->len);
    assert_memory_equal(got.p, expected->p, expected->len);
    free(got.p);
}

/* A failure that says this, and nothing but right bytes before it. */
static void fails(struct bytes *b, const struct bytes *whole, const char *words)
{
    struct sts_err err = {0};
    struct bytes got = read_all(b, 1000, &err);

    assert_int_equal(err.code, STS_EFORMAT);
    if (strstr(err.msg, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
    if (whole != NULL) {
        assert_in_range(got.len, whole->len / 10, whole->len);
        assert_memory_equal(got.p, whole->p, got.len);
    }
    free(got.p);
}

static struct bytes many_names(void)
{
    struct bytes text = {NULL, 0, 0};
    char line[64];
    unsigned i;

    for (i = 1; i <= 30000; i++) {
        snprintf(line, sizeof(line), "name-%u.example\n", i * 2654435761u);
        put_text(&text, line);
    }
    return text;
}

static void test_sound(void **state)
{
    static const size_t sizes[] = {1000000, 65536, 777};
    struct bytes text = many_names(), b = {NULL, 0, 0};
    size_t half = text.len / 2, i;

    (void)state;
    for (i = 0; i < STS_LEN(sizes); i++) {
        put(&b, text.p, text.len);
        gives(&b, sizes[i], &text);
        put_gzip(&b, text.p, text.len);
        gives(&b, sizes[i], &text);
        put_gzip(&b, text.p, half); /* members one behind the other, an empty one too, and padding */
        put_gzip(&b, "", 0);
        put_gzip(&b, text.p + half, text.len - half);
        repeat(&b, '\0', 1000);
        gives(&b, sizes[i], &text);
        put_zstd(&b, text.p, text.len);
        gives(&b, sizes[i], &text);
        put(&b, "\x5f\x2a\x4d\x18\0\0\0\0", 8); /* skippable frames, at the front too */
        put_zstd(&b, text.p, half);
        put(&b, "\x50\x2a\x4d\x18\3\0\0\0abc", 11);
        put_zstd(&b, "", 0);
        put_zstd(&b, text.p + half, text.len - half);
        gives(&b, sizes[i], &text);
    }
    free(text.p);
}

/* Far more comes out than fits at once, from bytes that are long in. */
static void test_dense(void **state)
{
    struct bytes text = {NULL, 0, 0}, b = {NULL, 0, 0};

    (void)state;
    repeat(&text, 'x', 3000000);
    put_gzip(&b, text.p, text.len);
    gives(&b, 1000, &text);
    put_zstd(&b, text.p, text.len);
    gives(&b, 1000, &text);
    free(text.p);
}

static void test_empty(void **state)
{
    struct bytes none = {NULL, 0, 0}, b = {NULL, 0, 0};

    (void)state;
    put(&none, "", 0);
    put(&b, "", 0);
    gives(&b, 1000, &none);
    put_gzip(&b, "", 0);
    gives(&b, 1000, &none);
    put_zstd(&b, "", 0);
    gives(&b, 1000, &none);
    free(none.p);
}

static void test_damage(void **state)
{
    static const char *const middle = "the file ends in the middle";
    struct bytes text = many_names(), b = {NULL, 0, 0};

    (void)state;
    put_gzip(&b, text.p, text.len);
    b.len -= 4;
    fails(&b, &text, middle);
    put_gzip(&b, text.p, text.len);
    b.len /= 2;
    fails(&b, &text, middle);
    put_gzip(&b, text.p, text.len);
    b.p[b.len - 6] ^= 1;
    fails(&b, &text, "damaged gzip data at byte ");
    put_gzip(&b, text.p, text.len);
    put_text(&b, "trailing");
    fails(&b, &text, "damaged gzip data at byte ");
    put_zstd(&b, text.p, text.len);
    b.len -= 1;
    fails(&b, &text, middle);
    put_zstd(&b, text.p, text.len);
    b.len /= 2;
    fails(&b, NULL, middle);
    put_zstd(&b, text.p, text.len);
    b.p[b.len / 2] ^= 0x55;
    fails(&b, NULL, "damaged zstd data at byte ");
    put_zstd(&b, text.p, text.len);
    put_text(&b, "trailing");
    fails(&b, &text, "damaged zstd data at byte ");
    put_text(&b, "\x1f\x8b");
    fails(&b, NULL, "gzip data at byte 2: the file ends in the middle");
    put_text(&b, "\x28\xb5\x2f\xfd");
    fails(&b, NULL, "zstd data at byte 4: the file ends in the middle");
    free(text.p);
}

static void test_foreign(void **state)
{
    static const char *const names[] = {"BZh91.example\n", "PK\n", "P", "(", "\x1f"};
    struct bytes b = {NULL, 0, 0}, expected = {NULL, 0, 0};
    size_t i;

    (void)state;
    put(&b, "PK\3\4rest", 8);
    fails(&b, NULL, "this is zip, which is not read");
    put(&b, "\xfd\x37zXZ\0\0", 7);
    fails(&b, NULL, "this is xz, which is not read");
    put(&b, "BZh91AY&SYxxxx", 14);
    fails(&b, NULL, "this is bzip2, which is not read");
    put(&b, "\xff\xfe\0a\0\n", 6);
    fails(&b, NULL, "this is UTF-16, which is not read");
    for (i = 0; i < STS_LEN(names); i++) { /* what only begins like one is text */
        put_text(&b, names[i]);
        put_text(&expected, names[i]);
        gives(&b, 1000, &expected);
        expected.len = 0;
    }
    free(expected.p);
}

static void test_open_errors(void **state)
{
    struct sts_err err = {0};
    struct opened o;

    (void)state;
    assert_int_equal(try_open(&o, "/nowhere/names.txt", &err), STS_EIO);
    assert_string_equal(err.msg, "/nowhere/names.txt: cannot open: No such file or directory");
    close_bytes(&o);
    err = (struct sts_err){0};
    assert_int_equal(try_open(&o, "/", &err), STS_EIO);
    assert_string_equal(err.msg, "/: is a directory");
    close_bytes(&o);
}

static struct input *open_file(const char *path)
{
    const struct input_layout layout = {INPUT_AUTO, NULL};
    struct sts_err err = {0};
    struct input *in;

    if (input_open_file(&in, path, &layout, &err) != STS_OK)
        fail_msg("%s", err.msg);
    return in;
}

/* Read to the end. */
static void drain(struct input *in)
{
    struct input_batch *batch;
    struct sts_err err = {0};
    int rc;

    while ((rc = input_next(in, &batch, &err)) == STS_OK)
        input_batch_free(batch);
    assert_int_equal(rc, STS_EEND);
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
    char *path;

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
    drain(in);
    assert_true(input_digest(in, digest));
    hex(digest, text);
    assert_string_equal(text, abc);
    input_free(in);
    remove_file(path);
}

/* The digest of a compressed file is that of the file, not of what comes out. */
static void test_stored(void **state)
{
    uint8_t digest[DIGEST_BYTES], expected[DIGEST_BYTES];
    struct digest *d = digest_new();
    struct bytes b = {NULL, 0, 0};
    struct input *in;
    char *path;

    (void)state;
    assert_non_null(d);
    put_gzip(&b, "a.example\n", 10);
    assert_int_equal(digest_add(d, b.p, b.len), STS_OK);
    assert_int_equal(digest_end(d, expected), STS_OK);
    digest_free(d);
    path = file_of(&b);
    in = open_file(path);
    drain(in);
    assert_true(input_digest(in, digest));
    assert_memory_equal(digest, expected, DIGEST_BYTES);
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
        char *path;

        repeat(&b, '\n', 200000);
        if (i > 0)
            b.p[i == 1 ? 100000 : 199999] = ' ';
        path = file_of(&b);
        in = open_file(path);
        memcpy(edges[i], input_info(in)->edge_digest, DIGEST_BYTES);
        drain(in);
        assert_true(input_digest(in, whole[i]));
        input_free(in);
        remove_file(path);
    }
    assert_memory_equal(edges[0], edges[1], DIGEST_BYTES);
    assert_memory_not_equal(edges[0], edges[2], DIGEST_BYTES);
    assert_memory_not_equal(whole[0], whole[1], DIGEST_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),   cmocka_unit_test(test_dense),   cmocka_unit_test(test_empty),
        cmocka_unit_test(test_damage),  cmocka_unit_test(test_foreign), cmocka_unit_test(test_open_errors),
        cmocka_unit_test(test_digests), cmocka_unit_test(test_edges),   cmocka_unit_test(test_stored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
