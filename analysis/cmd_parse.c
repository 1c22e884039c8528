/* cmd_parse.c - ststat parse: one record or policy, without a scan: both readings and every defect, as JSON.
 */
#include "analysis/command.h"
#include "analysis/sts_policy.h"
#include "analysis/sts_txt.h"
#include "analysis/tlsrpt.h"
#include "sinks/json.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* RFC 8461 section 3.3 suggests 64 KB for a policy; a DNS message, and so a TXT RRset, holds 65,535 bytes. */
#define INPUT_MOST 65536

static void put_defects(struct json *j, const struct defects *defects)
{
    json_uint(j, "n_defects", defects->n);
    json_list(j, "defects");
    for (uint32_t i = 0; i < defects->n && i < DEFECTS_KEPT; i++) {
        json_object(j, NULL);
        json_str(j, "name", sts_str(defect_name(defects->v[i].id)));
        json_uint(j, "offset", defects->v[i].offset);
        json_str(j, "rule", sts_str(defect_rule(defects->v[i].id)));
        json_str(j, "text", sts_str(defect_text(defects->v[i].id)));
        json_object_end(j);
    }
    json_list_end(j);
}

/* The lines of the input. False at its end. */
static bool next_text(struct sts_str input, uint32_t *at, struct sts_str *text)
{
    const char *lf;

    if (*at >= input.len)
        return false;
    text->p = input.p + *at;
    lf = memchr(text->p, '\n', input.len - *at);
    text->len = lf ? (uint32_t)(lf - text->p) : input.len - *at;
    *at += text->len + 1;
    return true;
}

static struct sts_str text_at(struct sts_str input, uint32_t n)
{
    struct sts_str text = {NULL, 0};
    uint32_t at = 0;

    for (uint32_t i = 0; i <= n; i++)
        if (!next_text(input, &at, &text))
            return (struct sts_str){NULL, 0};
    return text;
}

static void begin_reading(struct json *j, const char *which, enum verdict verdict)
{
    json_object(j, which);
    json_str(j, "verdict", sts_str(verdict_name(verdict)));
}

/* What both readings of a TXT RRset share, and the text that was read. */
static void put_count(struct json *j, const struct txt_count *count, struct sts_str text)
{
    json_uint(j, "n_texts", count->n_texts);
    json_uint(j, "n_discarded", count->n_meant);
    if (count->kind != TXT_OTHER) {
        json_uint(j, "read", count->at);
        json_str(j, "text", text);
    }
}

static void parse_sts_txt(struct json *j, struct sts_str input)
{
    struct sts_txt t;
    struct sts_str text;
    uint32_t at = 0;

    sts_txt_init(&t);
    while (next_text(input, &at, &text))
        sts_txt_add(&t, text);
    put_count(j, &t.count, text_at(input, t.count.at));
    begin_reading(j, "strict", t.verdict);
    json_uint(j, "n_records", t.count.n_records);
    json_str(j, "id", sts_str(t.id));
    json_object_end(j);
    begin_reading(j, "lenient", t.lenient);
    json_uint(j, "n_records", t.count.n_lenient);
    json_str(j, "id", sts_str(t.lenient_id));
    json_object_end(j);
    put_defects(j, &t.defects);
}

static void put_rua(struct json *j, const struct tlsrpt *t, struct sts_str text, bool lenient)
{
    struct sts_str uri;
    uint32_t at = 0;

    begin_reading(j, lenient ? "lenient" : "strict", lenient ? t->lenient : t->verdict);
    json_uint(j, "n_records", lenient ? t->count.n_lenient : t->count.n_records);
    json_list(j, "rua");
    while (tlsrpt_next_uri(t, text, lenient, &at, &uri)) {
        json_object(j, NULL);
        json_str(j, "scheme", tlsrpt_scheme(uri));
        json_str(j, "uri", uri);
        json_object_end(j);
    }
    json_list_end(j);
    json_object_end(j);
}

static void parse_tlsrpt(struct json *j, struct sts_str input)
{
    struct tlsrpt t;
    struct sts_str text;
    uint32_t at = 0;

    tlsrpt_init(&t);
    while (next_text(input, &at, &text))
        tlsrpt_add(&t, text);
    text = text_at(input, t.count.at);
    put_count(j, &t.count, text);
    put_rua(j, &t, text, false);
    put_rua(j, &t, text, true);
    put_defects(j, &t.defects);
}

typedef bool (*next_mx_fn)(struct sts_str body, uint32_t *at, struct sts_str *pattern);

static void put_policy(struct json *j, const char *which, const struct sts_policy_reading *p,
                       struct sts_str body, next_mx_fn next_mx)
{
    struct sts_str pattern;
    uint32_t at = 0;

    begin_reading(j, which, p->verdict);
    json_str(j, "mode", sts_str(sts_mode_name(p->mode)));
    json_uint(j, "max_age", p->max_age_s);
    json_list(j, "mx");
    while (next_mx(body, &at, &pattern))
        json_str(j, NULL, pattern);
    json_list_end(j);
    json_object_end(j);
}

static void parse_sts_policy(struct json *j, struct sts_str input)
{
    struct sts_policy p;
    struct sts_policy_reading strict;

    sts_policy_read(&p, input);
    strict = (struct sts_policy_reading){p.verdict, p.mode, p.max_age_s, p.n_mx};
    json_uint(j, "bytes", input.len);
    put_policy(j, "strict", &strict, input, sts_policy_next_mx);
    put_policy(j, "lenient", &p.lenient, input, sts_policy_next_lenient_mx);
    json_bool(j, "rescued", p.rescued);
    put_defects(j, &p.defects);
}

static const struct kind {
    const char *name;
    void (*parse)(struct json *j, struct sts_str input);
} kinds[] = {{"sts-txt", parse_sts_txt}, {"sts-policy", parse_sts_policy}, {"tlsrpt", parse_tlsrpt}};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < STS_LEN(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static int read_input(const char *path, char buf[INPUT_MOST + 1], struct sts_str *input, struct sts_err *err)
{
    bool std = strcmp(path, "-") == 0;
    const char *name = std ? "standard input" : path;
    FILE *in = std ? stdin : fopen(path, "rb");
    size_t n;

    if (in == NULL)
        return sts_fail(err, STS_EIO, "%s: %s", name, strerror(errno));
    n = fread(buf, 1, INPUT_MOST + 1, in);
    if (ferror(in))
        sts_fail(err, STS_EIO, "%s: cannot read: %s", name, strerror(errno));
    else if (n > INPUT_MOST)
        sts_fail(err, STS_EFORMAT, "%s: larger than %d bytes, which no TXT RRset and no policy may be", name,
                 INPUT_MOST);
    if (!std)
        fclose(in);
    *input = (struct sts_str){buf, (uint32_t)n};
    return err->code;
}

static int parse(const struct kind *kind, const char *path, struct sts_err *err)
{
    char *buf = malloc(INPUT_MOST + 1);
    struct sts_str input = {NULL, 0};
    struct json j;

    if (buf == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    if (read_input(path, buf, &input, err) == STS_OK) {
        json_init(&j, stdout);
        json_object(&j, NULL);
        json_str(&j, "kind", sts_str(kind->name));
        kind->parse(&j, input);
        json_object_end(&j);
    }
    free(buf);
    return err->code;
}

static int run(int argc, char **argv, struct sts_err *err)
{
    static const struct option options[] = {{0}};
    const struct kind *kind;
    int n_args;

    opterr = 0;
    if (getopt_long(argc, argv, "", options, NULL) != -1)
        return command_bad_option(&cmd_parse, argv, err);
    n_args = argc - optind;
    if (command_args(&cmd_parse, argc, argv, n_args == 1 ? 1 : 2, err) != STS_OK)
        return EXIT_FOUND;
    kind = find_kind(argv[optind]);
    if (kind == NULL)
        sts_fail(err, STS_EINVAL, "parse: %s: not one of sts-txt, sts-policy and tlsrpt", argv[optind]);
    else if (parse(kind, n_args == 2 ? argv[optind + 1] : "-", err) != STS_OK)
        return EXIT_FAILED;
    return command_done(EXIT_FINE, err);
}

const struct command cmd_parse = {
    .name = "parse",
    .args = "KIND [FILE|-]",
    .summary = "one record or policy, without a scan: verdicts, fields, defects",
    .help = "Reads the raw bytes of FILE, or of standard input, and prints one JSON object. KIND:\n"
            "  sts-txt     the TXT RRs at _mta-sts, one a line, each with its strings joined\n"
            "  tlsrpt      the TXT RRs at _smtp._tls, likewise\n"
            "  sts-policy  the body of a policy as it was served\n"
            "A line ends at LF; all other bytes, CR too, belong to the record. At most 65536 bytes.\n\n"
            "strict is the verdict by the ABNF of RFC 8461 and RFC 8460, lenient what deployed\n"
            "senders make of it: valid, invalid, none (no record of this kind) or multiple. The\n"
            "fields are those that the reading takes. Of several records one is read: the first\n"
            "that begins with the version and a semicolon, else the first that was meant to; read\n"
            "says which line that is, from 0, and n_discarded how many were only meant to.\n"
            "defects are all that is wrong with it by the strict reading, the first 16 of n_defects:\n"
            "name, byte offset in that line or in the policy, the rule, and words. rescued: invalid\n"
            "only for mx or mode lines that the ABNF also lets pass as unknown fields.\n"
            "A byte that is no part of UTF-8 is printed as \\u00XX.\n\n"
            "Exit codes: 0 printed, whatever the verdict; 1 wrong use; 2 the input could not be read,\n"
            "or is larger.\n",
    .run = run,
};
