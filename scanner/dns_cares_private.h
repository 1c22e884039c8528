/* dns_cares_private.h - what dns_cares.c (channels, messages, the loop) and dns_cares_socket.c (sockets under
 * c-ares) share. For these two files only. */
#ifndef STS_DNS_CARES_PRIVATE_H
#define STS_DNS_CARES_PRIVATE_H
#define CARES_NO_DEPRECATED /* ares_send and ares_process_fd: the successors are not in Debian 12 */
#include "scanner/dns_cares.h"

#include <ares.h>

#define CARRIER_CHANNELS    4     /* so many source ports a resolver (RFC 5452 section 9.2) */
#define DATAGRAM_MOST_BYTES 65535 /* UDP has no larger one */
/* One that speaks TCP carries one message at a time: c-ares ends or repeats whatever is in flight on a
 * channel when a connection of it is closed, which resolvers do as they like (RFC 7766 section 6.2.3). */
#define STREAM_CHANNELS 64

struct channel {
    struct carrier *carrier;
    ares_channel ares; /* of a stream: NULL until it is wanted */
    uint32_t in_flight;
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
    /* The datagram that c-ares got last; it may have got the beginning only. */
    uint8_t datagram[DATAGRAM_MOST_BYTES];
    size_t datagram_len;
};

bool channel_is_stream(const struct channel *ch);
/* The sockets of this channel are ours from here on. */
void channel_own_sockets(struct channel *ch);
/* The whole of a message of which c-ares hands out msg[0..*len), in the callback of that message. */
const uint8_t *channel_whole(const struct channel *ch, const uint8_t *msg, size_t *len);
#endif
