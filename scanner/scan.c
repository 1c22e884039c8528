/* scan.c - the main thread of a scan: starts the others, says how it goes, ends them and says how it went.
 * When it moves on from phase to phase is scan_phase.c's. */
#include "scanner/memory.h"
#include "scanner/resume.h"
#include "scanner/scan_private.h"
#include "scanner/scan_record.h"
#include "scanner/side_files.h"
#include "scanner/tls.h"
#include "scanner/verbose.h"
#include "scanner/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define CHUNKS_MOST        32   /* frames waiting for the writer */
#define BATCHES_PER_WORKER 8    /* batches of names waiting for workers */
#define STATUS_MS          1000 /* between two status lines */

int64_t scan_clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

uint32_t scan_workers(const struct options *o)
{
    const unsigned cores = uv_available_parallelism();

    return o->threads > 0 ? (uint32_t)o->threads : cores > 0 ? cores : 1;
}

void scan_finish(struct scan *s, uint64_t n)
{
    if (n > 0 && atomic_fetch_sub_explicit(&s->outstanding, n, memory_order_acq_rel) == n)
        uv_async_send(s->wake);
}

void scan_fail(struct scan *s, const struct sts_err *err)
{
    pthread_mutex_lock(&s->failure_lock);
    if (s->failure.code == STS_OK)
        s->failure = *err;
    pthread_mutex_unlock(&s->failure_lock);
    atomic_store(&s->failed, true);
    uv_async_send(s->wake);
}

struct counts scan_counts(const struct scan *s)
{
    struct counts sum = {0};

    for (uint32_t i = 0; i < s->n_workers; i++)
        counters_sum(&sum, &s->workers[i].counters);
    return sum;
}

/* ---- status ---- */

static struct progress_view view(const struct control *c)
{
    const struct scan *s = &c->scan;
    struct progress_view v = {.now_ns = scan_clock_ns(),
                              .counts = scan_counts(s),
                              .names_handed = atomic_load(&s->names_handed),
                              .input_bytes = input_bytes_read(c->input),
                              .input_size = input_info(c->input)->size_bytes,
                              .connections = atomic_load(&s->connections),
                              .input_done = atomic_load(&s->input_done)};

    if (scan_phase(s) != PHASE_RUN) { /* how much of the input is done no longer tells when it ends */
        v.state = "stopping";
        v.input_done = false;
        v.input_size = 0;
    } else if (c->outage.told)
        v.state = c->outage.no_network ? "paused: no network" : "paused: no resolver answers";
    else if (c->names_through_ns != 0)
        v.state = "all names are through, waiting for connections and retries";
    return v;
}

static void on_status(uv_timer_t *handle)
{
    struct control *c = handle->data;
    struct progress_view v = view(c);
    struct progress_rates rates = progress_next(&c->progress, &v);

    if (!c->scan.options->quiet)
        progress_line(&rates, &v, stderr);
    if (c->files->status != NULL)
        status_file_row(c->files->status, &v, &rates, c->messages);
}

/* ---- start and end ---- */

static int start_status(struct control *c, struct sts_err *err)
{
    c->status.data = c;
    if (uv_timer_init(&c->loop, &c->status) != 0 ||
        uv_timer_start(&c->status, on_status, STATUS_MS, STATUS_MS) != 0)
        return sts_fail(err, STS_ESYS, "cannot set up an event loop");
    return STS_OK;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void end_loop(struct control *c)
{
    uv_walk(&c->loop, close_handle, NULL);
    uv_run(&c->loop, UV_RUN_DEFAULT);
    uv_loop_close(&c->loop);
}

/* All is written: a signal that comes now, when nobody listens any more, changes nothing. */
static void block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Times go on counting from the start of the first run; a clock that was set back since makes no gap. */
static void start_before(struct scan *s, uint64_t start_ms)
{
    if (s->start_ms > start_ms)
        s->start_ns -= (int64_t)(s->start_ms - start_ms) * 1000000;
    s->start_ms = start_ms;
}

/* What earlier runs have done; the input hands out the rest. */
static int load(struct control *c, struct sts_err *err)
{
    if (c->resume == NULL)
        return STS_OK;
    c->scan.before = &c->before;
    if (resume_load(c->resume, &c->scan, &c->before, err) != STS_OK)
        return err->code;
    input_set_before(c->input, &c->before);
    resume_tell(c->resume, &c->before, c->messages);
    return STS_OK;
}

static int prepare(struct control *c, const struct options *o, struct sts_err *err)
{
    struct scan *s = &c->scan;
    struct timespec wall;
    uint32_t n_workers = scan_workers(o);

    clock_gettime(CLOCK_REALTIME, &wall);
    s->start_ms = (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_nsec / 1000000;
    s->start_ns = c->begun_ns = c->judged_ns = c->progress.start_ns = c->progress.last.now_ns =
        scan_clock_ns();
    if (c->resume != NULL)
        start_before(s, resume_start_ms(c->resume));
    s->workers = calloc(n_workers, sizeof(*s->workers));
    if (s->workers != NULL)
        s->n_workers = n_workers;
    if (s->workers == NULL || fifo_init(&s->batches, s->n_workers * BATCHES_PER_WORKER) != STS_OK ||
        fifo_init(&s->chunks, CHUNKS_MOST) != STS_OK)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    s->network.local[NETWORK_V4] = o->local_addr.has_v4 ? &o->local_addr.v4 : NULL;
    s->network.local[NETWORK_V6] = o->local_addr.has_v6 ? &o->local_addr.v6 : NULL;
    rate_init(&s->dns_rate, (double)options_total_dns_rate(o));
    rate_init(&s->connect_rate, (double)o->connect_rate);
    if (getrandom(&s->secret, sizeof(s->secret), 0) != sizeof(s->secret))
        return sts_fail(err, STS_ESYS, "no random numbers from the system");
    if (!o->given[OPT_seed] && getrandom(&s->seed, sizeof(s->seed), 0) != sizeof(s->seed))
        return sts_fail(err, STS_ESYS, "no random numbers from the system");
    if (o->given[OPT_seed])
        s->seed = o->seed;
    if (door_rules_init(&s->door, (enum ip_version)o->ip_version, &o->allow_reserved, &o->lab, err) != STS_OK)
        return err->code;
    if ((!o->no_starttls || o->fetch_policy != WHEN_NEVER) &&
        tls_store_load(o->ca_file, &s->store, err) != STS_OK)
        return err->code;
    return STS_OK;
}

static int start_threads(struct control *c, struct sink *sink, struct sts_err *err)
{
    struct scan *s = &c->scan;
    struct sts_err ignored = {0};
    int rc = STS_OK;

    for (uint32_t i = 0; i < s->n_workers && rc == STS_OK; i++) {
        s->workers[i].scan = s;
        s->workers[i].id = i;
        rc = worker_init(&s->workers[i], err);
    }
    if (rc == STS_OK)
        rc = load(c, err);
    if (rc == STS_OK && memory_is_low())
        rc = sts_fail(err, STS_ENOMEM, "out of memory in a library");
    if (rc == STS_OK)
        rc = scan_record(s, c->input, s->workers[0].ctx, &c->arena, &c->record, err);
    if (rc == STS_OK)
        rc = output_start(&c->output, s, sink, &c->record, err);
    else
        (void)!sink->ops->close(sink, &ignored);
    for (uint32_t i = 0; i < s->n_workers && rc == STS_OK; i++)
        rc = worker_start(&s->workers[i], err);
    if (rc == STS_OK)
        rc = reading_start(&c->reading, s, c->input, err);
    return rc;
}

/* The writer is still at work, and may fail. */
static struct sts_err failure_so_far(struct scan *s)
{
    struct sts_err failure;

    pthread_mutex_lock(&s->failure_lock);
    failure = s->failure;
    pthread_mutex_unlock(&s->failure_lock);
    return failure;
}

static const char *end_reason(const struct control *c, const struct sts_err *failure)
{
    if (c->stop_reason != NULL)
        return c->stop_reason;
    return failure->code != STS_OK ? failure->msg : c->reading.err.msg;
}

/* How it went, and the last words. */
static void write_files(struct control *c, const struct rec_end *end, const struct scan_result *result)
{
    const struct metadata metadata = {&c->record, end, &result->counts, input_counts(c->input),
                                      result->bytes};
    struct progress_view last = view(c);
    struct progress_rates rates = progress_next(&c->progress, &last);
    const char *word = result->complete ? "Complete" : "Stopped";
    struct sts_err err = {0};

    if (c->files->status != NULL)
        status_file_row(c->files->status, &last, &rates, c->messages);
    if (c->files->metadata != NULL && metadata_write(c->files->metadata, &metadata, &err) != STS_OK)
        fprintf(c->messages, "stscan: %s\n", err.msg);
    progress_end(&c->progress, &last, word, log_stream(c->files->log, !c->scan.options->quiet));
    port_tell_end(&c->scan.port, (unsigned)c->scan.options->smtp_port, c->messages);
}

/* Every thread but the writer has ended: what they came to. */
static void sum_up(struct control *c, struct scan_result *result, struct sts_err *failure,
                   struct arena *arena, struct rec_end *record)
{
    struct scan *s = &c->scan;
    const uint8_t *digest = c->reading.has_digest ? c->reading.digest : NULL;
    struct sts_err no_memory = {0};

    result->counts = scan_counts(s);
    result->complete = digest != NULL && c->stop_reason == NULL && !atomic_load(&s->failed);
    *failure = failure_so_far(s);
    if (end_record(s, &result->counts, end_reason(c, failure), digest, result->complete, arena, record) ==
        STS_OK)
        return;
    (void)sts_fail(&no_memory, STS_ENOMEM, "out of memory for the end record");
    scan_fail(s, &no_memory);
    *failure = failure_so_far(s);
    result->complete = record->complete = false;
    record->reason = sts_str(failure->msg);
}

static void join_threads(struct control *c, bool started, struct scan_result *result, struct sts_err *err)
{
    struct scan *s = &c->scan;
    struct sts_err failure;
    struct rec_end record;
    struct arena arena;

    control_move(c, PHASE_CLOSE, OC_OUR_STOP);
    reading_join(&c->reading);
    for (uint32_t i = 0; i < s->n_workers; i++)
        worker_join(&s->workers[i]);
    arena_init(&arena, 0);
    sum_up(c, result, &failure, &arena, &record);
    if (c->scan.options->verbose)
        verbose_end(&record, c->messages);
    /* What an end record would count may not have been written where memory was out. */
    if (output_join(&c->output, failure.code == STS_ENOMEM ? NULL : &record) != STS_OK) {
        result->output_failed = true;
        result->complete = false;
        *err = c->output.err;
        record.complete = false;
        record.reason = sts_str(c->output.err.msg);
    }
    result->positions = record.positions;
    result->bytes = atomic_load(&c->output.bytes);
    if (started)
        write_files(c, &record, result);
    arena_fini(&arena);
}

static void release(struct control *c, struct sts_err *err)
{
    struct scan *s = &c->scan;

    for (uint32_t i = 0; s->workers != NULL && i < s->n_workers; i++) {
        if (worker_fini(&s->workers[i]) != STS_OK)
            (void)sts_fail(err, STS_ESYS, "worker %u left a handle open: please report this", i);
    }
    free(s->workers);
    arena_fini(&c->arena);
    fifo_fini(&s->batches);
    fifo_fini(&s->chunks);
    door_rules_fini(&s->door);
    exclusions_fini(&s->exclusions);
    before_fini(&c->before);
    tls_store_free(s->store);
    pthread_mutex_destroy(&s->failure_lock);
}

int scan_run(const struct scan_setup *setup, struct sink *sink, struct scan_result *result,
             struct sts_err *err)
{
    struct control *c = calloc(1, sizeof(*c));
    struct sts_err ignored = {0};
    bool started = false;

    if (c == NULL || uv_loop_init(&c->loop) != 0) {
        free(c);
        (void)!sink->ops->close(sink, &ignored);
        return sts_fail(err, STS_ENOMEM, "out of memory");
    }
    c->input = setup->input;
    c->resume = setup->resume;
    c->files = setup->files;
    c->messages = log_stream(setup->files->log, true);
    arena_init(&c->arena, 0);
    c->scan.options = setup->options;
    c->scan.ehlo_name = setup->ehlo_name;
    c->scan.user_agent = setup->user_agent;
    c->scan.checks = setup->checks;
    c->scan.max_connections = setup->max_connections;
    exclusions_init(&c->scan.exclusions, setup->options->blocklist);
    pthread_mutex_init(&c->scan.failure_lock, NULL);
    if (control_watch(c, err) == STS_OK && start_status(c, err) == STS_OK &&
        reread_start(&c->reread, &c->loop, &c->scan, setup->most_connections, c->messages, err) == STS_OK &&
        prepare(c, setup->options, err) == STS_OK) {
        uv_run(&c->loop, UV_RUN_NOWAIT); /* signals that came before the scan hold from its beginning */
        started = start_threads(c, sink, err) == STS_OK;
    } else
        (void)!sink->ops->close(sink, &ignored);
    if (started && setup->options->verbose)
        verbose_start(&c->scan, c->messages);
    if (started)
        uv_run(&c->loop, UV_RUN_DEFAULT);
    else if (err->code == STS_EIO)
        result->output_failed = true; /* the scan record could not be written */
    join_threads(c, started, result, err);
    if (err->code == STS_OK && c->scan.failure.code != STS_OK)
        *err = c->scan.failure;
    if (err->code == STS_OK && c->reading.err.code != STS_OK)
        *err = c->reading.err;
    result->started = started;
    release(c, err);
    block_signals();
    end_loop(c);
    free(c);
    return err->code;
}
