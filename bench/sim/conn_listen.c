/* The listening socket: which SYNs it sees, who is accepted, when there are no descriptors left. */
#include "bench/sim/conn_inside.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#define LISTEN_BACKLOG  65535 /* the kernel cuts it to net.core.somaxconn */
#define ACCEPT_PAUSE_MS 50    /* where descriptors or memory have run out */
#define IP_DESTINATION  16    /* in the header of IPv4 (RFC 791 section 3.1) */

void conn_server_release(struct conn_server *s)
{
    if (--s->n_handles == 0)
        free(s);
}

/* ---- accepting ---- */

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
    struct conn_server *s = timer->data;
    uv_poll_start(&s->poll, UV_READABLE, on_acceptable);
}

/* Nothing to do but to keep the loop from sleeping until on_check() has seen to those who were accepted. */
static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

/* Those accepted begin one turn of the loop later: by then each end that came before them has been seen, and
 * a peer that closes one connection before it opens the next is never counted with two. */
static void on_check(uv_check_t *check)
{
    struct conn_server *s = check->data;
    if (!s->ripe) {
        s->ripe = true;
        return;
    }
    for (unsigned i = 0; i < s->n_fresh; i++)
        conn_begin(s, s->fresh[i]);
    s->n_fresh = 0;
    uv_check_stop(&s->check);
    uv_idle_stop(&s->idle);
}

static bool is_for_later(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct conn_server *s = poll->data;
    (void)status;
    (void)events;
    if (s->n_fresh > 0)
        return;
    while (s->n_fresh < sizeof s->fresh / sizeof *s->fresh) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd < 0 && is_for_later(errno)) {
            s->sim->counts.memory_failed++;
            uv_poll_stop(&s->poll);
            uv_timer_start(&s->pause, on_pause_over, ACCEPT_PAUSE_MS, 0);
        }
        if (fd < 0)
            break;
        s->fresh[s->n_fresh++] = fd;
        ++*s->n_accepted;
    }
    if (s->n_fresh == 0)
        return;
    s->ripe = false;
    uv_check_start(&s->check, on_check);
    uv_idle_start(&s->idle, on_idle);
}

/* ---- listening ---- */

/* Drops what is sent to ADDRESS_DEAD_NET, so that a connection there times out as it does in the real one,
 * and what is not sent to loopback: nobody outside is served. The filter of a TCP socket sees a segment from
 * its TCP header on; the one of IP is at SKF_NET_OFF. */
static bool filter_destinations(int fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + IP_DESTINATION),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 24),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IN_LOOPBACKNET, 0, 3),
        BPF_STMT(BPF_MISC | BPF_TXA, 0),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ADDRESS_DEAD_MASK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ADDRESS_DEAD_NET, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

/* The name of the call that failed, NULL: none. */
static const char *listen_at(int fd, uint16_t port)
{
    int on = 1;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return "SO_REUSEADDR";
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        return "TCP_NODELAY";
    if (!filter_destinations(fd))
        return "SO_ATTACH_FILTER";
    if (bind(fd, (struct sockaddr *)&any, sizeof any) != 0)
        return "bind";
    return listen(fd, LISTEN_BACKLOG) != 0 ? "listen" : NULL;
}

static int listening_socket(uint16_t port, char *error, size_t error_len)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const char *failed = fd < 0 ? "socket" : listen_at(fd, port);
    if (failed == NULL)
        return fd;
    snprintf(error, error_len, "TCP port %u: %s: %s", port, failed, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool watch_socket(struct conn_server *s)
{
    if (uv_poll_init(s->sim->loop, &s->poll, s->fd) != 0)
        return false;
    uv_timer_init(s->sim->loop, &s->pause);
    uv_check_init(s->sim->loop, &s->check);
    uv_idle_init(s->sim->loop, &s->idle);
    s->poll.data = s->pause.data = s->check.data = s->idle.data = s;
    s->n_handles = 4;
    return uv_poll_start(&s->poll, UV_READABLE, on_acceptable) == 0;
}

struct conn_server *conn_listen(struct sim *sim, uint16_t port, const struct conn_protocol *protocol,
                                enum watch_service service, uint64_t *n_accepted, uint64_t *n_handshakes,
                                char *error, size_t error_len)
{
    int fd = listening_socket(port, error, error_len);
    struct conn_server *s = fd < 0 ? NULL : calloc(1, sizeof *s);
    if (s != NULL) {
        s->sim = sim;
        s->protocol = protocol;
        s->service = service;
        s->n_accepted = n_accepted;
        s->n_handshakes = n_handshakes;
        s->fd = fd;
        conn_tls_setup(sim);
        if (watch_socket(s))
            return s;
        snprintf(error, error_len, "TCP port %u: the loop does not take it", port);
    } else if (fd >= 0) {
        snprintf(error, error_len, "no memory");
    }
    if (fd >= 0)
        close(fd);
    free(s);
    return NULL;
}

static void on_closed(uv_handle_t *handle)
{
    conn_server_release(handle->data);
}

void conn_server_stop(struct conn_server *s)
{
    while (s->conns != NULL)
        conn_over(s->conns);
    for (unsigned i = 0; i < s->n_fresh; i++)
        close(s->fresh[i]);
    s->n_fresh = 0;
    uv_close((uv_handle_t *)&s->poll, on_closed);
    uv_close((uv_handle_t *)&s->pause, on_closed);
    uv_close((uv_handle_t *)&s->check, on_closed);
    uv_close((uv_handle_t *)&s->idle, on_closed);
    close(s->fd);
}
