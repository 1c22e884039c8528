/* tls.h - the CAs of the simulator and certificates of every class, made when they are wanted and kept in a
 * bounded table. Thread: the loop's. */
#ifndef SIM_TLS_H
#define SIM_TLS_H
#include "bench/sim/class.h"

#include <openssl/ssl.h>

#define TLS_MOST_CERTS 8192 /* kept, 5 KB each; older ones go */

struct world;
struct tls;
/* Keys come from OpenSSL's randomness, names and dates from the class. NULL: `error`. */
struct tls *tls_new(const struct world *w, uint64_t *n_made, char *error, size_t error_len);
void tls_free(struct tls *t);
bool tls_write_ca(const struct tls *t, const char *path, char *error,
                  size_t error_len); /* the trusted root, PEM */

/* Put certificate, chain and key of class `cert` for `host` into `ssl`; of CERT_PROVIDER `host` is the
 * provider's own. `rsa`: an RSA-2048 key, else ECDSA P-256 (but CERT_RSA1024). Equal `key` and host: the same
 * certificate may come again. False: no memory. */
bool tls_use_cert(struct tls *t, SSL *ssl, enum cert_class cert, const char *host, uint64_t key, bool rsa);
/* SHA-256 of the public key of the leaf of this class and kind of key, for TLSA 3 1 1: all leaves of a kind
 * share one. */
void tls_key_digest(const struct tls *t, enum cert_class cert, bool rsa, uint8_t out[32]);
SSL_CTX *tls_context(struct tls *t); /* TLS 1.0 to 1.3, security level 0 */
#endif
