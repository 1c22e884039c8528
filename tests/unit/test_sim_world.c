/* test_sim_world.c - world.c, draw.c, class.c: profiles, what changes them, and that chance keeps to them. */
#include "tests/unit/sim_world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_DRAWS 1000000

/* Within five standard deviations of a binomial, and a little where it is no normal one. */
static bool fits(double n_seen, double n, double rate)
{
    return fabs(n_seen - n * rate) <= 5 * sqrt(n * rate * (1 - rate)) + 5;
}

static void class_names_are_unique(void **state)
{
    (void)state;
    for (unsigned g = 0; g < GROUP_LIMIT; g++)
        for (unsigned c = 0; c < group_size((enum group)g); c++) {
            enum group found;
            unsigned class;

            assert_true(class_find(class_name((enum group)g, c), &found, &class));
            assert_int_equal(found, g);
            assert_int_equal(class, c);
            assert_in_range(class_row((enum group)g, c), 0, 85);
        }
    assert_false(class_find("sts-nonsense", &(enum group){0}, &(unsigned){0}));
    assert_int_equal(policy_cert(POLICY_WILDCARD), CERT_WILDCARD);
    assert_int_equal(smtp_cert(SMTP_EXPIRED), CERT_EXPIRED);
}

/* ---- profiles ---- */

/* Every class can happen: it has a rate in some table. */
static void profiles_are_complete(void **state)
{
    static const char *const PATHS[] = {ZONE, TOPLIST};

    (void)state;
    for (unsigned p = 0; p < 2; p++) {
        struct world *w = world_of(PATHS[p], 1000, 1, NULL, NULL);

        for (unsigned t = 0; t < TABLE_LIMIT; t++) {
            double sum = 0;

            for (unsigned c = 0; c < CLASS_MOST; c++) {
                sum += w->natural[t][c];
                assert_true(w->natural[t][c] == w->rate[t][c]);
            }
            assert_true(fabs(sum - 1) < 1e-9);
        }
        for (unsigned g = 0; g < GROUP_LIMIT; g++)
            for (unsigned c = 1; c < group_size((enum group)g); c++) {
                double most = 0;

                for (unsigned t = 0; t < TABLE_LIMIT; t++)
                    if (table_group((enum table)t) == (enum group)g)
                        most = fmax(most, w->natural[t][c]);
                if (most <= 0)
                    fail_msg("%s has no rate for %s", PATHS[p], class_name((enum group)g, c));
            }
        test_free(w);
    }
}

/* Reads a profile of this text; the message, or "". Line 1 is a comment. */
static const char *said_of(const char *text, char *error, size_t error_len)
{
    char path[] = "/tmp/sim_profile_XXXXXX", *colon;
    static struct world w;
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    bool good;

    assert_non_null(file);
    assert_true(fprintf(file, "# a profile\n%s", text) > 0);
    assert_int_equal(fclose(file), 0);
    error[0] = 0;
    w.n_names = 10;
    good = world_read(&w, path, error, error_len);
    assert_int_equal(unlink(path), 0);
    assert_true(good == (error[0] == 0));
    if (good)
        return "";
    assert_int_equal(strncmp(error, path, strlen(path)), 0);
    colon = error + strlen(path);
    assert_int_equal(*colon, ':');
    return colon + 1;
}

static void bad_lines(void **state)
{
    static const struct {
        const char *text, *said;
    } ROWS[] = {
        {"operators 5 # good\n\n  # only this\n", ""},
        {"nonsense 1\n", "2: nonsense: no parameter, nor a rate (TABLE.CLASS)"},
        {"sts.mail-null 1\n", "2: sts.mail-null: no parameter, nor a rate (TABLE.CLASS)"},
        {"\nsts.sts-ok\n", "3: not 'key value # source'"},
        {"sts.sts-ok 0.1 0.2\n", "2: not 'key value # source'"},
        {"sts.sts-ok x\n", "2: sts.sts-ok: 'x' is no number from 0 to 1"},
        {"sts.sts-ok 1.5\n", "2: sts.sts-ok: '1.5' is no number from 0 to 1"},
        {"sts.sts-ok -0.1\n", "2: sts.sts-ok: '-0.1' is no number from 0 to 1"},
        {"sts.sts-ok nan\n", "2: sts.sts-ok: 'nan' is no number from 0 to 1"},
        {"operators 0\n", "2: operators: '0' is no number from 1 to 4e+06"},
        {"sts.sts-none 0.5\n", "2: sts.sts-none is what the other classes leave of 1"},
        {"sts.sts-ok 0.1\nsts.sts-ok 0.1\n", "3: sts.sts-ok is there twice"},
    };
    char error[256], path[] = "/nonexistent/profile", text[3000];
    static struct world w;

    (void)state;
    for (size_t n = 0; n < sizeof(ROWS) / sizeof(ROWS[0]); n++)
        assert_string_equal(said_of(ROWS[n].text, error, sizeof(error)), ROWS[n].said);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = 0;
    assert_string_equal(said_of(text, error, sizeof(error)), "2: line too long");
    assert_false(world_read(&w, path, error, sizeof(error)));
    assert_non_null(strstr(error, "No such file"));
}

static void what_does_not_add_up(void **state)
{
    static struct world w;
    char error[256];

    (void)state;
    w.n_names = 10;
    assert_true(world_read(&w, ZONE, error, sizeof(error)));
    assert_true(world_set(&w, "rpt-sts.rpt-ok=0.99", error, sizeof(error)));
    assert_false(world_finish(&w, error, sizeof(error)));
    assert_non_null(strstr(error, "the rates of rpt-sts sum to"));
    assert_true(world_read(&w, ZONE, error, sizeof(error)));
    assert_true(world_set(&w, "mode-testing=0.9", error, sizeof(error)));
    assert_false(world_finish(&w, error, sizeof(error)));
    w.n_names = WORLD_MOST_NAMES + 1;
    assert_true(world_read(&w, ZONE, error, sizeof(error)));
    assert_false(world_finish(&w, error, sizeof(error)));
    (void)said_of("operators 5\n", error, sizeof(error));
    assert_false(world_set(&w, "operators", error, sizeof(error)));
    assert_false(world_set(&w, "=5", error, sizeof(error)));
    assert_false(world_set(&w, "operators=5x", error, sizeof(error)));
    assert_false(world_oversample(&w, "sts=0", error, sizeof(error)));
    assert_false(world_oversample(&w, "sts-none=2", error, sizeof(error)));
    assert_false(world_oversample(&w, "nonsense=2", error, sizeof(error)));
    assert_false(world_only(&w, "nonsense", error, sizeof(error)));
}

static void parameters_must_be_said(void **state)
{
    static struct world w;
    char path[] = "/tmp/sim_profile_XXXXXX", error[256];
    int fd = mkstemp(path);

    (void)state;
    assert_int_equal(close(fd), 0);
    w.n_names = 10;
    assert_true(world_read(&w, path, error, sizeof(error)));
    assert_int_equal(unlink(path), 0);
    assert_false(world_finish(&w, error, sizeof(error)));
    assert_string_equal(error, "the profile does not say operators");
}

/* ---- chance ---- */

static void draws_fit(const struct world *w, enum table t)
{
    static unsigned n_seen[CLASS_MOST];
    double weight = 0;

    memset(n_seen, 0, sizeof(n_seen));
    for (uint64_t i = 0; i < N_DRAWS; i++) {
        double one = 1;

        n_seen[draw_class(w, t, DRAW_TEXT, i, t, &one)]++;
        weight += one;
    }
    for (unsigned c = 0; c < CLASS_MOST; c++)
        if (!fits(n_seen[c], N_DRAWS, w->rate[t][c]))
            fail_msg("%s: class %u: %u of %u, not %g", table_name(t), c, n_seen[c], N_DRAWS, w->rate[t][c]);
    /* Each weight is natural / rate, so the least weight is of a class that is drawn often, and the mean
     * is 1. */
    assert_true(fabs(weight / N_DRAWS - 1) < 0.02);
}

static void draws_keep_to_the_profile(void **state)
{
    struct world *w = world_of(ZONE, 1000, 42, NULL, NULL);

    (void)state;
    for (unsigned t = 0; t < TABLE_LIMIT; t++)
        draws_fit(w, (enum table)t);
    test_free(w);
}

static void oversampled_draws_keep_their_weight(void **state)
{
    static const char *const WHAT[] = {"sts=100",     "sts=1000000",   "policy=5",
                                       "smtp-self=3", "sts-multi=500", "policy-self.policy-404=20"};

    (void)state;
    for (size_t n = 0; n < sizeof(WHAT) / sizeof(WHAT[0]); n++) {
        struct world *w = world_of(ZONE, 1000, 43, NULL, WHAT[n]);

        for (unsigned t = 0; t < TABLE_LIMIT; t++) {
            double sum = 0;

            for (unsigned c = 0; c < CLASS_MOST; c++)
                sum += w->rate[t][c];
            assert_true(fabs(sum - 1) < 1e-9);
            assert_true(w->rate[t][0] >= fmin(w->natural[t][0], 0.05) - 1e-9);
        }
        draws_fit(w, TABLE_STS);
        draws_fit(w, TABLE_POLICY_SELF);
        draws_fit(w, TABLE_SMTP_SELF);
        test_free(w);
    }
}

static void oversampling_multiplies(void **state)
{
    struct world *w = world_of(ZONE, 1000, 1, NULL, "sts=100"),
                 *one = world_of(ZONE, 1000, 1, NULL, "sts-multi=9");

    (void)state;
    assert_true(fabs(w->rate[TABLE_STS][STS_OK] / w->natural[TABLE_STS][STS_OK] - 100) < 1e-6);
    assert_true(fabs(w->rate[TABLE_STS_NO_MX][STS_OK] / w->natural[TABLE_STS_NO_MX][STS_OK] - 100) < 1e-6);
    assert_true(fabs(one->rate[TABLE_STS][STS_MULTI] / one->natural[TABLE_STS][STS_MULTI] - 9) < 1e-6);
    assert_true(one->rate[TABLE_STS][STS_OK] == one->natural[TABLE_STS][STS_OK]);
    assert_true(w->rate[TABLE_RPT][RPT_OK] == w->natural[TABLE_RPT][RPT_OK]);
    test_free(w);
    test_free(one);
}

static void waits_have_their_median(void **state)
{
    struct world *w = world_of(ZONE, 1000, 8, NULL, NULL);
    unsigned n_below = 0, n_far = 0;

    (void)state;
    for (uint64_t i = 0; i < 100000; i++) {
        double x = draw_lognormal(w, DRAW_LATENCY, i, 0, 20, 0.8);

        n_below += x < 20;
        n_far += x > 20 * exp(0.8);
    }
    assert_true(fits(n_below, 100000, 0.5));
    assert_true(fits(n_far, 100000, 0.158655)); /* beyond one sigma */
    test_free(w);
}

/* What a draw is for, and both numbers, matter; nothing else does. */
static void draws_are_independent(void **state)
{
    struct world *w = world_of(ZONE, 1000, 8, NULL, NULL);
    unsigned n_both = 0;

    (void)state;
    for (uint64_t i = 0; i < 100000; i++) {
        assert_true(draw(w, DRAW_STS, i, 0) == draw(w, DRAW_STS, i, 0));
        n_both += draw_unit(w, DRAW_STS, i, 0) < 0.5 && draw_unit(w, DRAW_RPT, i, 0) < 0.5 &&
                  draw_unit(w, DRAW_STS, i, 1) < 0.5 && draw_unit(w, DRAW_STS, i + 1, 0) < 0.5;
    }
    assert_true(fits(n_both, 100000, 1.0 / 16));
    test_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(class_names_are_unique),
        cmocka_unit_test(profiles_are_complete),
        cmocka_unit_test(bad_lines),
        cmocka_unit_test(what_does_not_add_up),
        cmocka_unit_test(parameters_must_be_said),
        cmocka_unit_test(draws_keep_to_the_profile),
        cmocka_unit_test(oversampled_draws_keep_their_weight),
        cmocka_unit_test(oversampling_multiplies),
        cmocka_unit_test(waits_have_their_median),
        cmocka_unit_test(draws_are_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
