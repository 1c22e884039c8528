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
    if (addrmap_init(&g->ips, scan->secret) != STS_OK || addrmap_init(&g->networks, scan->secret) != STS_OK) {
        gate_free(g);
        return NULL;
    }
    g->scan = scan;
    g->timers = timers;
    g->counters = counters;
    for (unsigned i = 0; i < LANE_N; i++)
        g->closed[i] = OC_OK;
    memcpy(g->limits, limits, sizeof(g->limits));
    return g;
}

static struct gate_network *get_network(struct gate *g, const struct address *a)
{
    const struct address first = address_network(a);
    struct gate_network *network = (struct gate_network *)addrmap_find(&g->networks, &first);

    if (network != NULL)
        return network;
    network = calloc(1, sizeof(*network));
    if (network == NULL)
        return NULL;
    network->node.address = first;
    addrmap_add(&g->networks, &network->node);
    return network;
}

static void leave_network(struct gate *g, struct gate_network *network)
{
    if (--network->n_ips == 0) {
        addrmap_remove(&g->networks, &network->node);
        free(network);
    }
}

struct gate_ip *gate_ip_get(struct gate *g, const struct address *a)
{
    struct gate_ip *ip = (struct gate_ip *)addrmap_find(&g->ips, a);
    struct gate_network *network;

    if (ip != NULL)
        return ip;
    network = get_network(g, a);
    if (network == NULL)
        return NULL;
    network->n_ips++;
    ip = calloc(1, sizeof(*ip));
    if (ip == NULL) {
        leave_network(g, network);
        return NULL;
    }
    ip->node.address = *a;
    ip->network = network;
    for (unsigned i = 0; i < LANE_N; i++) {
        ip->lanes[i].gate = g;
        ip->lanes[i].ip = ip;
    }
    addrmap_add(&g->ips, &ip->node);
    return ip;
}

void gate_ip_drop_if_idle(struct gate *g, struct gate_ip *ip)
{
    for (unsigned i = 0; i < LANE_N; i++) {
        const struct lane *lane = &ip->lanes[i];

        if (lane->waiting.first != NULL || lane->open > 0 || lane->ready || lane->timer.slot != 0)
            return;
    }
    addrmap_remove(&g->ips, &ip->node);
    leave_network(g, ip->network);
    free(ip);
}

void gate_free(struct gate *g)
{
    struct addrmap_cursor ips = {0}, networks = {0};
    struct addrmap_node *node;

    if (g == NULL)
        return;
    while ((node = addrmap_next(&g->ips, &ips)) != NULL) {
        for (unsigned lane = 0; lane < LANE_N; lane++)
            timers_stop(g->timers, &((struct gate_ip *)node)->lanes[lane].timer);
        free(node);
    }
    while ((node = addrmap_next(&g->networks, &networks)) != NULL)
        free(node);
    addrmap_fini(&g->ips);
    addrmap_fini(&g->networks);
    free(g);
}
