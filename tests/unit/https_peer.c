#include "tests/unit/https_peer.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DAY_S     (24L * 60 * 60)
#define GIVE_UP_S 20 /* a peer that waits longer than this for its client is a failed test */

static SSL_CTX *contexts[PEER_CERTS];

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "peer: %s\n", what);
    abort();
}

/* ---- certificates ---- */

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    must(ext != NULL && X509_add_ext(cert, ext, -1) == 1, "extension");
    X509_EXTENSION_free(ext);
}

/* `ca`: NULL for a certificate that signs itself. */
static X509 *make_cert(EVP_PKEY *key, const char *cn, const char *san, X509 *ca, EVP_PKEY *ca_key, long end_s)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);

    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), end_s < 0 ? 3 : 2);
    X509_gmtime_adj(X509_getm_notBefore(cert), -30 * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(cert), end_s);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(cert, ca ? X509_get_subject_name(ca) : name);
    X509_set_pubkey(cert, key);
    extend(cert, ca ? ca : cert, NID_basic_constraints, san ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (san != NULL)
        extend(cert, ca ? ca : cert, NID_subject_alt_name, san);
    must(X509_sign(cert, ca_key, EVP_sha256()) > 0, "certificate");
    return cert;
}

static SSL_CTX *make_context(X509 *cert, EVP_PKEY *key)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    must(ctx != NULL && SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1,
         "context");
    return ctx;
}

void peer_init(const char *ca_path)
{
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *ca = make_cert(ca_key, "Test CA", NULL, NULL, ca_key, 365 * DAY_S);
    X509 *certs[PEER_CERTS] = {
        [PEER_GOOD] = make_cert(key, "a", "DNS:" PEER_HOST, ca, ca_key, 30 * DAY_S),
        [PEER_EXPIRED] = make_cert(key, "a", "DNS:" PEER_HOST, ca, ca_key, -DAY_S),
        [PEER_SELF_SIGNED] = make_cert(key, "a", "DNS:" PEER_HOST, NULL, key, 30 * DAY_S),
    };
    FILE *file = fopen(ca_path, "w");

    must(file != NULL && PEM_write_X509(file, ca) == 1 && fclose(file) == 0, "CA file");
    for (int i = 0; i < PEER_CERTS; i++) {
        contexts[i] = make_context(certs[i], key);
        X509_free(certs[i]);
    }
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
}

void peer_fini(void)
{
    for (int i = 0; i < PEER_CERTS; i++)
        SSL_CTX_free(contexts[i]);
}

/* ---- the server ---- */

static socklen_t address_of(const struct peer *p, struct sockaddr_storage *sa)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)sa;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)sa;

    memset(sa, 0, sizeof(*sa));
    if (inet_pton(AF_INET, p->ip, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(p->port);
        return sizeof(*v4);
    }
    must(inet_pton(AF_INET6, p->ip, &v6->sin6_addr) == 1, p->ip);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(p->port);
    return sizeof(*v6);
}

static void *serve(void *arg)
{
    struct peer *p = arg;
    const struct timeval give_up = {.tv_sec = GIVE_UP_S}, stuck = {.tv_sec = 2};
    sigset_t pipe;
    int on = 1;

    sigemptyset(&pipe); /* only here: the client must not need it */
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    for (;;) {
        socklen_t len = sizeof(p->from);
        int fd = accept(p->listener, (struct sockaddr *)&p->from, &len);

        if (fd < 0)
            return NULL;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &give_up, sizeof(give_up));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stuck, sizeof(stuck));
        atomic_fetch_add(&p->n_accepted, 1);
        p->play(p, fd);
        close(fd);
    }
}

void peer_start(struct peer *p)
{
    struct sockaddr_storage sa;
    socklen_t len = address_of(p, &sa);
    int on = 1;

    p->listener = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(p->listener >= 0 && setsockopt(p->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
             bind(p->listener, (struct sockaddr *)&sa, len) == 0 &&
             listen(p->listener, p->play != NULL ? 64 : p->backlog) == 0 &&
             getsockname(p->listener, (struct sockaddr *)&sa, &len) == 0,
         "listen");
    p->port = ntohs(sa.ss_family == AF_INET ? ((struct sockaddr_in *)&sa)->sin_port
                                            : ((struct sockaddr_in6 *)&sa)->sin6_port);
    if (p->play != NULL)
        must(pthread_create(&p->thread, NULL, serve, p) == 0, "thread");
}

void peer_stop(struct peer *p)
{
    shutdown(p->listener, SHUT_RDWR);
    if (p->play != NULL)
        pthread_join(p->thread, NULL);
    close(p->listener);
}

/* ---- for plays ---- */

/* The ALPN extension as sent, its length bytes turned into commas. */
static int on_hello(SSL *ssl, int *alert, void *arg)
{
    struct peer *p = arg;
    const unsigned char *ext;
    size_t len;

    (void)alert;
    p->alpn[0] = '\0';
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &ext, &len) == 1 &&
        len > 2 && len < sizeof(p->alpn)) {
        memcpy(p->alpn, ext + 2, len - 2);
        p->alpn[len - 2] = '\0';
        for (size_t i = 0; i < len - 2; i += (size_t)(unsigned char)ext[2 + i] + 1)
            p->alpn[i] = ',';
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

SSL *peer_tls_alpn(struct peer *p, int fd, SSL_CTX_alpn_select_cb_func alpn)
{
    SSL *ssl = SSL_new(contexts[p->cert]);
    const char *sni;

    SSL_CTX_set_client_hello_cb(contexts[p->cert], on_hello, p);
    SSL_CTX_set_alpn_select_cb(contexts[p->cert], alpn, NULL);
    if (p->max_version != 0) {
        SSL_set_security_level(ssl, 0);
        SSL_set_min_proto_version(ssl, TLS1_VERSION);
        SSL_set_max_proto_version(ssl, p->max_version);
    }
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(p->sni, sizeof(p->sni), "%s", sni ? sni : "");
    return ssl;
}

SSL *peer_tls(struct peer *p, int fd)
{
    return peer_tls_alpn(p, fd, NULL);
}

bool peer_read_request(struct peer *p, SSL *ssl)
{
    size_t len = 0;
    int n;

    p->request[0] = '\0';
    while (strstr(p->request, "\r\n\r\n") == NULL && len < sizeof(p->request) - 1) {
        n = SSL_read(ssl, p->request + len, (int)(sizeof(p->request) - 1 - len));
        if (n <= 0)
            return false;
        len += (size_t)n;
        p->request[len] = '\0';
    }
    return true;
}

bool peer_send(SSL *ssl, const void *bytes, size_t len)
{
    return len == 0 || SSL_write(ssl, bytes, (int)len) == (int)len;
}

void peer_wait(int fd)
{
    char junk[4096];
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    while (poll(&poll_fd, 1, GIVE_UP_S * 1000) == 1 && read(fd, junk, sizeof(junk)) > 0)
        ;
}

void peer_reset(int fd)
{
    const struct linger now = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static SSL *answer(struct peer *p, int fd)
{
    SSL *ssl = peer_tls(p, fd);

    if (ssl != NULL && peer_read_request(p, ssl))
        peer_send(ssl, p->text, p->len);
    return ssl;
}

void play_close(struct peer *p, int fd)
{
    SSL *ssl = answer(p, fd);

    if (ssl == NULL)
        return;
    SSL_shutdown(ssl);
    shutdown(fd, SHUT_WR);
    peer_wait(fd); /* a close() with something unread would be an RST */
    SSL_free(ssl);
}

void play_cut(struct peer *p, int fd)
{
    SSL *ssl = answer(p, fd);

    shutdown(fd, SHUT_WR);
    peer_wait(fd);
    SSL_free(ssl);
}

void play_reset(struct peer *p, int fd)
{
    SSL *ssl = answer(p, fd);

    usleep(50 * 1000); /* an RST takes away what the client has not read yet */
    peer_reset(fd);
    SSL_free(ssl);
}

void play_wait(struct peer *p, int fd)
{
    SSL *ssl = answer(p, fd);

    peer_wait(fd);
    SSL_free(ssl);
}

void play_repeat(struct peer *p, int fd)
{
    SSL *ssl = answer(p, fd);
    const char *again = strchr(p->text, '\n') + 1;

    while (ssl != NULL && peer_send(ssl, again, strlen(again)))
        ;
    SSL_free(ssl);
}

void play_hang_up(struct peer *p, int fd)
{
    (void)p;
    shutdown(fd, SHUT_WR);
    peer_wait(fd);
}

void play_refuse(struct peer *p, int fd)
{
    char hello;

    (void)p;
    if (read(fd, &hello, 1) == 1) /* before that it may still count as TCP */
        peer_reset(fd);
}

void play_plain(struct peer *p, int fd)
{
    if (write(fd, p->text, p->len) == (ssize_t)p->len)
        peer_wait(fd);
}

void play_silent(struct peer *p, int fd)
{
    (void)p;
    peer_wait(fd);
}
