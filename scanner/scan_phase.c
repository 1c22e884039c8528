/* scan_phase.c - how far a scan is: looked at from time to time, when a worker wakes the main thread, and at
 * a signal. The end of the input and of all work, the tail, the time limit, the grace. */
#include "scanner/memory.h"
#include "scanner/scan_private.h"
#include "scanner/worker.h"

#include <signal.h>

#define NS_PER_S 1000000000
#define GAP_NS   500000000
#define JUDGE_MS 50         /* between two looks at where the scan is */
#define LOOK_NS  250000000  /* between two looks at the network */
#define LOWER_NS 5000000000 /* between two words about a lack of descriptors */

static void wake_workers(struct scan *s)
{
    for (uint32_t i = 0; i < s->n_workers; i++)
        worker_wake(&s->workers[i]);
}

void control_move(struct control *c, enum scan_phase phase, enum outcome oc)
{
    if (scan_phase(&c->scan) >= phase)
        return;
    input_stop(c->input);
    fifo_close(&c->scan.batches);
    atomic_store(&c->scan.end_oc, oc);
    atomic_store_explicit(&c->scan.phase, phase, memory_order_release);
    wake_workers(&c->scan);
}

/* Each name of the input is done, or waits for its second round of DNS. */
static bool are_names_through(const struct scan *s)
{
    const struct counts counts = scan_counts(s);

    return counts.names_done + counts_waiting(&counts) == atomic_load(&s->names_handed);
}

/* When every name is through, retries have the tail; what then still waits is inconclusive. */
static void judge_tail(struct control *c, int64_t now_ns)
{
    struct scan *s = &c->scan;
    int64_t tail_ns = (int64_t)s->options->tail_ms * 1000000;

    if (c->names_through_ns == 0 && are_names_through(s))
        c->names_through_ns = now_ns;
    if (tail_ns > 0 && c->names_through_ns != 0 && now_ns - c->names_through_ns > tail_ns)
        control_move(c, PHASE_END, OC_OUR_TAIL);
}

/* The time in which this program stood still is not taken from the tail, nor from the grace; that in which it
 * paused is not taken from the tail. */
static void skip_gap(struct control *c, int64_t now_ns)
{
    int64_t gap_ns = now_ns - c->judged_ns;
    bool is_paused = network_is_cut_off(&c->scan.network);

    c->judged_ns = now_ns;
    if (c->names_through_ns != 0 && (is_paused || gap_ns >= GAP_NS))
        c->names_through_ns += gap_ns;
    if (gap_ns < GAP_NS)
        return;
    if (c->outage.since_ns != 0)
        c->outage.since_ns += gap_ns;
    if (c->drain_end_ns != 0)
        c->drain_end_ns += gap_ns;
}

/* What was told to stop drains: it has the grace. */
static void drain(struct control *c, const char *reason, const char *said)
{
    uint64_t grace_ms = c->scan.options->grace_ms;

    c->stop_reason = reason;
    c->drain_end_ns = scan_clock_ns() + (int64_t)grace_ms * 1000000;
    fprintf(c->messages, "stscan: %s: what is in flight has %llu s; a signal then stops at once\n", said,
            (unsigned long long)(grace_ms / 1000));
    control_move(c, PHASE_DRAIN, OC_OUR_STOP);
}

/* By the clock on the wall: standing still is not left out. */
static void judge_runtime(struct control *c, int64_t now_ns)
{
    int64_t most_ns = (int64_t)c->scan.options->max_runtime_ms * 1000000;

    if (most_ns > 0 && scan_phase(&c->scan) == PHASE_RUN && now_ns - c->begun_ns > most_ns)
        drain(c, "--max-runtime reached", "--max-runtime reached, stopping");
}

/* Endpoints that wait for the verdict on the SMTP port are settled when nothing else is left. */
static void judge_port(struct control *c)
{
    struct scan *s = &c->scan;
    uint64_t n_held = atomic_load(&s->port.n_held);

    if (n_held > 0 && atomic_load(&s->input_done) && atomic_load(&s->outstanding) <= n_held)
        port_settle(&s->port);
    if (port_verdict(&s->port) == PORT_BLOCKED && !c->told_blocked) {
        c->told_blocked = true;
        port_tell_blocked(&s->port, (unsigned)s->options->smtp_port, c->messages);
    }
}

static void tell_outage(const struct control *c)
{
    char who[SERVERS_TEXT_BYTES];

    if (c->outage.no_network) {
        fputs("stscan: this host has lost its network: no route even to peers that were reached before; the "
              "scan "
              "pauses until there is one, nothing is lost\n",
              c->messages);
        return;
    }
    servers_text(&c->scan.options->name_servers, who);
    fprintf(c->messages,
            "stscan: %s: no answers, or hardly any, or from its cache alone: the scan pauses until they come "
            "again; what was asked waits, nothing is lost\n",
            who);
}

static void stop_for_outage(struct control *c)
{
    if (scan_phase(&c->scan) != PHASE_RUN)
        return;
    if (c->outage.no_network)
        drain(c, "no network for --outage-wait", "no network for --outage-wait, stopping");
    else
        drain(c, "no resolver answered for --outage-wait",
              "no resolver answered for --outage-wait, stopping");
}

static void judge_outage(struct control *c, int64_t now_ns, const struct counts *counts)
{
    const struct options *o = c->scan.options;
    const bool is_paused = network_is_cut_off(&c->scan.network);
    const bool no_network = c->outage.no_network;
    int64_t ns;

    c->outage.no_network |= network_is_down(&c->scan.network);
    switch (outage_look(&c->outage, now_ns, is_paused, (int64_t)o->outage_wait_ms * 1000000, &ns)) {
    case OUTAGE_BEGINS: tell_outage(c); break;
    case OUTAGE_ENDS:
        fprintf(c->messages, "stscan: %s after %lld s, the scan goes on\n",
                no_network ? "there is a network again" : "answers come again", (long long)(ns / NS_PER_S));
        break;
    case OUTAGE_LIMIT: stop_for_outage(c); break;
    case OUTAGE_NONE: break;
    }
    if (is_paused)
        c->silence = (struct silence){0};
    else
        silence_tell(&c->silence, now_ns, counts, &o->name_servers, c->messages);
}

static void judge_memory(struct scan *s)
{
    struct sts_err err = {0};

    if (!memory_is_low() || atomic_load(&s->failed))
        return;
    (void)sts_fail(&err, STS_ENOMEM, "out of memory in a library");
    scan_fail(s, &err);
}

/* Where there is nothing to pause for, nobody looks. */
static void judge_network(struct control *c, int64_t now_ns)
{
    if (c->scan.options->outage_wait_ms == 0 || now_ns - c->looked_ns < LOOK_NS)
        return;
    c->looked_ns = now_ns;
    (void)network_look(&c->scan.network);
}

static void judge_descriptors(struct control *c, int64_t now_ns)
{
    uint32_t lowered;

    if (c->lowered_ns != 0 && now_ns - c->lowered_ns < LOWER_NS)
        return;
    lowered = atomic_exchange(&c->scan.lowered_to, 0);
    if (lowered == 0)
        return;
    c->lowered_ns = now_ns;
    fprintf(c->messages,
            "stscan: no file descriptor is left: --max-connections lowered to %u; what would connect waits, "
            "nothing is "
            "lost; the limit of open files (ulimit -n) should be higher\n",
            lowered);
}

static void judge(struct control *c)
{
    struct scan *s = &c->scan;
    int64_t now_ns = scan_clock_ns();
    struct counts counts = scan_counts(s);

    skip_gap(c, now_ns);
    judge_network(c, now_ns);
    judge_descriptors(c, now_ns);
    judge_outage(c, now_ns, &counts);
    judge_runtime(c, now_ns);
    judge_port(c);
    judge_memory(s);
    if (atomic_load(&s->failed))
        control_move(c, PHASE_END, OC_OUR_STOP);
    if (c->drain_end_ns != 0 && now_ns > c->drain_end_ns)
        control_move(c, PHASE_END, OC_OUR_STOP);
    if (!atomic_load(&s->input_done))
        return;
    if (scan_phase(s) == PHASE_RUN)
        judge_tail(c, now_ns);
    if (atomic_load_explicit(&s->outstanding, memory_order_acquire) == 0) {
        control_move(c, PHASE_CLOSE, OC_OUR_STOP);
        uv_stop(&c->loop);
    }
}

static void on_wake(uv_async_t *handle)
{
    judge(handle->data);
}

static void on_judge(uv_timer_t *handle)
{
    judge(handle->data);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct control *c = handle->data;

    (void)number;
    if (c->stop_reason == NULL) {
        drain(c, "stopped by a signal", "stopping");
        return;
    }
    fprintf(c->messages, "stscan: stopping at once\n");
    control_move(c, PHASE_END, OC_OUR_STOP);
}

int control_watch(struct control *c, struct sts_err *err)
{
    if (uv_async_init(&c->loop, &c->wake, on_wake) != 0 || uv_timer_init(&c->loop, &c->judge) != 0 ||
        uv_signal_init(&c->loop, &c->on_int) != 0 || uv_signal_init(&c->loop, &c->on_term) != 0 ||
        uv_signal_start(&c->on_int, on_signal, SIGINT) != 0 ||
        uv_signal_start(&c->on_term, on_signal, SIGTERM) != 0 ||
        uv_timer_start(&c->judge, on_judge, JUDGE_MS, JUDGE_MS) != 0)
        return sts_fail(err, STS_ESYS, "cannot set up an event loop");
    c->wake.data = c->judge.data = c->on_int.data = c->on_term.data = c;
    c->scan.wake = &c->wake;
    return STS_OK;
}
