/* test_gate.c - gate.c on a clock of the test's own: pace, limits, order, refusals, the end. */
#include "tests/unit/gate_bench.c"

#include <stdlib.h>
#include <unistd.h>

static const struct gate_limits no_limits[LANE_N] = {{UINT32_MAX, UINT32_MAX, 0},
                                                     {UINT32_MAX, UINT32_MAX, 0}};

/* Protects a mail server: one connection at a time, none sooner than 2 s after the last, in order. */
static void test_pace_of_one_address(void **state)
{
    uint64_t seed = 3;
    struct bench b;

    (void)state;
    bench_init(&b, polite, 1000, 0);
    for (unsigned i = 0; i < 60; i++)
        submit(job_at(&b, i, ONE, random_next(&seed) % 6000), LANE_SMTP);
    turn_until(&b, 600000, 5);
    all_gone(&b, 60, OC_OK);
    assert_int_equal(b.most_open, 1);
    for (unsigned i = 1; i < 60; i++) {
        assert_int_equal(b.order[i], i);
        assert_true(jobs[i].gone_ms - jobs[i - 1].gone_ms >= 2000);
        assert_true(jobs[i].gone_ms >= jobs[i - 1].gone_ms + jobs[i - 1].hold_ms);
    }
    assert_int_equal(n_remembered(&b), 0);
    bench_fini(&b);
}

/* Protects the same with several open: never more than the limit, and the limit is used. */
static void test_several_open(void **state)
{
    static const struct gate_limits limits[LANE_N] = {{3, UINT32_MAX, 50}, {1, UINT32_MAX, 0}};
    uint64_t seed = 4;
    struct bench b;

    (void)state;
    bench_init(&b, limits, 1000, 0);
    for (unsigned i = 0; i < 200; i++)
        submit(job_at(&b, i, ONE, 1 + random_next(&seed) % 1000), LANE_SMTP);
    turn_until(&b, 200 * 1000, 1);
    all_gone(&b, 200, OC_OK);
    assert_int_equal(b.most_open, 3);
    for (unsigned i = 1; i < 200; i++)
        assert_true(jobs[i].gone_ms - jobs[i - 1].gone_ms >= 50);
    bench_fini(&b);
}

/* Protects policies: what waits for SMTP at an address does not hold its HTTPS, nor the other way. */
static void test_lanes_are_apart(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, polite, 1000, 0);
    submit(job_at(&b, 0, ONE, 100000), LANE_SMTP);
    submit(job_at(&b, 1, ONE, 0), LANE_SMTP);
    submit(job_at(&b, 2, ONE, 0), LANE_HTTPS);
    submit(job_at(&b, 3, ONE, 0), LANE_HTTPS);
    turn_until(&b, 300, 1);
    assert_int_equal(jobs[0].n_gone + jobs[2].n_gone + jobs[3].n_gone, 3);
    assert_int_equal(jobs[1].n_gone, 0);
    assert_true(jobs[3].gone_ms - jobs[2].gone_ms >= 100);
    turn_until(&b, 101000, 5);
    all_gone(&b, 4, OC_OK);
    bench_fini(&b);
}

/* Protects the host we run on and all peers together: connections in all, and connects a second; nothing of a
 * finished address stays. More addresses than the table begins with. */
static void test_limits_of_the_scan(void **state)
{
    uint64_t seed = 5;
    struct bench b;

    (void)state;
    bench_init(&b, polite, 37, 100);
    for (unsigned i = 0; i < 3000; i++)
        submit(job_at(&b, i, ONE + i % 1000, random_next(&seed) % 400), LANE_SMTP);
    assert_true(b.gate->lanes[LANE_SMTP].n_buckets >= 512);
    turn_until(&b, 60000, 5);
    all_gone(&b, 3000, OC_OK);
    assert_in_range(b.most_open, 10, 37);
    assert_int_equal(b.counters.connects, 3000);
    for (unsigned i = 102; i < 3000; i++) /* the rate, and the burst of 10 ms */
        assert_true(jobs[b.order[i]].gone_ms - jobs[b.order[i - 102]].gone_ms >= 1000);
    for (unsigned i = 1000; i < 3000; i++)
        assert_true(jobs[i].gone_ms - jobs[i - 1000].gone_ms >= 2000);
    assert_int_equal(n_remembered(&b), 0);
    bench_fini(&b);
}

/* Protects the limit of connections when they are long: what is let through never passes it, and goes on as
 * soon as one is given back. */
static void test_connections_full(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, polite, 3, 0);
    for (unsigned i = 0; i < 10; i++)
        submit(job_at(&b, i, ONE + i, HOLD_NEVER), LANE_SMTP);
    turn_until(&b, 50, 5);
    assert_int_equal(b.n_gone, 3);
    for (unsigned i = 0; i < 10; i++) {
        release(&jobs[i]);
        turn(&b);
        assert_int_equal(b.n_gone, i + 4 < 10 ? i + 4 : 10);
        assert_int_equal(b.order[i], i);
    }
    all_gone(&b, 10, OC_OK);
    bench_fini(&b);
}

/* Protects those who must not be contacted: go() with the door's outcome at the next turn, never a
 * connection, even where all connections are taken. */
static void test_refused_by_the_door(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, polite, 0, 1);
    submit(job_at(&b, 0, 0x7f000001, 0), LANE_SMTP);
    submit(job_at(&b, 1, 0x0a000001, 0), LANE_HTTPS);
    jobs[1].follower = job_at(&b, 2, 0xc0a80001, 0);
    turn(&b);
    all_gone(&b, 3, OC_ADDRESS_RESERVED);
    assert_int_equal(b.counters.connects, 0);
    assert_int_equal(n_remembered(&b), 0);
    bench_fini(&b);
}

/* Protects a lab: what lies outside is told apart from what is reserved. */
static void test_outside_the_lab(void **state)
{
    struct sts_err err = {0};
    struct bench b;

    (void)state;
    bench_init(&b, polite, 10, 0);
    assert_int_equal(prefix_set_add_list(&b.lab, "127.0.0.0/8", &err), STS_OK);
    prefix_set_build(&b.lab);
    submit(job_at(&b, 0, ONE, 0), LANE_SMTP);
    submit(job_at(&b, 1, 0x7f000001, 0), LANE_SMTP);
    turn(&b);
    assert_int_equal(jobs[0].oc, OC_ADDRESS_OUTSIDE_LAB);
    assert_int_equal(jobs[1].oc, OC_OK);
    assert_int_equal(b.counters.connects, 1);
    bench_fini(&b);
}

static struct blocklist *blocklist_of(const char *lines)
{
    char path[] = "/tmp/stscan-gate-XXXXXX";
    struct blocklist *b = NULL;
    struct sts_err err = {0};
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, lines, strlen(lines)), (ssize_t)strlen(lines));
    close(fd);
    assert_int_equal(blocklist_read(path, &b, &err), STS_OK);
    unlink(path);
    return b;
}

/* Protects whoever asks to be left alone in mid-scan: what waits is judged by the new list, by address and by
 * host, and does not wait for its interval to be told; the others go on in their order and at their pace. */
static void test_new_blocklist(void **state)
{
    struct blocklist *b1 = blocklist_of("9.9.9.9\n"), *b2 = blocklist_of("1.1.1.1\nlisted.example\n");
    struct bench b;

    (void)state;
    bench_init(&b, polite, 10, 0);
    gate_set_blocklist(b.gate, b1);
    for (unsigned i = 0; i < 3; i++)
        submit(job_at(&b, i, ONE, 100), LANE_SMTP);
    for (unsigned i = 3; i < 6; i++)
        submit(job_at(&b, i, ONE + 1, 100), LANE_SMTP);
    jobs[4].gate.host = "mx.listed.example";
    turn(&b);
    assert_int_equal(b.n_gone, 2);               /* one at each address */
    submit(job_at(&b, 8, ONE, 100), LANE_HTTPS); /* ready, but not gone yet */
    gate_set_blocklist(b.gate, b2);
    turn(&b);
    assert_int_equal(b.n_gone, 6);
    assert_int_equal(jobs[8].oc, OC_BLOCKLISTED);
    turn_until(&b, 10000, 100);
    assert_int_equal(jobs[0].oc, OC_OK);
    assert_int_equal(jobs[1].oc, OC_BLOCKLISTED);
    assert_int_equal(jobs[2].oc, OC_BLOCKLISTED);
    assert_int_equal(jobs[3].oc, OC_OK);
    assert_int_equal(jobs[4].oc, OC_BLOCKLISTED);
    assert_int_equal(jobs[5].oc, OC_OK);
    assert_int_equal(b.n_gone, 7);
    assert_int_equal(b.counters.connects, 3);
    assert_int_equal(b.counters.excluded, 4);
    assert_true(jobs[5].gone_ms >= jobs[3].gone_ms + 2000);
    assert_int_equal(n_remembered(&b), 0);
    submit(job_at(&b, 6, ONE, 100), LANE_SMTP);        /* at the submission */
    submit(job_at(&b, 7, 0x09090909, 100), LANE_SMTP); /* of the old list */
    turn_until(&b, 20000, 100);
    assert_int_equal(jobs[6].oc, OC_BLOCKLISTED);
    assert_int_equal(jobs[7].oc, OC_OK);
    bench_fini(&b);
    blocklist_unref(b1);
    blocklist_unref(b2);
}

/* Protects `0 is no limit`, as the worker maps it: all go, a turn's worth at a time, in order, also where
 * each is released within its go(). */
static void test_no_limits(void **state)
{
    struct bench b;

    (void)state;
    for (uint64_t hold_ms = 0; hold_ms <= 1000; hold_ms += 1000) {
        bench_init(&b, no_limits, 100000, 0);
        for (unsigned i = 0; i < 1000; i++)
            submit(job_at(&b, i, ONE, hold_ms), LANE_HTTPS);
        turn(&b);
        assert_int_equal(b.n_gone, TURN_MOST_JOBS);
        turn_until(&b, 50, 1);
        all_gone(&b, 1000, OC_OK);
        assert_int_equal(b.most_open, hold_ms ? 1000 : 1);
        for (unsigned i = 0; i < 1000; i++)
            assert_int_equal(b.order[i], i);
        turn_until(&b, 2000, 5);
        assert_int_equal(n_remembered(&b), 0);
        bench_fini(&b);
    }
}

/* Protects fairness: with no limits of its own, an address with a long queue does not keep others waiting. */
static void test_long_queue_is_fair(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, no_limits, 100000, 0);
    for (unsigned i = 0; i < 500; i++)
        submit(job_at(&b, i, ONE, 0), LANE_SMTP);
    submit(job_at(&b, 500, ONE + 1, 0), LANE_SMTP);
    turn(&b);
    assert_int_equal(jobs[500].n_gone, 1);
    turn_until(&b, 20, 1);
    all_gone(&b, 501, OC_OK);
    bench_fini(&b);
}

/* Protects the pace across go(): released within it, and followed by another job for the same address. */
static void test_release_within_go(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, polite, 10, 0);
    for (unsigned i = 0; i < 20; i++) {
        job_at(&b, i, ONE, 0);
        jobs[i].follower = i < 19 ? &jobs[i + 1] : NULL;
    }
    submit(&jobs[0], LANE_SMTP);
    turn_until(&b, 20 * 2000, 5);
    all_gone(&b, 20, OC_OK);
    for (unsigned i = 1; i < 20; i++)
        assert_true(jobs[i].gone_ms - jobs[i - 1].gone_ms >= 2000);
    bench_fini(&b);
}

/* Protects the interval of an address that has nothing to do meanwhile: it is remembered just as long. */
static void test_interval_outlives_the_jobs(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, polite, 10, 0);
    turn_until(&b, 1000, 1);
    submit(job_at(&b, 0, ONE, 0), LANE_SMTP);
    turn(&b);
    assert_int_equal(jobs[0].gone_ms, 1001);
    turn_until(&b, 2000, 1);
    assert_int_equal(n_remembered(&b), 1);
    submit(job_at(&b, 1, ONE, 0), LANE_SMTP); /* back within the interval */
    turn_until(&b, 3000, 1);
    assert_int_equal(jobs[1].n_gone, 0);
    turn_until(&b, 3010, 1);
    assert_in_range(jobs[1].gone_ms, 3001, 3003);
    turn_until(&b, 5100, 1);
    assert_int_equal(n_remembered(&b), 0); /* forgotten */
    submit(job_at(&b, 2, ONE, 0), LANE_SMTP);
    turn(&b);
    assert_int_equal(jobs[2].gone_ms, 5101); /* back later: at once */
    turn_until(&b, 9000, 5);
    bench_fini(&b);
}

/* Protects the end of a scan: whatever waits goes once with the outcome given, in whatever state it waits;
 * what is open stays open until it is released. */
static void test_flush(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, polite, 3, 0);
    submit(job_at(&b, 0, ONE, HOLD_NEVER), LANE_SMTP);
    submit(job_at(&b, 1, ONE, 0), LANE_SMTP); /* behind one that is open */
    submit(job_at(&b, 2, ONE + 1, 0), LANE_SMTP);
    submit(job_at(&b, 3, ONE + 1, 0), LANE_SMTP); /* waits for the interval */
    submit(job_at(&b, 4, ONE + 2, HOLD_NEVER), LANE_HTTPS);
    submit(job_at(&b, 5, ONE + 3, HOLD_NEVER), LANE_HTTPS);
    turn(&b);
    assert_int_equal(b.n_gone, 4);
    submit(job_at(&b, 6, ONE + 4, 0), LANE_HTTPS); /* ready, but no connection is left */
    submit(job_at(&b, 7, ONE + 4, 0), LANE_HTTPS); /* behind it */
    turn(&b);
    assert_int_equal(b.n_gone, 4);
    submit(job_at(&b, 8, ONE + 5, 0), LANE_SMTP);    /* ready, not judged yet */
    submit(job_at(&b, 9, 0x7f000001, 0), LANE_SMTP); /* refused, not told yet */
    gate_flush(b.gate, OC_OUR_STOP);
    assert_int_equal(b.n_gone, 10);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(jobs[i].n_gone, 1);
    assert_int_equal(jobs[1].oc, OC_OUR_STOP);
    assert_int_equal(jobs[3].oc, OC_OUR_STOP);
    for (unsigned i = 6; i < 9; i++)
        assert_int_equal(jobs[i].oc, OC_OUR_STOP);
    assert_int_equal(jobs[9].oc, OC_ADDRESS_RESERVED);
    assert_int_equal(b.n_open, 3);
    gate_flush(b.gate, OC_OUR_TAIL); /* nothing is left to flush */
    assert_int_equal(b.n_gone, 10);
    release(&jobs[0]);
    release(&jobs[4]);
    release(&jobs[5]);
    turn_until(&b, 5000, 5);
    assert_int_equal(b.n_gone, 10);
    bench_fini(&b);
}

/* Protects what is asked behind a flush, from within it and later: it goes as ever, at the pace of before. */
static void test_submit_after_flush(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, polite, 1, 0);
    submit(job_at(&b, 0, ONE, 0), LANE_SMTP);
    turn(&b);
    submit(job_at(&b, 1, ONE, 0), LANE_SMTP);
    submit(job_at(&b, 2, ONE + 1, 0), LANE_SMTP);
    jobs[1].follower = job_at(&b, 3, ONE, 0);
    jobs[2].follower = job_at(&b, 4, ONE + 1, 0);
    gate_flush(b.gate, OC_OUR_STALL);
    assert_int_equal(b.n_gone, 3);
    submit(job_at(&b, 5, ONE + 1, 0), LANE_SMTP);
    turn_until(&b, 10000, 5);
    assert_int_equal(b.n_gone, 6);
    for (unsigned i = 3; i < 6; i++)
        assert_int_equal(jobs[i].oc, OC_OK);
    assert_in_range(jobs[3].gone_ms, 2001, 2010);
    assert_true(jobs[5].gone_ms - jobs[4].gone_ms >= 2000);
    assert_int_equal(n_remembered(&b), 0);
    bench_fini(&b);
}

/* Protects a scan that is out of memory: what waits for an interval that has no timer does not wait for ever,
 * as the scan is told to end. */
static void test_no_memory_for_the_interval(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, polite, 10, 0);
    submit(job_at(&b, 0, ONE, 0), LANE_SMTP);
    submit(job_at(&b, 1, ONE, 0), LANE_SMTP);
    out_of_memory = true;
    turn(&b);
    out_of_memory = false;
    assert_int_equal(b.scan.failure.code, STS_ENOMEM);
    gate_flush(b.gate, OC_OUR_MEMORY);
    assert_int_equal(jobs[1].oc, OC_OUR_MEMORY);
    bench_fini(&b);
}

/* Protects the end without a flush: intervals that still run leave nothing behind (a sanitizer looks on). */
static void test_free_with_intervals(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, polite, 1000, 0);
    for (unsigned i = 0; i < 300; i++)
        submit(job_at(&b, i, ONE + i, 0), i % LANE_N ? LANE_HTTPS : LANE_SMTP);
    turn_until(&b, 5, 1);
    all_gone(&b, 300, OC_OK);
    assert_true(b.timers.n > 0);
    bench_fini(&b);
    gate_free(NULL);
}

/* Protects the word on room: full of addresses that could go, each lane for itself, and room again as they
 * go; and a connection that changes hands. */
static void test_room(void **state)
{
    struct gate_job heir = {0};
    struct bench b;

    (void)state;
    bench_init(&b, polite, 1, 0);
    for (unsigned i = 0; i < 1024; i++) {
        assert_true(gate_has_room(b.gate, LANE_SMTP, false));
        submit(job_at(&b, i, 0x01000000 + i, i == 0 ? HOLD_NEVER : 0), LANE_SMTP);
    }
    assert_false(gate_has_room(b.gate, LANE_SMTP, false));
    assert_true(gate_has_room(b.gate, LANE_HTTPS, false));
    turn_until(&b, 10, 10);
    assert_true(gate_has_room(b.gate, LANE_SMTP, false));
    gate_pass(&jobs[0].gate, &heir);
    b.n_open--;
    gate_release(b.gate, &heir);
    turn_until(&b, 10000, 10);
    assert_int_equal(b.n_gone, 1024);
    bench_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pace_of_one_address),
        cmocka_unit_test(test_several_open),
        cmocka_unit_test(test_lanes_are_apart),
        cmocka_unit_test(test_limits_of_the_scan),
        cmocka_unit_test(test_connections_full),
        cmocka_unit_test(test_refused_by_the_door),
        cmocka_unit_test(test_outside_the_lab),
        cmocka_unit_test(test_new_blocklist),
        cmocka_unit_test(test_no_limits),
        cmocka_unit_test(test_long_queue_is_fair),
        cmocka_unit_test(test_release_within_go),
        cmocka_unit_test(test_interval_outlives_the_jobs),
        cmocka_unit_test(test_flush),
        cmocka_unit_test(test_submit_after_flush),
        cmocka_unit_test(test_no_memory_for_the_interval),
        cmocka_unit_test(test_free_with_intervals),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
