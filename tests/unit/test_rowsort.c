/* Rows sorted by key, in memory and by way of the file: the same order, and of one key the row that counts.
 */
#include "analysis/rowsort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 5000

struct model { /* by key */
    uint64_t rank, number;
    bool there;
};
struct walk {
    const struct model *model;
    unsigned key, n;
};

static int on_row(void *arg, struct sts_str row, struct sts_err *err)
{
    struct walk *w = arg;
    char want[64];

    (void)err;
    while (!w->model[w->key].there)
        w->key++;
    snprintf(want, sizeof(want), "%u/%llu/%llu", w->key, (unsigned long long)w->model[w->key].rank,
             (unsigned long long)w->model[w->key].number);
    assert_true(row.len >= strlen(want));
    assert_memory_equal(row.p, want, strlen(want));
    for (uint32_t i = (uint32_t)strlen(want); i < row.len; i++)
        assert_int_equal(row.p[i], '.');
    w->key++;
    w->n++;
    return STS_OK;
}

static void check(size_t memory_bytes, unsigned n_keys)
{
    struct model model[ROWS] = {{0}};
    struct walk walk = {.model = model};
    struct rowsort *s;
    struct sts_err err = {0};
    unsigned n = 0;
    uint32_t x = 1;

    assert_int_equal(rowsort_new(&s, memory_bytes, &err), STS_OK);
    for (uint64_t i = 0; i < ROWS; i++) {
        unsigned key;
        uint64_t rank;
        char name[16], row[1024];
        int len;

        x = x * 1664525u + 1013904223u;
        key = (x >> 8) % n_keys;
        rank = (x >> 4) % 3;
        snprintf(name, sizeof(name), "%05u", key);
        if (!model[key].there || rank >= model[key].rank)
            model[key] = (struct model){rank, i, true};
        memset(row, '.', sizeof(row));
        len =
            snprintf(row, sizeof(row), "%u/%llu/%llu", key, (unsigned long long)rank, (unsigned long long)i);
        row[len] = '.';
        assert_int_equal(rowsort_add(s, (struct sts_str){name, (uint32_t)strlen(name)}, rank,
                                     (struct sts_str){row, (uint32_t)len + x % 900}, &err),
                         STS_OK);
    }
    for (unsigned i = 0; i < ROWS; i++)
        n += model[i].there;
    assert_int_equal(rowsort_each(s, on_row, &walk, &err), STS_OK);
    assert_int_equal(walk.n, n);
    rowsort_free(s);
}

static void test_memory(void **state)
{
    (void)state;
    check(64u << 20, ROWS);
    check(64u << 20, 10);
}

/* From many rows a run to runs of one row each, which is larger than the memory. */
static void test_file(void **state)
{
    static const size_t sizes[] = {1u << 20, 100000, 10000, 1000, 1};

    (void)state;
    for (size_t i = 0; i < STS_LEN(sizes); i++) {
        check(sizes[i], ROWS);
        check(sizes[i], 300);
    }
}

static int put(void *arg, struct sts_str row, struct sts_err *err)
{
    (void)err;
    fprintf(arg, ".%.*s", (int)row.len, row.p);
    return STS_OK;
}

/* A key before those that it begins; an empty one first. */
static void test_prefix(void **state)
{
    static const char *const keys[] = {"b", "a", "", "ab", "aa"};
    static const char sorted[] = "..a.aa.ab.b";
    struct sts_err err = {0};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct rowsort *s;

    (void)state;
    assert_int_equal(rowsort_new(&s, 100, &err), STS_OK);
    for (size_t i = 0; i < STS_LEN(keys); i++)
        assert_int_equal(rowsort_add(s, sts_str(keys[i]), 0, sts_str(keys[i]), &err), STS_OK);
    assert_int_equal(rowsort_each(s, put, out, &err), STS_OK);
    fclose(out);
    assert_string_equal(text, sorted);
    free(text);
    rowsort_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory), cmocka_unit_test(test_file),
                                       cmocka_unit_test(test_prefix)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
