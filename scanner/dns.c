#include "scanner/dns.h"

#include "scanner/dns_private.h"

#include <stdlib.h>
#include <string.h>

#define TURN_MOST_QUERIES \
    128 /* sent in one turn, so that sockets are drained between, and servers do not see bursts */
#define TCP_EXTRA_MS 1000 /* c-ares keeps a message so much longer than its question waits */

void query_append(struct query_list *list, struct dns_query *q)
{
    q->next = NULL;
    q->prev = list->last;
    *(list->last ? &list->last->next : &list->first) = q;
    list->last = q;
    list->n++;
    q->in = list;
}

void query_remove(struct dns_query *q)
{
    struct query_list *list = q->in;

    *(q->prev ? &q->prev->next : &list->first) = q->next;
    *(q->next ? &q->next->prev : &list->last) = q->prev;
    list->n--;
}

int dns_new(const struct dns_env *env, struct dns **out, struct sts_err *err)
{
    struct dns *d = calloc(1, sizeof(*d));
    uint64_t wait_ms;

    if (d == NULL || (d->probes = probes_new(env->n_servers)) == NULL ||
        resolvers_init(&d->resolvers, env->n_servers) != STS_OK) {
        if (d != NULL)
            free(d->probes);
        free(d);
        return sts_fail(err, STS_ENOMEM, "out of memory");
    }
    d->env = *env;
    d->most_first = udp_window(env);
    wait_ms = tries_set_waits(d);
    if (tcp_new(&d->env, wait_ms + TCP_EXTRA_MS, on_answer, d, &d->tcp, err) != STS_OK ||
        udp_new(&d->env, on_answer, on_refused, d, &d->udp, err) != STS_OK) {
        if (d->tcp != NULL)
            tcp_close(d->tcp);
        resolvers_fini(&d->resolvers);
        free(d->probes);
        free(d);
        return err->code;
    }
    *out = d;
    return STS_OK;
}

void dns_close(struct dns *d)
{
    struct ticket_block *block;

    dns_cancel_all(d, OC_OUR_STOP);
    probes_end(d);
    udp_close(d->udp);
    tcp_close(d->tcp); /* gives back every ticket */
    while ((block = d->ticket_blocks) != NULL) {
        d->ticket_blocks = block->next;
        free(block);
    }
    free(d->probes);
    resolvers_fini(&d->resolvers);
    free(d);
}

void dns_ask(struct dns *d, struct dns_query *q)
{
    *q = (struct dns_query){.prefix = q->prefix,
                            .name = q->name,
                            .arena = q->arena,
                            .done = q->done,
                            .type = q->type,
                            .flags = q->flags,
                            .dns = d};
    query_append(&d->waiting, q);
}

struct noted { /* in one piece, with the first of the attempts: mostly there is no other */
    struct rec_dns answer;
    struct rec_attempt first;
};

struct rec_dns *query_answer(struct dns_query *q)
{
    struct noted *noted;

    if (q->answer != NULL || (noted = arena_alloc(q->arena, sizeof(*noted))) == NULL)
        return q->answer;
    noted->answer.att.v = &noted->first;
    return q->answer = &noted->answer;
}

uint32_t query_attempts(const struct dns_query *q)
{
    return q->answer != NULL ? q->answer->att.n : 0;
}

/* Room for one attempt, then for all there can be. */
static bool make_room(struct dns_query *q)
{
    struct rec_dns *answer = q->answer;
    struct rec_attempt *list;

    if (answer->att.n != 1)
        return answer->att.n < MOST_ATTEMPTS;
    list = arena_alloc(q->arena, MOST_ATTEMPTS * sizeof(*list));
    if (list == NULL) {
        q->no_memory = true;
        return false;
    }
    list[0] = answer->att.v[0];
    answer->att.v = list;
    return true;
}

void query_note_attempt(struct dns_query *q, struct result r)
{
    struct rec_dns *answer = query_answer(q);

    if (answer == NULL)
        return;
    answer->oc = r.oc;
    if (make_room(q))
        answer->att.v[answer->att.n++] =
            (struct rec_attempt){.t_ms = q->began_ms,
                                 .dur_ms = q->dns->env.timers->now_ms - q->began_ms,
                                 .oc = r.oc,
                                 .src = r.src,
                                 .raw = r.raw};
}

void query_cancel_tries(struct dns_query *q)
{
    for (struct ticket *t = q->tickets, *next; t != NULL; t = next) {
        next = t->next;
        t->exchange.asker = NULL;
        if (q->stream)
            continue;
        udp_cancel(q->dns->udp, &t->exchange);
        free_ticket(q->dns, t);
    }
    q->tickets = NULL;
}

void query_detach(struct dns_query *q)
{
    query_cancel_tries(q);
    q->tries = 0;
    query_remove(q);
}

void query_settle(struct dns_query *q, struct result r)
{
    if (!q->second)
        query_note_attempt(q, r);
    else if (q->answer != NULL)
        q->answer->cd_oc = r.oc;
}

void query_finish(struct dns_query *q)
{
    query_detach(q);
    q->done(q, q->no_memory ? NULL : q->answer);
}

void query_refuse(struct dns_query *q, enum outcome oc)
{
    query_settle(q, (struct result){(uint16_t)oc, SRC_NONE, 0});
    query_finish(q);
}

/* How many questions may be asked the first time. Those that are asked again do not count: were they to fill
 * the window, as they do where 2 % of many questions have no answer, nothing else would be asked. */
static uint32_t first_room(const struct dns *d)
{
    const uint32_t room = d->sent[0].n < d->most_first ? d->most_first - d->sent[0].n : 0;

    return d->waiting.n < room ? d->waiting.n : room;
}

/* The next question that there is room for; those by TCP have waited longest, then those that were tried. */
static struct dns_query *next_query(const struct dns *d)
{
    if (d->streams.first != NULL && tcp_has_room(d->tcp))
        return d->streams.first;
    if (d->again.first != NULL)
        return d->again.first;
    return first_room(d) > 0 ? d->waiting.first : NULL;
}

static bool is_silent(const struct dns *d)
{
    return d->env.may_pause && !d->stopping && resolvers_all_down(&d->resolvers);
}

static void tell(_Atomic uint32_t *n, bool *told, bool now)
{
    if (now != *told)
        atomic_fetch_add(n, now ? 1 : UINT32_MAX);
    *told = now;
}

/* What one worker finds holds for all of them. */
static void tell_others(struct dns *d)
{
    if (d->env.network == NULL)
        return;
    tell(&d->env.network->n_silent, &d->told_silent, is_silent(d));
    tell(&d->env.network->n_surely, &d->told_surely, is_silent(d) && d->outage);
}

static bool follow_pause(struct dns *d)
{
    const bool paused = dns_is_paused(d);

    if (paused && !d->paused)
        d->outage = d->surely;
    d->surely = false;
    if (!paused && d->paused)
        tries_go_on(d);
    if (paused && d->env.network != NULL)
        d->outage |= network_is_surely_cut_off(d->env.network);
    d->paused = paused;
    tell_others(d);
    return paused;
}

bool dns_turn(struct dns *d, int64_t now_ns)
{
    uint32_t ready, most, turns, left;
    struct dns_query *q;

    tcp_turn(d->tcp, now_ns);
    tries_end_waits(d);
    ready = first_room(d) + d->again.n + (tcp_has_room(d->tcp) ? d->streams.n : 0);
    most = ready < TURN_MOST_QUERIES ? ready : TURN_MOST_QUERIES;
    if (follow_pause(d)) {
        probes_look(d);
        udp_flush(d->udp);
        return false;
    }
    if (d->env.may_pause)
        probes_watch(d, d->env.network != NULL && network_was_used(d->env.network));
    if (udp_is_behind(d->udp) || !udp_has_room(d->udp)) {
        udp_flush(d->udp);
        return false;
    }
    turns = left = rate_take(d->env.rate, now_ns, most);
    for (; left > 0 && (q = next_query(d)) != NULL; left--) {
        q->began_ms = q->second || q->stream || q->tries > 0 ? q->began_ms : d->env.timers->now_ms;
        __builtin_prefetch(q->next);
        if (d->env.excludes != NULL && d->env.excludes(d->env.excludes_arg, q))
            query_refuse(q, OC_BLOCKLISTED);
        else
            tries_send(d, q);
    }
    udp_flush(d->udp);
    return turns == TURN_MOST_QUERIES;
}

static void cancel(struct query_list *list, enum outcome oc)
{
    while (list->first != NULL) {
        struct dns_query *q = list->first;

        query_settle(q, (struct result){(uint16_t)oc, SRC_NONE, 0});
        query_finish(q);
    }
}

void dns_cancel_all(struct dns *d, enum outcome oc)
{
    d->stopping = true;
    tell_others(d);
    do { /* what `done` asks now is ended here as well */
        cancel(&d->streams, oc);
        cancel(&d->again, oc);
        cancel(&d->sent_stream, oc);
        for (uint32_t i = 0; i < d->n_tries; i++)
            cancel(&d->sent[i], oc);
        cancel(&d->waiting, oc);
    } while (dns_waiting(d) > 0);
}

bool dns_is_paused(const struct dns *d)
{
    const struct network *network = d->env.network;

    return is_silent(d) ||
           (d->env.may_pause && !d->stopping && network != NULL && network_is_cut_off(network));
}

uint32_t dns_waiting(const struct dns *d)
{
    return d->waiting.n + d->again.n + d->streams.n;
}
