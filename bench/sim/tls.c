/* The TLS context of the servers, and the table of certificates that were made. */
#include "bench/sim/tls.h"
#include "bench/sim/text.h"
#include "bench/sim/tls_cert.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_WAYS 4 /* where a certificate may be; the oldest of them goes */
#define TABLE_SETS (TLS_MOST_CERTS / TABLE_WAYS)

struct kept {
    uint64_t tag; /* hash of class, kind of key, host and key */
    X509 *leaf;   /* NULL: free */
};
struct tls {
    SSL_CTX *ctx;
    uint64_t *n_made;
    struct mint mint;
    STACK_OF(X509) * above[CERT_LIMIT];
    uint8_t digest[KEY_LIMIT][32];
    struct kept table[TABLE_SETS][TABLE_WAYS];
    unsigned char oldest[TABLE_SETS];
};

/* ---- context ---- */

/* http/1.1 where it is offered (RFC 7301); mail clients offer nothing. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                   unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *new_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        return NULL;
    SSL_CTX_set_security_level(ctx, 0); /* TLS 1.0, and keys of 1,024 bits */
    bool ok = SSL_CTX_set_cipher_list(ctx, "DEFAULT:@SECLEVEL=0") == 1 &&
              SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) == 1 &&
              SSL_CTX_set_max_proto_version(ctx, 0) == 1 && SSL_CTX_set_num_tickets(ctx, 0) == 1;
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    if (ok)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

SSL_CTX *tls_context(struct tls *t)
{
    return t->ctx;
}

/* ---- certificates ---- */

static uint64_t tag_of(enum cert_class cert, enum leaf_key kind, const char *host, uint64_t key)
{
    uint64_t numbers = key ^ (uint64_t)cert << 32 ^ (uint64_t)kind << 48;
    return text_hash(TEXT_HASH ^ numbers, host, strlen(host));
}

/* Borrowed from the table; NULL: no memory. */
static X509 *leaf_for(struct tls *t, enum cert_class cert, const char *host, uint64_t key, enum leaf_key kind)
{
    uint64_t tag = tag_of(cert, kind, host, key);
    size_t set = (tag ^ tag >> 32) % TABLE_SETS;
    for (int i = 0; i < TABLE_WAYS; i++)
        if (t->table[set][i].leaf != NULL && t->table[set][i].tag == tag)
            return t->table[set][i].leaf;
    X509 *leaf = mint_leaf(&t->mint, cert, host, kind, tag);
    if (leaf == NULL)
        return NULL;
    ++*t->n_made;
    struct kept *k = &t->table[set][t->oldest[set]];
    t->oldest[set] = (unsigned char)((t->oldest[set] + 1) % TABLE_WAYS);
    X509_free(k->leaf);
    *k = (struct kept){.tag = tag, .leaf = leaf};
    return leaf;
}

bool tls_use_cert(struct tls *t, SSL *ssl, enum cert_class cert, const char *host, uint64_t key, bool rsa)
{
    enum leaf_key kind = mint_key(cert, rsa);
    X509 *leaf = leaf_for(t, cert, host, key, kind);
    return leaf != NULL && SSL_use_cert_and_key(ssl, leaf, t->mint.key[kind], t->above[cert], 1) == 1;
}

void tls_key_digest(const struct tls *t, enum cert_class cert, bool rsa, uint8_t out[32])
{
    memcpy(out, t->digest[mint_key(cert, rsa)], 32);
}

/* ---- beginning and end ---- */

static bool make_digest(struct tls *t, enum leaf_key kind)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(t->mint.key[kind], &der);
    bool ok = len > 0 && EVP_Digest(der, (size_t)len, t->digest[kind], NULL, t->mint.sha256, NULL) == 1;
    OPENSSL_free(der);
    return ok;
}

static bool make_above(struct tls *t, enum cert_class cert)
{
    X509 *above = mint_above(&t->mint, cert);
    t->above[cert] = sk_X509_new_null();
    return t->above[cert] != NULL && (above == NULL || sk_X509_push(t->above[cert], above) > 0);
}

static bool fill(struct tls *t)
{
    bool ok = (t->ctx = new_context()) != NULL && mint_init(&t->mint);
    for (int i = 0; i < CERT_LIMIT; i++)
        ok = ok && make_above(t, (enum cert_class)i);
    for (int i = 0; i < KEY_LIMIT; i++)
        ok = ok && make_digest(t, (enum leaf_key)i);
    return ok;
}

struct tls *tls_new(const struct world *w, uint64_t *n_made, char *error, size_t error_len)
{
    (void)w;
    struct tls *t = calloc(1, sizeof *t);
    if (t == NULL) {
        snprintf(error, error_len, "no memory");
        return NULL;
    }
    t->n_made = n_made;
    if (fill(t))
        return t;
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(error, error_len, "OpenSSL: %s", why != NULL ? why : "no memory");
    tls_free(t);
    return NULL;
}

void tls_free(struct tls *t)
{
    if (t == NULL)
        return;
    for (size_t set = 0; set < TABLE_SETS; set++)
        for (int i = 0; i < TABLE_WAYS; i++)
            X509_free(t->table[set][i].leaf);
    for (int i = 0; i < CERT_LIMIT; i++)
        sk_X509_free(t->above[i]);
    SSL_CTX_free(t->ctx);
    mint_fini(&t->mint);
    free(t);
}

bool tls_write_ca(const struct tls *t, const char *path, char *error, size_t error_len)
{
    FILE *f = fopen(path, "w");
    bool ok = f != NULL && PEM_write_X509(f, t->mint.ca[CA_ROOT]) == 1;
    if (f != NULL && fclose(f) != 0)
        ok = false;
    if (!ok)
        snprintf(error, error_len, "%s: %s", path, strerror(errno));
    return ok;
}
