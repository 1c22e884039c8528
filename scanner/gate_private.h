/* gate_private.h - what gate.c (what may go, and when) and gate_table.c (addresses and networks) share. For
 * these two files only. */
#ifndef STS_GATE_PRIVATE_H
#define STS_GATE_PRIVATE_H
#include "scanner/addrmap.h"
#include "scanner/gate.h"

struct job_list {
    struct gate_job *first, *last; /* last: where there is a first */
};
/* One kind of connection to one address. */
struct lane {
    struct timer timer; /* first: end of the interval */
    struct gate *gate;
    struct gate_ip *ip;
    struct job_list waiting;
    struct lane *next_ready;
    uint32_t open;
    uint64_t next_ms; /* when the next connection may begin */
    bool ready;       /* in a list of lanes: the gate's ready ones, or those that its network holds back */
};
struct lane_list {
    struct lane *first, *last; /* last: where there is a first */
};
struct gate_ip {
    struct addrmap_node node; /* first */
    struct gate_network *network;
    struct lane lanes[LANE_N];
};
/* A network, as long as one of its addresses is there. */
struct gate_network {
    struct addrmap_node node; /* first; its first address */
    uint32_t n_ips;
    struct network_lane {
        uint32_t open;
        struct lane_list full; /* ready but for the limit of the network */
    } lanes[LANE_N];
};
struct gate {
    struct scan *scan;
    struct timers *timers;
    struct counters *counters;
    struct gate_limits limits[LANE_N];
    enum outcome closed[LANE_N]; /* OC_OK: open */
    struct addrmap ips, networks;
    struct lane_list ready;
    struct job_list refused; /* by the door, or a closed lane */
};

/* gate_table.c. NULL: no memory. */
struct gate_ip *gate_ip_get(struct gate *g, const struct address *a);
/* Forget an address at which nothing goes on and no interval runs. */
void gate_ip_drop_if_idle(struct gate *g, struct gate_ip *ip);
#endif
