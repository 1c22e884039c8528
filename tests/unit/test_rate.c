/* test_rate.c - rate.c: the pace that was asked for, neither more in any second nor less in the long run. */
#include "scanner/rate.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>

#define SECOND    INT64_C(1000000000)
#define MS        INT64_C(1000000)
#define N_THREADS 4

/* Turns taken, moment by moment. */
struct taken {
    int64_t at_ns[200000];
    uint32_t n[200000];
    uint32_t len;
    uint64_t total;
};
static struct taken taken;

static void note(int64_t now_ns, uint32_t n)
{
    if (n == 0)
        return;
    assert_true(taken.len < STS_LEN(taken.n));
    taken.at_ns[taken.len] = now_ns;
    taken.n[taken.len++] = n;
    taken.total += n;
}

/* Ask for all there is at every turn of a loop, `step_ns` and up to `jitter_ns` more apart. */
static void run(double per_second, int64_t from_ns, int64_t len_ns, int64_t step_ns, int64_t jitter_ns)
{
    uint64_t seed = 1;
    struct rate r;

    taken.len = 0;
    taken.total = 0;
    rate_init(&r, per_second);
    for (int64_t now = from_ns; now < from_ns + len_ns;
         now += step_ns + (jitter_ns ? (int64_t)(random_next(&seed) % (uint64_t)jitter_ns) : 0))
        note(now, rate_take(&r, now, UINT32_MAX));
}

/* The most turns within any second. */
static uint64_t most_in_a_second(void)
{
    uint64_t sum = 0, most = 0;

    for (uint32_t last = 0, first = 0; last < taken.len; last++) {
        sum += taken.n[last];
        for (; taken.at_ns[last] - taken.at_ns[first] >= SECOND; first++)
            sum -= taken.n[first];
        most = sum > most ? sum : most;
    }
    return most;
}

static uint64_t burst_of(double per_second)
{
    return (uint64_t)(per_second * 1.002 * RATE_BURST_NS / 1e9) + 1; /* intervals are whole ns */
}

static const double rates[] = {0.1, 1, 3, 10, 60, 90, 99, 100, 101, 150, 200, 500, 2000, 33333, 1e6, 9e6};

/* Protects peers: whatever the rate, no second has more than it and the burst. */
static void test_no_second_has_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < STS_LEN(rates); i++) {
        run(rates[i], 7 * SECOND, 30 * SECOND, MS, 9 * MS);
        if (most_in_a_second() > (uint64_t)(rates[i] * 1.001) + burst_of(rates[i]) + 1)
            fail_msg("%g/s: %lu in a second", rates[i], (unsigned long)most_in_a_second());
    }
}

/* Protects throughput: a loop that turns every 5 ms, or less evenly, gets the rate that was asked for. */
static void test_the_rate_is_reached(void **state)
{
    static const struct {
        int64_t step_ns, jitter_ns;
    } loops[] = {{5 * MS, 0}, {MS, 0}, {MS, 8 * MS}, {7 * MS + 1, 0}};

    (void)state;
    for (size_t i = 0; i < STS_LEN(rates); i++) {
        for (size_t k = 0; k < STS_LEN(loops); k++) {
            double expected = rates[i] * 100;

            run(rates[i], 3, 100 * SECOND, loops[k].step_ns, loops[k].jitter_ns);
            if ((double)taken.total < expected * 0.99 - 1 || (double)taken.total > expected * 1.01 + 2)
                fail_msg("%g/s, loop %zu: %lu in 100 s", rates[i], k, (unsigned long)taken.total);
        }
    }
}

/* Protects peers: after an hour of nothing there is the burst, and no more. */
static void test_idle_time_builds_up_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < STS_LEN(rates); i++) {
        struct rate r;
        uint64_t n;

        rate_init(&r, rates[i]);
        assert_true(rate_take(&r, SECOND, UINT32_MAX) > 0);
        n = rate_take(&r, 3600 * SECOND, UINT32_MAX);
        assert_in_range(n, 1, burst_of(rates[i]) + 1);
        assert_int_equal(rate_take(&r, 3600 * SECOND, UINT32_MAX), 0);
        if (rates[i] <= 10) /* then a second turn is an interval later */
            assert_int_equal(rate_take(&r, 3600 * SECOND + 80 * MS, 1), 0);
    }
}

/* Protects the batches: never more than wanted, and what was not wanted is there still. */
static void test_want_is_a_limit(void **state)
{
    struct rate r;

    (void)state;
    rate_init(&r, 1000);
    assert_int_equal(rate_take(&r, SECOND, 0), 0);
    assert_int_equal(rate_take(&r, SECOND, 4), 4);
    assert_int_equal(rate_take(&r, SECOND, 100), 7);
    assert_int_equal(rate_take(&r, SECOND, 100), 0);
    assert_int_equal(rate_take(&r, SECOND + MS, 100), 1);
    assert_int_equal(rate_take(&r, SECOND, 100), 0); /* a thread whose clock is behind */
}

/* Protects `0 is no limit`. */
static void test_no_limit(void **state)
{
    struct rate r;

    (void)state;
    rate_init(&r, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(rate_take(&r, 5, UINT32_MAX), UINT32_MAX);
    assert_int_equal(rate_take(&r, 5, 0), 0);
}

/* Protects a rate that is given anew: it holds at once, up and down, and from and to none. */
static void test_another_rate(void **state)
{
    static const double next_rates[] = {1000, 50, 4000, 0, 200};
    int64_t now = SECOND;
    struct rate r;

    (void)state;
    rate_init(&r, 100);
    for (size_t i = 0; i < STS_LEN(next_rates); i++) {
        uint64_t total = 0;

        rate_set(&r, next_rates[i]);
        if (next_rates[i] == 0) {
            assert_int_equal(rate_take(&r, now, UINT32_MAX), UINT32_MAX);
            continue;
        }
        for (int64_t end = now + 2 * SECOND; now < end; now += 5 * MS)
            total += rate_take(&r, now, UINT32_MAX);
        assert_in_range(total, (uint64_t)(1.98 * next_rates[i]),
                        (uint64_t)(2 * next_rates[i]) + burst_of(next_rates[i]) + 1);
    }
}

/* Threads that share one rate and one simulated clock. */
struct sharing {
    struct rate rate;
    pthread_barrier_t tick;
    int64_t now_ns;
    _Atomic uint64_t total, in_tick;
};

static void *share(void *arg)
{
    struct sharing *s = arg;

    for (int tick = 0; tick < 2000; tick++) {
        if (pthread_barrier_wait(&s->tick) == PTHREAD_BARRIER_SERIAL_THREAD)
            s->now_ns += 5 * MS;
        pthread_barrier_wait(&s->tick);
        for (int i = 0; i < 8; i++)
            atomic_fetch_add(&s->total, rate_take(&s->rate, s->now_ns, 3));
    }
    return NULL;
}

/* Protects the one clock of all workers: together they get the rate once, not each. */
static void test_threads_share(void **state)
{
    pthread_t threads[N_THREADS];
    struct sharing s = {.now_ns = SECOND};

    (void)state;
    rate_init(&s.rate, 5000);
    assert_int_equal(pthread_barrier_init(&s.tick, NULL, N_THREADS), 0);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, share, &s), 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&s.tick);
    assert_in_range(s.total, 5000 * 10 - 50, 5000 * 10 + 51); /* 2,000 ticks of 5 ms; the burst */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_second_has_more),  cmocka_unit_test(test_another_rate),
        cmocka_unit_test(test_the_rate_is_reached), cmocka_unit_test(test_idle_time_builds_up_nothing),
        cmocka_unit_test(test_want_is_a_limit),     cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_threads_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
