/* policy_also.c - the policy once more, from each address of its host that had no say in what it came to. A
 * sender asks one address (RFC 8461 section 3.3), so this decides nothing: it tells whether all say the same.
 * Once each, one after the other, without another round. */
#include "scanner/policy_private.h"

#define FETCH_MOST_BYTES (1u << 20) /* that one fetch adds to a policy: body, headers, chain, evidence */

static bool is_running(const struct policy *p)
{
    return scan_phase(p->w->scan) == PHASE_RUN;
}

/* Go to the next address that is to be asked. False: there is none. */
static bool find_next(struct policy *p)
{
    const bool each = p->w->scan->options->policy_addresses == ADDRESSES_ALL;

    if (p->w->scan->options->policy_addresses == ADDRESSES_ONE)
        return false;
    for (; p->next_address < p->n_addresses; p->next_address++) {
        if (each || !(address_is_v4(&p->addresses[p->next_address]) ? p->asked_v4 : p->asked_v6))
            return true;
    }
    return false;
}

static void go_on(struct policy *p)
{
    if (!find_next(p))
        policy_finish(p, (enum outcome)p->rec.oc);
    else if (!is_running(p))
        policy_also_leave(p, scan_end_outcome(p->w->scan));
    else if (p->arena.total_bytes + FETCH_MOST_BYTES > POLICY_MOST_BYTES)
        policy_also_leave(p, OC_OUR_MEMORY);
    else
        policy_move_on(p);
}

void policy_also_begin(struct policy *p, enum outcome oc)
{
    const uint32_t most = p->n_addresses - p->n_tried;

    p->rec.oc = oc;
    p->is_decided = true;
    p->next_address = p->n_tried;
    p->n_stalls = 0;
    if (oc == OC_OUR_STOP || oc == OC_OUR_TAIL || oc == OC_OUR_MEMORY || !find_next(p)) {
        policy_finish(p, oc);
        return;
    }
    p->rec.others.v = arena_alloc(&p->arena, most * sizeof(*p->rec.others.v));
    p->also = arena_alloc(&p->arena, most * sizeof(*p->also));
    if (p->rec.others.v != NULL && p->also != NULL) {
        go_on(p);
        return;
    }
    worker_no_memory(p->w);
    policy_finish(p, oc);
}

/* The body is kept where it is another than that of the record, which stands for both. */
static void add(struct policy *p, struct rec_attempt attempt)
{
    const struct rec_policy *seen = &p->seen;
    const bool other = !sts_str_equal(seen->body_digest, p->rec.body_digest);

    p->also[p->rec.others.n] = p->certs;
    p->rec.others.v[p->rec.others.n++] =
        (struct rec_fetch){.ip = attempt.ip,
                           .t_ms = attempt.t_ms,
                           .dur_ms = attempt.dur_ms,
                           .oc = attempt.oc,
                           .src = attempt.src,
                           .raw = attempt.raw,
                           .tls = seen->tls,
                           .status = seen->status,
                           .headers = seen->headers,
                           .body_digest = seen->body_digest,
                           .body = other ? seen->body : (struct sts_str){NULL, 0},
                           .body_bytes = seen->body_bytes};
}

void policy_also_attempted(struct policy *p, struct result r, bool ours)
{
    if (is_running(p) && ours && p->n_stalls++ < ATTEMPTS_MOST_STALLS) {
        policy_move_on(p);
        return;
    }
    add(p, policy_attempt(p, r));
    p->n_stalls = 0;
    p->next_address++;
    if (r.oc == OC_OUR_STOP || r.oc == OC_OUR_TAIL || r.oc == OC_OUR_MEMORY)
        policy_finish(p, (enum outcome)p->rec.oc); /* that entry says it for those behind it, too */
    else
        go_on(p);
}

void policy_also_leave(struct policy *p, enum outcome oc)
{
    p->seen = (struct rec_policy){0};
    p->certs = (struct tls_certs){0};
    p->began_ms = p->w->timers.now_ms;
    add(p, policy_attempt(p, (struct result){(uint16_t)oc, SRC_NONE, 0}));
    policy_finish(p, (enum outcome)p->rec.oc);
}
