/* test_gate_threads.c - gate.c where several workers share a scan (clean under ThreadSanitizer). */
#include "scanner/gate.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sched.h>

#define MS          INT64_C(1000000)
#define N_THREADS   4
#define THREAD_JOBS 300

static const struct gate_limits limits[LANE_N] = {{UINT32_MAX, 0}, {UINT32_MAX, 0}};

/* Workers that share one scan: each has a gate, timers and counters of its own. */
struct crowd {
    struct scan *scan;
    _Atomic unsigned open, most_open, n_gone;
};
struct crowd_job {
    struct gate_job gate; /* first */
    struct crowd *crowd;
    bool is_open;
};

static void crowd_go(struct gate_job *gate, enum outcome oc)
{
    struct crowd_job *j = (struct crowd_job *)gate;
    unsigned open = atomic_fetch_add(&j->crowd->open, 1) + 1, most = atomic_load(&j->crowd->most_open);

    j->is_open = oc == OC_OK;
    while (open > most && !atomic_compare_exchange_weak(&j->crowd->most_open, &most, open))
        continue;
    atomic_fetch_add(&j->crowd->n_gone, 1);
}

static void *crowd_run(void *arg)
{
    struct crowd *crowd = arg;
    struct crowd_job own[THREAD_JOBS] = {0};
    struct counters counters = {0};
    struct timers timers = {0};
    struct gate *gate = gate_new(crowd->scan, &timers, &counters, limits);
    unsigned n_closed = 0;

    for (unsigned i = 0; gate != NULL && i < THREAD_JOBS; i++) {
        const struct address a = address_from_v4((const uint8_t[4]){1, 1, 1, (uint8_t)i});

        own[i].crowd = crowd;
        if (!gate_submit(gate, &own[i].gate, &a, LANE_SMTP, crowd_go))
            return NULL;
    }
    for (uint64_t now_ms = 1; gate != NULL && n_closed < THREAD_JOBS; now_ms++) {
        timers_run(&timers, now_ms);
        gate_turn(gate, (int64_t)now_ms * MS);
        sched_yield();
        for (unsigned i = 0; i < THREAD_JOBS; i++) {
            if (!own[i].is_open)
                continue;
            own[i].is_open = false;
            n_closed++;
            atomic_fetch_sub(&crowd->open, 1);
            gate_release(gate, &own[i].gate);
        }
    }
    gate_free(gate);
    timers_fini(&timers);
    return NULL;
}

/* Protects the limit of connections where all workers take from it at once. */
static void test_workers_share_connections(void **state)
{
    pthread_t threads[N_THREADS];
    struct prefix_set none = {0};
    struct scan scan = {.max_connections = 5, .secret = 5};
    struct crowd crowd = {.scan = &scan};
    struct sts_err err = {0};

    (void)state;
    prefix_set_build(&none);
    assert_int_equal(door_rules_init(&scan.door, IP_VERSION_ANY, &none, &none, &err), STS_OK);
    rate_init(&scan.connect_rate, 0);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_run, &crowd), 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(crowd.n_gone, N_THREADS * THREAD_JOBS);
    assert_in_range(crowd.most_open, 1, 5);
    assert_int_equal(scan.connections, 0);
    door_rules_fini(&scan.door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_workers_share_connections)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
