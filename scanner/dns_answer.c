#include "scanner/dns_private.h"

#define STALL_SLACK_MS 1000 /* a time-out so much before the deadline came from a stall */

/* Back to the queue of the unsent. */
static void ask_again(struct dns_query *q)
{
    query_detach(q);
    query_append(q->stream ? &q->dns->streams : &q->dns->waiting, q);
}

/* c-ares waits longer than a question does, but by the wall clock. */
static bool was_stalled(struct dns_query *q, struct result r)
{
    uint64_t took_ms = q->dns->env.timers->now_ms - q->tried_ms;

    return r.oc == OC_DNS_TIMEOUT && !q->second && query_attempts(q) + 1 < MOST_ATTEMPTS &&
           !q->dns->stopping && took_ms + STALL_SLACK_MS < q->dns->sent_stream.wait_ms;
}

/* RFC 1035 section 4.1.1: TC, in the third byte. */
static bool is_truncated(const uint8_t *msg, size_t len)
{
    return len > 2 && (msg[2] & 2) != 0;
}

/* RFC 1035 section 4.1.1: RCODE, in the fourth byte. */
static bool has_rcode(const struct exchange_answer *a, unsigned rcode)
{
    return a->len > 3 && (a->msg[3] & 15U) == rcode;
}

/* "The name server refuses to perform the specified operation for policy reasons." */
static bool is_refusal(const struct exchange_answer *a)
{
    return has_rcode(a, 5);
}

/* "The name server was unable to process this query due to a problem with the name server." */
static bool is_failure(const struct exchange_answer *a)
{
    return has_rcode(a, 2);
}

/* By TCP, RFC 7766 section 5. */
static void ask_by_stream(struct dns_query *q)
{
    query_detach(q);
    q->stream = true;
    query_append(&q->dns->streams, q);
}

/* Of the second answer the outcome is kept, and no memory. */
static struct result read_second(const struct dns_query *q, const struct exchange_answer *a)
{
    struct rec_dns ignored = {0};
    struct arena own;
    struct result r;

    arena_init(&own, DNS_ANSWER_MOST_BYTES);
    r = dns_message_answer(a->msg, a->len, a->question, (enum dns_type)q->type, q->flags, &own, &ignored);
    arena_fini(&own);
    return r;
}

static struct result read_first(struct dns_query *q, const struct exchange_answer *a)
{
    struct rec_dns *answer = query_answer(q);

    if (answer == NULL)
        return (struct result){OC_OUR_MEMORY, SRC_NONE, 0};
    return dns_message_answer(a->msg, a->len, a->question, (enum dns_type)q->type, q->flags, q->arena,
                              answer);
}

/* No connection came about: has the network gone for all, and nobody has noticed yet? */
static bool has_lost_network(const struct dns *d)
{
    return d->env.may_pause && !d->stopping && d->env.network != NULL && network_look(d->env.network);
}

/* A try ended without an answer. */
static void on_failure(struct dns_query *q, struct result r)
{
    if (was_stalled(q, r)) {
        count(&q->dns->env.counters->dns_timeouts);
        query_note_attempt(q, (struct result){OC_OUR_STALL, r.src, r.raw});
        ask_again(q);
    } else if (q->stream && (dns_is_paused(q->dns) || has_lost_network(q->dns))) {
        tries_hold(q);
    } else if (r.oc == OC_DNS_RESOLVER_DOWN && !q->stream) {
        on_refused(q->dns, q->resolver); /* the next try may be to another */
    } else if (r.oc == OC_DNS_RESOLVER_DOWN || r.oc == OC_DNS_TIMEOUT) {
        tries_give_up(q);
    } else {
        count(&q->dns->env.counters->dns_timeouts);
        query_settle(q, r);
        query_finish(q);
    }
}

static void on_message(struct dns_query *q, const struct exchange_answer *a)
{
    struct result r;

    count(&q->dns->env.counters->answers);
    if (!q->stream && is_truncated(a->msg, a->len) && !q->dns->stopping) {
        ask_by_stream(q);
        return;
    }
    if ((is_refusal(a) || is_failure(a)) && dns_is_paused(q->dns)) {
        tries_hold(q);
        return;
    }
    r = q->second ? read_second(q, a) : read_first(q, a);
    if (!q->second && (r.oc == OC_OK || r.oc == OC_DNS_NODATA))
        probes_witness(q->dns, q, q->answer);
    query_settle(q, r);
    if (r.oc == OC_DNS_SERVFAIL && !q->second && !q->dns->stopping) {
        query_detach(q);
        q->second = true; /* does it fail, or only validation? RFC 4035 section 3.2.2 */
        q->stream = false;
        query_append(&q->dns->waiting, q);
        return;
    }
    query_finish(q);
}

/* A resolver that refuses whatever it is asked is of no more use than one that is silent. */
static void judge_resolver(struct dns *d, const struct exchange *x, const struct dns_query *q,
                           const struct exchange_answer *a)
{
    struct resolvers *r = &d->resolvers;
    const uint64_t now_ms = d->env.timers->now_ms;
    const bool is_telling = q != NULL && x->is_telling;

    if (is_refusal(a)) {
        if (!dns_is_paused(d) && resolvers_lost(r, x->resolver, now_ms, now_ms))
            tries_leave_resolver(d, x->resolver);
    } else if (dns_is_paused(d)) {
        if (is_telling && !is_failure(a))
            resolvers_spoke(r, x->resolver, now_ms);
    } else if (is_telling && q->tries > 1) {
        resolvers_answered_late(r, x->resolver, q->began_ms, now_ms);
    } else {
        resolvers_answered(r, x->resolver, is_telling ? q->began_ms : 0);
        if (is_telling && is_failure(a))
            resolvers_failed(r, x->resolver);
    }
}

static enum probe_answer as_probe(struct result r, const struct exchange_answer *a)
{
    if (r.oc != OC_OK || is_refusal(a))
        return PROBE_UNANSWERED;
    return is_failure(a) ? PROBE_FAILED : PROBE_ANSWERED;
}

void on_answer(struct dns *d, struct exchange *x, struct result r, const struct exchange_answer *answer)
{
    struct ticket *t = (void *)((char *)x - offsetof(struct ticket, exchange));
    struct dns_query *q = unlink_ticket(t);

    if (r.oc == OC_OK)
        resolvers_heard(&d->resolvers, x->resolver, d->env.timers->now_ms);
    if (!probes_answered(d, t, as_probe(r, answer)) && r.oc == OC_OK)
        judge_resolver(d, x, q, answer);
    if (q != NULL && r.oc == OC_OK)
        on_message(q, answer);
    else if (q != NULL)
        on_failure(q, r);
    free_ticket(d, t);
}
