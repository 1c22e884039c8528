/* dns_udp_socket.c - a socket of dns_udp.c: its addresses, its buffer, what the kernel dropped there. */
#include "scanner/dns_udp_private.h"

#include <linux/sock_diag.h>
#include <string.h>
#include <unistd.h>

/* No more in flight than the answers that the socket can hold. Where the system allows less than is asked
 * for, the user can raise net.core.rmem_max. */
void port_size_buffer(struct port *p)
{
    int bytes = RCVBUF_BYTES;
    socklen_t len = sizeof(bytes);

    if (setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, len) != 0)
        (void)!setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &bytes, len);
    p->most_in_flight = PORT_FEW;
    if (getsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &bytes, &len) == 0 && bytes > PORT_FEW * ANSWER_KERNEL_BYTES)
        p->most_in_flight = (uint32_t)bytes / ANSWER_KERNEL_BYTES;
    if (p->most_in_flight > PORT_IN_FLIGHT)
        p->most_in_flight = PORT_IN_FLIGHT;
}

/* Connected: the kernel passes nothing on that is not from the resolver, and tells of its refusals. The
 * source port is the kernel's choice. */
int port_socket(const struct dns_env *env, const struct server *server)
{
    const struct address *local = address_is_v4(&server->address) ? env->local_v4 : env->local_v6;
    struct sockaddr_storage to, from;
    socklen_t to_len = address_sockaddr(&server->address, server->port, &to), from_len = 0;
    int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

    if (local != NULL)
        from_len = address_sockaddr(local, 0, &from);
    if (fd < 0 || ((local == NULL || bind(fd, (struct sockaddr *)&from, from_len) == 0) &&
                   connect(fd, (struct sockaddr *)&to, to_len) == 0))
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* What the kernel had no room for, since the last time. SO_RXQ_OVFL would tell it with each datagram, for 2 %
 * of the CPU time of a query. */
void port_count_drops(struct port *p)
{
    uint32_t memory[SK_MEMINFO_VARS];
    socklen_t len = sizeof(memory);

    if (getsockopt(p->fd, SOL_SOCKET, SO_MEMINFO, memory, &len) != 0 || len < sizeof(memory))
        return;
    count_more(&p->udp->env.counters->dns_dropped, memory[SK_MEMINFO_DROPS] - p->dropped);
    p->dropped = memory[SK_MEMINFO_DROPS];
}
