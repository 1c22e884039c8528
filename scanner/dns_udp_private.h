/* dns_udp_private.h - what dns_udp.c (ids, what is in flight, answers), dns_udp_socket.c and dns_udp_send.c
 * (batches out) share. For these files only. */
#ifndef STS_DNS_UDP_PRIVATE_H
#define STS_DNS_UDP_PRIVATE_H
#include "scanner/dns_udp.h"

#include <errno.h>
#include <sys/socket.h>

/* Source ports of a resolver, each a socket, used turn by turn: so many at least (RFC 5452 section 9.2),
 * unless it is on loopback, where nobody else can answer; and so many at most. */
#define PORTS_LEAST         4
#define PORTS_MOST          16
#define PORT_IN_FLIGHT      8192                          /* an eighth of the ids */
#define PORT_FEW            256                           /* whatever the buffer of its socket holds */
#define MOST_IN_FLIGHT      (PORTS_MOST * PORT_IN_FLIGHT) /* of all resolvers */
#define TRIES_OF_WINDOW     4   /* in flight, first ones and others, in times the window */
#define ANSWER_KERNEL_BYTES 768 /* what an answer takes of that buffer */
#define RCVBUF_BYTES        (PORT_IN_FLIGHT * ANSWER_KERNEL_BYTES)
#define DATAGRAM_MOST_BYTES 65535 /* UDP has no larger one */
#define IN_ROOM_BYTES       (DATAGRAM_MOST_BYTES + 1 + 320)
#define IN_DATAGRAMS        64    /* received by one system call */
#define IN_ROUNDS           8     /* of these, before others have their turn */
#define OUT_DATAGRAMS       256   /* held for a flush */
#define SEGMENTS_MOST       64    /* of one send: UDP_MAX_SEGMENTS of older kernels */
#define TABLE_SLOTS         65536 /* of what is in flight, by id */
#define IDS_AT_ONCE         256   /* random ids drawn together */
#define DROPS_TURNS         128   /* turns of the loop, after which the kernel is asked what it dropped */

struct port {
    struct udp *udp;
    uv_poll_t poll; /* open where fd >= 0 */
    int fd;
    uint32_t resolver;
    uint16_t salt; /* of its ids in the table */
    uint32_t in_flight, most_in_flight;
    uint32_t dropped; /* by the kernel, for want of room */
};
/* The datagrams of one read. Of the room of each only what is used costs memory. The rooms do not begin at
 * multiples of a power of two: they would then share a few lines of each cache. */
struct inbox {
    struct mmsghdr messages[IN_DATAGRAMS];
    struct iovec parts[IN_DATAGRAMS];
    struct exchange **slots[IN_DATAGRAMS]; /* of the table, where what they answer stands */
    uint8_t bytes[IN_DATAGRAMS][IN_ROOM_BYTES];
};
/* What is to be sent. An exchange that was cancelled leaves a NULL. */
struct batch {
    uint32_t n;
    bool no_segments; /* the kernel, or a device, does not take UDP_SEGMENT */
    struct exchange *v[OUT_DATAGRAMS];
    uint16_t len[OUT_DATAGRAMS];
    bool passed[OUT_DATAGRAMS];   /* its socket has no room in this flush */
    uint16_t next[OUT_DATAGRAMS]; /* 1-based, in a chain of equal length; 0: the last */
    uint16_t chains[DNS_QUERY_BYTES + 1];
    uint16_t members[OUT_DATAGRAMS]; /* of the messages, in order: places in v */
    uint32_t n_members;
    struct mmsghdr messages[OUT_DATAGRAMS];
    struct iovec parts[OUT_DATAGRAMS]; /* of each message one */
    uint16_t n_in[OUT_DATAGRAMS];      /* datagrams in each message */
    struct {
        _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control[OUT_DATAGRAMS];
    uint8_t bytes[OUT_DATAGRAMS][DNS_QUERY_BYTES];    /* bytes[i][0..len[i]) of v[i] */
    uint8_t chained[OUT_DATAGRAMS * DNS_QUERY_BYTES]; /* the same, in the order of the messages */
};
struct udp {
    struct dns_env env;
    exchange_done_fn done;
    udp_refused_fn refused;
    struct dns *owner;
    struct port **ports; /* PORTS_MOST of each resolver, NULL until wanted */
    uint32_t in_flight, most_in_flight, turn;
    const struct port *refused_port; /* by an error that a sending met, NULL: none */
    uint32_t n_open;                 /* handles that are not closed yet */
    bool closing;
    uint16_t ids[IDS_AT_ONCE];
    uint32_t n_ids;
    struct exchange *table[TABLE_SLOTS];
    struct inbox inbox;
    struct batch batch;
};

/* What a socket says of its peer, or of the way to it: ICMP, or no route. */
static inline bool is_refusal(int error)
{
    return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH;
}

/* A socket to a resolver; -1 with errno. */
int port_socket(const struct dns_env *env, const struct server *server);
/* Ask for room for the answers of PORT_IN_FLIGHT, and let no more be in flight than there is room for. */
void port_size_buffer(struct port *p);
/* Count what the kernel had no room for since the last time. */
void port_count_drops(struct port *p);
/* Keep query[0..len) with the id of `x` for the flush. Where there is no room even after one, it is lost, as
 * on any network. */
void batch_put(struct udp *u, struct exchange *x, const uint8_t *query, size_t len);
void batch_send(struct udp *u);
#endif
