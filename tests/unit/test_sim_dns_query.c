/* test_sim_dns_query.c - stsim's reader of questions, and what it answers to hostile ones, each in a heap
 * block of its exact size. */
#include "bench/sim/dns_seen.h"
#include "bench/sim/dns_wait.h"
#include "tests/unit/sim_dns.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct dns_answer answer;
static uint8_t out[ANSWER_BYTES];

/* The RCODE of the answer to it; -1: there is none. */
static int rcode_to(const uint8_t *p, size_t len)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);
    struct dns_query q;
    bool good;

    assert_non_null(exact);
    memcpy(exact, p, len);
    good = dns_query_read(exact, len, &q);
    free(exact);
    if (!good)
        return -1;
    dns_answer(test_answerer(test_world("sts-ok")), &q, false, false, out, &answer);
    assert_true(answer.n > 0);
    assert_in_range(answer.len[0], DNS_HEADER_BYTES, DNS_MOST_UDP);
    return out[3] & 15;
}

static size_t good_query(uint8_t q[QUERY_BYTES])
{
    char apex[NAME_BYTES];

    name_of(test_world("sts-ok"), 5, apex);
    return make_query(q, 7, apex, DNS_MX, ASK_EDNS, 1232);
}

/* Protects against reading past the end: each beginning of a good query is refused, or is no message. */
static void test_truncations(void **state)
{
    uint8_t q[QUERY_BYTES];
    size_t len = good_query(q);

    (void)state;
    assert_int_equal(rcode_to(q, len), 0);
    for (size_t n = 0; n < len; n++)
        assert_int_equal(rcode_to(q, n), n < DNS_HEADER_BYTES ? -1 : DNS_RCODE_FORMERR);
}

/* Protects against headers that promise what is not there, or ask for something else. */
static void test_headers(void **state)
{
    static const struct {
        unsigned at, byte;
        int rcode;
    } cases[] = {{2, 0x81, -1},                 /* an answer */
                 {2, 0x29, DNS_RCODE_NOTIMP},   /* opcode 5, UPDATE */
                 {5, 0, DNS_RCODE_FORMERR},     /* no question */
                 {5, 2, DNS_RCODE_FORMERR},     /* two */
                 {4, 0xff, DNS_RCODE_FORMERR},  /* 65,281 */
                 {6, 0xff, DNS_RCODE_FORMERR},  /* 65,280 answers */
                 {11, 2, DNS_RCODE_FORMERR},    /* an RR more */
                 {12, 0xc0, DNS_RCODE_FORMERR}, /* a pointer */
                 {12, 0x40, DNS_RCODE_FORMERR}, /* a label of a kind that is no more */
                 {12, 63, DNS_RCODE_FORMERR}};  /* a label longer than the message */
    uint8_t q[QUERY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = good_query(q);

        q[cases[i].at] = (uint8_t)cases[i].byte;
        assert_int_equal(rcode_to(q, len), cases[i].rcode);
    }
}

/* Protects RFC 6891: one OPT, at the root, of version 0. */
static void test_edns(void **state)
{
    uint8_t q[QUERY_BYTES];
    size_t len = good_query(q);

    (void)state;
    memcpy(q + len, q + len - 11, 11);
    q[11] = 2;
    assert_int_equal(rcode_to(q, len + 11), DNS_RCODE_FORMERR);
    q[11] = 1;
    q[len - 5] = 1; /* version */
    assert_int_equal(rcode_to(q, len), DNS_RCODE_BADVERS & 15);
    assert_int_equal(out[answer.len[0] - 6], DNS_RCODE_BADVERS >> 4);
}

static void fill_name(char *name, unsigned n_labels, unsigned label_len, unsigned last_len)
{
    *name = '\0';
    for (unsigned n = 0; n < n_labels; n++) {
        unsigned len = n + 1 == n_labels ? last_len : label_len;

        for (unsigned i = 0; i < len; i++)
            *name++ = 'a';
        *name++ = n + 1 == n_labels ? '\0' : '.';
    }
}

/* Protects RFC 1035 section 2.3.4: a name of 255 bytes is one, of 256 none; many labels are, too. */
static void test_long_names(void **state)
{
    char name[300];
    uint8_t q[QUERY_BYTES];

    (void)state;
    fill_name(name, 4, 63, 61);
    assert_int_equal(rcode_to(q, make_query(q, 1, name, DNS_A, 0, 0)), DNS_RCODE_NXDOMAIN);
    fill_name(name, 4, 63, 62);
    assert_int_equal(rcode_to(q, make_query(q, 1, name, DNS_A, 0, 0)), DNS_RCODE_FORMERR);
    fill_name(name, 127, 1, 1);
    assert_int_equal(rcode_to(q, make_query(q, 1, name, DNS_A, 0, 0)), DNS_RCODE_NXDOMAIN);
}

/* Protects against bytes of a label that look like another name in text. */
static void test_odd_bytes(void **state)
{
    static const uint8_t odd[] = {0, ' ', '.', 0x7f, 0xff};
    uint8_t q[QUERY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(odd); i++) {
        size_t len = good_query(q);

        q[13] = odd[i];
        assert_int_equal(rcode_to(q, len), DNS_RCODE_NXDOMAIN);
    }
}

/* Protects 0x20: letters of the question come back as they were, and mean the same. */
static void test_case(void **state)
{
    uint8_t q[QUERY_BYTES];
    size_t len = good_query(q);

    (void)state;
    for (size_t i = 13; i < 23; i += 2)
        q[i] &= 0xdf;
    assert_int_equal(rcode_to(q, len), 0);
    assert_memory_equal(out + 12, q + 12, len - 12 - 11);
    assert_true(out[7] > 0); /* MX RRs */
}

/* Protects the asker's limit: no answer by UDP is longer than it takes; what is longer says so. */
static void test_sizes(void **state)
{
    static const struct {
        unsigned payload;
        size_t most;
    } cases[] = {{0, 512}, {100, 512}, {512, 512}, {1232, 1232}, {4096, 4096}, {65535, 4096}};
    const struct world *w = test_world("mx-many");
    char apex[NAME_BYTES];
    uint8_t bytes[QUERY_BYTES];
    struct dns_query q;

    (void)state;
    name_of(w, 5, apex);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(
            dns_query_read(bytes, make_query(bytes, 1, apex, DNS_MX, ASK_EDNS, cases[i].payload), &q));
        assert_int_equal(q.most < DNS_MOST_UDP ? q.most : DNS_MOST_UDP, cases[i].most);
        dns_answer(test_answerer(w), &q, false, false, out, &answer);
        assert_true(answer.len[0] <= cases[i].most);
        assert_int_equal(answer.outcome == DNS_SAYS_TRUNCATED, (out[2] & 2) != 0);
    }
}

/* Protects a record against a question that was lost for ever: it is lost once, as long as few others are. */
static void test_seen(void **state)
{
    struct dns_seen *s = dns_seen_new();
    char name[32];

    (void)state;
    assert_non_null(s);
    assert_false(dns_seen_add(s, "a.com", 5, DNS_MX));
    assert_true(dns_seen_add(s, "a.com", 5, DNS_MX));
    assert_false(dns_seen_add(s, "a.com", 5, DNS_A));
    for (unsigned i = 0; i < DNS_LEAST_SEEN - 2; i++) {
        size_t len = (size_t)snprintf(name, sizeof(name), "n%u.com", i);

        assert_false(dns_seen_add(s, name, len, DNS_MX));
    }
    assert_true(dns_seen_add(s, "a.com", 5, DNS_MX)); /* of the older generation */
    for (unsigned i = 0; i < DNS_LEAST_SEEN; i++) {
        size_t len = (size_t)snprintf(name, sizeof(name), "m%u.com", i);

        assert_false(dns_seen_add(s, name, len, DNS_MX));
    }
    assert_false(dns_seen_add(s, "a.com", 5, DNS_MX)); /* bounded: forgotten */
    dns_seen_free(s);
}

static uint64_t clock_ms;

static bool on_due(void *arg, struct dns_waiting *waiting)
{
    unsigned *n = arg;

    if (waiting->serial > 0) { /* not yet */
        waiting->serial--;
        return false;
    }
    assert_int_equal(waiting->q.id, clock_ms);
    ++*n;
    return true;
}

/* Protects latencies: each question waits as long as it should, also longer than a turn of the wheel, and the
 * queue is bounded. */
static void test_waiting(void **state)
{
    static const uint64_t waits[] = {0, 1, 1, 5, 4095, 4096, 4097, 20000};
    struct dns_wait *w = dns_wait_new();
    struct dns_waiting *one;
    unsigned n = 0;

    (void)state;
    assert_non_null(w);
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        one = dns_wait_take(w);
        one->q.id = (uint16_t)(1000 + (waits[i] > 0 ? waits[i] : 1));
        one->serial = 0;
        if (waits[i] == 5) {
            one->serial = 3;
            one->q.id = 1008;
        }
        dns_wait_add(w, one, 1000, waits[i]);
    }
    for (clock_ms = 1001; clock_ms <= 21000; clock_ms++)
        dns_wait_run(w, clock_ms, on_due, &n);
    assert_int_equal(n, 8);
    assert_int_equal(dns_wait_count(w), 0);
    for (unsigned i = 0; i < DNS_MOST_WAITING; i++) {
        one = dns_wait_take(w);
        assert_non_null(one);
        one->q.id = 1;
        one->serial = 0;
        dns_wait_add(w, one, 50000, 10);
    }
    assert_null(dns_wait_take(w));
    clock_ms = 1;
    dns_wait_run(w, 60000, on_due, &n); /* late */
    assert_int_equal(n, 8 + DNS_MOST_WAITING);
    dns_wait_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncations), cmocka_unit_test(test_headers),   cmocka_unit_test(test_edns),
        cmocka_unit_test(test_long_names),  cmocka_unit_test(test_odd_bytes), cmocka_unit_test(test_case),
        cmocka_unit_test(test_sizes),       cmocka_unit_test(test_seen),      cmocka_unit_test(test_waiting)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
