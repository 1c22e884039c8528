/* test_port_watch.c - port_watch.c: whose fault it is that nothing answers. */
#include "scanner/port_watch.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Protects peers from the blame for a blocked port, and a scan of an open one: one connection decides, at any
 * time but behind the verdict. */
static void test_port(void **state)
{
    struct port_watch p = {0};

    (void)state;
    for (unsigned i = 1; i < PORT_ENOUGH_IPS; i++)
        port_failed(&p);
    assert_int_equal(port_verdict(&p), PORT_UNDECIDED);
    port_failed(&p);
    assert_int_equal(port_verdict(&p), PORT_BLOCKED);
    port_connected(&p);
    port_settle(&p);
    assert_int_equal(port_verdict(&p), PORT_BLOCKED);
    memset(&p, 0, sizeof(p));
    port_failed(&p);
    port_connected(&p);
    for (unsigned i = 0; i < 2 * PORT_ENOUGH_IPS; i++)
        port_failed(&p);
    port_settle(&p);
    assert_int_equal(port_verdict(&p), PORT_OPEN);
    memset(&p, 0, sizeof(p));
    port_settle(&p);
    assert_int_equal(port_verdict(&p), PORT_TOO_FEW);
    port_connected(&p);
    assert_int_equal(port_verdict(&p), PORT_OPEN);
}

/* Protects users from words about a port that is fine, and gives them what to do where it is not. */
static void test_port_words(void **state)
{
    for (unsigned n = 0; n <= 30; n += 10) {
        struct port_watch p = {0};
        char *text = NULL;
        size_t size = 0;
        FILE *to = open_memstream(&text, &size);

        (void)state;
        assert_non_null(to);
        for (unsigned i = 0; i < n; i++)
            port_failed(&p);
        if (n == 30)
            port_connected(&p);
        port_tell_end(&p, 2525, to);
        fclose(to);
        assert_int_equal(size > 0, n == 10 || n == 20);
        assert_int_equal(strstr(text, "port 2525") != NULL, size > 0);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port),
        cmocka_unit_test(test_port_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
