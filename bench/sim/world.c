/* world.c - what a profile and the options say, made into tables of rates. */
#include "bench/sim/world.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LINE_BYTES 1024
#define MOST_KEY_BYTES  128
#define MOST_FACTOR     1e9
/* However much is oversampled, the first class of a table keeps this share, or its own where that is less:
 * a class that is never drawn cannot be weighted. */
#define FIRST_KEEPS 0.05

static const struct {
    const char *name;
    enum group group;
} TABLES[TABLE_LIMIT] = {
    [TABLE_MAIL] = {"mail", GROUP_MAIL},
    [TABLE_MXSET] = {"mxset", GROUP_MXSET},
    [TABLE_STS] = {"sts", GROUP_STS},
    [TABLE_STS_NO_MX] = {"sts-no-mx", GROUP_STS},
    [TABLE_RPT] = {"rpt", GROUP_RPT},
    [TABLE_RPT_STS] = {"rpt-sts", GROUP_RPT},
    [TABLE_POLICY_SELF] = {"policy-self", GROUP_POLICY},
    [TABLE_POLICY_THIRD] = {"policy-third", GROUP_POLICY},
    [TABLE_BODY] = {"body", GROUP_BODY},
    [TABLE_LISTING] = {"listing", GROUP_LISTING},
    [TABLE_SMTP_SELF] = {"smtp-self", GROUP_SMTP},
    [TABLE_SMTP_STS] = {"smtp-sts", GROUP_SMTP},
    [TABLE_SMTP_OPERATOR] = {"smtp-operator", GROUP_SMTP},
    [TABLE_TLSA] = {"tlsa", GROUP_TLSA},
    [TABLE_QUERY] = {"query", GROUP_QUERY},
};
#define PARAM(id, key, lowest, highest, doc) {key, lowest, highest},
static const struct {
    const char *key;
    double lowest, highest;
} PARAMS[PARAM_LIMIT] = {
#include "bench/sim/params.def"
};

const char *table_name(enum table t)
{
    return TABLES[t].name;
}

enum group table_group(enum table t)
{
    return TABLES[t].group;
}

static bool fail(char *error, size_t error_len, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail(char *error, size_t error_len, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(error, error_len, format, args);
    va_end(args);
    return false;
}

/* ---- keys ---- */

/* "TABLE.CLASS" */
static bool rate_find(const char *key, enum table *t, unsigned *c)
{
    const char *dot = strchr(key, '.');
    enum group g;

    if (!dot || !class_find(dot + 1, &g, c))
        return false;
    for (unsigned n = 0; n < TABLE_LIMIT; n++)
        if (TABLES[n].group == g && strlen(TABLES[n].name) == (size_t)(dot - key) &&
            strncmp(TABLES[n].name, key, (size_t)(dot - key)) == 0) {
            *t = (enum table)n;
            return true;
        }
    return false;
}

static bool number_of(const char *text, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return end != text && *end == 0 && isfinite(*out);
}

/* `once`: a value that is there already is an error. */
static bool put(struct world *w, const char *key, const char *text, bool once, char *error, size_t error_len)
{
    double value, lowest = 0, highest = 1, *place = NULL;
    enum table t;
    unsigned c;

    if (rate_find(key, &t, &c)) {
        if (c == 0)
            return fail(error, error_len, "%s is what the other classes leave of 1", key);
        place = &w->natural[t][c];
    }
    for (unsigned n = 0; n < PARAM_LIMIT && !place; n++)
        if (strcmp(PARAMS[n].key, key) == 0) {
            place = &w->param[n];
            lowest = PARAMS[n].lowest;
            highest = PARAMS[n].highest;
        }
    if (!place)
        return fail(error, error_len, "%s: no parameter, nor a rate (TABLE.CLASS)", key);
    if (!number_of(text, &value) || value < lowest || value > highest)
        return fail(error, error_len, "%s: '%s' is no number from %g to %g", key, text, lowest, highest);
    if (once && !isnan(*place))
        return fail(error, error_len, "%s is there twice", key);
    *place = value;
    return true;
}

/* ---- profile ---- */

/* Until world_finish, what nobody has said is not a number, and `rate` holds factors of oversampling. */
static void clear(struct world *w)
{
    for (unsigned n = 0; n < PARAM_LIMIT; n++)
        w->param[n] = NAN;
    for (unsigned t = 0; t < TABLE_LIMIT; t++)
        for (unsigned c = 0; c < CLASS_MOST; c++) {
            w->natural[t][c] = NAN;
            w->rate[t][c] = 1;
        }
}

static char *word_of(char **rest)
{
    char *word = *rest + strspn(*rest, " \t\r\n");

    *rest = word + strcspn(word, " \t\r\n");
    if (**rest)
        *(*rest)++ = 0;
    return word;
}

static bool read_line(struct world *w, char *line, char *error, size_t error_len)
{
    char *key, *value, *rest = line;

    if (strlen(line) + 1 >= MOST_LINE_BYTES)
        return fail(error, error_len, "line too long");
    line[strcspn(line, "#")] = 0;
    key = word_of(&rest);
    value = word_of(&rest);
    if (*key == 0)
        return true;
    if (*value == 0 || *word_of(&rest))
        return fail(error, error_len, "not 'key value # source'");
    return put(w, key, value, true, error, error_len);
}

bool world_read(struct world *w, const char *path, char *error, size_t error_len)
{
    char line[MOST_LINE_BYTES], why[256];
    unsigned n = 0;
    bool good = true;
    FILE *file = fopen(path, "r");

    if (!file)
        return fail(error, error_len, "%s: %s", path, strerror(errno));
    clear(w);
    while (good && fgets(line, sizeof(line), file)) {
        n++;
        good = read_line(w, line, why, sizeof(why));
    }
    if (!good)
        (void)fail(error, error_len, "%s:%u: %s", path, n, why);
    else if (ferror(file))
        good = fail(error, error_len, "%s: %s", path, strerror(errno));
    (void)fclose(file);
    return good;
}

/* ---- options ---- */

static bool split(const char *assignment, char key[MOST_KEY_BYTES], const char **value, char *error,
                  size_t error_len)
{
    const char *equals = strchr(assignment, '=');

    if (!equals || equals == assignment || equals - assignment >= MOST_KEY_BYTES) {
        (void)fail(error, error_len, "'%s' is not key=value", assignment);
        return false;
    }
    memcpy(key, assignment, (size_t)(equals - assignment));
    key[equals - assignment] = 0;
    *value = equals + 1;
    return true;
}

bool world_set(struct world *w, const char *assignment, char *error, size_t error_len)
{
    char key[MOST_KEY_BYTES];
    const char *value = NULL;

    return split(assignment, key, &value, error, error_len) && put(w, key, value, false, error, error_len);
}

/* Is class c of table t meant by a group, a table, a class, or TABLE.CLASS? A group goes before the table of
 * the same name: "sts" is all tables of the group. */
static bool is_meant(const char *key, enum table t, unsigned c)
{
    enum group g = TABLES[t].group, found;
    enum table table;
    unsigned class;

    if (rate_find(key, &table, &class))
        return table == t && class == c;
    if (class_find(key, &found, &class))
        return found == g && class == c;
    return strcmp(key, group_name(g)) == 0 || strcmp(key, TABLES[t].name) == 0;
}

bool world_oversample(struct world *w, const char *assignment, char *error, size_t error_len)
{
    char key[MOST_KEY_BYTES];
    const char *value = NULL;
    double factor;
    bool any = false;

    if (!split(assignment, key, &value, error, error_len))
        return false;
    if (!number_of(value, &factor) || factor <= 0 || factor > MOST_FACTOR)
        return fail(error, error_len, "%s: '%s' is no number above 0, up to %g", key, value, MOST_FACTOR);
    for (unsigned t = 0; t < TABLE_LIMIT; t++)
        for (unsigned c = 1; c < group_size(TABLES[t].group); c++)
            if (is_meant(key, (enum table)t, c)) {
                w->rate[t][c] *= factor;
                any = true;
            }
    return any || fail(error, error_len, "%s: no group, table or class that can be oversampled", key);
}

bool world_only(struct world *w, const char *name, char *error, size_t error_len)
{
    if (!class_find(name, &w->only_group, &w->only_class))
        return fail(error, error_len, "%s: no such class", name);
    w->only = true;
    return true;
}

/* ---- the end ---- */

/* What oversampling asks for, as far as there is room. */
static void oversample(double *rate, const double *natural, unsigned n)
{
    double as_is = 0, more = 0, room;

    for (unsigned c = 1; c < n; c++) {
        bool same = rate[c] == 1;

        rate[c] *= natural[c];
        *(same ? &as_is : &more) += rate[c];
    }
    rate[0] = natural[0];
    if (more == 0)
        return;
    room = 1 - as_is - fmin(natural[0], FIRST_KEEPS);
    if (more > room) {
        for (unsigned c = 1; c < n; c++)
            if (rate[c] != natural[c])
                rate[c] *= room / more;
        more = room;
    }
    rate[0] = fmax(0, 1 - as_is - more);
}

static bool finish_table(struct world *w, enum table t, char *error, size_t error_len)
{
    double sum = 0, *natural = w->natural[t];
    unsigned n = group_size(TABLES[t].group);

    for (unsigned c = 1; c < CLASS_MOST; c++) {
        if (isnan(natural[c]))
            natural[c] = 0;
        if (c >= n)
            w->rate[t][c] = 0;
        sum += natural[c];
    }
    if (sum > 1 + 1e-9)
        return fail(error, error_len, "the rates of %s sum to %g, more than 1", TABLES[t].name, sum);
    natural[0] = fmax(0, 1 - sum);
    oversample(w->rate[t], natural, n);
    return true;
}

/* Every table draws one class: the wanted one, or what is right. */
static void finish_only(struct world *w)
{
    for (unsigned t = 0; t < TABLE_LIMIT; t++) {
        enum group g = TABLES[t].group;
        unsigned c = g == w->only_group ? w->only_class : g == GROUP_STS ? (unsigned)STS_OK : 0;

        memset(w->rate[t], 0, sizeof(w->rate[t]));
        w->rate[t][c] = 1;
        memcpy(w->natural[t], w->rate[t], sizeof(w->rate[t]));
    }
    w->param[PARAM_THIRD] = w->param[PARAM_V6] = w->param[PARAM_AD] = 0;
    w->param[PARAM_MODE_ENFORCE] = 1;
    w->param[PARAM_MODE_TESTING] = 0;
    w->param[PARAM_MX_1] = w->param[PARAM_MX_2] = 0.5;
    w->param[PARAM_MX_3_5] = 0;
}

static bool shares_fit(const struct world *w, const enum param *shares, unsigned n, char *error,
                       size_t error_len)
{
    double sum = 0;

    for (unsigned k = 0; k < n; k++)
        sum += w->param[shares[k]];
    return sum <= 1 + 1e-9 || fail(error, error_len, "%s and those that go with it sum to %g, more than 1",
                                   PARAMS[shares[0]].key, sum);
}

bool world_finish(struct world *w, char *error, size_t error_len)
{
    static const enum param SHARES[][3] = {{PARAM_MX_1, PARAM_MX_2, PARAM_MX_3_5},
                                           {PARAM_AGE_DAY, PARAM_AGE_WEEK, PARAM_AGE_MONTH}},
                            PAIRS[][2] = {{PARAM_MODE_ENFORCE, PARAM_MODE_TESTING},
                                          {PARAM_DMARC_NONE, PARAM_DMARC_QUARANTINE}};

    if (w->n_names == 0 || w->n_names > WORLD_MOST_NAMES)
        return fail(error, error_len, "not 1 to %llu names", (unsigned long long)WORLD_MOST_NAMES);
    for (unsigned n = 0; n < PARAM_LIMIT; n++)
        if (isnan(w->param[n]))
            return fail(error, error_len, "the profile does not say %s", PARAMS[n].key);
    for (unsigned n = 0; n < 2; n++)
        if (!shares_fit(w, SHARES[n], 3, error, error_len) || !shares_fit(w, PAIRS[n], 2, error, error_len))
            return false;
    for (unsigned t = 0; t < TABLE_LIMIT; t++)
        if (!finish_table(w, (enum table)t, error, error_len))
            return false;
    if (w->only)
        finish_only(w);
    return true;
}
