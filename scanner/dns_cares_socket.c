/* dns_cares_socket.c - the sockets under c-ares. Of a datagram it sees a header without faults and the
 * question alone: 1.18 (Debian 12) takes what is longer than 512 bytes for truncated, 1.34 (Debian 13) ends
 * all that is in flight on a socket with one answer that it cannot parse, and asks again on some RCODEs. Both
 * look at one datagram before they receive the next, so that the whole is the one that was shown last. */
#include "scanner/dns_cares_private.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

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

/* No more in flight than the answers that the socket can hold. Where the system allows less than is asked
 * for, the user can raise net.core.rmem_max. */
static void size_buffer(struct channel *ch, int fd)
{
    int bytes = RCVBUF_BYTES, on = 1;
    socklen_t len = sizeof(bytes);

    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, len) != 0)
        (void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, len);
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &len) == 0 && bytes > 0)
        ch->most_in_flight = (uint32_t)bytes / ANSWER_KERNEL_BYTES;
    if (ch->most_in_flight > CHANNEL_IN_FLIGHT)
        ch->most_in_flight = CHANNEL_IN_FLIGHT;
    if (ch->most_in_flight < CHANNEL_FEW)
        ch->most_in_flight = CHANNEL_FEW;
    (void)!setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
    ch->dropped = 0;
}

static ares_socket_t on_socket(int family, int type, int protocol, void *data)
{
    struct channel *ch = data;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

    if (fd < 0)
        return ARES_SOCKET_BAD;
    if (type == SOCK_DGRAM)
        size_buffer(ch, fd);
    if (bind_to(fd, family, &ch->carrier->env))
        return fd;
    close(fd);
    return ARES_SOCKET_BAD;
}

static int on_close(ares_socket_t fd, void *data)
{
    struct carrier *c = ((const struct channel *)data)->carrier;

    if (c->inbox.fd == fd)
        c->inbox.fd = -1; /* what else is in it belongs to nobody */
    batch_forget(&c->batch, fd);
    return close(fd);
}

static int on_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len, void *data)
{
    (void)data;
    return connect(fd, to, len);
}

/* RFC 1035 section 4.1.2: where the question ends, 0 where there is not exactly one of class IN with a name
 * as it was sent (not compressed). What has none is no answer to us (RFC 5452 section 4.2). */
static size_t question_end(const uint8_t *msg, size_t len)
{
    size_t at = DNS_HEADER_BYTES;

    if (len < DNS_HEADER_BYTES || (msg[2] & 0x80) == 0 || msg[4] != 0 || msg[5] != 1)
        return 0;
    while (at < len && msg[at] != 0 && msg[at] <= 63)
        at += msg[at] + 1u;
    if (at + 5 > len || msg[at] != 0 || at - DNS_HEADER_BYTES > 254 || msg[at + 1] != 0 || msg[at + 3] != 0 ||
        msg[at + 4] != 1)
        return 0;
    return at + 5;
}

/* What c-ares sees: no RR, and an RCODE that it does nothing about; 1.34 would make a timeout of its own from
 * how long others take. */
static size_t shown(const uint8_t *msg, size_t len, uint8_t *out, size_t size)
{
    static const uint8_t flags_and_counts[] = {0x81, 0x80 | ns_r_notauth, 0, 1, 0, 0, 0, 0, 0, 0};
    size_t end = question_end(msg, len);

    if (end == 0 || end > size)
        return 0;
    memcpy(out, msg, end);
    memcpy(out + 2, flags_and_counts, sizeof(flags_and_counts));
    return end;
}

/* What the kernel had no room for, since the last time. */
static void count_drops(struct channel *ch, struct msghdr *message)
{
    struct cmsghdr *note = CMSG_FIRSTHDR(message);
    uint32_t dropped;

    if (note == NULL || note->cmsg_level != SOL_SOCKET || note->cmsg_type != SO_RXQ_OVFL)
        return;
    memcpy(&dropped, CMSG_DATA(note), sizeof(dropped));
    count_more(&ch->carrier->env.counters->dns_dropped, dropped - ch->dropped);
    ch->dropped = dropped;
}

/* c-ares is not told of a refusal: it would move all that is in flight, for one ICMP message (1.18), or end
 * it (1.34). */
void inbox_fill(struct channel *ch, int fd)
{
    struct inbox *in = &ch->carrier->inbox;
    int n;

    for (size_t i = 0; i < INBOX_DATAGRAMS; i++) {
        in->parts[i] = (struct iovec){in->bytes[i], sizeof(in->bytes[i])};
        in->messages[i].msg_hdr = (struct msghdr){.msg_name = &in->from[i],
                                                  .msg_namelen = sizeof(in->from[i]),
                                                  .msg_iov = &in->parts[i],
                                                  .msg_iovlen = 1,
                                                  .msg_control = &in->control[i],
                                                  .msg_controllen = sizeof(in->control[i])};
    }
    n = recvmmsg(fd, in->messages, INBOX_DATAGRAMS, MSG_DONTWAIT, NULL);
    in->n = n > 0 ? (uint32_t)n : 0;
    in->next = 0;
    in->fd = fd;
    if (n > 0)
        count_drops(ch, &in->messages[n - 1].msg_hdr);
    else if (n < 0 && is_refusal(errno))
        ch->carrier->refused(ch->carrier->owner, ch->resolver);
}

/* The next datagram of the batch that can be an answer; after the last, "nothing more". */
static ares_ssize_t next_datagram(struct inbox *in, int fd, uint8_t *buffer, size_t size,
                                  struct sockaddr *from, ares_socklen_t *from_len)
{
    while (in->fd == fd && in->next < in->n) {
        const struct mmsghdr *message = &in->messages[in->next];
        size_t len = shown(in->bytes[in->next++], message->msg_len, buffer, size);

        if (len == 0)
            continue;
        if (*from_len > message->msg_hdr.msg_namelen)
            *from_len = message->msg_hdr.msg_namelen;
        memcpy(from, message->msg_hdr.msg_name, *from_len);
        return (ares_ssize_t)len;
    }
    errno = EAGAIN;
    return -1;
}

static ares_ssize_t on_receive(ares_socket_t fd, void *buffer, size_t size, int flags, struct sockaddr *from,
                               ares_socklen_t *len, void *data)
{
    const struct channel *ch = data;

    if (ch->is_stream || from == NULL)
        return recv(fd, buffer, size, flags);
    return next_datagram(&ch->carrier->inbox, fd, buffer, size, from, len);
}

static ares_ssize_t on_send(ares_socket_t fd, const struct iovec *parts, int n_parts, void *data)
{
    const struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)n_parts};
    struct channel *ch = data;

    return ch->is_stream ? sendmsg(fd, &message, MSG_NOSIGNAL) : batch_put(ch, fd, parts, n_parts);
}

void channel_own_sockets(struct channel *ch)
{
    static const struct ares_socket_functions functions = {on_socket, on_close, on_connect, on_receive,
                                                           on_send};

    ares_set_socket_functions(ch->ares, &functions, ch);
}

const uint8_t *channel_whole(const struct channel *ch, const uint8_t *msg, size_t *len)
{
    const struct inbox *in = &ch->carrier->inbox;
    const uint8_t *whole;

    if (ch->is_stream)
        return msg;
    if (in->next == 0 || *len < 2)
        return NULL;
    whole = in->bytes[in->next - 1];
    *len = in->messages[in->next - 1].msg_len;
    return memcmp(msg, whole, 2) == 0 ? whole : NULL;
}
