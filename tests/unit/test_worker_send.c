/* test_worker_send.c - worker.c: messages between workers where a ring is full for a moment. The source
 * itself is included. */
#include "scanner/queue.h"

static bool push_when_open(struct ring *q, void *item);
#define ring_push push_when_open
#include "scanner/worker.c"
#undef ring_push
#include "tests/unit/unit.h"

#define N_WORKERS 2
#define MESSAGES  20

static struct scan scan;
static struct worker workers[N_WORKERS];
static struct ring rings[N_WORKERS][N_WORKERS];
static unsigned n_pushes;

/* The ring to worker 0 is full now and then: its receiver takes messages out while others are sent. */
static bool push_when_open(struct ring *q, void *item)
{
    if (q == &rings[0][0] && n_pushes++ % 3 != 2)
        return false;
    return ring_push(q, item);
}

/* Protects what two messages about one thing mean: each receiver gets them in the order in which they were
 * sent, however its ring fills and empties between, and does not wait for another's. */
static void test_order(void **state)
{
    struct message messages[MESSAGES] = {{NULL, MESSAGE_HOST, 0}};
    struct worker *w = &workers[0];
    bool full[N_WORKERS];

    (void)state;
    scan.workers = workers;
    scan.n_workers = N_WORKERS;
    for (unsigned i = 0; i < N_WORKERS; i++) {
        workers[i].scan = &scan;
        workers[i].id = i;
        workers[i].from = rings[i];
    }
    w->last_unsent = &w->unsent;
    w->is_full = full;
    for (unsigned i = 0; i < MESSAGES; i++) {
        messages[i].to = i % N_WORKERS;
        worker_send(w, &messages[i]);
    }
    send_unsent(w);
    for (unsigned i = 1; i < MESSAGES; i += 2)
        assert_ptr_equal(ring_pop(&rings[1][0]), &messages[i]);
    for (unsigned turn = 0; turn < 3 * MESSAGES; turn++)
        send_unsent(w);
    assert_null(w->unsent);
    for (unsigned i = 0; i < MESSAGES; i += 2)
        assert_ptr_equal(ring_pop(&rings[0][0]), &messages[i]);
    assert_null(ring_pop(&rings[0][0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
