/* own_fault.c: attempts that came to nothing for a reason of ours, and those that did not. */
#include "scanner/own_fault.h"
#include "tests/unit/unit.h"

#define PEER      "127.1.2.3"
#define BEGAN_MS  1000
#define CUT_MS    2000
#define HOUR_MS   3600000
#define ANY_ERRNO 113

static struct options options;
static struct scan scan;
static struct worker w;

static int begin(void **state)
{
    (void)state;
    options = (struct options){.outage_wait_ms = HOUR_MS};
    scan = (struct scan){.options = &options, .n_workers = 1, .max_connections = 400, .connections = 80};
    w = (struct worker){.scan = &scan};
    return 0;
}

/* What becomes of an attempt that came to `oc`; `*anew`: it is begun again. */
static enum outcome judge(enum outcome oc, uint64_t began_ms, bool *anew)
{
    struct result r = {(uint16_t)oc, SRC_ERRNO, ANY_ERRNO};
    struct address peer;

    assert_int_equal(address_parse(PEER, &peer), STS_OK);
    *anew = own_fault(&w, &peer, began_ms, &r);
    assert_int_equal(r.raw, ANY_ERRNO);
    return (enum outcome)r.oc;
}

static void expect(enum outcome oc, uint64_t began_ms, enum outcome becomes, bool anew)
{
    bool is_anew;

    assert_string_equal(outcome_name(judge(oc, began_ms, &is_anew)), outcome_name(becomes));
    assert_int_equal(is_anew, anew);
}

/* Protects honest outcomes: all is well here, so they stand. */
static void test_of_the_peer(void **state)
{
    static const enum outcome all[] = {OC_OK,          OC_TCP_TIMEOUT, OC_TCP_REFUSED,  OC_SMTP_CLOSED,
                                       OC_TLS_TIMEOUT, OC_HTTP_RESET,  OC_OUR_NETWORK,  OC_OUR_STOP,
                                       OC_BLOCKLISTED, OC_OUR_LIBRARY, OC_STARTTLS_4XX, OC_TCP_UNREACHABLE};

    (void)state;
    for (size_t i = 0; i < STS_LEN(all); i++)
        expect(all[i], BEGAN_MS, all[i], false);
}

static void test_cut_off(void **state)
{
    static const enum outcome silence[] = {OC_TCP_TIMEOUT,  OC_TCP_UNREACHABLE, OC_SMTP_GREETING_TIMEOUT,
                                           OC_SMTP_TIMEOUT, OC_SMTP_RESET,      OC_TLS_CLOSED,
                                           OC_TLS_TIMEOUT,  OC_HTTP_TIMEOUT,    OC_HTTP_CLOSED};
    static const enum outcome words[] = {OC_OK, OC_TCP_REFUSED, OC_SMTP_GREETING_5XX, OC_TLS_ALERT,
                                         OC_HTTP_STATUS};

    (void)state;
    w.timers.now_ms = CUT_MS;
    own_fault_turn(&w);
    assert_false(w.was_cut_off);
    scan.network.n_silent = 1;
    own_fault_turn(&w);
    scan.network.n_silent = 0;
    w.timers.now_ms = 2 * CUT_MS; /* it is over */
    own_fault_turn(&w);
    for (size_t i = 0; i < STS_LEN(silence); i++) {
        expect(silence[i], BEGAN_MS, OC_OUR_NETWORK, true);
        expect(silence[i], CUT_MS + 1, silence[i], false);
    }
    for (size_t i = 0; i < STS_LEN(words); i++)
        expect(words[i], BEGAN_MS, words[i], false);
}

static void test_suspended(void **state)
{
    (void)state;
    w.was_suspended = true;
    expect(OC_SMTP_CLOSED, BEGAN_MS, OC_OUR_STALL, true);
    expect(OC_SMTP_EHLO_4XX, BEGAN_MS, OC_OUR_STALL, true); /* 421: we were too slow */
    expect(OC_OUR_STALL, BEGAN_MS, OC_OUR_STALL, true);
    expect(OC_OK, BEGAN_MS, OC_OK, false);
    expect(OC_OUR_STOP, BEGAN_MS, OC_OUR_STOP, false);
}

static void test_descriptors(void **state)
{
    (void)state;
    expect(OC_OUR_DESCRIPTORS, BEGAN_MS, OC_OUR_DESCRIPTORS, true);
    assert_int_equal(scan.lowered_to, 70);
}

/* One address without a route is that; where not even the peer that was reached has one, it is the network.
 */
static void test_no_route(void **state)
{
    struct address alien;

    (void)state;
    expect(OC_TCP_TIMEOUT, BEGAN_MS, OC_TCP_TIMEOUT, false);
    assert_false(network_was_used(&scan.network)); /* nobody said anything */
    expect(OC_SMTP_NO_STARTTLS, BEGAN_MS, OC_SMTP_NO_STARTTLS, false);
    assert_true(network_was_used(&scan.network));
    expect(OC_OUR_NETWORK, BEGAN_MS, OC_OUR_NETWORK, false);
    assert_int_equal(address_parse("192.0.2.1", &alien), STS_OK); /* RFC 5737: not ours to come from */
    scan.network.local[NETWORK_V4] = &alien;
    options.outage_wait_ms = 0; /* no pause is wanted */
    expect(OC_OUR_NETWORK, BEGAN_MS, OC_OUR_NETWORK, false);
    options.outage_wait_ms = HOUR_MS;
    w.timers.now_ms = CUT_MS;
    expect(OC_OUR_NETWORK, BEGAN_MS, OC_OUR_NETWORK, true);
    assert_true(network_is_down(&scan.network));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_of_the_peer, begin), cmocka_unit_test_setup(test_cut_off, begin),
        cmocka_unit_test_setup(test_suspended, begin),   cmocka_unit_test_setup(test_descriptors, begin),
        cmocka_unit_test_setup(test_no_route, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
