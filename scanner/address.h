/* address.h - an IP address as 16 bytes, IPv4 in the mapped form (::ffff:0:0/96), so that there is one
 * notation of each. Pure. Thread: any. */
#ifndef STS_ADDRESS_H
#define STS_ADDRESS_H
#include "sinks/base.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct address {
    uint8_t b[16];
};
#define ADDRESS_TEXT_BYTES INET6_ADDRSTRLEN

struct address address_from_v4(const uint8_t v4[4]);
struct address address_from_v6(const uint8_t v6[16]);
bool address_is_v4(const struct address *a);
bool address_is_loopback(const struct address *a); /* 127.0.0.0/8, ::1 */
/* The first address of the network that shares a limit: IPv4 /24, IPv6 /48. */
struct address address_network(const struct address *a);
bool address_equal(const struct address *a, const struct address *b);
/* Dotted IPv4 or IPv6 text, without brackets or zone. STS_EINVAL if it is neither. */
int address_parse(const char *text, struct address *out) STS_CHECK;
void address_format(const struct address *a, char out[ADDRESS_TEXT_BYTES]);
/* As an AF_INET or AF_INET6 socket address; returns its length. */
socklen_t address_sockaddr(const struct address *a, uint16_t port, struct sockaddr_storage *out);
/* STS_EINVAL for a family that is no IP. */
int address_from_sockaddr(const struct sockaddr *sa, struct address *out) STS_CHECK;
#endif
