/* test_questions.c - questions.c with answers of the test's own: which are asked again and when, what becomes
 * of the attempts of both rounds, how many may wait, how the wait ends early. The source itself is included.
 */
#include "scanner/questions.h"
#include "scanner/worker.h"

static void answer_later(struct dns *d, struct dns_query *q);
static void note_no_memory(struct worker *w);
static bool is_listed(struct worker *w, const struct dns_query *q);
#define dns_ask                  answer_later
#define worker_no_memory         note_no_memory
#define worker_excludes_question is_listed
#include "scanner/questions.c"
#undef dns_ask
#undef worker_no_memory
#undef worker_excludes_question
#include "tests/unit/unit.h"

#include <string.h>

#define MOST_ASKED 64
#define WAIT_MS    600000
#define THINGS     60

/* What was asked, waiting for the test to answer. */
static struct dns_query *asked[MOST_ASKED];
static unsigned n_asked;
static const char *listed;

static void answer_later(struct dns *d, struct dns_query *q)
{
    (void)d;
    assert_true(n_asked < MOST_ASKED);
    asked[n_asked++] = q;
}

static void note_no_memory(struct worker *w)
{
    (void)w;
    fail_msg("no memory");
}

static bool is_listed(struct worker *w, const struct dns_query *q)
{
    (void)w;
    return listed != NULL && strcmp(listed, q->name) == 0;
}

/* A thing with two questions. */
struct thing {
    struct questions questions; /* first */
    struct arena arena;
    struct rec_dns *a, *b;
    unsigned n_done;
};
static struct thing things[THINGS];
static struct options options;
static struct scan scan;
static struct worker worker;

static void on_done(struct questions *qs)
{
    ((struct thing *)qs)->n_done++;
}

static struct thing *ask_two(unsigned at)
{
    struct thing *t = &things[at];

    arena_init(&t->arena, 0);
    questions_init(&t->questions, &worker, &t->arena, on_done);
    questions_ask(&t->questions, "", "a.example", DNS_MX, 0, &t->a);
    questions_ask(&t->questions, "", "b.example", DNS_TXT, 0, &t->b);
    return t;
}

/* The first question that is open, which is `name`, is answered so. */
static void answer(const char *name, enum outcome oc)
{
    struct dns_query *first = asked[0];
    struct rec_dns *rec = arena_alloc(first->arena, sizeof(*rec));

    assert_true(n_asked > 0);
    assert_string_equal(first->name, name);
    memmove(asked, asked + 1, --n_asked * sizeof(*asked));
    rec->oc = oc;
    rec->att.v = arena_alloc(first->arena, sizeof(*rec->att.v));
    rec->att.v[rec->att.n++] = (struct rec_attempt){.t_ms = worker.timers.now_ms, .oc = oc};
    first->done(first, rec);
}

/* The outcome, and that of each attempt; OC_NONE ends them. */
static void is_answer(const struct rec_dns *rec, enum outcome oc, const enum outcome attempts[])
{
    assert_non_null(rec);
    assert_int_equal(rec->oc, oc);
    for (uint32_t i = 0; i < rec->att.n; i++)
        assert_int_equal(rec->att.v[i].oc, attempts[i]);
    assert_int_equal(attempts[rec->att.n], OC_NONE);
}

static int begin(void **state)
{
    (void)state;
    memset(things, 0, sizeof(things));
    memset(&options, 0, sizeof(options));
    memset(&scan, 0, sizeof(scan));
    memset(&worker, 0, sizeof(worker));
    options.dns_retry_after_ms = WAIT_MS;
    scan.options = &options;
    worker.scan = &scan;
    worker.window = 20;
    n_asked = 0;
    listed = NULL;
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_int_equal(n_asked, 0);
    assert_int_equal(worker.timers.n, 0);
    assert_int_equal(worker.n_put_off, 0);
    assert_null(worker.put_off);
    timers_fini(&worker.timers);
    for (unsigned i = 0; i < THINGS; i++)
        arena_fini(&things[i].arena);
    return 0;
}

static void test_all_answered(void **state)
{
    struct thing *t = ask_two(0);

    (void)state;
    answer("a.example", OC_OK);
    assert_int_equal(t->n_done, 0);
    answer("b.example", OC_DNS_NXDOMAIN);
    assert_int_equal(t->n_done, 1);
    assert_false(questions_put_off(&t->questions));
    is_answer(t->a, OC_OK, (const enum outcome[]){OC_OK, OC_NONE});
}

/* Protects the fact: only what had no answer is asked again, once, after the wait; both attempts stand. */
static void test_second_round(void **state)
{
    struct thing *t = ask_two(0);

    (void)state;
    answer("a.example", OC_DNS_SERVFAIL);
    answer("b.example", OC_OK);
    assert_true(questions_put_off(&t->questions));
    timers_run(&worker.timers, WAIT_MS - 1);
    assert_int_equal(n_asked, 0);
    timers_run(&worker.timers, WAIT_MS);
    assert_int_equal(n_asked, 1);
    assert_int_equal(worker.n_put_off, 1); /* until it is over */
    answer("a.example", OC_DNS_TIMEOUT);
    assert_int_equal(t->n_done, 2);
    assert_int_equal(worker.n_put_off, 0);
    assert_false(questions_put_off(&t->questions)); /* no third */
    is_answer(t->a, OC_DNS_TIMEOUT, (const enum outcome[]){OC_DNS_SERVFAIL, OC_DNS_TIMEOUT, OC_NONE});
    is_answer(t->b, OC_OK, (const enum outcome[]){OC_OK, OC_NONE});
}

/* Protects the peer: what we failed to ask the second time does not hide what it answered the first time. */
static void test_our_fault_in_the_second(void **state)
{
    struct thing *t = ask_two(0);

    (void)state;
    answer("a.example", OC_DNS_REFUSED);
    answer("b.example", OC_DNS_RESOLVER_DOWN);
    assert_true(questions_put_off(&t->questions));
    timers_run(&worker.timers, WAIT_MS);
    answer("b.example", OC_OK);
    answer("a.example", OC_OUR_STOP);
    is_answer(t->a, OC_DNS_REFUSED, (const enum outcome[]){OC_DNS_REFUSED, OC_OUR_STOP, OC_NONE});
    is_answer(t->b, OC_OK, (const enum outcome[]){OC_DNS_RESOLVER_DOWN, OC_OK, OC_NONE});
}

static void test_switched_off(void **state)
{
    struct thing *t = ask_two(0);

    (void)state;
    options.dns_retry_after_ms = 0;
    answer("a.example", OC_DNS_SERVFAIL);
    answer("b.example", OC_OK);
    assert_false(questions_put_off(&t->questions));
    is_answer(t->a, OC_DNS_SERVFAIL, (const enum outcome[]){OC_DNS_SERVFAIL, OC_NONE});
}

/* Protects memory: half a window and a few may wait, the others say why they did not. */
static void test_room(void **state)
{
    unsigned n_waiting = 0, most = 10 + 16;

    (void)state;
    for (unsigned i = 0; i < THINGS; i++) {
        struct thing *t = ask_two(i);

        answer("a.example", OC_DNS_SERVFAIL);
        answer("b.example", OC_OK);
        n_waiting += questions_put_off(&t->questions);
        if (i >= most)
            is_answer(t->a, OC_DNS_SERVFAIL, (const enum outcome[]){OC_DNS_SERVFAIL, OC_OUR_ROOM, OC_NONE});
    }
    assert_int_equal(n_waiting, most);
    timers_run(&worker.timers, WAIT_MS);
    while (n_asked > 0)
        answer("a.example", OC_OK);
    for (unsigned i = 0; i < THINGS; i++)
        assert_int_equal(things[i].n_done, i < most ? 2 : 1);
}

static void test_ended(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        (void)ask_two(i);
        answer("a.example", OC_DNS_SERVFAIL);
        answer("b.example", OC_OK);
        assert_true(questions_put_off(&things[i].questions));
    }
    questions_end_all(&worker, OC_OUR_TAIL);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(things[i].n_done, 2);
        is_answer(things[i].a, OC_DNS_SERVFAIL,
                  (const enum outcome[]){OC_DNS_SERVFAIL, OC_OUR_TAIL, OC_NONE});
        is_answer(things[i].b, OC_OK, (const enum outcome[]){OC_OK, OC_NONE});
    }
}

static void test_stopped_before(void **state)
{
    struct thing *t = ask_two(0);

    (void)state;
    answer("a.example", OC_DNS_SERVFAIL);
    atomic_store(&scan.phase, PHASE_DRAIN);
    answer("b.example", OC_OK);
    assert_false(questions_put_off(&t->questions));
    is_answer(t->a, OC_DNS_SERVFAIL, (const enum outcome[]){OC_DNS_SERVFAIL, OC_OUR_STOP, OC_NONE});
}

static void test_excluded_meanwhile(void **state)
{
    struct thing *t = ask_two(0);

    (void)state;
    answer("a.example", OC_DNS_SERVFAIL);
    answer("b.example", OC_DNS_SERVFAIL);
    assert_true(questions_put_off(&t->questions));
    listed = "b.example";
    timers_run(&worker.timers, WAIT_MS);
    answer("a.example", OC_OK);
    is_answer(t->b, OC_DNS_SERVFAIL, (const enum outcome[]){OC_DNS_SERVFAIL, OC_BLOCKLISTED, OC_NONE});
    assert_int_equal(t->n_done, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_answered, begin, end),
        cmocka_unit_test_setup_teardown(test_second_round, begin, end),
        cmocka_unit_test_setup_teardown(test_our_fault_in_the_second, begin, end),
        cmocka_unit_test_setup_teardown(test_switched_off, begin, end),
        cmocka_unit_test_setup_teardown(test_room, begin, end),
        cmocka_unit_test_setup_teardown(test_ended, begin, end),
        cmocka_unit_test_setup_teardown(test_stopped_before, begin, end),
        cmocka_unit_test_setup_teardown(test_excluded_meanwhile, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
