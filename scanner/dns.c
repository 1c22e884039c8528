#include "scanner/dns.h"

#include "scanner/dns_cares.h"
#include "scanner/dns_message.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TURN_MOST_QUERIES \
    128 /* sent in one turn, so that sockets are drained between, and servers do not see bursts */
#define IDS_AT_ONCE    256  /* random ids drawn together */
#define MOST_ATTEMPTS  3    /* a question put again after this program stood still */
#define STALL_SLACK_MS 1000 /* a time-out so much before the deadline came from a stall */

/* What the carrier holds: it outlives the question when the deadline ends that first. */
struct ticket {
    struct dns *dns;
    struct dns_query *query; /* NULL: no longer wanted */
};
struct dns_query {
    struct timer timer; /* first: the deadline */
    struct dns *dns;
    struct dns_query *next, *prev;
    const char *name;
    enum dns_type type;
    unsigned flags;
    struct arena *arena;
    struct rec_dns *answer;
    struct ticket *ticket; /* NULL: nothing of it is with the carrier */
    uint64_t began_ms;
    dns_done_fn done;
    void *arg;
    struct query_list *in; /* the list that it is in */
    bool second;           /* the one with CD=1 */
    bool stream;           /* by TCP: the answer by UDP was truncated */
};
struct query_list {
    struct dns_query *first, *last;
    uint32_t n;
};
struct dns {
    struct dns_env env;
    struct carrier *carrier;
    struct query_list waiting, streams, sent; /* streams: wait for a connection */
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

static void on_answer(void *arg, struct result r, const uint8_t *msg, size_t len);

int dns_new(const struct dns_env *env, struct dns **out, struct sts_err *err)
{
    struct dns *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    d->env = *env;
    if (carrier_new(env, on_answer, &d->carrier, err) != STS_OK) {
        free(d);
        return err->code;
    }
    *out = d;
    return STS_OK;
}

void dns_close(struct dns *d)
{
    dns_cancel_all(d, OC_OUR_STOP);
    carrier_close(d->carrier);
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

/* Out of its list, without a deadline, and unknown to the carrier. */
static void detach(struct dns_query *q)
{
    timers_stop(q->dns->env.timers, &q->timer);
    if (q->ticket != NULL)
        q->ticket->query = NULL;
    q->ticket = NULL;
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

static void on_deadline(struct timer *t)
{
    struct dns_query *q = (struct dns_query *)t;

    count(&q->dns->env.counters->dns_timeouts);
    settle(q, (struct result){q->stream ? OC_DNS_TRUNCATED : OC_DNS_TIMEOUT, SRC_NONE, 0});
    finish(q);
}

/* Back to the queue of the unsent. */
static void ask_again(struct dns_query *q)
{
    detach(q);
    list_append(q->stream ? &q->dns->streams : &q->dns->waiting, q);
}

static bool was_stalled(const struct dns_query *q, struct result r)
{
    uint64_t took_ms = q->dns->env.timers->now_ms - q->began_ms;

    return r.oc == OC_DNS_TIMEOUT && !q->second && q->answer->att.n + 1 < MOST_ATTEMPTS &&
           !q->dns->stopping && took_ms + STALL_SLACK_MS < q->dns->env.timeout_ms;
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

/* The resolver is there, since it answered by UDP. */
static struct result of_stream(struct result r)
{
    if (r.oc == OC_DNS_TIMEOUT || r.oc == OC_DNS_RESOLVER_DOWN)
        r.oc = OC_DNS_TRUNCATED;
    return r;
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

static void on_answer(void *arg, struct result r, const uint8_t *msg, size_t len)
{
    struct ticket *ticket = arg;
    struct dns_query *q = ticket->query;

    free(ticket);
    if (q == NULL)
        return;
    q->ticket = NULL;
    count(r.oc == OC_OK || r.oc == OC_DNS_MALFORMED ? &q->dns->env.counters->answers
                                                    : &q->dns->env.counters->dns_timeouts);
    if (was_stalled(q, r)) {
        note_attempt(q, (struct result){OC_OUR_STALL, r.src, r.raw});
        ask_again(q);
        return;
    }
    if (r.oc == OC_OK && !q->stream && is_truncated(msg, len) && !q->dns->stopping) {
        ask_by_stream(q);
        return;
    }
    if (q->stream)
        r = of_stream(r);
    if (r.oc == OC_OK)
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

static void send_query(struct dns *d, struct dns_query *q)
{
    uint8_t query[DNS_QUERY_BYTES];
    size_t len = dns_message_query(query, next_id(d), q->name, q->type, q->flags | (q->second ? DNS_CD : 0));
    struct ticket *ticket = len > 0 ? malloc(sizeof(*ticket)) : NULL;

    if (ticket == NULL ||
        (d->env.deadline_ms > 0 &&
         timers_start(d->env.timers, &q->timer, d->env.deadline_ms, on_deadline) != STS_OK)) {
        free(ticket);
        refuse(q, len == 0 ? OC_DNS_NOT_QUERYABLE : OC_OUR_MEMORY);
        return;
    }
    *ticket = (struct ticket){d, q};
    list_remove(q);
    list_append(&d->sent, q);
    q->ticket = ticket;
    count(&d->env.counters->queries);
    if (q->stream)
        carrier_send_stream(d->carrier, query, len, ticket);
    else
        carrier_send(d->carrier, query, len, ticket);
}

/* The next question that there is room for; those by TCP have waited longer. */
static struct dns_query *next_query(const struct dns *d)
{
    if (d->streams.first != NULL && carrier_has_stream(d->carrier))
        return d->streams.first;
    return d->waiting.first;
}

bool dns_turn(struct dns *d, int64_t now_ns)
{
    uint32_t ready = d->waiting.n + (carrier_has_stream(d->carrier) ? d->streams.n : 0);
    uint32_t most = ready < TURN_MOST_QUERIES ? ready : TURN_MOST_QUERIES;
    struct dns_query *q;
    uint32_t turns, left;

    carrier_turn(d->carrier, now_ns);
    if (!carrier_has_room(d->carrier))
        return false;
    turns = left = rate_take(d->env.rate, now_ns, most);
    for (; left > 0 && (q = next_query(d)) != NULL; left--) {
        q->began_ms = q->second || q->stream ? q->began_ms : d->env.timers->now_ms;
        if (d->env.excludes != NULL && d->env.excludes(d->env.excludes_arg, q->name))
            refuse(q, OC_BLOCKLISTED);
        else
            send_query(d, q);
    }
    return turns == TURN_MOST_QUERIES;
}

void dns_cancel_all(struct dns *d, enum outcome oc)
{
    struct dns_query *q;

    d->stopping = true;
    while ((q = d->waiting.first   ? d->waiting.first
                : d->streams.first ? d->streams.first
                                   : d->sent.first) != NULL) {
        settle(q, (struct result){(uint16_t)oc, SRC_NONE, 0});
        finish(q); /* what `done` asks now is ended here as well */
    }
}

uint32_t dns_waiting(const struct dns *d)
{
    return d->waiting.n + d->streams.n;
}
