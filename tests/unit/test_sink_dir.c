/* The directory of a scan: one writer at a time, frames whole or absent, readers at any time. */
#include "sinks/reader.h"
#include "sinks/writer.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIVE_FRAMES 3000
#define LIVE_PART   2000 /* bytes */

struct scene {
    char dir[64];
};

static const struct rec_scan scan_record = {.schema = 1, .start_ms = 1, .seed = 7};
static const struct scan_writer_options one_part = {.level = 1};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));

    *state = s;
    assert_non_null(s);
    snprintf(s->dir, sizeof(s->dir), "%s/test_sink_dir.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    return mkdtemp(s->dir) == NULL;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    char name[128];

    for (unsigned i = 1;; i++) {
        snprintf(name, sizeof(name), "%s/part-%06u.msgpack.zst", s->dir, i);
        if (unlink(name) != 0)
            break;
    }
    assert_int_equal(rmdir(s->dir), 0);
    free(s);
    return 0;
}

/* A policy of `n` bytes in a frame of its own. */
static int put(struct scan_writer *w, uint32_t n, struct sts_err *err)
{
    struct rec_policy policy = {.name = sts_str("a.example")};
    struct frame_info info = {.kind = REC_policy, .n_records = 1};
    struct rec_buf raw = {0};
    char *body = malloc(n);
    uint64_t seed = n;
    int rc;

    assert_non_null(body);
    for (uint32_t i = 0; i < n; i++)
        body[i] = (char)random_next(&seed);
    policy.body = (struct sts_str){body, n};
    assert_int_equal(rec_encode(&raw, REC_policy, &policy), STS_OK);
    info.raw_bytes = raw.len;
    rc = scan_writer_put(w, &info, raw.p, err);
    rec_buf_fini(&raw);
    free(body);
    return rc;
}

static struct scan_writer *begin(const char *dir, const struct scan_writer_options *options)
{
    struct scan_writer *w = NULL;
    struct sts_err err = {0};
    struct sink *sink;

    if (sink_dir_open(dir, &sink, &err) != STS_OK ||
        scan_writer_new(&w, sink, &scan_record, options, &err) != STS_OK)
        fail_msg("%s", err.msg);
    return w;
}

static int count(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                 struct sts_err *err)
{
    (void)kind, (void)record, (void)place, (void)err;
    ++*(unsigned *)arg;
    return STS_OK;
}

static void expect_busy(const char *dir)
{
    struct sts_err err = {0};
    struct sink *sink;
    int lock;

    assert_int_equal(sink_dir_lock(dir, &lock, &err), STS_EBUSY);
    assert_non_null(strstr(err.msg, dir));
    assert_non_null(strstr(err.msg, ": another stscan is writing here"));
    err = (struct sts_err){0};
    assert_int_equal(sink_dir_open(dir, &sink, &err), STS_EBUSY);
}

/* A second writer is refused until the first closes; a reader is not. */
static void test_lock(void **state)
{
    const struct scene *s = *state;
    struct scan_writer *w = begin(s->dir, &one_part);
    struct scan_reader *r;
    struct sts_err err = {0};
    struct sink *sink;
    int lock;

    expect_busy(s->dir);
    assert_int_equal(scan_reader_open(&r, s->dir, &err), STS_OK);
    scan_reader_close(r);
    assert_int_equal(scan_writer_close(w, NULL, &err), STS_OK);
    assert_int_equal(sink_dir_open(s->dir, &sink, &err), STS_EEXIST);
    err = (struct sts_err){0};
    assert_int_equal(sink_dir_lock(s->dir, &lock, &err), STS_OK);
    expect_busy(s->dir);
    close(lock);
    assert_int_equal(sink_dir_lock(s->dir, &lock, &err), STS_OK);
    close(lock);
}

/* A writer that was killed holds nothing any more. */
static void test_lock_killed(void **state)
{
    const struct scene *s = *state;
    struct sts_err err = {0};
    int ready[2], lock, status;
    char byte;
    pid_t child;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (sink_dir_lock(s->dir, &lock, &err) != STS_OK || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    expect_busy(s->dir);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(sink_dir_lock(s->dir, &lock, &err), STS_OK);
    close(lock);
    close(ready[0]);
    close(ready[1]);
}

/* No room in the middle of a frame: it is taken back, and what was written before is a scan. */
static void test_no_room(void **state)
{
    const struct scene *s = *state;
    struct scan_writer *w = begin(s->dir, &one_part);
    struct rlimit before, small;
    struct sts_err err = {0};
    struct scan_reader *r;
    unsigned n = 0;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(put(w, 3000, &err), STS_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 5000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(put(w, 3000, &err), STS_EIO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_non_null(strstr(err.msg, "part-000001.msgpack.zst: cannot write: "));
    assert_int_equal(scan_writer_close(w, NULL, &err), STS_EIO); /* the first failure stays */
    err = (struct sts_err){0};
    assert_int_equal(scan_reader_open(&r, s->dir, &err), STS_OK);
    assert_null(scan_reader_torn(r));
    assert_int_equal(scan_reader_each(r, REC_MASK_ALL, count, &n, &err), STS_OK);
    assert_int_equal(n, 2);
    scan_reader_close(r);
}

/* Nothing is cut that is not what was read. */
static void test_resume_refused(void **state)
{
    const struct scene *s = *state;
    struct scan_writer *w = begin(s->dir, &one_part);
    char name[128], other[128];
    struct scan_loss losses[] = {{.offset = 1, .bytes = 1, .file = name},
                                 {.offset = 0, .bytes = 0, .file = other}};
    struct sts_err err = {0};
    struct sink *sink;
    struct stat was, is;
    int lock;

    assert_int_equal(scan_writer_close(w, NULL, &err), STS_OK);
    snprintf(name, sizeof(name), "%s/part-000001.msgpack.zst", s->dir);
    snprintf(other, sizeof(other), "%s/part-000002.msgpack.zst", s->dir);
    assert_int_equal(stat(name, &was), 0);
    losses[1].bytes = (uint64_t)was.st_size;
    for (size_t i = 0; i < STS_LEN(losses); i++) {
        err = (struct sts_err){0};
        assert_int_equal(sink_dir_lock(s->dir, &lock, &err), STS_OK);
        assert_int_equal(sink_dir_resume(s->dir, lock, &losses[i], &sink, &err), STS_EIO);
        assert_non_null(strstr(err.msg, "changed while the scan was read"));
    }
    assert_int_equal(stat(name, &is), 0);
    assert_int_equal(is.st_size, was.st_size);
    assert_int_equal(stat(other, &is), -1);
    err = (struct sts_err){0};
    assert_int_equal(sink_dir_lock(name, &lock, &err), STS_EIO); /* a file */
    err = (struct sts_err){0};
    assert_int_equal(sink_dir_lock("/no-such-directory", &lock, &err), STS_EIO);
}

static void write_live(const char *dir)
{
    const struct scan_writer_options small_parts = {.level = 1, .part_size_bytes = LIVE_PART};
    struct scan_writer *w = begin(dir, &small_parts);
    struct sts_err err = {0};

    for (unsigned i = 0; i < LIVE_FRAMES; i++)
        if (put(w, 100 + i % 300, &err) != STS_OK)
            _exit(1);
    _exit(scan_writer_close(w, NULL, &err) != STS_OK);
}

/* A scan that is being written can be read at any time, and never becomes less. */
static void test_live(void **state)
{
    const struct scene *s = *state;
    pid_t child = fork();
    unsigned before = 0, n = 0, n_reads = 0;
    int status = 0;

    assert_true(child >= 0);
    if (child == 0)
        write_live(s->dir);
    for (bool over = false; !over; n_reads++) {
        struct scan_reader *r;
        struct sts_err err = {0};

        over = waitpid(child, &status, WNOHANG) == child;
        if (scan_reader_open(&r, s->dir, &err) != STS_OK) {
            assert_int_equal(before, 0); /* before the first frame */
            assert_int_equal(err.code, STS_EFORMAT);
            continue;
        }
        n = 0;
        if (scan_reader_each(r, REC_MASK(REC_policy), count, &n, &err) != STS_OK)
            fail_msg("%s", err.msg);
        scan_reader_close(r);
        assert_true(n >= before);
        before = n;
    }
    assert_int_equal(status, 0);
    assert_int_equal(n, LIVE_FRAMES);
    assert_true(n_reads > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lock_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_resume_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_live, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
