/* test_site.c - site.c: which hosts of an address are probed, and what the others learn from those that were.
 */
#include "scanner/keyset.h"
#include "scanner/site.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define MOST_NAMES 400
#define NAME_BYTES 32

static struct slab memory;
static const struct site_common few = {.most = {5, 10}, .seed = 7, .memory = &memory};

static void fini(struct site *s)
{
    site_fini(s, &few);
    slab_fini(&memory);
}

static void name_of(unsigned number, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "mx%u.example", number);
}

static uint64_t order_of(unsigned number, uint64_t seed)
{
    char name[NAME_BYTES];

    name_of(number, name);
    return key128_of(name, strlen(name), seed).lo;
}

static struct site_answer admit(struct site *s, const struct site_common *common, unsigned number,
                                bool signalled, bool again)
{
    struct site_answer answer;
    char name[NAME_BYTES];

    name_of(number, name);
    assert_int_equal(site_admit(s, common, name, signalled, again, &answer), STS_OK);
    assert_true(!answer.displaced || answer.kept != NULL);
    assert_int_equal(answer.left_out && answer.kept != NULL, 0);
    if (answer.kept != NULL)
        assert_string_equal(answer.kept->name, name);
    return answer;
}

static struct site_host *find(const struct site *s, unsigned number)
{
    struct site_cursor at = {0};
    struct site_host *h;
    char name[NAME_BYTES];

    name_of(number, name);
    while ((h = site_next(s, &at)) != NULL && strcmp(h->name, name) != 0)
        continue;
    return h;
}

/* Of a class. */
static unsigned n_waiting(const struct site *s, enum site_class class_)
{
    struct site_cursor at = {0};
    const struct site_host *h;
    unsigned n = 0;

    while ((h = site_next(s, &at)) != NULL)
        n += h->waiting && h->class_ == class_;
    return n;
}

/* How many of the numbers below `n` have a lower order. */
static unsigned rank_of(unsigned number, unsigned n, uint64_t seed)
{
    unsigned rank = 0;

    for (unsigned i = 0; i < n; i++)
        rank += order_of(i, seed) < order_of(number, seed);
    return rank;
}

/* A shuffled 0..n-1. */
static void shuffle(unsigned *list, unsigned n, uint64_t seed)
{
    for (unsigned i = 0; i < n; i++)
        list[i] = i;
    for (unsigned i = n - 1; i > 0; i--) {
        unsigned j = (unsigned)(random_next(&seed) % (i + 1)), kept = list[i];

        list[i] = list[j];
        list[j] = kept;
    }
}

/* Protects the choice: whatever the order in which hosts arrive, while none is begun those of the lowest hash
 * are kept, of each class as many as its limit; another seed chooses others. */
static void test_lowest_hashes(void **state)
{
    unsigned order[MOST_NAMES];

    (void)state;
    for (uint64_t round = 0; round < 20; round++) {
        const struct site_common common = {.most = {5, 10}, .seed = round / 2, .memory = &memory};
        struct site s = {0};

        shuffle(order, 200, round);
        for (unsigned i = 0; i < 200; i++)
            admit(&s, &common, order[i], order[i] >= 100, false);
        assert_int_equal(s.n_kept[SITE_PLAIN], 5);
        assert_int_equal(s.n_kept[SITE_SIGNALLED], 10);
        for (unsigned i = 0; i < 100; i++)
            assert_int_equal(find(&s, i) != NULL, rank_of(i, 100, common.seed) < 5);
        for (unsigned i = 100; i < 200; i++)
            assert_int_equal(find(&s, i) != NULL,
                             rank_of(i, 200, common.seed) - rank_of(i, 100, common.seed) < 10);
        assert_int_equal(s.n_hosts, 200);
        assert_int_equal(s.n_signalled, 100);
        assert_int_equal(site_left_out(&s), 185);
        fini(&s);
    }
}

/* Protects probes that have begun: such a host stays, and the limit holds all the same. */
static void test_begun_hosts_stay(void **state)
{
    struct site s = {0};
    unsigned order[MOST_NAMES], n_begun = 0;

    (void)state;
    shuffle(order, 300, 9);
    for (unsigned i = 0; i < 300; i++) {
        admit(&s, &few, order[i], false, false);
        if (i % 50 == 0 && find(&s, order[i]) != NULL) {
            site_begin(&s, find(&s, order[i]));
            site_begin(&s, find(&s, order[i])); /* again changes nothing */
            n_begun++;
        }
        assert_in_range(s.n_kept[SITE_PLAIN], 1, 5);
    }
    assert_true(n_begun > 0 && n_begun < 5);
    assert_int_equal(n_waiting(&s, SITE_PLAIN), 5 - n_begun);
    assert_non_null(find(&s, order[0]));
    for (struct site_host *h; (h = site_first(&s)) != NULL;)
        site_begin(&s, h);
    for (unsigned i = 300; i < 400; i++)
        assert_true(admit(&s, &few, i, false, false).left_out);
    fini(&s);
}

/* Protects signalled names whose MX host another name brought first: a host that is signalled later is taken
 * in if it was left out, and frees its place if it was kept; it is never counted twice. */
static void test_signalled_later(void **state)
{
    struct site s = {0};
    struct site_answer answer;
    unsigned kept = 0, left_out = 0;

    (void)state;
    for (unsigned i = 0; i < 50; i++)
        admit(&s, &few, i, false, false);
    for (unsigned i = 0; i < 50; i++) {
        kept = find(&s, i) != NULL ? i : kept;
        left_out = find(&s, i) == NULL ? i : left_out;
    }
    answer = admit(&s, &few, kept, true, true);
    assert_null(answer.kept);
    assert_false(answer.left_out || answer.returned);
    assert_int_equal(find(&s, kept)->class_, SITE_SIGNALLED);
    assert_int_equal(s.n_kept[SITE_PLAIN], 4);
    assert_int_equal(n_waiting(&s, SITE_PLAIN), 4);
    assert_int_equal(n_waiting(&s, SITE_SIGNALLED), 1);
    answer = admit(&s, &few, left_out, true, true);
    assert_non_null(answer.kept);
    assert_true(answer.returned);
    assert_int_equal(s.n_hosts, 50);
    assert_int_equal(s.n_signalled, 2);
    assert_int_equal(site_left_out(&s), 44);
    fini(&s);
}

/* Protects the count of an address that the first answer for a host did not have. */
static void test_signalled_at_a_new_address(void **state)
{
    struct site s = {0};
    struct site_answer answer;

    (void)state;
    answer = admit(&s, &few, 1, true, true);
    assert_non_null(answer.kept);
    assert_false(answer.returned);
    assert_int_equal(s.n_hosts, 1);
    assert_int_equal(site_left_out(&s), 0);
    fini(&s);
}

/* Protects "0 is no limit": all are kept, first come first served. */
static void test_no_limit(void **state)
{
    const struct site_common none = {.seed = 7, .memory = &memory};
    struct site s = {0};

    (void)state;
    for (unsigned i = 0; i < MOST_NAMES; i++) {
        struct site_answer answer = admit(&s, &none, i, i % 2 != 0, false);

        assert_non_null(answer.kept);
        assert_int_equal(answer.kept->order, 0);
    }
    for (unsigned i = 0; i < MOST_NAMES; i++) {
        struct site_host *first = site_first(&s);

        assert_non_null(first);
        assert_ptr_equal(first, find(&s, i));
        site_begin(&s, first);
    }
    assert_null(site_first(&s));
    assert_int_equal(site_left_out(&s), 0);
    fini(&s);
}

/* Protects a new blocklist: all that wait are taken out in their order, and those that it does not name wait
 * again as before, and give way as before. */
static void test_take_waiting(void **state)
{
    const struct site_common common = {.most = {200, 200}, .seed = 7, .memory = &memory};
    struct site s = {0};
    struct site_host *h, *next;
    uint64_t order = 0;
    unsigned n = 0, n_again = 0;

    (void)state;
    assert_null(site_take_waiting(&s));
    for (unsigned i = 0; i < 300; i++)
        admit(&s, &common, i, i % 2 != 0, false);
    site_begin(&s, site_first(&s));
    h = site_take_waiting(&s);
    assert_null(site_first(&s));
    for (; h != NULL; h = next, n++) {
        next = h->next_waiting;
        assert_true(h->order >= order && !h->waiting);
        order = h->order;
        if (n % 3 == 0)
            site_begin(&s, h);
        else
            site_wait_again(&s, h);
        n_again += n % 3 != 0;
    }
    assert_int_equal(n, 299);
    assert_int_equal(n_waiting(&s, SITE_PLAIN) + n_waiting(&s, SITE_SIGNALLED), n_again);
    for (order = 0; (h = site_first(&s)) != NULL; order = h->order, n_again--) {
        assert_true(h->order >= order && !h->stays);
        site_begin(&s, h);
    }
    assert_int_equal(n_again, 0);
    fini(&s);
}

/* How many hosts are looked at where the one is looked for that takes longest. */
static unsigned longest_chain(const struct site *s)
{
    unsigned longest = 0;

    for (uint32_t i = 0; i < UINT32_C(1) << s->chains_log2; i++) {
        unsigned n = 0;

        for (const struct site_host *h = s->chains_log2 > 0 ? s->kept.many[i] : s->kept.one; h != NULL;
             h = h->next)
            n++;
        longest = n > longest ? n : longest;
    }
    return longest;
}

/* Protects scans of an operator that has a host name for each customer: however many hosts there are, by far
 * the most are not looked at to find one. */
static void test_very_many(void **state)
{
    static const struct site_common commons[] = {{.seed = 7, .memory = &memory},
                                                 {.most = {1000000, 1000000}, .seed = 7, .memory = &memory}};
    enum { N = 50000 };
    char name[NAME_BYTES];

    (void)state;
    for (size_t c = 0; c < STS_LEN(commons); c++) {
        struct site s = {0};

        for (unsigned i = 0; i < N; i++) {
            name_of(i, name);
            assert_int_equal(site_know(&s, &commons[c], sts_str(name), i % 3 == 0, true), STS_OK);
        }
        assert_in_range(longest_chain(&s), 1, 4 * SITE_CHAIN_HOSTS);
        for (unsigned i = 0; i < 2 * N; i++) {
            name_of(i, name);
            assert_int_equal(site_has(&s, &commons[c], name), i < N);
        }
        fini(&s);
    }
}

/* Protects the sample where it is a large one: hosts give way and become signalled while the chains grow. */
static void test_large_sample(void **state)
{
    const struct site_common common = {.most = {100, 60}, .seed = 3, .memory = &memory};
    static unsigned order[MOST_NAMES];
    struct site s = {0};
    unsigned n_promoted = 0;
    char name[NAME_BYTES];

    (void)state;
    shuffle(order, MOST_NAMES, 4);
    for (unsigned i = 0; i < MOST_NAMES; i++)
        admit(&s, &common, order[i], false, false);
    for (unsigned i = 0; i < MOST_NAMES; i++) {
        name_of(i, name);
        assert_int_equal(site_has(&s, &common, name), rank_of(i, MOST_NAMES, 3) < 100);
    }
    for (unsigned i = 0; i < MOST_NAMES && n_promoted < 60; i++) {
        name_of(i, name);
        if (site_has(&s, &common, name)) {
            admit(&s, &common, i, true, true);
            n_promoted++;
            assert_true(find(&s, i)->class_ == SITE_SIGNALLED && find(&s, i)->waiting);
        }
    }
    assert_int_equal(s.n_kept[SITE_PLAIN], 40);
    assert_int_equal(s.n_kept[SITE_SIGNALLED], 60);
    assert_int_equal(n_waiting(&s, SITE_SIGNALLED), 60);
    fini(&s);
}

/* Protects the order of probing: the lowest hash of those that wait, whichever class it is of, whatever came
 * or gave way or was signalled meanwhile. */
static void test_turns(void **state)
{
    bool signalled[MOST_NAMES];
    struct site s = {0};
    uint64_t seed = 5;

    (void)state;
    for (unsigned i = 0; i < MOST_NAMES; i++) {
        const struct site_host *h;
        struct site_host *first;

        signalled[i] = random_next(&seed) % 3 == 0;
        (void)admit(&s, &few, i, signalled[i], false);
        if (i % 5 == 0 && !signalled[i / 2]) {
            signalled[i / 2] = true;
            (void)admit(&s, &few, i / 2, true, true);
        }
        first = site_first(&s);
        for (struct site_cursor at = {0}; (h = site_next(&s, &at)) != NULL;)
            assert_true(!h->waiting || (first != NULL && first->order <= h->order));
        if (first != NULL && i % 11 == 0)
            site_begin(&s, first);
    }
    fini(&s);
}

/* Protects peers and facts: three in a row with one outcome are shared, once with each host, for a minute;
 * who looks again waits for one more attempt. */
static void test_shortcut(void **state)
{
    struct site s = {0};

    (void)state;
    assert_int_equal(site_shared(&s, 0, 0), OC_NONE);
    assert_false(site_note(&s, OC_TCP_TIMEOUT, 1000));
    assert_false(site_note(&s, OC_TCP_TIMEOUT, 2000));
    assert_int_equal(site_shared(&s, 0, 2000), OC_NONE);
    assert_true(site_note(&s, OC_TCP_TIMEOUT, 3000));
    assert_int_equal(site_shared(&s, 0, 3000), OC_TCP_TIMEOUT);
    assert_int_equal(site_shared(&s, 1, 3000 + SITE_SHARE_MS), OC_TCP_TIMEOUT);
    assert_int_equal(site_shared(&s, 0, 3001 + SITE_SHARE_MS), OC_NONE);
    assert_int_equal(site_shared(&s, 3, 3000), OC_NONE); /* has taken it */
    assert_true(site_note(&s, OC_TCP_TIMEOUT, 300000));  /* one more is enough for all */
    assert_int_equal(site_shared(&s, 3, 300000), OC_TCP_TIMEOUT);
    assert_false(site_note(&s, OC_OUR_NETWORK, 300001)); /* says nothing */
    assert_int_equal(site_shared(&s, 3, 300002), OC_TCP_TIMEOUT);
    assert_false(site_note(&s, OC_TCP_REFUSED, 300003)); /* another outcome begins anew */
    assert_int_equal(site_shared(&s, 0, 300003), OC_NONE);
    assert_false(site_note(&s, OC_TCP_REFUSED, 300004));
    assert_false(site_note(&s, OC_OK, 300005));
    assert_false(site_note(&s, OC_TCP_REFUSED, 300006)); /* not in a row */
    assert_int_equal(site_shared(&s, 0, 300006), OC_NONE);
}

/* Protects facts of a host from those of its address: only what ends with the greeting is shared. */
static void test_shared_outcomes(void **state)
{
    static const enum outcome shared[] = {
        OC_TCP_REFUSED,       OC_TCP_TIMEOUT,       OC_TCP_RESET,
        OC_TCP_UNREACHABLE,   OC_TCP_OTHER,         OC_SMTP_GREETING_TIMEOUT,
        OC_SMTP_GREETING_4XX, OC_SMTP_GREETING_5XX, OC_SMTP_CLOSED_EARLY};

    (void)state;
    for (unsigned oc = 1; oc < OUTCOME_LIMIT; oc++) {
        struct site s = {0};
        bool expected = false;

        for (size_t i = 0; i < STS_LEN(shared); i++)
            expected |= oc == shared[i];
        for (unsigned i = 0; i < 2; i++)
            assert_false(site_note(&s, (enum outcome)oc, 1));
        if (site_note(&s, (enum outcome)oc, 1) != expected)
            fail_msg("%s: %d", outcome_name(oc), !expected);
    }
}

/* Protects a server that says 421: a longer rest for each in a row, never longer than the wait for a retry.
 */
static void test_rest(void **state)
{
    static const uint64_t rests[] = {30000, 60000, 120000, 240000, 300000, 300000};
    struct site s = {0};

    (void)state;
    assert_int_equal(site_rest_ms(&s, 300000), 0);
    for (size_t i = 0; i < STS_LEN(rests); i++) {
        (void)site_note(&s, i % 2 ? OC_SMTP_EHLO_4XX : OC_SMTP_GREETING_4XX, i);
        assert_int_equal(site_rest_ms(&s, 300000), rests[i]);
        assert_int_equal(site_rest_ms(&s, 0), 0);
    }
    (void)site_note(&s, OC_OUR_STALL, 10);
    assert_int_equal(site_rest_ms(&s, 300000), 300000);
    (void)site_note(&s, OC_BLOCKLISTED, 10); /* cut off by us, in mid-connection */
    assert_int_equal(site_rest_ms(&s, 300000), 300000);
    (void)site_note(&s, OC_OK, 11);
    assert_int_equal(site_rest_ms(&s, 300000), 0);
}

/* Protects a scan that goes on: hosts that an earlier run has done with are there, count, and stay, whatever
 * comes; those that are waiting give way as ever. */
static void test_known_hosts(void **state)
{
    struct site s = {0};
    char name[NAME_BYTES];
    unsigned n_known = 0;

    (void)state;
    for (unsigned i = 0; i < 100; i++) { /* of the highest hashes, which a new one would displace */
        name_of(i, name);
        if (rank_of(i, 100, few.seed) < 97)
            continue;
        assert_int_equal(site_know(&s, &few, sts_str(name), i % 2 == 1, n_known == 0), STS_OK);
        n_known++;
        assert_true(site_has(&s, &few, name));
    }
    assert_int_equal(n_known, 3);
    assert_int_equal(n_waiting(&s, SITE_PLAIN) + n_waiting(&s, SITE_SIGNALLED), 0);
    assert_int_equal(site_left_out(&s), 0);
    for (unsigned i = 100; i < 300; i++) {
        admit(&s, &few, i, false, false);
        admit(&s, &few, i + 1000, true, false);
    }
    assert_int_equal(s.n_kept[SITE_PLAIN], 5);
    assert_int_equal(s.n_kept[SITE_SIGNALLED], 10);
    assert_int_equal(s.n_hosts, 403);
    for (unsigned i = 0; i < 100; i++) {
        name_of(i, name);
        assert_int_equal(site_has(&s, &few, name), rank_of(i, 100, few.seed) >= 97);
    }
    for (unsigned i = 100; i < 300; i++) {
        name_of(i, name);
        assert_int_equal(site_has(&s, &few, name), find(&s, i) != NULL);
    }
    fini(&s);
}

static void test_known_without_limit(void **state)
{
    const struct site_common none = {.seed = 7, .memory = &memory};
    struct site s = {0};
    char name[NAME_BYTES];

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        name_of(i, name);
        assert_int_equal(site_know(&s, &none, sts_str(name), false, true), STS_OK);
    }
    for (unsigned i = 0; i < 100; i++) {
        name_of(i, name);
        assert_int_equal(site_has(&s, &none, name), i < 50);
    }
    fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lowest_hashes),
        cmocka_unit_test(test_begun_hosts_stay),
        cmocka_unit_test(test_signalled_later),
        cmocka_unit_test(test_signalled_at_a_new_address),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_take_waiting),
        cmocka_unit_test(test_very_many),
        cmocka_unit_test(test_large_sample),
        cmocka_unit_test(test_known_hosts),
        cmocka_unit_test(test_known_without_limit),
        cmocka_unit_test(test_shortcut),
        cmocka_unit_test(test_shared_outcomes),
        cmocka_unit_test(test_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
