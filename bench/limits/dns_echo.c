/* dns_echo.c - the limit of a name server: every datagram goes back as it came, with the bits of an answer
 * set, and nothing but system calls in batches. IPv4 alone.
 *
 *     dns_echo PORT      until SIGTERM; prints "ready" */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH        64 /* as stsim */
#define QUERY_BYTES  512
#define BUFFER_BYTES (32 << 20)
#define WAIT_MS      100
#define QR           0x80 /* RFC 1035 section 4.1.1, in the third byte; RA and NXDOMAIN in the fourth */
#define RA_NXDOMAIN  0x83

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static void die(const char *what)
{
    fprintf(stderr, "dns_echo: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_socket(uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), bytes = BUFFER_BYTES;

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
        die("socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
    return fd;
}

/* What has come goes back; false: that was all. */
static bool serve(int fd)
{
    static uint8_t bytes[BATCH][QUERY_BYTES];
    static struct sockaddr_in peers[BATCH];
    static struct mmsghdr messages[BATCH];
    static struct iovec at[BATCH];
    int n, sent = 0;

    for (int i = 0; i < BATCH; i++) {
        at[i] = (struct iovec){bytes[i], QUERY_BYTES};
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &peers[i], .msg_namelen = sizeof(peers[i]), .msg_iov = &at[i], .msg_iovlen = 1};
    }
    n = recvmmsg(fd, messages, BATCH, 0, NULL);
    for (int i = 0; i < n; i++) {
        bytes[i][2] |= QR;
        bytes[i][3] |= RA_NXDOMAIN;
        at[i].iov_len = messages[i].msg_len;
    }
    while (sent < n) {
        const int more = sendmmsg(fd, messages + sent, (unsigned)(n - sent), 0);

        if (more < 0)
            die("sendmmsg");
        sent += more;
    }
    return n == BATCH;
}

int main(int argc, char **argv)
{
    const struct sigaction action = {.sa_handler = on_signal};
    struct pollfd p = {.events = POLLIN};

    if (argc != 2) {
        fprintf(stderr, "usage: dns_echo PORT\n");
        return 1;
    }
    (void)sigaction(SIGTERM, &action, NULL);
    p.fd = open_socket((uint16_t)strtoul(argv[1], NULL, 10));
    puts("ready");
    fflush(stdout);
    while (!stopped) {
        (void)poll(&p, 1, WAIT_MS);
        while (serve(p.fd))
            ;
    }
    return 0;
}
