/* endpoint.c - MX host x address: probed once a scan, by the worker that owns the address. Waits at the gate,
 * then at its timer for another attempt; its record is written when it is through. */
#include "scanner/attempts.h"
#include "scanner/worker.h"

#include <stdlib.h>
#include <string.h>

#define PROBE_MOST_BYTES (2u << 20) /* of memory for the evidence of one attempt */

struct endpoint {
    struct gate_job job; /* first */
    struct timer timer;  /* until the next attempt */
    struct worker *w;
    struct endpoint *next, **at; /* in the worker's list, from the first submission to the end */
    struct address ip;
    struct attempts attempts;
    struct running *running; /* NULL: waits */
    uint32_t n_rounds, n_stalls;
    bool signalled;
    char host[];
};
/* What an endpoint holds only while it is probed. */
struct running {
    struct arena arena;
    struct rec_endpoint evidence;
    struct probe *probe;
    uint64_t began_ms;
};
struct endpoint_message {
    struct message head;
    struct endpoint *endpoint;
};

void endpoint_want(struct worker *w, const char *host, const struct address *ip, bool signalled)
{
    size_t len = strlen(host);
    struct endpoint *e = calloc(1, sizeof(*e) + len + 1);
    struct endpoint_message *m = malloc(sizeof(*m));

    if (e == NULL || m == NULL) {
        free(e);
        free(m);
        worker_no_memory(w);
        return;
    }
    memcpy(e->host, host, len + 1);
    e->ip = *ip;
    e->signalled = signalled;
    *m = (struct endpoint_message){
        {.type = MESSAGE_ENDPOINT, .to = worker_owner(w->scan, ip->b, sizeof(ip->b))}, e};
    count(&w->counters.endpoints);
    worker_send(w, &m->head);
}

static struct timer *timer_of(struct endpoint *e)
{
    return &e->timer;
}

static struct endpoint *of_timer(struct timer *t)
{
    return (struct endpoint *)((char *)t - offsetof(struct endpoint, timer));
}

static void count_end(struct endpoint *e, enum outcome oc)
{
    struct counters *c = &e->w->counters;

    count(&c->endpoints_done);
    if (oc == OC_OK)
        count(&c->endpoints_tls);
    else if (outcome_class(oc) == OCC_skipped)
        count(&c->endpoints_skipped);
}

/* Write the record and forget the endpoint. `evidence`: of the last attempt, or an empty one. */
static void finish(struct endpoint *e, enum outcome oc, struct rec_endpoint *evidence)
{
    struct worker *w = e->w;
    char ip[ADDRESS_TEXT_BYTES];

    address_format(&e->ip, ip);
    evidence->host = sts_str(e->host);
    evidence->ip = sts_str(ip);
    evidence->port = w->scan->options->smtp_port;
    evidence->oc = oc;
    evidence->att.v = e->attempts.v;
    evidence->att.n = e->attempts.n;
    outbox_put(w->outbox, REC_endpoint, evidence, 0);
    count_end(e, oc);
    timers_stop(&w->timers, timer_of(e));
    *e->at = e->next;
    if (e->next != NULL)
        e->next->at = e->at;
    attempts_fini(&e->attempts);
    free(e);
    scan_finish(w->scan, 1);
}

/* It was not contacted, or not again: the last entry in its list says why there was no further attempt. */
static void finish_empty(struct endpoint *e, enum outcome oc)
{
    struct rec_endpoint empty = {0};

    if (e->attempts.n > 0 &&
        attempts_add(&e->attempts, (struct rec_attempt){.t_ms = e->w->timers.now_ms, .oc = oc}) != STS_OK)
        worker_no_memory(e->w);

    finish(e, oc, &empty);
}

static void on_go(struct gate_job *job, enum outcome oc);

static void submit(struct endpoint *e)
{
    e->job.host = e->host;
    if (!gate_submit(e->w->gate, &e->job, &e->ip, LANE_SMTP, on_go)) {
        worker_no_memory(e->w);
        finish_empty(e, OC_OUR_MEMORY);
    }
}

static void on_retry(struct timer *t)
{
    submit(of_timer(t));
}

static void running_free(struct endpoint *e)
{
    struct running *run = e->running;

    e->running = NULL;
    if (run != NULL)
        arena_fini(&run->arena);
    free(run);
}

/* Another attempt: at once after this program stood still, later where the outcome asks for it. */
static bool again(struct endpoint *e, enum outcome oc)
{
    const struct options *o = e->w->scan->options;
    uint64_t wait_ms = 0;

    if (oc != OC_OUR_STALL || e->n_stalls++ >= ATTEMPTS_MOST_STALLS) {
        if (!attempts_again(o, oc, ++e->n_rounds))
            return false;
        wait_ms = attempts_wait_ms(o, e->n_rounds);
    }
    return timers_start(&e->w->timers, timer_of(e), wait_ms, on_retry) == STS_OK;
}

static void on_probed(void *arg, struct result r)
{
    struct endpoint *e = arg;
    struct worker *w = e->w;
    struct running *run = e->running;
    struct rec_attempt attempt = {.t_ms = run->began_ms,
                                  .dur_ms = w->timers.now_ms - run->began_ms,
                                  .oc = r.oc,
                                  .src = r.src,
                                  .raw = r.raw};

    gate_release(w->gate, &e->job);
    if (attempts_add(&e->attempts, attempt) != STS_OK)
        worker_no_memory(w);
    if (scan_phase(w->scan) == PHASE_RUN && again(e, (enum outcome)r.oc)) {
        running_free(e);
        return;
    }
    e->running = NULL;
    finish(e, (enum outcome)r.oc, &run->evidence);
    arena_fini(&run->arena);
    free(run);
}

static void on_go(struct gate_job *job, enum outcome oc)
{
    struct endpoint *e = (struct endpoint *)job;
    struct running *run;

    if (oc != OC_OK) {
        finish_empty(e, oc);
        return;
    }
    run = e->running = calloc(1, sizeof(*run));
    if (run != NULL) {
        arena_init(&run->arena, PROBE_MOST_BYTES);
        run->began_ms = e->w->timers.now_ms;
        run->probe =
            probe_start(&e->w->probe_env, e->host, &e->ip, &run->arena, &run->evidence, on_probed, e);
    }
    if (run == NULL || run->probe == NULL) {
        worker_no_memory(e->w);
        gate_release(e->w->gate, &e->job);
        running_free(e);
        finish_empty(e, OC_OUR_MEMORY);
    }
}

void endpoint_receive(struct worker *w, struct message *m)
{
    struct endpoint *e = ((struct endpoint_message *)m)->endpoint;

    free(m);
    e->w = w;
    e->at = &w->endpoints;
    e->next = w->endpoints;
    if (e->next != NULL)
        e->next->at = &e->next;
    w->endpoints = e;
    if (scan_phase(w->scan) == PHASE_RUN)
        submit(e);
    else
        finish_empty(e, scan_end_outcome(w->scan));
}

void endpoint_exclude_all(struct worker *w)
{
    struct endpoint *e = w->endpoints, *next;

    for (; e != NULL; e = next) {
        next = e->next;
        if ((e->running == NULL && e->timer.slot == 0) ||
            (!blocklist_has_address(w->blocklist, &e->ip) && !blocklist_has_name(w->blocklist, e->host)))
            continue;
        count(&w->counters.excluded);
        if (e->running != NULL)
            probe_cancel(e->running->probe, OC_BLOCKLISTED); /* the rest follows from the loop */
        else
            finish_empty(e, OC_BLOCKLISTED);
    }
}

void endpoint_restart_all(struct worker *w)
{
    for (struct endpoint *e = w->endpoints; e != NULL; e = e->next) {
        if (e->running != NULL)
            probe_cancel(e->running->probe, OC_OUR_STALL);
    }
}

void endpoint_end_all(struct worker *w, enum outcome oc)
{
    struct endpoint *e = w->endpoints, *next;

    for (; e != NULL; e = next) {
        next = e->next;
        if (e->running != NULL && scan_phase(w->scan) >= PHASE_END)
            probe_cancel(e->running->probe, oc); /* the rest follows from the loop */
        else if (e->timer.slot != 0)
            finish_empty(e, oc);
    }
}
