/* https_peer.h - scripted HTTPS servers on loopback for the tests, each in a thread, with certificates made
 * on the spot. Thread: start, stop and the fields below from the test's; a play runs in the peer's. */
#ifndef STS_HTTPS_PEER_H
#define STS_HTTPS_PEER_H
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum peer_cert { PEER_GOOD, PEER_EXPIRED, PEER_SELF_SIGNED, PEER_CERTS };
#define PEER_HOST "mta-sts.a.test" /* the name in the certificates */

struct peer;
typedef void (*peer_play_fn)(struct peer *p, int fd); /* one connection; `fd` is closed after it */

struct peer {
    const char *ip;
    uint16_t port;     /* 0: any; then the one that was found */
    peer_play_fn play; /* NULL: nothing is ever accepted */
    enum peer_cert cert;
    int max_version;  /* of TLS; 0: any */
    const char *text; /* for the play */
    size_t len;
    int backlog;
    int listener;
    pthread_t thread;
    atomic_uint n_accepted;
    struct sockaddr_storage from; /* of the newest connection */
    char request[8192];           /* what came up to the empty line */
    char sni[256], alpn[64];      /* in the ClientHello */
};

/* Make the certificates; the CA's goes to the file `ca_path`. */
void peer_init(const char *ca_path);
void peer_fini(void);
void peer_start(struct peer *p);
void peer_stop(struct peer *p);

/* For plays. NULL: the handshake failed. */
SSL *peer_tls(struct peer *p, int fd);
SSL *peer_tls_alpn(struct peer *p, int fd, SSL_CTX_alpn_select_cb_func alpn);
bool peer_read_request(struct peer *p, SSL *ssl);
bool peer_send(SSL *ssl, const void *bytes, size_t len); /* false: the client is gone */
void peer_wait(int fd);                                  /* until the client is gone */
void peer_reset(int fd);                                 /* the next close() sends RST */

/* Plays: handshake, request, `text`, and then: */
void play_close(struct peer *p, int fd);  /* close_notify and FIN */
void play_cut(struct peer *p, int fd);    /* FIN only */
void play_reset(struct peer *p, int fd);  /* RST */
void play_wait(struct peer *p, int fd);   /* nothing */
void play_repeat(struct peer *p, int fd); /* from the first line feed of `text` on again and again */
/* No handshake: */
void play_hang_up(struct peer *p, int fd); /* FIN at once */
void play_refuse(struct peer *p, int fd);  /* RST on the ClientHello */
void play_plain(struct peer *p, int fd);   /* `text` in the clear */
void play_silent(struct peer *p, int fd);
#endif
