/* test_keyset.c - keyset.c against a sorted list: new keys are new once, however they lie in the table. */
#include "scanner/keyset.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define N_KEYS 60000

static int by_value(const void *a, const void *b)
{
    const struct key128 *left = a, *right = b;

    if (left->lo != right->lo)
        return left->lo < right->lo ? -1 : 1;
    return left->hi < right->hi ? -1 : left->hi > right->hi;
}

/* All slots; each part has as many as its keys need. */
static size_t n_slots(const struct keyset *set)
{
    size_t n = 0;

    for (unsigned i = 0; set->parts != NULL && i < KEYSET_PARTS; i++) {
        assert_true(set->parts[i].n <= set->parts[i].size / 4 * 3 + 2);
        n += set->parts[i].size;
    }
    return n;
}

/* Add all of `keys`: as many are new as there are different ones; then none is. */
static void add_all(struct key128 *keys, size_t n)
{
    struct keyset set = {0};
    size_t n_new = 0, n_different = 0;

    for (size_t i = 0; i < n; i++) {
        int added = keyset_add(&set, keys[i]);

        assert_in_range(added, 0, 1);
        n_new += (size_t)added;
        assert_int_equal(keyset_add(&set, keys[i]), 0);
    }
    for (size_t i = 0; i < n; i++) /* still there, after all growth */
        assert_int_equal(keyset_add(&set, keys[i]), 0);
    qsort(keys, n, sizeof(*keys), by_value);
    for (size_t i = 0; i < n; i++)
        n_different += i == 0 || by_value(&keys[i], &keys[i - 1]) != 0;
    assert_int_equal(n_new, n_different);
    assert_true(n_slots(&set) > n_different);
    if (n_different > 10000) /* the promise of keyset.h */
        assert_true(n_slots(&set) * sizeof(struct key128) <= 27 * n_different + 27 * n_different / 50);
    keyset_fini(&set);
    assert_null(set.parts);
}

/* Protects "once a scan": keys that look random, a third of them repeated, through many growths. */
static void test_random_keys(void **state)
{
    struct key128 *keys = calloc(N_KEYS, sizeof(*keys));
    uint64_t seed = 21;

    (void)state;
    assert_non_null(keys);
    for (size_t i = 0; i < N_KEYS; i++) {
        keys[i] = (struct key128){random_next(&seed), random_next(&seed)};
        if (i > 0 && keys[i].lo % 3 == 0)
            keys[i] = keys[keys[i].hi % i];
    }
    add_all(keys, N_KEYS);
    free(keys);
}

/* Protects the table against keys that all want one slot, with halves that are zero, and the zero key. */
static void test_crowded_keys(void **state)
{
    struct key128 keys[1024];
    size_t n = 0;

    (void)state;
    for (uint64_t i = 0; i < 300; i++) {
        keys[n++] = (struct key128){i << 32, 0};
        keys[n++] = (struct key128){0, i};
        keys[n++] = (struct key128){UINT64_MAX, i % 7};
    }
    add_all(keys, n);
}

/* Protects the key that marks a free slot in the table: it is a key like any other. */
static void test_zero_key(void **state)
{
    const struct key128 zero = {0, 0}, one = {0, 1};
    struct keyset set = {0};

    (void)state;
    assert_int_equal(keyset_add(&set, zero), 1);
    assert_int_equal(keyset_add(&set, zero), 0);
    assert_int_equal(keyset_add(&set, one), 1);
    assert_int_equal(keyset_add(&set, zero), 0);
    assert_int_equal(keyset_add(&set, one), 0);
    keyset_fini(&set);
    assert_int_equal(keyset_add(&set, zero), 1);
    keyset_fini(&set);
}

/* Protects what is taken out again: the set is as a plain list of what is in it, while keys come and go that
 * crowd a few slots, wrap around the end of the table, and are zero. */
static void test_drop(void **state)
{
    enum { N = 96 };
    struct key128 keys[N];
    bool there[N] = {false};
    struct keyset set = {0};
    uint64_t seed = 5;
    size_t n_there = 0;

    (void)state;
    for (uint64_t i = 0; i < N; i++) /* at both ends of any table, many with the same home */
        keys[i] = (struct key128){i % 3 == 0 ? UINT64_MAX - i % 4 : i % 3 == 1 ? i % 5 : i << 32, i / 3};
    keys[0] = (struct key128){0, 0};
    assert_false(keyset_drop(&set, keys[0]));
    assert_false(keyset_drop(&set, keys[1])); /* of an empty set */
    for (unsigned step = 0; step < 200000; step++) {
        const size_t at = (size_t)(random_next(&seed) % N);

        if (random_next(&seed) % 2 == 0) {
            assert_int_equal(keyset_add(&set, keys[at]), !there[at]);
            n_there += !there[at];
            there[at] = true;
        } else {
            assert_int_equal(keyset_drop(&set, keys[at]), there[at]);
            n_there -= there[at];
            there[at] = false;
        }
        if (step % 16 != 0)
            continue;
        for (size_t i = 0; i < N; i++)
            assert_int_equal(keyset_has(&set, keys[i]), there[i]);
        assert_int_equal(set.n + set.has_zero, n_there);
    }
    keyset_fini(&set);
}

/* Protects the tables against a peer that chooses names: the secret moves every key. */
static void test_secret_matters(void **state)
{
    (void)state;
    assert_int_not_equal(key128_of("mx.example", 10, 1).lo, key128_of("mx.example", 10, 2).lo);
    assert_int_equal(key128_of("mx.example", 10, 1).hi, key128_of("mx.example", 10, 1).hi);
    assert_int_not_equal(key128_of("mx.example", 10, 1).hi, key128_of("mx.exampld", 10, 1).hi);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_keys),    cmocka_unit_test(test_crowded_keys),
        cmocka_unit_test(test_zero_key),       cmocka_unit_test(test_drop),
        cmocka_unit_test(test_secret_matters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
