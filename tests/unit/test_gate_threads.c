/* test_gate_threads.c - gate.c where several workers share a scan (clean under ThreadSanitizer). */
#include "scanner/gate.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>

#define MS          INT64_C(1000000)
#define N_THREADS   4
#define THREAD_JOBS 20000
#define MOST_OPEN   2

static const struct gate_limits limits[LANE_N] = {{UINT32_MAX, UINT32_MAX, 0}, {UINT32_MAX, UINT32_MAX, 0}};

/* Workers that share one scan: each has a gate, timers and counters of its own. */
struct crowd {
    struct scan *scan;
    _Atomic unsigned open, most_open, n_gone;
};
struct member {
    struct crowd *crowd;
    struct crowd_job *opened[MOST_OPEN]; /* in this turn */
    unsigned n_opened;
};
struct crowd_job {
    struct gate_job gate; /* first */
    struct member *member;
};

static void go(struct gate_job *gate, enum outcome oc)
{
    struct crowd_job *j = (struct crowd_job *)gate;
    struct crowd *crowd = j->member->crowd;
    unsigned open = atomic_fetch_add(&crowd->open, 1) + 1, most = atomic_load(&crowd->most_open);

    while (open > most && !atomic_compare_exchange_weak(&crowd->most_open, &most, open))
        continue;
    atomic_fetch_add(&crowd->n_gone, oc == OC_OK);
    if (j->member->n_opened < MOST_OPEN) /* else the limit does not hold, which most_open shows */
        j->member->opened[j->member->n_opened++] = j;
}

static void release_all(struct gate *gate, struct member *m)
{
    for (; m->n_opened > 0; m->n_opened--) {
        atomic_fetch_sub(&m->crowd->open, 1);
        gate_release(gate, &m->opened[m->n_opened - 1]->gate);
    }
}

static void *work(void *arg)
{
    struct member m = {.crowd = arg};
    struct crowd_job *own = calloc(THREAD_JOBS, sizeof(*own));
    struct counters counters = {0};
    struct timers timers = {0};
    struct gate *gate = gate_new(m.crowd->scan, &timers, &counters, limits);
    const struct address a = address_from_v4((const uint8_t[4]){1, 1, 1, 1});
    unsigned n = 0;

    while (own != NULL && gate != NULL && n < THREAD_JOBS) {
        own[n].member = &m;
        if (!gate_submit(gate, &own[n++].gate, &a, LANE_SMTP, go))
            break;
    }
    while (n == THREAD_JOBS && counters.connects < THREAD_JOBS) {
        gate_turn(gate, MS);
        release_all(gate, &m);
    }
    gate_free(gate);
    timers_fini(&timers);
    free(own);
    return NULL;
}

/* Protects the limit of connections where all workers take from it at once, and that each is given back. (A
 * lost race is rare: this shows gross errors and, under ThreadSanitizer, unsynchronised access.) */
static void test_workers_share_connections(void **state)
{
    pthread_t threads[N_THREADS];
    struct prefix_set none = {0};
    struct scan scan = {.max_connections = MOST_OPEN, .secret = 5};
    struct crowd crowd = {.scan = &scan};
    struct sts_err err = {0};

    (void)state;
    prefix_set_build(&none);
    assert_int_equal(door_rules_init(&scan.door, IP_VERSION_ANY, &none, &none, &err), STS_OK);
    rate_init(&scan.connect_rate, 0);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &crowd), 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(crowd.n_gone, N_THREADS * THREAD_JOBS);
    assert_in_range(crowd.most_open, 1, MOST_OPEN);
    assert_int_equal(scan.connections, 0);
    door_rules_fini(&scan.door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_workers_share_connections)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
