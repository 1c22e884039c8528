/* servers.c: name servers as the user and resolv.conf write them. */
#include "scanner/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* "ip port, ip port" */
static void shows(const struct servers *s, const char *expected)
{
    char out[512] = "", text[ADDRESS_TEXT_BYTES];
    size_t len = 0;
    uint32_t i;

    for (i = 0; i < s->n; i++) {
        address_format(&s->v[i].address, text);
        len +=
            (size_t)snprintf(out + len, sizeof(out) - len, "%s%s %u", i == 0 ? "" : ", ", text, s->v[i].port);
    }
    assert_string_equal(out, expected);
}

static void good(const char *text, const char *expected)
{
    struct servers s = {NULL, 0};
    struct sts_err err = {0};

    if (servers_parse(&s, text, &err) != STS_OK)
        fail_msg("%s", err.msg);
    shows(&s, expected);
    servers_fini(&s);
}

static void bad(const char *text, const char *words)
{
    struct servers s = {NULL, 0};
    struct sts_err err = {0};

    assert_int_not_equal(servers_parse(&s, text, &err), STS_OK);
    if (strstr(err.msg, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
    servers_fini(&s);
}

static void test_lists(void **state)
{
    (void)state;
    good("192.0.2.1", "192.0.2.1 53");
    good("192.0.2.1:5353", "192.0.2.1 5353");
    good("2001:db8::1", "2001:db8::1 53");
    good("[2001:db8::1]", "2001:db8::1 53");
    good("[2001:db8::1]:65535", "2001:db8::1 65535");
    good("::1,192.0.2.1:1,192.0.2.2,[::1]:54", "::1 53, 192.0.2.1 1, 192.0.2.2 53, ::1 54");
    good("192.0.2.1,192.0.2.1:53,192.0.2.1:54", "192.0.2.1 53, 192.0.2.1 54"); /* twice the same */
}

static void test_bad_lists(void **state)
{
    static const char *const texts[] = {"",
                                        ",",
                                        "192.0.2.1,",
                                        "192.0.2.1, ::1",
                                        "192.0.2.1:",
                                        "1.1.1.1:0",
                                        "1.1.1.1:x",
                                        "1.1.1.1:65536",
                                        "1.1.1.1:99999999999",
                                        "[::1",
                                        "[::1]53",
                                        "[::1]:",
                                        "[]:53",
                                        "dns.example",
                                        "::1:53:x",
                                        "fe80::1%a",
                                        "192.0.2.1:53:54",
                                        "]",
                                        "1.1.1.1:-1"};
    size_t i;

    (void)state;
    for (i = 0; i < STS_LEN(texts); i++)
        bad(texts[i], "is no name server (ip, ip:port or [ip6]:port)");
}

/* A file with this text; `at` gets its name with "@" before it. */
static void write_file(const char *text, char at[64])
{
    FILE *file;
    int fd;

    snprintf(at, 64, "@/tmp/test_servers.XXXXXX");
    fd = mkstemp(at + 1);
    assert_true(fd >= 0);
    file = fdopen(fd, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void test_files(void **state)
{
    char at[64];

    (void)state;
    write_file("# ours\n\n192.0.2.1\n  [2001:db8::1]:54  # second\r\n192.0.2.2:55#x", at);
    good(at, "192.0.2.1 53, 2001:db8::1 54, 192.0.2.2 55");
    unlink(at + 1);
    write_file("192.0.2.1\n\nnonsense\n", at);
    bad(at, ":3: \"nonsense\" is no name server");
    unlink(at + 1);
    write_file("192.0.2.1 192.0.2.2\n", at);
    bad(at, ":1: more than one name server in a line");
    unlink(at + 1);
    write_file("# none\n", at);
    bad(at, ": no name server in it");
    unlink(at + 1);
    bad(at, ": cannot open: No such file or directory");
}

static void test_resolv_conf(void **state)
{
    struct servers s = {NULL, 0};
    struct sts_err err = {0};
    char at[64];

    (void)state;
    write_file("# made by hand\nsearch example.org\nnameserver 192.0.2.53\nnameserver\t2001:db8::53 \n"
               "nameserver fe80::1%eth0\nnameservers 192.0.2.1\n;nameserver 192.0.2.2\noptions edns0\n",
               at);
    assert_int_equal(servers_read_resolv_conf(&s, at + 1, &err), STS_OK);
    shows(&s, "192.0.2.53 53, 2001:db8::53 53");
    servers_fini(&s);
    unlink(at + 1);
    write_file("search example.org\n", at);
    assert_int_equal(servers_read_resolv_conf(&s, at + 1, &err), STS_EINVAL);
    servers_fini(&s);
    unlink(at + 1);
}

/* Protects messages: resolvers as the user writes them, and not a thousand of them. */
static void test_text(void **state)
{
    char one[SERVER_TEXT_BYTES], all[SERVERS_TEXT_BYTES];
    struct servers s = {NULL, 0};
    struct sts_err err = {0};

    (void)state;
    servers_text(&s, all);
    assert_string_equal(all, "");
    assert_int_equal(
        servers_parse(&s, "192.0.2.1,[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535", &err), STS_OK);
    server_text(&s.v[1], one);
    assert_string_equal(one, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    servers_text(&s, all);
    assert_string_equal(all, "192.0.2.1:53, [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    assert_int_equal(servers_parse(&s, "192.0.2.3,192.0.2.4,192.0.2.5,192.0.2.6:5", &err), STS_OK);
    servers_text(&s, all);
    assert_string_equal(all, "192.0.2.1:53, [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535, 192.0.2.3:53, "
                             "192.0.2.4:53 and 2 more");
    servers_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists), cmocka_unit_test(test_bad_lists),   cmocka_unit_test(test_files),
        cmocka_unit_test(test_text),  cmocka_unit_test(test_resolv_conf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
