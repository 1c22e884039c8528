/* network.c: when this host has lost its network, and when it only seems so. */
#include "scanner/network.h"
#include "tests/unit/unit.h"

#include <errno.h>

/* Of nobody: RFC 5737, RFC 3849. To come from there is an error that the system tells at once. */
#define NOT_OURS_V4 "192.0.2.1"
#define NOT_OURS_V6 "2001:db8::1"

static struct address at(const char *text)
{
    struct address a;

    assert_int_equal(address_parse(text, &a), STS_OK);
    return a;
}

static void test_route(void **state)
{
    const struct address loopback = at("127.0.0.1"), peer = at("127.1.2.3"), alien = at(NOT_OURS_V4);
    struct address source;

    (void)state;
    assert_int_equal(network_route(NULL, &peer, &source), 0);
    assert_true(address_is_v4(&source));
    assert_int_equal(network_route(&loopback, &peer, &source), 0);
    assert_true(address_equal(&source, &loopback));
    assert_int_equal(network_route(&alien, &peer, &source), EADDRNOTAVAIL);
}

/* Protects scans from a host that has one family: what never worked is not lost. */
static void test_nobody_was_reached(void **state)
{
    const struct address alien = at(NOT_OURS_V4);
    struct network n = {.local = {[NETWORK_V4] = &alien}};

    (void)state;
    assert_false(network_was_used(&n));
    assert_false(network_look(&n));
}

static void test_lost_and_back(void **state)
{
    const struct address peer = at("127.1.2.3"), alien = at(NOT_OURS_V4);
    struct network n = {0};

    (void)state;
    network_reached(&n, &peer);
    assert_true(network_was_used(&n));
    assert_false(network_look(&n));
    n.local[NETWORK_V4] = &alien;
    assert_true(network_look(&n));
    assert_true(network_is_down(&n) && network_is_cut_off(&n) && network_is_surely_cut_off(&n));
    n.local[NETWORK_V4] = NULL;
    assert_false(network_look(&n));
    assert_false(network_is_down(&n) || network_is_cut_off(&n) || network_is_surely_cut_off(&n));
}

/* One family is left: the network is not lost. The first peer that was reached is asked about, no other. */
static void test_one_family_is_left(void **state)
{
    const struct address v4 = at("127.1.2.3"), v6 = at("::1"), alien = at(NOT_OURS_V6), far = at(NOT_OURS_V4);
    struct network n = {.local = {[NETWORK_V6] = &alien}};

    (void)state;
    network_reached(&n, &v4);
    network_reached(&n, &far);
    network_reached(&n, &v6);
    assert_true(address_equal(&n.reached[NETWORK_V4], &v4));
    assert_false(network_look(&n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_route),
        cmocka_unit_test(test_nobody_was_reached),
        cmocka_unit_test(test_lost_and_back),
        cmocka_unit_test(test_one_family_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
