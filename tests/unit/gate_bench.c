/* gate_bench.c - gate.c on a clock of the test's own, for the tests that include this file. The source itself
 * is included, so that a timer can fail. */
#include "scanner/gate_private.h"

static int start_timer(struct timers *ts, struct timer *t, uint64_t delay_ms, timer_fn fire);
static void note_failure(struct scan *scan, const struct sts_err *err);
#define timers_start start_timer
#define scan_fail    note_failure
#include "scanner/gate.c"
#undef timers_start
#undef scan_fail
#include "tests/unit/unit.h"

#include <string.h>

#define MS         INT64_C(1000000)
#define MOST_JOBS  4000
#define HOLD_NEVER UINT64_MAX /* the test releases it itself */

struct bench {
    struct prefix_set none, lab;
    struct scan scan;
    struct timers timers;
    struct counters counters;
    struct gate *gate;
    unsigned order[MOST_JOBS]; /* jobs as they went */
    unsigned n_gone, n_open, most_open;
    bool inside; /* a call that must not run go() */
};
struct job {
    struct gate_job gate; /* first */
    struct timer close;
    struct bench *b;
    struct job *follower; /* submitted from within go() */
    struct address address;
    unsigned number, n_gone;
    enum outcome oc;
    uint64_t gone_ms, hold_ms; /* 0: released within go() */
};
static struct job jobs[MOST_JOBS];

static const struct gate_limits polite[LANE_N] = {{1, UINT32_MAX, 2000}, {4, UINT32_MAX, 100}};

static void bench_init(struct bench *b, const struct gate_limits limits[LANE_N], uint32_t connections,
                       double rate)
{
    struct sts_err err = {0};

    memset(b, 0, sizeof(*b));
    memset(jobs, 0, sizeof(jobs));
    prefix_set_build(&b->none);
    prefix_set_build(&b->lab);
    assert_int_equal(door_rules_init(&b->scan.door, IP_VERSION_ANY, &b->none, &b->lab, &err), STS_OK);
    b->scan.max_connections = connections;
    b->scan.secret = 5;
    rate_init(&b->scan.connect_rate, rate);
    b->gate = gate_new(&b->scan, &b->timers, &b->counters, limits);
    assert_non_null(b->gate);
}

static void bench_fini(struct bench *b)
{
    assert_int_equal(b->n_open, 0);
    assert_int_equal(b->scan.connections, 0);
    gate_free(b->gate);
    assert_int_equal(b->timers.n, 0);
    timers_fini(&b->timers);
    door_rules_fini(&b->scan.door);
    prefix_set_fini(&b->lab);
}

/* Addresses, and networks with a limit. */
static size_t n_remembered(const struct bench *b)
{
    size_t n = 0;

    for (unsigned kind = 0; kind < LANE_N; kind++)
        n += b->gate->lanes[kind].n + b->gate->networks[kind].n;
    return n;
}

static void submit(struct job *j, enum gate_lane lane);

static void release(struct job *j)
{
    bool outer = j->b->inside;

    j->b->n_open--;
    j->b->inside = true;
    gate_release(j->b->gate, &j->gate);
    j->b->inside = outer;
}

static void on_close(struct timer *t)
{
    release((struct job *)((char *)t - offsetof(struct job, close)));
}

static void go(struct gate_job *gate, enum outcome oc)
{
    struct job *j = (struct job *)gate;
    struct bench *b = j->b;

    assert_false(b->inside);
    j->n_gone++;
    j->oc = oc;
    j->gone_ms = b->timers.now_ms;
    b->order[b->n_gone++] = j->number;
    if (j->follower != NULL)
        submit(j->follower, LANE_SMTP);
    if (oc != OC_OK)
        return;
    if (++b->n_open > b->most_open)
        b->most_open = b->n_open;
    if (j->hold_ms == 0)
        release(j);
    else if (j->hold_ms != HOLD_NEVER)
        assert_int_equal(timers_start(&b->timers, &j->close, j->hold_ms, on_close), STS_OK);
}

static struct job *job_at(struct bench *b, unsigned number, uint32_t v4, uint64_t hold_ms)
{
    const uint8_t bytes[4] = {(uint8_t)(v4 >> 24), (uint8_t)(v4 >> 16), (uint8_t)(v4 >> 8), (uint8_t)v4};
    struct job *j = &jobs[number];

    j->b = b;
    j->number = number;
    j->address = address_from_v4(bytes);
    j->hold_ms = hold_ms;
    return j;
}

static void submit(struct job *j, enum gate_lane lane)
{
    bool outer = j->b->inside;

    j->b->inside = true; /* go() is never called before submit returns */
    assert_true(gate_submit(j->b->gate, &j->gate, &j->address, lane, go));
    j->b->inside = outer;
}

/* Turn as the loop does, up to and with `until_ms`. */
static void turn_until(struct bench *b, uint64_t until_ms, uint64_t step_ms)
{
    while (b->timers.now_ms < until_ms) {
        uint64_t now_ms = b->timers.now_ms + step_ms;

        timers_run(&b->timers, now_ms < until_ms ? now_ms : until_ms);
        gate_turn(b->gate, (int64_t)b->timers.now_ms * MS);
        assert_true(b->n_open <= b->scan.max_connections);
        assert_int_equal(b->scan.connections, b->n_open);
    }
}

static void turn(struct bench *b)
{
    turn_until(b, b->timers.now_ms + 1, 1);
}

/* All jobs went, each once, each with `oc`. */
static void all_gone(const struct bench *b, unsigned n, enum outcome oc)
{
    assert_int_equal(b->n_gone, n);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(jobs[i].n_gone, 1);
        assert_int_equal(jobs[i].oc, oc);
    }
}

#define ONE 0x01010101u /* an address that may be contacted: 1.1.1.1 */

static bool out_of_memory;

static int start_timer(struct timers *ts, struct timer *t, uint64_t delay_ms, timer_fn fire)
{
    return out_of_memory ? STS_ENOMEM : timers_start(ts, t, delay_ms, fire);
}

static void note_failure(struct scan *scan, const struct sts_err *err)
{
    scan->failure = *err;
}
