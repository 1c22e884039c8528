/* test_timers.c - timers.c against a list without any order: what fires when. */
#include "scanner/timers.h"
#include "tests/unit/unit.h"

#include <string.h>

#define N_TIMERS 300
#define N_STEPS  20000

struct model {
    struct timer timer; /* first */
    bool running;
    uint64_t due_ms;
    unsigned n_fired;
};
static struct timers ts;
static struct model models[N_TIMERS];
static uint64_t last_due_ms; /* within one run */
static uint64_t seed;

static void fire(struct timer *t);

static void start(struct model *m, uint64_t delay_ms)
{
    assert_int_equal(timers_start(&ts, &m->timer, delay_ms, fire), STS_OK);
    m->running = true;
    m->due_ms = ts.now_ms + (delay_ms ? delay_ms : 1);
}

static void stop(struct model *m)
{
    timers_stop(&ts, &m->timer);
    m->running = false;
}

/* Not early, not stopped, not twice, the earliest first; then now and then starts and stops others. */
static void fire(struct timer *t)
{
    struct model *m = (struct model *)t;
    uint64_t r = random_next(&seed);

    assert_true(m->running);
    assert_true(m->due_ms <= ts.now_ms);
    assert_true(m->due_ms >= last_due_ms);
    assert_false(timer_is_running(t));
    last_due_ms = m->due_ms;
    m->running = false;
    m->n_fired++;
    if (r % 8 == 0)
        start(m, r / 8 % 50);
    if (r % 8 == 1)
        start(&models[r / 8 % N_TIMERS], r / 4096 % 50);
    if (r % 8 == 2)
        stop(&models[r / 8 % N_TIMERS]);
}

static void run(uint64_t now_ms)
{
    last_due_ms = 0;
    timers_run(&ts, now_ms);
    for (int i = 0; i < N_TIMERS; i++) {
        assert_int_equal(models[i].running, timer_is_running(&models[i].timer));
        assert_false(models[i].running && models[i].due_ms <= ts.now_ms); /* none was passed over */
    }
}

/* Protects every deadline: any order of starts, moves, stops and runs, from callbacks too. */
static void test_against_a_model(void **state)
{
    unsigned n_fired = 0;

    (void)state;
    memset(models, 0, sizeof(models));
    seed = 11;
    for (int step = 0; step < N_STEPS; step++) {
        uint64_t r = random_next(&seed);
        struct model *m = &models[r / 16 % N_TIMERS];

        if (r % 16 < 9)
            start(m, r / 65536 % (r % 16 == 0 ? 20000 : 200)); /* some for several turns of the wheel */
        else if (r % 16 < 12)
            stop(m);
        else
            run(ts.now_ms + r / 65536 % (r % 256 == 12 ? 9000 : 20));
    }
    run(ts.now_ms + 30000);
    for (int i = 0; i < N_TIMERS; i++) {
        stop(&models[i]);
        n_fired += models[i].n_fired;
    }
    assert_true(n_fired > 1000);
    assert_int_equal(ts.n, 0);
    timers_fini(&ts);
}

static unsigned n_again;

static void again(struct timer *t)
{
    n_again++;
    assert_int_equal(timers_start(&ts, t, 0, again), STS_OK);
}

/* Protects the loop: a timer that starts itself without any delay fires once in a run, and in the next again.
 */
static void test_restart_does_not_loop(void **state)
{
    struct timer t = {0};

    (void)state;
    assert_int_equal(timers_start(&ts, &t, 0, again), STS_OK);
    timers_run(&ts, 0);
    assert_int_equal(n_again, 0);
    for (unsigned now = 1; now < 100; now++) {
        timers_run(&ts, now);
        assert_int_equal(n_again, now);
    }
    timers_run(&ts, 100000); /* a long gap is one firing, too */
    assert_int_equal(n_again, 100);
    timers_stop(&ts, &t);
    timers_fini(&ts);
}

/* Protects a clock that steps back (a gap taken off late): nothing fires early, the clock stands. */
static void test_clock_never_goes_back(void **state)
{
    struct timer t = {0};

    (void)state;
    n_again = 0;
    timers_run(&ts, 1000);
    assert_int_equal(timers_start(&ts, &t, 10, again), STS_OK);
    timers_run(&ts, 500);
    assert_int_equal(ts.now_ms, 1000);
    timers_run(&ts, 1009);
    assert_int_equal(n_again, 0);
    timers_run(&ts, 1010);
    assert_int_equal(n_again, 1);
    timers_stop(&ts, &t);
    timers_stop(&ts, &t); /* no harm */
    timers_fini(&ts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_model),
        cmocka_unit_test(test_restart_does_not_loop),
        cmocka_unit_test(test_clock_never_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
