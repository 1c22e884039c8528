/* truth_world.c - the first line of the truth: the population as a whole. */
#include "bench/sim/json.h"
#include "bench/sim/truth.h"

#include <stdlib.h>
#include <string.h>

#define PARAM(id, key, lowest, highest, doc) key,
static const char *const PARAM_KEYS[] = {
#include "bench/sim/params.def"
};

static void rates(const char *key, const double rate[TABLE_LIMIT][CLASS_MOST], struct text *out)
{
    char name[128];

    json_key(out, key);
    json_open(out, '{');
    for (unsigned t = 0; t < TABLE_LIMIT; t++) {
        enum group g = table_group((enum table)t);
        for (unsigned c = 0; c < group_size(g); c++) {
            if (rate[t][c] == 0)
                continue;
            struct text text = {name, 0, sizeof(name) - 1, false};
            text_printf(&text, "%s.%s", table_name((enum table)t), class_name(g, c));
            name[text.len] = '\0';
            json_real(out, name, rate[t][c]);
        }
    }
    json_close(out, '}');
}

/* "sts=20 rpt=3" */
static void factors(const char *oversample, struct text *out)
{
    char key[128];

    json_key(out, "oversample");
    json_open(out, '{');
    while (oversample != NULL && *oversample != '\0') {
        size_t len = strcspn(oversample, " "), name = strcspn(oversample, "= ");
        struct text text = {key, 0, sizeof(key) - 1, false};
        text_put(&text, oversample, name);
        key[text.len] = '\0';
        if (name < len)
            json_real(out, key, strtod(oversample + name + 1, NULL));
        oversample += len;
        oversample += strspn(oversample, " ");
    }
    json_close(out, '}');
}

void truth_put_world(const struct world *w, const char *profile, const char *oversample,
                     const struct truth_scan *scan, struct text *out)
{
    json_open(out, '{');
    json_key(out, "world");
    json_open(out, '{');
    json_count(out, "names", w->n_names);
    json_count(out, "seed", w->seed);
    json_key(out, "profile");
    json_string(out, profile, strlen(profile));
    json_word(out, "only", w->only ? class_name(w->only_group, w->only_class) : NULL);
    factors(oversample, out);
    rates("rates", w->rate, out);
    rates("natural", w->natural, out);
    json_key(out, "params");
    json_open(out, '{');
    for (unsigned p = 0; p < PARAM_LIMIT; p++)
        json_real(out, PARAM_KEYS[p], w->param[p]);
    json_close(out, '}');
    json_key(out, "assumes");
    json_open(out, '{');
    json_count(out, "attempts", 2); /* at least, of every kind */
    json_count(out, "mx_limit", scan->mx_limit);
    json_count(out, "smtp_port", scan->smtp_port);
    json_count(out, "address_limit", TRUTH_MOST_ADDRESSES); /* at least */
    json_bool3(out, "sampling", false);
    json_close(out, '}');
    json_close(out, '}');
    json_close(out, '}');
}
