/* test_addresses.c - addresses.c: which addresses of a host are taken, and what a host without any comes to.
 */
#include "scanner/addresses.h"
#include "tests/unit/unit.h"

#include <string.h>

static struct sts_str four[] = {{"192.0.2.1", 9}, {"192.0.2.2", 9}, {"192.0.2.3", 9}};
static struct sts_str six[] = {{"2001:db8::1", 11}};
static const struct rec_dns a = {.addr = {four, 3}}, aaaa = {.addr = {six, 1}};

static struct addresses choose(struct arena *arena, const struct rec_dns *left, const struct rec_dns *right,
                               uint64_t seed, uint64_t limit)
{
    struct addresses out;

    arena_reset(arena);
    assert_int_equal(addresses_choose(&out, left, right, seed, limit, arena), STS_OK);
    return out;
}

/* Which of the four it is, 0 to 3. */
static unsigned number_of(const struct address *address)
{
    return address_is_v4(address) ? address->b[15] - 1u : 3;
}

/* Protects the sample: where a limit cuts, each address is taken about equally often over the seeds. */
static void test_no_favour(void **state)
{
    unsigned n_first[4] = {0}, n_second[4] = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena, 0);
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct addresses found = choose(&arena, &a, &aaaa, seed, 2);

        assert_int_equal(found.n, 2);
        assert_int_equal(found.n_cut, 2);
        n_first[number_of(&found.v[0])]++;
        n_second[number_of(&found.v[1])]++;
        assert_int_not_equal(number_of(&found.v[0]), number_of(&found.v[1]));
    }
    for (int i = 0; i < 4; i++) {
        assert_in_range(n_first[i], 195, 305); /* 250, four standard deviations */
        assert_in_range(n_second[i], 195, 305);
    }
    arena_fini(&arena);
}

/* Protects comparisons of two scans with one seed: the order of the answer does not matter, a limit cuts a
 * prefix of the same order. */
static void test_same_seed_same_order(void **state)
{
    struct sts_str turned[] = {four[2], four[0], four[1]};
    const struct rec_dns b = {.addr = {turned, 3}};
    struct arena arena, other;

    (void)state;
    arena_init(&arena, 0);
    arena_init(&other, 0);
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct addresses all = choose(&arena, &a, &aaaa, seed, 8);

        assert_int_equal(all.n, 4);
        assert_int_equal(all.n_cut, 0);
        for (unsigned limit = 1; limit <= 4; limit++) {
            struct addresses some = choose(&other, &aaaa, &b, seed, limit);

            assert_int_equal(some.n, limit);
            assert_int_equal(some.n_cut, 4 - limit);
            assert_memory_equal(some.v, all.v, limit * sizeof(*all.v));
        }
    }
    arena_fini(&arena);
    arena_fini(&other);
}

/* Protects "once each": what an answer repeats, in whatever spelling, is one address, also for the limit. */
static void test_duplicates(void **state)
{
    struct sts_str twice[] = {four[0], four[1], four[0], four[0]};
    struct sts_str spelled[] = {six[0], {"2001:0DB8:0::1", 14}, {"::ffff:192.0.2.1", 16}};
    const struct rec_dns left = {.addr = {twice, 4}}, right = {.addr = {spelled, 3}};
    struct arena arena;

    (void)state;
    arena_init(&arena, 0);
    for (uint64_t seed = 0; seed < 50; seed++) {
        assert_int_equal(choose(&arena, &left, &right, seed, 8).n, 3);
        assert_int_equal(choose(&arena, &left, &right, seed, 3).n_cut, 0);
        assert_int_equal(choose(&arena, &left, &right, seed, 2).n_cut, 1);
    }
    arena_fini(&arena);
}

/* Protects the odd cases: no answers, empty ones, a limit of none. */
static void test_nothing(void **state)
{
    const struct rec_dns empty = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena, 0);
    assert_int_equal(choose(&arena, NULL, NULL, 1, 8).n, 0);
    assert_int_equal(choose(&arena, &empty, NULL, 1, 8).n, 0);
    assert_int_equal(choose(&arena, &a, NULL, 1, 0).n_cut, 3);
    assert_int_equal(choose(&arena, NULL, &aaaa, 1, 8).n, 1);
    arena_fini(&arena);
}

/* Protects the record of a host: no address is sure only if both answers are; our own fault is never theirs.
 */
static void test_outcomes(void **state)
{
    static const struct {
        enum outcome a, aaaa, expected; /* OC_NONE: not asked */
    } cases[] = {
        {OC_OK, OC_DNS_NODATA, OC_OK},
        {OC_DNS_SERVFAIL, OC_OK, OC_OK},
        {OC_OUR_STOP, OC_OK, OC_OK},
        {OC_OK, OC_NONE, OC_OK},
        {OC_DNS_NXDOMAIN, OC_DNS_NXDOMAIN, OC_DNS_NXDOMAIN},
        {OC_DNS_NODATA, OC_DNS_NODATA, OC_NO_ADDRESS},
        {OC_DNS_NODATA, OC_DNS_NXDOMAIN, OC_NO_ADDRESS},
        {OC_DNS_NXDOMAIN, OC_DNS_NODATA, OC_NO_ADDRESS},
        {OC_DNS_NODATA, OC_DNS_SERVFAIL, OC_ADDRESS_UNKNOWN},
        {OC_DNS_TIMEOUT, OC_DNS_NODATA, OC_ADDRESS_UNKNOWN},
        {OC_DNS_NXDOMAIN, OC_DNS_REFUSED, OC_DNS_NXDOMAIN},
        {OC_DNS_TIMEOUT, OC_DNS_NXDOMAIN, OC_DNS_NXDOMAIN},
        {OC_DNS_MALFORMED, OC_DNS_RCODE, OC_ADDRESS_UNKNOWN},
        {OC_DNS_NODATA, OC_OUR_MEMORY, OC_OUR_MEMORY},
        {OC_DNS_RESOLVER_DOWN, OC_DNS_NXDOMAIN, OC_DNS_NXDOMAIN},
        {OC_DNS_RESOLVER_DOWN, OC_DNS_NODATA, OC_DNS_RESOLVER_DOWN},
        {OC_DNS_SERVFAIL, OC_OUR_STOP, OC_OUR_STOP},
        {OC_DNS_NODATA, OC_NONE, OC_OUR_STOP},
        {OC_NONE, OC_NONE, OC_OUR_STOP},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(cases); i++) {
        const struct rec_dns left = {.oc = cases[i].a}, right = {.oc = cases[i].aaaa};
        enum outcome oc = addresses_outcome(cases[i].a ? &left : NULL, cases[i].aaaa ? &right : NULL);

        if (oc != cases[i].expected)
            fail_msg("case %zu: %s", i, outcome_name(oc));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_favour),  cmocka_unit_test(test_same_seed_same_order),
        cmocka_unit_test(test_duplicates), cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_outcomes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
