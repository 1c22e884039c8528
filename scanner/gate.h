/* gate.h - the one door to connect(): who may be contacted at all, how many at a time, how fast, by address
 * and in all. An address belongs to one worker, so its pace is kept there; rates and connections of the whole
 * scan are shared. Thread: the worker's loop. go() runs from gate_turn() or gate_flush(), never nested. */
#ifndef STS_GATE_H
#define STS_GATE_H
#include "scanner/address.h"
#include "scanner/scan.h"
#include "scanner/timers.h"
#include "sinks/outcome.h"

enum gate_lane { LANE_SMTP, LANE_HTTPS, LANE_N };

struct gate;
struct gate_job;
/* OC_OK: connect now, and gate_release() when the connection is closed. Else why not: the door's outcome, or
 * what gate_flush() was given. */
typedef void (*gate_go_fn)(struct gate_job *job, enum outcome oc);

/* Embedded in what wants to connect. */
struct gate_job {
    const char
        *host; /* that is contacted, for the blocklist; set before gate_submit(), borrowed until go() */
    struct gate_job *next;
    struct gate_ip *ip;
    gate_go_fn go;
    enum gate_lane lane;
    enum outcome refused;
};
struct gate_limits {
    uint32_t most_open;   /* to one address */
    uint64_t interval_ms; /* between connections to one address */
};

/* `scan`, `timers` and `counters` are borrowed. NULL: no memory. */
struct gate *gate_new(struct scan *scan, struct timers *timers, struct counters *counters,
                      const struct gate_limits limits[LANE_N]);
/* The blocklist from now on: borrowed; NULL: none. What waits is judged again, and goes in the next turn if
 * it is refused. */
void gate_set_blocklist(struct gate *g, const struct blocklist *blocked);
void gate_free(struct gate *g); /* nothing may wait or be open */
/* Ask for a connection to `a`. `go` is called exactly once. False: no memory (then it is not called). */
bool gate_submit(struct gate *g, struct gate_job *job, const struct address *a, enum gate_lane lane,
                 gate_go_fn go) STS_CHECK;
void gate_release(struct gate *g, struct gate_job *job);
/* Once a loop turn: let through what may go. */
void gate_turn(struct gate *g, int64_t now_ns);
/* Everything that waits goes with `oc`. */
void gate_flush(struct gate *g, enum outcome oc);
#endif
