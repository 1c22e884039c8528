#include "scanner/dns.h"

#include "scanner/dns_cares.h"
#include "scanner/dns_message.h"
#include "scanner/resolvers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TURN_MOST_QUERIES \
    128 /* sent in one turn, so that sockets are drained between, and servers do not see bursts */
#define IDS_AT_ONCE    256  /* random ids drawn together */
#define MOST_ATTEMPTS  3    /* a question put again after this program stood still */
#define MOST_TRIES     8    /* datagrams of one question */
#define KEEP_EXTRA_MS  1000 /* c-ares keeps a try so much longer than its question may wait */
#define STALL_SLACK_MS 1000 /* a time-out so much before the deadline came from a stall */

/* What the carrier holds of a try: it outlives the question when that ends first. */
struct ticket {
    struct message message; /* first */
    struct dns *dns;
    struct dns_query *query; /* NULL: no longer wanted */
    struct ticket *next;     /* of the same question, or free */
};
struct dns_query {
    struct dns *dns;
    struct dns_query *next, *prev;
    const char *name;
    enum dns_type type;
    unsigned flags;
    struct arena *arena;
    struct rec_dns *answer;
    struct ticket *tickets; /* tries whose answer would still do */
    uint64_t began_ms, tried_ms;
    dns_done_fn done;
    void *arg;
    struct query_list *in; /* the list that it is in */
    uint32_t resolver;     /* of the last try */
    uint8_t tries;
    bool second; /* the one with CD=1 */
    bool stream; /* by TCP: the answer by UDP was truncated */
};
struct query_list {
    struct dns_query *first, *last;
    uint32_t n;
    uint64_t wait_ms; /* for an answer, in a list of those that are sent: they leave as they came */
};
struct dns {
    struct dns_env env;
    struct carrier *carrier;
    struct resolvers resolvers;
    struct query_list waiting, again, streams; /* not sent; tries that are due; to be sent by TCP */
    struct query_list sent[MOST_TRIES];        /* by how often they were tried */
    struct query_list sent_stream;
    uint32_t n_tries;
    struct ticket *free_tickets;
    uint16_t ids[IDS_AT_ONCE];
    uint32_t n_ids;
    bool stopping;
};

static void list_append(struct query_list *list, struct dns_query *q)
{
    q->next = NULL;
    q->prev = list->last;
    *(list->last ? &list->last->next : &list->first) = q;
    list->last = q;
    list->n++;
    q->in = list;
}

static void list_remove(struct dns_query *q)
{
    struct query_list *list = q->in;

    *(q->prev ? &q->prev->next : &list->first) = q->next;
    *(q->next ? &q->next->prev : &list->last) = q->prev;
    list->n--;
}

static void on_answer(struct message *m, struct result r, const uint8_t *msg, size_t len);
static void on_refused(struct dns *d, uint32_t resolver);

/* Tries begin at 0, t, 3t, 7t, ...: as many as begin before the deadline. */
static uint64_t set_waits(struct dns *d)
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

int dns_new(const struct dns_env *env, struct dns **out, struct sts_err *err)
{
    struct dns *d = calloc(1, sizeof(*d));

    if (d == NULL || resolvers_init(&d->resolvers, env->n_servers) != STS_OK) {
        free(d);
        return sts_fail(err, STS_ENOMEM, "out of memory");
    }
    d->env = *env;
    if (carrier_new(env, set_waits(d) + KEEP_EXTRA_MS, on_answer, on_refused, d, &d->carrier, err) !=
        STS_OK) {
        resolvers_fini(&d->resolvers);
        free(d);
        return err->code;
    }
    *out = d;
    return STS_OK;
}

void dns_close(struct dns *d)
{
    struct ticket *t;

    dns_cancel_all(d, OC_OUR_STOP);
    carrier_close(d->carrier); /* gives back every ticket */
    while ((t = d->free_tickets) != NULL) {
        d->free_tickets = t->next;
        free(t);
    }
    resolvers_fini(&d->resolvers);
    free(d);
}

bool dns_ask(struct dns *d, const char *name, enum dns_type type, unsigned flags, struct arena *arena,
             dns_done_fn done, void *arg)
{
    struct dns_query *q = arena_alloc(arena, sizeof(*q));

    if (q == NULL)
        return false;
    *q = (struct dns_query){
        .dns = d, .name = name, .type = type, .flags = flags, .arena = arena, .done = done, .arg = arg};
    q->answer = arena_alloc(arena, sizeof(*q->answer));
    if (q->answer == NULL)
        return false;
    list_append(&d->waiting, q);
    return true;
}

/* Room for one attempt, then for all there can be. Without memory the outcome stays, and the attempt is not
 * listed. */
static bool make_room(struct dns_query *q)
{
    struct rec_dns *answer = q->answer;
    struct rec_attempt *list;

    if (answer->att.v != NULL && answer->att.n != 1)
        return answer->att.n < MOST_ATTEMPTS;
    list = arena_alloc(q->arena, (answer->att.v != NULL ? MOST_ATTEMPTS : 1) * sizeof(*list));
    if (list == NULL)
        return false;
    if (answer->att.v != NULL)
        list[0] = answer->att.v[0];
    answer->att.v = list;
    return true;
}

static void note_attempt(struct dns_query *q, struct result r)
{
    struct rec_dns *answer = q->answer;

    answer->oc = r.oc;
    if (make_room(q))
        answer->att.v[answer->att.n++] =
            (struct rec_attempt){.t_ms = q->began_ms,
                                 .dur_ms = q->dns->env.timers->now_ms - q->began_ms,
                                 .oc = r.oc,
                                 .src = r.src,
                                 .raw = r.raw};
}

/* Out of its list, and unknown to the carrier. */
static void detach(struct dns_query *q)
{
    for (struct ticket *t = q->tickets; t != NULL; t = t->next)
        t->query = NULL;
    q->tickets = NULL;
    q->tries = 0;
    list_remove(q);
}

/* The one end of a question. */
static void finish(struct dns_query *q)
{
    detach(q);
    q->done(q->arg, q->answer);
}

static void settle(struct dns_query *q, struct result r)
{
    if (q->second)
        q->answer->cd_oc = r.oc;
    else
        note_attempt(q, r);
}

/* No answer came in time to the last try, or none can. */
static void give_up(struct dns_query *q)
{
    enum outcome oc = OC_DNS_TIMEOUT;

    if (q->stream) /* the resolver is there, since it answered by UDP */
        oc = OC_DNS_TRUNCATED;
    else if (resolvers_was_refused(&q->dns->resolvers, q->resolver, q->began_ms))
        oc = OC_DNS_RESOLVER_DOWN;
    count(&q->dns->env.counters->dns_timeouts);
    settle(q, (struct result){(uint16_t)oc, SRC_NONE, 0});
    finish(q);
}

/* Back to the queue of the unsent. */
static void ask_again(struct dns_query *q)
{
    detach(q);
    list_append(q->stream ? &q->dns->streams : &q->dns->waiting, q);
}

/* Another try, while the answers to earlier ones still do. */
static void try_again(struct dns_query *q)
{
    list_remove(q);
    list_append(&q->dns->again, q);
}

/* The tries of a resolver that is found to be down go to another, where there is one. */
static void leave_resolver(struct dns *d, uint32_t resolver)
{
    if (d->resolvers.n_down == d->resolvers.n)
        return;
    for (uint32_t i = 0; i + 1 < d->n_tries; i++) /* after the last one there is no other */
        for (struct dns_query *q = d->sent[i].first, *next; q != NULL; q = next) {
            next = q->next;
            if (q->resolver == resolver)
                try_again(q);
        }
}

static void on_refused(struct dns *d, uint32_t resolver)
{
    if (resolvers_refused(&d->resolvers, resolver, d->env.timers->now_ms))
        leave_resolver(d, resolver);
    while (d->env.hasty && d->sent[0].first != NULL)
        give_up(d->sent[0].first);
}

static void on_wait_over(struct dns_query *q)
{
    struct dns *d = q->dns;

    if (!q->stream && resolvers_lost(&d->resolvers, q->resolver))
        leave_resolver(d, q->resolver);
    if (q->in == &d->again)
        return;
    if (q->stream || q->tries >= d->n_tries)
        give_up(q);
    else
        try_again(q);
}

static void end_waits(struct dns *d, struct query_list *sent)
{
    while (sent->first != NULL && sent->first->tried_ms + sent->wait_ms <= d->env.timers->now_ms)
        on_wait_over(sent->first);
}

/* c-ares waits longer than a question does, but by the wall clock. */
static bool was_stalled(const struct dns_query *q, struct result r)
{
    uint64_t took_ms = q->dns->env.timers->now_ms - q->tried_ms;

    return r.oc == OC_DNS_TIMEOUT && !q->second && q->answer->att.n + 1 < MOST_ATTEMPTS &&
           !q->dns->stopping && took_ms + STALL_SLACK_MS < q->dns->sent_stream.wait_ms;
}

/* RFC 1035 section 4.1.1: TC, in the third byte. */
static bool is_truncated(const uint8_t *msg, size_t len)
{
    return len > 2 && (msg[2] & 2) != 0;
}

/* By TCP, RFC 7766 section 5. */
static void ask_by_stream(struct dns_query *q)
{
    q->stream = true;
    ask_again(q);
}

/* Of the second answer the outcome is kept, and no memory. */
static struct result read_second(const struct dns_query *q, const uint8_t *msg, size_t len)
{
    struct rec_dns ignored = {0};
    struct arena own;
    struct result r;

    arena_init(&own, DNS_ANSWER_MOST_BYTES);
    r = dns_message_answer(msg, len, q->name, q->type, q->flags, &own, &ignored);
    arena_fini(&own);
    return r;
}

/* Its question, or NULL where that has ended. */
static struct dns_query *take_ticket(struct ticket *t)
{
    struct dns_query *q = t->query;
    struct ticket **at;

    if (q != NULL) {
        for (at = &q->tickets; *at != t;)
            at = &(*at)->next;
        *at = t->next;
    }
    t->next = t->dns->free_tickets;
    t->dns->free_tickets = t;
    return q;
}

/* A try ended without a message. Others of the question may still be on their way, or due. */
static void on_failure(struct dns_query *q, struct result r)
{
    if (was_stalled(q, r)) {
        if (q->tickets != NULL)
            return;
        note_attempt(q, (struct result){OC_OUR_STALL, r.src, r.raw});
        ask_again(q);
    } else if (q->stream) {
        give_up(q);
    } else if (r.oc == OC_DNS_RESOLVER_DOWN || r.oc == OC_DNS_TIMEOUT) {
        if (r.oc == OC_DNS_RESOLVER_DOWN)
            on_refused(q->dns, q->resolver);
    } else {
        settle(q, r);
        finish(q);
    }
}

static void on_message(struct dns_query *q, const uint8_t *msg, size_t len)
{
    struct result r;

    if (!q->stream && is_truncated(msg, len) && !q->dns->stopping) {
        ask_by_stream(q);
        return;
    }
    r = q->second ? read_second(q, msg, len)
                  : dns_message_answer(msg, len, q->name, q->type, q->flags, q->arena, q->answer);
    settle(q, r);
    if (r.oc == OC_DNS_SERVFAIL && !q->second && !q->dns->stopping) {
        q->second = true; /* does it fail, or only validation? RFC 4035 section 3.2.2 */
        q->stream = false;
        ask_again(q);
        return;
    }
    finish(q);
}

static void on_answer(struct message *m, struct result r, const uint8_t *msg, size_t len)
{
    struct ticket *t = (struct ticket *)m;
    struct dns *d = t->dns;
    struct dns_query *q = take_ticket(t);

    if (r.oc == OC_OK)
        resolvers_answered(&d->resolvers, m->resolver);
    if (q == NULL)
        return;
    if (r.oc == OC_OK || r.oc == OC_DNS_MALFORMED)
        count(&d->env.counters->answers);
    if (r.oc == OC_OK)
        on_message(q, msg, len);
    else
        on_failure(q, r);
}

/* Ids come from the system's CSPRNG, RFC 5452 section 9.2. */
static uint16_t next_id(struct dns *d)
{
    if (d->n_ids == 0) {
        if (getrandom(d->ids, sizeof(d->ids), 0) != (ssize_t)sizeof(d->ids))
            memset(d->ids, 0, sizeof(d->ids));
        d->n_ids = IDS_AT_ONCE;
    }
    return d->ids[--d->n_ids];
}

/* The end of a question that is not sent. */
static void refuse(struct dns_query *q, enum outcome oc)
{
    settle(q, (struct result){(uint16_t)oc, SRC_NONE, 0});
    finish(q);
}

static struct ticket *new_ticket(struct dns *d, struct dns_query *q)
{
    struct ticket *t = d->free_tickets;

    if (t != NULL)
        d->free_tickets = t->next;
    else if ((t = malloc(sizeof(*t))) == NULL)
        return NULL;
    *t = (struct ticket){.message.resolver = q->resolver, .dns = d, .query = q, .next = q->tickets};
    q->tickets = t;
    return t;
}

static void send_query(struct dns *d, struct dns_query *q)
{
    uint8_t query[DNS_QUERY_BYTES];
    size_t len = dns_message_query(query, next_id(d), q->name, q->type, q->flags | (q->second ? DNS_CD : 0));
    uint64_t now_ms = d->env.timers->now_ms;
    struct ticket *ticket;

    if (!q->stream) /* which goes to where the answer did not fit */
        q->resolver = resolvers_pick(&d->resolvers, q->tries > 0 ? q->resolver : RESOLVER_NONE, now_ms);
    ticket = len > 0 ? new_ticket(d, q) : NULL;
    if (ticket == NULL) {
        refuse(q, len == 0 ? OC_DNS_NOT_QUERYABLE : OC_OUR_MEMORY);
        return;
    }
    list_remove(q);
    list_append(q->stream ? &d->sent_stream : &d->sent[q->tries], q);
    q->tries++;
    q->tried_ms = now_ms;
    count(&d->env.counters->queries);
    if (q->stream)
        carrier_send_stream(d->carrier, query, len, &ticket->message);
    else
        carrier_send(d->carrier, query, len, &ticket->message);
}

/* The next question that there is room for; those by TCP have waited longest, then those that were tried. */
static struct dns_query *next_query(const struct dns *d)
{
    if (d->streams.first != NULL && carrier_has_stream(d->carrier))
        return d->streams.first;
    return d->again.first != NULL ? d->again.first : d->waiting.first;
}

static void end_all_waits(struct dns *d)
{
    for (uint32_t i = 0; i < d->n_tries; i++)
        end_waits(d, &d->sent[i]);
    end_waits(d, &d->sent_stream);
}

bool dns_turn(struct dns *d, int64_t now_ns)
{
    uint32_t ready, most, turns, left;
    struct dns_query *q;

    carrier_turn(d->carrier, now_ns);
    end_all_waits(d);
    ready = d->waiting.n + d->again.n + (carrier_has_stream(d->carrier) ? d->streams.n : 0);
    most = ready < TURN_MOST_QUERIES ? ready : TURN_MOST_QUERIES;
    if (!carrier_has_room(d->carrier))
        return false;
    turns = left = rate_take(d->env.rate, now_ns, most);
    for (; left > 0 && (q = next_query(d)) != NULL; left--) {
        q->began_ms = q->second || q->stream || q->tries > 0 ? q->began_ms : d->env.timers->now_ms;
        if (d->env.excludes != NULL && d->env.excludes(d->env.excludes_arg, q->name))
            refuse(q, OC_BLOCKLISTED);
        else
            send_query(d, q);
    }
    carrier_flush(d->carrier);
    return turns == TURN_MOST_QUERIES;
}

static void cancel(struct query_list *list, enum outcome oc)
{
    while (list->first != NULL) {
        struct dns_query *q = list->first;

        settle(q, (struct result){(uint16_t)oc, SRC_NONE, 0});
        finish(q);
    }
}

void dns_cancel_all(struct dns *d, enum outcome oc)
{
    d->stopping = true;
    do { /* what `done` asks now is ended here as well */
        cancel(&d->streams, oc);
        cancel(&d->again, oc);
        cancel(&d->sent_stream, oc);
        for (uint32_t i = 0; i < d->n_tries; i++)
            cancel(&d->sent[i], oc);
        cancel(&d->waiting, oc);
    } while (dns_waiting(d) > 0);
}

uint32_t dns_waiting(const struct dns *d)
{
    return d->waiting.n + d->again.n + d->streams.n;
}
