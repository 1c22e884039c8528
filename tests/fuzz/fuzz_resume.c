/* fuzz_resume.c - a command line with --resume, and the options of a scan record that anybody made: they
 * are taken, or refused with a line that can be printed. What is in force then is taken again as it is by
 * the next run, without a word on the command line. Input: a line with the words behind "--resume out", then
 * a line for each option, "name=value", behind "~" where it follows from the host.
 * Source: scanner/options_resume.c, scanner/options.c, scanner/options_value.c. */
#include "scanner/options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES   4096
#define MOST_WORDS   32
#define MOST_OPTIONS 100
#define MOST_MEMORY  (1u << 20)
#define SEED         77

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* No file but those here: a path would lead anywhere, while prefixes need their "/". */
static void tame(char *text, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (text[i] == '/' && !isdigit((unsigned char)text[i + 1]))
            text[i] = '_';
    }
}

/* The line at *at, which is behind it then. */
static struct sts_str next_line(char **at, char *end)
{
    char *begin = *at, *stop = memchr(begin, '\n', (size_t)(end - begin));

    stop = stop != NULL ? stop : end;
    *at = stop < end ? stop + 1 : end;
    return (struct sts_str){begin, (uint32_t)(stop - begin)};
}

/* Words as a shell would give them: text, no NUL bytes. */
static int split(struct sts_str line, char *copy, char *argv[MOST_WORDS])
{
    int argc = 0;
    char *rest = NULL;

    argv[argc++] = "stscan";
    argv[argc++] = "--resume";
    argv[argc++] = "out";
    for (uint32_t i = 0; i < line.len; i++)
        copy[i] = isprint((unsigned char)line.p[i]) ? line.p[i] : ' ';
    copy[line.len] = '\0';
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && argc < MOST_WORDS;
         word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    return argc;
}

static void add_option(struct rec_scan *scan, struct rec_option *list, struct sts_str line)
{
    struct rec_option o = {.derived = line.len > 0 && line.p[0] == '~'};
    const char *equals;

    line.p += o.derived;
    line.len -= o.derived;
    equals = memchr(line.p, '=', line.len);
    o.name = (struct sts_str){line.p, equals != NULL ? (uint32_t)(equals - line.p) : line.len};
    if (equals != NULL)
        o.value = (struct sts_str){equals + 1, line.len - o.name.len - 1};
    if (scan->options.n < MOST_OPTIONS)
        list[scan->options.n++] = o;
}

static void check_message(const struct sts_err *err)
{
    if (err->code == STS_OK || err->msg[0] == '\0')
        abort();
    for (const char *p = err->msg; *p != '\0'; p++) {
        if (iscntrl((unsigned char)*p))
            abort();
    }
}

static bool same(const struct rec_option *a, const struct rec_option *b)
{
    return sts_str_equal(a->name, b->name) && sts_str_equal(a->value, b->value);
}

/* The record of the run that `o` is in force for, taken by another. */
static void again(const struct options *o)
{
    char *argv[] = {"stscan", "--resume", "out"};
    struct rec_option *first = NULL, *second = NULL;
    struct rec_scan scan = {.seed = SEED};
    struct sts_err err = {0};
    struct arena arena;
    struct options next;
    uint32_t n = 0;

    arena_init(&arena, MOST_MEMORY);
    if (options_in_force(o, &arena, &first, &scan.options.n, &err) != STS_OK)
        abort();
    scan.options.v = first;
    if (options_parse(&next, 3, argv, &err) != STS_OK ||
        options_resume(&next, &scan, &arena, &err) != STS_OK ||
        options_in_force(&next, &arena, &second, &n, &err) != STS_OK || n != scan.options.n)
        abort();
    for (uint32_t i = 0; i < n; i++) { /* what is of one run alone is not taken */
        if (!same(&first[i], &second[i]) && !sts_str_equal(first[i].name, sts_str("retry")))
            abort();
    }
    options_fini(&next);
    arena_fini(&arena);
}

static void run(int argc, char **argv, const struct rec_scan *scan)
{
    struct sts_err err = {0};
    struct arena arena;
    struct options o;

    arena_init(&arena, MOST_MEMORY);
    if (options_parse(&o, argc, argv, &err) != STS_OK || o.resume == NULL || o.help || o.version) {
        options_fini(&o);
        arena_fini(&arena);
        return;
    }
    if (options_resume(&o, scan, &arena, &err) != STS_OK) {
        check_message(&err);
    } else {
        if (o.seed != SEED || o.input_file == NULL || strcmp(o.input_file, "-") == 0 || o.n_names > 0)
            abort();
        again(&o);
    }
    options_fini(&o);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char text[MOST_BYTES], copy[MOST_BYTES + 1], *at = text, *argv[MOST_WORDS];
    struct rec_option list[MOST_OPTIONS];
    struct rec_scan scan = {.seed = SEED, .options = {list, 0}};
    int argc;

    if (len > MOST_BYTES)
        return 0;
    memcpy(text, data, len);
    tame(text, len);
    argc = split(next_line(&at, text + len), copy, argv);
    while (at < text + len)
        add_option(&scan, list, next_line(&at, text + len));
    run(argc, argv, &scan);
    return 0;
}
