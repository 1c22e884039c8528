/* dns_cares_socket.c - the sockets under c-ares: what Debian 12's 1.18 makes of datagrams is decided here.
 * Not yet what Debian 13's 1.34 does with one that it cannot parse (a compression loop, say): it ends all
 * that is in flight on that socket with ARES_EBADRESP, so that a few neighbours become DNS_MALFORMED. The way
 * out is to show it header and question alone, here too, and to keep the datagrams of a read in a queue of
 * their own, since it reads all of them before it looks at the first. */
#include "scanner/dns_cares_private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define RCVBUF_BYTES (8 << 20) /* a burst of 10,000 answers at 768 bytes of kernel memory each */

#if ARES_VERSION < 0x011400
/* It takes what is longer for truncated, unless it asked with its own OPT record; it does not look behind the
 * question. So it gets the beginning, and we read the whole. */
#define SHOWN_MOST_BYTES 512
#endif

static bool bind_to(int fd, int family, const struct dns_env *env)
{
    struct sockaddr_storage from = {0};
    const struct address *local = family == AF_INET ? env->local_v4 : env->local_v6;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&from;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&from;

    if (local == NULL)
        return true;
    from.ss_family = (sa_family_t)family;
    if (family == AF_INET)
        memcpy(&v4->sin_addr, local->b + 12, sizeof(v4->sin_addr));
    else
        memcpy(&v6->sin6_addr, local->b, sizeof(v6->sin6_addr));
    return bind(fd, (struct sockaddr *)&from, family == AF_INET ? sizeof(*v4) : sizeof(*v6)) == 0;
}

static ares_socket_t on_socket(int family, int type, int protocol, void *data)
{
    const struct channel *ch = data;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol), bytes = RCVBUF_BYTES;

    if (fd < 0)
        return ARES_SOCKET_BAD;
    if (type == SOCK_DGRAM && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
        (void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes,
                          sizeof(bytes)); /* as much as the system allows */
    if (bind_to(fd, family, &ch->carrier->env))
        return fd;
    close(fd);
    return ARES_SOCKET_BAD;
}

static int on_close(ares_socket_t fd, void *data)
{
    (void)data;
    return close(fd);
}

static int on_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len, void *data)
{
    (void)data;
    return connect(fd, to, len);
}

/* c-ares takes an empty datagram for the end of its socket. */
static ssize_t next_datagram(struct carrier *c, int fd, int flags, struct sockaddr *from, ares_socklen_t *len)
{
    const ares_socklen_t room = *len;
    ssize_t n;

    do {
        *len = room;
        n = recvfrom(fd, c->datagram, sizeof(c->datagram), flags, from, len);
    } while (n == 0);
    c->datagram_len = n > 0 ? (size_t)n : 0;
    return n;
}

static ares_ssize_t on_receive(ares_socket_t fd, void *buffer, size_t size, int flags, struct sockaddr *from,
                               ares_socklen_t *len, void *data)
{
    const struct channel *ch = data;
    struct carrier *c = ch->carrier;
    uint8_t *shown = buffer;
    ssize_t n;

    if (channel_is_stream(ch) || from == NULL)
        return recv(fd, buffer, size, flags);
    n = next_datagram(c, fd, flags, from, len);
    if (n < 0)
        return n;
#ifdef SHOWN_MOST_BYTES
    if (size > SHOWN_MOST_BYTES)
        size = SHOWN_MOST_BYTES;
#endif
    if ((size_t)n < size)
        size = (size_t)n;
    memcpy(shown, c->datagram, size);
    return (ares_ssize_t)size;
}

static ares_ssize_t on_send(ares_socket_t fd, const struct iovec *parts, int n_parts, void *data)
{
    const struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)n_parts};

    (void)data;
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

void channel_own_sockets(struct channel *ch)
{
    static const struct ares_socket_functions functions = {on_socket, on_close, on_connect, on_receive,
                                                           on_send};

    ares_set_socket_functions(ch->ares, &functions, ch);
}

const uint8_t *channel_whole(const struct channel *ch, const uint8_t *msg, size_t *len)
{
    const struct carrier *c = ch->carrier;

    if (channel_is_stream(ch) || *len > c->datagram_len || memcmp(msg, c->datagram, *len) != 0)
        return msg;
    *len = c->datagram_len;
    return c->datagram;
}
