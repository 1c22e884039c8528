#include "scanner/own_fault.h"

#include "scanner/descriptors.h"

/* The peer has said nothing that led to this: no answer came, or the connection was gone. */
static bool is_silence(enum outcome oc)
{
    switch (oc) {
    case OC_TCP_TIMEOUT:
    case OC_TCP_RESET:
    case OC_TCP_UNREACHABLE:
    case OC_TCP_OTHER:
    case OC_SMTP_GREETING_TIMEOUT:
    case OC_SMTP_CLOSED_EARLY:
    case OC_SMTP_TIMEOUT:
    case OC_SMTP_RESET:
    case OC_SMTP_CLOSED:
    case OC_TLS_CLOSED:
    case OC_TLS_TIMEOUT:
    case OC_TLS_RESET:
    case OC_HTTP_TIMEOUT:
    case OC_HTTP_SHORT:
    case OC_HTTP_CLOSED:
    case OC_HTTP_RESET: return true;
    default: return false;
    }
}

/* Was this host cut off at any time since? */
static bool was_cut_off(const struct worker *w, uint64_t since_ms)
{
    return w->was_cut_off && since_ms <= w->cut_off_ms;
}

static void note_cut_off(struct worker *w)
{
    w->was_cut_off = true;
    w->cut_off_ms = w->timers.now_ms;
}

void own_fault_turn(struct worker *w)
{
    if (network_is_cut_off(&w->scan->network))
        note_cut_off(w);
}

/* There was no way to the peer: has it gone for all? */
static bool has_lost_network(struct worker *w, uint64_t began_ms)
{
    if (w->scan->options->outage_wait_ms > 0 && network_look(&w->scan->network))
        note_cut_off(w);
    return was_cut_off(w, began_ms);
}

bool own_fault(struct worker *w, const struct address *a, uint64_t began_ms, struct result *r)
{
    const enum outcome oc = (enum outcome)r->oc;

    if (oc == OC_OUR_DESCRIPTORS)
        descriptors_are_short(w->scan);
    if (oc == OC_OUR_STALL || oc == OC_OUR_DESCRIPTORS)
        return true;
    if (oc == OC_OUR_NETWORK)
        return has_lost_network(w, began_ms);
    if (outcome_class(oc) == OCC_ours || outcome_class(oc) == OCC_skipped)
        return false;
    if (!is_silence(oc))
        network_reached(&w->scan->network, a);
    if (w->was_suspended && oc != OC_OK) /* who waited for us in vain may say so, too */
        r->oc = OC_OUR_STALL;
    else if (is_silence(oc) && was_cut_off(w, began_ms))
        r->oc = OC_OUR_NETWORK;
    return r->oc != oc;
}
