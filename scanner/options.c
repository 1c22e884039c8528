#include "scanner/options_row.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FAR 1000 /* more edits than any option is long */

static const struct option_row rows[OPTIONS_N] = {
#define GROUP(title)
#define OPT(kind, member, letter, name, arg, preset, least, most, help) \
    {KIND_##kind, offsetof(struct options, member), letter, name, arg, preset, least, most, help},
#include "scanner/options.def"
#undef OPT
#undef GROUP
};

const struct option_row *option_row(enum option_id id)
{
    return &rows[id];
}

/* The command line being read. */
struct reader {
    struct options *o;
    int argc, at; /* `at`: the next word */
    char *const *argv;
    struct sts_err *err;
};

static unsigned least3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

/* Levenshtein distance: letters to change, add or drop. */
static unsigned distance(const char *a, size_t a_len, const char *b)
{
    size_t b_len = strlen(b), i, j;
    unsigned row[64];

    if (a_len >= STS_LEN(row) || b_len >= STS_LEN(row))
        return FAR;
    for (j = 0; j <= b_len; j++)
        row[j] = (unsigned)j;
    for (i = 1; i <= a_len; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (j = 1; j <= b_len; j++) {
            unsigned above = row[j];

            row[j] = least3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_len];
}

/* The option whose name is nearest to what was written; NULL if none is near. */
static const struct option_row *nearest(const char *name, size_t len)
{
    const struct option_row *best = NULL;
    unsigned best_distance = 2 + (unsigned)len / 4;
    enum option_id id;

    for (id = 0; id < OPTIONS_N; id++) {
        unsigned d = distance(name, len, rows[id].name);

        if (len >= 3 && strncmp(name, rows[id].name, len) == 0)
            d = 0; /* it was cut short */
        if (d < best_distance) {
            best = &rows[id];
            best_distance = d;
        }
    }
    return best;
}

static int unknown_option(struct reader *r, const char *name, size_t len)
{
    const struct option_row *near = nearest(name, len);

    if (near != NULL)
        return sts_fail(r->err, STS_EINVAL, "unknown option --%.*s; did you mean --%s?", (int)len, name,
                        near->name);
    return sts_fail(r->err, STS_EINVAL, "unknown option --%.*s; --help lists them", (int)len, name);
}

/* The option stands there, with `value` if that came with it (then not NULL); else it is the next word. */
static int take_option(struct reader *r, enum option_id id, const char *value)
{
    const struct option_row *row = &rows[id];
    bool list = row->kind == KIND_SERVERS || row->kind == KIND_PREFIXES || row->kind == KIND_BLOCKLIST;

    if (row->kind == KIND_FLAG && value != NULL)
        return sts_fail(r->err, STS_EINVAL, "--%s takes no value", row->name);
    if (row->kind != KIND_FLAG && value == NULL) {
        if (r->at == r->argc)
            return sts_fail(r->err, STS_EINVAL, "--%s: its value is missing (%s)", row->name, row->arg);
        value = r->argv[r->at++];
    }
    if (list && r->o->given[id])
        return sts_fail(r->err, STS_EINVAL, "--%s is given twice; put all into one list", row->name);
    r->o->given[id] = true;
    return option_set(r->o, id, value, r->err);
}

static int take_long(struct reader *r, const char *word)
{
    size_t len = strcspn(word, "=");
    enum option_id id;

    for (id = 0; id < OPTIONS_N; id++) {
        if (strncmp(rows[id].name, word, len) == 0 && rows[id].name[len] == '\0')
            return take_option(r, id, word[len] == '=' ? word + len + 1 : NULL);
    }
    return unknown_option(r, word, len);
}

static bool find_letter(char letter, enum option_id *out)
{
    enum option_id id;

    for (id = 0; id < OPTIONS_N; id++) {
        if (rows[id].letter == letter && letter != 0) {
            *out = id;
            return true;
        }
    }
    return false;
}

/* "-q", "-qv", "-T4", "-T 4" */
static int take_letters(struct reader *r, const char *word)
{
    enum option_id id;

    for (; *word != '\0'; word++) {
        if (!find_letter(*word, &id))
            return sts_fail(r->err, STS_EINVAL, "unknown option -%c; --help lists them", *word);
        if (rows[id].kind != KIND_FLAG)
            return take_option(r, id, word[1] != '\0' ? word + 1 : NULL);
        if (take_option(r, id, NULL) != STS_OK)
            return r->err->code;
    }
    return STS_OK;
}

static int take_words(struct reader *r)
{
    bool names_only = false;

    while (r->at < r->argc && r->err->code == STS_OK) {
        const char *word = r->argv[r->at++];

        if (names_only || word[0] != '-')
            r->o->names[r->o->n_names++] = word;
        else if (strcmp(word, "--") == 0)
            names_only = true;
        else if (word[1] == '\0')
            sts_fail(r->err, STS_EINVAL, "-: for names from standard input give -f -");
        else if (word[1] == '-')
            take_long(r, word + 2);
        else
            take_letters(r, word + 1);
    }
    return r->err->code;
}

static int set_defaults(struct options *o, struct sts_err *err)
{
    enum option_id id;

    for (id = 0; id < OPTIONS_N; id++) {
        if (rows[id].preset != NULL && option_set(o, id, rows[id].preset, err) != STS_OK)
            return err->code;
    }
    return STS_OK;
}

int options_take_rates(struct options *o, struct sts_err *err)
{
    static const enum option_id ids[RATES_N] = {OPT_dns_rate, OPT_connect_rate, OPT_max_connections};
    struct sts_err inner = {0};
    struct rates rates;

    if (o->rates_file == NULL)
        return STS_OK;
    if (rates_read(o->rates_file, &rates, &inner) != STS_OK)
        return sts_fail(err, inner.code, "--rates-file: %s", inner.msg);
    for (unsigned i = 0; i < RATES_N; i++) {
        if (!rates.v[i].given)
            continue;
        snprintf(o->rates_text[i], OPTIONS_NUMBER_BYTES, "%" PRIu64, rates.v[i].value);
        o->given[ids[i]] = true;
        if (option_set(o, ids[i], o->rates_text[i], err) != STS_OK)
            return err->code;
    }
    return STS_OK;
}

int options_parse(struct options *o, int argc, char *const *argv, struct sts_err *err)
{
    struct reader r = {.o = o, .argc = argc, .at = 1, .argv = argv, .err = err};

    memset(o, 0, sizeof(*o));
    o->names = calloc((size_t)argc + 1, sizeof(*o->names));
    if (o->names == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    if (set_defaults(o, err) != STS_OK || take_words(&r) != STS_OK)
        return err->code;
    if (o->help || o->version || o->resume != NULL)
        return STS_OK;
    return options_take_rates(o, err) == STS_OK ? options_check(o, err) : err->code;
}

void options_fini(struct options *o)
{
    servers_fini(&o->name_servers);
    prefix_set_fini(&o->allow_reserved);
    prefix_set_fini(&o->lab);
    blocklist_unref(o->blocklist);
    free(o->names);
    memset(o, 0, sizeof(*o));
}
