/* test_resume.c - options_resume.c: what a scan that goes on takes from its record; mx_hosts.c: which hosts a
 * domain record calls for, in the run that made it and in those that read it. */
#include "scanner/mx_hosts.h"
#include "scanner/options_row.h"
#include "tests/unit/unit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_WORDS 32
#define LINE_BYTES 512
#define FILE_LINE  "--contact a@b.test -f names -o out "

struct line { /* a command line and what came of it */
    struct options o;
    char copy[LINE_BYTES];
    char *argv[MOST_WORDS];
};

static int parse(struct line *l, const char *words, struct sts_err *err)
{
    char *rest = NULL;
    int argc = 0;

    snprintf(l->copy, sizeof(l->copy), "stscan %s", words);
    for (char *word = strtok_r(l->copy, " ", &rest); word != NULL && argc < MOST_WORDS;
         word = strtok_r(NULL, " ", &rest))
        l->argv[argc++] = word;
    return options_parse(&l->o, argc, l->argv, err);
}

/* The record of the scan that `first` began, with --threads as the host made it; then
 * "--resume out" with `more`. `l`, `arena`: for the caller to free, in any case. */
static int resume(struct line *l, struct arena *arena, const char *first, const char *more,
                  struct sts_err *err)
{
    struct line before;
    struct rec_scan scan = {.seed = 77};
    struct rec_option *options = NULL;
    char words[LINE_BYTES];
    int rc;

    arena_init(arena, 0);
    *err = (struct sts_err){0};
    if (parse(&before, first, err) != STS_OK ||
        options_in_force(&before.o, arena, &options, &scan.options.n, err) != STS_OK)
        fail_msg("\"%s\": %s", first, err->msg);
    scan.options.v = options;
    for (uint32_t i = 0; i < scan.options.n; i++) {
        if (!sts_str_equal(options[i].name, sts_str("threads")) || before.o.given[OPT_threads])
            continue;
        options[i].value = sts_str("9");
        options[i].derived = true;
    }
    snprintf(words, sizeof(words), "--resume out %s", more);
    if (parse(l, words, err) != STS_OK)
        fail_msg("\"%s\": %s", words, err->msg);
    rc = options_resume(&l->o, &scan, arena, err);
    options_fini(&before.o);
    return rc;
}

static void free_all(struct line *l, struct arena *arena)
{
    options_fini(&l->o);
    arena_fini(arena);
}

/* Protects the scan from another host's numbers: what was left open is open again, what was given is kept,
 * and what is given anew holds. */
static void test_options_taken(void **state)
{
    struct line l;
    struct arena arena;
    struct sts_err err;

    (void)state;
    if (resume(&l, &arena, FILE_LINE "--window 70 --no-starttls --attempts 2 --lab 127.0.0.0/8,::1 --seed 77",
               "--window 80 --dns-rate 5", &err) != STS_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(l.o.input_file, "names");
    assert_int_equal(l.o.window, 80);
    assert_int_equal(l.o.attempts, 2);
    assert_int_equal(l.o.dns_rate, 5);
    assert_true(l.o.no_starttls);
    assert_string_equal(l.o.text[OPT_lab], "127.0.0.0/8,::1");
    assert_int_equal(l.o.seed, 77);
    assert_true(l.o.given[OPT_seed] && l.o.given[OPT_attempts]);
    assert_int_equal(l.o.threads, 0); /* derived: not taken */
    assert_false(l.o.given[OPT_threads]);
    free_all(&l, &arena);
    if (resume(&l, &arena, FILE_LINE "--threads 3", "-f moved", &err) != STS_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(l.o.input_file, "moved");
    assert_int_equal(l.o.threads, 3);
    assert_int_equal(l.o.seed, 77); /* it was drawn, and is in the record all the same */
    free_all(&l, &arena);
}

static void refused(const char *first, const char *more, const char *words)
{
    struct line l;
    struct arena arena;
    struct sts_err err;

    if (resume(&l, &arena, first, more, &err) != STS_EINVAL)
        fail_msg("\"%s\", then \"%s\" is taken", first, more);
    if (strstr(err.msg, words) == NULL)
        fail_msg("\"%s\": \"%s\" does not say \"%s\"", more, err.msg, words);
    free_all(&l, &arena);
}

/* By a record that has this option alone, in a line that can be printed. */
static void record_refused(const struct rec_option *option, const char *more, const char *words)
{
    struct rec_scan scan = {.options = {(struct rec_option *)option, 1}};
    struct sts_err err = {0};
    char line[LINE_BYTES];
    struct arena arena;
    struct line l;

    arena_init(&arena, 0);
    snprintf(line, sizeof(line), "--resume out %s", more);
    assert_int_equal(parse(&l, line, &err), STS_OK);
    assert_int_equal(options_resume(&l.o, &scan, &arena, &err), STS_EINVAL);
    if (strstr(err.msg, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
    for (const char *p = err.msg; *p != '\0'; p++)
        assert_false(iscntrl((unsigned char)*p));
    free_all(&l, &arena);
}

static void taken(const char *first, const char *more)
{
    struct line l;
    struct arena arena;
    struct sts_err err;

    if (resume(&l, &arena, first, more, &err) != STS_OK)
        fail_msg("\"%s\", then \"%s\": %s", first, more, err.msg);
    free_all(&l, &arena);
}

/* Protects what all names of a scan have in common: each option that may not change, changed and as it was.
 */
static void test_fixed_options(void **state)
{
    static const char *const fixed[][3] = {
        {"input-format", "csv", "names"},
        {"origin", "a.test", "b.test"},
        {"shards", "4", "5"},
        {"records", "mx,sts", "mx"},
        {"tlsa", "always", "never"},
        {"fetch-policy", "never", "always"},
        {"ip-version", "4", "6"},
        {"probe-implicit-mx", "always", "never"},
        {"control-rate", "3", "4"},
        {"mx-limit", "3", "4"},
        {"address-limit", "3", "4"},
        {"policy-addresses", "one", "all"},
        {"smtp-port", "26", "27"},
        {"https-port", "444", "445"},
        {"per-ip-hosts", "3", "4"},
        {"per-ip-signalled-hosts", "3", "4"},
        {"seed", "77", "78"},
        {"allow-reserved", "10.0.0.0/8", "10.0.0.0/9"},
        {"lab", "127.0.0.0/8", "127.0.0.0/9"},
    };
    char first[LINE_BYTES], same[LINE_BYTES], other[LINE_BYTES], words[LINE_BYTES];

    (void)state;
    for (size_t i = 0; i < STS_LEN(fixed); i++) {
        const char *name = fixed[i][0];

        snprintf(first, sizeof(first), FILE_LINE "--%s %s", name, fixed[i][1]);
        snprintf(same, sizeof(same), "--%s %s", name, fixed[i][1]);
        snprintf(other, sizeof(other), "--%s %s", name, fixed[i][2]);
        snprintf(words, sizeof(words), "--%s cannot change with --resume: ", name);
        refused(first, other, words);
        snprintf(words, sizeof(words), "; it was %s", fixed[i][1]);
        refused(first, other, words);
        taken(first, same);
    }
    refused(FILE_LINE, "--keep-txt", "--keep-txt cannot change");
    refused(FILE_LINE, "--no-starttls", "--no-starttls cannot change");
    refused(FILE_LINE, "-o other", "the scan goes on in its own directory; it was out");
    taken(FILE_LINE "--keep-txt --no-starttls", "--keep-txt --no-starttls -o out");
    refused(FILE_LINE "--shards 4 --shard 1", "--shard 2", "--shard cannot change");
    taken(FILE_LINE "--shards 4 --shard 1", "");
}

static void test_names_that_are_gone(void **state)
{
    (void)state;
    refused("--contact a@b.test -f - -o out", "", "came from standard input");
    refused("--contact a@b.test -o out a.test", "", "came from the command line");
    refused(FILE_LINE, "a.test", "\"a.test\" is one more");
    refused(FILE_LINE, "--dry-run", "--resume and --dry-run exclude each other");
    refused(FILE_LINE, "--preflight", "--resume and --preflight exclude each other");
}

static void test_values_that_are_no_text(void **state)
{
    static const struct {
        const char *value;
        uint32_t len;
    } bad[] = {{"70\0", 3}, {"\0", 1}, {"\033[2J", 4}, {"7\n", 2}, {"\x7f", 1}};

    (void)state;
    for (size_t i = 0; i < STS_LEN(bad); i++) {
        struct rec_option option = {.name = sts_str("window"), .value = {bad[i].value, bad[i].len}};
        struct rec_option fixed = {.name = sts_str("records"), .value = {bad[i].value, bad[i].len}};

        record_refused(&option, "", "--window: the scan has a value for it that is no text");
        record_refused(&fixed, "--records mx",
                       "cannot change with --resume: all names of a scan are measured alike");
    }
}

/* ---- MX hosts ---- */

struct wanted {
    char text[256]; /* "host host ...", each with "!" where signalled, "?" where implicit, and its rank */
};

static void note(void *arg, const struct mx_host *host)
{
    struct wanted *w = arg;
    size_t used = strlen(w->text);

    snprintf(w->text + used, sizeof(w->text) - used, "%.*s%s%s%u ", (int)host->name.len, host->name.p,
             host->signalled ? "!" : "", host->implicit ? "?" : "", host->rank);
}

static void wants(struct rec_domain *d, const struct options *o, const char *words, uint64_t n_cut)
{
    struct wanted w = {""};
    struct arena arena;

    arena_init(&arena, 0);
    assert_int_equal(mx_hosts_each(d, o, &arena, note, &w), STS_OK);
    assert_string_equal(w.text, words);
    assert_int_equal(d->n_mx_cut, n_cut);
    arena_fini(&arena);
}

/* Protects the order in which a limit cuts (RFC 5321 section 5.1), and null MX (RFC 7505). */
static void test_mx_hosts(void **state)
{
    struct rec_mx mx[] = {{20, sts_str("c")}, {10, sts_str("B")}, {0, sts_str(".")}, {20, sts_str("a")}};
    struct rec_dns answer = {.oc = OC_OK, .mx = {mx, STS_LEN(mx)}};
    struct rec_domain d = {.name = sts_str("d.test"), .oc = OC_OK, .mx = &answer};
    struct options o = {.mx_limit = 20};

    (void)state;
    wants(&d, &o, "B0 c2 a2 ", 0);
    d.signalled = true;
    o.mx_limit = 2;
    wants(&d, &o, "B!0 c!2 ", 1);
    d.oc = OC_OUR_STOP;
    d.n_mx_cut = 0;
    wants(&d, &o, "", 0);
    d.oc = OC_OK;
    d.mx = NULL;
    wants(&d, &o, "", 0);
}

static void note_ranks(void *arg, const struct mx_host *host)
{
    unsigned *ranks = arg;

    ranks[host->rank]++;
}

/* Protects the order of probing: the most preferred host first, then the others of who has few. */
static void test_mx_ranks(void **state)
{
    struct rec_mx mx[MX_RANKS + 2];
    const struct options o = {.mx_limit = 20};

    (void)state;
    for (unsigned n = 1; n <= STS_LEN(mx); n++) {
        struct rec_dns answer = {.oc = OC_OK, .mx = {mx, n}};
        struct rec_domain d = {.name = sts_str("d.test"), .oc = OC_OK, .mx = &answer};
        unsigned ranks[MX_RANKS] = {0};
        struct arena arena;

        mx[n - 1] = (struct rec_mx){n, sts_str("mx.test")};
        arena_init(&arena, 0);
        assert_int_equal(mx_hosts_each(&d, &o, &arena, note_ranks, ranks), STS_OK);
        arena_fini(&arena);
        assert_int_equal(ranks[0], 1);
        if (n > 1)
            assert_int_equal(ranks[n < MX_RANKS ? n - 1 : MX_RANKS - 1], n - 1);
    }
}

static void test_implicit_mx(void **state)
{
    struct sts_str address = sts_str("192.0.2.1");
    struct rec_dns none = {.oc = OC_DNS_NODATA}, a = {.oc = OC_OK, .addr = {&address, 1}};
    struct rec_domain d = {.name = sts_str("d.test"), .oc = OC_OK, .mx = &none, .aaaa = &a};
    struct options o = {.mx_limit = 20, .probe_implicit_mx = WHEN_ALWAYS};

    (void)state;
    wants(&d, &o, "d.test?0 ", 0);
    o.probe_implicit_mx = 0; /* signalled names */
    wants(&d, &o, "", 0);
    d.control = true;
    wants(&d, &o, "d.test?0 ", 0);
    d.signalled = true;
    wants(&d, &o, "d.test!?0 ", 0);
    o.probe_implicit_mx = WHEN_NEVER;
    wants(&d, &o, "", 0);
    o.probe_implicit_mx = WHEN_ALWAYS;
    none.oc = OC_DNS_SERVFAIL;
    wants(&d, &o, "", 0);
    none.oc = OC_DNS_NODATA;
    a.addr.n = 0;
    wants(&d, &o, "", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_taken),
        cmocka_unit_test(test_fixed_options),
        cmocka_unit_test(test_names_that_are_gone),
        cmocka_unit_test(test_values_that_are_no_text),
        cmocka_unit_test(test_mx_hosts),
        cmocka_unit_test(test_mx_ranks),
        cmocka_unit_test(test_implicit_mx),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
