/* The codec on every field, and the golden scans: old scans stay readable, damage is found and named. */
#include "sinks/reader.h"
#include "tests/golden/golden.h"
#include "tests/golden/walk.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PART      TEST_DATA "/golden/v1/part-000001.msgpack.zst"
#define STOPPED   TEST_DATA "/golden/v1-stopped"
#define MOST_PART (1u << 20)

static void check_round_trip(unsigned kind, const void *record)
{
    struct rec_buf buf = {0};
    struct arena arena;
    enum rec_kind decoded_kind;
    void *decoded;
    size_t used;

    arena_init(&arena, 0);
    assert_int_equal(rec_encode(&buf, (enum rec_kind)kind, record), STS_OK);
    assert_int_equal(rec_decode(buf.p, buf.len, &arena, &decoded_kind, &decoded, &used), STS_OK);
    assert_int_equal(decoded_kind, kind);
    assert_int_equal(used, buf.len);
    assert_null(walk_differ(rec_schema(kind), record, decoded));
    rec_buf_fini(&buf);
    arena_fini(&arena);
}

/* decode(encode(r)) = r: nothing set, each field alone, all fields. */
static void test_round_trip(void **state)
{
    (void)state;
    for (unsigned kind = 1; kind < REC_KIND_LIMIT; kind++) {
        const struct rec_schema *schema = rec_schema(kind);
        struct arena arena;
        uint64_t turn = 0;

        arena_init(&arena, 0);
        check_round_trip(kind, arena_alloc(&arena, schema->size_bytes));
        for (uint32_t i = 0; i < schema->n_fields; i++) {
            void *record = arena_alloc(&arena, schema->size_bytes);

            walk_fill_field(&schema->fields[i], record, &arena, &turn);
            check_round_trip(kind, record);
        }
        for (int i = 0; i < 20; i++) { /* other values each time */
            void *record = arena_alloc(&arena, schema->size_bytes);

            walk_fill(schema, record, &arena, &turn);
            check_round_trip(kind, record);
        }
        arena_fini(&arena);
    }
}

/* A record that ends early is never taken for one. */
static void test_short_record(void **state)
{
    struct rec_buf buf = {0};
    struct arena arena;
    enum rec_kind kind;
    void *record;
    size_t used;

    (void)state;
    for (unsigned f = 0; f < golden_n_frames; f++) {
        buf.len = 0;
        assert_int_equal(rec_encode(&buf, golden_frames[f].kind, golden_frames[f].records), STS_OK);
        for (size_t len = 0; len < buf.len; len++) {
            uint8_t *copy = malloc(len ? len : 1); /* of this size, so that a sanitizer sees a step too far */

            memcpy(copy, buf.p, len);
            arena_init(&arena, 0);
            assert_int_equal(rec_decode(copy, len, &arena, &kind, &record, &used), STS_EFORMAT);
            arena_fini(&arena);
            free(copy);
        }
    }
    rec_buf_fini(&buf);
}

/* ---- the file against the records that it was made of ---- */

struct reading {
    unsigned frame; /* of golden_frames; certificates stand before */
    uint32_t record;
    unsigned n_certs, n_scans, n_ends;
    struct walk_cover cover;
};

static int on_record(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                     struct sts_err *err)
{
    struct reading *r = arg;
    const struct golden_frame *frame = &golden_frames[r->frame];
    const struct rec_schema *schema = rec_schema(kind);

    (void)place, (void)err;
    walk_cover(schema, record, &r->cover);
    if (kind == REC_scan) {
        assert_null(walk_differ(schema, record, &golden_scan));
        r->n_scans++;
    } else if (kind == REC_cert) {
        assert_null(walk_differ(schema, record, &golden_certs[r->n_certs++]));
    } else if (kind == REC_end) {
        r->n_ends++;
    } else {
        const char *expected = (const char *)frame->records + (size_t)r->record * schema->size_bytes;

        assert_true(r->frame < golden_n_frames);
        assert_int_equal(kind, frame->kind);
        assert_null(walk_differ(schema, record, expected));
        if (++r->record == frame->n) {
            r->record = 0;
            r->frame++;
        }
    }
    return STS_OK;
}

static void read_golden(const char *path, struct reading *r, unsigned n_frames)
{
    struct sts_err err = {0};
    struct scan_reader *reader;

    assert_true(golden_load_certs(TEST_DATA "/golden/certs"));
    assert_int_equal(scan_reader_open(&reader, path, &err), STS_OK);
    r->frame = r->n_certs = r->n_scans = r->n_ends = 0;
    assert_int_equal(scan_reader_each(reader, REC_MASK_ALL, on_record, r, &err), STS_OK);
    assert_int_equal(r->frame, n_frames);
    assert_int_equal(r->n_certs, GC_LIMIT);
    assert_int_equal(r->n_scans, 1);
    assert_int_equal(r->n_ends, 1);
    scan_reader_close(reader);
}

static void check_covered(const struct rec_schema *schema, const struct walk_cover *cover)
{
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        if (!walk_is_covered(cover, &schema->fields[i]))
            fail_msg("no golden record has %s.%s", schema->name, schema->fields[i].key);
        if (schema->fields[i].of != NULL)
            check_covered(schema->fields[i].of, cover);
    }
}

static void test_golden(void **state)
{
    struct reading *r = calloc(1, sizeof(*r));

    (void)state;
    read_golden(TEST_DATA "/golden/v1", r, golden_n_frames);
    read_golden(STOPPED, r, GOLDEN_STOPPED_FRAMES);
    for (unsigned kind = 1; kind < REC_KIND_LIMIT; kind++)
        check_covered(rec_schema(kind), &r->cover);
    free(r);
}

/* ---- damage ---- */

struct bytes {
    uint8_t *p;
    size_t len;
    char path[64];
};

static int set_up(void **state)
{
    struct bytes *b = calloc(1, sizeof(*b));
    int in = open(PART, O_RDONLY), fd;
    ssize_t n;

    if (b == NULL || in < 0 || (b->p = malloc(MOST_PART)) == NULL || (n = read(in, b->p, MOST_PART)) <= 0)
        return -1;
    close(in);
    b->len = (size_t)n;
    snprintf(b->path, sizeof(b->path), "/tmp/test_golden.XXXXXX");
    fd = mkstemp(b->path);
    if (fd < 0 || write(fd, b->p, b->len) != n || close(fd) != 0)
        return -1;
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bytes *b = *state;

    unlink(b->path);
    free(b->p);
    free(b);
    return 0;
}

static int ignore(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                  struct sts_err *err)
{
    (void)arg, (void)kind, (void)record, (void)place, (void)err;
    return STS_OK;
}

static int read_all(const char *path, struct sts_err *err)
{
    struct scan_reader *reader;

    memset(err, 0, sizeof(*err));
    if (scan_reader_open(&reader, path, err) != STS_OK)
        return err->code;
    (void)!scan_reader_each(reader, REC_MASK_ALL, ignore, NULL, err);
    scan_reader_close(reader);
    return err->code;
}

/* Offsets of the frames; returns how many. */
static unsigned find_frames(const struct bytes *b, size_t offsets[64])
{
    unsigned n = 0;

    for (size_t at = 0; at < b->len && n < 64; n++) {
        struct frame_info info;

        assert_int_equal(frame_header_decode(b->p + at, &info), STS_OK);
        offsets[n] = at;
        at += FRAME_HEADER_BYTES + info.packed_bytes;
    }
    return n;
}

/* Cut anywhere in the last two frames: a torn tail, and all before it is read. */
static void test_truncated(void **state)
{
    const struct bytes *b = *state;
    size_t offsets[64];
    unsigned n = find_frames(b, offsets);

    for (size_t len = b->len - 1; len > offsets[n - 2]; len--) {
        struct scan_reader *reader;
        struct sts_err err = {0};

        assert_int_equal(truncate(b->path, (off_t)len), 0);
        assert_int_equal(scan_reader_open(&reader, b->path, &err), STS_OK);
        if (len == offsets[n - 1]) { /* between two frames: a scan that was stopped */
            assert_null(scan_reader_torn(reader));
        } else {
            assert_int_equal(scan_reader_torn(reader)->offset, offsets[n - 1 - (len < offsets[n - 1])]);
            assert_string_equal(scan_reader_torn(reader)->file, b->path);
        }
        assert_int_equal(scan_reader_each(reader, REC_MASK_ALL, ignore, NULL, &err), STS_OK);
        scan_reader_close(reader);
    }
}

/* Any byte changed is found. In the last frame it makes a torn tail. */
static void test_flipped(void **state)
{
    const struct bytes *b = *state;
    size_t offsets[64];
    unsigned n = find_frames(b, offsets);
    int fd = open(b->path, O_WRONLY);

    assert_true(fd >= 0);
    for (size_t at = 0; at < offsets[n - 1]; at++) {
        uint8_t flipped = b->p[at] ^ 0xff;
        struct sts_err err;

        assert_int_equal(pwrite(fd, &flipped, 1, (off_t)at), 1);
        if (read_all(b->path, &err) != STS_EFORMAT || strstr(err.msg, "offset") == NULL ||
            strstr(err.msg, b->path) == NULL)
            fail_msg("byte %zu flipped: %s", at, err.msg);
        assert_int_equal(pwrite(fd, &b->p[at], 1, (off_t)at), 1);
    }
    close(fd);
}

static void test_foreign(void **state)
{
    struct sts_err err;

    (void)state;
    assert_int_equal(read_all("/dev/null", &err), STS_EFORMAT);
    assert_int_equal(read_all(TEST_DATA "/golden/certs/mx.der", &err), STS_EFORMAT);
    assert_non_null(strstr(err.msg, "at offset 0: this is no scan"));
    assert_int_equal(read_all(TEST_DATA "/golden/certs", &err), STS_EFORMAT);
    assert_int_equal(read_all(TEST_DATA "/golden/no-such-scan", &err), STS_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_short_record),
        cmocka_unit_test(test_golden),
        cmocka_unit_test_setup_teardown(test_truncated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flipped, set_up, tear_down),
        cmocka_unit_test(test_foreign),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
