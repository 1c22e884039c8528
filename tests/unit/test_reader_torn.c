/* A scan that was cut: the last part ends, or turns to zeros, at every byte of it. What is whole before is
 * read, what is not is said, and who goes on with it has a whole scan again. */
#include "sinks/reader.h"
#include "sinks/writer.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_PART    8192
#define PART_FRAMES  3 /* scan, host, domains */
#define PART_RECORDS 5
#define RECORDS_EACH \
    {                \
        1, 1, 3      \
    }

struct scene {
    char dir[64], part[3][128]; /* the parts; the third is that of who goes on */
    uint8_t bytes[MOST_PART];   /* of the second part */
    size_t len, offsets[PART_FRAMES + 1];
    unsigned n_records[PART_FRAMES];
};

static const struct rec_scan scan_record = {.schema = 1, .start_ms = 1, .seed = 7};

static void put_hosts(struct scan_writer *w, unsigned n, struct sts_err *err)
{
    const struct rec_host host = {.name = {"mx.example", 10}, .oc = OC_OK};
    struct frame_info info = {.kind = REC_host, .n_records = n};
    struct rec_buf raw = {0};

    for (unsigned i = 0; i < n; i++)
        assert_int_equal(rec_encode(&raw, REC_host, &host), STS_OK);
    info.raw_bytes = raw.len;
    assert_int_equal(scan_writer_put(w, &info, raw.p, err), STS_OK);
    rec_buf_fini(&raw);
}

static void put_domains(struct scan_writer *w, struct sts_err *err)
{
    struct frame_info info = {.kind = REC_domain, .n_records = 3, .first_pos = 4, .last_pos = 6};
    struct rec_buf raw = {0};

    for (uint64_t pos = 4; pos <= 6; pos++) {
        struct rec_domain d = {.pos = pos, .oc = OC_NAME_EMPTY};

        assert_int_equal(rec_encode(&raw, REC_domain, &d), STS_OK);
    }
    info.raw_bytes = raw.len;
    assert_int_equal(scan_writer_put(w, &info, raw.p, err), STS_OK);
    rec_buf_fini(&raw);
}

/* Two parts of the same frames. */
static void write_scan(struct scene *s)
{
    const struct scan_writer_options options = {.level = 1};
    struct sts_err err = {0};
    struct scan_writer *w;
    struct sink *sink;

    assert_int_equal(sink_dir_open(s->dir, &sink, &err), STS_OK);
    for (int part = 0; part < 2; part++) {
        assert_int_equal(scan_writer_new(&w, sink, &scan_record, &options, &err), STS_OK);
        put_hosts(w, 1, &err);
        put_domains(w, &err);
        assert_int_equal(scan_writer_close(w, NULL, &err), STS_OK);
        if (part == 0) {
            int lock;

            assert_int_equal(sink_dir_lock(s->dir, &lock, &err), STS_OK);
            assert_int_equal(sink_dir_resume(s->dir, lock, NULL, &sink, &err), STS_OK);
        }
    }
}

static int set_up(void **state)
{
    static const unsigned n_records[] = RECORDS_EACH;
    struct scene *s = calloc(1, sizeof(*s));
    struct frame_info info;
    int fd;

    *state = s;
    assert_non_null(s);
    /* In memory, where it can be: each of a thousand runs flushes to disk. */
    snprintf(s->dir, sizeof(s->dir), "%s/test_reader_torn.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(s->dir));
    for (unsigned i = 0; i < STS_LEN(s->part); i++)
        snprintf(s->part[i], sizeof(s->part[i]), "%s/part-%06u.msgpack.zst", s->dir, i + 1);
    write_scan(s);
    fd = open(s->part[1], O_RDONLY);
    s->len = (size_t)read(fd, s->bytes, sizeof(s->bytes));
    close(fd);
    for (unsigned i = 0; i < PART_FRAMES; i++) {
        assert_int_equal(frame_header_decode(s->bytes + s->offsets[i], &info), STS_OK);
        s->offsets[i + 1] = s->offsets[i] + FRAME_HEADER_BYTES + info.packed_bytes;
        s->n_records[i] = n_records[i];
    }
    assert_int_equal(s->offsets[PART_FRAMES], s->len);
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    for (unsigned i = 0; i < STS_LEN(s->part); i++)
        unlink(s->part[i]);
    assert_int_equal(rmdir(s->dir), 0);
    free(s);
    return 0;
}

/* A part becomes these bytes and no more. */
static void put_part(const char *name, const void *p, size_t len)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_int_equal(write(fd, p, len), (ssize_t)len);
    close(fd);
}

/* The second part as it is up to `len`; with `zeros`, zeros behind that. False: that changes nothing. */
static bool spoil(const struct scene *s, size_t len, bool zeros)
{
    uint8_t bytes[MOST_PART] = {0};

    memcpy(bytes, s->bytes, len);
    put_part(s->part[1], bytes, zeros ? s->len : len);
    return zeros ? memcmp(bytes, s->bytes, s->len) != 0 : len < s->len;
}

static int count(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                 struct sts_err *err)
{
    (void)kind, (void)record, (void)place, (void)err;
    ++*(unsigned *)arg;
    return STS_OK;
}

static struct scan_reader *open_scan(const char *path)
{
    struct scan_reader *r = NULL;
    struct sts_err err = {0};

    if (scan_reader_open(&r, path, &err) != STS_OK)
        fail_msg("%s", err.msg);
    return r;
}

static unsigned records_of(struct scan_reader *r)
{
    struct sts_err err = {0};
    unsigned n = 0;

    if (scan_reader_each(r, REC_MASK_ALL, count, &n, &err) != STS_OK)
        fail_msg("%s", err.msg);
    return n;
}

/* Goes on with the scan: another run, of a host. */
static void go_on(const struct scene *s, unsigned n_before)
{
    const struct scan_writer_options options = {.level = 1};
    struct sts_err err = {0};
    struct scan_reader *r;
    struct scan_writer *w;
    struct sink *sink;
    int lock;

    assert_int_equal(sink_dir_lock(s->dir, &lock, &err), STS_OK);
    r = open_scan(s->dir);
    if (sink_dir_resume(s->dir, lock, scan_reader_torn(r), &sink, &err) != STS_OK)
        fail_msg("%s", err.msg);
    scan_reader_close(r);
    assert_int_equal(scan_writer_new(&w, sink, &scan_record, &options, &err), STS_OK);
    put_hosts(w, 1, &err);
    assert_int_equal(scan_writer_close(w, NULL, &err), STS_OK);
    r = open_scan(s->dir);
    assert_null(scan_reader_torn(r));
    assert_int_equal(records_of(r), n_before + 2);
    scan_reader_close(r);
    assert_int_equal(access(s->part[2], F_OK), n_before > PART_RECORDS ? 0 : -1); /* else it is the second */
    unlink(s->part[2]);
}

static void check_cut(const struct scene *s, size_t len, bool zeros)
{
    size_t size = zeros ? s->len : len;
    unsigned whole = 0, n = PART_RECORDS;
    const struct scan_loss *torn;
    struct scan_reader *r;

    if (!spoil(s, len, zeros))
        return;
    for (; whole < PART_FRAMES && s->offsets[whole + 1] <= len; whole++)
        n += s->n_records[whole];
    r = open_scan(s->dir);
    torn = scan_reader_torn(r);
    if (s->offsets[whole] == size && size > 0) {
        assert_null(torn); /* between two frames, nobody can tell */
    } else {
        assert_non_null(torn);
        assert_string_equal(torn->file, s->part[1]);
        assert_int_equal(torn->offset, s->offsets[whole]);
        assert_int_equal(torn->bytes, size - s->offsets[whole]);
        assert_true(torn->why[0] != '\0');
    }
    assert_int_equal(scan_reader_n_parts(r), whole > 0 ? 2 : 1);
    assert_int_equal(scan_reader_bytes(r), s->len + s->offsets[whole]);
    assert_int_equal(records_of(r), n);
    scan_reader_close(r);
    go_on(s, n);
}

static void test_cut(void **state)
{
    const struct scene *s = *state;

    for (size_t len = 0; len < s->len; len++)
        check_cut(s, len, false);
}

static void test_zeros(void **state)
{
    const struct scene *s = *state;

    for (size_t len = 0; len < s->len; len++)
        check_cut(s, len, true);
}

/* A byte that changed in the last frame is a torn tail; with a whole frame behind it, it is damage. */
static void test_damage(void **state)
{
    const struct scene *s = *state;

    for (size_t at = 0; at < s->len; at++) {
        bool in_last = at >= s->offsets[PART_FRAMES - 1];
        struct scan_reader *r = NULL;
        struct sts_err err = {0};
        uint8_t bytes[MOST_PART];
        unsigned n = 0;

        memcpy(bytes, s->bytes, s->len);
        bytes[at] ^= 0xff;
        put_part(s->part[1], bytes, s->len);
        if (scan_reader_open(&r, s->dir, &err) == STS_OK)
            (void)!scan_reader_each(r, REC_MASK_ALL, count, &n, &err);
        assert_int_equal(err.code, in_last ? STS_OK : STS_EFORMAT);
        if (in_last)
            assert_int_equal(scan_reader_torn(r)->offset, s->offsets[PART_FRAMES - 1]);
        scan_reader_close(r);
    }
}

/* An earlier part that is cut, at any place but between two frames, is damaged. */
static void test_earlier_part(void **state)
{
    const struct scene *s = *state;

    for (size_t len = 1; len < s->len; len++) {
        struct scan_reader *r = NULL;
        struct sts_err err = {0};
        bool between = len == s->offsets[1] || len == s->offsets[2];

        put_part(s->part[0], s->bytes, len);
        assert_int_equal(scan_reader_open(&r, s->dir, &err), between ? STS_OK : STS_EFORMAT);
        scan_reader_close(r);
    }
}

/* Where not even one scan record is whole, there is no scan, and that is said. */
static void test_nothing_whole(void **state)
{
    const struct scene *s = *state;

    unlink(s->part[0]);
    for (size_t len = 0; len < s->offsets[1]; len++) {
        for (int zeros = 0; zeros < 2; zeros++) {
            struct scan_reader *r;
            struct sts_err err = {0};
            size_t size = zeros ? s->offsets[1] : len;
            uint8_t bytes[MOST_PART] = {0};

            memcpy(bytes, s->bytes, len);
            put_part(s->part[1], bytes, size);
            if (memcmp(bytes, s->bytes, size) == 0 && size == s->offsets[1])
                continue;
            assert_int_equal(scan_reader_open(&r, s->dir, &err), STS_EFORMAT);
            assert_non_null(strstr(err.msg, s->part[1]));
        }
    }
}

/* What a peer sent is no frame, though it looks like one and the frame that it is in was cut. */
static void test_frame_in_frame(void **state)
{
    const struct scene *s = *state;
    struct rec_policy policy = {.body = {(const char *)s->bytes, (uint32_t)s->len}};
    struct frame_info info = {.kind = REC_policy, .n_records = 1};
    struct frame_packer *packer = frame_packer_new(-1000); /* so fast that bytes stay as they are */
    struct rec_buf raw = {0};
    struct sts_str frame = {NULL, 0};
    uint8_t bytes[2 * MOST_PART];
    struct scan_reader *r;

    policy.name = sts_str("a-policy-host-with-a-name-so-long-that-something-stands-behind.example");
    assert_int_equal(rec_encode(&raw, REC_policy, &policy), STS_OK);
    info.raw_bytes = raw.len;
    assert_int_equal(frame_pack(packer, &info, raw.p, &frame), STS_OK);
    assert_non_null(memmem(frame.p + FRAME_HEADER_BYTES, frame.len - FRAME_HEADER_BYTES, s->bytes, 200));
    memcpy(bytes, s->bytes, s->len);
    memcpy(bytes + s->len, frame.p, frame.len);
    for (uint32_t cut = 1; cut < frame.len; cut++) {
        put_part(s->part[1], bytes, s->len + frame.len - cut);
        r = open_scan(s->dir);
        assert_int_equal(scan_reader_torn(r)->offset, s->len);
        assert_int_equal(records_of(r), 2 * PART_RECORDS);
        scan_reader_close(r);
    }
    rec_buf_fini(&raw);
    frame_packer_free(packer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_zeros, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_earlier_part, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_frame_in_frame, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
