/* peer.c - a scripted mail server in a thread: takes one connection and does its steps. For the test that
 * includes this file. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_MOST_STEPS 16

enum peer_do {
    PEER_END,    /* close, with a FIN even where bytes have come that nobody read */
    PEER_SAY,    /* send `text` */
    PEER_HEAR,   /* read until a line ends */
    PEER_HELLO,  /* read one TLS record as bytes */
    PEER_WAIT,   /* `ms` */
    PEER_DRIP,   /* send `text` again and again, each `ms`, until the other side is gone */
    PEER_FLOOD,  /* the same without a pause */
    PEER_TLS,    /* be a TLS server from here on */
    PEER_KEYS,   /* ask for new keys (RFC 8446 section 4.6.3) `ms` times, and read nothing */
    PEER_LISTEN, /* read until the other side closes */
    PEER_RESET,  /* close with a reset */
};
struct peer_step {
    enum peer_do what;
    const char *text;
    size_t n;
    int ms;
};
#define SAY(text)                           \
    {                                       \
        PEER_SAY, text, sizeof(text) - 1, 0 \
    }
#define DRIP(text, ms)                        \
    {                                         \
        PEER_DRIP, text, sizeof(text) - 1, ms \
    }
#define FLOOD(text)                           \
    {                                         \
        PEER_FLOOD, text, sizeof(text) - 1, 0 \
    }
#define HEAR                  \
    {                         \
        PEER_HEAR, NULL, 0, 0 \
    }
#define HELLO                  \
    {                          \
        PEER_HELLO, NULL, 0, 0 \
    }
#define WAIT(ms)               \
    {                          \
        PEER_WAIT, NULL, 0, ms \
    }
#define TLS                  \
    {                        \
        PEER_TLS, NULL, 0, 0 \
    }
#define KEYS(n)               \
    {                         \
        PEER_KEYS, NULL, 0, n \
    }
#define LISTEN                  \
    {                           \
        PEER_LISTEN, NULL, 0, 0 \
    }
#define RESET                  \
    {                          \
        PEER_RESET, NULL, 0, 0 \
    }

struct peer {
    int listener, fd;
    uint16_t port;
    const struct peer_step *steps;
    SSL_CTX *ctx;
    SSL *ssl;
    bool reset;
    atomic_bool listening; /* has come to PEER_LISTEN, or drips */
    pthread_t thread;
    char sni[256];     /* server name that the client sent */
    char heard[16384]; /* what the client sent, in the clear or out of TLS */
    size_t n_heard;
};

static ssize_t peer_read(struct peer *p, char *buf, size_t n)
{
    return p->ssl != NULL ? SSL_read(p->ssl, buf, (int)n) : recv(p->fd, buf, n, 0);
}

static ssize_t peer_write(struct peer *p, const char *buf, size_t n)
{
    return p->ssl != NULL ? SSL_write(p->ssl, buf, (int)n) : send(p->fd, buf, n, MSG_NOSIGNAL);
}

/* One byte of what comes; false at the end. */
static bool peer_hear(struct peer *p, char *c)
{
    if (peer_read(p, c, 1) != 1)
        return false;
    if (p->n_heard < sizeof(p->heard) - 1)
        p->heard[p->n_heard++] = *c;
    return true;
}

static bool peer_hello(struct peer *p)
{
    char header[5], c;
    unsigned n;

    for (unsigned i = 0; i < sizeof(header); i++) {
        if (!peer_hear(p, &header[i]))
            return false;
    }
    for (n = (uint8_t)header[3] * 256u + (uint8_t)header[4]; n > 0 && peer_hear(p, &c); n--)
        ;
    return n == 0;
}

static void peer_tls(struct peer *p)
{
    const char *name;

    p->ssl = SSL_new(p->ctx);
    SSL_set_fd(p->ssl, p->fd);
    SSL_accept(p->ssl);
    name = SSL_get_servername(p->ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(p->sni, sizeof(p->sni), "%s", name != NULL ? name : "");
}

/* False: that was the end. */
static bool peer_step(struct peer *p, const struct peer_step *s)
{
    const struct linger abort_it = {1, 0};
    char c;

    switch (s->what) {
    case PEER_END: return false;
    case PEER_SAY: return peer_write(p, s->text, s->n) == (ssize_t)s->n;
    case PEER_HEAR:
        while (peer_hear(p, &c)) {
            if (c == '\n')
                return true;
        }
        return false;
    case PEER_HELLO: return peer_hello(p);
    case PEER_WAIT: usleep((unsigned)s->ms * 1000); return true;
    case PEER_DRIP:
    case PEER_FLOOD:
        while (peer_write(p, s->text, s->n) > 0) {
            p->listening = s->what == PEER_DRIP;
            if (s->ms > 0)
                usleep((unsigned)s->ms * 1000);
        }
        return false;
    case PEER_TLS: peer_tls(p); return true;
    case PEER_KEYS:
        for (int i = 0; i < s->ms; i++) {
            SSL_key_update(p->ssl, SSL_KEY_UPDATE_REQUESTED);
            if (SSL_do_handshake(p->ssl) != 1)
                return false;
        }
        return true;
    case PEER_LISTEN:
        p->listening = true;
        while (peer_hear(p, &c))
            ;
        return false;
    case PEER_RESET:
        p->reset = setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it)) == 0;
        return false;
    }
    return false;
}

static void *peer_run(void *arg)
{
    struct peer *p = arg;
    char rest[1024];

    p->fd = accept(p->listener, NULL, NULL);
    if (p->fd < 0)
        return NULL;
    for (const struct peer_step *s = p->steps; peer_step(p, s); s++)
        ;
    if (!p->reset)
        shutdown(p->fd, SHUT_WR);
    while (!p->reset && recv(p->fd, rest, sizeof(rest), 0) > 0)
        ;
    SSL_free(p->ssl);
    close(p->fd);
    return NULL;
}

/* A port of its own, at which nothing listens yet. */
static int peer_bind(struct peer *p, const char *ip)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    const bool v4 = inet_pton(AF_INET, ip, &in.sin_addr) == 1;
    struct sockaddr *sa = v4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
    socklen_t len = v4 ? sizeof(in) : sizeof(in6);

    if (!v4)
        inet_pton(AF_INET6, ip, &in6.sin6_addr);
    p->listener = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->listener < 0 || bind(p->listener, sa, len) != 0 || getsockname(p->listener, sa, &len) != 0)
        return -1;
    p->port = ntohs(v4 ? in.sin_port : in6.sin6_port);
    return 0;
}

static int peer_listen(struct peer *p, const char *ip, int backlog)
{
    return peer_bind(p, ip) == 0 ? listen(p->listener, backlog) : -1;
}

/* `steps` and `ctx` (for PEER_TLS) are borrowed until peer_stop. */
static int peer_start(struct peer *p, const char *ip, const struct peer_step *steps, SSL_CTX *ctx)
{
    memset(p, 0, sizeof(*p));
    p->steps = steps;
    p->ctx = ctx;
    if (peer_listen(p, ip, 8) != 0)
        return -1;
    return pthread_create(&p->thread, NULL, peer_run, p);
}

/* The probe is through: where it came to no connection, or the peer has not got round to it, none is waited
 * for. */
static void peer_stop(struct peer *p)
{
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->listener);
}
