/* dns_cares_send.c - datagrams of one loop turn, sent together: those of equal length as segments of one send
 * (UDP_SEGMENT, udp(7)), all of a socket in one system call. */
#include "scanner/dns_cares_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

ares_ssize_t batch_put(struct channel *ch, int fd, const struct iovec *parts, int n_parts)
{
    struct send_batch *b = &ch->carrier->batch;
    size_t len = 0;

    for (int i = 0; i < n_parts; i++)
        len += parts[i].iov_len;
    if (b->n == BATCH_DATAGRAMS)
        batch_send(ch->carrier);
    if (b->n < BATCH_DATAGRAMS && len <= OUT_MOST_BYTES) {
        struct datagram *d = &b->v[b->n++];
        uint8_t *at = d->bytes;

        *d = (struct datagram){.channel = ch, .fd = fd, .len = (uint16_t)len};
        for (int i = 0; i < n_parts; at += parts[i].iov_len, i++)
            memcpy(at, parts[i].iov_base, parts[i].iov_len);
    }
    return (ares_ssize_t)len;
}

static struct datagram *datagram_at(uint8_t *bytes)
{
    return (struct datagram *)(bytes - offsetof(struct datagram, bytes));
}

/* The datagrams of v[0..n) for `fd`, chained by length. */
static void chain(struct send_batch *b, int fd)
{
    memset(b->chains, 0, sizeof(b->chains));
    for (uint32_t i = b->n; i-- > 0;) {
        struct datagram *d = &b->v[i];

        if (d->fd != fd)
            continue;
        d->next = b->chains[d->len];
        b->chains[d->len] = (uint16_t)(i + 1);
    }
}

static void note_segment_bytes(struct mmsghdr *message, void *control, size_t control_bytes, uint16_t len)
{
    struct msghdr *hdr = &message->msg_hdr;
    struct cmsghdr *note;

    hdr->msg_control = control;
    hdr->msg_controllen = control_bytes;
    note = CMSG_FIRSTHDR(hdr);
    note->cmsg_level = IPPROTO_UDP;
    note->cmsg_type = UDP_SEGMENT;
    note->cmsg_len = CMSG_LEN(sizeof(len));
    memcpy(CMSG_DATA(note), &len, sizeof(len));
}

/* Messages of the chains: of one datagram each, or of up to SEGMENTS_MOST. Returns how many. */
static uint32_t make_messages(struct send_batch *b)
{
    const uint32_t most = b->no_segments ? 1 : SEGMENTS_MOST;
    uint32_t n_messages = 0, n_parts = 0;

    for (uint32_t len = 0; len <= OUT_MOST_BYTES; len++) {
        uint32_t at = b->chains[len];

        while (at > 0) {
            struct mmsghdr *message = &b->messages[n_messages];
            uint32_t n = 0;

            message->msg_hdr = (struct msghdr){.msg_iov = &b->parts[n_parts]};
            for (; at > 0 && n < most; at = b->v[at - 1].next, n++)
                b->parts[n_parts++] = (struct iovec){b->v[at - 1].bytes, len};
            message->msg_hdr.msg_iovlen = n;
            if (n > 1)
                note_segment_bytes(message, &b->control[n_messages], sizeof(b->control[n_messages]),
                                   (uint16_t)len);
            n_messages++;
        }
    }
    return n_messages;
}

static bool is_unfit_for_segments(const struct send_batch *b, const struct mmsghdr *message, int error)
{
    return message->msg_hdr.msg_iovlen > 1 && !b->no_segments &&
           (error == EIO || error == EINVAL || error == EOPNOTSUPP || error == EMSGSIZE);
}

/* Returns how many messages went out or are given up; the others are to be sent again later, or, where
 * `*again`, at once without segments. */
static uint32_t send_messages(struct channel *ch, int fd, uint32_t n_messages, bool *again)
{
    struct send_batch *b = &ch->carrier->batch;
    uint32_t done = 0;
    bool told = false;

    *again = false;
    while (done < n_messages) {
        int n = sendmmsg(fd, b->messages + done, n_messages - done, MSG_NOSIGNAL);

        if (n > 0) {
            done += (uint32_t)n;
            told = false;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            break;
        } else if (is_unfit_for_segments(b, &b->messages[done], errno)) {
            b->no_segments = *again = true;
            break;
        } else if (errno == EINTR) {
            continue;
        } else if (is_refusal(errno) && !told) {
            told = true; /* of an earlier datagram; this one was not tried */
            ch->carrier->refused(ch->carrier->owner, ch->resolver);
        } else {
            done++; /* lost; its question is asked again in time */
            told = false;
        }
    }
    return done;
}

static void drop_empty(struct send_batch *b)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < b->n; i++)
        if (b->v[i].len > 0 && n++ != i)
            b->v[n - 1] = b->v[i];
    b->n = n;
}

/* All datagrams for the socket of v[at]; what it has no room for stays, and is passed over from here on. */
static void send_socket(struct carrier *c, uint32_t at)
{
    struct send_batch *b = &c->batch;
    struct channel *ch = b->v[at].channel;
    uint32_t n_messages, done;
    int fd = b->v[at].fd;
    bool again;

    chain(b, fd);
    n_messages = make_messages(b);
    done = send_messages(ch, fd, n_messages, &again);
    for (uint32_t i = 0; i < b->n; i++)
        b->v[i].passed = b->v[i].passed || (b->v[i].fd == fd && !again);
    for (uint32_t m = 0; m < done; m++)
        for (size_t k = 0; k < b->messages[m].msg_hdr.msg_iovlen; k++)
            datagram_at(b->messages[m].msg_hdr.msg_iov[k].iov_base)->len = 0;
    drop_empty(b);
}

void batch_send(struct carrier *c)
{
    struct send_batch *b = &c->batch;
    uint32_t at = 0;

    while (at < b->n) {
        if (b->v[at].passed)
            at++;
        else
            send_socket(c, at);
    }
    while (at > 0)
        b->v[--at].passed = false;
}

void batch_forget(struct send_batch *b, int fd)
{
    for (uint32_t i = 0; i < b->n; i++)
        if (b->v[i].fd == fd)
            b->v[i].len = 0;
    drop_empty(b);
}
