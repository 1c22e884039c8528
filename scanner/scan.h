/* scan.h - one scan: what its threads share. One reader, N workers, one writer, and the main thread that
 * starts and stops them. Set up before the threads start and constant from then on, but for queues and
 * atomics. */
#ifndef STS_SCAN_H
#define STS_SCAN_H
#include "scanner/counters.h"
#include "scanner/door.h"
#include "scanner/exclusions.h"
#include "scanner/input.h"
#include "scanner/network.h"
#include "scanner/options.h"
#include "scanner/port_watch.h"
#include "scanner/queue.h"
#include "scanner/rate.h"
#include "sinks/frame.h"
#include "sinks/writer.h"

#include <uv.h>

struct before;
struct checks;
struct resume;
struct side_files;
struct tls_store;
struct worker;

/* How far a scan is. Only the main thread moves it, and only forward. */
enum scan_phase {
    PHASE_RUN,
    PHASE_DRAIN, /* nothing new is begun; what is in flight goes on, what waits ends with OUR_STOP */
    PHASE_END,   /* what is left ends now, with scan->end_oc */
    PHASE_CLOSE, /* nothing is left: threads close */
};

/* A frame's worth of encoded records on the way to the writer. */
struct chunk {
    struct fifo_item item; /* first */
    struct frame_info info;
    struct rec_buf buf;
};
/* A batch of names on the way to a worker. */
struct batch {
    struct fifo_item item; /* first */
    struct input_batch *input;
};
struct scan {
    const struct options *options;
    struct door_rules door;
    struct exclusions exclusions;
    struct rate dns_rate, connect_rate; /* these and max_connections: SIGHUP may set them anew (reread.c) */
    _Atomic uint32_t max_connections;
    _Atomic uint32_t connections;      /* open, of all workers */
    _Atomic uint32_t late_connections; /* of them, those of late jobs (gate.h) */
    _Atomic uint32_t lowered_to; /* max_connections, for want of descriptors; 0: not, or the user was told */
    struct network network;
    struct port_watch port;
    struct tls_store *store; /* NULL: nothing is fetched or probed */
    const char *ehlo_name;
    const char *user_agent;
    const struct checks *checks; /* what preflight found */
    const struct before *before; /* what earlier runs have done; NULL: there were none */
    uint64_t seed, secret;       /* of choices by hash, and of table keys */
    int64_t start_ns;            /* monotonic; before this run where it goes on with an earlier one */
    uint64_t start_ms;           /* wall clock, since 1970 */

    struct fifo batches; /* reader to workers */
    struct fifo chunks;  /* workers to writer */
    struct worker *workers;
    uint32_t n_workers;

    _Atomic int phase; /* enum scan_phase */
    _Atomic int end_oc;
    _Atomic bool input_done;       /* the reader has handed out all it will */
    _Atomic uint64_t outstanding;  /* names, messages and jobs that are not finished */
    _Atomic uint64_t names_handed; /* names in all batches so far */
    _Atomic bool failed;           /* `failure` holds why */
    pthread_mutex_t failure_lock;
    struct sts_err failure; /* the first one, of any thread */
    uv_async_t *wake;       /* wakes the main thread */
};

static inline enum scan_phase scan_phase(const struct scan *s)
{
    return (enum scan_phase)atomic_load_explicit(&s->phase, memory_order_acquire);
}
/* What becomes of what is not begun any more: stopped, or the tail is over. For phases behind PHASE_RUN. */
static inline enum outcome scan_end_outcome(const struct scan *s)
{
    return scan_phase(s) >= PHASE_END ? (enum outcome)atomic_load(&s->end_oc) : OC_OUR_STOP;
}
/* More work, before it becomes visible to any other thread. */
static inline void scan_begin(struct scan *s, uint64_t n)
{
    atomic_fetch_add_explicit(&s->outstanding, n, memory_order_relaxed);
}
/* Work done. The last one wakes the main thread. */
void scan_finish(struct scan *s, uint64_t n);
/* The scan cannot go on: keep the reason, wake the main thread. Any thread. */
void scan_fail(struct scan *s, const struct sts_err *err);
/* How many workers it has. */
uint32_t scan_workers(const struct options *o);
/* Monotonic clock, ns. */
int64_t scan_clock_ns(void);

/* What a scan is made from; all is borrowed for its whole life. */
struct scan_setup {
    const struct options *options;
    struct input *input;
    const char *ehlo_name;
    const char *user_agent;
    const struct checks *checks;
    const struct side_files *files;
    struct resume *resume;     /* NULL: a new scan */
    uint32_t max_connections;  /* as the descriptor limit allows */
    uint32_t most_connections; /* that limit */
};
/* What main() wants to know at the end. */
struct scan_result {
    struct counts counts;
    uint64_t positions; /* with a record, those of earlier runs too */
    uint64_t bytes;     /* written */
    bool started;       /* false: it could not start */
    bool complete;      /* the whole input was scanned */
    bool output_failed; /* the error is that of the output */
};
/* Run the whole scan on the calling thread, and return when every other thread has ended. Takes `sink` over.
 */
int scan_run(const struct scan_setup *setup, struct sink *sink, struct scan_result *result,
             struct sts_err *err) STS_CHECK;
#endif
