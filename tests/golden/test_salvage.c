/* --skip-bad-frames: the golden scan damaged byte by byte, cut everywhere, without its start, with holes and
 * with junk. What is lost is what was damaged, and nothing is read twice. */
#include "sinks/reader.h"
#include "tests/golden/golden.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PART        TEST_DATA "/golden/v1/part-000001.msgpack.zst"
#define MOST_PART   (1u << 20)
#define MOST_FRAMES 64
#define HOLE_BYTES  97
#define STEP        7 /* bytes, behind the headers */

struct scene {
    uint8_t *whole;
    size_t len;
    size_t offsets[MOST_FRAMES + 1]; /* of the frames, then the end */
    struct frame_info frames[MOST_FRAMES];
    unsigned n;
    uint64_t n_records;
    int fd;
    char path[64];
};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    int in = open(PART, O_RDONLY);
    ssize_t len;

    *state = s;
    if (s == NULL || in < 0 || (s->whole = malloc(MOST_PART)) == NULL ||
        (len = read(in, s->whole, MOST_PART)) <= 0)
        return -1;
    close(in);
    s->len = (size_t)len;
    for (size_t at = 0; at < s->len; s->n++) {
        if (s->n == MOST_FRAMES || frame_header_decode(s->whole + at, &s->frames[s->n]) != STS_OK)
            return -1;
        s->offsets[s->n] = at;
        s->n_records += s->frames[s->n].n_records;
        at += FRAME_HEADER_BYTES + s->frames[s->n].packed_bytes;
    }
    s->offsets[s->n] = s->len;
    snprintf(s->path, sizeof(s->path), "/tmp/test_salvage.XXXXXX");
    s->fd = mkstemp(s->path);
    return s->fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    close(s->fd);
    unlink(s->path);
    free(s->whole);
    free(s);
    return 0;
}

/* The next byte to damage: each of a header and the one behind it, then some. */
static size_t step(size_t at, size_t frame)
{
    return at + (at < frame + FRAME_HEADER_BYTES ? 1 : STEP);
}

/* The file becomes whole[from..from + n) behind `at` bytes that are there. */
static void put(struct scene *s, size_t at, const void *p, size_t n)
{
    assert_int_equal(ftruncate(s->fd, (off_t)at), 0);
    assert_int_equal(pwrite(s->fd, p, n, (off_t)at), (ssize_t)n);
}

struct seen {
    uint64_t n, bytes; /* records; of the frames that they stand in */
    uint64_t offset;   /* of the last frame */
    uint32_t next;     /* record expected in it */
    const struct scene *scene;
};

static int on_record(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                     struct sts_err *err)
{
    struct seen *seen = arg;

    (void)kind, (void)record, (void)err;
    if (place->record == 0) {
        assert_true(seen->n == 0 || place->offset > seen->offset); /* no frame twice */
        seen->offset = place->offset;
        seen->next = 0;
    }
    assert_int_equal(place->record, seen->next++);
    seen->n++;
    return STS_OK;
}

/* Opens, reads all twice, and gives what was lost. False: no frame is whole. */
static bool salvage(struct scene *s, size_t len, struct scan_losses *losses, uint64_t *n_records)
{
    const struct scan_reader_options options = {.skip_bad = true, .advice = " (advice)"};
    struct sts_err err = {0};
    struct scan_reader *r;
    uint64_t indexed = 0;

    if (scan_reader_open_with(&r, s->path, &options, &err) != STS_OK) {
        assert_int_equal(err.code, STS_EFORMAT);
        assert_null(strstr(err.msg, "advice"));
        return false;
    }
    *losses = *scan_reader_losses(r);
    for (int pass = 0; pass < 2; pass++) {
        struct seen seen = {.scene = s};

        assert_int_equal(scan_reader_each(r, REC_MASK_ALL, on_record, &seen, &err), STS_OK);
        *n_records = seen.n;
    }
    for (unsigned kind = 0; kind < REC_KIND_LIMIT; kind++)
        indexed += scan_reader_n_records(r, kind);
    assert_int_equal(indexed, *n_records);
    assert_int_equal(scan_reader_bytes(r), len);
    assert_int_equal(scan_reader_losses(r)->n, losses->n); /* counted once */
    if (losses->n > 0)
        assert_string_equal(losses->v[0].file, s->path);
    scan_reader_close(r);
    return true;
}

/* Bytes changed, one at a time: one frame is lost, no more. */
static void test_flipped(void **state)
{
    struct scene *s = *state;

    put(s, 0, s->whole, s->len);
    for (unsigned f = 0; f < s->n; f++) {
        for (size_t at = s->offsets[f]; at < s->offsets[f + 1]; at = step(at, s->offsets[f])) {
            bool in_header = at - s->offsets[f] < FRAME_HEADER_BYTES;
            uint8_t flipped = s->whole[at] ^ 0xff;
            struct scan_losses losses = {0};
            uint64_t n = 0;

            assert_int_equal(pwrite(s->fd, &flipped, 1, (off_t)at), 1);
            assert_true(salvage(s, s->len, &losses, &n));
            assert_int_equal(pwrite(s->fd, &s->whole[at], 1, (off_t)at), 1);
            assert_int_equal(n, s->n_records - s->frames[f].n_records);
            assert_int_equal(losses.n, 1);
            assert_int_equal(losses.v[0].offset, s->offsets[f]);
            assert_int_equal(losses.v[0].bytes, s->offsets[f + 1] - s->offsets[f]);
            assert_int_equal(losses.bytes, losses.v[0].bytes);
            assert_int_equal(losses.headless, in_header);
            assert_int_equal(losses.frames, !in_header);
            assert_int_equal(losses.records, in_header ? 0 : s->frames[f].n_records);
            assert_int_equal(losses.kinds, in_header ? 0 : REC_MASK(s->frames[f].kind));
        }
    }
}

/* Cut anywhere. */
static void test_truncated(void **state)
{
    struct scene *s = *state;
    uint64_t whole = 0;

    put(s, 0, s->whole, s->len);
    for (unsigned f = s->n; f-- > 0;) {
        whole = 0;
        for (unsigned before = 0; before < f; before++)
            whole += s->frames[before].n_records;
        for (size_t len = s->offsets[f] + 1; len < s->offsets[f + 1]; len = step(len, s->offsets[f])) {
            size_t left = len - s->offsets[f];
            struct scan_losses losses = {0};
            uint64_t n = 0;

            put(s, 0, s->whole, len);
            assert_int_equal(salvage(s, len, &losses, &n), f > 0);
            if (f == 0)
                continue;
            assert_int_equal(n, whole);
            assert_int_equal(losses.n, 1);
            assert_int_equal(losses.bytes, left);
            assert_int_equal(losses.frames, left >= FRAME_HEADER_BYTES);
            assert_int_equal(losses.records, left >= FRAME_HEADER_BYTES ? s->frames[f].n_records : 0);
        }
    }
    assert_int_equal(whole, 0);
}

/* Without its first bytes: goes on at the next frame. */
static void test_start_missing(void **state)
{
    struct scene *s = *state;

    for (unsigned f = 0; f + 1 < s->n; f++) {
        for (size_t from = s->offsets[f] + 1; from < s->offsets[f + 1]; from = step(from, s->offsets[f])) {
            struct scan_losses losses = {0};
            uint64_t n = 0, left = 0;

            for (unsigned behind = f + 1; behind < s->n; behind++)
                left += s->frames[behind].n_records;
            put(s, 0, s->whole + from, s->len - from);
            assert_true(salvage(s, s->len - from, &losses, &n));
            assert_int_equal(n, left);
            assert_int_equal(losses.n, 1);
            assert_int_equal(losses.headless, 1);
            assert_int_equal(losses.bytes, s->offsets[f + 1] - from);
        }
    }
}

/* Bytes missing in the middle, within a frame and across several: every frame that is whole is read. */
static void test_hole(void **state)
{
    struct scene *s = *state;

    for (size_t from = 0; from + HOLE_BYTES <= s->len; from += 17) {
        struct scan_losses losses = {0};
        uint64_t n = 0, whole = 0, whole_bytes = 0;

        for (unsigned f = 0; f < s->n; f++) {
            if (s->offsets[f + 1] > from && s->offsets[f] < from + HOLE_BYTES)
                continue;
            whole += s->frames[f].n_records;
            whole_bytes += s->offsets[f + 1] - s->offsets[f];
        }
        put(s, 0, s->whole, from);
        put(s, from, s->whole + from + HOLE_BYTES, s->len - from - HOLE_BYTES);
        assert_true(salvage(s, s->len - HOLE_BYTES, &losses, &n));
        assert_int_equal(n, whole);
        assert_int_equal(losses.bytes, s->len - HOLE_BYTES - whole_bytes);
    }
}

/* Junk between two frames costs no record, be it short or longer than what is searched at a time. */
static void test_junk(void **state)
{
    struct scene *s = *state;
    static uint8_t junk[600000];
    static const size_t sizes[] = {1, 63, 64, 65, 5000, 262144, 262200, sizeof(junk)};

    for (size_t i = 0; i < sizeof(junk); i++)
        junk[i] = i % 7 == 0 ? 0x53 : (uint8_t)(i * 31);
    for (unsigned f = 0; f <= s->n; f++) {
        for (size_t i = 0; i < STS_LEN(sizes); i++) {
            struct scan_losses losses = {0};
            uint64_t n = 0;

            put(s, 0, s->whole, s->offsets[f]);
            put(s, s->offsets[f], junk, sizes[i]);
            put(s, s->offsets[f] + sizes[i], s->whole + s->offsets[f], s->len - s->offsets[f]);
            assert_true(salvage(s, s->len + sizes[i], &losses, &n));
            assert_int_equal(n, s->n_records);
            assert_int_equal(losses.n, 1);
            assert_int_equal(losses.frames, 0);
            assert_int_equal(losses.bytes, sizes[i]);
            assert_int_equal(losses.v[0].offset, s->offsets[f]);
        }
    }
}

/* A peer's bytes are no frame: a whole scan within a record stays unread, though the header before is gone.
 */
static void test_frame_in_frame(void **state)
{
    struct scene *s = *state;
    struct rec_policy policy = {.name = sts_str("evil.example"),
                                .body = {(const char *)s->whole, (uint32_t)s->len}};
    struct frame_info info = {.kind = REC_policy, .n_records = 1};
    struct frame_packer *packer = frame_packer_new(-1000); /* so fast that bytes stay as they are */
    struct rec_buf raw = {0};
    struct scan_losses losses = {0};
    struct sts_str frame = {NULL, 0};
    uint64_t n = 0;

    assert_int_equal(rec_encode(&raw, REC_policy, &policy), STS_OK);
    info.raw_bytes = raw.len;
    assert_int_equal(frame_pack(packer, &info, raw.p, &frame), STS_OK);
    assert_non_null(
        memmem(frame.p + FRAME_HEADER_BYTES, frame.len - FRAME_HEADER_BYTES, s->whole, FRAME_HEADER_BYTES));
    put(s, 0, s->whole, s->offsets[1]);
    put(s, s->offsets[1], frame.p, frame.len);
    assert_int_equal(pwrite(s->fd, "X", 1, (off_t)s->offsets[1] + 20), 1);
    assert_true(salvage(s, s->offsets[1] + frame.len, &losses, &n));
    assert_int_equal(n, s->frames[0].n_records);
    assert_int_equal(losses.n, 1);
    assert_int_equal(losses.bytes, frame.len);
    rec_buf_fini(&raw);
    frame_packer_free(packer);
}

/* More places than are kept are counted. */
static void test_many(void **state)
{
    struct scene *s = *state;
    const unsigned copies = 3;
    struct scan_losses losses = {0};
    uint64_t n = 0;

    for (unsigned i = 0; i < copies; i++)
        put(s, i * s->len, s->whole, s->len);
    for (unsigned i = 0; i < copies * s->n; i++)
        if (i > 0)
            assert_int_equal(
                pwrite(s->fd, "Y", 1, (off_t)(i / s->n * s->len + s->offsets[i % s->n] + FRAME_HEADER_BYTES)),
                1);
    assert_true(salvage(s, copies * s->len, &losses, &n));
    assert_int_equal(n, s->frames[0].n_records);
    assert_int_equal(losses.n, copies * s->n - 1);
    assert_true(losses.n > SCAN_LOSSES_KEPT);
    assert_int_equal(losses.frames, losses.n);
    assert_int_equal(losses.records + n, copies * s->n_records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_flipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_truncated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_start_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_junk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_frame_in_frame, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
