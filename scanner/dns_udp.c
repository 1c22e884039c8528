#include "scanner/dns_udp_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define HEADER_BYTES 12 /* RFC 1035 section 4.1.1 */

/* Ids come from the system's CSPRNG, RFC 5452 section 9.2. */
static unsigned random_id(struct udp *u)
{
    if (u->n_ids == 0) {
        if (getrandom(u->ids, sizeof(u->ids), 0) != (ssize_t)sizeof(u->ids))
            memset(u->ids, 0, sizeof(u->ids));
        u->n_ids = IDS_AT_ONCE;
    }
    return u->ids[--u->n_ids];
}

/* ---- sockets ---- */

static void count_all_drops(struct udp *u)
{
    for (uint32_t i = 0; i < u->env.n_servers * PORTS_MOST; i++)
        if (u->ports[i] != NULL)
            port_count_drops(u->ports[i]);
}

static void free_if_closed(struct udp *u)
{
    if (!u->closing || u->n_open > 0)
        return;
    for (uint32_t i = 0; i < u->env.n_servers * PORTS_MOST; i++)
        free(u->ports[i]);
    free(u->ports);
    free(u);
}

static void on_closed(uv_handle_t *handle)
{
    struct port *p = handle->data;

    close(p->fd);
    p->udp->n_open--;
    free_if_closed(p->udp);
}

static void on_readable(uv_poll_t *poll, int status, int events);

/* Returns 0, or an errno. */
static int open_port(struct udp *u, uint32_t resolver, struct port **out)
{
    struct port *p = calloc(1, sizeof(*p));
    int error = ENOMEM;

    if (p == NULL)
        return error;
    *p = (struct port){.udp = u, .resolver = resolver, .fd = port_socket(&u->env, &u->env.servers[resolver])};
    p->poll.data = p;
    if (p->fd < 0) {
        error = errno;
        free(p);
        return error;
    }
    p->salt = (uint16_t)random_id(u);
    port_size_buffer(p);
    if (uv_poll_init(u->env.loop, &p->poll, p->fd) != 0) {
        close(p->fd);
        free(p);
        return error;
    }
    u->n_open++;
    (void)!uv_poll_start(&p->poll, UV_READABLE, on_readable); /* can fail for a bad descriptor alone */
    *out = p;
    return 0;
}

static void set_up_inbox(struct inbox *in)
{
    for (size_t i = 0; i < IN_DATAGRAMS; i++) {
        in->parts[i] = (struct iovec){in->bytes[i], DATAGRAM_MOST_BYTES};
        in->messages[i].msg_hdr = (struct msghdr){.msg_iov = &in->parts[i], .msg_iovlen = 1};
    }
}

uint32_t udp_window(const struct dns_env *env)
{
    return env->window < MOST_IN_FLIGHT / env->n_servers ? env->window * env->n_servers : MOST_IN_FLIGHT;
}

int udp_new(const struct dns_env *env, exchange_done_fn done, udp_refused_fn refused, struct dns *owner,
            struct udp **out, struct sts_err *err)
{
    struct udp *u = calloc(1, sizeof(*u));

    if (u == NULL || (u->ports = calloc((size_t)env->n_servers * PORTS_MOST, sizeof(*u->ports))) == NULL) {
        free(u);
        return sts_fail(err, STS_ENOMEM, "out of memory");
    }
    set_up_inbox(&u->inbox);
    u->env = *env;
    u->most_in_flight = udp_window(env) < MOST_IN_FLIGHT / TRIES_OF_WINDOW ? TRIES_OF_WINDOW * udp_window(env)
                                                                           : MOST_IN_FLIGHT;
    u->done = done;
    u->refused = refused;
    u->owner = owner;
    *out = u;
    return STS_OK;
}

void udp_close(struct udp *u)
{
    u->closing = true;
    count_all_drops(u);
    for (uint32_t i = 0; i < u->env.n_servers * PORTS_MOST; i++)
        if (u->ports[i] != NULL)
            uv_close((uv_handle_t *)&u->ports[i]->poll, on_closed);
    free_if_closed(u);
}

/* ---- what is in flight ---- */

static unsigned id_of(const uint8_t *msg)
{
    return (unsigned)msg[0] << 8 | msg[1];
}

static struct exchange **slot_of(struct udp *u, const struct port *p, unsigned id)
{
    return &u->table[(id ^ p->salt) % TABLE_SLOTS];
}

/* The place where an exchange of this port with this id stands, or would stand. */
static struct exchange **find_from(struct exchange **at, const struct port *p, unsigned id)
{
    while (*at != NULL && ((*at)->carrier != p || (*at)->id != id))
        at = &(*at)->next;
    return at;
}

static void add(struct udp *u, struct port *p, struct exchange *x)
{
    struct exchange **at;
    unsigned id = random_id(u);

    while (*(at = find_from(slot_of(u, p, id), p, id)) != NULL)
        id = (id + 1) & 0xffff;
    x->id = (uint16_t)id;
    x->carrier = p;
    x->next = NULL;
    *at = x;
    if (u->n_ids > 0) /* the next one's place, which is not in the cache */
        __builtin_prefetch(slot_of(u, p, u->ids[u->n_ids - 1]));
    p->in_flight++;
    u->in_flight++;
}

static void take_out(struct udp *u, struct exchange *x)
{
    struct port *p = x->carrier;
    struct exchange **at = slot_of(u, p, x->id);

    while (*at != x)
        at = &(*at)->next;
    *at = x->next;
    p->in_flight--;
    u->in_flight--;
    if (x->queued > 0)
        u->batch.v[x->queued - 1] = NULL;
    x->queued = 0;
}

/* ---- out ---- */

bool udp_has_room(const struct udp *u)
{
    return u->in_flight < u->most_in_flight;
}

bool udp_is_behind(const struct udp *u)
{
    return u->batch.n > OUT_DATAGRAMS / 2; /* a turn sends no more than the other half */
}

bool udp_is_crowded(const struct udp *u)
{
    return u->in_flight >= u->most_in_flight / 2;
}

/* Of those that are open, NULL: none is. Where all have as much in flight as their sockets can hold, none
 * comes near to as many as there are ids. */
static struct port *least_busy(struct port *const *all)
{
    struct port *least = NULL;

    for (uint32_t k = 0; k < PORTS_MOST; k++)
        if (all[k] != NULL && (least == NULL || all[k]->in_flight < least->in_flight))
            least = all[k];
    return least;
}

/* A batch keeps to one socket, so that datagrams of equal length go out together. NULL: none is open, for
 * `*error`. */
static struct port *port_for(struct udp *u, uint32_t resolver, int *error)
{
    uint32_t ports = address_is_loopback(&u->env.servers[resolver].address) ? 1 : PORTS_LEAST;
    struct port **all = &u->ports[(size_t)resolver * PORTS_MOST];
    uint32_t k = u->turn % ports, tried = 0;

    for (; tried < PORTS_MOST && all[k] != NULL && all[k]->in_flight >= all[k]->most_in_flight; tried++)
        k = (k + 1) % PORTS_MOST;
    *error = 0;
    if (tried < PORTS_MOST && all[k] == NULL)
        *error = open_port(u, resolver, &all[k]);
    return tried < PORTS_MOST && all[k] != NULL ? all[k] : least_busy(all);
}

static enum outcome outcome_of(int error)
{
    if (is_refusal(error))
        return OC_DNS_RESOLVER_DOWN;
    if (error == EMFILE || error == ENFILE)
        return OC_OUR_DESCRIPTORS;
    return error == ENOMEM ? OC_OUR_MEMORY : OC_OUR_NETWORK;
}

void udp_send(struct udp *u, struct exchange *x, const uint8_t *query, size_t len)
{
    int error;
    struct port *p = port_for(u, x->resolver, &error);

    if (p == NULL) {
        u->done(u->owner, x, (struct result){(uint16_t)outcome_of(error), SRC_ERRNO, error}, NULL);
        return;
    }
    x->queued = 0;
    add(u, p, x);
    batch_put(u, x, query, len);
}

void udp_cancel(struct udp *u, struct exchange *x)
{
    take_out(u, x);
}

void udp_flush(struct udp *u)
{
    if (++u->turn % DROPS_TURNS == 0)
        count_all_drops(u);
    if (u->batch.n > 0)
        batch_send(u);
    if (u->refused_port != NULL)
        u->refused(u->owner, u->refused_port->resolver);
    u->refused_port = NULL;
}

/* ---- in ---- */

/* Is the question that of the query? Its case is the resolver's affair (RFC 4343). */
static bool has_question(const uint8_t *msg, size_t len, const uint8_t *query, size_t query_len)
{
    const size_t question_len = query_len - HEADER_BYTES - DNS_OPT_BYTES;
    size_t at = HEADER_BYTES, n;

    if (len - at >= question_len && memcmp(msg + at, query + at, question_len) == 0)
        return true; /* nearly always */
    for (;; at += n) {
        n = query[at] + 1u;
        if (at + n + 4 > len)
            return false;
        for (size_t i = at; i < at + n; i++)
            if (msg[i] != query[i] &&
                ((msg[i] ^ query[i]) != 0x20 || (msg[i] | 0x20) < 'a' || (msg[i] | 0x20) > 'z'))
                return false;
        if (n == 1)
            return memcmp(msg + at + 1, query + at + 1, 4) == 0;
    }
}

/* Is it an answer (QR) to this query's question, and to no other? What is not is no answer to us (RFC 5452
 * section 4.2). */
static bool answers(const uint8_t *msg, size_t len, const uint8_t *query, size_t query_len)
{
    return query_len > 0 && (msg[2] & 0x80) != 0 && msg[4] == 0 && msg[5] == 1 &&
           has_question(msg, len, query, query_len);
}

/* From a datagram to its query is a cache miss at each step: taken for all of them at once, these overlap.
 * What is too short for an id finds that of the one before it, and is dropped later. */
static void fetch_ahead(struct port *p, struct inbox *in, int n)
{
    for (int i = 0; i < n; i++) {
        in->slots[i] = slot_of(p->udp, p, id_of(in->bytes[i]));
        __builtin_prefetch(in->slots[i]);
    }
    for (int i = 0; i < n; i++) {
        const struct exchange *x = *in->slots[i];

        if (x != NULL)
            __builtin_prefetch(x);
    }
    for (int i = 0; i < n; i++) {
        const struct exchange *x = *in->slots[i];

        if (x == NULL || x->asker == NULL)
            continue;
        __builtin_prefetch(x->name);
        __builtin_prefetch(x->asker);
        __builtin_prefetch((const char *)x->asker + CACHE_LINE_BYTES);
    }
}

static void take_datagram(struct port *p, struct exchange **slot, const uint8_t *msg, size_t len)
{
    struct udp *u = p->udp;
    struct exchange_answer answer = {NULL, msg, len};
    uint8_t query[DNS_QUERY_BYTES];
    struct exchange *x;

    if (len < HEADER_BYTES)
        return;
    x = *find_from(slot, p, id_of(msg));
    if (x == NULL || !answers(msg, len, query, exchange_query(x, query)))
        return;
    take_out(u, x);
    answer.question = dns_message_question(query);
    u->done(u->owner, x, (struct result){OC_OK, SRC_NONE, 0}, &answer);
}

/* Returns how many came. */
static int receive(struct port *p)
{
    struct inbox *in = &p->udp->inbox;
    int n;

    n = recvmmsg(p->fd, in->messages, IN_DATAGRAMS, MSG_DONTWAIT, NULL);
    if (n < 0 && is_refusal(errno))
        p->udp->refused(p->udp->owner, p->resolver);
    if (n <= 0)
        return 0;
    fetch_ahead(p, in, n);
    for (int i = 0; i < n; i++)
        take_datagram(p, in->slots[i], in->bytes[i], in->messages[i].msg_len);
    return n;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct port *p = poll->data;

    (void)events;
    if (status < 0) /* the socket has an error, which recvmmsg tells; libuv no longer polls it */
        (void)!uv_poll_start(poll, UV_READABLE, on_readable);
    for (int i = 0; i < IN_ROUNDS && receive(p) == IN_DATAGRAMS;)
        i++;
}
