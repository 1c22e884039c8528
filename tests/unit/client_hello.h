/* client_hello.h - the ClientHello that went out, and what it is compared with: the tests that no
 * optimisation shows to a server, since what servers answer depends on it. */
#ifndef STS_CLIENT_HELLO_H
#define STS_CLIENT_HELLO_H
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HELLO_MOST_BYTES 16384

struct hello { /* one TLS record */
    uint8_t bytes[HELLO_MOST_BYTES];
    size_t len;
};

/* Put zeros where two ClientHellos of one client differ: random, session id, the keys of key_share (RFC 8446
 * sections 4.1.2 and 4.2.8). False: this is no ClientHello. */
bool hello_mask(struct hello *h);
/* The settings that scanner/tls.h states, on a context that is OpenSSL's or libcurl's otherwise. */
void hello_settings(SSL_CTX *ctx);
SSL_CTX *hello_context(void); /* OpenSSL's with these */
/* What `ctx` says to the server `sni` (NULL: none), masked. */
bool hello_of(SSL_CTX *ctx, const char *sni, struct hello *h);
/* One record from a socket. */
bool hello_read(int fd, struct hello *h);
bool hello_equal(const struct hello *a, const struct hello *b);
#endif
