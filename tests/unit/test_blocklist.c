/* blocklist.c, text_file.c, exclusions.c: what a line may be, what a list covers, how one takes the place of
 * another while threads use it. */
#include "scanner/blocklist.h"
#include "scanner/exclusions.h"
#include "scanner/text_file.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_THREADS  3
#define N_VERSIONS 200
#define MANY_NAMES 200000

static char path[] = "/tmp/stscan-blocklist-XXXXXX";

static void write_lines(const char *lines, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(lines, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static struct blocklist *list_of(const char *lines)
{
    struct blocklist *b = NULL;
    struct sts_err err = {0};

    write_lines(lines, strlen(lines));
    if (blocklist_read(path, &b, &err) != STS_OK)
        fail_msg("%s", err.msg);
    return b;
}

/* The error names the file and the line, and says `reason`. */
static void wrong(const char *lines, size_t len, unsigned line, const char *reason)
{
    struct blocklist *b = NULL;
    struct sts_err err = {0};
    char place[64];

    write_lines(lines, len);
    if (blocklist_read(path, &b, &err) == STS_OK)
        fail_msg("\"%s\" is taken", lines);
    assert_null(b);
    snprintf(place, sizeof(place), "%s:%u: ", path, line);
    if (strncmp(err.msg, place, strlen(place)) != 0 || strstr(err.msg, reason) == NULL)
        fail_msg("\"%s\", not \"%s...%s\"", err.msg, place, reason);
}

static bool has_address(const struct blocklist *b, const char *text)
{
    struct address a;

    assert_int_equal(address_parse(text, &a), STS_OK);
    return blocklist_has_address(b, &a);
}

static void test_lines(void **state)
{
    struct blocklist *b = list_of("# exclusions\n"
                                  "\n"
                                  "192.0.2.0/24 # as zmap has it\n"
                                  "  198.51.100.7\t\r\n"
                                  "2001:db8::/32\n"
                                  "2001:DB9::1#no blank\n"
                                  "Example.COM.\n"
                                  "b\xc3\xbc"
                                  "cher.example\n"
                                  "example.com\n"
                                  "last.example");

    (void)state;
    assert_int_equal(blocklist_n_prefixes(b), 4);
    assert_int_equal(blocklist_n_names(b), 3);
    assert_true(has_address(b, "192.0.2.255"));
    assert_true(has_address(b, "::ffff:192.0.2.255"));
    assert_false(has_address(b, "192.0.3.0"));
    assert_true(has_address(b, "198.51.100.7"));
    assert_false(has_address(b, "198.51.100.8"));
    assert_true(has_address(b, "2001:db8:ffff::1"));
    assert_true(has_address(b, "2001:db9::1"));
    assert_false(has_address(b, "2001:db9::2"));
    assert_true(blocklist_has_name(b, "example.com"));
    assert_true(blocklist_has_name(b, "xn--bcher-kva.example"));
    assert_true(blocklist_has_name(b, "last.example"));
    blocklist_unref(b);
}

static void test_subdomains(void **state)
{
    struct blocklist *b = list_of("example.com\nmta-sts.example.org\n");

    (void)state;
    assert_true(blocklist_has_name(b, "a.example.com"));
    assert_true(blocklist_has_name(b, "mta-sts.a.b.example.com"));
    assert_true(blocklist_has_name(b, "_25._tcp.mx.example.com"));
    assert_false(blocklist_has_name(b, "com"));
    assert_false(blocklist_has_name(b, "notexample.com"));
    assert_false(blocklist_has_name(b, "example.com.net"));
    assert_true(blocklist_has_name(b, "mta-sts.example.org"));
    assert_false(blocklist_has_name(b, "example.org"));
    assert_false(blocklist_has_name(b, "a\\.example.com"));  /* "a.example" is one label of it */
    assert_true(blocklist_has_name(b, "a\\\\.example.com")); /* "a\" is */
    assert_true(blocklist_has_name(b, "\\032.example.com"));
    assert_false(blocklist_has_name(b, ""));
    assert_false(has_address(b, "192.0.2.1"));
    blocklist_unref(b);
}

static void test_nothing(void **state)
{
    struct blocklist *b = list_of("# nothing yet\n");

    (void)state;
    assert_false(blocklist_has_name(b, "example.com"));
    assert_false(has_address(b, "192.0.2.1"));
    blocklist_unref(b);
    assert_false(blocklist_has_name(NULL, "example.com"));
    assert_false(has_address(NULL, "192.0.2.1"));
    assert_int_equal(blocklist_n_names(NULL) + blocklist_n_prefixes(NULL), 0);
}

static void test_wrong_lines(void **state)
{
    static const struct {
        const char *lines;
        unsigned line;
        const char *reason;
    } bad[] = {
        {"192.0.2.1/24\n", 1, "is 192.0.2.0/24 meant?"},
        {"example.com\n10.0.0.0/33\n", 2, "no number from 0 to 32"},
        {"\n\n10.0.0.256/8\n", 3, "is no IP address or prefix"},
        {"10.0.0.0/8 11.0.0.0/8\n", 1, "length of the prefix"},
        {"example.com,example.org\n", 1, "no address, prefix or domain name"},
        {"*.example.com\n", 1, "no address, prefix or domain name"},
        {"two words\n", 1, "no address, prefix or domain name"},
        {".example.com\n", 1, "empty label"},
        {"http://example.com\n", 1, "is no IP address or prefix"},
        {"ok.example\n1.2.3.4.5\n", 2, "no address, prefix or domain name"},
        {"10.0.0\n", 1, "no address, prefix or domain name"},
        {"10.0.0.1-10.0.0.9\n", 1, "a range of addresses is written as prefixes"},
        {"!192.0.2.0/24\n", 1, "is no IP address or prefix"},
    };
    static char longest[2000];

    (void)state;
    for (size_t i = 0; i < STS_LEN(bad); i++)
        wrong(bad[i].lines, strlen(bad[i].lines), bad[i].line, bad[i].reason);
    wrong("a.example\nb.ex\0ample\n", 21, 2, "NUL");
    wrong("a.example\nb.ex\0ample", 20, 2, "NUL");
    memset(longest, 'a', sizeof(longest));
    wrong(longest, sizeof(longest), 1, "longer than");
}

/* Protects memory: of a line that is too long, or never ends, no more is read than tells so. */
static void test_long_lines(void **state)
{
    char lines[TEXT_FILE_LINE_BYTES + 1];
    struct blocklist *b = NULL;
    struct sts_err err = {0};

    (void)state;
    memset(lines, '#', sizeof(lines));
    lines[TEXT_FILE_LINE_BYTES - 1] = '\n';
    write_lines(lines, TEXT_FILE_LINE_BYTES);
    assert_int_equal(blocklist_read(path, &b, &err), STS_OK);
    blocklist_unref(b);
    b = NULL;
    lines[TEXT_FILE_LINE_BYTES - 1] = '#';
    lines[TEXT_FILE_LINE_BYTES] = '\n';
    wrong(lines, sizeof(lines), 1, "the line is longer than 1024 bytes");
    assert_int_equal(blocklist_read("/dev/zero", &b, &err), STS_EFORMAT);
    assert_string_equal(err.msg, "/dev/zero:1: the line holds a NUL byte");
}

static void test_no_file(void **state)
{
    struct blocklist *b = NULL;
    struct sts_err err = {0};

    (void)state;
    assert_int_equal(blocklist_read("/nonexistent/list", &b, &err), STS_EIO);
    assert_string_equal(err.msg, "/nonexistent/list: cannot open: No such file or directory");
}

static void test_many_names(void **state)
{
    FILE *file = fopen(path, "w");
    struct blocklist *b = NULL;
    struct sts_err err = {0};
    char name[64];

    (void)state;
    for (unsigned i = 0; i < MANY_NAMES; i++)
        fprintf(file, "n%u.example\n%u.%u.%u.0/24\n", i, 1 + (i >> 16), i >> 8 & 255, i & 255);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(blocklist_read(path, &b, &err), STS_OK);
    assert_int_equal(blocklist_n_names(b), MANY_NAMES);
    assert_int_equal(blocklist_n_prefixes(b), MANY_NAMES);
    for (unsigned i = 0; i < 2 * MANY_NAMES; i += 997) {
        snprintf(name, sizeof(name), "www.n%u.example", i);
        assert_int_equal(blocklist_has_name(b, name), i < MANY_NAMES);
    }
    blocklist_unref(b);
}

/* ---- one list after the other ---- */

struct user {
    struct exclusions *x;
    _Atomic bool *stop;
    unsigned n_taken, n_wrong;
};

/* Every version holds either name, and never both. */
static void *use(void *arg)
{
    struct user *u = arg;
    struct blocklist *held = NULL;
    uint64_t version = 0;

    while (!atomic_load(u->stop)) {
        u->n_taken += exclusions_take(u->x, &held, &version);
        u->n_wrong += blocklist_has_name(held, "a.even.example") == blocklist_has_name(held, "a.odd.example");
    }
    u->n_taken += exclusions_take(u->x, &held, &version);
    u->n_wrong += !blocklist_has_name(held, "odd.example");
    blocklist_unref(held);
    return NULL;
}

static void test_replace(void **state)
{
    struct blocklist *lists[2] = {list_of("even.example\n"), list_of("odd.example\n")};
    _Atomic bool stop = false;
    struct user users[N_THREADS];
    pthread_t threads[N_THREADS];
    struct exclusions x;

    (void)state;
    exclusions_init(&x, lists[0]);
    blocklist_unref(lists[0]);
    for (unsigned i = 0; i < N_THREADS; i++) {
        users[i] = (struct user){.x = &x, .stop = &stop};
        assert_int_equal(pthread_create(&threads[i], NULL, use, &users[i]), 0);
    }
    for (unsigned i = 1; i < N_VERSIONS; i++) {
        struct blocklist *next = list_of(i % 2 ? "odd.example\n" : "even.example\n");

        exclusions_replace(&x, next);
        blocklist_unref(next);
    }
    atomic_store(&stop, true);
    for (unsigned i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(users[i].n_taken >= 1);
        assert_int_equal(users[i].n_wrong, 0);
    }
    blocklist_unref(lists[1]);
    exclusions_fini(&x);
}

static void test_take_once(void **state)
{
    struct blocklist *held = NULL, *list = list_of("a.example\n");
    struct exclusions x;
    uint64_t version = 0;

    (void)state;
    exclusions_init(&x, NULL);
    assert_true(exclusions_take(&x, &held, &version));
    assert_null(held);
    assert_false(exclusions_take(&x, &held, &version));
    exclusions_replace(&x, list);
    assert_true(exclusions_take(&x, &held, &version));
    assert_ptr_equal(held, list);
    exclusions_fini(&x);
    blocklist_unref(list);
    assert_true(blocklist_has_name(held, "a.example")); /* as long as it is held */
    blocklist_unref(held);
}

static int make_path(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),      cmocka_unit_test(test_subdomains),
        cmocka_unit_test(test_nothing),    cmocka_unit_test(test_wrong_lines),
        cmocka_unit_test(test_long_lines), cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_many_names), cmocka_unit_test(test_replace),
        cmocka_unit_test(test_take_once),
    };

    return cmocka_run_group_tests(tests, make_path, remove_path);
}
