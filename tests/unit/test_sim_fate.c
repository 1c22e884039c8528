/* test_sim_fate.c - fate*.c: what becomes of names, hosts, servers and questions. */
#include "tests/unit/sim_world.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define N_NAMES 100000

static bool fits(double n_seen, double n, double rate)
{
    return fabs(n_seen - n * rate) <= 5 * sqrt(n * rate * (1 - rate)) + 5;
}

static uint64_t mixed(uint64_t hash, uint64_t x)
{
    uint64_t state = hash ^ x;

    return random_next(&state);
}

/* All of a fate in one number. */
static uint64_t fate_hash(const struct fate *f)
{
    uint64_t h = f->i, weight;

    memcpy(&weight, &f->weight, sizeof(weight));
    h = mixed(h, weight);
    h = mixed(h, (uint64_t)f->mail << 40 | (uint64_t)f->mxset << 32 | (uint64_t)f->sts << 16 | f->rpt);
    h = mixed(h, (uint64_t)f->spf << 4 | f->dmarc << 3 | f->signed_zone << 2 | f->fetchable << 1 | f->third);
    h = mixed(h, (uint64_t)f->provider << 32 | (uint64_t)f->policy << 16 | f->body);
    h = mixed(h, f->max_age_s);
    h = mixed(h, (uint64_t)f->mode << 32 | (uint64_t)f->listing << 16 | f->tlsa);
    for (uint32_t n = 0; n < f->n_mx; n++) {
        h = mixed(h, (uint64_t)f->mx[n].preference << 32 | f->mx[n].host.kind);
        h = mixed(h, f->mx[n].host.owner << 16 | f->mx[n].host.index);
    }
    return h;
}

static void fates_are_pure(void **state)
{
    struct world *w = world_of(TOPLIST, N_NAMES, 5, NULL, "sts=50"),
                 *again = world_of(TOPLIST, N_NAMES, 5, NULL, "sts=50");
    struct world *more = world_of(TOPLIST, 10 * N_NAMES, 5, NULL, "sts=50"),
                 *other = world_of(TOPLIST, N_NAMES, 6, NULL, "sts=50");
    static uint64_t hashes[5000];
    unsigned n_same = 0;
    struct fate f;

    (void)state;
    for (uint64_t i = 0; i < 5000; i++) {
        memset(&f, (int)i, sizeof(f)); /* what was there before does not matter */
        fate_of(w, i, &f);
        hashes[i] = fate_hash(&f);
    }
    for (uint64_t i = 5000; i-- > 0;) {
        fate_of(again, i, &f);
        assert_true(fate_hash(&f) == hashes[i]);
        fate_of(more, i, &f); /* how many names there are does not matter to one of them */
        assert_true(fate_hash(&f) == hashes[i]);
        fate_of(other, i, &f);
        n_same += fate_hash(&f) == hashes[i];
    }
    assert_in_range(n_same, 0, 5000 / 2);
    test_free(w);
    test_free(again);
    test_free(more);
    test_free(other);
}

/* ---- rates ---- */

struct tally {
    double n[TABLE_LIMIT][CLASS_MOST];
    double total[TABLE_LIMIT];
};

static void count(struct tally *t, enum table table, unsigned class, double weight)
{
    t->n[table][class] += weight;
    t->total[table] += weight;
}

static void count_fate(struct tally *t, const struct fate *f, double weight)
{
    bool mx = f->mail == MAIL_MX || f->mail == MAIL_NULL_BESIDE;

    count(t, TABLE_MAIL, f->mail, weight);
    if (mx)
        count(t, TABLE_MXSET, f->mxset, weight);
    if (f->mail != MAIL_NXDOMAIN)
        count(t, mx ? TABLE_STS : TABLE_STS_NO_MX, f->sts, weight);
    if (f->sts == STS_NONE && f->mail != MAIL_NXDOMAIN)
        count(t, TABLE_RPT, f->rpt, weight);
    if (f->sts == STS_OK)
        count(t, TABLE_RPT_STS, f->rpt, weight);
    if (!f->fetchable)
        return;
    count(t, TABLE_BODY, f->body, weight);
    if (mx)
        count(t, TABLE_LISTING, f->listing, weight);
}

static void names_keep_to_the_profile(void **state)
{
    static const enum table TABLES[] = {TABLE_MAIL, TABLE_STS,     TABLE_STS_NO_MX, TABLE_RPT,
                                        TABLE_BODY, TABLE_RPT_STS, TABLE_MXSET};
    struct world *w = world_of(TOPLIST, 3 * N_NAMES, 21, NULL, NULL);
    static struct tally t;
    struct fate f;

    (void)state;
    for (uint64_t i = 0; i < w->n_names; i++) {
        fate_of(w, i, &f);
        assert_true(f.weight == 1);
        count_fate(&t, &f, 1);
    }
    for (unsigned n = 0; n < sizeof(TABLES) / sizeof(TABLES[0]); n++)
        for (unsigned c = 0; c < CLASS_MOST; c++)
            if (!fits(t.n[TABLES[n]][c], t.total[TABLES[n]], w->rate[TABLES[n]][c]))
                fail_msg("%s: class %u: %g of %g, not %g", table_name(TABLES[n]), c, t.n[TABLES[n]][c],
                         t.total[TABLES[n]], w->rate[TABLES[n]][c]);
    test_free(w);
}

/* What is told with weights from an oversampled population is what the natural one has. */
static void weights_undo_oversampling(void **state)
{
    static const char *const WHAT[] = {"sts=80", "smtp-self=2", "mxset=1.5", "tlsa=20",
                                       "mail-null-beside=2000"};

    (void)state;
    for (size_t n = 0; n < sizeof(WHAT) / sizeof(WHAT[0]); n++) {
        struct world *w = world_of(TOPLIST, N_NAMES, 22, NULL, WHAT[n]);
        double sum = 0, squares = 0, ok = 0, tlsa = 0;
        struct fate f;

        for (uint64_t i = 0; i < N_NAMES; i++) {
            fate_of(w, i, &f);
            sum += f.weight;
            squares += f.weight * f.weight;
            ok += f.sts == STS_OK ? f.weight : 0;
            tlsa += f.tlsa == TLSA_OK ? f.weight : 0;
        }
        if (fabs(sum - N_NAMES) > 5 * sqrt(squares - sum * sum / N_NAMES) + 1)
            fail_msg("%s: %g names stand for %g", WHAT[n], (double)N_NAMES, sum);
        assert_true(n > 0 || fabs(ok / sum / w->natural[TABLE_STS][STS_OK] / w->natural[TABLE_MAIL][MAIL_MX] -
                                  1) < 0.05);
        assert_true(tlsa / sum < 0.006);
        assert_true(squares - sum * sum / N_NAMES > 1); /* they differ */
        test_free(w);
    }
}

/* The largest operators are large: the first has its share, and the tail is Zipf's. */
static void operators_have_their_sizes(void **state)
{
    struct world *w = world_of(ZONE, 3 * N_NAMES, 23, NULL, NULL);
    double n_tail = 0, n_largest = 0, n_hosts[5] = {0}, n_self = 0;
    struct fate f;

    (void)state;
    for (uint64_t i = 0; i < w->n_names; i++) {
        fate_of(w, i, &f);
        if (f.mail == MAIL_MX && f.mxset == MXSET_OPERATOR) {
            n_tail++;
            n_largest += f.mx[0].host.owner == 0;
        }
        if (f.mail == MAIL_MX && f.mxset == MXSET_SELF && !f.fetchable) {
            n_self++;
            n_hosts[f.n_mx == 1 ? 1 : f.n_mx == 2 ? 2 : f.n_mx <= 5 ? 3 : 4]++;
        }
    }
    /* of a continuous power law with exponent 1 below n: log 2 / log n */
    assert_true(fits(n_largest, n_tail, log(2) / log(w->param[PARAM_OPERATORS] + 1)));
    assert_true(fits(n_hosts[1], n_self, 0.6) && fits(n_hosts[2], n_self, 0.25) &&
                fits(n_hosts[3], n_self, 0.14));
    test_free(w);
}

/* ---- only ---- */

static bool server_shows(const struct world *w, const struct host_id *id, enum smtp_class want)
{
    struct host_fate h;
    struct server_fate s;

    host_fate_of(w, id, &h);
    if (h.state != HOST_THERE || h.v6 != (want == SMTP_REFUSED) || h.n_v4 != (want != SMTP_REFUSED))
        return false;
    if (h.n_v4 == 0)
        return true;
    server_fate_of(w, h.v4[0], &s);
    return s.smtp == want && ((h.v4[0] & ADDRESS_DEAD_MASK) == ADDRESS_DEAD_NET) == (want == SMTP_TIMEOUT);
}

static unsigned class_shown(const struct world *w, const struct fate *f, enum group g, unsigned want)
{
    struct host_fate h;

    switch (g) {
    case GROUP_MAIL: return f->mail;
    case GROUP_MXSET: return f->mxset;
    case GROUP_STS: return f->sts;
    case GROUP_RPT: return f->rpt;
    case GROUP_POLICY: return f->policy;
    case GROUP_BODY: return f->body;
    case GROUP_LISTING: return f->listing;
    case GROUP_SMTP: return server_shows(w, &f->mx[0].host, (enum smtp_class)want) ? want : UINT32_MAX;
    case GROUP_TLSA: host_fate_of(w, &f->mx[0].host, &h); return h.tlsa == f->tlsa ? f->tlsa : UINT32_MAX;
    case GROUP_QUERY: return query_fate_of(w, "a.com", 5 - (size_t)(f->i % 4), 15);
    default: return UINT32_MAX;
    }
}

/* What the class brings along: a group of which nothing is said then. */
static bool goes_along(enum group g, unsigned c, enum group other)
{
    if (other == g)
        return true;
    if (g == GROUP_MAIL) /* no host to look at, or another */
        return other == GROUP_SMTP || other == GROUP_TLSA || c == MAIL_NXDOMAIN;
    if (g == GROUP_MXSET)
        return other == GROUP_SMTP;
    return g == GROUP_LISTING && other == GROUP_MXSET && c == LISTING_TARGET;
}

static void shows_only(const struct world *w, enum group g, unsigned c, uint64_t i)
{
    struct fate f;

    fate_of(w, i, &f);
    assert_true(f.weight == 1);
    for (unsigned other = 0; other < GROUP_LIMIT; other++) {
        unsigned want = other == g ? c : other == GROUP_STS ? (unsigned)STS_OK : 0;

        if ((other == g || !goes_along(g, c, (enum group)other)) &&
            class_shown(w, &f, (enum group)other, want) != want)
            fail_msg("--only %s: name %u is not %s", class_name(g, c), (unsigned)i,
                     class_name((enum group)other, want));
    }
    assert_true(f.mode == (g == GROUP_BODY && c == BODY_NONE_NO_MX ? MODE_NONE : MODE_ENFORCE));
}

/* Each class alone, in all names; else they are as they should be. */
static void only_one_class(void **state)
{
    (void)state;
    for (unsigned g = 0; g < GROUP_LIMIT; g++)
        for (unsigned c = 0; c < group_size((enum group)g); c++) {
            struct world *w = world_of(ZONE, 1000, 31, class_name((enum group)g, c), NULL);

            for (uint64_t i = 0; i < 60; i++)
                shows_only(w, (enum group)g, c, i);
            test_free(w);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fates_are_pure),
        cmocka_unit_test(names_keep_to_the_profile),
        cmocka_unit_test(weights_undo_oversampling),
        cmocka_unit_test(operators_have_their_sizes),
        cmocka_unit_test(only_one_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
