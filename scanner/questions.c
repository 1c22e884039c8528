#include "scanner/questions.h"

#include "scanner/worker.h"

#define LEAST_WAITING 16 /* things that may wait for their second round, however small the window is */

struct question {
    struct dns_query query; /* first */
    struct questions *of;
    struct question *next; /* asked before it */
    struct rec_dns **to;
};

void questions_init(struct questions *qs, struct worker *w, struct arena *arena, questions_done_fn done)
{
    qs->w = w;
    qs->arena = arena;
    qs->done = done;
}

/* The attempts of `to` are now those of `first`, then `n` more. */
static void join_attempts(const struct questions *qs, struct rec_dns *to, const struct rec_dns *first,
                          const struct rec_attempt *more, uint32_t n)
{
    struct rec_attempt *list = arena_alloc(qs->arena, (first->att.n + n) * sizeof(*list));

    if (list == NULL) {
        worker_no_memory(qs->w);
        return;
    }
    for (uint32_t i = 0; i < first->att.n + n; i++)
        list[i] = i < first->att.n ? first->att.v[i] : more[i - first->att.n];
    to->att.n = first->att.n + n;
    to->att.v = list;
}

/* An answer of the second round takes the place of the first, unless the fault was ours. */
static struct rec_dns *join(const struct questions *qs, struct rec_dns *first, struct rec_dns *second)
{
    struct rec_dns *kept = outcome_class((unsigned)second->oc) == OCC_ours ? first : second;

    join_attempts(qs, kept, first, second->att.v, second->att.n);
    return kept;
}

/* Nothing is open. */
static void end_round(struct questions *qs)
{
    if (qs->is_put_off)
        qs->w->n_put_off--;
    qs->is_put_off = false;
    qs->done(qs);
}

static void on_answer(struct dns_query *query, struct rec_dns *answer)
{
    struct question *q = (struct question *)query;
    struct questions *qs = q->of;

    if (answer == NULL || answer->oc == OC_OUR_MEMORY || answer->cd_oc == OC_OUR_MEMORY)
        worker_no_memory(qs->w);
    if (answer != NULL)
        *q->to = *q->to != NULL ? join(qs, *q->to, answer) : answer;
    if (--qs->n_open == 0)
        end_round(qs);
}

static void put(struct question *q)
{
    q->of->n_open++;
    dns_ask(q->of->w->dns, &q->query);
}

void questions_ask(struct questions *qs, const char *prefix, const char *name, enum dns_type type,
                   unsigned flags, struct rec_dns **to)
{
    struct question *q = arena_alloc(qs->arena, sizeof(*q));

    if (q == NULL) {
        worker_no_memory(qs->w);
        return;
    }
    *q = (struct question){.query = {.prefix = prefix,
                                     .name = name,
                                     .arena = qs->arena,
                                     .done = on_answer,
                                     .type = (uint8_t)type,
                                     .flags = (uint8_t)flags},
                           .of = qs,
                           .next = qs->asked,
                           .to = to};
    qs->asked = q;
    put(q);
}

static bool wants_another(const struct question *q)
{
    enum outcome oc;

    if (*q->to == NULL)
        return false;
    oc = (enum outcome)(*q->to)->oc;
    return outcome_class(oc) == OCC_temporary || oc == OC_DNS_RESOLVER_DOWN || oc == OC_OUR_DESCRIPTORS ||
           oc == OC_OUR_NETWORK;
}

/* There is no second try of `q`: an entry without a duration says why. */
static void note(struct question *q, enum outcome oc)
{
    const struct rec_attempt why = {.t_ms = q->of->w->timers.now_ms, .oc = oc};

    join_attempts(q->of, *q->to, *q->to, &why, 1);
}

static void note_all(struct questions *qs, enum outcome oc)
{
    for (struct question *q = qs->asked; q != NULL; q = q->next) {
        if (wants_another(q))
            note(q, oc);
    }
}

static void stop_waiting(struct questions *qs)
{
    timers_stop(&qs->w->timers, &qs->timer);
    *qs->at = qs->next;
    if (qs->next != NULL)
        qs->next->at = qs->at;
}

static void on_second_round(struct timer *t)
{
    struct questions *qs = (struct questions *)t;

    stop_waiting(qs);
    for (struct question *q = qs->asked; q != NULL; q = q->next) {
        if (!wants_another(q))
            continue;
        if (worker_excludes_question(qs->w, &q->query)) {
            note(q, OC_BLOCKLISTED);
        } else {
            q->query.flags |= DNS_AGAIN;
            put(q);
        }
    }
    if (qs->n_open == 0)
        end_round(qs);
}

static bool is_wanted(const struct questions *qs)
{
    for (const struct question *q = qs->asked; q != NULL; q = q->next) {
        if (wants_another(q))
            return true;
    }
    return false;
}

bool questions_put_off(struct questions *qs)
{
    struct worker *w = qs->w;
    uint64_t wait_ms = w->scan->options->dns_retry_after_ms;

    if (wait_ms == 0 || qs->was_put_off || !is_wanted(qs))
        return false;
    qs->was_put_off = true;
    if (scan_phase(w->scan) != PHASE_RUN) {
        note_all(qs, scan_end_outcome(w->scan));
        return false;
    }
    if (w->n_put_off >= w->window / 2 + LEAST_WAITING) {
        note_all(qs, OC_OUR_ROOM);
        return false;
    }
    if (timers_start(&w->timers, &qs->timer, wait_ms, on_second_round) != STS_OK) {
        worker_no_memory(w);
        return false;
    }
    w->n_put_off++;
    qs->is_put_off = true;
    qs->at = &w->put_off;
    qs->next = w->put_off;
    if (qs->next != NULL)
        qs->next->at = &qs->next;
    w->put_off = qs;
    return true;
}

void questions_end_all(struct worker *w, enum outcome oc)
{
    struct questions *qs;

    while ((qs = w->put_off) != NULL) {
        stop_waiting(qs);
        note_all(qs, oc);
        end_round(qs);
    }
}
