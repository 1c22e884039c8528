/* endpoint.c - MX host x address: probed once a scan, by the worker that owns the address, at its turn
 * (endpoint_wait.c). Then it may have to wait for another attempt (endpoint_retry.c), which has its turn
 * again; its record is written when it is through, and when it is known whether the port is open at all
 * (port_watch.h). */
#include "scanner/endpoint_private.h"

#include "scanner/attempts.h"
#include "scanner/own_fault.h"

#include <stdlib.h>

#define PROBE_MOST_BYTES (2u << 20) /* of memory for the evidence of one attempt */

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

/* The site keeps its host. */
static void endpoint_free(struct endpoint *e)
{
    *e->at = e->next;
    if (e->next != NULL)
        e->next->at = e->at;
    attempts_fini(&e->attempts);
    free(e);
}

/* Write the record and forget the endpoint. `evidence`: of the last attempt, or an empty one. */
static void finish(struct endpoint *e, enum outcome oc, struct rec_endpoint *evidence)
{
    struct scan *scan = e->w->scan;

    if (e->held)
        atomic_fetch_sub(&scan->port.n_held, 1);
    evidence->att.v = e->attempts.v;
    evidence->att.n = e->attempts.n;
    endpoint_record(e->w, e->host->name, address_of(e), oc, evidence);
    endpoint_free(e);
    scan_finish(scan, 1);
}

void endpoint_finish_empty(struct endpoint *e, enum outcome oc)
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

/* It would have another look, but the scan ends. */
static bool is_cut_short(const struct endpoint *e, enum outcome oc)
{
    return scan_phase(e->w->scan) != PHASE_RUN && attempts_again(e->w->scan->options, oc, e->n_rounds + 1);
}

/* Its last look came to `oc`. Where that was no connection it may be our own fault: then it waits for the
 * verdict on the port. */
static void conclude(struct endpoint *e, enum outcome oc, struct rec_endpoint *evidence)
{
    struct scan *scan = e->w->scan;
    enum port_verdict verdict = port_verdict(&scan->port);

    evidence->by_ip = e->by_ip;
    if (is_cut_short(e, oc)) {
        endpoint_finish_empty(e, scan_end_outcome(scan));
    } else if (is_no_connection(oc) && verdict == PORT_BLOCKED) {
        endpoint_finish_empty(e, OC_OUR_PORT_BLOCKED);
    } else if (is_no_connection(oc) && verdict == PORT_UNDECIDED && scan_phase(scan) == PHASE_RUN) {
        e->held = true;
        e->held_oc = (uint16_t)oc;
        atomic_fetch_add(&scan->port.n_held, 1);
    } else {
        finish(e, oc, evidence);
    }
}

void endpoint_let_go(struct endpoint *e)
{
    struct rec_endpoint empty = {.by_ip = e->by_ip};

    finish(e, (enum outcome)e->held_oc, &empty);
}

/* ---- looks ---- */

/* Another attempt: at once where this one does not count, `ours` being the fault; later where the outcome
 * asks for it. True: then `e` is gone. */
static bool again(struct endpoint *e, enum outcome oc, bool ours)
{
    const struct scan *scan = e->w->scan;
    const struct options *o = scan->options;
    uint64_t wait_ms = 0;

    if (scan_phase(scan) != PHASE_RUN || port_verdict(&scan->port) == PORT_BLOCKED)
        return false;
    if (!ours || e->n_stalls++ >= ATTEMPTS_MOST_STALLS) {
        if (!attempts_again(o, oc, ++e->n_rounds))
            return false;
        wait_ms = attempts_wait_ms(o, e->n_rounds);
    }
    if (endpoint_retry_put(e, wait_ms) != STS_OK) {
        worker_no_memory(e->w);
        return false;
    }
    endpoint_free(e);
    return true;
}

/* The outcome of others at the address is its look of this round (site.h): it counts as one, and a temporary
 * outcome has its next round. It is no attempt, and its list has none for it. */
static void take_shared(struct endpoint *e, enum outcome oc)
{
    struct rec_endpoint empty = {0};

    e->n_seen = e->site->n_noted;
    e->by_ip = true;
    if (!again(e, oc, false))
        conclude(e, oc, &empty);
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
    uint64_t most_ms = o->retry_after.n > 0 ? o->retry_after.ms[0] : 0, rest_ms;

    if (is_no_connection(oc) && is_first && !e->was_left) /* what is left are those that take none */
        port_failed(&e->w->scan->port);
    e->n_seen = site->n_noted;
    rest_ms = site_rest_ms(site, most_ms);
    if (rest_ms > 0) {
        gate_rest(e->w->gate, &e->job, rest_ms);
        site_set_rest(site, e->w->timers.now_ms + rest_ms);
    }
    return is_shared;
}

static void on_probed(void *arg, struct result r)
{
    struct endpoint *e = arg;
    struct worker *w = e->w;
    struct running *run = e->running;
    struct site *site = e->site;
    struct address address = *address_of(e);
    const bool ours = own_fault(w, &address, run->began_ms, &r);
    struct rec_attempt attempt = {.t_ms = run->began_ms,
                                  .dur_ms = w->timers.now_ms - run->began_ms,
                                  .oc = r.oc,
                                  .src = r.src,
                                  .raw = r.raw};
    bool is_shared = note(e, (enum outcome)r.oc);

    gate_release(w->gate, &e->job);
    worker_judge_memory(w, r);
    if (attempts_add(&e->attempts, attempt) != STS_OK)
        worker_no_memory(w);
    e->running = NULL;
    if (!again(e, (enum outcome)r.oc, ours))
        conclude(e, (enum outcome)r.oc, &run->evidence);
    arena_fini(&run->arena);
    free(run);
    if (is_shared) {
        gate_flush_address(w->gate, &address, LANE_SMTP, (enum outcome)r.oc);
        endpoint_wait_end(w, site, (enum outcome)r.oc);
    }
}

/* The gate has let it through. */
static void start(struct endpoint *e)
{
    struct running *run = e->running = calloc(1, sizeof(*run));

    e->host->probed = true;
    e->by_ip = false;
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
        endpoint_finish_empty(e, OC_OUR_MEMORY);
    }
}

/* ---- the beginning ---- */

static void end_unprobed(struct worker *w, const struct site *site, const struct site_host *host,
                         enum outcome oc)
{
    struct rec_endpoint empty = {0};

    endpoint_record(w, host->name, &site->node.address, oc, &empty);
    scan_finish(w->scan, 1);
}

/* NULL: no memory; the host has had its end. */
static struct endpoint *endpoint_new(struct worker *w, struct site *site, struct site_host *host)
{
    struct endpoint *e = calloc(1, sizeof(*e));

    site_begin(site, host);
    if (e == NULL) {
        worker_no_memory(w);
        end_unprobed(w, site, host, OC_OUR_MEMORY);
        return NULL;
    }
    e->w = w;
    e->site = site;
    e->host = host;
    e->was_left = host->left;
    e->at = &w->endpoints;
    e->next = w->endpoints;
    if (e->next != NULL)
        e->next->at = &e->next;
    w->endpoints = e;
    endpoint_retry_take(e);
    return e;
}

void endpoint_probe(struct worker *w, struct site *site, struct site_host *host, struct gate_job *open)
{
    struct endpoint *e = endpoint_new(w, site, host);

    if (e == NULL) {
        gate_release(w->gate, open);
        return;
    }
    gate_pass(open, &e->job);
    start(e);
}

static bool is_not_contacted(enum outcome oc)
{
    return outcome_class(oc) == OCC_skipped || outcome_class(oc) == OCC_ours;
}

void endpoint_take(struct worker *w, struct site *site, struct site_host *host, enum outcome oc)
{
    const bool is_new = host->n_extra == 0; /* it has no list of attempts */
    struct endpoint *e;

    if (is_new && is_not_contacted(oc)) {
        site_begin(site, host);
        end_unprobed(w, site, host, oc);
        return;
    }
    e = endpoint_new(w, site, host);
    if (e != NULL && is_not_contacted(oc))
        endpoint_finish_empty(e, oc);
    else if (e != NULL)
        take_shared(e, oc);
}
