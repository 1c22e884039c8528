/* tls_bare.c - the limit of what a STARTTLS probe or a policy fetch can cost: epoll, sockets, OpenSSL and
 * nothing else, with one SSL_CTX and one X509_STORE for all. The steps and the ClientHello are those of
 * stscan. tls_bare smtp|https CA-FILE CONCURRENT <LIST        LIST: lines "address port name" Prints how many
 * sessions came to their end. IPv4 alone. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MOST_EVENTS  64
#define MOST_NAME    256
#define MOST_WAIT_MS 20000
#define MOST_REPLY   8192 /* of it only the end counts */
#define EHLO         "EHLO scan.sim.test\r\n"

struct target {
    struct sockaddr_in address;
    char name[MOST_NAME];
};
enum step { CONNECT, GREET, EHLO_1, STARTTLS, HANDSHAKE, EHLO_2, QUIT, ANSWER };
struct session {
    int fd;
    enum step step;
    SSL *ssl;
    const struct target *target;
    struct session *next_free;
    size_t n_reply;
    char reply[MOST_REPLY];
};
struct run {
    bool https;
    int epoll;
    SSL_CTX *ctx;
    struct target *targets;
    struct session *sessions, *first_free;
    size_t n_targets, next, n_live, n_good, n_bad;
};

static void die(const char *what)
{
    fprintf(stderr, "tls_bare: %s: %s\n", what, strerror(errno));
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* ---- set-up ---- */

/* As tls_context_setup() in scanner/tls.c; for HTTPS also what libcurl asks for. */
static void make_context(struct run *run, const char *ca_file)
{
    SSL_CTX *ctx = run->ctx = SSL_CTX_new(TLS_client_method());
    X509_STORE *store = X509_STORE_new();

    if (ctx == NULL || store == NULL || X509_STORE_load_file(store, ca_file) != 1)
        die(ca_file);
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, 0);
    SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set1_cert_store(ctx, store);
    X509_STORE_free(store);
    if (run->https) {
        SSL_CTX_set_post_handshake_auth(ctx, 1);
        SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\x02h2\x08http/1.1", 12);
    }
}

/* "address port name\n" */
static void read_target(char *line, struct target *t)
{
    char *rest = NULL;
    const char *address = strtok_r(line, " ", &rest), *port = strtok_r(NULL, " ", &rest);
    const char *name = strtok_r(NULL, "\n", &rest);

    t->address = (struct sockaddr_in){.sin_family = AF_INET};
    if (name == NULL || inet_pton(AF_INET, address, &t->address.sin_addr) != 1)
        die("not \"address port name\"");
    t->address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    snprintf(t->name, sizeof(t->name), "%s", name);
}

static void read_targets(struct run *run)
{
    char line[MOST_NAME + 64];
    size_t size = 0;

    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (run->n_targets == size) {
            size = size > 0 ? 2 * size : 1024;
            run->targets = realloc(run->targets, size * sizeof(*run->targets));
            if (run->targets == NULL)
                die("targets");
        }
        read_target(line, &run->targets[run->n_targets++]);
    }
}

/* ---- one session; false: it is over ---- */

static bool end(struct run *run, bool good)
{
    *(good ? &run->n_good : &run->n_bad) += 1;
    return false;
}

static bool say(struct session *s, enum step next, const char *text)
{
    const size_t len = strlen(text);

    s->step = next;
    s->n_reply = 0;
    if (s->ssl != NULL)
        return SSL_write(s->ssl, text, (int)len) == (int)len;
    return send(s->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool ask(struct session *s)
{
    char request[MOST_NAME + 256];

    snprintf(
        request, sizeof(request),
        "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: bare\r\nAccept: */*\r\n\r\n",
        s->target->name, ntohs(s->target->address.sin_port));
    return say(s, ANSWER, request);
}

/* One step of the handshake, and the first words behind it. */
static bool shake_hands(struct run *run, struct session *s)
{
    const int rc = SSL_do_handshake(s->ssl);

    if (rc != 1)
        return SSL_get_error(s->ssl, rc) == SSL_ERROR_WANT_READ || end(run, false);
    return (run->https ? ask(s) : say(s, EHLO_2, EHLO)) || end(run, false);
}

static bool begin_tls(struct run *run, struct session *s)
{
    s->step = HANDSHAKE;
    s->ssl = SSL_new(run->ctx);
    if (s->ssl == NULL || SSL_set_fd(s->ssl, s->fd) != 1 ||
        SSL_set_tlsext_host_name(s->ssl, s->target->name) != 1)
        die("SSL");
    if (run->https) {
        SSL_set_hostflags(s->ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(s->ssl, s->target->name);
    }
    SSL_set_connect_state(s->ssl);
    return shake_hands(run, s);
}

/* The last line of the reply is there: "250 " behind any lines "250-". */
static bool is_whole(const struct session *s)
{
    const char *line;

    if (s->n_reply < 6 || s->reply[s->n_reply - 1] != '\n')
        return false;
    line = memrchr(s->reply, '\n', s->n_reply - 1);
    line = line != NULL ? line + 1 : s->reply;
    return s->reply + s->n_reply - line > 4 && line[3] == ' ';
}

static bool on_reply(struct run *run, struct session *s)
{
    if (s->reply[0] != '2')
        return end(run, false);
    switch (s->step) {
    case GREET: return say(s, EHLO_1, EHLO) || end(run, false);
    case EHLO_1: return say(s, STARTTLS, "STARTTLS\r\n") || end(run, false);
    case STARTTLS: return begin_tls(run, s);
    case EHLO_2: return say(s, QUIT, "QUIT\r\n") || end(run, false);
    default: return end(run, true);
    }
}

/* > 0: bytes; 0: later; -1: the stream is at its end. */
static ssize_t receive(struct session *s)
{
    char *to = s->reply + s->n_reply;
    const size_t room = sizeof(s->reply) - s->n_reply;
    ssize_t n;

    if (s->ssl == NULL) {
        n = recv(s->fd, to, room, 0);
        return n > 0 ? n : n < 0 && errno == EAGAIN ? 0 : -1;
    }
    n = SSL_read(s->ssl, to, (int)room);
    return n > 0 ? n : SSL_get_error(s->ssl, (int)n) == SSL_ERROR_WANT_READ ? 0 : -1;
}

static bool on_readable(struct run *run, struct session *s)
{
    if (s->step == HANDSHAKE)
        return shake_hands(run, s);
    for (;;) {
        const ssize_t n = receive(s);

        if (n == 0)
            return true;
        if (n < 0 && s->step == ANSWER)
            return end(run, s->n_reply > 12 && memcmp(s->reply + 9, "200", 3) == 0);
        if (n < 0)
            return end(run, false);
        s->n_reply += (size_t)n;
        if (s->step != ANSWER && is_whole(s))
            return on_reply(run, s);
        if (s->n_reply == sizeof(s->reply))
            return end(run, false);
    }
}

static bool on_connected(struct run *run, struct session *s)
{
    struct epoll_event in = {.events = EPOLLIN, .data.ptr = s};
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)
        return end(run, false);
    epoll_ctl(run->epoll, EPOLL_CTL_MOD, s->fd, &in);
    s->step = GREET;
    return !run->https || begin_tls(run, s);
}

/* ---- all of them ---- */

static void make_sessions(struct run *run, size_t n)
{
    run->sessions = calloc(n, sizeof(*run->sessions));
    if (run->sessions == NULL)
        die("sessions");
    for (size_t i = 0; i < n; i++) {
        run->sessions[i].next_free = run->first_free;
        run->first_free = &run->sessions[i];
    }
}

static void start(struct run *run)
{
    struct session *s = run->first_free;
    struct epoll_event out = {.events = EPOLLOUT, .data.ptr = s};
    const int on = 1;

    run->first_free = s->next_free;
    s->step = CONNECT;
    s->ssl = NULL;
    s->n_reply = 0;
    s->target = &run->targets[run->next++];
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        die("socket");
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(s->fd, (const struct sockaddr *)&s->target->address, sizeof(s->target->address)) != 0 &&
        errno != EINPROGRESS)
        die("connect");
    epoll_ctl(run->epoll, EPOLL_CTL_ADD, s->fd, &out);
    run->n_live++;
}

static void stop(struct run *run, struct session *s)
{
    if (s->ssl != NULL && SSL_is_init_finished(s->ssl))
        SSL_shutdown(s->ssl);
    SSL_free(s->ssl);
    ERR_clear_error();
    close(s->fd);
    s->next_free = run->first_free;
    run->first_free = s;
    run->n_live--;
}

int main(int argc, char **argv)
{
    struct epoll_event events[MOST_EVENTS];
    struct run run = {.https = argc > 1 && strcmp(argv[1], "https") == 0};
    size_t concurrent = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;

    if (concurrent == 0 || (!run.https && strcmp(argv[1], "smtp") != 0)) {
        fprintf(stderr, "usage: tls_bare smtp|https CA-FILE CONCURRENT <LIST\n");
        return 1;
    }
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    make_context(&run, argv[2]);
    read_targets(&run);
    make_sessions(&run, concurrent);
    while (run.n_live > 0 || run.next < run.n_targets) {
        while (run.n_live < concurrent && run.next < run.n_targets)
            start(&run);
        const int n = epoll_wait(run.epoll, events, MOST_EVENTS, MOST_WAIT_MS);

        if (n <= 0)
            die("no server says anything any more");
        for (int i = 0; i < n; i++) {
            struct session *s = events[i].data.ptr;

            if (!(s->step == CONNECT ? on_connected(&run, s) : on_readable(&run, s)))
                stop(&run, s);
        }
    }
    printf("%zu good, %zu bad\n", run.n_good, run.n_bad);
    SSL_CTX_free(run.ctx);
    free(run.targets);
    free(run.sessions);
    return run.n_bad > 0;
}
