#include "scanner/worker.h"

#include "scanner/own_fault.h"
#include "scanner/questions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP_NS          500000000  /* a turn that comes later than this stood still */
#define SUSPEND_NS      5000000000 /* so long that what was in flight begins again */
#define TURN_MOST_NAMES 256        /* taken up in one turn */
#define HOSTS_LEAST \
    2000 /* in work: of a window's quarter; beyond it messages wait, and names with their senders */
#define QUESTION_TEXT_BYTES 512 /* a prefix, and a name without escapes */
#define MOST_WAITING \
    4096 /* DNS questions with which no name is taken up: those about hosts stand behind them */

static uint64_t most_hosts(const struct worker *w)
{
    return w->window / 4 > HOSTS_LEAST ? w->window / 4 : HOSTS_LEAST;
}

/* ---- messages ---- */

uint32_t worker_owner(const struct scan *scan, const void *key, size_t len)
{
    return (uint32_t)(key128_of(key, len, scan->secret).hi % scan->n_workers);
}

uint32_t worker_owner_of_address(const struct scan *scan, const struct address *a)
{
    const struct address network = address_network(a);

    return worker_owner(scan, network.b, sizeof(network.b));
}

struct key128 worker_endpoint_key(const struct scan *scan, struct sts_str host, const struct address *ip)
{
    return key128_of(ip->b, sizeof(ip->b), key128_of(host.p, host.len, scan->secret).lo);
}

static struct worker *worker_of(struct worker *w, uint32_t id)
{
    return &w->scan->workers[id];
}

void worker_wake(struct worker *w)
{
    if (w->has_loop)
        uv_async_send(&w->wake);
}

void worker_send(struct worker *w, struct message *m)
{
    struct worker *to = worker_of(w, m->to);

    scan_begin(w->scan, 1);
    m->next = NULL;
    if (w->unsent == NULL && ring_push(&to->from[w->id], m)) {
        worker_wake(to);
        return;
    }
    *w->last_unsent = m;
    w->last_unsent = &m->next;
}

/* What did not fit: in order for each receiver. A message is not touched once it is sent. */
static void send_unsent(struct worker *w)
{
    struct message *m = w->unsent;

    w->unsent = NULL;
    w->last_unsent = &w->unsent;
    memset(w->is_full, 0, w->scan->n_workers * sizeof(*w->is_full));
    while (m != NULL) {
        struct message *next = m->next;
        struct worker *to = worker_of(w, m->to);

        if (!w->is_full[to->id] && ring_push(&to->from[w->id], m)) {
            worker_wake(to);
        } else {
            w->is_full[to->id] = true; /* it may have room by now: none overtakes */
            m->next = NULL;
            *w->last_unsent = m;
            w->last_unsent = &m->next;
        }
        m = next;
    }
}

static void receive_one(struct worker *w, struct message *m)
{
    switch (m->type) {
    case MESSAGE_HOST: host_receive(w, m); break;
    case MESSAGE_ENDPOINT: endpoint_receive(w, m); break;
    case MESSAGE_POLICY:
    case MESSAGE_POLICY_TRY: policy_receive(w, m); break;
    }
}

static void receive(struct worker *w)
{
    for (uint32_t i = 0; i < w->scan->n_workers; i++) {
        struct message *m;

        while (w->n_hosts < most_hosts(w) && (m = ring_pop(&w->from[i])) != NULL)
            receive_one(w, m);
    }
}

void worker_no_memory(struct worker *w)
{
    struct sts_err err = {0};

    (void)sts_fail(&err, STS_ENOMEM, "out of memory");
    scan_fail(w->scan, &err);
}

void worker_judge_memory(struct worker *w, struct result r)
{
    if (r.oc == OC_OUR_MEMORY && r.src != SRC_ERRNO)
        worker_no_memory(w);
}

/* ---- exclusions ---- */

bool worker_excludes(struct worker *w, const char *name)
{
    if (!blocklist_has_name(w->blocklist, name))
        return false;
    count(&w->counters.excluded);
    return true;
}

bool worker_excludes_question(struct worker *w, const struct dns_query *q)
{
    char text[QUESTION_TEXT_BYTES];

    if (w->blocklist == NULL || *q->prefix == '\0')
        return worker_excludes(w, q->name);
    snprintf(text, sizeof(text), "%s%s", q->prefix, q->name);
    return worker_excludes(w, text);
}

/* A new list holds from here on, for what waits at the gate or for a retry, and for what is in flight. */
static void follow_blocklist(struct worker *w)
{
    if (!exclusions_take(&w->scan->exclusions, &w->blocklist, &w->blocklist_version))
        return;
    endpoint_exclude_all(w);
    gate_set_blocklist(w->gate, w->blocklist);
    policy_exclude_all(w);
}

/* ---- names ---- */

static void drop_batch(struct worker *w, struct batch *batch, uint32_t from)
{
    scan_finish(w->scan, batch->input->n_items - from);
    input_batch_free(batch->input);
    free(batch);
}

/* Credit: a name is taken up only when there is room for all that may come of it. */
static bool may_take_name(struct worker *w)
{
    return w->n_names < w->window && w->unsent == NULL && w->n_hosts < most_hosts(w) &&
           dns_waiting(w->dns) < MOST_WAITING && !dns_is_paused(w->dns) && scan_phase(w->scan) == PHASE_RUN;
}

/* True: there may be more to take up at once. */
static bool take_names(struct worker *w)
{
    uint32_t n = 0;

    for (; n < TURN_MOST_NAMES && may_take_name(w); n++) {
        if (w->batch == NULL) {
            w->batch = (struct batch *)fifo_try_pop(&w->scan->batches);
            w->next_item = 0;
        }
        if (w->batch == NULL)
            return false;
        domain_start(w, &w->batch->input->items[w->next_item]);
        w->last_pos = w->batch->input->items[w->next_item].pos;
        if (++w->next_item == w->batch->input->n_items) {
            drop_batch(w, w->batch, w->next_item);
            w->batch = NULL;
        }
    }
    return n == TURN_MOST_NAMES;
}

/* ---- the end ---- */

static void drop_names(struct worker *w)
{
    struct batch *batch;

    if (w->batch != NULL)
        drop_batch(w, w->batch, w->next_item);
    w->batch = NULL;
    while ((batch = (struct batch *)fifo_try_pop(&w->scan->batches)) != NULL)
        drop_batch(w, batch, 0);
}

static void follow_phase(struct worker *w)
{
    enum scan_phase phase = scan_phase(w->scan);
    enum outcome oc;

    if (phase == PHASE_RUN)
        return;
    oc = scan_end_outcome(w->scan);
    drop_names(w);
    if (!w->drained || phase >= PHASE_END) {
        w->drained = true;
        gate_flush(w->gate, oc);
        endpoint_end_all(w, oc);
        policy_end_all(w, oc);
        questions_end_all(w, oc);
    }
    if (phase >= PHASE_END)
        dns_cancel_all(w->dns, oc);
}

static void close_handles(struct worker *w)
{
    w->closing = true;
    dns_close(w->dns);
    if (w->http != NULL)
        http_close(w->http);
    gate_free(w->gate);
    uv_close((uv_handle_t *)&w->wake, NULL);
    uv_close((uv_handle_t *)&w->tick, NULL);
    uv_close((uv_handle_t *)&w->after_poll, NULL);
}

/* ---- the loop ---- */

/* The worker's clock leaves out what the loop stood still, so that no peer gets a time-out for it. */
static void set_clock(struct worker *w, int64_t now_ns)
{
    int64_t since_ns = now_ns - w->turned_ns;

    if (since_ns > GAP_NS) {
        w->gap_ns += since_ns;
        count(&w->counters.loop_gaps);
    }
    w->was_suspended = since_ns > SUSPEND_NS && scan_phase(w->scan) == PHASE_RUN;
    if (w->was_suspended) {
        endpoint_restart_all(w);
        policy_restart_all(w);
    }
    w->turned_ns = now_ns;
}

static void flush_records(struct worker *w, int64_t now_ns)
{
    if (now_ns - w->flushed_ns >= (int64_t)w->scan->options->flush_seconds * 1000000000) {
        w->flushed_ns = now_ns;
        outbox_flush(w->outbox);
    }
}

/* Sockets have just been served; only now deadlines are judged (DESIGN.md, Stalls are ours). */
void worker_turn(struct worker *w)
{
    int64_t now_ns = scan_clock_ns();
    bool closing = scan_phase(w->scan) == PHASE_CLOSE; /* asked once: what closes has been flushed */
    bool more;

    set_clock(w, now_ns);
    follow_blocklist(w);
    timers_run(&w->timers, (uint64_t)(now_ns - w->scan->start_ns - w->gap_ns) / 1000000);
    own_fault_turn(w);
    receive(w);
    send_unsent(w);
    endpoint_turn(w);
    follow_phase(w);
    more = take_names(w);
    more |= dns_turn(w->dns, now_ns);
    gate_turn(w->gate, now_ns);
    flush_records(w, now_ns);
    if (closing) {
        endpoint_report(w);
        outbox_flush(w->outbox);
    }
    if (outbox_turn(w->outbox) && closing && !w->closing)
        close_handles(w);
    else if (more)
        worker_wake(w);
}
