/* policy.c - the MTA-STS policy of a domain: addresses of the policy host, then one address after the other
 * until it has an outcome, each an attempt by the worker that owns it; policy_also.c asks those that are
 * left. A policy is an object that moves between workers; one at a time has it. */
#include "scanner/addresses.h"
#include "scanner/own_fault.h"
#include "scanner/policy_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_PREFIX "mta-sts." /* RFC 8461 section 3.3 */
#define POLICY_PATH   "/.well-known/mta-sts.txt"

static struct policy *of_job(struct gate_job *job)
{
    return (struct policy *)((char *)job - offsetof(struct policy, job));
}

static struct policy *of_timer(struct timer *t)
{
    return (struct policy *)((char *)t - offsetof(struct policy, timer));
}

static void enter(struct policy *p, struct worker *w)
{
    p->w = w;
    p->at = &w->fetching;
    p->next = w->fetching;
    if (p->next != NULL)
        p->next->at = &p->next;
    w->fetching = p;
}

static void leave(struct policy *p)
{
    *p->at = p->next;
    if (p->next != NULL)
        p->next->at = p->at;
    timers_stop(&p->w->timers, &p->timer);
}

static void policy_free(struct policy *p)
{
    attempts_fini(&p->attempts);
    arena_fini(&p->arena);
    free(p);
}

void policy_want(struct worker *w, struct sts_str name)
{
    struct policy *p = calloc(1, sizeof(*p));
    char host[sizeof(POLICY_PREFIX) + 256];

    if (p == NULL) {
        worker_no_memory(w);
        return;
    }
    arena_init(&p->arena, POLICY_MOST_BYTES);
    p->rec.name = arena_copy(&p->arena, name.p, name.len);
    snprintf(host, sizeof(host), POLICY_PREFIX "%.*s", (int)name.len, name.p);
    p->rec.host = arena_copy(&p->arena, host, strlen(host));
    if (p->rec.name.p == NULL || p->rec.host.p == NULL) {
        policy_free(p);
        worker_no_memory(w);
        return;
    }
    p->head.type = MESSAGE_POLICY;
    p->head.to = worker_owner(w->scan, name.p, name.len);
    worker_send(w, &p->head);
}

static void put_certs(struct policy *p)
{
    tls_put_certs(p->w->outbox, &p->cited);
    for (uint32_t i = 0; i < p->rec.others.n; i++)
        tls_put_certs(p->w->outbox, &p->also[i]);
}

void policy_finish(struct policy *p, enum outcome oc)
{
    struct worker *w = p->w;

    leave(p);
    p->rec.oc = oc;
    p->rec.att.v = p->attempts.v;
    p->rec.att.n = p->attempts.n;
    put_certs(p);
    outbox_put(w->outbox, REC_policy, &p->rec, 0);
    count(&w->counters.policies_done);
    if (oc == OC_OK)
        count(&w->counters.policies_ok);
    policy_free(p);
    scan_finish(w->scan, 1);
}

/* No further attempt: the last entry in the list says why. */
static void give_up(struct policy *p, enum outcome oc)
{
    if (p->attempts.n > 0 &&
        attempts_add(&p->attempts, (struct rec_attempt){.t_ms = p->w->timers.now_ms, .oc = oc}) != STS_OK)
        worker_no_memory(p->w);
    policy_finish(p, oc);
}

/* The record has the evidence of the attempt at hand. */
static void take_evidence(struct policy *p)
{
    const struct rec_policy *old = &p->rec;
    struct rec_policy rec = p->seen;

    rec.name = old->name;
    rec.attempt = old->attempt;
    rec.host = old->host;
    rec.a = old->a;
    rec.aaaa = old->aaaa;
    p->rec = rec;
    p->cited = p->certs;
}

void policy_move_on(struct policy *p)
{
    struct worker *w = p->w;
    const struct address *a = &p->addresses[p->next_address];

    leave(p);
    p->head.type = MESSAGE_POLICY_TRY;
    p->head.to = worker_owner_of_address(w->scan, a);
    worker_send(w, &p->head); /* counts it as new; what was counted before ends here */
    scan_finish(w->scan, 1);
}

static void on_retry(struct timer *t)
{
    struct policy *p = of_timer(t);

    p->next_address = 0;
    p->round_oc = OC_NONE;
    policy_move_on(p);
}

/* Would another address do better? Only where nothing of the policy host was reached. */
static bool is_of_address(enum outcome oc)
{
    return (oc >= OC_TCP_REFUSED && oc <= OC_TCP_OTHER) || outcome_class(oc) == OCC_skipped ||
           oc == OC_OUR_NETWORK;
}

/* How much an outcome says about the policy host: nothing where the address was skipped, little where there
 * is no route to it from here. */
static int weight(enum outcome oc)
{
    return oc == OC_NONE ? 0 : outcome_class(oc) == OCC_skipped ? 1 : oc == OC_OUR_NETWORK ? 2 : 3;
}

/* Of the addresses of a round the last one decides, but none that says less than one before it. */
static bool decides(const struct policy *p, enum outcome oc)
{
    return weight(oc) >= weight(p->round_oc);
}

struct rec_attempt policy_attempt(struct policy *p, struct result r)
{
    const struct address *a = &p->addresses[p->next_address];
    char text[ADDRESS_TEXT_BYTES];
    struct sts_str ip;

    if (outcome_class(r.oc) != OCC_skipped && address_is_v4(a))
        p->asked_v4 = true;
    else if (outcome_class(r.oc) != OCC_skipped)
        p->asked_v6 = true;
    address_format(a, text);
    ip = arena_copy(&p->arena, text, strlen(text));
    if (ip.p == NULL)
        worker_no_memory(p->w);
    return (struct rec_attempt){.t_ms = p->began_ms,
                                .dur_ms = p->w->timers.now_ms - p->began_ms,
                                .oc = r.oc,
                                .src = r.src,
                                .raw = r.raw,
                                .ip = ip};
}

/* To the next address, where that may do better; in another round; or the policy has come to this. */
static void after_address(struct policy *p, enum outcome oc)
{
    const struct options *o = p->w->scan->options;
    const bool run = scan_phase(p->w->scan) == PHASE_RUN;
    const bool is_next = is_of_address(oc) && p->next_address < p->n_addresses;

    if (run && is_next) {
        policy_move_on(p);
        return;
    }
    p->n_rounds++;
    if (!run && (is_next || attempts_again(o, p->round_oc, p->n_rounds)))
        give_up(p, scan_end_outcome(p->w->scan));
    else if (!attempts_again(o, p->round_oc, p->n_rounds))
        policy_also_begin(p, p->round_oc);
    else if (timers_start(&p->w->timers, &p->timer, attempts_wait_ms(o, p->n_rounds), on_retry) != STS_OK) {
        worker_no_memory(p->w);
        policy_finish(p, OC_OUR_MEMORY);
    }
}

/* `ours`: it does not count. */
static void after_attempt(struct policy *p, struct result r, bool ours)
{
    const enum outcome oc = (enum outcome)r.oc;

    worker_judge_memory(p->w, r);
    if (p->is_decided) {
        policy_also_attempted(p, r, ours);
        return;
    }
    if (attempts_add(&p->attempts, policy_attempt(p, r)) != STS_OK)
        worker_no_memory(p->w);
    if (scan_phase(p->w->scan) == PHASE_RUN && ours && p->n_stalls++ < ATTEMPTS_MOST_STALLS) {
        policy_move_on(p);
        return;
    }
    if (decides(p, oc)) {
        p->round_oc = oc;
        take_evidence(p);
    }
    p->next_address++;
    if (p->n_tried < p->next_address)
        p->n_tried = p->next_address;
    after_address(p, oc);
}

static void on_fetched(void *arg, struct result r)
{
    struct policy *p = arg;

    const bool ours = own_fault(p->w, &p->addresses[p->next_address], p->began_ms, &r);

    p->fetch = NULL;
    gate_release(p->w->gate, &p->job);
    after_attempt(p, r, ours);
}

/* The next address cannot be asked, for a reason that is no fault of it. */
static void cannot_ask(struct policy *p, enum outcome oc)
{
    if (p->is_decided)
        policy_also_leave(p, oc);
    else
        policy_finish(p, oc);
}

static void on_go(struct gate_job *job, enum outcome oc)
{
    struct policy *p = of_job(job);

    p->began_ms = p->w->timers.now_ms;
    p->seen = (struct rec_policy){0};
    p->certs = (struct tls_certs){0};
    if (oc != OC_OK) {
        after_attempt(p, (struct result){(uint16_t)oc, SRC_NONE, 0}, false);
        return;
    }
    p->fetch = http_get(p->w->http, p->rec.host.p, POLICY_PATH, &p->addresses[p->next_address], &p->arena,
                        &p->seen, &p->certs, on_fetched, p);
    if (p->fetch == NULL) {
        worker_no_memory(p->w);
        gate_release(p->w->gate, &p->job);
        cannot_ask(p, OC_OUR_MEMORY);
    }
}

/* ---- addresses of the policy host ---- */

static void on_addresses(struct questions *qs)
{
    struct policy *p = (struct policy *)((char *)qs - offsetof(struct policy, questions));
    const struct scan *scan = p->w->scan;
    struct addresses found;

    if (addresses_choose(&found, p->rec.a, p->rec.aaaa, scan->seed, scan->options->address_limit,
                         &p->arena) != STS_OK) {
        worker_no_memory(p->w);
        policy_finish(p, OC_OUR_MEMORY);
        return;
    }
    if (found.n == 0 && questions_put_off(qs)) /* with any address the fetch can begin */
        return;
    p->addresses = found.v;
    p->n_addresses = found.n;
    if (p->n_addresses == 0)
        policy_finish(p, addresses_outcome(p->rec.a, p->rec.aaaa));
    else if (scan_phase(scan) != PHASE_RUN)
        policy_finish(p, scan_end_outcome(scan));
    else
        policy_move_on(p);
}

static void look_up(struct policy *p)
{
    questions_init(&p->questions, p->w, &p->arena, on_addresses);
    questions_ask(&p->questions, "", p->rec.host.p, DNS_A, 0, &p->rec.a);
    questions_ask(&p->questions, "", p->rec.host.p, DNS_AAAA, 0, &p->rec.aaaa);
    if (p->questions.n_open == 0)
        policy_finish(p, OC_OUR_MEMORY);
}

static void receive_new(struct worker *w, struct policy *p)
{
    const struct key128 key = key128_of(p->rec.name.p, p->rec.name.len, w->scan->secret);
    int added = keyset_add(&w->policies, key);

    if (added < 0)
        worker_no_memory(w);
    if (added <= 0) { /* another position of the input has the same name */
        policy_free(p);
        scan_finish(w->scan, 1);
        return;
    }
    p->rec.attempt = before_attempt(w->scan->before, REC_policy, key);
    count(&w->counters.policies);
    enter(p, w);
    if (scan_phase(w->scan) != PHASE_RUN)
        policy_finish(p, scan_end_outcome(w->scan));
    else if (worker_excludes(w, p->rec.host.p))
        policy_finish(p, OC_BLOCKLISTED);
    else
        look_up(p);
}

void policy_receive(struct worker *w, struct message *m)
{
    struct policy *p = (struct policy *)m;

    if (m->type == MESSAGE_POLICY) {
        receive_new(w, p);
        return;
    }
    enter(p, w);
    p->job.host = p->rec.host.p;
    if (scan_phase(w->scan) != PHASE_RUN && p->is_decided) {
        policy_also_leave(p, scan_end_outcome(w->scan));
    } else if (scan_phase(w->scan) != PHASE_RUN) {
        give_up(p, scan_end_outcome(w->scan));
    } else if (!gate_submit(w->gate, &p->job, &p->addresses[p->next_address], LANE_HTTPS, on_go)) {
        worker_no_memory(w);
        cannot_ask(p, OC_OUR_MEMORY);
    }
}

/* The name is excluded, or every address of it. */
static bool is_excluded(const struct policy *p)
{
    const struct blocklist *blocked = p->w->blocklist;

    if (blocklist_has_name(blocked, p->rec.host.p))
        return true;
    for (uint32_t i = 0; i < p->n_addresses; i++) {
        if (!blocklist_has_address(blocked, &p->addresses[i]))
            return false;
    }
    return p->n_addresses > 0;
}

static bool excludes_current(const struct policy *p)
{
    return blocklist_has_name(p->w->blocklist, p->rec.host.p) ||
           blocklist_has_address(p->w->blocklist, &p->addresses[p->next_address]);
}

void policy_exclude_all(struct worker *w)
{
    struct policy *p = w->fetching, *next;

    for (; p != NULL; p = next) {
        next = p->next;
        if (p->fetch != NULL && excludes_current(p)) {
            count(&w->counters.excluded);
            http_cancel(p->fetch, OC_BLOCKLISTED); /* then another address may do */
        } else if (timer_is_running(&p->timer) && is_excluded(p)) {
            count(&w->counters.excluded);
            give_up(p, OC_BLOCKLISTED);
        }
    }
}

void policy_restart_all(struct worker *w)
{
    for (struct policy *p = w->fetching; p != NULL; p = p->next) {
        if (p->fetch != NULL)
            http_cancel(p->fetch, OC_OUR_STALL);
    }
}

void policy_end_all(struct worker *w, enum outcome oc)
{
    struct policy *p = w->fetching, *next;

    for (; p != NULL; p = next) {
        next = p->next;
        if (p->fetch != NULL && scan_phase(w->scan) >= PHASE_END)
            http_cancel(p->fetch, oc); /* the rest follows from the loop */
        else if (timer_is_running(&p->timer))
            give_up(p, oc);
    }
}
