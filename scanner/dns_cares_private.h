/* dns_cares_private.h - what dns_cares.c (channels, messages, the loop), dns_cares_socket.c (sockets under
 * c-ares) and dns_cares_send.c (datagrams on their way out) share. For these files only. */
#ifndef STS_DNS_CARES_PRIVATE_H
#define STS_DNS_CARES_PRIVATE_H
#define CARES_NO_DEPRECATED /* ares_send and ares_process_fd: the successors are not in Debian 12 */
#include "scanner/dns_cares.h"

#include <ares.h>
#include <errno.h>
#include <sys/socket.h>

/* Channels of a resolver, each with a socket and so a source port of its own, used turn by turn: so many at
 * least (RFC 5452 section 9.2), unless it is on loopback, where nobody else can answer; and so many at most.
 */
#define PORTS_LEAST         4
#define PORTS_MOST          16
#define CHANNEL_IN_FLIGHT   8192 /* c-ares gets slow beyond 10,000 */
#define CHANNEL_FEW         256  /* whatever the buffer of its socket holds */
#define CARRIER_IN_FLIGHT   (PORTS_MOST * CHANNEL_IN_FLIGHT)
#define ANSWER_KERNEL_BYTES 768 /* what an answer takes of that buffer */
#define RCVBUF_BYTES        (CHANNEL_IN_FLIGHT * ANSWER_KERNEL_BYTES)
#define DATAGRAM_MOST_BYTES 65535 /* UDP has no larger one */
#define INBOX_DATAGRAMS     64    /* received by one system call */
#define BATCH_DATAGRAMS     256   /* held for a flush */
#define OUT_MOST_BYTES      512   /* of one: ours, and what c-ares adds (RFC 7873) */
#define SEGMENTS_MOST       64    /* of one send: UDP_MAX_SEGMENTS of older kernels */
#define DNS_HEADER_BYTES    12    /* RFC 1035 section 4.1.1 */
/* A channel that speaks TCP carries one message at a time: c-ares ends or repeats whatever is in flight on it
 * when a connection is closed, which resolvers do as they like (RFC 7766 section 6.2.3). */
#define STREAM_CHANNELS 64

struct channel {
    struct carrier *carrier;
    ares_channel ares; /* NULL: not wanted yet */
    uint32_t resolver;
    uint32_t in_flight, most_in_flight;
    uint32_t dropped; /* by the kernel, of its socket's life */
    bool is_stream;
};
/* The datagrams of one read of a socket. Of the room of each only what is used costs memory. */
struct inbox {
    int fd;
    uint32_t n, next;
    struct mmsghdr messages[INBOX_DATAGRAMS];
    struct iovec parts[INBOX_DATAGRAMS];
    struct sockaddr_storage from[INBOX_DATAGRAMS];
    struct {
        _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(uint32_t))];
    } control[INBOX_DATAGRAMS];
    uint8_t bytes[INBOX_DATAGRAMS][DATAGRAM_MOST_BYTES];
};
struct datagram {
    struct channel *channel;
    int fd;
    uint16_t len, next; /* next: 1-based, in a chain of equal length; 0: the last */
    bool passed;        /* its socket has no room in this flush */
    uint8_t bytes[OUT_MOST_BYTES];
};
struct send_batch {
    uint32_t n;
    bool no_segments; /* the kernel, or a device, does not take UDP_SEGMENT */
    struct datagram v[BATCH_DATAGRAMS];
    struct mmsghdr messages[BATCH_DATAGRAMS];
    struct iovec parts[BATCH_DATAGRAMS];
    struct {
        _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control[BATCH_DATAGRAMS];
    uint16_t chains[OUT_MOST_BYTES + 1]; /* by length: the first datagram, 1-based */
};
struct poll;
struct carrier {
    struct dns_env env;
    uint64_t keep_ms;
    carrier_done_fn done;
    carrier_refused_fn refused;
    struct dns *owner;
    struct channel (*udp)[PORTS_MOST]; /* of each resolver */
    struct channel streams[STREAM_CHANNELS];
    uint32_t n_streams_busy, in_flight;
    uint32_t turn;
    uint32_t n_polls; /* handles that are not closed yet */
    int64_t next_tick_ns;
    bool closing;
    struct poll *polls;
    struct inbox inbox;
    struct send_batch batch;
};

/* What a socket says of its peer, or of the way to it: ICMP, or no route. */
static inline bool is_refusal(int error)
{
    return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH;
}

/* The sockets of this channel are ours from here on. */
void channel_own_sockets(struct channel *ch);
/* Receive what has come to the UDP socket fd of `ch`; c-ares gets it in ares_process_fd. */
void inbox_fill(struct channel *ch, int fd);
/* The whole of a message of which c-ares hands out msg[0..*len), in the callback of that message. NULL: it is
 * not the one that c-ares was shown last, which would be a fault of ours. */
const uint8_t *channel_whole(const struct channel *ch, const uint8_t *msg, size_t *len);

/* Keep a datagram until the flush; returns its length. Where there is no room even after one, it is lost, as
 * on any network. */
ares_ssize_t batch_put(struct channel *ch, int fd, const struct iovec *parts, int n_parts);
/* Send all of them; what the kernel has no room for stays. */
void batch_send(struct carrier *c);
/* Whatever waits for a socket that is closed. */
void batch_forget(struct send_batch *b, int fd);
#endif
