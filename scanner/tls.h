/* tls.h - OpenSSL for both stages: the trust store of the scan, the fixed ClientHello, what a handshake
 * showed. All that Debian 12's OpenSSL 3.0 and Debian 13's 3.5 do differently is in tls.c. */
#ifndef STS_TLS_H
#define STS_TLS_H
#include "sinks/record.h"

#include <openssl/ssl.h>

struct outbox;

/* The trust store: loaded once, then read by every thread. */
struct tls_store;
/* `ca_file`: PEM bundle; NULL: the system's. STS_EINVAL with file and reason if nothing usable is in it. */
int tls_store_load(const char *ca_file, struct tls_store **out, struct sts_err *err) STS_CHECK;
void tls_store_free(struct tls_store *store);
X509_STORE *tls_store_x509(const struct tls_store *store); /* borrowed */
uint32_t tls_store_n(const struct tls_store *store);
/* SHA-256 over the sorted fingerprints. */
void tls_store_digest(const struct tls_store *store, uint8_t out[32]);
/* Write every certificate of the store as a `cert` record marked `ca`. */
int tls_store_archive(const struct tls_store *store, struct outbox *outbox) STS_CHECK;

/* Of a DH group that a server comes with (RFC 5246 section 7.4.3); a larger one ends the handshake. 8,192 is
 * what the largest named groups have (RFC 3526, RFC 7919), and who makes a group of his own asks for no more.
 */
#define TLS_MOST_DH_BITS 8192
/* A client context for both stages: TLS 1.0 to 1.3, security level 0, otherwise OpenSSL's defaults; no
 * tickets kept; verification runs with all errors recorded and never aborts. STS_ENOMEM, STS_ESYS. */
int tls_context_new(const struct tls_store *store, SSL_CTX **out, struct sts_err *err) STS_CHECK;
/* The same settings on a context that libcurl made (CURLOPT_SSL_CTX_FUNCTION). */
int tls_context_setup(SSL_CTX *ctx, const struct tls_store *store) STS_CHECK;
/* The ClientHello that `ctx` offers to `sni`, in `arena`; {NULL, 0}: could not be made. */
struct sts_str tls_client_hello(SSL_CTX *ctx, const char *sni, struct arena *arena);

/* What verification found in one handshake. Given to SSL or SSL_CTX with tls_watch before the handshake. */
#define TLS_MOST_VERIFY_ERRORS 16
struct tls_verify {
    struct {
        int32_t code;
        int32_t depth;
    } errors[TLS_MOST_VERIFY_ERRORS];
    uint32_t n;
    bool done; /* verification ran */
};
void tls_watch_ssl(SSL *ssl, struct tls_verify *verify);
/* For libcurl, where there is one context for a transfer. */
void tls_watch_context(SSL_CTX *ctx, struct tls_verify *verify);

/* Certificates for an outbox that is not known yet. */
struct tls_certs {
    struct rec_cert *v;
    uint32_t n;
};
/* The evidence of a finished handshake in `arena`; each certificate of the chain as sent goes to `outbox`
 * (once a worker), or where that is NULL into `certs`, in `arena` too. NULL: no memory. `host`: what was sent
 * as SNI. */
struct rec_tls *tls_evidence(SSL *ssl, const struct tls_verify *verify, const char *host, struct arena *arena,
                             struct outbox *outbox, struct tls_certs *certs) STS_CHECK;
/* Into the outbox of the worker that puts the record which cites them. */
void tls_put_certs(struct outbox *outbox, const struct tls_certs *certs);
/* Handshake messages that a peer may send behind the handshake (tickets, requests, key updates: RFC 8446
 * section 4.6). Each new key costs us a derivation, so a flood of them would hold up the loop; usual are two.
 */
#define TLS_MOST_LATE_MESSAGES 64
/* The outcome of a failed handshake, from OpenSSL's error queue (which is emptied): TLS_ALERT with the alert,
 * TLS_NOT_TLS, TLS_PROTOCOL with the reason, OUR_MEMORY. */
struct result tls_failure(void);
#endif
