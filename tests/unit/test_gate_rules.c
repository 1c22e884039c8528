/* test_gate_rules.c - gate.c: networks, the order at an address, what is taken back, told to rest, flushed or
 * closed. */
#include "tests/unit/gate_bench.c"

/* Protects a network: no more than the limit open to all of its addresses together, whatever their number,
 * the limit is used, and a neighbour network and the other lane do not wait for it. */
static void test_limit_of_a_network(void **state)
{
    static const struct gate_limits limits[LANE_N] = {{1, 5, 20}, {4, UINT32_MAX, 0}};
    unsigned open = 0, most = 0;
    uint64_t seed = 6;
    struct bench b;

    (void)state;
    bench_init(&b, limits, 1000, 0);
    for (unsigned i = 0; i < 600; i++)
        submit(job_at(&b, i, ONE + i % 200, 1 + random_next(&seed) % 100), LANE_SMTP);
    submit(job_at(&b, 600, ONE + 256, HOLD_NEVER), LANE_SMTP);
    submit(job_at(&b, 601, ONE, HOLD_NEVER), LANE_HTTPS);
    turn_until(&b, 10, 1);
    assert_int_equal(jobs[600].n_gone + jobs[601].n_gone, 2);
    release(&jobs[600]);
    release(&jobs[601]);
    for (uint64_t ms = 1; b.n_gone < 602; ms++) {
        assert_in_range(ms, 0, 600 * 100);
        turn(&b);
        open = b.n_open;
        if (open > most)
            most = open;
    }
    assert_int_equal(most, 5);
    turn_until(&b, b.timers.now_ms + 200, 1);
    all_gone(&b, 602, OC_OK);
    assert_int_equal(n_remembered(&b), 0);
    bench_fini(&b);
}

/* Protects IPv6 networks: a /48 counts as one, a mapped IPv4 address as its IPv4 /24. */
static void test_networks(void **state)
{
    struct address a, b;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        static const struct {
            const char *one, *other;
            bool same;
        } rows[] = {{"192.0.2.1", "192.0.2.255", true},
                    {"192.0.2.1", "192.0.3.1", false},
                    {"2001:db8:1::1", "2001:db8:1:ffff::2", true},
                    {"2001:db8:1::1", "2001:db8:2::1", false}};

        assert_int_equal(address_parse(rows[i].one, &a), STS_OK);
        assert_int_equal(address_parse(rows[i].other, &b), STS_OK);
        a = address_network(&a);
        b = address_network(&b);
        assert_int_equal(address_equal(&a, &b), rows[i].same);
    }
}

/* Protects what a full network holds back when that goes away: the place it had goes to the next. */
static void test_full_network_withdrawn(void **state)
{
    static const struct gate_limits limits[LANE_N] = {{1, 1, 0}, {1, UINT32_MAX, 0}};
    struct bench b;

    (void)state;
    bench_init(&b, limits, 1000, 0);
    for (unsigned i = 0; i < 4; i++)
        submit(job_at(&b, i, ONE + i, HOLD_NEVER), LANE_SMTP);
    turn(&b);
    assert_int_equal(b.n_gone, 1);
    b.inside = true;
    gate_withdraw(b.gate, &jobs[1].gate);
    gate_withdraw(b.gate, &jobs[2].gate);
    b.inside = false;
    release(&jobs[0]);
    turn(&b);
    assert_int_equal(jobs[3].n_gone, 1);
    assert_int_equal(b.n_gone, 2);
    submit(job_at(&b, 4, ONE + 4, HOLD_NEVER), LANE_SMTP);
    turn(&b);
    b.inside = true;
    gate_withdraw(b.gate, &jobs[4].gate); /* all that was held back */
    b.inside = false;
    release(&jobs[3]);
    turn(&b);
    assert_int_equal(n_remembered(&b), 0);
    bench_fini(&b);
}

/* Protects the sample: at an address the lowest order goes first, equal ones as they came; one withdrawn is
 * gone, at either end or between, also if it was refused. */
static void test_order_and_withdrawal(void **state)
{
    static const uint64_t orders[] = {50, 20, 70, 20, 10, 90, 30};
    static const unsigned expected[] = {0, 1, 3, 6, 2};
    struct bench b;

    (void)state;
    bench_init(&b, polite, 10, 0);
    submit(job_at(&b, 0, ONE, 1), LANE_SMTP);
    turn(&b);
    for (unsigned i = 1; i < STS_LEN(orders); i++) {
        job_at(&b, i, ONE, 1)->gate.order = orders[i];
        submit(&jobs[i], LANE_SMTP);
    }
    submit(job_at(&b, 7, 0x7f000001, 1), LANE_SMTP);
    b.inside = true;
    gate_withdraw(b.gate, &jobs[4].gate); /* the first */
    gate_withdraw(b.gate, &jobs[5].gate); /* the last */
    gate_withdraw(b.gate, &jobs[7].gate); /* refused */
    b.inside = false;
    turn_until(&b, 20000, 5);
    assert_int_equal(b.n_gone, STS_LEN(expected));
    for (unsigned i = 0; i < STS_LEN(expected); i++)
        assert_int_equal(b.order[i], expected[i]);
    assert_int_equal(n_remembered(&b), 0);
    bench_fini(&b);
}

/* Protects a server that says 421: nothing new before its rest is over, also where several may be open, where
 * there is no interval, and where what waits was ready to go. */
static void test_rest(void **state)
{
    static const struct gate_limits limits[LANE_N] = {{2, UINT32_MAX, 0}, {1, UINT32_MAX, 0}};
    struct bench b;

    (void)state;
    bench_init(&b, limits, 1000, 0);
    for (unsigned i = 0; i < 4; i++)
        submit(job_at(&b, i, ONE, HOLD_NEVER), LANE_SMTP);
    turn(&b);
    assert_int_equal(b.n_gone, 2);
    release(&jobs[0]); /* the third is ready now */
    gate_rest(b.gate, &jobs[1].gate, 500);
    release(&jobs[1]);
    turn_until(&b, 499, 1);
    assert_int_equal(b.n_gone, 2);
    turn_until(&b, 510, 1);
    assert_int_equal(b.n_gone, 4);
    gate_rest(b.gate, &jobs[2].gate, 300);
    release(&jobs[2]);
    release(&jobs[3]);
    assert_int_equal(n_remembered(&b), 0); /* nothing waits there */
    job_at(&b, 5, ONE, 1)->gate.rest_until_ms = b.timers.now_ms + 300;
    submit(&jobs[5], LANE_SMTP);
    gate_withdraw(b.gate, &jobs[5].gate);
    assert_int_equal(n_remembered(&b), 0);                             /* nor any more */
    job_at(&b, 4, ONE, 1)->gate.rest_until_ms = b.timers.now_ms + 300; /* later, but within the rest */
    submit(&jobs[4], LANE_SMTP);
    turn_until(&b, 800, 1);
    assert_int_equal(b.n_gone, 4);
    turn_until(&b, 820, 1);
    assert_int_equal(b.n_gone, 5);
    assert_int_equal(n_remembered(&b), 0);
    bench_fini(&b);
}

/* Protects the shortcut by address: what waits there goes with the outcome, nothing else does, and what comes
 * later waits as ever. */
static void test_flush_of_an_address(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, polite, 10, 0);
    for (unsigned i = 0; i < 4; i++)
        submit(job_at(&b, i, ONE, HOLD_NEVER), LANE_SMTP);
    submit(job_at(&b, 4, ONE, HOLD_NEVER), LANE_HTTPS);
    submit(job_at(&b, 5, ONE + 1, HOLD_NEVER), LANE_SMTP);
    jobs[1].follower = job_at(&b, 6, ONE, 1);
    gate_flush_address(b.gate, &jobs[0].address, LANE_SMTP, OC_TCP_TIMEOUT);
    assert_int_equal(b.n_gone, 4);
    turn(&b);
    assert_int_equal(b.n_gone, 7);
    for (unsigned i = 0; i < 7; i++)
        assert_int_equal(jobs[i].oc, i < 4 ? OC_TCP_TIMEOUT : OC_OK);
    gate_flush_address(b.gate, &jobs[0].address, LANE_SMTP, OC_TCP_TIMEOUT); /* nothing waits */
    release(&jobs[4]);
    release(&jobs[5]);
    turn_until(&b, 5000, 5);
    gate_flush_address(b.gate, &jobs[0].address, LANE_SMTP,
                       OC_TCP_TIMEOUT); /* not even the address is there */
    assert_int_equal(b.n_gone, 7);
    bench_fini(&b);
}

/* Protects policies when the SMTP port is blocked: the lane is closed for good, the other one goes on; the
 * door's outcome comes first. */
static void test_close(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, polite, 10, 0);
    submit(job_at(&b, 0, ONE, HOLD_NEVER), LANE_SMTP);
    turn(&b);
    submit(job_at(&b, 1, ONE, 0), LANE_SMTP);
    submit(job_at(&b, 2, ONE, 0), LANE_HTTPS);
    gate_close(b.gate, LANE_SMTP, OC_OUR_PORT_BLOCKED);
    assert_int_equal(jobs[1].oc, OC_OUR_PORT_BLOCKED);
    assert_int_equal(b.n_gone, 2);
    submit(job_at(&b, 3, ONE + 1, 0), LANE_SMTP);
    submit(job_at(&b, 4, 0x7f000001, 0), LANE_SMTP);
    turn(&b);
    assert_int_equal(b.n_gone, 5);
    assert_int_equal(jobs[2].oc, OC_OK);
    assert_int_equal(jobs[3].oc, OC_OUR_PORT_BLOCKED);
    assert_int_equal(jobs[4].oc, OC_ADDRESS_RESERVED);
    release(&jobs[0]);
    turn_until(&b, 5000, 5);
    bench_fini(&b);
}

/* Protects the others from who has many hosts that keep us waiting: late jobs go when no other may, in their
 * order, and hold half of the connections at most; one that is late no more does not count as such. */
static void test_late(void **state)
{
    static const struct gate_limits limits[LANE_N] = {{1, UINT32_MAX, 0}, {1, UINT32_MAX, 0}};
    struct bench b;

    (void)state;
    bench_init(&b, limits, 10, 0);
    for (unsigned i = 0; i < 64; i++) {
        assert_true(gate_has_room(b.gate, LANE_SMTP, true));
        job_at(&b, i, ONE + i, HOLD_NEVER)->gate.late = true;
        submit(&jobs[i], LANE_SMTP);
    }
    assert_false(gate_has_room(b.gate, LANE_SMTP, true));
    assert_true(gate_has_room(b.gate, LANE_SMTP, false));
    for (unsigned i = 64; i < 70; i++)
        submit(job_at(&b, i, ONE + i, HOLD_NEVER), LANE_SMTP);
    turn(&b);
    assert_int_equal(b.n_gone, 10);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(b.order[i], i < 6 ? 64 + i : i - 6);
    for (unsigned i = 64; i < 70; i++)
        release(&jobs[i]);
    turn(&b);
    assert_int_equal(b.n_gone, 11);
    assert_int_equal(b.scan.late_connections, 5);
    b.inside = true;
    gate_withdraw(b.gate, &jobs[5].gate);
    jobs[5].gate.late = false;
    b.inside = false;
    submit(&jobs[5], LANE_SMTP);
    turn(&b);
    assert_int_equal(jobs[5].n_gone, 1);
    assert_int_equal(b.scan.late_connections, 5);
    for (unsigned i = 0; i < 64; i++) {
        if (jobs[i].n_gone == 0)
            jobs[i].hold_ms = 1;
        else
            release(&jobs[i]);
    }
    turn_until(&b, 100, 1);
    assert_int_equal(b.n_gone, 70);
    assert_int_equal(b.scan.late_connections, 0);
    bench_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit_of_a_network),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_full_network_withdrawn),
        cmocka_unit_test(test_order_and_withdrawal),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_flush_of_an_address),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
