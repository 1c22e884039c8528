/* dns_cares_private.h - what dns_cares.c (channels, messages, the loop) and dns_cares_socket.c (sockets under
 * c-ares) share. For these two files only. */
#ifndef STS_DNS_CARES_PRIVATE_H
#define STS_DNS_CARES_PRIVATE_H
#define CARES_NO_DEPRECATED /* ares_send and ares_process_fd: the successors are not in Debian 12 */
#include "scanner/dns_cares.h"

#include <ares.h>
#include <sys/socket.h>

#define CARRIER_CHANNELS    4     /* so many source ports a resolver (RFC 5452 section 9.2) */
#define DATAGRAM_MOST_BYTES 65535 /* UDP has no larger one */
#define INBOX_DATAGRAMS     64    /* received by one system call */
#define DNS_HEADER_BYTES    12    /* RFC 1035 section 4.1.1 */
/* One that speaks TCP carries one message at a time: c-ares ends or repeats whatever is in flight on a
 * channel when a connection of it is closed, which resolvers do as they like (RFC 7766 section 6.2.3). */
#define STREAM_CHANNELS 64

struct channel {
    struct carrier *carrier;
    ares_channel ares; /* of a stream: NULL until it is wanted */
    uint32_t in_flight;
};
/* The datagrams of one read of a socket. Of the room of each only what is used costs memory. */
struct inbox {
    int fd, error; /* error: errno after the last datagram */
    uint32_t n, next;
    struct mmsghdr messages[INBOX_DATAGRAMS];
    struct iovec parts[INBOX_DATAGRAMS];
    struct sockaddr_storage from[INBOX_DATAGRAMS];
    uint8_t bytes[INBOX_DATAGRAMS][DATAGRAM_MOST_BYTES];
};
struct poll;
struct carrier {
    struct dns_env env;
    carrier_done_fn done;
    struct channel channels[CARRIER_CHANNELS], streams[STREAM_CHANNELS];
    uint32_t n_streams_busy;
    uint32_t n_channels, next_channel, in_flight;
    uint32_t n_polls; /* handles that are not closed yet */
    int64_t next_tick_ns;
    bool closing;
    struct poll *polls;
    struct inbox inbox;
};

bool channel_is_stream(const struct channel *ch);
/* The sockets of this channel are ours from here on. */
void channel_own_sockets(struct channel *ch);
/* Receive what has come to the UDP socket fd; c-ares gets it in ares_process_fd. */
void inbox_fill(struct inbox *in, int fd);
/* The whole of a message of which c-ares hands out msg[0..*len), in the callback of that message. NULL: it is
 * not the one that c-ares was shown last, which would be a fault of ours. */
const uint8_t *channel_whole(const struct channel *ch, const uint8_t *msg, size_t *len);
#endif
