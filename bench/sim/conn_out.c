/* What a connection has to say: kept until it is due, then written as far as the kernel takes it. */
#include "bench/sim/conn_inside.h"

#include <errno.h>
#include <math.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define OUT_LEAST_ROOM 512 /* so that small writes share a segment and a packet */

static void fail(struct conn *c)
{
    c->server->sim->counts.memory_failed++;
    c->over = true;
}

static struct conn_out *new_out(struct conn *c, size_t len, uint64_t due_ms)
{
    size_t room = len > OUT_LEAST_ROOM ? len : OUT_LEAST_ROOM;
    struct conn_out *o = malloc(sizeof *o + room);
    if (o == NULL)
        return NULL;
    *o = (struct conn_out){.due_ms = due_ms, .room = room};
    if (c->out_last == NULL)
        c->out = o;
    else
        c->out_last->next = o;
    return c->out_last = o;
}

void conn_write(struct conn *c, const void *p, size_t len, double wait_ms)
{
    if (len == 0 || c->over || c->closing)
        return;
    if (len > CONN_MOST_OUT_BYTES - c->n_out) {
        c->over = true;
        return;
    }
    bool waits = wait_ms > 0 && !c->server->sim->no_latency;
    uint64_t due = waits ? conn_now_ms(c) + (uint64_t)ceil(wait_ms) : 0;
    struct conn_out *o = c->out_last;
    if (o == NULL || due > o->due_ms || len > o->room - o->len)
        o = new_out(c, len, due);
    if (o == NULL) {
        fail(c);
        return;
    }
    memcpy(o->bytes + o->len, p, len);
    o->len += len;
    c->n_out += len;
}

/* Bytes written; 0: the kernel has no room; -1: it is over. */
static ssize_t write_some(struct conn *c, const char *p, size_t len)
{
    if (c->stage == STAGE_PLAIN) {
        ssize_t n = send(c->fd, p, len, MSG_NOSIGNAL);
        return n >= 0 ? n : errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    ERR_clear_error();
    int n = SSL_write(c->ssl, p, (int)len);
    if (n > 0)
        return n;
    int why = SSL_get_error(c->ssl, n);
    return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? 0 : -1;
}

void conn_flush(struct conn *c)
{
    c->blocked = false;
    while (c->out != NULL && c->out->due_ms <= conn_now_ms(c)) {
        struct conn_out *o = c->out;
        ssize_t n = write_some(c, o->bytes + o->from, o->len - o->from);
        if (n <= 0) {
            c->over = n < 0;
            c->blocked = n == 0;
            return;
        }
        o->from += (size_t)n;
        c->n_out -= (size_t)n;
        if (o->from < o->len)
            continue;
        c->out = o->next;
        if (c->out == NULL)
            c->out_last = NULL;
        free(o);
        c->owes_drained = true;
    }
}

void conn_drop_out(struct conn *c)
{
    while (c->out != NULL) {
        struct conn_out *next = c->out->next;
        free(c->out);
        c->out = next;
    }
    c->out_last = NULL;
}
