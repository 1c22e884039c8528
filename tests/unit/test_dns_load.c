/* test_dns_load.c - DNS over UDP where there is much of it, and where the system does not take or keep it. */
#include "tests/unit/udp_scene.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORT_VALUES         65536
#define ID_VALUES           65536
#define MANY                20000
#define ALL_THERE_IS        140000 /* more than are let in flight to all resolvers together */
#define ONE_PORT_MOST       8192   /* of the buffer that is asked for */
#define SMALL_BUFFER        4096
#define FLOOD               500
#define DROPS_COUNTED_TURNS 200 /* after so many the kernel was asked for them */
#define ENDLESS_S           300

/* Ids in flight by port, a bit each; NULL: not a port of ours. */
static uint8_t *ids_of[PORT_VALUES];
static unsigned n_of[PORT_VALUES];

/* Returns how many ports there are. */
static unsigned note_ports(void)
{
    unsigned n_ports = 0;

    for (unsigned i = 0; i < scene.n_heard; i++) {
        unsigned port = ntohs(scene.heard[i].from.sin_port), id = heard_id(&scene.heard[i]);

        if (ids_of[port] == NULL) {
            ids_of[port] = calloc(1, ID_VALUES / 8);
            assert_non_null(ids_of[port]);
            n_ports++;
        }
        assert_false(ids_of[port][id / 8] >> id % 8 & 1); /* ids differ among those of a port */
        ids_of[port][id / 8] |= (uint8_t)(1 << id % 8);
        n_of[port]++;
    }
    return n_ports;
}

static void forget_ports(void)
{
    for (unsigned i = 0; i < PORT_VALUES; i++) {
        free(ids_of[i]);
        ids_of[i] = NULL;
        n_of[i] = 0;
    }
}

/* Protects the answers to very many questions at once: no port has more in flight than it can hold, each is
 * answered at its first try, and none by another's answer. */
static void test_many(void **state)
{
    (void)state;
    scene_peers(1, NULL);
    scene_open(false, 0);
    scene_ask(MANY);
    scene_until_heard(MANY);
    assert_int_equal(dns_waiting(scene.dns), 0);
    assert_true(note_ports() >= MANY / ONE_PORT_MOST + 1);
    for (unsigned i = 0; i < PORT_VALUES; i++)
        assert_true(n_of[i] <= ONE_PORT_MOST + 128); /* as many as are sent in a turn */
    forget_ports();
    for (unsigned i = 0; i < MANY; i++) {
        uint8_t out[MESSAGE_BYTES];
        const struct heard *q = &scene.heard[i];

        reply(q, out, make_answer(q->b, q->len, (uint8_t)(q->b[18] + q->b[19]), out)); /* of its name */
        if (i % 128 == 127)
            scene_turn();
    }
    scene_until_done(MANY);
    for (unsigned i = 0; i < MANY; i++)
        scene_check_address(i, (unsigned)(scene.asked[i].name[5] + scene.asked[i].name[6]));
    assert_int_equal(scene_queries(), MANY);
    scene_close();
}

static void answer_nine_of_ten(const struct heard *q)
{
    if (q->b[19] != '0') /* the last digit of its name */
        script_answer(q);
}

/* Protects the rate of a scan where some names have no answer: what is asked again does not take the place of
 * what is not asked yet. */
static void test_some_are_silent(void **state)
{
    const unsigned window = 10, rounds = 3; /* of first tries, until the first silent ones are given up */

    (void)state;
    scene_peers(1, answer_nine_of_ten);
    scene.window = window;
    scene_open(false, 0);
    scene_ask(10 * rounds * window);
    for (unsigned at_ms = 0; at_ms < rounds * SCENE_TIMEOUT_MS; at_ms += SCENE_TIMEOUT_MS / 10) {
        scene_at_ms(at_ms);
        for (unsigned i = 0; i < 2 * window; i++)
            scene_turn();
    }
    assert_true(scene.n_done >= 9 * rounds * window - window);
    for (unsigned at_ms = rounds; at_ms <= 2 * rounds + 4; at_ms++)
        scene_at_ms(at_ms * SCENE_TIMEOUT_MS);
    scene_until_done(10 * rounds * window);
    scene_close();
}

/* As much as there can be in flight, and no answer to any of it. */
static void all_is_lost(int buffer_bytes)
{
    uint64_t at_ms = 0;

    scene_peers(1, NULL);
    scene.buffer_bytes = buffer_bytes;
    scene.peers[0].deaf = true;
    scene_open(false, 0);
    scene_ask(ALL_THERE_IS);
    alarm(ENDLESS_S);
    for (; scene.n_done < ALL_THERE_IS && at_ms < 1000 * SCENE_TIMEOUT_MS; at_ms += SCENE_TIMEOUT_MS / 4) {
        scene_at_ms(at_ms);
        for (unsigned i = 0; i < ALL_THERE_IS / 128; i++)
            scene_turn();
    }
    assert_int_equal(scene.n_done, ALL_THERE_IS);
    alarm(0);
    scene_check_all(0, ALL_THERE_IS, OC_DNS_TIMEOUT);
    scene_close();
}

/* Protects the scan whose resolver falls silent: what waits for it fills all there is room for, and still
 * ends. */
static void test_all_is_lost(void **state)
{
    (void)state;
    all_is_lost(0);
}

/* Protects the same where the system gives small buffers only: what goes beyond them is spread over all
 * ports, none of which has more in flight than there are ids. */
static void test_small_buffers(void **state)
{
    (void)state;
    all_is_lost(SMALL_BUFFER);
}

/* Protects scans over devices that know no UDP_SEGMENT (EIO, udp(7); or an older kernel): everything is sent
 * one by one, at once, and it is not tried again. */
static void test_no_segments(void **state)
{
    static const int errors[] = {EIO, EINVAL, EOPNOTSUPP, EMSGSIZE};

    (void)state;
    for (unsigned k = 0; k < STS_LEN(errors); k++) {
        scene_peers(2, script_answer);
        scene_open(false, 0);
        scene_ask(100);
        scene_until_done(100);
        assert_true(scene.n_segmented > 0);
        scene.n_segmented = 0;
        scene.segments_error = errors[k];
        scene_ask(400);
        scene_until_done(500);
        assert_int_equal(scene.n_segmented, 1);
        scene_check_all(0, 500, OC_OK);
        assert_int_equal(scene_queries(), 500);
        assert_int_equal(scene.n_heard, 500);
        scene_close();
    }
}

/* Protects queries where a device is slow (EAGAIN): each goes out, once, when there is room; those that are
 * cancelled meanwhile do not. */
static void test_busy(void **state)
{
    (void)state;
    for (unsigned n = 100; n <= 2000; n += 1900) {
        scene_peers(2, script_answer);
        scene_open(false, 0);
        scene.segments_error = EIO; /* each by itself */
        scene.busy = true;
        scene_ask(n);
        for (unsigned i = 0; i < 30; i++)
            scene_turn();
        assert_true(scene.n_refused > 2 && scene.n_heard < n);
        scene.busy = false;
        scene_until_done(n);
        scene_check_all(0, n, OC_OK);
        assert_int_equal(scene.n_heard, n);
        assert_int_equal(scene_queries(), n);
        scene_close();
    }
}

static void flood(const struct heard *q)
{
    for (unsigned i = 0; i < FLOOD; i++)
        script_answer(q);
}

/* Protects what a scan says of its own losses: datagrams that a socket had no room for are counted, each
 * once. */
static void test_drops(void **state)
{
    uint64_t dropped = 0;

    (void)state;
    scene_peers(1, flood);
    scene.buffer_bytes = SMALL_BUFFER;
    scene_open(false, 0);
    for (unsigned i = 1; i <= 4; i++) {
        scene_ask(1);
        scene_until_done(i);
        for (unsigned turn = 0; turn < DROPS_COUNTED_TURNS; turn++)
            scene_turn();
    }
    dropped = atomic_load(&scene.counters.dns_dropped);
    assert_true(dropped > 0);
    assert_int_equal(dropped + scene.n_received, 4 * FLOOD);
    scene_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_no_segments),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_drops),
        cmocka_unit_test(test_some_are_silent),
        cmocka_unit_test(test_all_is_lost),
        cmocka_unit_test(test_small_buffers),
    };

    return cmocka_run_group_tests(tests, scene_library_begin, scene_library_end);
}
