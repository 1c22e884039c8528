/* gate_table.c - the addresses and networks at which something goes on. */
#include "scanner/gate_private.h"

#include <stdlib.h>
#include <string.h>

struct gate *gate_new(struct scan *scan, struct timers *timers, struct counters *counters,
                      const struct gate_limits limits[LANE_N])
{
    struct gate *g = calloc(1, sizeof(*g));

    if (g == NULL)
        return NULL;
    g->scan = scan;
    g->timers = timers;
    g->counters = counters;
    memcpy(g->limits, limits, sizeof(g->limits));
    for (unsigned kind = 0; kind < LANE_N; kind++) {
        g->closed[kind] = OC_OK;
        if (addrmap_init(&g->lanes[kind], scan->secret) != STS_OK ||
            addrmap_init(&g->networks[kind], scan->secret) != STS_OK) {
            gate_free(g);
            return NULL;
        }
    }
    return g;
}

/* ---- addresses ---- */

static struct lane *of_node(struct addrmap_node *node)
{
    return node != NULL ? (struct lane *)((char *)node - offsetof(struct lane, node)) : NULL;
}

struct lane *gate_lane_find(const struct gate *g, enum gate_lane kind, const struct address *a)
{
    return of_node(addrmap_find(&g->lanes[kind], a));
}

struct lane *gate_lane_get(struct gate *g, enum gate_lane kind, const struct address *a)
{
    struct lane *lane = gate_lane_find(g, kind, a);

    if (lane != NULL)
        return lane;
    lane = calloc(1, sizeof(*lane));
    if (lane == NULL)
        return NULL;
    lane->node.address = *a;
    lane->gate = g;
    lane->kind = (uint8_t)kind;
    addrmap_add(&g->lanes[kind], &lane->node);
    return lane;
}

struct lane *gate_lane_next(const struct gate *g, enum gate_lane kind, struct addrmap_cursor *at)
{
    return of_node(addrmap_next(&g->lanes[kind], at));
}

void gate_lane_drop_if_idle(struct lane *lane)
{
    struct gate *g = lane->gate;

    if (lane->waiting.first != NULL || lane->open > 0 || lane->ready || lane->next_ms > g->timers->now_ms)
        return;
    timers_stop(g->timers, &lane->timer); /* of a rest */
    addrmap_remove(&g->lanes[lane->kind], &lane->node);
    free(lane);
}

/* ---- networks ---- */

struct gate_network *gate_network_find(const struct lane *lane)
{
    const struct address first = address_network(&lane->node.address);

    return (struct gate_network *)addrmap_find(&lane->gate->networks[lane->kind], &first);
}

static bool is_limited(const struct lane *lane)
{
    return lane->gate->limits[lane->kind].most_open_network < UINT32_MAX;
}

int gate_network_enter(const struct lane *lane)
{
    struct gate_network *network = gate_network_find(lane);

    if (!is_limited(lane))
        return STS_OK;
    if (network == NULL) {
        network = calloc(1, sizeof(*network));
        if (network == NULL)
            return STS_ENOMEM;
        network->node.address = address_network(&lane->node.address);
        addrmap_add(&lane->gate->networks[lane->kind], &network->node);
    }
    network->open++;
    return STS_OK;
}

struct lane *gate_network_next(const struct lane *lane)
{
    struct gate_network *network = gate_network_find(lane);
    struct lane *next;

    if (network == NULL)
        return NULL;
    next = gate_lanes_take(&network->full);
    if (network->open == 0 && network->full.first == NULL) {
        addrmap_remove(&lane->gate->networks[lane->kind], &network->node);
        free(network);
    }
    return next;
}

struct lane *gate_network_leave(const struct lane *lane)
{
    struct gate_network *network = gate_network_find(lane);

    if (network != NULL)
        network->open--;
    return gate_network_next(lane);
}

void gate_free(struct gate *g)
{
    if (g == NULL)
        return;
    for (unsigned kind = 0; kind < LANE_N; kind++) {
        struct addrmap_cursor lanes = {0}, networks = {0};
        struct addrmap_node *network;
        struct lane *lane;

        while ((lane = gate_lane_next(g, (enum gate_lane)kind, &lanes)) != NULL) {
            timers_stop(g->timers, &lane->timer);
            free(lane);
        }
        while ((network = addrmap_next(&g->networks[kind], &networks)) != NULL)
            free(network);
        addrmap_fini(&g->lanes[kind]);
        addrmap_fini(&g->networks[kind]);
    }
    free(g);
}
