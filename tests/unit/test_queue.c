/* test_queue.c - queue.c: nothing lost, nothing twice, in order, across threads (clean under
 * ThreadSanitizer). */
#include "scanner/queue.h"
#include "tests/unit/unit.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define RING_ITEMS   1000000
#define N_PRODUCERS  4
#define N_CONSUMERS  3
#define FIFO_ITEMS   15000 /* of each producer */
#define FIFO_LIMIT   16
#define LONG_WAIT_MS 600000 /* nobody waits so long: close wakes them */

/* Protects the bound: RING_SLOTS items and not one more, in order, across the wrap of the slots. */
static void test_ring_full_and_empty(void **state)
{
    static struct ring q;
    uintptr_t in = 1, out = 1;

    (void)state;
    assert_null(ring_pop(&q));
    for (int round = 0; round < 5; round++) {
        while (ring_push(&q, (void *)in))
            in++;
        assert_int_equal(in - out, RING_SLOTS);
        for (int i = 0; i < 700; i++)
            assert_int_equal((uintptr_t)ring_pop(&q), out++);
    }
    while (out < in)
        assert_int_equal((uintptr_t)ring_pop(&q), out++);
    assert_null(ring_pop(&q));
}

/* Protects a long scan: the counters of the ring wrap at 2^32. */
static void test_ring_counters_wrap(void **state)
{
    static struct ring q;
    uintptr_t in = 1, out = 1;

    (void)state;
    atomic_store(&q.head, UINT32_MAX - 5);
    atomic_store(&q.tail, UINT32_MAX - 5);
    while (ring_push(&q, (void *)in))
        in++;
    assert_int_equal(in - out, RING_SLOTS);
    while (out < in)
        assert_int_equal((uintptr_t)ring_pop(&q), out++);
    assert_null(ring_pop(&q));
}

static void *push_all(void *arg)
{
    static uint32_t items[RING_ITEMS]; /* written before it is sent, read by the other thread */

    for (uint32_t i = 0; i < RING_ITEMS; i++) {
        items[i] = i;
        while (!ring_push(arg, &items[i]))
            sched_yield();
    }
    return NULL;
}

/* Protects messages between workers: all arrive, in order, and what they point to is seen as it was written.
 */
static void test_ring_two_threads(void **state)
{
    static struct ring q;
    pthread_t sender;
    uint32_t n_wrong = 0;

    (void)state;
    assert_int_equal(pthread_create(&sender, NULL, push_all, &q), 0);
    for (uint32_t i = 0; i < RING_ITEMS; i++) {
        uint32_t *item;

        while ((item = ring_pop(&q)) == NULL)
            sched_yield();
        n_wrong += *item != i;
    }
    pthread_join(sender, NULL);
    assert_int_equal(n_wrong, 0);
    assert_null(ring_pop(&q));
}

struct item {
    struct fifo_item fifo; /* first */
    unsigned producer, number, n_seen;
};

/* Protects the limit, the order, and what closing means. */
static void test_fifo_alone(void **state)
{
    struct item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    struct fifo q;

    (void)state;
    assert_int_equal(fifo_init(&q, 3), STS_OK);
    assert_null(fifo_try_pop(&q));
    assert_null(fifo_pop(&q, 0));
    assert_null(fifo_pop(&q, 1));
    for (unsigned i = 0; i < 3; i++)
        assert_true(i % 2 ? fifo_push(&q, &items[i].fifo) : fifo_try_push(&q, &items[i].fifo));
    assert_false(fifo_try_push(&q, &items[3].fifo));
    assert_ptr_equal(fifo_try_pop(&q), &items[0]);
    assert_true(fifo_try_push(&q, &items[3].fifo));
    assert_int_equal(q.n, 3);
    fifo_close(&q);
    assert_false(fifo_try_push(&q, &items[0].fifo));
    assert_false(fifo_push(&q, &items[0].fifo));
    assert_false(fifo_is_done(&q));
    for (unsigned i = 1; i < 4; i++) /* what was in goes out */
        assert_ptr_equal(fifo_pop(&q, LONG_WAIT_MS), &items[i]);
    assert_true(fifo_is_done(&q));
    assert_null(fifo_pop(&q, LONG_WAIT_MS));
    assert_null(fifo_try_pop(&q));
    fifo_fini(&q);
}

struct traffic {
    struct fifo q;
    struct item items[N_PRODUCERS][FIFO_ITEMS];
    _Atomic unsigned next_producer, n_popped, n_wrong;
};

static void *produce(void *arg)
{
    struct traffic *t = arg;
    unsigned me = atomic_fetch_add(&t->next_producer, 1);

    for (unsigned i = 0; i < FIFO_ITEMS; i++) {
        struct item *item = &t->items[me][i];

        item->producer = me;
        item->number = i;
        if (i % 3 == 0 && fifo_try_push(&t->q, &item->fifo))
            continue;
        if (!fifo_push(&t->q, &item->fifo))
            atomic_fetch_add(&t->n_wrong, 1);
    }
    return NULL;
}

static void *consume(void *arg)
{
    struct traffic *t = arg;
    int last[N_PRODUCERS];
    struct item *item;

    memset(last, -1, sizeof(last));
    for (unsigned i = 0;
         (item = (struct item *)(i % 5 ? fifo_pop(&t->q, LONG_WAIT_MS) : fifo_try_pop(&t->q))) != NULL ||
         !fifo_is_done(&t->q);
         i++) {
        if (item == NULL)
            continue;
        if ((int)item->number <= last[item->producer]) /* what one producer sends stays in order */
            atomic_fetch_add(&t->n_wrong, 1);
        last[item->producer] = (int)item->number;
        item->n_seen++;
        atomic_fetch_add(&t->n_popped, 1);
    }
    return NULL;
}

/* Protects batches and frames: through a short queue every item comes out once, in the order of its sender.
 */
static void test_fifo_many_threads(void **state)
{
    pthread_t producers[N_PRODUCERS], consumers[N_CONSUMERS];
    struct traffic *t = calloc(1, sizeof(*t));

    (void)state;
    assert_non_null(t);
    assert_int_equal(fifo_init(&t->q, FIFO_LIMIT), STS_OK);
    for (int i = 0; i < N_CONSUMERS; i++)
        assert_int_equal(pthread_create(&consumers[i], NULL, consume, t), 0);
    for (int i = 0; i < N_PRODUCERS; i++)
        assert_int_equal(pthread_create(&producers[i], NULL, produce, t), 0);
    for (int i = 0; i < N_PRODUCERS; i++)
        pthread_join(producers[i], NULL);
    fifo_close(&t->q);
    for (int i = 0; i < N_CONSUMERS; i++)
        pthread_join(consumers[i], NULL);
    assert_int_equal(t->n_wrong, 0);
    assert_int_equal(t->n_popped, N_PRODUCERS * FIFO_ITEMS);
    for (unsigned p = 0; p < N_PRODUCERS; p++) {
        for (unsigned i = 0; i < FIFO_ITEMS; i++)
            assert_int_equal(t->items[p][i].n_seen, 1);
    }
    assert_int_equal(t->q.n, 0);
    fifo_fini(&t->q);
    free(t);
}

static void *pop_one(void *arg)
{
    return fifo_pop(arg, LONG_WAIT_MS);
}

static void *push_one(void *arg)
{
    static struct item item;

    return fifo_push(arg, &item.fifo) ? &item : NULL;
}

/* Protects the end: closing wakes whoever waits for an item, and whoever waits for room. */
static void test_close_wakes_all(void **state)
{
    pthread_t threads[4];
    struct item only;
    struct fifo empty, full;
    void *got;

    (void)state;
    assert_int_equal(fifo_init(&empty, 1), STS_OK);
    assert_int_equal(fifo_init(&full, 1), STS_OK);
    assert_true(fifo_try_push(&full, &only.fifo));
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, pop_one, &empty), 0);
    assert_int_equal(pthread_create(&threads[3], NULL, push_one, &full), 0);
    for (int i = 0; i < 100; i++)
        sched_yield(); /* most of them wait by now; the outcome is the same if not */
    fifo_close(&empty);
    fifo_close(&full);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &got), 0);
        assert_null(got);
    }
    assert_ptr_equal(fifo_try_pop(&full), &only);
    fifo_fini(&empty);
    fifo_fini(&full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_full_and_empty), cmocka_unit_test(test_ring_counters_wrap),
        cmocka_unit_test(test_ring_two_threads),    cmocka_unit_test(test_fifo_alone),
        cmocka_unit_test(test_fifo_many_threads),   cmocka_unit_test(test_close_wakes_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
