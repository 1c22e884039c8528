#include "scanner/network.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANY_PORT 443

enum { NOBODY_YET, BEING_NOTED, NOTED };

int network_route(const struct address *local, const struct address *far, struct address *source)
{
    struct sockaddr_storage sa;
    socklen_t len = address_sockaddr(far, ANY_PORT, &sa), local_len = 0;
    struct sockaddr_storage from;
    const int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* its connect() sends nothing */
    int rc = 0;

    if (fd < 0)
        return errno;
    if (local != NULL)
        local_len = address_sockaddr(local, 0, &from);
    if ((local != NULL && bind(fd, (struct sockaddr *)&from, local_len) != 0) ||
        connect(fd, (struct sockaddr *)&sa, len) != 0)
        rc = errno;
    len = sizeof(sa);
    if (rc == 0 && getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
        rc = errno;
    else if (rc == 0 && address_from_sockaddr((struct sockaddr *)&sa, source) != STS_OK)
        rc = EAFNOSUPPORT;
    close(fd);
    return rc;
}

static enum network_family family_of(const struct address *a)
{
    return address_is_v4(a) ? NETWORK_V4 : NETWORK_V6;
}

void network_reached(struct network *n, const struct address *a)
{
    const enum network_family family = family_of(a);
    int expected = NOBODY_YET;

    if (atomic_load_explicit(&n->state[family], memory_order_relaxed) != NOBODY_YET ||
        !atomic_compare_exchange_strong(&n->state[family], &expected, BEING_NOTED))
        return;
    n->reached[family] = *a;
    atomic_store_explicit(&n->state[family], NOTED, memory_order_release);
}

/* What the routing table says, as far as it can be asked: want of a descriptor or of memory says nothing. */
static bool is_cut_off(int error)
{
    return error != 0 && error != EMFILE && error != ENFILE && error != ENOMEM && error != ENOBUFS;
}

bool network_look(struct network *n)
{
    struct address source;
    bool down = false;

    for (unsigned i = 0; i < NETWORK_FAMILIES; i++) {
        if (atomic_load_explicit(&n->state[i], memory_order_acquire) != NOTED)
            continue;
        down = is_cut_off(network_route(n->local[i], &n->reached[i], &source));
        if (!down)
            break;
    }
    atomic_store_explicit(&n->down, down, memory_order_release);
    return down;
}
