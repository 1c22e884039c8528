/* dns_tcp.c - DNS by TCP (RFC 1035 section 4.2.2, RFC 7766): questions one behind the other, answers as they
 * are ready. A client that does not read is not read from. */
#include "bench/sim/dns_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKLOG   512
#define IN_BYTES  (2 + DNS_MOST_QUERY)
#define ONE_BYTES (2 + DNS_MOST_TCP)
#define OUT_BYTES (3 * ONE_BYTES) /* a connection's answers that the kernel has not taken */

struct client {
    uv_tcp_t tcp;
    uv_write_t write;
    struct dns_tcp *t;
    uint32_t slot;
    uint64_t serial;
    uint64_t active_ms;
    uint32_t n_waiting; /* of its questions */
    bool writing, paused, doomed, closing;
    bool stuck; /* there was no room for the answer to what is in `in` */
    size_t n_in, n_out, n_writing;
    uint8_t in[IN_BYTES];
    uint8_t out[OUT_BYTES];
};

struct dns_tcp {
    struct dns_server *s;
    uv_tcp_t listener;
    uint64_t serial;
    struct client *clients[DNS_MOST_CLIENTS];
};

static void take_input(struct client *c);

/* ---- end of a connection ---- */

static void on_client_closed(uv_handle_t *handle)
{
    struct client *c = handle->data;
    struct dns_server *s = c->t->s;

    free(c);
    dns_handle_closed(s);
}

static void close_client(struct client *c)
{
    if (c->closing)
        return;
    c->closing = true;
    c->t->clients[c->slot] = NULL;
    uv_close((uv_handle_t *)&c->tcp, on_client_closed);
}

/* One that hangs up does so when nothing else is on its way: other questions share the connection. */
static void hang_up_when_idle(struct client *c)
{
    if (c->doomed && c->n_waiting == 0 && c->n_out == 0 && c->n_in == 0)
        close_client(c);
}

/* ---- out ---- */

static void flush(struct client *c);

static void sent(struct client *c, size_t n)
{
    memmove(c->out, c->out + n, c->n_out - n);
    c->n_out -= n;
}

static void on_written(uv_write_t *write, int status)
{
    struct client *c = write->data;

    c->writing = false;
    if (c->closing)
        return;
    if (status != 0) {
        close_client(c);
        return;
    }
    sent(c, c->n_writing);
    flush(c);
    take_input(c);
}

static void flush(struct client *c)
{
    uv_buf_t buf = uv_buf_init((char *)c->out, (unsigned)c->n_out);
    int n;

    if (c->writing || c->closing || c->n_out == 0)
        return;
    n = uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
    if (n > 0)
        sent(c, (size_t)n);
    if (c->n_out == 0)
        return;
    c->n_writing = c->n_out;
    c->write.data = c;
    buf = uv_buf_init((char *)c->out, (unsigned)c->n_out);
    c->writing = uv_write(&c->write, (uv_stream_t *)&c->tcp, &buf, 1, on_written) == 0;
    if (!c->writing)
        close_client(c);
}

static bool has_room(const struct client *c)
{
    return OUT_BYTES - c->n_out >= ONE_BYTES;
}

static void put_answer(struct client *c, const struct dns_query *q)
{
    uint8_t *to = c->out + c->n_out;
    struct dns_answer answer;

    dns_server_answer(c->t->s, q, true, to + 2, &answer);
    c->doomed |= answer.outcome == DNS_HANGS_UP;
    if (answer.n == 0)
        return;
    to[0] = (uint8_t)(answer.len[0] >> 8);
    to[1] = (uint8_t)answer.len[0];
    c->n_out += 2 + answer.len[0];
}

bool dns_tcp_answer_waiting(struct dns_tcp *t, struct dns_waiting *waiting)
{
    struct client *c = t->clients[waiting->slot];

    if (c == NULL || c->serial != waiting->serial)
        return true;
    if (!has_room(c))
        return false;
    c->n_waiting--;
    put_answer(c, &waiting->q);
    flush(c);
    if (!c->closing)
        hang_up_when_idle(c);
    return true;
}

/* ---- in ---- */

/* False: not DNS. */
static bool take_query(struct client *c, const uint8_t *p, size_t len)
{
    struct dns_waiting *waiting;
    struct dns_query q;
    uint64_t wait_ms;

    if (!dns_query_read(p, len, &q))
        return false;
    waiting = dns_server_delay(c->t->s, &q, &wait_ms);
    if (waiting == NULL) {
        put_answer(c, &q);
        return true;
    }
    waiting->tcp = true;
    waiting->slot = c->slot;
    waiting->serial = c->serial;
    c->n_waiting++;
    dns_server_wait(c->t->s, waiting, wait_ms);
    return true;
}

/* As far as there is room for answers. False: what comes is no DNS. */
static bool take_messages(struct client *c)
{
    size_t at = 0;
    bool good = true;

    while (good && c->n_in - at >= 2 && has_room(c)) {
        size_t len = (size_t)c->in[at] << 8 | c->in[at + 1];

        good = len <= DNS_MOST_QUERY;
        if (!good || c->n_in - at - 2 < len)
            break;
        good = take_query(c, c->in + at + 2, len);
        at += 2 + len;
    }
    memmove(c->in, c->in + at, c->n_in - at);
    c->n_in -= at;
    c->stuck = good && c->n_in >= 2 && !has_room(c);
    return good;
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct client *c = handle->data;

    (void)size;
    *buf = uv_buf_init((char *)c->in + c->n_in, (unsigned)(IN_BYTES - c->n_in));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct client *c = stream->data;

    (void)buf;
    if (n < 0) {
        close_client(c);
        return;
    }
    c->n_in += (size_t)n;
    c->active_ms = uv_now(c->t->s->sim->loop);
    take_input(c);
}

/* Answer what is there; read on as long as the client takes the answers. */
static void take_input(struct client *c)
{
    do {
        if (!take_messages(c)) {
            close_client(c);
            return;
        }
        flush(c);
        if (c->closing)
            return;
    } while (c->stuck && has_room(c));
    if (!has_room(c) && !c->paused) {
        uv_read_stop((uv_stream_t *)&c->tcp);
        c->paused = true;
    } else if (has_room(c) && c->paused) {
        c->paused = false;
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
    }
    hang_up_when_idle(c);
}

/* ---- connections ---- */

/* A free slot, or that of the connection that was idle longest. */
static uint32_t find_slot(struct dns_tcp *t)
{
    uint32_t oldest = 0;

    for (uint32_t i = 0; i < DNS_MOST_CLIENTS; i++) {
        if (t->clients[i] == NULL)
            return i;
        if (t->clients[i]->active_ms < t->clients[oldest]->active_ms)
            oldest = i;
    }
    close_client(t->clients[oldest]);
    return oldest;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct dns_tcp *t = listener->data;
    struct client *c = status == 0 ? malloc(sizeof(*c)) : NULL;

    if (c == NULL) {
        t->s->sim->counts.memory_failed++;
        return;
    }
    memset(c, 0, offsetof(struct client, in));
    c->t = t;
    uv_tcp_init(t->s->sim->loop, &c->tcp);
    c->tcp.data = c;
    t->s->n_handles++;
    c->slot = find_slot(t);
    c->serial = ++t->serial;
    c->active_ms = uv_now(t->s->sim->loop);
    t->clients[c->slot] = c;
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 ||
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0) {
        t->s->sim->counts.memory_failed++;
        close_client(c);
        return;
    }
    uv_tcp_nodelay(&c->tcp, 1);
}

/* ---- beginning and end ---- */

bool dns_tcp_start(struct dns_server *s, const union dns_peer *address, char *error, size_t error_len)
{
    struct dns_tcp *t = calloc(1, sizeof(*t));
    int err;

    if (t == NULL) {
        snprintf(error, error_len, "DNS: out of memory");
        return false;
    }
    t->s = s;
    s->tcp = t;
    uv_tcp_init(s->sim->loop, &t->listener);
    t->listener.data = t;
    s->n_handles++;
    err = uv_tcp_bind(&t->listener, &address->sa, 0);
    if (err == 0)
        err = uv_listen((uv_stream_t *)&t->listener, BACKLOG, on_connection);
    if (err != 0)
        snprintf(error, error_len, "DNS: TCP port %u cannot be opened: %s", ntohs(address->v4.sin_port),
                 uv_strerror(err));
    return err == 0;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct dns_tcp *t = handle->data;

    dns_handle_closed(t->s);
}

void dns_tcp_stop(struct dns_tcp *t)
{
    uv_close((uv_handle_t *)&t->listener, on_listener_closed);
    for (unsigned i = 0; i < DNS_MOST_CLIENTS; i++) {
        if (t->clients[i] != NULL)
            close_client(t->clients[i]);
    }
}

void dns_tcp_free(struct dns_tcp *t)
{
    free(t);
}
