/* test_endpoint_retry.c - endpoint_retry.c: what waits for another attempt loses nothing, and costs little.
 */
#include "scanner/endpoint_private.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINT_BUDGET_BYTES 200 /* DESIGN.md, principle 6 */
#define TABLE_BYTES           16  /* of it, for its place in the table of addresses */

struct scene {
    struct options options;
    struct scan scan;
    struct worker worker;
};

static void begin(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    s->options.retry_after = (struct option_durations){.ms = {300000, 1800000}, .n = 2};
    s->scan.options = &s->options;
    s->worker.scan = &s->scan;
    s->worker.site_common = (struct site_common){.memory = &s->worker.site_memory};
}

static struct site_host *admit(struct scene *s, struct site *site, const char *name)
{
    struct site_answer answer;

    assert_int_equal(site_admit(site, &s->worker.site_common, name, false, false, &answer), STS_OK);
    site_begin(site, answer.kept);
    return answer.kept;
}

static struct endpoint endpoint_of(struct scene *s, struct site *site, struct site_host *host)
{
    return (struct endpoint){.w = &s->worker, .site = site, .host = host};
}

/* A number of any length. */
static uint64_t any(uint64_t *seed)
{
    return random_next(seed) >> (random_next(seed) % 64);
}

static void assert_same(const struct attempts *a, const struct attempts *b)
{
    assert_int_equal(a->n, b->n);
    for (uint32_t i = 0; i < a->n; i++) {
        assert_int_equal(a->v[i].t_ms, b->v[i].t_ms);
        assert_int_equal(a->v[i].dur_ms, b->v[i].dur_ms);
        assert_int_equal(a->v[i].oc, b->v[i].oc);
        assert_int_equal(a->v[i].src, b->v[i].src);
        assert_int_equal(a->v[i].raw, b->v[i].raw);
    }
}

/* Protects evidence: the list of attempts and the state come back as they were, whatever they hold, however
 * often, beside other hosts of the address; the name and what is known of the host too. A raw code has 32
 * bits (struct result). */
static void test_nothing_is_lost(void **state)
{
    static const int64_t ends[] = {0, -1, 1, INT32_MIN, INT32_MAX, -64, 63, 64};
    struct site site = {0};
    struct scene s;
    uint64_t seed = 11;

    (void)state;
    begin(&s);
    for (unsigned i = 0; i < 300; i++) {
        char name[64], other[64];
        struct endpoint e, back;

        snprintf(name, sizeof(name), "mx%u.%.*s.example", i, (int)(i % 30), "abcdefghijabcdefghijabcdefghij");
        snprintf(other, sizeof(other), "mx%u.other.example", i);
        e = endpoint_of(&s, &site, admit(&s, &site, name));
        (void)admit(&s, &site, other);
        e.host->probed = true;
        e.n_seen = (uint32_t)any(&seed);
        e.n_rounds = any(&seed) % 16;
        e.n_stalls = (uint8_t)any(&seed);
        for (unsigned k = 0; k < i % (ATTEMPTS_MOST + 1); k++)
            assert_int_equal(attempts_add(&e.attempts, (struct rec_attempt){.t_ms = any(&seed),
                                                                            .dur_ms = any(&seed),
                                                                            .oc = any(&seed),
                                                                            .src = any(&seed) % 16,
                                                                            .raw = ends[k % STS_LEN(ends)]}),
                             STS_OK);
        assert_int_equal(endpoint_retry_put(&e, s.options.retry_after.ms[i % 2]), STS_OK);
        back = endpoint_of(&s, &site, s.worker.retries[i % 2 + 1].last);
        assert_true(back.host->n_extra > 0);
        endpoint_retry_take(&back);
        assert_same(&e.attempts, &back.attempts);
        assert_int_equal(back.n_seen, e.n_seen);
        assert_int_equal(back.n_rounds, e.n_rounds);
        assert_int_equal(back.n_stalls, e.n_stalls);
        assert_string_equal(back.host->name, name);
        assert_true(back.host->probed && back.host->stays && !back.host->waiting);
        assert_int_equal(back.host->n_extra, 0);
        assert_true(site_has(&site, &s.worker.site_common, name));
        assert_true(site_has(&site, &s.worker.site_common, other));
        s.worker.retries[i % 2 + 1] = (struct retry_list){0};
        attempts_fini(&e.attempts);
        attempts_fini(&back.attempts);
    }
    site_fini(&site, &s.worker.site_common);
    slab_fini(&s.worker.site_memory);
}

/* Protects the order: a list for each time to wait, and each in the order of coming. */
static void test_lists(void **state)
{
    static const uint64_t waits[] = {1800000, 0, 300000, 0, 1800000};
    static const unsigned expected[] = {2, 0, 1, 0, 2};
    struct site site = {0};
    struct scene s;
    char name[32];

    (void)state;
    begin(&s);
    for (unsigned i = 0; i < STS_LEN(waits); i++) {
        struct endpoint e;

        snprintf(name, sizeof(name), "mx%u.example", i);
        e = endpoint_of(&s, &site, admit(&s, &site, name));
        assert_int_equal(endpoint_retry_put(&e, waits[i]), STS_OK);
        assert_string_equal(s.worker.retries[expected[i]].last->name, name);
    }
    assert_string_equal(s.worker.retries[0].first->name, "mx1.example");
    assert_string_equal(s.worker.retries[1].first->name, "mx2.example");
    assert_string_equal(s.worker.retries[2].first->name, "mx0.example");
    site_fini(&site, &s.worker.site_common);
    slab_fini(&s.worker.site_memory);
}

static size_t in_steps(size_t len_bytes)
{
    return (len_bytes + SLAB_STEP_BYTES - 1) / SLAB_STEP_BYTES * SLAB_STEP_BYTES;
}

/* Protects the budget: a host at an address of its own, after its first attempt of three days into the scan,
 * with a name of 30 bytes. */
static void test_budget(void **state)
{
    enum { N = 50000 };
    struct site **sites = calloc(N, sizeof(*sites));
    struct scene s;
    size_t n_pages = 0, n_bytes = 0;

    (void)state;
    assert_non_null(sites);
    begin(&s);
    s.worker.timers.now_ms = 3 * 86400000;
    for (unsigned i = 0; i < N; i++) {
        struct endpoint e;
        char name[32];

        snprintf(name, sizeof(name), "mx%07u.customer.mail.example", i);
        sites[i] = slab_alloc(&s.worker.site_memory, sizeof(*sites[i]));
        assert_non_null(sites[i]);
        *sites[i] = (struct site){0};
        e = endpoint_of(&s, sites[i], admit(&s, sites[i], name));
        e.n_seen = e.n_rounds = 1;
        assert_int_equal(attempts_add(&e.attempts, (struct rec_attempt){.t_ms = s.worker.timers.now_ms - 4321,
                                                                        .dur_ms = 4321,
                                                                        .oc = OC_SMTP_GREETING_4XX,
                                                                        .src = 3,
                                                                        .raw = 421}),
                         STS_OK);
        assert_int_equal(endpoint_retry_put(&e, 300000), STS_OK);
        n_bytes += in_steps(sizeof(struct site)) + in_steps(offsetof(struct site_host, name) + strlen(name) +
                                                            1 + s.worker.retries[1].last->n_extra);
        attempts_fini(&e.attempts);
    }
    assert_in_range(n_bytes / N, 0, ENDPOINT_BUDGET_BYTES - TABLE_BYTES);
    for (void **chunk = s.worker.site_memory.chunks; chunk != NULL; chunk = *chunk)
        n_pages += SLAB_CHUNK_PAGES;
    n_pages -= s.worker.site_memory.n_fresh;
    assert_in_range(n_pages * SLAB_PAGE_BYTES / N, 0, ENDPOINT_BUDGET_BYTES - TABLE_BYTES);
    for (unsigned i = 0; i < N; i++) {
        site_fini(sites[i], &s.worker.site_common);
        slab_free(&s.worker.site_memory, sites[i], sizeof(*sites[i]));
    }
    slab_fini(&s.worker.site_memory);
    free(sites);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_lost),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
