/* iso_time.c, log.c, status_file.c, metadata.c: what is in the files beside the records, and what happens
 * when they cannot be written. */
#include "scanner/iso_time.h"
#include "scanner/log.h"
#include "scanner/metadata.h"
#include "scanner/status_file.h"

#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S(text)                \
    {                          \
        text, sizeof(text) - 1 \
    }
#define TEXT_BYTES 8192

/* A directory to work in, as the current one. */
static int setup(void **state)
{
    char dir[] = "/tmp/test_side_files.XXXXXX";

    *state = mkdtemp(dir) != NULL ? strdup(dir) : NULL;
    return *state == NULL ? -1 : chdir(*state);
}

static int teardown(void **state)
{
    int rc = chdir("/");

    if (rmdir(*state) != 0) /* so a test leaves nothing behind */
        rc = -1;
    free(*state);
    return rc;
}

static void read_and_remove(const char *path, char text[TEXT_BYTES])
{
    FILE *file = fopen(path, "r");
    size_t len;

    assert_non_null(file);
    len = fread(text, 1, TEXT_BYTES - 1, file);
    text[len] = '\0';
    fclose(file);
    unlink(path);
}

/* Standard error goes to the file "err" from now on; returns what takes it back. */
static int catch_messages(void)
{
    int keep = dup(STDERR_FILENO), fd = open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(keep >= 0 && fd >= 0);
    assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    close(fd);
    return keep;
}

static void release_messages(int keep)
{
    assert_int_equal(dup2(keep, STDERR_FILENO), STDERR_FILENO);
    close(keep);
}

static void test_iso_time(void **state)
{
    char text[ISO_TIME_BYTES];

    (void)state;
    iso_time(text, 0);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    iso_time(text, UINT64_C(1795326824007)); /* leap days are behind us */
    assert_string_equal(text, "2026-11-22T05:53:44.007Z");
    iso_time(text, UINT64_MAX);
    assert_true(text[0] == '\0' || strlen(text) < ISO_TIME_BYTES);
    assert_true(wall_ms() > UINT64_C(1700000000000));
}

/* The line behind its time. */
static const char *bare(const char *line)
{
    assert_true(strlen(line) > 25);
    assert_int_equal(line[10], 'T');
    assert_memory_equal(line + 23, "Z ", 2);
    return line + 25;
}

static void test_log(void **state)
{
    char text[TEXT_BYTES], *second, *third;
    struct sts_err err = {0};
    struct log *log;
    int keep, round;

    (void)state;
    keep = catch_messages();
    for (round = 0; round < 2; round++) { /* a log is added to */
        assert_int_equal(log_open(&log, "log", &err), STS_OK);
        fprintf(log_stream(log, true), "stscan: a ");
        fprintf(log_stream(log, true), "b\nstscan: c\n");
        fprintf(log_stream(log, false), "quiet\n");
        log_close(log);
    }
    assert_int_equal(log_open(&log, NULL, &err), STS_OK);
    fprintf(log_stream(log, true), "shown\n");
    fprintf(log_stream(log, false), "nowhere\n");
    log_close(log);
    log_close(NULL);
    release_messages(keep);
    read_and_remove("err", text);
    assert_string_equal(text, "stscan: a b\nstscan: c\nstscan: a b\nstscan: c\nshown\n");
    read_and_remove("log", text);
    second = strchr(text, '\n') + 1;
    third = strchr(second, '\n') + 1;
    assert_int_equal(strncmp(bare(text), "stscan: a b\n", 12), 0);
    assert_int_equal(strncmp(bare(second), "stscan: c\n", 10), 0);
    assert_int_equal(strncmp(bare(third), "quiet\n", 6), 0);
    assert_int_equal(strlen(third), 3 * 25 + strlen("quiet\nstscan: a b\nstscan: c\nquiet\n") + 25);
}

static void test_log_fails(void **state)
{
    struct sts_err err = {0};
    char text[TEXT_BYTES];
    struct log *log;
    int keep;

    (void)state;
    assert_int_equal(log_open(&log, "no/such", &err), STS_EIO);
    assert_string_equal(err.msg, "no/such: cannot open: No such file or directory");
    err = (struct sts_err){0};
    keep = catch_messages();
    assert_int_equal(log_open(&log, "/dev/full", &err), STS_OK);
    fprintf(log_stream(log, true), "one\n");
    fprintf(log_stream(log, true), "two\n");
    log_close(log);
    release_messages(keep);
    read_and_remove("err", text);
    assert_string_equal(
        text, "one\nstscan: /dev/full: cannot write: No space left on device; messages go on without "
              "it\ntwo\n");
}

static void test_status(void **state)
{
    struct progress_view view = {.connections = 7, .input_bytes = 99};
    struct progress_rates rates = {.elapsed_s = 1.5, .names = 2.25, .done = -1, .eta_s = -1};
    struct sts_err err = {0};
    struct status_file *f;
    char text[TEXT_BYTES], *row;

    (void)state;
    view.counts.names_started = 5;
    view.counts.names_done = 3;
    assert_int_equal(status_file_open(&f, "status", false, &err), STS_OK);
    status_file_row(f, &view, &rates, stderr);
    rates.done = 0.125;
    rates.eta_s = 10.4;
    view.counts.names_done = 6; /* one began and ended while the counters were read */
    view.counts.answers = 1;
    status_file_row(f, &view, &rates, stderr);
    status_file_close(f);
    status_file_close(NULL);
    read_and_remove("status", text);
    assert_int_equal(strncmp(text,
                             "time,elapsed_s,percent,eta_s,names_per_s,queries_per_s,connects_per_s,"
                             "in_flight_names,in_flight_queries,connections,input_bytes,names_started,",
                             138),
                     0);
    row = strchr(text, '\n') + 1;
    assert_non_null(strstr(row, "Z,1.500,,,2.25,0.00,0.00,2,0,7,99,5,3,"));
    row = strchr(row, '\n') + 1;
    assert_non_null(strstr(row, "Z,1.500,12.50,10,2.25,0.00,0.00,0,0,7,99,5,6,"));
    assert_int_equal(status_file_open(&f, "/dev/full", false, &err), STS_EIO);
    assert_string_equal(err.msg, "/dev/full: cannot write: No space left on device");
}

static void test_metadata(void **state)
{
    struct rec_option options[] = {{S("output"), S("a \"b\"\n\xc3\xa4\xff")}};
    struct sts_str libraries[] = {S("zstd 1")};
    struct rec_count outcomes[] = {
        {REC_domain, OC_OK, 2}, {REC_domain, OC_NAME_EMPTY, 1}, {REC_ip, OC_NONE, 4}};
    char digest[DIGEST_BYTES] = {(char)0xab};
    const struct rec_scan scan = {.program = S("stscan 1"),
                                  .seed = UINT64_MAX,
                                  .options = {options, 1},
                                  .libraries = {libraries, 1},
                                  .input = S("-")};
    const struct rec_end end = {.end_ms = 1000,
                                .reason = S("why"),
                                .positions = 3,
                                .counts = {outcomes, 3},
                                .input_digest = {digest, DIGEST_BYTES}};
    const struct counts counts = {.queries = 12};
    const struct metadata m = {
        .scan = &scan, .end = &end, .counts = &counts, .input = {9, 3, 1, 2}, .bytes = 77};
    static const char *const parts[] = {
        "{\n  \"program\": \"stscan 1\",\n  \"start\": \"1970-01-01T00:00:00.000Z\",\n  \"end\": "
        "\"1970-01-01T00:00:01.000Z\",\n  \"complete\": false,\n  \"reason\": \"why\",\n",
        "\"seed\": \"18446744073709551615\"",
        "\"output\": \"a \\\"b\\\"\\u000a\xc3\xa4\\u00ff\"",
        "\"sha256\": \"ab00",
        "\"positions_read\": 9,\n    \"positions_of_shard\": 3,\n    \"no_names\": 1,\n    \"folded\": 2\n",
        "\"domain\": {\n      \"OK\": 2,\n      \"NAME_EMPTY\": 1\n    },\n    \"ip\": {\n      \"records\": "
        "4\n    "
        "}\n  },",
        "\"queries\": 12"};
    struct sts_err err = {0};
    struct metadata_file *f;
    char text[TEXT_BYTES];
    size_t i;

    (void)state;
    assert_int_equal(metadata_open(&f, "meta", &err), STS_OK);
    assert_int_equal(access("meta", F_OK), -1);
    assert_int_equal(metadata_write(f, &m, &err), STS_OK);
    metadata_close(f);
    read_and_remove("meta", text);
    for (i = 0; i < STS_LEN(parts); i++) {
        if (strstr(text, parts[i]) == NULL)
            fail_msg("%s\nis not in\n%s", parts[i], text);
    }
    assert_null(strstr(text, "\"bytes\"")); /* a pipe has no size */
}

static void test_metadata_fails(void **state)
{
    struct sts_err err = {0};
    struct metadata_file *f;

    (void)state;
    assert_int_equal(metadata_open(&f, "no/such", &err), STS_EIO);
    assert_string_equal(err.msg, "no/such.new: cannot write: No such file or directory");
    err = (struct sts_err){0};
    assert_int_equal(metadata_open(&f, ".", &err), STS_EIO);
    assert_string_equal(err.msg, ".: is a directory");
    err = (struct sts_err){0};
    assert_int_equal(metadata_open(&f, "meta", &err), STS_OK);
    metadata_close(f); /* the scan did not begin: teardown() finds nothing */
    metadata_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iso_time),
        cmocka_unit_test_setup_teardown(test_log, setup, teardown),
        cmocka_unit_test_setup_teardown(test_log_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_status, setup, teardown),
        cmocka_unit_test_setup_teardown(test_metadata, setup, teardown),
        cmocka_unit_test_setup_teardown(test_metadata_fails, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
