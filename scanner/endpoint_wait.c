/* endpoint_wait.c - hosts that wait for their turn at an address. Millions may, so each is no more than its
 * entry in the site; the address stands in line for the gate, and has one job there for all of them. At
 * the gate there are never more addresses than it has use for.
 *
 * The most preferred host of every name comes before the second one of any; then come the others of names
 * with two, of names with three, and so on: else names with many MX hosts that keep us waiting would hold up
 * all others. Addresses of hosts beyond the first are late at the gate (gate.h). A host has its rank by the
 * first name that leads to it, until another has it as its most preferred one; an address the lowest of its
 * hosts. */
#include "scanner/endpoint_private.h"

#include <stdlib.h>

struct turn {            /* of the host that is first when it comes */
    struct gate_job job; /* first */
    struct worker *w;
    struct site *site;
};

static void on_turn(struct gate_job *job, enum outcome oc);

static void stand_in_line(struct worker *w, struct site *site)
{
    struct site_line *line = &w->lines[site->rank];

    site->turn_is = TURN_IN_LINE;
    site->turn.line.next = NULL;
    site->turn.line.at = line->first != NULL ? line->end : &line->first;
    *site->turn.line.at = site;
    line->end = &site->turn.line.next;
}

static void leave_line(struct worker *w, struct site *site)
{
    struct site *next = site->turn.line.next, **at = site->turn.line.at;

    *at = next;
    if (next != NULL)
        next->turn.line.at = at;
    else
        w->lines[site->rank].end = at;
    site->turn_is = TURN_NONE;
}

static void turn_free(struct turn *turn)
{
    turn->site->turn_is = TURN_NONE;
    free(turn);
}

/* Hosts wait at its site. */
static void submit(struct turn *turn)
{
    struct worker *w = turn->w;
    struct site *site = turn->site;

    turn->job.order = site_first(site)->order;
    turn->job.late = site->rank > 0;
    turn->job.rest_until_ms = site_rest_until_ms(site);
    if (gate_submit(w->gate, &turn->job, &site->node.address, LANE_SMTP, on_turn))
        return;
    worker_no_memory(w);
    turn_free(turn);
    endpoint_wait_end(w, site, OC_OUR_MEMORY);
}

static void go_to_gate(struct worker *w, struct site *site)
{
    struct turn *turn = calloc(1, sizeof(*turn));

    if (turn == NULL) {
        worker_no_memory(w);
        endpoint_wait_end(w, site, OC_OUR_MEMORY);
        return;
    }
    turn->w = w;
    turn->site = site;
    site->turn_is = TURN_AT_GATE;
    site->turn.at_gate = turn;
    submit(turn);
}

/* Those that wait were judged when they came, and by each new blocklist: the job names none of them. */
static void on_turn(struct gate_job *job, enum outcome oc)
{
    struct turn *turn = (struct turn *)job;
    struct worker *w = turn->w;
    struct site *site = turn->site;

    if (oc != OC_OK) {
        turn_free(turn);
        if (scan_phase(w->scan) == PHASE_RUN)
            endpoint_wait_end(w, site, oc);
        else
            stand_in_line(w, site);
        return;
    }
    endpoint_probe(w, site, site_first(site), job);
    if (site_first(site) != NULL)
        submit(turn);
    else
        turn_free(turn);
}

void endpoint_wait(struct worker *w, struct site *site)
{
    struct turn *turn = site->turn.at_gate;

    if (site->turn_is == TURN_NONE) {
        stand_in_line(w, site);
    } else if (site->turn_is == TURN_AT_GATE && site_first(site)->order < turn->job.order) {
        gate_withdraw(w->gate, &turn->job);
        submit(turn);
    }
}

void endpoint_wait_prefer(struct worker *w, struct site *site, uint8_t rank)
{
    const bool in_line = site->turn_is == TURN_IN_LINE;

    if (in_line)
        leave_line(w, site);
    site->rank = rank & (MX_RANKS - 1);
    if (in_line)
        stand_in_line(w, site); /* at the gate it stays where it is: late ones are few there */
}

void endpoint_wait_ahead(struct worker *w, struct site *site)
{
    if (site->turn_is == TURN_NONE && site->rank == 0)
        go_to_gate(w, site);
    else
        endpoint_wait(w, site);
}

/* The scan is at its end: a record for each that waits, as fast as they are written. */
static void end_some(struct worker *w, const struct site_line *line)
{
    while (line->first != NULL && !outbox_is_behind(w->outbox)) {
        struct site *site = line->first;
        struct site_host *host = site_first(site);

        if (host != NULL)
            endpoint_take(w, site, host, scan_end_outcome(w->scan));
        else
            leave_line(w, site);
    }
}

static void go_some(struct worker *w, const struct site_line *line, bool late)
{
    while (line->first != NULL && scan_phase(w->scan) == PHASE_RUN &&
           gate_has_room(w->gate, LANE_SMTP, late)) {
        struct site *site = line->first;

        leave_line(w, site);
        if (site_first(site) != NULL) /* else they had their end while they stood there */
            go_to_gate(w, site);
    }
}

void endpoint_wait_turn(struct worker *w)
{
    for (unsigned rank = 0; rank < MX_RANKS; rank++) {
        if (scan_phase(w->scan) != PHASE_RUN)
            end_some(w, &w->lines[rank]);
        go_some(w, &w->lines[rank], rank > 0);
    }
}

void endpoint_wait_end(struct worker *w, struct site *site, enum outcome oc)
{
    struct site_host *host;

    while ((host = site_first(site)) != NULL)
        endpoint_take(w, site, host, oc);
}

/* What the new list names at a site. */
static void exclude(struct worker *w, struct site *site)
{
    const bool all = blocklist_has_address(w->blocklist, &site->node.address);
    struct site_host *host = site_take_waiting(site), *next;

    for (; host != NULL; host = next) {
        next = host->next_waiting;
        if (all || blocklist_has_name(w->blocklist, host->name)) {
            count(&w->counters.excluded);
            endpoint_take(w, site, host, OC_BLOCKLISTED);
        } else {
            site_wait_again(site, host);
        }
    }
    if (site->turn_is == TURN_AT_GATE && site_first(site) == NULL) {
        gate_withdraw(w->gate, &site->turn.at_gate->job);
        turn_free(site->turn.at_gate);
    }
}

void endpoint_wait_exclude(struct worker *w)
{
    struct addrmap_cursor at = {0};
    struct addrmap_node *node;

    while ((node = addrmap_next(&w->sites, &at)) != NULL)
        exclude(w, (struct site *)node);
}
