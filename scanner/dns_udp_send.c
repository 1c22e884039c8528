/* dns_udp_send.c - the datagrams of one loop turn, sent together: those of equal length as segments of one
 * send (UDP_SEGMENT, udp(7)), all of a socket in one system call. */
#include "scanner/dns_udp_private.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

void batch_put(struct udp *u, struct exchange *x, const uint8_t *query, size_t len)
{
    struct batch *b = &u->batch;

    if (b->n == OUT_DATAGRAMS)
        batch_send(u);
    if (b->n == OUT_DATAGRAMS)
        return;
    b->v[b->n] = x;
    b->len[b->n] = (uint16_t)len;
    memcpy(b->bytes[b->n], query, len);
    b->bytes[b->n][0] = (uint8_t)(x->id >> 8);
    b->bytes[b->n][1] = (uint8_t)x->id;
    b->passed[b->n] = false;
    x->queued = (uint16_t)++b->n;
}

/* Those for `port`, chained by length. */
static void chain(struct batch *b, const struct port *port)
{
    memset(b->chains, 0, sizeof(b->chains));
    for (uint32_t i = b->n; i-- > 0;) {
        const struct exchange *x = b->v[i];

        if (x == NULL || x->carrier != port)
            continue;
        b->next[i] = b->chains[b->len[i]];
        b->chains[b->len[i]] = (uint16_t)(i + 1);
    }
}

static void note_segment_bytes(struct msghdr *message, void *control, size_t control_bytes, uint16_t len)
{
    struct cmsghdr *note;

    message->msg_control = control;
    message->msg_controllen = control_bytes;
    note = CMSG_FIRSTHDR(message);
    note->cmsg_level = IPPROTO_UDP;
    note->cmsg_type = UDP_SEGMENT;
    note->cmsg_len = CMSG_LEN(sizeof(len));
    memcpy(CMSG_DATA(note), &len, sizeof(len));
}

/* Of the chain, from *at on, up to `most` datagrams as one message; its bytes go to `to`, behind one another,
 * since the kernel reads one piece faster than many. */
static size_t make_message(struct batch *b, uint32_t m, uint32_t *at, uint16_t len, uint32_t most,
                           uint8_t *to)
{
    struct msghdr *message = &b->messages[m].msg_hdr;
    uint32_t n = 0;

    for (; *at > 0 && n < most; *at = b->next[*at - 1], n++) {
        b->members[b->n_members++] = (uint16_t)(*at - 1);
        memcpy(to + (size_t)n * len, b->bytes[*at - 1], len);
    }
    b->parts[m] = (struct iovec){to, (size_t)n * len};
    b->n_in[m] = (uint16_t)n;
    *message = (struct msghdr){.msg_iov = &b->parts[m], .msg_iovlen = 1};
    if (n > 1)
        note_segment_bytes(message, &b->control[m], sizeof(b->control[m]), len);
    return b->parts[m].iov_len;
}

/* Messages of the chains: of one datagram each, or of up to SEGMENTS_MOST. Returns how many. */
static uint32_t make_messages(struct batch *b)
{
    const uint32_t most = b->no_segments ? 1 : SEGMENTS_MOST;
    uint32_t n_messages = 0;
    size_t used = 0;

    b->n_members = 0;
    for (uint16_t len = 1; len <= DNS_QUERY_BYTES; len++) {
        uint32_t at = b->chains[len];

        while (at > 0)
            used += make_message(b, n_messages++, &at, len, most, b->chained + used);
    }
    return n_messages;
}

static bool is_unfit_for_segments(const struct batch *b, uint32_t message, int error)
{
    return b->n_in[message] > 1 && !b->no_segments &&
           (error == EIO || error == EINVAL || error == EOPNOTSUPP || error == EMSGSIZE);
}

/* Returns how many messages went out or are given up; the others are to be sent again later, or, where
 * `*again`, at once without segments. */
static uint32_t send_messages(struct udp *u, const struct port *port, uint32_t n_messages, bool *again)
{
    struct batch *b = &u->batch;
    uint32_t done = 0;
    bool told = false;

    *again = false;
    while (done < n_messages) {
        int n = sendmmsg(port->fd, b->messages + done, n_messages - done, MSG_NOSIGNAL);

        if (n > 0) {
            done += (uint32_t)n;
            told = false;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            break;
        } else if (is_unfit_for_segments(b, done, errno)) {
            b->no_segments = *again = true;
            break;
        } else if (errno == EINTR) {
            continue;
        } else if (is_refusal(errno) && !told) {
            told = true; /* of an earlier datagram; this one was not tried */
            u->refused_port = port;
        } else {
            done++; /* lost; its question is asked again in time */
            told = false;
        }
    }
    return done;
}

/* All for the port of v[at]; what its socket has no room for stays, and is passed over in this flush. */
static void send_port(struct udp *u, uint32_t at)
{
    struct batch *b = &u->batch;
    const struct port *port = b->v[at]->carrier;
    uint32_t n_messages, done, n_gone = 0;
    bool again;

    chain(b, port);
    n_messages = make_messages(b);
    done = send_messages(u, port, n_messages, &again);
    for (uint32_t m = 0; m < done; m++)
        n_gone += b->n_in[m];
    for (uint32_t i = 0; i < n_gone; i++) {
        b->v[b->members[i]]->queued = 0;
        b->v[b->members[i]] = NULL;
    }
    for (uint32_t i = at; i < b->n && !again; i++)
        b->passed[i] = b->passed[i] || (b->v[i] != NULL && b->v[i]->carrier == port);
}

/* What is left moves up. */
static void move(struct batch *b, uint32_t to, uint32_t from)
{
    b->passed[to] = false;
    b->v[to] = b->v[from];
    b->v[to]->queued = (uint16_t)(to + 1);
    b->len[to] = b->len[from];
    if (to != from)
        memcpy(b->bytes[to], b->bytes[from], b->len[from]);
}

void batch_send(struct udp *u)
{
    struct batch *b = &u->batch;
    uint32_t n = 0;

    for (uint32_t at = 0; at < b->n;) {
        if (b->v[at] == NULL || b->passed[at])
            at++;
        else
            send_port(u, at);
    }
    for (uint32_t i = 0; i < b->n; i++)
        if (b->v[i] != NULL)
            move(b, n++, i);
    b->n = n;
}
