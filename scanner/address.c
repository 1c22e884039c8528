#include "scanner/address.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct address address_from_v4(const uint8_t v4[4])
{
    struct address a;

    memcpy(a.b, mapped, sizeof(mapped));
    memcpy(a.b + sizeof(mapped), v4, 4);
    return a;
}

struct address address_from_v6(const uint8_t v6[16])
{
    struct address a;

    memcpy(a.b, v6, sizeof(a.b));
    return a;
}

bool address_is_v4(const struct address *a)
{
    return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

bool address_is_loopback(const struct address *a)
{
    static const uint8_t v6[16] = {[15] = 1};

    return address_is_v4(a) ? a->b[sizeof(mapped)] == 127 : memcmp(a->b, v6, sizeof(v6)) == 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

struct address address_network(const struct address *a)
{
    struct address network = {{0}};

    memcpy(network.b, a->b, address_is_v4(a) ? sizeof(mapped) + 3 : 6);
    return network;
}

int address_parse(const char *text, struct address *out)
{
    uint8_t bytes[16];

    if (inet_pton(AF_INET, text, bytes) == 1)
        *out = address_from_v4(bytes);
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        *out = address_from_v6(bytes);
    else
        return STS_EINVAL;
    return STS_OK;
}

void address_format(const struct address *a, char out[ADDRESS_TEXT_BYTES])
{
    if (address_is_v4(a))
        inet_ntop(AF_INET, a->b + sizeof(mapped), out, ADDRESS_TEXT_BYTES);
    else
        inet_ntop(AF_INET6, a->b, out, ADDRESS_TEXT_BYTES);
}

socklen_t address_sockaddr(const struct address *a, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (address_is_v4(a)) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;

        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        memcpy(&in->sin_addr, a->b + sizeof(mapped), 4);
        return sizeof(*in);
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    memcpy(&in6->sin6_addr, a->b, 16);
    return sizeof(*in6);
}

int address_from_sockaddr(const struct sockaddr *sa, struct address *out)
{
    if (sa->sa_family == AF_INET)
        *out = address_from_v4((const uint8_t *)&((const struct sockaddr_in *)sa)->sin_addr);
    else if (sa->sa_family == AF_INET6)
        *out = address_from_v6((const uint8_t *)&((const struct sockaddr_in6 *)sa)->sin6_addr);
    else
        return STS_EINVAL;
    return STS_OK;
}
