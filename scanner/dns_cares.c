#include "scanner/dns_cares_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL_MOST_IN_FLIGHT 8192 /* c-ares gets slow beyond 10,000 */
#define TICK_NS                50000000

#if ARES_VERSION >= 0x012000
/* From 1.32 on c-ares shortens its first timeout to 5 times the mean latency (at least 250 ms) and doubles it
 * with each try: it takes this many tries to last as long as the deadline, and no wait may be longer than the
 * first timeout. */
#define ADAPTIVE_TRIES 9
#endif

struct poll { /* a socket of c-ares on the loop */
    uv_poll_t handle;
    struct poll *next;
    struct channel *channel;
    ares_socket_t fd;
    int events;
};
struct flight { /* argument of one message */
    struct channel *channel;
    void *arg;
};

static void free_if_closed(struct carrier *c)
{
    if (c->closing && c->n_polls == 0)
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

    inbox_fill(in, fd);
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

    if (channel_is_stream(ch)) {
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

/* Tries begin at 0, t, 3t, 7t, ...: as many as begin before the deadline. */
static int tries_for(const struct dns_env *env)
{
    uint64_t until_ms = env->deadline_ms > 0 ? env->deadline_ms : 4 * env->timeout_ms;
    int tries = 1;

    for (uint64_t at_ms = env->timeout_ms, wait_ms = 2 * env->timeout_ms; at_ms < until_ms && tries < 8;
         at_ms += wait_ms, wait_ms *= 2)
        tries++;
#ifdef ADAPTIVE_TRIES
    return tries > ADAPTIVE_TRIES ? tries : ADAPTIVE_TRIES;
#else
    return tries;
#endif
}

static void set_servers(char *csv, size_t size, const struct dns_env *env)
{
    size_t len = 0;

    csv[0] = '\0';
    for (uint32_t i = 0; i < env->n_servers && len < size; i++) {
        char text[SERVER_TEXT_BYTES];

        server_text(&env->servers[i], text);
        len += (size_t)snprintf(csv + len, size - len, "%s%s", i ? "," : "", text);
    }
}

/* `transport`: ARES_FLAG_IGNTC is UDP alone, ARES_FLAG_USEVC is TCP. */
static int channel_init(struct channel *ch, const struct dns_env *env, int transport, struct sts_err *err)
{
    struct ares_options options = {.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
                                            transport,
                                   .timeout = (int)env->timeout_ms,
                                   .tries = tries_for(env),
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = ch};
    int mask =
        ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_ROTATE;
    size_t csv_bytes = (size_t)env->n_servers * SERVER_TEXT_BYTES + 1;
    char *csv = malloc(csv_bytes);
    int rc;

    if (csv == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
#ifdef ADAPTIVE_TRIES
    options.maxtimeout = (int)env->timeout_ms;
    options.qcache_max_ttl = 0; /* every question goes to the resolver */
    mask |= ARES_OPT_MAXTIMEOUTMS | ARES_OPT_QUERY_CACHE;
#endif
    rc = ares_init_options(&ch->ares, &options, mask);
    if (rc == ARES_SUCCESS) {
        set_servers(csv, csv_bytes, env);
        rc = ares_set_servers_ports_csv(ch->ares, csv);
        if (rc != ARES_SUCCESS) {
            ares_destroy(ch->ares);
            ch->ares = NULL;
        }
    }
    free(csv);
    if (rc != ARES_SUCCESS)
        return sts_fail(err, STS_ESYS, "c-ares: %s", ares_strerror(rc));
    channel_own_sockets(ch);
    return STS_OK;
}

int carrier_new(const struct dns_env *env, carrier_done_fn done, struct carrier **out, struct sts_err *err)
{
    struct carrier *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    c->env = *env;
    c->done = done;
    for (uint32_t i = 0; i < STREAM_CHANNELS; i++)
        c->streams[i].carrier = c;
    for (; c->n_channels < CARRIER_CHANNELS; c->n_channels++) {
        c->channels[c->n_channels].carrier = c;
        if (channel_init(&c->channels[c->n_channels], env, ARES_FLAG_IGNTC, err) != STS_OK) {
            carrier_close(c);
            return err->code;
        }
    }
    *out = c;
    return STS_OK;
}

void carrier_close(struct carrier *c)
{
    for (uint32_t i = 0; i < c->n_channels; i++)
        ares_destroy(c->channels[i].ares); /* ends what is in flight, and its sockets */
    for (uint32_t i = 0; i < STREAM_CHANNELS; i++)
        if (c->streams[i].ares != NULL)
            ares_destroy(c->streams[i].ares);
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

bool channel_is_stream(const struct channel *ch)
{
    return ch >= ch->carrier->streams && ch < ch->carrier->streams + STREAM_CHANNELS;
}

static void on_answer(void *data, int status, int timeouts, unsigned char *msg, int len)
{
    const uint8_t *whole = msg;
    struct flight *flight = data;
    struct channel *ch = flight->channel;
    void *arg = flight->arg;
    size_t n = status == ARES_SUCCESS && len > 0 ? (size_t)len : 0;

    (void)timeouts;
    ch->in_flight--;
    if (channel_is_stream(ch))
        ch->carrier->n_streams_busy--;
    else
        ch->carrier->in_flight--;
    free(flight);
    if (n > 0)
        whole = channel_whole(ch, msg, &n);
    if (status == ARES_SUCCESS && whole == NULL)
        ch->carrier->done(arg, (struct result){OC_OUR_LIBRARY, SRC_ARES, status}, NULL, 0);
    else
        ch->carrier->done(arg, result_of(status), whole, n);
}

bool carrier_has_room(const struct carrier *c)
{
    return c->in_flight < CARRIER_CHANNELS * CHANNEL_MOST_IN_FLIGHT;
}

static void send_on(struct channel *ch, const uint8_t *query, size_t len, void *arg)
{
    struct carrier *c = ch->carrier;
    struct flight *flight = malloc(sizeof(*flight));

    if (flight == NULL) {
        c->done(arg, (struct result){OC_OUR_MEMORY, SRC_NONE, 0}, NULL, 0);
        return;
    }
    *flight = (struct flight){ch, arg};
    ch->in_flight++;
    if (channel_is_stream(ch))
        c->n_streams_busy++;
    else
        c->in_flight++;
    ares_send(ch->ares, query, (int)len, on_answer, flight);
}

void carrier_send(struct carrier *c, const uint8_t *query, size_t len, void *arg)
{
    struct channel *ch = &c->channels[c->next_channel++ % CARRIER_CHANNELS];

    for (uint32_t i = 0; i < CARRIER_CHANNELS && ch->in_flight >= CHANNEL_MOST_IN_FLIGHT; i++)
        ch = &c->channels[c->next_channel++ % CARRIER_CHANNELS];
    send_on(ch, query, len, arg);
}

bool carrier_has_stream(const struct carrier *c)
{
    return c->n_streams_busy < STREAM_CHANNELS;
}

void carrier_send_stream(struct carrier *c, const uint8_t *query, size_t len, void *arg)
{
    struct channel *ch = c->streams;
    struct sts_err err;

    while (ch->in_flight > 0)
        ch++;
    if (ch->ares == NULL && channel_init(ch, &c->env, ARES_FLAG_USEVC, &err) != STS_OK)
        c->done(arg, (struct result){OC_OUR_LIBRARY, SRC_NONE, 0}, NULL, 0);
    else
        send_on(ch, query, len, arg);
}

void carrier_turn(struct carrier *c, int64_t now_ns)
{
    if (now_ns < c->next_tick_ns)
        return;
    c->next_tick_ns = now_ns + TICK_NS;
    for (uint32_t i = 0; i < c->n_channels; i++)
        ares_process_fd(c->channels[i].ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    for (uint32_t i = 0; i < STREAM_CHANNELS && c->n_streams_busy > 0; i++)
        if (c->streams[i].in_flight > 0)
            ares_process_fd(c->streams[i].ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}
