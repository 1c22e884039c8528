#define CARES_NO_DEPRECATED /* ares_send and ares_process_fd: the successors are not in Debian 12 */
#include "scanner/dns_cares.h"

#include <ares.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CARRIER_CHANNELS       4    /* so many source ports a resolver (RFC 5452 section 9.2) */
#define CHANNEL_MOST_IN_FLIGHT 8192 /* c-ares gets slow beyond 10,000 */
#define TICK_NS                50000000
#define RCVBUF_BYTES           (8 << 20) /* a burst of 10,000 answers at 768 bytes of kernel memory each */

#if ARES_VERSION >= 0x012000
/* From 1.32 on c-ares shortens its first timeout to 5 times the mean latency (at least 250 ms) and doubles it
 * with each try: it takes this many tries to last as long as the deadline, and no wait may be longer than the
 * first timeout. */
#define ADAPTIVE_TRIES 9
#endif

struct channel {
    struct carrier *carrier;
    ares_channel ares;
    uint32_t in_flight;
};
struct carrier {
    uv_loop_t *loop;
    carrier_done_fn done;
    struct channel channels[CARRIER_CHANNELS];
    uint32_t n_channels, next_channel, in_flight;
    uint32_t n_polls; /* handles that are not closed yet */
    int64_t next_tick_ns;
    bool closing;
    struct poll *polls;
};
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

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct poll *poll = (struct poll *)handle;
    bool read = status < 0 || (events & UV_READABLE) != 0, write = status < 0 || (events & UV_WRITABLE) != 0;

    ares_process_fd(poll->channel->ares, read ? poll->fd : ARES_SOCKET_BAD,
                    write ? poll->fd : ARES_SOCKET_BAD);
}

static struct poll *new_poll(struct channel *channel, ares_socket_t fd)
{
    struct carrier *c = channel->carrier;
    struct poll *poll = calloc(1, sizeof(*poll));

    if (poll == NULL)
        return NULL;
    if (uv_poll_init_socket(c->loop, &poll->handle, fd) != 0) {
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

static int on_socket_new(ares_socket_t fd, int type, void *data)
{
    int bytes = RCVBUF_BYTES;

    (void)data;
    if (type == SOCK_DGRAM && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
        (void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes,
                          sizeof(bytes)); /* as much as the system allows */
    return ARES_SUCCESS;
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

static int channel_init(struct channel *ch, const struct dns_env *env, struct sts_err *err)
{
    struct ares_options options = {.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
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
    ares_set_socket_configure_callback(ch->ares, on_socket_new, NULL);
    if (env->local_v4 != NULL) {
        const uint8_t *b = env->local_v4->b + 12;

        ares_set_local_ip4(ch->ares,
                           (unsigned)b[0] << 24 | (unsigned)b[1] << 16 | (unsigned)b[2] << 8 | b[3]);
    }
    if (env->local_v6 != NULL)
        ares_set_local_ip6(ch->ares, env->local_v6->b);
    return STS_OK;
}

int carrier_new(const struct dns_env *env, carrier_done_fn done, struct carrier **out, struct sts_err *err)
{
    struct carrier *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    c->loop = env->loop;
    c->done = done;
    for (; c->n_channels < CARRIER_CHANNELS; c->n_channels++) {
        c->channels[c->n_channels].carrier = c;
        if (channel_init(&c->channels[c->n_channels], env, err) != STS_OK) {
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
    struct flight *flight = data;
    struct channel *ch = flight->channel;
    void *arg = flight->arg;

    (void)timeouts;
    ch->in_flight--;
    ch->carrier->in_flight--;
    free(flight);
    ch->carrier->done(arg, result_of(status), msg, status == ARES_SUCCESS && len > 0 ? (size_t)len : 0);
}

bool carrier_has_room(const struct carrier *c)
{
    return c->in_flight < CARRIER_CHANNELS * CHANNEL_MOST_IN_FLIGHT;
}

void carrier_send(struct carrier *c, const uint8_t *query, size_t len, void *arg)
{
    struct channel *ch = &c->channels[c->next_channel++ % CARRIER_CHANNELS];
    struct flight *flight;

    for (uint32_t i = 0; i < CARRIER_CHANNELS && ch->in_flight >= CHANNEL_MOST_IN_FLIGHT; i++)
        ch = &c->channels[c->next_channel++ % CARRIER_CHANNELS];
    flight = malloc(sizeof(*flight));
    if (flight == NULL) {
        c->done(arg, (struct result){OC_OUR_MEMORY, SRC_NONE, 0}, NULL, 0);
        return;
    }
    *flight = (struct flight){ch, arg};
    ch->in_flight++;
    c->in_flight++;
    ares_send(ch->ares, query, (int)len, on_answer, flight);
}

void carrier_turn(struct carrier *c, int64_t now_ns)
{
    if (now_ns < c->next_tick_ns)
        return;
    c->next_tick_ns = now_ns + TICK_NS;
    for (uint32_t i = 0; i < c->n_channels; i++)
        ares_process_fd(c->channels[i].ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}
