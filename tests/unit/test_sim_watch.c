/* test_sim_watch.c - watch.c against a model that keeps every connection there ever was. */
#include "bench/sim/watch.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define N_EVENTS 3000
#define N_OPEN   256
#define NET      UINT32_C(0xffffff00)

/* Every beginning, and what is open. */
struct model {
    struct {
        uint64_t at_ms;
        uint32_t address;
        enum watch_service service;
        bool open;
    } all[N_EVENTS];
    unsigned n;
};
static struct model model;

struct seen {
    uint32_t open, in_second;
    uint64_t gap_ms;
};

/* What the newest beginning met at its address (mask all ones), or network. */
static struct seen look(uint32_t mask)
{
    struct seen s = {.gap_ms = UINT64_MAX};
    unsigned last = model.n - 1;
    uint64_t now = model.all[last].at_ms;
    for (unsigned i = 0; i < model.n; i++) {
        if (model.all[i].service != model.all[last].service ||
            (model.all[i].address ^ model.all[last].address) & mask)
            continue;
        uint64_t ago = now - model.all[i].at_ms;
        s.open += model.all[i].open;
        s.in_second += ago < 1000;
        if (i != last && ago < 1000 && ago < s.gap_ms)
            s.gap_ms = ago;
    }
    return s;
}

static void raise_peak(struct watch_peak *p, const struct seen *s, uint32_t address)
{
    if (s->open > p->most_open) {
        p->most_open = s->open;
        p->open_at = address;
    }
    if (s->in_second > p->most_in_second) {
        p->most_in_second = s->in_second;
        p->second_at = address;
    }
    if (s->gap_ms < p->least_gap_ms) {
        p->least_gap_ms = s->gap_ms;
        p->gap_at = address;
    }
}

static void same_peak(const struct watch_peak *a, const struct watch_peak *b)
{
    assert_int_equal(a->most_open, b->most_open);
    assert_int_equal(a->most_in_second, b->most_in_second);
    assert_true(a->least_gap_ms == b->least_gap_ms);
    assert_int_equal(a->open_at, b->open_at);
    assert_int_equal(a->second_at, b->second_at);
    assert_int_equal(a->gap_at, b->gap_at);
}

static void close_one(struct watch *w, uint64_t *random, uint64_t now)
{
    unsigned i = (unsigned)(random_next(random) % model.n);
    for (unsigned tried = 0; tried < model.n; tried++, i = (i + 1) % model.n)
        if (model.all[i].open) {
            model.all[i].open = false;
            watch_close(w, model.all[i].service, model.all[i].address, now);
            return;
        }
}

/* Random openings and closings at `n_addresses` in a few networks, up to `step_ms` apart. */
static void against_model(uint64_t seed, unsigned n_addresses, unsigned step_ms)
{
    struct watch *w = watch_new();
    assert_non_null(w);
    struct watch_peak want[WATCH_SERVICES][2] = {0}, address, network;
    for (int s = 0; s < WATCH_SERVICES; s++)
        want[s][0].least_gap_ms = want[s][1].least_gap_ms = UINT64_MAX;
    uint64_t random = seed, now = (UINT64_C(1) << 32) - 5000; /* its lower half wraps on the way */
    unsigned n_open = 0;
    model.n = 0;
    for (unsigned event = 0; event < N_EVENTS; event++) {
        now += random_next(&random) % (step_ms + 1);
        if (random_next(&random) % (step_ms > 2 ? 400 : N_EVENTS) == 0)
            now += 3000; /* long enough for all to leave, whatever is open */
        if (n_open > 0 && (n_open == N_OPEN || random_next(&random) % 2)) {
            close_one(w, &random, now);
            n_open--;
            continue;
        }
        enum watch_service s = random_next(&random) % 8 ? WATCH_SMTP : WATCH_HTTPS;
        uint32_t at = UINT32_C(0x7f000000) + (uint32_t)(random_next(&random) % n_addresses) * 61;
        model.all[model.n].at_ms = now;
        model.all[model.n].address = at;
        model.all[model.n].service = s;
        model.all[model.n++].open = true;
        n_open++;
        uint32_t open = 0, in_second = 0;
        assert_true(watch_open(w, s, at, now, &open, &in_second));
        struct seen one = look(UINT32_MAX), net = look(NET);
        assert_int_equal(open, one.open);
        assert_int_equal(in_second, one.in_second);
        raise_peak(&want[s][0], &one, at);
        raise_peak(&want[s][1], &net, at & NET);
        watch_peaks(w, s, &address, &network);
        same_peak(&address, &want[s][0]);
        same_peak(&network, &want[s][1]);
    }
    assert_int_equal(watch_missed(w), 0);
    watch_free(w);
}

static void few_addresses_often(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        against_model(seed, 3, 2);
}

static void many_addresses(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        against_model(seed, 300, 20);
}

static void addresses_that_come_back_after_a_second(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        against_model(seed, 40, 250);
}

/* A second is half open: what began 1,000 ms ago is not in it. */
static void the_edge_of_a_second(void **state)
{
    (void)state;
    struct watch *w = watch_new();
    struct watch_peak address, network;
    uint32_t open, in_second;
    assert_true(watch_open(w, WATCH_SMTP, 1, 5000, &open, &in_second));
    assert_true(watch_open(w, WATCH_SMTP, 1, 5999, &open, &in_second));
    assert_int_equal(in_second, 2);
    assert_true(watch_open(w, WATCH_SMTP, 1, 6000, &open, &in_second));
    assert_int_equal(in_second, 2);
    assert_int_equal(open, 3);
    assert_true(watch_open(w, WATCH_SMTP, 1, 7000, &open, &in_second));
    assert_int_equal(in_second, 1);
    watch_peaks(w, WATCH_SMTP, &address, &network);
    assert_int_equal(address.least_gap_ms, 1);
    watch_peaks(w, WATCH_HTTPS, &address, &network);
    assert_int_equal(address.most_open, 0);
    assert_true(network.least_gap_ms == UINT64_MAX);
    watch_free(w);
}

/* A beginning in each of 3,000 milliseconds: the times of a whole second are kept, and no more. */
static void every_millisecond(void **state)
{
    (void)state;
    struct watch *w = watch_new();
    uint32_t open, in_second;
    for (uint32_t now = 0; now < 3000; now++) {
        assert_true(watch_open(w, WATCH_HTTPS, 7, now, &open, &in_second));
        assert_int_equal(in_second, now < 1000 ? now + 1 : 1000);
        watch_close(w, WATCH_HTTPS, 7, now);
    }
    watch_free(w);
}

/* Closing what is not open changes nothing. */
static void a_stray_close(void **state)
{
    (void)state;
    struct watch *w = watch_new();
    uint32_t open, in_second;
    watch_close(w, WATCH_SMTP, 9, 1);
    assert_true(watch_open(w, WATCH_SMTP, 9, 2, &open, &in_second));
    watch_close(w, WATCH_SMTP, 9, 3);
    watch_close(w, WATCH_SMTP, 9, 4);
    assert_true(watch_open(w, WATCH_SMTP, 9, 5, &open, &in_second));
    assert_int_equal(open, 1);
    assert_int_equal(in_second, 2);
    watch_free(w);
}

/* Different for different i, and without a pattern that a hash could keep apart. */
static uint32_t scattered(uint32_t i)
{
    i = (i ^ i >> 16) * UINT32_C(0x7feb352d);
    i = (i ^ i >> 15) * UINT32_C(0x846ca68b);
    return i ^ i >> 16;
}

/* So many that they share buckets; every other one leaves, and takes none of the others with it. */
static void neighbours_leave(void **state)
{
    (void)state;
    struct watch *w = watch_new();
    uint32_t open, in_second, n = WATCH_MOST_ENTRIES / 8;
    for (uint32_t i = 0; i < n; i++)
        assert_true(watch_open(w, WATCH_SMTP, scattered(i), 10, &open, &in_second));
    for (uint32_t i = 0; i < n; i += 2)
        watch_close(w, WATCH_SMTP, scattered(i), 20);
    for (uint32_t i = 1; i < n; i += 2) {
        assert_true(watch_open(w, WATCH_SMTP, scattered(i), 2000, &open, &in_second));
        assert_int_equal(open, 2);
        assert_int_equal(in_second, 1);
    }
    watch_free(w);
}

/* Beyond the limit connections are counted as not watched; what is known still is; a second later there is
 * room.
 */
static void full(void **state)
{
    (void)state;
    struct watch *w = watch_new();
    uint32_t open, in_second, n = 0;
    while (watch_open(w, WATCH_SMTP, n, 10, &open, &in_second))
        watch_close(w, WATCH_SMTP, n++, 10);
    assert_true(n + n / 256 + 2 > WATCH_MOST_ENTRIES);
    assert_int_equal(watch_missed(w), 1);
    assert_true(watch_open(w, WATCH_SMTP, 0, 11, &open, &in_second));
    assert_int_equal(in_second, 2);
    assert_false(watch_open(w, WATCH_SMTP, n + 256, 1009, &open, &in_second));
    for (uint32_t i = 0; i < n / 8; i++)
        assert_true(watch_open(w, WATCH_SMTP, n + 256 + i, 1010 + i / 1000, &open, &in_second));
    assert_int_equal(watch_missed(w), 2);
    watch_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_addresses_often),
        cmocka_unit_test(many_addresses),
        cmocka_unit_test(addresses_that_come_back_after_a_second),
        cmocka_unit_test(the_edge_of_a_second),
        cmocka_unit_test(every_millisecond),
        cmocka_unit_test(a_stray_close),
        cmocka_unit_test(neighbours_leave),
        cmocka_unit_test(full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
