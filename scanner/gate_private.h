/* gate_private.h - what gate.c (what may go, and when) and gate_table.c (addresses and networks) share. For
 * these two files only. */
#ifndef STS_GATE_PRIVATE_H
#define STS_GATE_PRIVATE_H
#include "scanner/addrmap.h"
#include "scanner/gate.h"

struct job_list {
    struct gate_job *first, *last; /* last: where there is a first */
};
/* One kind of connection to one address, as long as anything goes on there. */
struct lane {
    struct timer timer; /* first: end of the interval */
    struct addrmap_node node;
    struct gate *gate;
    struct job_list waiting;
    struct lane *next_ready;
    uint64_t next_ms;       /* when the next connection may begin, by the interval */
    uint64_t rest_until_ms; /* the same, since the address was told to rest; matters while something waits */
    uint32_t open;
    uint8_t kind; /* enum gate_lane */
    bool late;    /* as the last job that came */
    bool ready;   /* in a list of lanes: one of the gate's, or those that its network holds back */
};
struct lane_list {
    struct lane *first, *last; /* last: where there is a first */
    uint32_t n[LANE_N];        /* of each kind */
};
/* The connections of one kind to one network, where they have a limit, as long as there are any. */
struct gate_network {
    struct addrmap_node node; /* first; its first address */
    uint32_t open;
    struct lane_list full; /* ready but for the limit */
};
struct gate {
    struct scan *scan;
    struct timers *timers;
    struct counters *counters;
    const struct blocklist *blocked; /* NULL: none */
    struct gate_limits limits[LANE_N];
    enum outcome closed[LANE_N]; /* OC_OK: open */
    struct addrmap lanes[LANE_N], networks[LANE_N];
    struct lane_list ready, late; /* those that may go */
    struct job_list refused;      /* by the door, or a closed lane */
};

/* gate_table.c */
struct lane *gate_lane_find(const struct gate *g, enum gate_lane kind, const struct address *a);
/* Find it or make it. NULL: no memory. */
struct lane *gate_lane_get(struct gate *g, enum gate_lane kind, const struct address *a);
/* The next one of a walk (addrmap_next); NULL: that was all. */
struct lane *gate_lane_next(const struct gate *g, enum gate_lane kind, struct addrmap_cursor *at);
/* Forget an address at which nothing goes on and no interval runs; of its rest the next job will tell. */
void gate_lane_drop_if_idle(struct lane *lane);
/* The network of a lane; NULL: there are no connections to it, or they have no limit. */
struct gate_network *gate_network_find(const struct lane *lane);
/* One connection more to the network of a lane. STS_ENOMEM. */
int gate_network_enter(const struct lane *lane) STS_CHECK;
/* One less. The lane that was held back and may have the place, or NULL. */
struct lane *gate_network_leave(const struct lane *lane);
/* The same where the lane did not use a place that it had been given. */
struct lane *gate_network_next(const struct lane *lane);

/* gate.c */
void gate_lanes_append(struct lane_list *list, struct lane *lane);
struct lane *gate_lanes_take(struct lane_list *list); /* NULL: empty */
#endif
