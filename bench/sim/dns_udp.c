/* dns_udp.c - DNS by UDP: datagrams in and out in batches, each for itself, as resolvers send and take them.
 * With UDP_GRO for what comes and UDP_SEGMENT for answers of equal length the kernel's time is halved on
 * loopback, at both ends (7.1 to 3.0 s here, 4.5 to 2.1 s in stscan, for 2.5 million queries): no resolver
 * does so, and the figures of ./dev bench would flatter. What is left is the kernel's: ./dev bench
 * dns_server. */
#include "bench/sim/dns_private.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH        64         /* datagrams a system call */
#define TURN_BATCHES 8          /* before other events get their turn */
#define SOCKET_BYTES (32 << 20) /* of queries that wait in the kernel; as much as it gives */
#define SEND_WAIT_MS 100        /* for room in the kernel; then the answer is lost, and counted */
#define OUT_BYTES    (BATCH * 1024 + DNS_MOST_UDP + DNS_MOST_WRONG)
#define OUT_MOST     (BATCH + 2)

struct dns_udp {
    struct dns_server *s;
    uv_poll_t poll;
    int fd;
    /* what comes */
    struct mmsghdr in[BATCH];
    struct iovec in_at[BATCH];
    union dns_peer peer[BATCH];
    uint8_t in_bytes[BATCH][DNS_MOST_QUERY];
    /* what goes, at the next flush */
    struct mmsghdr out[OUT_MOST];
    struct iovec out_at[OUT_MOST];
    union dns_peer out_peer[OUT_MOST];
    unsigned n_out;
    size_t out_used;
    uint8_t out_bytes[OUT_BYTES];
};

/* ---- out ---- */

static bool wait_for_room(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    return poll(&p, 1, SEND_WAIT_MS) > 0;
}

void dns_udp_flush(struct dns_udp *u)
{
    unsigned sent = 0;

    while (sent < u->n_out) {
        int n = sendmmsg(u->fd, u->out + sent, u->n_out - sent, MSG_DONTWAIT);

        if (n > 0) {
            sent += (unsigned)n;
        } else if (errno != EINTR && !((errno == EAGAIN || errno == ENOBUFS) && wait_for_room(u->fd))) {
            u->s->sim->counts.memory_failed += errno == EAGAIN || errno == ENOBUFS;
            sent++; /* the first of these cannot be sent; the next ones may */
        }
    }
    u->n_out = 0;
    u->out_used = 0;
}

static void add_out(struct dns_udp *u, const union dns_peer *peer, size_t len)
{
    unsigned n = u->n_out++;

    u->out_at[n] = (struct iovec){u->out_bytes + u->out_used, len};
    u->out_peer[n] = *peer;
    u->out[n].msg_hdr.msg_namelen = peer->sa.sa_family == AF_INET ? sizeof(peer->v4) : sizeof(peer->v6);
    u->out_used += len;
}

void dns_udp_answer(struct dns_udp *u, const struct dns_query *q, const union dns_peer *peer)
{
    struct dns_answer answer;

    if (u->n_out + 2 > OUT_MOST || OUT_BYTES - u->out_used < DNS_MOST_UDP + DNS_MOST_WRONG)
        dns_udp_flush(u);
    dns_server_answer(u->s, q, false, u->out_bytes + u->out_used, &answer);
    for (unsigned i = 0; i < answer.n; i++)
        add_out(u, peer, answer.len[i]);
}

/* ---- in ---- */

static void take_query(struct dns_udp *u, const uint8_t *p, size_t len, const union dns_peer *peer)
{
    struct dns_waiting *waiting;
    struct dns_query q;
    uint64_t wait_ms;

    if (!dns_query_read(p, len, &q))
        return;
    waiting = dns_server_delay(u->s, &q, &wait_ms);
    if (waiting == NULL) {
        dns_udp_answer(u, &q, peer);
        return;
    }
    waiting->tcp = false;
    waiting->peer = *peer;
    dns_server_wait(u->s, waiting, wait_ms);
}

/* How many there were. */
static int take_batch(struct dns_udp *u)
{
    int n;

    for (unsigned i = 0; i < BATCH; i++)
        u->in[i].msg_hdr.msg_namelen = sizeof(u->peer[i]);
    n = recvmmsg(u->fd, u->in, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        if ((u->in[i].msg_hdr.msg_flags & MSG_TRUNC) == 0)
            take_query(u, u->in_bytes[i], u->in[i].msg_len, &u->peer[i]);
    }
    dns_udp_flush(u);
    return n;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct dns_udp *u = poll->data;

    (void)status;
    (void)events;
    for (unsigned i = 0; i < TURN_BATCHES && take_batch(u) == BATCH; i++)
        ;
}

/* ---- beginning and end ---- */

static void set_up_batches(struct dns_udp *u)
{
    for (unsigned i = 0; i < BATCH; i++) {
        u->in_at[i] = (struct iovec){u->in_bytes[i], DNS_MOST_QUERY};
        u->in[i].msg_hdr = (struct msghdr){.msg_name = &u->peer[i], .msg_iov = &u->in_at[i], .msg_iovlen = 1};
    }
    for (unsigned i = 0; i < OUT_MOST; i++)
        u->out[i].msg_hdr =
            (struct msghdr){.msg_name = &u->out_peer[i], .msg_iov = &u->out_at[i], .msg_iovlen = 1};
}

static void grow_buffer(int fd, int forced, int asked)
{
    int bytes = SOCKET_BYTES;

    if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)) != 0)
        (void)setsockopt(fd, SOL_SOCKET, asked, &bytes, sizeof(bytes));
}

static int open_socket(const union dns_peer *address)
{
    socklen_t len = address->sa.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
    int fd = socket(address->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0 && bind(fd, &address->sa, len) != 0) {
        int err = errno;

        close(fd);
        errno = err;
        return -1;
    }
    if (fd >= 0) {
        grow_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
        grow_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    }
    return fd;
}

bool dns_udp_start(struct dns_server *s, const union dns_peer *address, char *error, size_t error_len)
{
    struct dns_udp *u = calloc(1, sizeof(*u));

    if (u == NULL) {
        snprintf(error, error_len, "DNS: out of memory");
        return false;
    }
    u->s = s;
    u->fd = open_socket(address);
    if (u->fd < 0 || uv_poll_init(s->sim->loop, &u->poll, u->fd) != 0) {
        snprintf(error, error_len, "DNS: UDP port %u cannot be opened: %s", ntohs(address->v4.sin_port),
                 uv_strerror(uv_translate_sys_error(errno)));
        dns_udp_free(u);
        return false;
    }
    set_up_batches(u);
    u->poll.data = u;
    s->n_handles++;
    s->udp = u;
    uv_poll_start(&u->poll, UV_READABLE, on_readable);
    return true;
}

static void on_closed(uv_handle_t *handle)
{
    struct dns_udp *u = handle->data;

    dns_handle_closed(u->s);
}

void dns_udp_stop(struct dns_udp *u)
{
    uv_close((uv_handle_t *)&u->poll, on_closed);
}

void dns_udp_free(struct dns_udp *u)
{
    if (u == NULL)
        return;
    if (u->fd >= 0)
        close(u->fd);
    free(u);
}
