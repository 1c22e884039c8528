#include "scanner/worker.h"

#include "scanner/tls.h"

#include <stdlib.h>
#include <string.h>

#define TICK_MS          5          /* a loop without events turns this often */
#define GAP_NS           500000000  /* a turn that comes later than this stood still */
#define SUSPEND_NS       5000000000 /* so long that what was in flight begins again */
#define TURN_MOST_NAMES  256        /* taken up in one turn */
#define MOST_HOSTS       2000 /* in work; beyond it messages wait in their rings, and names with their senders */
#define WAITING_PER_NAME 8    /* DNS questions of a name at most at a time */

/* ---- messages ---- */

uint32_t worker_owner(const struct scan *scan, const void *key, size_t len)
{
    return (uint32_t)(key128_of(key, len, scan->secret).hi % scan->n_workers);
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
    while (m != NULL) {
        struct message *next = m->next;
        struct worker *to = worker_of(w, m->to);

        if (ring_push(&to->from[w->id], m)) {
            worker_wake(to);
        } else {
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

        while (w->n_hosts < MOST_HOSTS && (m = ring_pop(&w->from[i])) != NULL)
            receive_one(w, m);
    }
}

void worker_no_memory(struct worker *w)
{
    struct sts_err err = {0};

    (void)sts_fail(&err, STS_ENOMEM, "out of memory");
    scan_fail(w->scan, &err);
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
    return w->n_names < w->window && w->unsent == NULL && w->n_hosts < MOST_HOSTS &&
           dns_waiting(w->dns) < w->window * WAITING_PER_NAME && scan_phase(w->scan) == PHASE_RUN;
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
        domain_start(w, w->batch->input->first_pos + w->next_item, &w->batch->input->items[w->next_item]);
        w->last_pos = w->batch->input->first_pos + w->next_item;
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
    enum outcome oc = phase >= PHASE_END ? (enum outcome)atomic_load(&w->scan->end_oc) : OC_OUR_STOP;

    if (phase == PHASE_RUN)
        return;
    drop_names(w);
    if (!w->drained || phase >= PHASE_END) {
        w->drained = true;
        gate_flush(w->gate, oc);
        endpoint_end_all(w, oc);
        policy_end_all(w, oc);
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
    if (since_ns > SUSPEND_NS && scan_phase(w->scan) == PHASE_RUN) {
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
static void on_turn(uv_check_t *handle)
{
    struct worker *w = handle->data;
    int64_t now_ns = scan_clock_ns();
    bool more;

    set_clock(w, now_ns);
    timers_run(&w->timers, (uint64_t)(now_ns - w->scan->start_ns - w->gap_ns) / 1000000);
    receive(w);
    send_unsent(w);
    follow_phase(w);
    more = take_names(w);
    more |= dns_turn(w->dns, now_ns);
    gate_turn(w->gate, now_ns);
    flush_records(w, now_ns);
    if (scan_phase(w->scan) == PHASE_CLOSE)
        outbox_flush(w->outbox);
    if (outbox_turn(w->outbox) && scan_phase(w->scan) == PHASE_CLOSE && !w->closing)
        close_handles(w);
    else if (more)
        worker_wake(w);
}

static void on_wake(uv_async_t *handle)
{
    (void)handle; /* the turn does it all */
}

static void on_tick(uv_timer_t *handle)
{
    (void)handle;
}

static void run(void *arg)
{
    struct worker *w = arg;

    w->turned_ns = w->flushed_ns = scan_clock_ns();
    uv_run(&w->loop, UV_RUN_DEFAULT);
}

/* ---- start and end of the thread ---- */

static int start_handles(struct worker *w, struct sts_err *err)
{
    if (uv_loop_init(&w->loop) != 0)
        return sts_fail(err, STS_ESYS, "cannot make an event loop");
    w->has_loop = true;
    if (uv_async_init(&w->loop, &w->wake, on_wake) != 0 || uv_timer_init(&w->loop, &w->tick) != 0 ||
        uv_timer_start(&w->tick, on_tick, TICK_MS, TICK_MS) != 0 ||
        uv_check_init(&w->loop, &w->after_poll) != 0 || uv_check_start(&w->after_poll, on_turn) != 0)
        return sts_fail(err, STS_ESYS, "cannot set up an event loop");
    w->after_poll.data = w;
    return STS_OK;
}

static const struct address *local(const struct scan *scan, bool v4)
{
    const struct option_sources *sources = &scan->options->local_addr;

    if (v4)
        return sources->has_v4 ? &sources->v4 : NULL;
    return sources->has_v6 ? &sources->v6 : NULL;
}

static int start_dns(struct worker *w, struct sts_err *err)
{
    const struct options *o = w->scan->options;
    struct dns_env env = {.loop = &w->loop,
                          .timers = &w->timers,
                          .counters = &w->counters,
                          .rate = &w->scan->dns_rate,
                          .servers = o->name_servers.v,
                          .n_servers = o->name_servers.n,
                          .local_v4 = local(w->scan, true),
                          .local_v6 = local(w->scan, false),
                          .timeout_ms = o->dns_timeout_ms,
                          .deadline_ms = o->dns_deadline_ms};

    return dns_new(&env, &w->dns, err);
}

static int start_fetching(struct worker *w, struct sts_err *err)
{
    const struct options *o = w->scan->options;
    struct http_env env = {.loop = &w->loop,
                           .timers = &w->timers,
                           .store = w->scan->store,
                           .outbox = w->outbox,
                           .user_agent = w->scan->user_agent,
                           .local_v4 = local(w->scan, true),
                           .local_v6 = local(w->scan, false),
                           .port = (uint16_t)o->https_port,
                           .connect_timeout_ms = o->connect_timeout_ms,
                           .total_timeout_ms = o->policy_timeout_ms};

    if (o->fetch_policy == WHEN_NEVER)
        return STS_OK;
    return http_new(&env, &w->http, err);
}

static int start_probing(struct worker *w, struct sts_err *err)
{
    const struct options *o = w->scan->options;

    if (o->no_starttls)
        return STS_OK;
    if (tls_context_new(w->scan->store, &w->ctx, err) != STS_OK)
        return err->code;
    w->read_buffer = malloc(PROBE_READ_BYTES);
    if (w->read_buffer == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    w->probe_env = (struct probe_env){.loop = &w->loop,
                                      .timers = &w->timers,
                                      .ctx = w->ctx,
                                      .outbox = w->outbox,
                                      .read_buffer = w->read_buffer,
                                      .ehlo_name = w->scan->ehlo_name,
                                      .local_v4 = local(w->scan, true),
                                      .local_v6 = local(w->scan, false),
                                      .port = (uint16_t)o->smtp_port,
                                      .connect_timeout_ms = o->connect_timeout_ms,
                                      .greeting_timeout_ms = o->greeting_timeout_ms,
                                      .total_timeout_ms = o->smtp_timeout_ms};
    return STS_OK;
}

static uint32_t most_open(uint64_t limit)
{
    return limit > 0 && limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
}

static int start_tables(struct worker *w, struct sts_err *err)
{
    const struct options *o = w->scan->options;
    const struct gate_limits limits[LANE_N] = {
        [LANE_SMTP] = {most_open(o->per_ip_smtp), o->per_ip_interval_ms},
        [LANE_HTTPS] = {most_open(o->per_ip_https), o->per_ip_https_rate ? 1000 / o->per_ip_https_rate : 0},
    };

    w->last_unsent = &w->unsent;
    w->window = (o->window + w->scan->n_workers - 1) / w->scan->n_workers;
    w->from = calloc(w->scan->n_workers, sizeof(*w->from));
    w->outbox = outbox_new(w->scan);
    w->gate = gate_new(w->scan, &w->timers, &w->counters, limits);
    if (w->from == NULL || w->outbox == NULL || w->gate == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    return STS_OK;
}

int worker_init(struct worker *w, struct sts_err *err)
{
    if (start_tables(w, err) != STS_OK || start_handles(w, err) != STS_OK || start_dns(w, err) != STS_OK ||
        start_fetching(w, err) != STS_OK || start_probing(w, err) != STS_OK)
        return err->code;
    if (w->id == 0 && w->scan->store != NULL && tls_store_archive(w->scan->store, w->outbox) != STS_OK)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    return STS_OK;
}

int worker_start(struct worker *w, struct sts_err *err)
{
    if (uv_thread_create(&w->thread, run, w) != 0)
        return sts_fail(err, STS_ESYS, "cannot start a thread");
    w->started = true;
    return STS_OK;
}

void worker_join(struct worker *w)
{
    if (w->started)
        uv_thread_join(&w->thread);
}

/* A worker whose thread never ran still has its handles. */
static void close_unstarted(struct worker *w)
{
    if (w->dns != NULL)
        dns_close(w->dns);
    if (w->http != NULL)
        http_close(w->http);
    gate_free(w->gate);
    if (!w->has_loop)
        return;
    for (uv_handle_t *h[] = {(uv_handle_t *)&w->wake, (uv_handle_t *)&w->tick, (uv_handle_t *)&w->after_poll},
                     **at = h;
         at < h + STS_LEN(h); at++) {
        if ((*at)->type != UV_UNKNOWN_HANDLE)
            uv_close(*at, NULL);
    }
    uv_run(&w->loop, UV_RUN_DEFAULT);
}

int worker_fini(struct worker *w)
{
    int rc = STS_OK;

    if (!w->started)
        close_unstarted(w);
    if (w->has_loop && uv_loop_close(&w->loop) != 0)
        rc = STS_ESYS;
    if (w->ctx != NULL)
        SSL_CTX_free(w->ctx);
    outbox_free(w->outbox);
    keyset_fini(&w->hosts);
    keyset_fini(&w->policies);
    timers_fini(&w->timers);
    free(w->from);
    free(w->read_buffer);
    return rc;
}
