/* tls_cert.h - the CAs of the simulator and the leaf certificates that they sign. Thread: the loop's. */
#ifndef SIM_TLS_CERT_H
#define SIM_TLS_CERT_H
#include "bench/sim/class.h"

#include <openssl/x509v3.h>

enum leaf_key { KEY_ECDSA, KEY_RSA, KEY_RSA1024, KEY_LIMIT };
enum ca {
    CA_ROOT,
    CA_INTERMEDIATE,
    CA_NOBODY, /* a root that nobody has */
    CA_UNTRUSTED,
    CA_CONSTRAINED, /* may name hosts in invalid. only */
    CA_LIMIT
};
enum life { LIFE_NOW, LIFE_PAST, LIFE_COMING, LIFE_CA, LIFE_LIMIT };

#define LEAF_EXTENSIONS 3 /* that all leaves have */

struct mint {
    EVP_MD *sha256;
    EVP_PKEY *key[KEY_LIMIT], *ca_key[CA_LIMIT];
    X509 *ca[CA_LIMIT];
    X509_EXTENSION *same[LEAF_EXTENSIONS], *key_id[KEY_LIMIT], *issuer_id[CA_LIMIT], *issuer_url;
    ASN1_TIME *begin[LIFE_LIMIT], *end[LIFE_LIMIT];
};

bool mint_init(struct mint *m); /* on failure, too, mint_fini() is to follow */
void mint_fini(struct mint *m);

enum leaf_key mint_key(enum cert_class cert, bool rsa);
/* Who is sent behind the leaf; NULL: nobody. Borrowed. */
X509 *mint_above(const struct mint *m, enum cert_class cert);
/* A leaf of class `cert` for `host`; the caller's. NULL: no memory. */
X509 *mint_leaf(const struct mint *m, enum cert_class cert, const char *host, enum leaf_key key,
                uint64_t serial);
#endif
