/* endpoint.c - MX host x address, as endpoint_admit.c has let it in: probed once a scan, by the worker that
 * owns the address. Waits at the gate, then at its timer for another attempt; its record is written when it
 * is through, and when it is known whether the port is open at all (port_watch.h). */
#include "scanner/endpoint_private.h"

#include "scanner/attempts.h"

#include <stdlib.h>

#define PROBE_MOST_BYTES (2u << 20) /* of memory for the evidence of one attempt */

struct endpoint {
    struct gate_job job; /* first */
    struct timer timer;  /* until the next attempt */
    struct worker *w;
    struct endpoint *next, **at; /* in the worker's list, to the end */
    struct site *site;
    struct site_host *host; /* of the site */
    struct attempts attempts;
    struct running *running; /* NULL: waits */
    uint32_t n_rounds, n_stalls;
    uint32_t n_seen; /* attempts at the address when it last looked; 0: never */
    bool by_ip;      /* its last look was that of the others */
    bool held;       /* through with held_oc but for the verdict on the port */
    enum outcome held_oc;
};
/* What an endpoint holds only while it is probed. */
struct running {
    struct arena arena;
    struct rec_endpoint evidence;
    struct probe *probe;
    uint64_t began_ms;
};
static struct timer *timer_of(struct endpoint *e)
{
    return &e->timer;
}

static struct endpoint *of_timer(struct timer *t)
{
    return (struct endpoint *)((char *)t - offsetof(struct endpoint, timer));
}

static const struct address *address_of(const struct endpoint *e)
{
    return &e->site->node.address;
}

/* ---- the end of an endpoint ---- */

static void count_end(struct worker *w, enum outcome oc)
{
    struct counters *c = &w->counters;

    count(&c->endpoints_done);
    if (oc == OC_OK)
        count(&c->endpoints_tls);
    else if (outcome_class(oc) == OCC_skipped)
        count(&c->endpoints_skipped);
}

void endpoint_record(struct worker *w, const char *host, const struct address *a, enum outcome oc,
                     struct rec_endpoint *evidence)
{
    char ip[ADDRESS_TEXT_BYTES];

    address_format(a, ip);
    evidence->host = sts_str(host);
    evidence->ip = sts_str(ip);
    evidence->port = w->scan->options->smtp_port;
    evidence->oc = oc;
    evidence->attempt =
        before_attempt(w->scan->before, REC_endpoint, worker_endpoint_key(w->scan, evidence->host, a));
    outbox_put(w->outbox, REC_endpoint, evidence, 0);
    count_end(w, oc);
}

/* Nothing more is to come of it. The site keeps its host. */
static void endpoint_free(struct endpoint *e)
{
    struct worker *w = e->w;

    timers_stop(&w->timers, timer_of(e));
    site_begin(e->site, e->host);
    e->host->owner = NULL;
    *e->at = e->next;
    if (e->next != NULL)
        e->next->at = e->at;
    attempts_fini(&e->attempts);
    free(e);
    scan_finish(w->scan, 1);
}

/* Write the record and forget the endpoint. `evidence`: of the last attempt, or an empty one. */
static void finish(struct endpoint *e, enum outcome oc, struct rec_endpoint *evidence)
{
    if (e->held)
        atomic_fetch_sub(&e->w->scan->port.n_held, 1);
    evidence->att.v = e->attempts.v;
    evidence->att.n = e->attempts.n;
    endpoint_record(e->w, e->host->name, address_of(e), oc, evidence);
    endpoint_free(e);
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

static bool is_no_connection(enum outcome oc)
{
    return oc >= OC_TCP_REFUSED && oc <= OC_TCP_OTHER;
}

/* Its last look came to `oc`. Where that was no connection it may be our own fault: then it waits for the
 * verdict on the port. */
static void conclude(struct endpoint *e, enum outcome oc, struct rec_endpoint *evidence)
{
    struct scan *scan = e->w->scan;
    enum port_verdict verdict = port_verdict(&scan->port);

    evidence->by_ip = e->by_ip;
    if (is_no_connection(oc) && verdict == PORT_BLOCKED) {
        finish_empty(e, OC_OUR_PORT_BLOCKED);
    } else if (is_no_connection(oc) && verdict == PORT_UNDECIDED && scan_phase(scan) == PHASE_RUN) {
        e->held = true;
        e->held_oc = oc;
        atomic_fetch_add(&scan->port.n_held, 1);
    } else {
        finish(e, oc, evidence);
    }
}

/* With what it was held with: there was no connection, so there is no evidence. */
static void let_go(struct endpoint *e)
{
    struct rec_endpoint empty = {.by_ip = e->by_ip};

    finish(e, e->held_oc, &empty);
}

/* ---- looks ---- */

static void on_go(struct gate_job *job, enum outcome oc);
static void submit(struct endpoint *e);

static void on_retry(struct timer *t)
{
    submit(of_timer(t));
}

/* Another attempt: at once after this program stood still, later where the outcome asks for it. */
static bool again(struct endpoint *e, enum outcome oc)
{
    const struct scan *scan = e->w->scan;
    const struct options *o = scan->options;
    uint64_t wait_ms = 0;

    if (scan_phase(scan) != PHASE_RUN || port_verdict(&scan->port) == PORT_BLOCKED)
        return false;
    if (oc != OC_OUR_STALL || e->n_stalls++ >= ATTEMPTS_MOST_STALLS) {
        if (!attempts_again(o, oc, ++e->n_rounds))
            return false;
        wait_ms = attempts_wait_ms(o, e->n_rounds);
    }
    return timers_start(&e->w->timers, timer_of(e), wait_ms, on_retry) == STS_OK;
}

/* The outcome of others at the address is its look of this round (site.h): it counts as one, and a temporary
 * outcome has its next round. It is no attempt, and its list has none for it. */
static void take_shared(struct endpoint *e, enum outcome oc)
{
    struct rec_endpoint empty = {0};

    site_begin(e->site, e->host);
    e->n_seen = e->site->n_noted;
    e->by_ip = true;
    if (!again(e, oc))
        conclude(e, oc, &empty);
}

static void submit(struct endpoint *e)
{
    struct worker *w = e->w;
    enum outcome shared = site_shared(e->site, e->n_seen, w->timers.now_ms);

    e->job.host = e->host->name;
    e->job.order = e->host->order;
    if (shared != OC_NONE && port_verdict(&w->scan->port) != PORT_BLOCKED) {
        take_shared(e, shared);
    } else if (!gate_submit(w->gate, &e->job, address_of(e), LANE_SMTP, on_go)) {
        worker_no_memory(w);
        finish_empty(e, OC_OUR_MEMORY);
    }
}

static void running_free(struct endpoint *e)
{
    struct running *run = e->running;

    e->running = NULL;
    if (run != NULL)
        arena_fini(&run->arena);
    free(run);
}

/* What the attempt says about the port (that there was a connection the probe has told), and for the address.
 * True: those that wait there take its outcome. */
static bool note(struct endpoint *e, enum outcome oc)
{
    const struct options *o = e->w->scan->options;
    struct site *site = e->site;
    bool is_first = site->n_noted == 0, is_shared = site_note(site, oc, e->w->timers.now_ms);
    uint64_t most_ms = o->retry_after.n > 0 ? o->retry_after.ms[0] : 0;

    if (is_no_connection(oc) && is_first)
        port_failed(&e->w->scan->port);
    e->n_seen = site->n_noted;
    gate_rest(e->w->gate, &e->job, site_rest_ms(site, most_ms));
    return is_shared;
}

static void on_probed(void *arg, struct result r)
{
    struct endpoint *e = arg;
    struct worker *w = e->w;
    struct running *run = e->running;
    struct address address = *address_of(e);
    struct rec_attempt attempt = {.t_ms = run->began_ms,
                                  .dur_ms = w->timers.now_ms - run->began_ms,
                                  .oc = r.oc,
                                  .src = r.src,
                                  .raw = r.raw};
    bool is_shared = note(e, (enum outcome)r.oc);

    gate_release(w->gate, &e->job);
    if (attempts_add(&e->attempts, attempt) != STS_OK)
        worker_no_memory(w);
    e->running = NULL;
    if (!again(e, (enum outcome)r.oc))
        conclude(e, (enum outcome)r.oc, &run->evidence);
    arena_fini(&run->arena);
    free(run);
    if (is_shared)
        gate_flush_address(w->gate, &address, LANE_SMTP, (enum outcome)r.oc);
}

static void on_go(struct gate_job *job, enum outcome oc)
{
    struct endpoint *e = (struct endpoint *)job;
    struct running *run;

    if (outcome_class(oc) == OCC_skipped || outcome_class(oc) == OCC_ours) {
        finish_empty(e, oc);
        return;
    }
    if (oc != OC_OK) {
        take_shared(e, oc);
        return;
    }
    site_begin(e->site, e->host);
    e->host->probed = true;
    e->by_ip = false;
    run = e->running = calloc(1, sizeof(*run));
    if (run != NULL) {
        arena_init(&run->arena, PROBE_MOST_BYTES);
        run->began_ms = e->w->timers.now_ms;
        run->probe = probe_start(&e->w->probe_env, e->host->name, address_of(e), &run->arena, &run->evidence,
                                 on_probed, e);
    }
    if (run == NULL || run->probe == NULL) {
        worker_no_memory(e->w);
        gate_release(e->w->gate, &e->job);
        running_free(e);
        finish_empty(e, OC_OUR_MEMORY);
    }
}

/* ---- the beginning ---- */

void endpoint_begin(struct worker *w, struct site *site, struct site_host *host)
{
    struct endpoint *e = calloc(1, sizeof(*e));

    if (e == NULL) {
        worker_no_memory(w);
        site_begin(site, host);
        scan_finish(w->scan, 1);
        return;
    }
    e->w = w;
    e->site = site;
    e->host = host;
    host->owner = e;
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

void endpoint_displace(struct site_host *host)
{
    struct endpoint *e = host->owner;

    gate_withdraw(e->w->gate, &e->job);
    host->waiting = false; /* it is out of the site */
    endpoint_free(e);
    free(host);
}

/* ---- all of them ---- */

void endpoint_exclude_all(struct worker *w)
{
    struct endpoint *e = w->endpoints, *next;

    for (; e != NULL; e = next) {
        next = e->next;
        if ((e->running == NULL && !timer_is_running(&e->timer)) ||
            (!blocklist_has_address(w->blocklist, address_of(e)) &&
             !blocklist_has_name(w->blocklist, e->host->name)))
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

/* Those that the gate does not have: in flight where `running` says so, waiting for a retry, held. */
static void end_all(struct worker *w, enum outcome oc, bool running)
{
    struct endpoint *e = w->endpoints, *next;

    for (; e != NULL; e = next) {
        next = e->next;
        if (e->running != NULL && running)
            probe_cancel(e->running->probe, oc); /* the rest follows from the loop */
        else if (e->held && oc != OC_OUR_PORT_BLOCKED)
            let_go(e);
        else if (e->held || timer_is_running(&e->timer))
            finish_empty(e, oc);
    }
}

void endpoint_end_all(struct worker *w, enum outcome oc)
{
    end_all(w, oc, scan_phase(w->scan) >= PHASE_END);
}

void endpoint_turn(struct worker *w)
{
    enum port_verdict verdict = port_verdict(&w->scan->port);
    struct endpoint *e, *next;

    if (verdict == w->port_verdict)
        return;
    w->port_verdict = verdict;
    if (verdict == PORT_BLOCKED) {
        gate_close(w->gate, LANE_SMTP, OC_OUR_PORT_BLOCKED);
        end_all(w, OC_OUR_PORT_BLOCKED, true);
        return;
    }
    for (e = w->endpoints; e != NULL; e = next) {
        next = e->next;
        if (e->held)
            let_go(e);
    }
}
