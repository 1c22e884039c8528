/* test_dns_tries.c - the tries of a DNS question: when, where, and how a question ends without an answer; the
 * other ways to ask, by TCP and with CD=1. */
#include "tests/unit/udp_scene.h"
#include "tests/unit/unit.h"

#include "scanner/resolvers.h"

#include <errno.h>

#define T           SCENE_TIMEOUT_MS
#define DEADLINE_MS (4 * T)
#define FLAG_CD     0x10 /* in the fourth byte, RFC 4035 section 3.2.2 */
#define SERVFAIL    2

static struct peer *const first = &scene.peers[0], *const second = &scene.peers[1];

static void begin(unsigned peers, script_fn script)
{
    scene_peers(peers, script);
    scene_open(false, 0);
}

/* Protects slow resolvers from being asked for nothing: the answer to the first try counts while the second
 * is on its way; that to the second comes to nobody. */
static void test_late_answer(void **state)
{
    (void)state;
    begin(1, NULL);
    scene_ask(1);
    scene_until_heard(1);
    scene_at_ms(T);
    scene_until_heard(2);
    assert_int_not_equal(heard_id(&scene.heard[0]), heard_id(&scene.heard[1]));
    script_answer(&scene.heard[0]);
    scene_until_done(1);
    scene_check_address(0, 1);
    script_answer(&scene.heard[1]);
    first->script = script_answer;
    scene_ask(1);
    scene_until_done(2);
    assert_int_equal(atomic_load(&scene.counters.answers), 2);
    assert_int_equal(scene.asked[0].answer->att.n, 1);
    scene_close();
}

/* Protects the time that resolvers have: tries begin at 0, t and 3t, not before, each at another resolver
 * than the one before; the deadline is the end, and the record says how long it was. */
static void test_when_and_where(void **state)
{
    static const struct {
        uint64_t ms;
        unsigned n;
    } steps[] = {{T - 1, 1}, {T, 2}, {3 * T - 1, 2}, {3 * T, 3}, {DEADLINE_MS - 1, 3}};

    (void)state;
    for (unsigned peers = 2; peers <= 3; peers++) {
        begin(peers, NULL);
        scene_ask(1);
        scene_until_heard(1);
        for (unsigned i = 0; i < STS_LEN(steps); i++) {
            scene_at_ms(steps[i].ms);
            assert_int_equal(scene_queries(), steps[i].n);
            scene_until_heard(steps[i].n);
            assert_int_equal(scene.n_done, 0);
        }
        assert_ptr_not_equal(scene.heard[0].peer, scene.heard[1].peer);
        assert_ptr_not_equal(scene.heard[1].peer, scene.heard[2].peer);
        scene_at_ms(DEADLINE_MS);
        scene_check_all(0, 1, OC_DNS_TIMEOUT);
        assert_int_equal(scene.asked[0].answer->att.n, 1);
        assert_int_equal(scene.asked[0].answer->att.v[0].dur_ms, DEADLINE_MS);
        assert_int_equal(atomic_load(&scene.counters.dns_timeouts), 1);
        scene_close();
    }
}

/* Protects --dns-deadline: the last try waits for what is left of it, and none begins behind it. */
static void test_deadline_of_user(void **state)
{
    (void)state;
    scene_peers(1, NULL);
    scene_open(false, T * 5 / 2);
    scene_ask(1);
    scene_until_heard(1);
    scene_at_ms(T);
    scene_until_heard(2);
    scene_at_ms(T * 5 / 2 - 1);
    assert_int_equal(scene.n_done, 0);
    scene_at_ms(T * 5 / 2);
    scene_check_all(0, 1, OC_DNS_TIMEOUT);
    assert_int_equal(scene_queries(), 2);
    scene_close();
}

/* Protects the user who named a host without a resolver: preflight says so at once (ICMP port unreachable),
 * not after the deadline. */
static void test_hasty(void **state)
{
    (void)state;
    scene_peers(1, NULL);
    peer_leave(first);
    scene_open(true, 0);
    scene_ask(5);
    scene_until_done(5);
    scene_check_all(0, 5, OC_DNS_RESOLVER_DOWN);
    scene_close();
}

/* Protects questions to a resolver that is gone, where there is another: they go there at once when it is
 * known to be down, and the next ones too. */
static void test_refused_moves(void **state)
{
    (void)state;
    begin(2, script_answer);
    peer_leave(first);
    for (unsigned i = 0; i < RESOLVER_MOST_REFUSED; i++) {
        scene_ask(2); /* one to each */
        scene_until_done(i + 1 < RESOLVER_MOST_REFUSED ? i + 1 : 2 * RESOLVER_MOST_REFUSED);
        scene_until_refused(i + 1);
    }
    scene_check_all(0, 2 * RESOLVER_MOST_REFUSED, OC_OK);
    assert_int_equal(scene_queries(), 3 * RESOLVER_MOST_REFUSED);
    scene_at_ms(1); /* the one that asks whether it is back, below, has its second try */
    scene_ask(20);
    scene_until_done(2 * RESOLVER_MOST_REFUSED + 19);
    scene_at_ms(1 + T);
    scene_until_done(2 * RESOLVER_MOST_REFUSED + 20);
    scene_check_all(0, scene.n_asked, OC_OK);
    scene_close();
}

/* Protects a scan through a restart of its only resolver: what was refused is tried again, and the answer is
 * heard by the same port. */
static void test_restart(void **state)
{
    (void)state;
    begin(1, script_answer);
    peer_leave(first);
    scene_ask(1);
    scene_until_refused(1);
    peer_return(first);
    scene_at_ms(T);
    scene_until_done(1);
    scene_ask(20);
    scene_until_done(21);
    scene_check_all(0, 21, OC_OK);
    assert_int_equal(scene_queries(), 22);
    scene_close();
}

/* Protects the outcome of what is never answered: refusals are no end before the deadline, but say why. */
static void test_refused_until_deadline(void **state)
{
    (void)state;
    begin(1, script_answer);
    peer_leave(first);
    scene_ask(1);
    for (uint64_t ms = 0; ms < DEADLINE_MS; ms += T / 4) {
        scene_at_ms(ms);
        scene_until_refused((unsigned)scene_queries());
        assert_int_equal(scene.n_done, 0);
    }
    assert_int_equal(scene_queries(), 3);
    scene_at_ms(DEADLINE_MS);
    scene_check_all(0, 1, OC_DNS_RESOLVER_DOWN);
    scene_close();
}

/* Protects questions to a resolver that falls silent: after so many lost the others do not wait, but go to
 * the one that answers. */
static void test_silent_moves(void **state)
{
    const unsigned lost = RESOLVER_MOST_LOST, more = 10;

    (void)state;
    begin(2, script_answer);
    first->script = NULL;
    scene_ask(2 * lost);
    scene_until_done(lost);
    scene_at_ms(T - 1);
    scene_ask(2 * more);
    scene_until_done(lost + more);
    scene_at_ms(T); /* down with this */
    scene_until_done(2 * (lost + more));
    scene_check_all(0, scene.n_asked, OC_OK);
    scene_close();
}

/* Protects the end of a scan: every question ends once, be it in flight, held for a socket without room, due
 * again, or in the queue; and what is asked from within that. */
static void test_cancel_all(void **state)
{
    unsigned n_heard;

    (void)state;
    for (unsigned more = 0; more <= 40; more += 40) {
        begin(2, NULL);
        scene_ask(20);
        scene_until_heard(20);
        scene_at_ms(T / 2);
        scene.busy = true;
        scene.segments_error = EIO;
        scene_ask(20); /* held */
        scene_turn();
        assert_true(scene.n_refused > 0);
        assert_int_equal(dns_waiting(scene.dns), 0);
        rate_set(&scene.rate, 1e-3);
        scene_at_ms(T);
        assert_in_range(dns_waiting(scene.dns), 18, 20); /* due again: what the rate lets go is held too */
        scene_ask(20);
        scene_turn();
        n_heard = scene.n_heard;
        scene.most_asked = more > 0 ? 60 + more : 0;
        dns_cancel_all(scene.dns, OC_OUR_STOP);
        assert_int_equal(scene.n_asked, 60 + more);
        assert_int_equal(scene.n_done, scene.n_asked);
        scene_check_all(0, scene.n_asked, OC_OUR_STOP);
        script_answer(&scene.heard[0]); /* to nobody */
        scene.busy = false;
        for (unsigned turn = 0; turn < 20; turn++)
            scene_turn();
        assert_int_equal(scene.n_heard, n_heard); /* nothing goes out any more */
        scene_close();
    }
}

/* Protects answers that do not fit into a datagram: TC=1 leads to TCP (RFC 7766 section 5). */
static void test_truncated(void **state)
{
    (void)state;
    begin(2, script_truncate);
    peer_listen(first, STREAM_ANSWER);
    peer_listen(second, STREAM_ANSWER);
    scene_ask(10);
    scene_until_done(10);
    for (unsigned i = 0; i < 10; i++)
        scene_check_address(i, 2); /* the one by TCP */
    assert_int_equal(scene.n_heard, 10);
    scene_close();
}

/* Protects the outcome where TCP leads nowhere: refused and closed are known at once, silence ends with the
 * deadline; the answer was truncated, the resolver is not down. */
static void test_no_stream(void **state)
{
    static const enum stream_script scripts[] = {STREAM_NONE, STREAM_CLOSE, STREAM_STALL};

    (void)state;
    for (unsigned k = 0; k < STS_LEN(scripts); k++) {
        begin(1, script_truncate);
        if (scripts[k] != STREAM_NONE)
            peer_listen(first, scripts[k]);
        scene_ask(3);
        if (scripts[k] == STREAM_STALL) {
            while (scene_queries() < 6)
                scene_turn();
            scene_at_ms(DEADLINE_MS - 1);
            assert_int_equal(scene.n_done, 0);
            scene_at_ms(DEADLINE_MS);
        }
        scene_until_done(3);
        scene_check_all(0, 3, OC_DNS_TRUNCATED);
        assert_int_equal(scene.n_heard, 3);
        scene_close();
    }
}

static void fail_unless_cd(const struct heard *q)
{
    uint8_t out[MESSAGE_BYTES];
    size_t len = make_answer(q->b, q->len, 1, out);

    if ((q->b[3] & FLAG_CD) == 0) {
        out[3] |= SERVFAIL;
        out[7] = 0;
        len -= 16; /* the RR */
    }
    reply(q, out, len);
}

static void fail_first_only(const struct heard *q)
{
    if ((q->b[3] & FLAG_CD) == 0)
        fail_unless_cd(q);
}

static void fail_always(const struct heard *q)
{
    struct heard plain = *q;

    plain.b[3] &= (uint8_t)~FLAG_CD;
    fail_unless_cd(&plain);
}

/* Protects what is said of DNSSEC: SERVFAIL is asked once more, with CD=1 (RFC 4035 section 3.2.2), and both
 * outcomes are kept; the second question has its own tries. */
static void test_servfail(void **state)
{
    static const struct {
        script_fn script;
        enum outcome with_cd;
    } cases[] = {{fail_unless_cd, OC_OK}, {fail_always, OC_DNS_SERVFAIL}, {fail_first_only, OC_DNS_TIMEOUT}};

    (void)state;
    for (unsigned i = 0; i < STS_LEN(cases); i++) {
        begin(1, cases[i].script);
        scene_ask(1);
        scene_until_heard(2);
        assert_int_equal(scene.heard[0].b[3] & FLAG_CD, 0);
        assert_int_equal(scene.heard[1].b[3] & FLAG_CD, FLAG_CD);
        if (cases[i].with_cd == OC_DNS_TIMEOUT) {
            scene_at_ms(T);
            scene_until_heard(3);
            scene_at_ms(3 * T);
            scene_until_heard(4);
            scene_at_ms(DEADLINE_MS);
        }
        scene_until_done(1);
        scene_check(0, OC_DNS_SERVFAIL);
        assert_int_equal(scene.asked[0].answer->cd_oc, cases[i].with_cd);
        assert_int_equal(scene.asked[0].answer->att.n, 1);
        assert_int_equal(scene_queries(), cases[i].with_cd == OC_DNS_TIMEOUT ? 4 : 2);
        scene_close();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_answer),
        cmocka_unit_test(test_when_and_where),
        cmocka_unit_test(test_deadline_of_user),
        cmocka_unit_test(test_hasty),
        cmocka_unit_test(test_refused_moves),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_refused_until_deadline),
        cmocka_unit_test(test_silent_moves),
        cmocka_unit_test(test_cancel_all),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_no_stream),
        cmocka_unit_test(test_servfail),
    };

    return cmocka_run_group_tests(tests, scene_library_begin, scene_library_end);
}
