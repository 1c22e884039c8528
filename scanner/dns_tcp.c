#define CARES_NO_DEPRECATED /* ares_send and ares_process_fd: the successors are not in Debian 12 */
#include "scanner/dns_tcp.h"

#include <ares.h>
#include <stdlib.h>
#include <string.h>

/* A channel carries one message at a time: c-ares ends or repeats whatever is in flight on it when a
 * connection is closed, which resolvers do as they like (RFC 7766 section 6.2.3). */
#define CHANNELS 64
#define TICK_NS  50000000

struct channel {
    struct tcp *tcp;
    ares_channel ares; /* NULL: not wanted yet */
    uint32_t resolver;
    struct exchange *exchange; /* NULL: free */
    bool has_socket;           /* or had, since the question came; else there was no descriptor for one */
    enum outcome fault;        /* of ours: its socket cannot be watched; OC_NONE: none */
};
struct poll { /* a socket of c-ares on the loop */
    uv_poll_t handle;
    struct poll *next;
    struct channel *channel;
    ares_socket_t fd;
    int events;
};
struct tcp {
    struct dns_env env;
    uint64_t wait_ms;
    exchange_done_fn done;
    struct dns *owner;
    struct channel channels[CHANNELS];
    uint32_t n_busy;
    uint32_t n_polls; /* handles that are not closed yet */
    int64_t next_tick_ns;
    bool closing;
    struct poll *polls;
};

static void free_if_closed(struct tcp *t)
{
    if (!t->closing || t->n_polls > 0)
        return;
    free(t);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct poll *poll = (struct poll *)handle;
    struct tcp *t = poll->channel->tcp;

    free(poll);
    t->n_polls--;
    free_if_closed(t);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct poll *poll = (struct poll *)handle;
    bool read = status < 0 || (events & UV_READABLE) != 0, write = status < 0 || (events & UV_WRITABLE) != 0;

    ares_process_fd(poll->channel->ares, read ? poll->fd : ARES_SOCKET_BAD,
                    write ? poll->fd : ARES_SOCKET_BAD);
}

static struct poll *new_poll(struct channel *channel, ares_socket_t fd)
{
    struct tcp *t = channel->tcp;
    struct poll *poll = calloc(1, sizeof(*poll));

    if (poll == NULL || uv_poll_init_socket(t->env.loop, &poll->handle, fd) != 0) {
        channel->fault = poll == NULL ? OC_OUR_MEMORY : OC_OUR_LIBRARY;
        free(poll);
        return NULL;
    }
    poll->channel = channel;
    poll->fd = fd;
    poll->next = t->polls;
    t->polls = poll;
    t->n_polls++;
    return poll;
}

static void drop_poll(struct tcp *t, struct poll *poll)
{
    struct poll **at = &t->polls;

    while (*at != poll)
        at = &(*at)->next;
    *at = poll->next;
    uv_close((uv_handle_t *)&poll->handle, on_poll_closed);
}

/* c-ares tells what it waits for at a socket; nothing any more means that it closes it. */
static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct channel *channel = data;
    struct poll *poll = channel->tcp->polls;
    int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);

    while (poll != NULL && (poll->fd != fd || poll->channel != channel))
        poll = poll->next;
    if (events == 0) {
        if (poll != NULL)
            drop_poll(channel->tcp, poll);
        return;
    }
    if (poll == NULL && (poll = new_poll(channel, fd)) == NULL)
        return; /* no answer will be seen: the next tick ends the question */
    if (poll->events != events && uv_poll_start(&poll->handle, events, on_poll) == 0)
        poll->events = events;
}

static int on_socket(ares_socket_t fd, int type, void *data)
{
    struct channel *channel = data;

    (void)fd, (void)type;
    channel->has_socket = true;
    return 0;
}

static void set_local_addresses(struct channel *ch)
{
    const struct address *v4 = ch->tcp->env.local_v4, *v6 = ch->tcp->env.local_v6;

    if (v4 != NULL)
        ares_set_local_ip4(ch->ares, (unsigned)v4->b[12] << 24 | (unsigned)v4->b[13] << 16 |
                                         (unsigned)v4->b[14] << 8 | v4->b[15]);
    if (v6 != NULL)
        ares_set_local_ip6(ch->ares, v6->b);
}

static int channel_open(struct channel *ch)
{
    const struct dns_env *env = &ch->tcp->env;
    struct ares_options options = {.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
                                            ARES_FLAG_USEVC,
                                   .timeout = (int)ch->tcp->wait_ms,
                                   .tries = 1,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = ch};
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB, rc;
    char server[SERVER_TEXT_BYTES];

#if ARES_VERSION >= 0x011f00
    options.maxtimeout = (int)ch->tcp->wait_ms;
    options.qcache_max_ttl = 0; /* every question goes to the resolver */
    mask |= ARES_OPT_MAXTIMEOUTMS | ARES_OPT_QUERY_CACHE;
#endif
    server_text(&env->servers[ch->resolver], server);
    rc = ares_init_options(&ch->ares, &options, mask);
    if (rc != ARES_SUCCESS) {
        ch->ares = NULL;
    } else if ((rc = ares_set_servers_ports_csv(ch->ares, server)) != ARES_SUCCESS) {
        ares_destroy(ch->ares);
        ch->ares = NULL;
    } else {
        ares_set_socket_configure_callback(ch->ares, on_socket, ch);
        set_local_addresses(ch);
    }
    return rc;
}

static void channel_close(struct channel *ch)
{
    if (ch->ares != NULL)
        ares_destroy(ch->ares); /* ends what is in flight, and its socket */
    ch->ares = NULL;
}

int tcp_new(const struct dns_env *env, uint64_t wait_ms, exchange_done_fn done, struct dns *owner,
            struct tcp **out, struct sts_err *err)
{
    struct tcp *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    t->env = *env;
    t->wait_ms = wait_ms;
    t->done = done;
    t->owner = owner;
    for (uint32_t i = 0; i < CHANNELS; i++)
        t->channels[i].tcp = t;
    *out = t;
    return STS_OK;
}

void tcp_close(struct tcp *t)
{
    for (uint32_t i = 0; i < CHANNELS; i++)
        channel_close(&t->channels[i]);
    while (t->polls != NULL)
        drop_poll(t, t->polls);
    t->closing = true;
    free_if_closed(t);
}

static struct result result_of(const struct channel *ch, int status)
{
    enum outcome oc;

    switch (status) {
    case ARES_SUCCESS: return (struct result){OC_OK, SRC_NONE, 0};
    case ARES_ETIMEOUT: oc = OC_DNS_TIMEOUT; break;
    case ARES_EBADRESP: oc = OC_DNS_MALFORMED; break;
    case ARES_EBADNAME:
    case ARES_EBADQUERY:
    case ARES_EFORMERR: oc = OC_DNS_NOT_QUERYABLE; break;
    case ARES_ENOMEM: oc = OC_OUR_MEMORY; break;
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION: oc = OC_OUR_STOP; break;
    default: oc = ch->has_socket ? OC_DNS_RESOLVER_DOWN : OC_OUR_DESCRIPTORS; break;
    }
    return (struct result){(uint16_t)oc, SRC_ARES, status};
}

static void on_answer(void *data, int status, int timeouts, unsigned char *msg, int len)
{
    struct channel *ch = data;
    struct exchange *x = ch->exchange;
    struct result r = result_of(ch, status);
    uint8_t query[DNS_QUERY_BYTES];
    struct exchange_answer answer = {NULL, msg, len > 0 ? (size_t)len : 0};

    (void)timeouts;
    if (status != ARES_SUCCESS && ch->fault != OC_NONE)
        r = (struct result){.oc = (uint16_t)ch->fault};
    ch->exchange = NULL;
    ch->fault = OC_NONE;
    ch->tcp->n_busy--;
    if (x->asker != NULL && exchange_query(x, query) > 0) /* as it was when it was sent */
        answer.question = dns_message_question(query);
    ch->tcp->done(ch->tcp->owner, x, r, r.oc == OC_OK ? &answer : NULL);
}

static bool is_connected(const struct channel *ch)
{
    const struct poll *poll = ch->tcp->polls;

    while (poll != NULL && poll->channel != ch)
        poll = poll->next;
    return poll != NULL;
}

bool tcp_has_room(const struct tcp *t)
{
    return t->n_busy < CHANNELS;
}

void tcp_send(struct tcp *t, struct exchange *x, const uint8_t *query, size_t len)
{
    struct channel *ch = t->channels;
    int rc;

    while (ch->exchange != NULL)
        ch++;
    if (ch->resolver != x->resolver)
        channel_close(ch);
    ch->resolver = x->resolver;
    if (ch->ares == NULL && (rc = channel_open(ch)) != ARES_SUCCESS) {
        t->done(t->owner, x,
                (struct result){rc == ARES_ENOMEM ? OC_OUR_MEMORY : OC_OUR_LIBRARY, SRC_ARES, rc}, NULL);
        return;
    }
    ch->exchange = x;
    ch->has_socket = is_connected(ch);
    t->n_busy++;
    ares_send(ch->ares, query, (int)len, on_answer, ch);
}

void tcp_turn(struct tcp *t, int64_t now_ns)
{
    if (now_ns < t->next_tick_ns)
        return;
    t->next_tick_ns = now_ns + TICK_NS;
    for (uint32_t i = 0; i < CHANNELS && t->n_busy > 0; i++) {
        struct channel *ch = &t->channels[i];

        if (ch->exchange != NULL && ch->fault != OC_NONE)
            ares_cancel(ch->ares);
        else if (ch->exchange != NULL)
            ares_process_fd(ch->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
}
