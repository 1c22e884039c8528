/* worker_setup.c - the beginning and the end of a worker: what it owns, its handles, its thread. */
#include "scanner/tls.h"
#include "scanner/worker.h"

#include <stdlib.h>

#define TICK_MS 5 /* a loop without events turns this often */

static void on_wake(uv_async_t *handle)
{
    (void)handle; /* the turn that follows does it all */
}

static void on_tick(uv_timer_t *handle)
{
    (void)handle;
}

/* Sockets have just been served. */
static void on_polled(uv_check_t *handle)
{
    worker_turn(handle->data);
}

static void run(void *arg)
{
    struct worker *w = arg;

    w->turned_ns = w->flushed_ns = scan_clock_ns();
    uv_run(&w->loop, UV_RUN_DEFAULT);
}

static int start_handles(struct worker *w, struct sts_err *err)
{
    const int rc = uv_loop_init(&w->loop);

    if (rc != 0)
        return sts_fail(err, STS_ESYS, "cannot make an event loop for %u workers: %s%s", w->scan->n_workers,
                        uv_strerror(rc),
                        rc == UV_EMFILE ? "; raise the limit with ulimit -n, or use fewer --threads" : "");
    w->has_loop = true;
    if (uv_async_init(&w->loop, &w->wake, on_wake) != 0 || uv_timer_init(&w->loop, &w->tick) != 0 ||
        uv_timer_start(&w->tick, on_tick, TICK_MS, TICK_MS) != 0 ||
        uv_check_init(&w->loop, &w->after_poll) != 0 || uv_check_start(&w->after_poll, on_polled) != 0)
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

static bool excludes(void *arg, const struct dns_query *q)
{
    return worker_excludes_question(arg, q);
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
                          .window = (uint32_t)((o->dns_window + w->scan->n_workers - 1) / w->scan->n_workers),
                          .timeout_ms = o->dns_timeout_ms,
                          .deadline_ms = o->dns_deadline_ms,
                          .may_pause = o->outage_wait_ms > 0,
                          .network = &w->scan->network,
                          .excludes = excludes,
                          .excludes_arg = w};

    return dns_new(&env, &w->dns, err);
}

static int start_fetching(struct worker *w, struct sts_err *err)
{
    const struct options *o = w->scan->options;
    struct http_env env = {.loop = &w->loop,
                           .timers = &w->timers,
                           .store = w->scan->store,
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
    /* A context each, of one store for all: handshakes of 2 and 4 threads cost the same whether they share
     * both, the store alone or nothing at all (./dev bench tls_threads), and the store is the large one. */
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
                                      .port_watch = &w->scan->port,
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
        [LANE_SMTP] = {most_open(o->per_ip_smtp), most_open(o->per_prefix_smtp), o->per_ip_interval_ms},
        [LANE_HTTPS] = {most_open(o->per_ip_https), most_open(o->per_prefix_https),
                        o->per_ip_https_rate ? 1000 / o->per_ip_https_rate : 0},
    };

    w->last_unsent = &w->unsent;
    w->window = (o->window + w->scan->n_workers - 1) / w->scan->n_workers;
    w->from = calloc(w->scan->n_workers, sizeof(*w->from));
    w->is_full = calloc(w->scan->n_workers, sizeof(*w->is_full));
    w->outbox = outbox_new(w->scan);
    w->gate = gate_new(w->scan, &w->timers, &w->counters, limits);
    w->site_common =
        (struct site_common){{o->per_ip_hosts, o->per_ip_signalled_hosts}, w->scan->seed, &w->site_memory};
    if (w->from == NULL || w->is_full == NULL || w->outbox == NULL || w->gate == NULL ||
        addrmap_init(&w->sites, w->scan->secret) != STS_OK)
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
        return sts_fail(err, STS_ESYS, "cannot start a thread: memory or threads are out");
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
    keyset_fini(&w->signalled);
    keyset_fini(&w->policies);
    keyset_fini(&w->excluded);
    endpoint_forget(w);
    blocklist_unref(w->blocklist);
    timers_fini(&w->timers);
    arena_pool_fini(&w->arenas);
    free(w->from);
    free(w->is_full);
    free(w->read_buffer);
    return rc;
}
