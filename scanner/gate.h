/* gate.h - the one door to connect(): who may be contacted at all, how many at a time, how fast, by address,
 * by network (address_network) and in all. A network belongs to one worker, so its pace and that of its
 * addresses are kept there; rates and connections of the whole scan are shared. Thread: the worker's loop.
 *
 * Late jobs go when no other may, and hold at most half of the connections (--max-connections): whatever
 * they meet, the others go on.
 * go() runs from gate_turn() or one of the gate_flush() functions, never nested. */
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
 * what a gate_flush() function was given. */
typedef void (*gate_go_fn)(struct gate_job *job, enum outcome oc);

/* Embedded in what wants to connect. */
struct gate_job {
    const char
        *host; /* that is contacted, for the blocklist; set before gate_submit(), borrowed until go() */
    struct gate_job *next;
    struct lane *lane; /* where it waits or is open; NULL: it is refused */
    gate_go_fn go;
    uint64_t order; /* the lowest at an address goes first, equal ones as they came; set before submitting */
    uint64_t rest_until_ms; /* of the address, as gate_rest() was told; 0: it does not rest; likewise */
    enum outcome refused;
    bool late; /* set before submitting; true only if alone at its address in its lane */
};
struct gate_limits {
    uint32_t most_open;         /* to one address */
    uint32_t most_open_network; /* to one network */
    uint64_t interval_ms;       /* between connections to one address */
};

/* `scan`, `timers` and `counters` are borrowed. NULL: no memory. */
struct gate *gate_new(struct scan *scan, struct timers *timers, struct counters *counters,
                      const struct gate_limits limits[LANE_N]);
/* The blocklist from now on: borrowed; NULL: none. What waits is judged again, and goes in the next turn if
 * it is refused. */
void gate_set_blocklist(struct gate *g, const struct blocklist *blocked);
void gate_free(struct gate *g); /* nothing may wait or be open */
/* OC_OK: `host` (NULL: none) may be contacted at `a`. Else the door's outcome, as go() would get it. */
enum outcome gate_judge(struct gate *g, const char *host, const struct address *a);
/* Ask for a connection to `a`. `go` is called exactly once. False: no memory (then it is not called). */
bool gate_submit(struct gate *g, struct gate_job *job, const struct address *a, enum gate_lane lane,
                 gate_go_fn go) STS_CHECK;
/* Take a job back that waits: `go` is not called. */
void gate_withdraw(struct gate *g, struct gate_job *job);
/* Would one more address be of use to the gate? Where many wait for a connection of a lane, those beyond may
 * as well stay with whoever asks, in their order. */
bool gate_has_room(const struct gate *g, enum gate_lane lane, bool late);
/* The connection of `from`, which is open, is that of `to` from now on. */
void gate_pass(struct gate_job *from, struct gate_job *to);
/* While `job` is open: no new connection in its lane to its address for this time. The gate knows of it no
 * longer than something waits there, and may forget it in between: jobs say it again. */
void gate_rest(struct gate *g, const struct gate_job *job, uint64_t rest_ms);
void gate_release(struct gate *g, struct gate_job *job);
/* Once a loop turn: let through what may go. */
void gate_turn(struct gate *g, int64_t now_ns);
/* What waits goes with `oc`: all, or what waits for one lane of one address. */
void gate_flush(struct gate *g, enum outcome oc);
void gate_flush_address(struct gate *g, const struct address *a, enum gate_lane kind, enum outcome oc);
/* The same for all of a lane, and whatever is submitted to it later. */
void gate_close(struct gate *g, enum gate_lane lane, enum outcome oc);
#endif
