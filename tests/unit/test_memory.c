/* The reserve of libraries (scanner/memory.h); malloc() and its like are refused where a test says so. */
#include "scanner/memory.h"
#include "tests/unit/unit.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES (16U << 20) /* of the reserve */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static bool refused;

void *__wrap_malloc(size_t n)
{
    return refused ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refused ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return refused ? NULL : __real_realloc(p, n);
}

/* In one test: what is used of the reserve, and that it was, stays so. */
static void test_reserve(void **state)
{
    struct sts_err err = {0};
    char *before, *in, *p;

    (void)state;
    assert_int_equal(memory_begin(&err), STS_OK);
    before = OPENSSL_strdup("before");
    assert_false(memory_is_low());

    refused = true;
    in = OPENSSL_strdup("in the reserve");
    assert_string_equal(in, "in the reserve");
    assert_true(memory_is_low());
    p = OPENSSL_realloc(before, 1000); /* out of what the system gave */
    assert_string_equal(p, "before");
    memset(p, 'x', 1000);
    assert_string_equal(in, "in the reserve");
    OPENSSL_free(in); /* changes nothing */
    p = OPENSSL_realloc(p, 2000);
    assert_memory_equal(p + 990, "xxxxxxxxxx", 10);

    refused = false;
    p = OPENSSL_realloc(p, 10); /* back to the system */
    assert_memory_equal(p, "xxxxxxxxxx", 10);
    OPENSSL_free(p);

    refused = true;
    assert_false(memory_is_out());
    assert_non_null(OPENSSL_malloc(MOST_BYTES / 2));
    assert_false(memory_is_out());
    assert_null(OPENSSL_malloc(MOST_BYTES / 2));
    assert_true(memory_is_out());
    assert_null(OPENSSL_malloc(SIZE_MAX - 8));
    refused = false;
    memory_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reserve)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
