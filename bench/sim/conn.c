/* A connection: reads for its protocol, writes when it is due, waits, ends. */
#include "bench/sim/conn_inside.h"

#include <errno.h>
#include <math.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>

#define READ_ROUNDS    4 /* of reading, before others have their turn */
#define DRAINED_ROUNDS 4 /* of writing more, likewise */

uint64_t conn_now_ms(const struct conn *c)
{
    return uv_now(c->server->sim->loop);
}

static bool may_write(const struct conn *c)
{
    return c->stage == STAGE_PLAIN || c->stage == STAGE_TLS;
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    if (--c->n_handles > 0)
        return;
    struct conn_server *s = c->server;
    free(c);
    conn_server_release(s);
}

void conn_over(struct conn *c)
{
    struct conn_server *s = c->server;
    if (s->protocol->end != NULL)
        s->protocol->end(c);
    *c->from = c->next;
    if (c->next != NULL)
        c->next->from = c->from;
    conn_drop_out(c);
    SSL_free(c->ssl);
    uv_close((uv_handle_t *)&c->poll, on_closed);
    uv_close((uv_handle_t *)&c->timer, on_closed);
    close(c->fd);
    if (c->watched)
        watch_close(s->sim->watch, s->service, c->address, conn_now_ms(c));
}

static void reset_on_close(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void conn_reset(struct conn *c)
{
    reset_on_close(c->fd);
    c->over = true;
}

void conn_finish(struct conn *c)
{
    if (c->stage == STAGE_TLS) {
        ERR_clear_error();
        SSL_shutdown(c->ssl);
    }
    shutdown(c->fd, SHUT_WR);
    c->stage = STAGE_LINGER;
    c->wait_at_ms = 0;
    c->life_ms = conn_now_ms(c) + CONN_LINGER_MS;
}

/* ---- in ---- */

/* To the end, where it is there: who has closed is not to be counted as open any more. */
static void read_plain(struct conn *c)
{
    char buffer[CONN_READ_BYTES];
    for (int round = 0; round < READ_ROUNDS && !c->over; round++) {
        ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0)
            c->over = true;
        else if (c->stage == STAGE_PLAIN && !c->closing)
            c->server->protocol->data(c, buffer, (size_t)n);
        if (c->wants_tls) /* what comes next is a ClientHello */
            return;
    }
}

static void read_tls(struct conn *c)
{
    char buffer[CONN_READ_BYTES];
    while (!c->over && c->stage == STAGE_TLS) {
        ERR_clear_error();
        int n = SSL_read(c->ssl, buffer, sizeof buffer);
        if (n <= 0) {
            int why = SSL_get_error(c->ssl, n);
            c->over = why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
            return;
        }
        if (!c->closing)
            c->server->protocol->data(c, buffer, (size_t)n);
    }
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct conn *c = handle->data;
    if (status < 0)
        c->over = true;
    if (c->wants_tls && (events & UV_DISCONNECT) != 0)
        c->over = true;
    if (!c->over && (events & UV_READABLE) != 0) {
        if (c->stage == STAGE_HANDSHAKE)
            conn_handshake(c);
        if (c->stage == STAGE_TLS)
            read_tls(c);
        else if (c->stage != STAGE_HANDSHAKE) /* also where that failed: the peer may have closed */
            read_plain(c);
    } else if (!c->over && c->stage == STAGE_HANDSHAKE) {
        conn_handshake(c);
    }
    conn_settle(c);
}

/* ---- time ---- */

static void on_timer(uv_timer_t *timer)
{
    struct conn *c = timer->data;
    c->armed_ms = 0;
    if (conn_now_ms(c) >= c->life_ms) {
        c->over = true;
    } else if (c->wait_at_ms != 0 && conn_now_ms(c) >= c->wait_at_ms) {
        c->wait_at_ms = 0;
        c->server->protocol->timer(c);
    }
    conn_settle(c);
}

/* One timer for all that is awaited; one that is set too early stays, and is set again when it has run. */
static void arm(struct conn *c)
{
    uint64_t at = c->life_ms;
    if (c->wait_at_ms != 0 && c->wait_at_ms < at)
        at = c->wait_at_ms;
    if (may_write(c) && c->out != NULL && !c->blocked && c->out->due_ms < at)
        at = c->out->due_ms;
    if (c->armed_ms != 0 && c->armed_ms <= at)
        return;
    c->armed_ms = at;
    uint64_t now = conn_now_ms(c);
    uv_timer_start(&c->timer, on_timer, at > now ? at - now : 0, 0);
}

/* ---- wishes carried out ---- */

static void carry_out(struct conn *c)
{
    for (int round = 0; may_write(c) && !c->over; round++) {
        conn_flush(c);
        if (c->over || c->out != NULL)
            return;
        if (c->closing) {
            conn_finish(c);
            return;
        }
        if (c->wants_tls) {
            c->wants_tls = false;
            c->stage = STAGE_HANDSHAKE;
            return;
        }
        if (!c->owes_drained || round == DRAINED_ROUNDS)
            return;
        c->owes_drained = false;
        if (c->server->protocol->drained != NULL)
            c->server->protocol->drained(c);
    }
}

/* Bytes of a peer that is to wait for our 220 before its ClientHello stay in the kernel. */
static int events_wanted(const struct conn *c)
{
    int events = c->wants_tls ? UV_DISCONNECT : UV_READABLE;
    bool turn_owed = c->owes_drained && c->out == NULL && c->server->protocol->drained != NULL;
    bool handshake = c->stage == STAGE_HANDSHAKE && c->ssl != NULL && SSL_want_write(c->ssl);
    if (handshake || (may_write(c) && (c->blocked || turn_owed)))
        events |= UV_WRITABLE;
    return events;
}

void conn_settle(struct conn *c)
{
    carry_out(c);
    int events = events_wanted(c);
    if (!c->over && events != c->events) {
        c->events = events;
        c->over = uv_poll_start(&c->poll, events, on_poll) != 0;
    }
    if (c->over)
        conn_over(c);
    else
        arm(c);
}

/* ---- the beginning ---- */

static struct conn *new_conn(struct conn_server *s, int fd, uint32_t address)
{
    struct conn *c = calloc(1, sizeof *c + s->protocol->bytes);
    if (c == NULL)
        return NULL;
    c->server = s;
    c->fd = fd;
    c->address = address;
    if (uv_poll_init(s->sim->loop, &c->poll, fd) != 0) {
        free(c);
        return NULL;
    }
    uv_timer_init(s->sim->loop, &c->timer);
    c->poll.data = c->timer.data = c;
    c->n_handles = 2;
    c->next = s->conns;
    if (c->next != NULL)
        c->next->from = &c->next;
    c->from = &s->conns;
    s->conns = c;
    s->n_handles++;
    c->life_ms = conn_now_ms(c) + CONN_MOST_MS;
    return c;
}

static uint32_t address_of(int fd)
{
    struct sockaddr_in own = {0};
    socklen_t len = sizeof own;
    getsockname(fd, (struct sockaddr *)&own, &len);
    return ntohl(own.sin_addr.s_addr);
}

void conn_begin(struct conn_server *s, int fd)
{
    uint32_t address = address_of(fd), n_open = 0, n_in_second = 0;
    uint64_t now = uv_now(s->sim->loop);
    bool watched = watch_open(s->sim->watch, s->service, address, now, &n_open, &n_in_second);
    struct address_use use;
    address_used(s->sim->world, address, &use);
    bool reset = use.kind == ADDRESS_RESET;
    struct conn *c = reset ? NULL : new_conn(s, fd, address);
    if (c == NULL) {
        s->sim->counts.memory_failed += !reset;
        reset_on_close(fd);
        close(fd);
        if (watched)
            watch_close(s->sim->watch, s->service, address, now);
        return;
    }
    c->watched = watched;
    c->n_open = n_open;
    c->n_in_second = n_in_second;
    if (s->protocol->tls_first)
        c->stage = STAGE_HANDSHAKE;
    else
        s->protocol->begin(c);
    conn_settle(c);
}

/* ---- for protocols ---- */

struct sim *conn_sim(const struct conn *c)
{
    return c->server->sim;
}

void *conn_state(struct conn *c)
{
    return c->state;
}

uint32_t conn_address(const struct conn *c)
{
    return c->address;
}

bool conn_watch(const struct conn *c, uint32_t *n_open, uint32_t *n_in_second)
{
    *n_open = c->n_open;
    *n_in_second = c->n_in_second;
    return c->watched;
}

void conn_wait(struct conn *c, double ms)
{
    c->wait_at_ms = conn_now_ms(c) + (uint64_t)ceil(ms);
}

void conn_start_tls(struct conn *c)
{
    c->wants_tls = true;
}

bool conn_has_tls(const struct conn *c)
{
    return c->stage == STAGE_TLS;
}

void conn_close(struct conn *c)
{
    c->closing = true;
}
