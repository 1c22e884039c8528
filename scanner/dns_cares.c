#include "scanner/dns_cares_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_NS 50000000

struct poll { /* a socket of c-ares on the loop */
    uv_poll_t handle;
    struct poll *next;
    struct channel *channel;
    ares_socket_t fd;
    int events;
};
static void free_if_closed(struct carrier *c)
{
    if (!c->closing || c->n_polls > 0)
        return;
    free(c->udp);
    free(c);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct poll *poll = (struct poll *)handle;
    struct carrier *c = poll->channel->carrier;

    free(poll);
    c->n_polls--;
    free_if_closed(c);
}

/* c-ares 1.18 takes all datagrams in one call, 1.34 one. The socket may be closed in it. */
static void take_datagrams(struct channel *ch, ares_socket_t fd)
{
    struct inbox *in = &ch->carrier->inbox;
    uint32_t before;

    inbox_fill(ch, fd);
    do {
        before = in->next;
        ares_process_fd(ch->ares, fd, ARES_SOCKET_BAD);
    } while (in->fd == fd && in->next > before && in->next < in->n);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct poll *poll = (struct poll *)handle;
    struct channel *ch = poll->channel;
    ares_socket_t fd = poll->fd;
    bool read = status < 0 || (events & UV_READABLE) != 0, write = status < 0 || (events & UV_WRITABLE) != 0;

    if (ch->is_stream) {
        ares_process_fd(ch->ares, read ? fd : ARES_SOCKET_BAD, write ? fd : ARES_SOCKET_BAD);
        return;
    }
    if (write)
        ares_process_fd(ch->ares, ARES_SOCKET_BAD, fd);
    if (read)
        take_datagrams(ch, fd);
}

static struct poll *new_poll(struct channel *channel, ares_socket_t fd)
{
    struct carrier *c = channel->carrier;
    struct poll *poll = calloc(1, sizeof(*poll));

    if (poll == NULL)
        return NULL;
    if (uv_poll_init_socket(c->env.loop, &poll->handle, fd) != 0) {
        free(poll);
        return NULL;
    }
    poll->channel = channel;
    poll->fd = fd;
    poll->next = c->polls;
    c->polls = poll;
    c->n_polls++;
    return poll;
}

static void drop_poll(struct carrier *c, struct poll *poll)
{
    struct poll **at = &c->polls;

    while (*at != poll)
        at = &(*at)->next;
    *at = poll->next;
    uv_close((uv_handle_t *)&poll->handle, on_poll_closed);
}

/* c-ares tells what it waits for at a socket; nothing any more means that it closes it. */
static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct channel *channel = data;
    struct poll *poll = channel->carrier->polls;
    int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);

    while (poll != NULL && (poll->fd != fd || poll->channel != channel))
        poll = poll->next;
    if (events == 0) {
        if (poll != NULL)
            drop_poll(channel->carrier, poll);
        return;
    }
    if (poll == NULL && (poll = new_poll(channel, fd)) == NULL)
        return; /* no answer will be seen: the questions time out, as ours */
    if (poll->events != events && uv_poll_start(&poll->handle, events, on_poll) == 0)
        poll->events = events;
}

/* One try, which outlasts the deadline of its question: c-ares never begins another by itself. */
static int channel_init(struct channel *ch)
{
    const struct dns_env *env = &ch->carrier->env;
    struct ares_options options = {.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
                                            (ch->is_stream ? ARES_FLAG_USEVC : ARES_FLAG_IGNTC),
                                   .timeout = (int)ch->carrier->keep_ms,
                                   .tries = 1,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = ch};
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB, rc;
    char server[SERVER_TEXT_BYTES];

#if ARES_VERSION >= 0x011f00
    options.maxtimeout = (int)ch->carrier->keep_ms;
    options.qcache_max_ttl = 0; /* every question goes to the resolver */
    mask |= ARES_OPT_MAXTIMEOUTMS | ARES_OPT_QUERY_CACHE;
#endif
    server_text(&env->servers[ch->resolver], server);
    rc = ares_init_options(&ch->ares, &options, mask);
    if (rc != ARES_SUCCESS)
        ch->ares = NULL;
    else if ((rc = ares_set_servers_ports_csv(ch->ares, server)) != ARES_SUCCESS) {
        ares_destroy(ch->ares);
        ch->ares = NULL;
    } else
        channel_own_sockets(ch);
    return rc;
}

int carrier_new(const struct dns_env *env, uint64_t keep_ms, carrier_done_fn done, carrier_refused_fn refused,
                struct dns *owner, struct carrier **out, struct sts_err *err)
{
    struct carrier *c = calloc(1, sizeof(*c));
    int rc;

    if (c == NULL || (c->udp = calloc(env->n_servers, sizeof(*c->udp))) == NULL) {
        free(c);
        return sts_fail(err, STS_ENOMEM, "out of memory");
    }
    c->env = *env;
    c->keep_ms = keep_ms;
    c->done = done;
    c->refused = refused;
    c->owner = owner;
    for (uint32_t i = 0; i < STREAM_CHANNELS; i++)
        c->streams[i] = (struct channel){.carrier = c, .is_stream = true};
    for (uint32_t i = 0; i < env->n_servers; i++)
        for (uint32_t k = 0; k < PORTS_MOST; k++)
            c->udp[i][k] = (struct channel){.carrier = c, .resolver = i, .most_in_flight = CHANNEL_IN_FLIGHT};
    rc = channel_init(&c->udp[0][0]);
    if (rc != ARES_SUCCESS) {
        carrier_close(c);
        return sts_fail(err, STS_ESYS, "c-ares: %s", ares_strerror(rc));
    }
    *out = c;
    return STS_OK;
}

static void channel_close(struct channel *ch)
{
    if (ch->ares != NULL)
        ares_destroy(ch->ares); /* ends what is in flight, and its sockets */
    ch->ares = NULL;
}

void carrier_close(struct carrier *c)
{
    for (uint32_t i = 0; i < c->env.n_servers; i++)
        for (uint32_t k = 0; k < PORTS_MOST; k++)
            channel_close(&c->udp[i][k]);
    for (uint32_t i = 0; i < STREAM_CHANNELS; i++)
        channel_close(&c->streams[i]);
    while (c->polls != NULL)
        drop_poll(c, c->polls);
    c->closing = true;
    free_if_closed(c);
}

static struct result result_of(int status)
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
    default: oc = OC_DNS_RESOLVER_DOWN; break;
    }
    return (struct result){(uint16_t)oc, SRC_ARES, status};
}

static void on_answer(void *data, int status, int timeouts, unsigned char *msg, int len)
{
    const uint8_t *whole = msg;
    struct message *m = data;
    struct channel *ch = m->channel;
    struct carrier *c = ch->carrier;
    size_t n = status == ARES_SUCCESS && len > 0 ? (size_t)len : 0;

    (void)timeouts;
    ch->in_flight--;
    if (ch->is_stream)
        c->n_streams_busy--;
    else
        c->in_flight--;
    if (n > 0)
        whole = channel_whole(ch, msg, &n);
    if (status == ARES_SUCCESS && whole == NULL)
        c->done(m, (struct result){OC_OUR_LIBRARY, SRC_ARES, status}, NULL, 0);
    else
        c->done(m, result_of(status), whole, n);
}

bool carrier_has_room(const struct carrier *c)
{
    return c->in_flight < CARRIER_IN_FLIGHT;
}

static void send_on(struct channel *ch, const uint8_t *query, size_t len, struct message *m)
{
    struct carrier *c = ch->carrier;

    if (ch->ares == NULL && channel_init(ch) != ARES_SUCCESS) {
        c->done(m, (struct result){OC_OUR_LIBRARY, SRC_NONE, 0}, NULL, 0);
        return;
    }
    m->channel = ch;
    ch->in_flight++;
    if (ch->is_stream)
        c->n_streams_busy++;
    else
        c->in_flight++;
    ares_send(ch->ares, query, (int)len, on_answer, m);
}

/* A batch keeps to one socket, so that datagrams of equal length go out together. */
static struct channel *udp_channel(struct carrier *c, uint32_t resolver)
{
    uint32_t ports = address_is_loopback(&c->env.servers[resolver].address) ? 1 : PORTS_LEAST;
    uint32_t k = c->turn % ports;

    for (uint32_t i = 0; i + 1 < PORTS_MOST; i++, k = (k + 1) % PORTS_MOST)
        if (c->udp[resolver][k].in_flight < c->udp[resolver][k].most_in_flight)
            break;
    return &c->udp[resolver][k];
}

void carrier_send(struct carrier *c, const uint8_t *query, size_t len, struct message *m)
{
    send_on(udp_channel(c, m->resolver), query, len, m);
}

bool carrier_has_stream(const struct carrier *c)
{
    return c->n_streams_busy < STREAM_CHANNELS;
}

void carrier_send_stream(struct carrier *c, const uint8_t *query, size_t len, struct message *m)
{
    struct channel *ch = c->streams;

    while (ch->in_flight > 0)
        ch++;
    if (ch->resolver != m->resolver)
        channel_close(ch);
    ch->resolver = m->resolver;
    send_on(ch, query, len, m);
}

static void tick(struct channel *ch)
{
    if (ch->in_flight > 0)
        ares_process_fd(ch->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void carrier_turn(struct carrier *c, int64_t now_ns)
{
    c->turn++;
    if (now_ns < c->next_tick_ns)
        return;
    c->next_tick_ns = now_ns + TICK_NS;
    for (uint32_t i = 0; i < c->env.n_servers; i++)
        for (uint32_t k = 0; k < PORTS_MOST; k++)
            tick(&c->udp[i][k]);
    for (uint32_t i = 0; i < STREAM_CHANNELS && c->n_streams_busy > 0; i++)
        tick(&c->streams[i]);
}

void carrier_flush(struct carrier *c)
{
    if (c->batch.n > 0)
        batch_send(c);
}
