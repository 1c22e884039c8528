/* endpoint_all.c - what befalls the endpoints of a worker all at once: a new blocklist, a stall, the end, the
 * verdict on the port. */
#include "scanner/endpoint_private.h"

void endpoint_exclude_all(struct worker *w)
{
    struct endpoint *e = w->endpoints, *next;

    endpoint_wait_exclude(w);
    endpoint_retry_exclude(w);
    for (; e != NULL; e = next) {
        next = e->next;
        if (e->running == NULL || (!blocklist_has_address(w->blocklist, &e->site->node.address) &&
                                   !blocklist_has_name(w->blocklist, e->host->name)))
            continue;
        count(&w->counters.excluded);
        probe_cancel(e->running->probe, OC_BLOCKLISTED); /* the rest follows from the loop */
    }
}

void endpoint_restart_all(struct worker *w)
{
    for (struct endpoint *e = w->endpoints; e != NULL; e = e->next) {
        if (e->running != NULL)
            probe_cancel(e->running->probe, OC_OUR_STALL);
    }
}

/* Those that have begun and do not wait: in flight where `running` says so, held. */
static void end_all(struct worker *w, enum outcome oc, bool running)
{
    struct endpoint *e = w->endpoints, *next;

    for (; e != NULL; e = next) {
        next = e->next;
        if (e->running != NULL && running)
            probe_cancel(e->running->probe, oc); /* the rest follows from the loop */
        else if (e->held && oc != OC_OUR_PORT_BLOCKED)
            endpoint_let_go(e);
        else if (e->held)
            endpoint_finish_empty(e, oc);
    }
}

void endpoint_end_all(struct worker *w, enum outcome oc)
{
    end_all(w, oc, scan_phase(w->scan) >= PHASE_END);
}

void endpoint_turn(struct worker *w)
{
    enum port_verdict verdict = port_verdict(&w->scan->port);
    struct endpoint *e, *next;

    endpoint_retry_turn(w);
    endpoint_wait_turn(w);
    if (verdict == w->port_verdict)
        return;
    w->port_verdict = verdict;
    if (verdict == PORT_BLOCKED) {
        gate_close(w->gate, LANE_SMTP, OC_OUR_PORT_BLOCKED);
        endpoint_retry_end(w, OC_OUR_PORT_BLOCKED);
        end_all(w, OC_OUR_PORT_BLOCKED, true);
        return;
    }
    for (e = w->endpoints; e != NULL; e = next) {
        next = e->next;
        if (e->held)
            endpoint_let_go(e);
    }
}
