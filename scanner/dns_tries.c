#include "scanner/dns_private.h"

#include <stdlib.h>

/* Tries begin at 0, t, 3t, 7t, ...: as many as begin before the deadline. */
uint64_t tries_set_waits(struct dns *d)
{
    uint64_t wait_ms = d->env.timeout_ms, at_ms = 0;
    uint64_t until_ms = d->env.deadline_ms > 0 ? d->env.deadline_ms : 4 * wait_ms;

    while (at_ms < until_ms && d->n_tries < MOST_TRIES) {
        bool last = at_ms + wait_ms >= until_ms || d->n_tries + 1 == MOST_TRIES;

        d->sent[d->n_tries++].wait_ms = last ? until_ms - at_ms : wait_ms;
        at_ms += wait_ms;
        wait_ms *= 2;
    }
    d->sent_stream.wait_ms = until_ms;
    return until_ms;
}

void free_ticket(struct dns *d, struct ticket *t)
{
    t->next = d->free_tickets;
    d->free_tickets = t;
}

struct dns_query *unlink_ticket(struct ticket *t)
{
    struct dns_query *q = t->exchange.asker;
    struct ticket **at;

    if (q == NULL)
        return NULL;
    for (at = &q->tickets; *at != t;)
        at = &(*at)->next;
    *at = t->next;
    return q;
}

void tries_give_up(struct dns_query *q)
{
    enum outcome oc = OC_DNS_TIMEOUT;

    if (q->stream) /* the resolver is there, since it answered by UDP */
        oc = OC_DNS_TRUNCATED;
    else if (resolvers_was_refused(&q->dns->resolvers, q->resolver, q->began_ms))
        oc = OC_DNS_RESOLVER_DOWN;
    count(&q->dns->env.counters->dns_timeouts);
    query_settle(q, (struct result){(uint16_t)oc, SRC_NONE, 0});
    query_finish(q);
}

static uint8_t query_flags(const struct dns_query *q)
{
    return (uint8_t)(q->flags | (q->second ? DNS_CD : 0));
}

/* Another try, while the answers to earlier ones still do: as long as these leave room to tries. */
static void try_again(struct dns_query *q)
{
    if (udp_is_crowded(q->dns->udp))
        query_cancel_tries(q);
    query_remove(q);
    query_append(&q->dns->again, q);
}

/* The tries of a resolver that is found to be down go to another, where there is one. */
void tries_leave_resolver(struct dns *d, uint32_t resolver)
{
    if (resolvers_all_down(&d->resolvers))
        return;
    for (uint32_t i = 0; i + 1 < d->n_tries; i++) /* after the last one there is no other */
        for (struct dns_query *q = d->sent[i].first, *next; q != NULL; q = next) {
            next = q->next;
            if (q->resolver == resolver)
                try_again(q);
        }
}

void on_refused(struct dns *d, uint32_t resolver)
{
    if (resolvers_refused(&d->resolvers, resolver, d->env.timers->now_ms))
        tries_leave_resolver(d, resolver);
    while (d->env.hasty && d->sent[0].first != NULL)
        tries_give_up(d->sent[0].first);
}

void tries_hold(struct dns_query *q)
{
    query_cancel_tries(q);
    query_remove(q);
    query_append(q->stream ? &q->dns->streams : &q->dns->again, q);
}

/* Does what becomes of its first try tell of the resolver? Names that were silent before, or failed, tell of
 * themselves. */
static bool is_telling(const struct dns_query *q)
{
    return !q->stream && !q->second && (q->flags & DNS_AGAIN) == 0;
}

/* Whether too many first tries are lost is told once more when the time of the second ones is over: a
 * resolver that is slow answers between, and is not silent. */
static bool is_found_down(const struct dns_query *q)
{
    struct resolvers *r = &q->dns->resolvers;

    if (q->tries == 1)
        return is_telling(q) && resolvers_lost(r, q->resolver, q->began_ms, q->dns->env.timers->now_ms);
    return resolvers_lost_too_many(r, q->resolver, q->began_ms);
}

static void on_wait_over(struct dns_query *q)
{
    struct dns *d = q->dns;

    if (!q->stream && is_found_down(q))
        tries_leave_resolver(d, q->resolver);
    if (q->in == &d->again)
        return;
    if (dns_is_paused(d))
        tries_hold(q);
    else if (q->stream || q->tries >= d->n_tries)
        tries_give_up(q);
    else
        try_again(q);
}

static void end_waits(struct dns *d, struct query_list *sent)
{
    while (sent->first != NULL && sent->first->tried_ms + sent->wait_ms <= d->env.timers->now_ms)
        on_wait_over(sent->first);
}

void tries_end_waits(struct dns *d)
{
    for (uint32_t i = 0; i < d->n_tries; i++)
        end_waits(d, &d->sent[i]);
    end_waits(d, &d->sent_stream);
}

static void add_tickets(struct dns *d)
{
    struct ticket_block *block = aligned_alloc(_Alignof(struct ticket_block), sizeof(*block));

    if (block == NULL)
        return;
    block->next = d->ticket_blocks;
    d->ticket_blocks = block;
    for (uint32_t i = TICKETS_AT_ONCE; i-- > 0;)
        free_ticket(d, &block->tickets[i]);
}

struct ticket *take_ticket(struct dns *d, uint32_t resolver)
{
    struct ticket *t;

    if (d->free_tickets == NULL)
        add_tickets(d);
    t = d->free_tickets;
    if (t == NULL)
        return NULL;
    d->free_tickets = t->next;
    t->exchange.asker = NULL;
    t->exchange.resolver = resolver;
    t->exchange.is_telling = false;
    return t;
}

/* NULL: no memory. */
static struct ticket *new_ticket(struct dns *d, struct dns_query *q)
{
    struct ticket *t = take_ticket(d, q->resolver);

    if (t == NULL)
        return NULL;
    t->exchange.asker = q;
    t->exchange.prefix = q->prefix;
    t->exchange.name = q->name;
    t->exchange.type = q->type;
    t->exchange.flags = query_flags(q);
    t->exchange.is_telling = q->tries == 0 && is_telling(q);
    t->next = q->tickets;
    q->tickets = t;
    return t;
}

void tries_send(struct dns *d, struct dns_query *q)
{
    const uint64_t now_ms = d->env.timers->now_ms;
    uint8_t query[DNS_QUERY_BYTES];
    const size_t len = dns_message_query(query, q->prefix, q->name, (enum dns_type)q->type, query_flags(q));
    struct ticket *ticket;

    if (!q->stream) /* which goes to where the answer did not fit */
        q->resolver = resolvers_pick(&d->resolvers, q->tries > 0 ? q->resolver : RESOLVER_NONE, now_ms);
    ticket = len > 0 ? new_ticket(d, q) : NULL;
    if (ticket == NULL) {
        query_refuse(q, len > 0 ? OC_OUR_MEMORY : OC_DNS_NOT_QUERYABLE);
        return;
    }
    query_remove(q);
    query_append(q->stream ? &d->sent_stream : &d->sent[q->tries], q);
    count(q->tries == 0 ? &d->env.counters->queries : &d->env.counters->dns_retries);
    q->tries++;
    q->tried_ms = now_ms;
    if (q->stream)
        tcp_send(d->tcp, &ticket->exchange, query, len);
    else
        udp_send(d->udp, &ticket->exchange, query, len);
}

/* It was the resolvers: what was held is asked anew. */
static void begin_anew(struct dns_query *q)
{
    count(&q->dns->env.counters->dns_timeouts);
    if (!q->second && query_attempts(q) + 1 < MOST_ATTEMPTS)
        query_note_attempt(q, (struct result){OC_DNS_RESOLVER_DOWN, SRC_NONE, 0});
    q->tries = 0;
}

void tries_go_on(struct dns *d)
{
    probes_end(d);
    for (struct dns_query *q = d->again.first, *next; q != NULL; q = next) {
        next = q->next;
        if (d->outage && q->tries > 0)
            begin_anew(q);
        else if (q->tries >= d->n_tries)
            tries_give_up(q);
    }
}
