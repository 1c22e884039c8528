/* options*.c: every kind of value, its limits, what goes together, what is said of mistakes. */
#include "scanner/input.h"
#include "scanner/options_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MOST_WORDS 32

/* "stscan" and the words of `line`, which blanks part; `copy` holds them. */
static int parse_line(struct options *o, const char *line, char copy[1024], struct sts_err *err)
{
    char *argv[MOST_WORDS + 2] = {copy};
    int argc = 0;

    *err = (struct sts_err){0};
    snprintf(copy, 1024, "stscan%s%s", line[0] != '\0' ? " " : "", line);
    while (copy != NULL && argc < MOST_WORDS) {
        argv[argc++] = copy;
        copy = strchr(copy, ' ');
        if (copy != NULL)
            *copy++ = '\0';
    }
    return options_parse(o, argc, argv, err);
}

/* A command line that is right; options_fini() is the caller's. */
static void parse(struct options *o, const char *line, char copy[1024])
{
    struct sts_err err;

    if (parse_line(o, line, copy, &err) != STS_OK)
        fail_msg("\"%s\": %s", line, err.msg);
}

/* `words` are in the message. */
static void bad(const char *line, const char *words)
{
    struct options o;
    struct sts_err err;
    char copy[1024];

    if (parse_line(&o, line, copy, &err) != STS_EINVAL)
        fail_msg("\"%s\" is taken", line);
    if (strstr(err.msg, words) == NULL)
        fail_msg("\"%s\": \"%s\" does not say \"%s\"", line, err.msg, words);
    options_fini(&o);
}

static void test_defaults(void **state)
{
    struct options o;
    char copy[1024];

    (void)state;
    parse(&o, "--lab 127.0.0.0/8 a.example", copy);
    assert_null(o.input_file);
    assert_null(o.output);
    assert_int_equal(o.n_names, 1);
    assert_string_equal(o.names[0], "a.example");
    assert_int_equal(o.threads, 0);
    assert_int_equal(o.window, 50000);
    assert_int_equal(o.dns_timeout_ms, 5000);
    assert_int_equal(o.dns_deadline_ms, 20000);
    assert_int_equal(o.connect_rate, 500);
    assert_int_equal(o.max_connections, 3000);
    assert_int_equal(o.per_ip_smtp, 1);
    assert_int_equal(o.per_ip_interval_ms, 2000);
    assert_int_equal(o.per_prefix_smtp, 8);
    assert_int_equal(o.per_ip_hosts, 50);
    assert_int_equal(o.per_ip_signalled_hosts, 1000);
    assert_int_equal(o.per_ip_https, 4);
    assert_int_equal(o.per_prefix_https, 64);
    assert_int_equal(o.per_ip_https_rate, 10);
    assert_int_equal(o.policy_timeout_ms, 60000);
    assert_int_equal(o.smtp_timeout_ms, 60000);
    assert_int_equal(o.greeting_timeout_ms, 45000);
    assert_int_equal(o.connect_timeout_ms, 15000);
    assert_int_equal(o.attempts, 3);
    assert_int_equal(o.retry_after.n, 2);
    assert_int_equal(o.retry_after.ms[0], 300000);
    assert_int_equal(o.retry_after.ms[1], 1800000);
    assert_int_equal(o.tail_ms, 7200000);
    assert_int_equal(o.records,
                     RECORDS_MX | RECORDS_STS | RECORDS_RPT | RECORDS_DMARC | RECORDS_SPF | RECORDS_A);
    assert_int_equal(o.tlsa, WHEN_SECURE);
    assert_int_equal(o.fetch_policy, WHEN_SIGNALLED);
    assert_int_equal(o.probe_implicit_mx, WHEN_SIGNALLED);
    assert_int_equal(o.ip_version, IP_VERSION_ANY);
    assert_int_equal(o.control_rate, 1000);
    assert_int_equal(o.mx_limit, 20);
    assert_int_equal(o.address_limit, 8);
    assert_int_equal(o.smtp_port, 25);
    assert_int_equal(o.https_port, 443);
    assert_int_equal(o.compression_level, 1);
    assert_int_equal(o.part_size_bytes, 1 << 30);
    assert_int_equal(o.flush_seconds, 10);
    assert_int_equal(o.grace_ms, 10000);
    assert_false(o.keep_txt || o.no_starttls || o.quiet || o.verbose || o.help || o.version);
    assert_null(o.contact);
    assert_null(o.ca_file);
    assert_null(o.ehlo_name);
    assert_int_equal(o.name_servers.n + o.allow_reserved.n_entries, 0);
    assert_false(o.given[OPT_seed] || o.given[OPT_window] || o.given[OPT_dns_rate]);
    assert_true(o.given[OPT_lab]);
    options_fini(&o);
}

static void test_notations(void **state)
{
    struct options o;
    char copy[1024];

    (void)state;
    parse(&o, "-f names.gz -o- -T4 --window=7 --seed 18446744073709551615 --contact https://example.org/ -v",
          copy);
    assert_string_equal(o.input_file, "names.gz");
    assert_string_equal(o.output, "-");
    assert_int_equal(o.threads, 4);
    assert_int_equal(o.window, 7);
    assert_true(o.seed == UINT64_MAX);
    assert_true(o.verbose);
    options_fini(&o);
    parse(&o, "a.example -qT 2 --lab ::1 --threads 3 b.example -- -c.example --window", copy);
    assert_true(o.quiet);
    assert_int_equal(o.threads, 3); /* the later one */
    assert_int_equal(o.n_names, 4);
    assert_string_equal(o.names[1], "b.example");
    assert_string_equal(o.names[2], "-c.example");
    assert_string_equal(o.names[3], "--window");
    options_fini(&o);
    parse(&o, "-f - --lab ::1", copy);
    assert_string_equal(o.input_file, "-");
    options_fini(&o);
}

static void test_numbers(void **state)
{
    struct options o;
    char copy[1024];

    (void)state;
    parse(&o, "a --lab ::1 --window 10000000 --dns-rate 0 --smtp-port 65535", copy);
    assert_int_equal(o.window, 10000000);
    assert_true(o.given[OPT_dns_rate]);
    options_fini(&o);
    bad("--window abc", "--window: \"abc\" is no number (1 to 10000000)");
    bad("--window=", "--window: \"\" is no number (1 to 10000000)");
    bad("--window 5x", "--window: \"5x\" is no number");
    bad("--window +5", "is no number");
    bad("--window -5", "is no number");
    bad("--window 1.5", "is no number");
    bad("--window 0", "--window: 0 is out of range (1 to 10000000)");
    bad("--window 10000001", "out of range");
    bad("--window 18446744073709551617", "out of range"); /* 1 in 64 bits */
    bad("--seed 18446744073709551616",
        "--seed: 18446744073709551616 is out of range (0 to 18446744073709551615)");
    bad("--smtp-port 65536", "out of range (1 to 65535)");
    bad("--compression-level 20", "out of range (1 to 19)");
}

static void test_durations(void **state)
{
    struct options o;
    char copy[1024];

    (void)state;
    parse(&o,
          "a --lab ::1 --dns-timeout 500ms --smtp-timeout 7 --policy-timeout 2m --tail 3h --grace 0 "
          "--retry-after 1s,2m,3",
          copy);
    assert_int_equal(o.dns_timeout_ms, 500);
    assert_int_equal(o.smtp_timeout_ms, 7000);
    assert_int_equal(o.policy_timeout_ms, 120000);
    assert_int_equal(o.tail_ms, 10800000);
    assert_int_equal(o.grace_ms, 0);
    assert_int_equal(o.retry_after.n, 3);
    assert_int_equal(o.retry_after.ms[2], 3000);
    options_fini(&o);
    bad("--tail x", "--tail: \"x\" is no duration, such as 500ms, 5s, 2m, 1h (0 to 168h)");
    bad("--tail 5d", "is no duration");
    bad("--tail 5S", "is no duration");
    bad("--tail s", "is no duration");
    bad("--dns-timeout 0", "--dns-timeout: 0 is out of range (1ms to 10m)");
    bad("--tail 169h", "out of range (0 to 168h)");
    bad("--tail 5124095576030432h", "out of range"); /* does not fit into 64 bits */
    bad("--retry-after 5m,", "--retry-after: \"\" is no duration");
    bad("--retry-after 1,1,1,1,1,1,1,1,1", "--retry-after: more than 8 durations");
}

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } sizes[] = {{"0", 0}, {"4096", 4096}, {"64K", 65536}, {"3M", 3145728}, {"2G", UINT64_C(2) << 30}};
    struct options o;
    char copy[1024], line[128];
    size_t i;

    (void)state;
    for (i = 0; i < STS_LEN(sizes); i++) {
        snprintf(line, sizeof(line), "a --lab ::1 --part-size %s", sizes[i].text);
        parse(&o, line, copy);
        assert_true(o.part_size_bytes == sizes[i].bytes);
        options_fini(&o);
    }
    bad("--part-size 1k", "--part-size: \"1k\" is no size, such as 64K, 500M, 1G (0 to 1048576G)");
    bad("--part-size 2000000G", "out of range");
    bad("--part-size 17179869185G", "out of range");
}

static void test_choices(void **state)
{
    struct options o;
    char copy[1024];

    (void)state;
    parse(&o,
          "a --lab ::1 --tlsa never --fetch-policy always --probe-implicit-mx never --ip-version 6 --records "
          "a,mx",
          copy);
    assert_int_equal(o.tlsa, WHEN_NEVER);
    assert_int_equal(o.fetch_policy, WHEN_ALWAYS);
    assert_int_equal(o.probe_implicit_mx, WHEN_NEVER);
    assert_int_equal(o.ip_version, IP_VERSION_6);
    assert_int_equal(o.records, RECORDS_A | RECORDS_MX);
    options_fini(&o);
    parse(&o, "a --lab ::1 --ip-version 4 --records spf,dmarc,rpt,sts", copy);
    assert_int_equal(o.ip_version, IP_VERSION_4);
    assert_int_equal(o.records, RECORDS_SPF | RECORDS_DMARC | RECORDS_RPT | RECORDS_STS);
    options_fini(&o);
    bad("--tlsa maybe", "--tlsa: \"maybe\" is none of secure|always|never");
    bad("--tlsa sec", "is none of");
    bad("--ip-version 5", "is none of any|4|6");
    bad("--records mx,ns", "--records: \"ns\" is none of mx,sts,rpt,dmarc,spf,a");
    bad("--records=", "--records: \"\" is none of");
}

static void test_addresses(void **state)
{
    struct options o;
    struct address a;
    char copy[1024];

    (void)state;
    parse(&o,
          "a --lab 127.0.0.0/8,::1 --allow-reserved 10.0.0.0/8 --name-servers 127.0.0.1:5353,[::1]:54 "
          "--local-addr 127.0.0.2,::1",
          copy);
    assert_int_equal(o.lab.n_entries, 2);
    assert_int_equal(address_parse("127.9.9.9", &a), STS_OK);
    assert_true(prefix_set_holds(&o.lab, &a));
    assert_int_equal(o.allow_reserved.n_entries, 1);
    assert_int_equal(o.name_servers.n, 2);
    assert_int_equal(o.name_servers.v[1].port, 54);
    assert_true(o.local_addr.has_v4 && o.local_addr.has_v6);
    assert_int_equal(o.local_addr.v4.b[15], 2);
    assert_int_equal(o.local_addr.v6.b[15], 1);
    options_fini(&o);
    bad("--lab 127.0.0.1/8", "--lab: \"127.0.0.1/8\" has bits set behind the prefix; is 127.0.0.0/8 meant?");
    bad("--lab=", "--lab: \"\" is no IP address or prefix");
    bad("--lab ::1 --lab 127.0.0.1", "--lab is given twice; put all into one list");
    bad("--name-servers x", "--name-servers: \"x\" is no name server (ip, ip:port or [ip6]:port)");
    bad("--local-addr 127.0.0.1,127.0.0.2", "--local-addr: two addresses of the same family");
    bad("--local-addr x", "--local-addr: \"x\" is no IP address");
    bad("a --lab 127.0.0.0/8 --name-servers 127.0.0.1,192.0.2.1",
        "name server 192.0.2.1 is outside of --lab 127.0.0.0/8");
}

static void test_words(void **state)
{
    struct options o;
    char copy[1024];

    (void)state;
    parse(&o, "a --contact postmaster@example.org --ehlo-name Scan.example.org --ca-file ca.pem", copy);
    assert_string_equal(o.contact, "postmaster@example.org");
    assert_string_equal(o.ehlo_name, "Scan.example.org");
    assert_string_equal(o.ca_file, "ca.pem");
    options_fini(&o);
    bad("--ehlo-name a..b", "--ehlo-name: \"a..b\": name has an empty label");
    bad("--ehlo-name b\xc3\xbc"
        "cher.de",
        "is to be written xn--bcher-kva.de");
    bad("--ehlo-name example.org.", "is to be written example.org");
    bad("--contact me", "--contact: \"me\" is neither a URL (https://...) nor a mail address");
    bad("--contact https://", "is neither a URL");
    bad("--contact @example.org", "is neither a URL");
    bad("--contact me@", "is neither a URL");
    bad("--contact me@example.org\r\nX:", "has blanks or characters");
    bad("--contact (me@example.org)", "has blanks or characters");
    bad("--contact=", "is neither a URL");
    bad("--input-file=", "--input-file: its value is empty (FILE)");
}

static void test_unknown(void **state)
{
    (void)state;
    bad("--windw 5", "unknown option --windw; did you mean --window?");
    bad("--windwo=5", "did you mean --window?");
    bad("--name-server x", "did you mean --name-servers?");
    bad("--retry-aft", "did you mean --retry-after?");
    bad("--nonesuch-option x", "unknown option --nonesuch-option; --help lists them");
    bad("--x", "unknown option --x; --help lists them");
    bad("--a-name-that-is-much-longer-than-that-of-any-option-which-this-program-has-ever-had",
        "unknown option");
    bad("-x", "unknown option -x");
    bad("-qx", "unknown option -x");
    bad("--quiet=1", "--quiet takes no value");
    bad("--window", "--window: its value is missing (N)");
    bad("-qT", "--threads: its value is missing (N)");
    bad("-", "for names from standard input give -f -");
}

static void test_together(void **state)
{
    struct options o;
    char copy[1024];

    (void)state;
    bad("", "no input: give names as arguments, or a file with -f");
    bad("--lab ::1", "no input");
    bad("-f x a.example", "give names as arguments (\"a.example\") or a file with -f, not both");
    bad("a.example",
        "--contact is missing: people whose servers are contacted must be able to find out who scans "
        "and why; give a page or mail address, such as --contact https://example.org/scan (not needed "
        "with --lab, nor with --fetch-policy never --no-starttls)");
    bad("a.example --no-starttls", "--contact is missing");
    bad("a.example --fetch-policy never", "--contact is missing");
    bad("a.example --lab ::1 -qv", "--quiet and --verbose exclude each other");
    parse(&o, "a.example --no-starttls --fetch-policy never", copy);
    options_fini(&o);
    parse(&o, "--preflight --name-servers 8.8.8.8", copy); /* scans nothing: no input, no contact */
    assert_true(o.preflight);
    options_fini(&o);
    bad("--preflight --dry-run", "--preflight and --dry-run exclude each other");
    bad("--preflight --lab ::1 --name-servers 8.8.8.8", "outside of --lab");
    bad("--preflight --lab 8.0.0.0/8", "--lab");
    bad("a.example --probe-bogus a..b --lab ::1", "--probe-bogus");
    parse(&o, "--help", copy); /* needs nothing else */
    assert_true(o.help);
    options_fini(&o);
    parse(&o, "--version", copy);
    assert_true(o.version);
    options_fini(&o);
}

/* Input, shards, and the files beside the records. */
static void test_files(void **state)
{
    struct options o;
    char copy[1024];

    (void)state;
    parse(&o, "--lab ::1 -f x --input-format zone --origin com --shards 3 --shard 2", copy);
    assert_int_equal(o.input_format, INPUT_ZONE);
    assert_string_equal(o.origin, "com");
    assert_int_equal(o.shards, 3);
    assert_int_equal(o.shard, 2);
    options_fini(&o);
    parse(&o, "--lab ::1 -f x -u - -o y --metadata-file z -l w --max-runtime 2h", copy);
    assert_int_equal(o.input_format, INPUT_AUTO);
    assert_int_equal(o.shards, 1);
    assert_int_equal(o.max_runtime_ms, 7200000);
    options_fini(&o);
    bad("--lab ::1 a --shards 3 --shard 3", "--shard: 3 is out of range: of --shards 3 the last is 2");
    bad("--lab ::1 a --shard 1", "--shard: 1 is out of range");
    bad("--lab ::1 a --shards 0", "--shards: 0 is out of range (1 to 65536)");
    bad("--lab ::1 a --input-format names", "--input-format is of a file");
    bad("--lab ::1 a --origin com", "--origin is of a file");
    bad("--lab ::1 -f x --origin com --input-format csv",
        "--origin is of a zone file; --input-format says csv");
    bad("--lab ::1 -f x --origin com.", "is to be written com");
    bad("--lab ::1 a -o - -u -", "--output - and --status-updates-file -: only one can have standard output");
    bad("--lab ::1 a -u - --metadata-file -", "--status-updates-file - and --metadata-file -");
    bad("--lab ::1 a -l -", "--log-file: give a file");
}

static void test_default_servers(void **state)
{
    char path[] = "/tmp/test_options.XXXXXX", copy[1024];
    struct sts_err err = {0};
    struct options o;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "nameserver 127.0.0.53\n", 22), 22);
    close(fd);
    parse(&o, "a --lab 127.0.0.0/8", copy);
    assert_int_equal(options_default_servers(&o, path, &err), STS_OK);
    assert_int_equal(o.name_servers.n, 1);
    options_fini(&o);
    parse(&o, "a --lab 10.0.0.0/8 --name-servers 10.0.0.1", copy);
    assert_int_equal(options_default_servers(&o, path, &err), STS_OK);
    assert_int_equal(o.name_servers.n, 1);
    options_fini(&o);
    parse(&o, "a --lab 10.0.0.0/8", copy);
    assert_int_equal(options_default_servers(&o, path, &err), STS_EINVAL);
    assert_non_null(strstr(err.msg, "name server 127.0.0.53 is outside of --lab 10.0.0.0/8"));
    options_fini(&o);
    unlink(path);
}

static void test_dns_rate(void **state)
{
    struct address near, far;
    struct options o;
    char copy[1024];

    (void)state;
    assert_int_equal(address_parse("192.168.0.1", &near), STS_OK);
    assert_int_equal(address_parse("9.9.9.9", &far), STS_OK);
    parse(&o, "a --contact a@b", copy);
    assert_int_equal(options_dns_rate(&o, &near), 2000);
    assert_int_equal(options_dns_rate(&o, &far), 200);
    options_fini(&o);
    parse(&o, "a --contact a@b --dns-rate 0", copy);
    assert_int_equal(options_dns_rate(&o, &far), 0);
    options_fini(&o);
}

static void write_file(char path[], const char *text)
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* The message names the file and the line. */
static void bad_file(const char *option, const char *text, const char *words)
{
    char path[] = "/tmp/stscan-options-XXXXXX", line[256], place[128];
    struct options o;
    struct sts_err err;
    char copy[1024];

    write_file(path, text);
    snprintf(line, sizeof(line), "--lab 127.0.0.0/8 a.example --%s %s", option, path);
    snprintf(place, sizeof(place), "--%s: %s:", option, path);
    assert_int_not_equal(parse_line(&o, line, copy, &err), STS_OK);
    if (strncmp(err.msg, place, strlen(place)) != 0 || strstr(err.msg, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
    options_fini(&o);
    unlink(path);
}

static void test_rates_file(void **state)
{
    char path[] = "/tmp/stscan-options-XXXXXX", line[256];
    struct options o;
    char copy[1024];

    (void)state;
    write_file(path, "# slow\ndns-rate 50\n\nmax-connections = 7 # few\n");
    snprintf(
        line, sizeof(line),
        "--lab 127.0.0.0/8 --rates-file %s --dns-rate 9 --connect-rate 8 --name-servers 127.0.0.1 a.example",
        path);
    parse(&o, line, copy);
    assert_int_equal(o.dns_rate, 50); /* the file beats the option, wherever that stands */
    assert_true(o.given[OPT_dns_rate]);
    assert_string_equal(o.text[OPT_dns_rate], "50");
    assert_int_equal(options_total_dns_rate(&o), 50);
    assert_int_equal(o.max_connections, 7);
    assert_int_equal(o.connect_rate, 8);
    options_fini(&o);
    unlink(path);
    bad_file("rates-file", "dns-rate 5\ndns-rate 6\n", ":2: dns-rate stands there a second time");
    bad_file("rates-file", "window 5\n", ":1: \"window\" is none of dns-rate, connect-rate, max-connections");
    bad_file("rates-file", "connect-rate\n", ":1: --connect-rate: \"\" is no number");
    bad_file("rates-file", "\nconnect-rate fast\n", ":2: --connect-rate: \"fast\" is no number");
    bad_file("rates-file", "connect-rate 5 6\n", ":1: --connect-rate: \"5 6\" is no number");
    bad("--lab 127.0.0.0/8 a.example --rates-file", "--rates-file: its value is missing (FILE)");
}

static void test_blocklist_file(void **state)
{
    char path[] = "/tmp/stscan-options-XXXXXX", line[256];
    struct options o;
    char copy[1024];

    (void)state;
    write_file(path, "127.0.0.5\nexample.com\n");
    snprintf(line, sizeof(line), "--lab 127.0.0.0/8 -b %s a.example", path);
    parse(&o, line, copy);
    assert_true(blocklist_has_name(o.blocklist, "mx.example.com"));
    assert_int_equal(blocklist_n_prefixes(o.blocklist), 1);
    assert_string_equal(o.text[OPT_blocklist], path);
    options_fini(&o);
    unlink(path);
    bad_file("blocklist-file", "a.example\n127.0.0.1/8\n", ":2: \"127.0.0.1/8\" has bits set");
    bad_file("blocklist-file", "a b\n", ":1: \"a b\" is no address, prefix or domain name");
    bad("--lab 127.0.0.0/8 a.example -b /dev/null -b /dev/null", "--blocklist-file is given twice");
}

static void test_in_force(void **state)
{
    struct rec_option *list;
    struct sts_err err = {0};
    struct options o;
    struct arena arena;
    char copy[1024], out[4096];
    size_t len = 0;
    uint32_t n, i;

    (void)state;
    arena_init(&arena, 0);
    parse(&o, "a --lab ::1 -q --tail 30m --dns-rate 7 --window 9 --window 8", copy);
    assert_int_equal(options_in_force(&o, &arena, &list, &n, &err), STS_OK);
    for (i = 0; i < n; i++)
        len += (size_t)snprintf(out + len, sizeof(out) - len, "%s=%s\n", list[i].name.p, list[i].value.p);
    assert_non_null(strstr(out, "lab=::1\n"));
    assert_non_null(strstr(out, "quiet=yes\n"));
    assert_non_null(strstr(out, "tail=30m\n"));
    assert_non_null(strstr(out, "dns-rate=7\n"));
    assert_non_null(strstr(out, "window=8\n"));
    assert_null(strstr(out, "window=9\n"));
    assert_non_null(strstr(out, "retry-after=5m,30m\n")); /* a default */
    assert_null(strstr(out, "verbose"));
    assert_null(strstr(out, "seed")); /* chosen later, and has its own field */
    options_fini(&o);
    arena_fini(&arena);
}

static void test_help(void **state)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    const char *line;
    enum option_id id;

    (void)state;
    assert_non_null(out);
    options_print_help(out);
    options_print_version(out);
    assert_int_equal(fclose(out), 0);
    for (id = 0; id < OPTIONS_N; id++) {
        char name[64];

        snprintf(name, sizeof(name), " --%s", option_row(id)->name);
        assert_non_null(strstr(text, name));
        assert_true(option_row(id)->kind == KIND_FLAG || option_row(id)->arg != NULL);
    }
    assert_non_null(strstr(text, "--window N                   names in work at a time (default 50000)\n"));
    assert_non_null(strstr(text, "\nPace; 0 is no limit:\n"));
    assert_non_null(strstr(text, "\nstscan " STS_VERSION "\n"));
    for (line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        assert_in_range(strcspn(line, "\n"), 0, 100);
    free(text);
}

/* Names and letters are unlike each other, and every default is a value that the option takes. */
static void test_table(void **state)
{
    enum option_id a, b;

    (void)state;
    for (a = 0; a < OPTIONS_N; a++) {
        for (b = 0; b < a; b++) {
            assert_string_not_equal(option_row(a)->name, option_row(b)->name);
            assert_true(option_row(a)->letter == 0 || option_row(a)->letter != option_row(b)->letter);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),   cmocka_unit_test(test_notations),
        cmocka_unit_test(test_numbers),    cmocka_unit_test(test_durations),
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_choices),
        cmocka_unit_test(test_addresses),  cmocka_unit_test(test_words),
        cmocka_unit_test(test_unknown),    cmocka_unit_test(test_together),
        cmocka_unit_test(test_dns_rate),   cmocka_unit_test(test_in_force),
        cmocka_unit_test(test_files),      cmocka_unit_test(test_default_servers),
        cmocka_unit_test(test_help),       cmocka_unit_test(test_table),
        cmocka_unit_test(test_rates_file), cmocka_unit_test(test_blocklist_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
