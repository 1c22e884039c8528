#include "scanner/tls.h"

#include "scanner/digest.h"
#include "scanner/outbox.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define MOST_CHAIN        64 /* as many as the analysis looks at */
#define LEAST_DH_STRENGTH 80 /* bits of security: 1,024 of the group */
#define MOST_CERTIFICATE_BYTES \
    (128 << 10) /* OpenSSL takes chains of 100 KiB at most, so every one is archived */

/* SHA-256 of the certificate's DER; the DER itself in `*der`, to be freed with OPENSSL_free. -1: no memory.
 */
static int cert_der(X509 *cert, uint8_t digest[DIGEST_BYTES], uint8_t **der)
{
    int len;

    *der = NULL;
    ERR_clear_error();
    len = i2d_X509(cert, der);
    if (len > 0)
        SHA256(*der, (size_t)len, digest);
    return len > 0 ? len : -1;
}

/* --- verification: every complaint is recorded, none ends the handshake --- */

/* The argument of the verify callback of contexts whose tls_verify hangs on each SSL. */
static const char watched_by_ssl;

static int on_complaint(int ok, X509_STORE_CTX *x)
{
    struct tls_verify *verify = X509_STORE_CTX_get_app_data(x);

    if (!ok && verify != NULL && verify->n < TLS_MOST_VERIFY_ERRORS) {
        verify->errors[verify->n].code = X509_STORE_CTX_get_error(x);
        verify->errors[verify->n].depth = X509_STORE_CTX_get_error_depth(x);
        verify->n++;
    }
    return 1;
}

static int on_verify(X509_STORE_CTX *x, void *arg)
{
    struct tls_verify *verify = arg;

    if (arg == &watched_by_ssl)
        verify = SSL_get_app_data(
            (const SSL *)X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx()));
    if (verify != NULL) {
        X509_STORE_CTX_set_app_data(x, verify);
        X509_STORE_CTX_set_verify_cb(x, on_complaint);
        ERR_set_mark();
        X509_verify_cert(x);
        ERR_pop_to_mark(); /* what verification complains of is no failure of the handshake */
        verify->done = true;
    }
    return 1;
}

void tls_watch_ssl(SSL *ssl, struct tls_verify *verify)
{
    memset(verify, 0, sizeof(*verify));
    SSL_set_app_data(ssl, verify);
}

void tls_watch_context(SSL_CTX *ctx, struct tls_verify *verify)
{
    memset(verify, 0, sizeof(*verify));
    SSL_CTX_set_cert_verify_callback(ctx, on_verify, verify);
}

/* --- contexts --- */

/* OpenSSL's own at level 0 (DH of less than 1,024 bits is refused), and that a peer's DH group has a limit
 * too: with 10,000 bits, the most OpenSSL takes, one handshake is a second of CPU time. `other` of TMP_DH is
 * the peer's key. */
static int on_security(const SSL *ssl, const SSL_CTX *ctx, int op, int bits, int nid, void *other, void *ex)
{
    (void)ssl, (void)ctx, (void)nid, (void)ex;
    if (op != SSL_SECOP_TMP_DH)
        return 1;
    return bits >= LEAST_DH_STRENGTH &&
           (other == NULL || EVP_PKEY_get_bits((const EVP_PKEY *)other) <= TLS_MOST_DH_BITS);
}

int tls_context_setup(SSL_CTX *ctx, const struct tls_store *store)
{
    ERR_clear_error();
    /* Old servers are to be reached and labelled, not refused by us: RFC 8996 and RFC 9325 are the
     * analysis's. */
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_security_callback(ctx, on_security);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) != 1 || SSL_CTX_set_max_proto_version(ctx, 0) != 1)
        return STS_ESYS;
    SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT); /* servers without RFC 5746 */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set1_cert_store(ctx, tls_store_x509(store));
    SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
    return STS_OK;
}

int tls_context_new(const struct tls_store *store, SSL_CTX **out, struct sts_err *err)
{
    int rc;

    ERR_clear_error();
    *out = SSL_CTX_new(TLS_client_method());
    if (*out == NULL)
        return sts_fail(err, STS_ENOMEM, "TLS: no memory for a context");
    rc = tls_context_setup(*out, store);
    if (rc != STS_OK) {
        SSL_CTX_free(*out);
        *out = NULL;
        return sts_fail(err, rc, "TLS: OpenSSL refuses TLS 1.0 to 1.3");
    }
    SSL_CTX_set_cert_verify_callback(*out, on_verify, (void *)(uintptr_t)&watched_by_ssl);
    return STS_OK;
}

struct sts_str tls_client_hello(SSL_CTX *ctx, const char *sni, struct arena *arena)
{
    struct sts_str hello = {NULL, 0};
    SSL *ssl;
    BIO *in, *out;
    char *p;
    long len;

    ERR_clear_error();
    ssl = SSL_new(ctx);
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    if (ssl != NULL && in != NULL && out != NULL) {
        SSL_set_bio(ssl, in, out); /* takes both */
        in = NULL;
        SSL_set_connect_state(ssl);
        if ((sni == NULL || SSL_set_tlsext_host_name(ssl, sni) == 1) &&
            SSL_get_error(ssl, SSL_do_handshake(ssl)) == SSL_ERROR_WANT_READ) {
            len = BIO_get_mem_data(out, &p);
            hello = arena_copy(arena, p, (size_t)len);
        }
        out = NULL;
    }
    BIO_free(in);
    BIO_free(out);
    SSL_free(ssl);
    ERR_clear_error();
    return hello;
}

/* --- evidence --- */

static int keep_text(const char *text, struct arena *arena, struct sts_str *out)
{
    if (text == NULL)
        return STS_OK;
    *out = arena_copy(arena, text, strlen(text));
    return out->p != NULL ? STS_OK : STS_ENOMEM;
}

/* Names of RFC 8446 section 4.2.3 without curve and key form: "ecdsa_sha256", "rsa_pss_sha256", "ed25519". */
static int keep_signature(SSL *ssl, struct arena *arena, struct sts_str *out)
{
    int type, digest;
    char name[64];
    const char *key, *hash = NULL;

    if (SSL_get_peer_signature_type_nid(ssl, &type) != 1)
        return STS_OK;
    switch (type) {
    case EVP_PKEY_RSA: key = "rsa_pkcs1"; break;
    case EVP_PKEY_RSA_PSS: key = "rsa_pss"; break;
    case EVP_PKEY_EC: key = "ecdsa"; break;
    case EVP_PKEY_DSA: key = "dsa"; break;
    case EVP_PKEY_ED25519: key = "ed25519"; break;
    case EVP_PKEY_ED448: key = "ed448"; break;
    default: key = OBJ_nid2sn(type); break;
    }
    if (SSL_get_peer_signature_nid(ssl, &digest) == 1 && digest != NID_undef)
        hash = OBJ_nid2sn(digest);
    snprintf(name, sizeof(name), "%s%s%s", key != NULL ? key : "?", hash != NULL ? "_" : "",
             hash != NULL ? hash : "");
    for (char *c = name; *c != '\0'; c++)
        *c = *c == '-' ? '_' : (char)tolower((unsigned char)*c);
    return keep_text(name, arena, out);
}

/* NULL: there was none. */
static const char *group_name(SSL *ssl)
{
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
    return SSL_get0_group_name(ssl);
#else
    const int nid = (int)SSL_get_negotiated_group(ssl);

    return nid != NID_undef ? SSL_group_to_name(ssl, nid) : NULL;
#endif
}

static int keep_cert(struct tls_certs *certs, struct sts_str digest, const uint8_t *der, size_t len,
                     struct arena *arena)
{
    struct sts_str copy = arena_copy(arena, der, len);

    if (copy.p == NULL)
        return STS_ENOMEM;
    certs->v[certs->n++] = (struct rec_cert){.digest = digest, .der = copy};
    return STS_OK;
}

void tls_put_certs(struct outbox *outbox, const struct tls_certs *certs)
{
    for (uint32_t i = 0; i < certs->n; i++)
        outbox_cert(outbox, (const uint8_t *)certs->v[i].digest.p, (const uint8_t *)certs->v[i].der.p,
                    certs->v[i].der.len, false);
}

/* Space for both lists. */
static int make_lists(struct rec_tls *tls, struct tls_certs *certs, size_t n, struct arena *arena)
{
    tls->chain.v = arena_alloc(arena, n * sizeof(*tls->chain.v));
    if (certs != NULL)
        *certs = (struct tls_certs){.v = arena_alloc(arena, n * sizeof(*certs->v))};
    return tls->chain.v == NULL || (certs != NULL && certs->v == NULL) ? STS_ENOMEM : STS_OK;
}

static int keep_chain(SSL *ssl, struct rec_tls *tls, struct arena *arena, struct outbox *outbox,
                      struct tls_certs *certs)
{
    /* On the client's side this begins with the leaf, in TLS 1.3 (RFC 8446 section 4.4.2) as before. */
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    int n = chain != NULL ? sk_X509_num(chain) : 0;

    if (n > MOST_CHAIN)
        n = MOST_CHAIN;
    if (n == 0)
        return STS_OK;
    if (make_lists(tls, certs, (size_t)n, arena) != STS_OK)
        return STS_ENOMEM;
    for (int i = 0; i < n; i++) {
        uint8_t digest[DIGEST_BYTES];
        uint8_t *der;
        int len = cert_der(sk_X509_value(chain, i), digest, &der), rc = STS_OK;

        if (len < 0)
            return STS_ENOMEM;
        tls->chain.v[i] = arena_copy(arena, digest, sizeof(digest));
        if (tls->chain.v[i].p == NULL)
            rc = STS_ENOMEM;
        else if (len <= MOST_CERTIFICATE_BYTES && outbox != NULL)
            outbox_cert(outbox, digest, der, (size_t)len, false);
        else if (len <= MOST_CERTIFICATE_BYTES)
            rc = keep_cert(certs, tls->chain.v[i], der, (size_t)len, arena);
        OPENSSL_free(der);
        if (rc != STS_OK)
            return rc;
        tls->chain.n++;
    }
    return STS_OK;
}

static int keep_verify(const struct tls_verify *verify, struct rec_tls *tls, struct arena *arena)
{
    if (verify == NULL || verify->n == 0)
        return STS_OK;
    tls->verify.v = arena_alloc(arena, verify->n * sizeof(*tls->verify.v));
    if (tls->verify.v == NULL)
        return STS_ENOMEM;
    for (uint32_t i = 0; i < verify->n; i++) {
        tls->verify.v[i].code = (uint64_t)verify->errors[i].code;
        tls->verify.v[i].depth = (uint64_t)verify->errors[i].depth;
    }
    tls->verify.n = verify->n;
    return STS_OK;
}

struct rec_tls *tls_evidence(SSL *ssl, const struct tls_verify *verify, const char *host, struct arena *arena,
                             struct outbox *outbox, struct tls_certs *certs)
{
    struct rec_tls *tls = arena_alloc(arena, sizeof(*tls));
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    const char *name = cipher != NULL ? SSL_CIPHER_standard_name(cipher) : NULL;

    if (tls == NULL)
        return NULL;
    ERR_clear_error();
    tls->version = (uint64_t)SSL_version(ssl);
    if (keep_text(name, arena, &tls->cipher) != STS_OK ||
        keep_text(group_name(ssl), arena, &tls->group) != STS_OK ||
        keep_signature(ssl, arena, &tls->sigalg) != STS_OK || keep_text(host, arena, &tls->sni) != STS_OK ||
        keep_verify(verify, tls, arena) != STS_OK || keep_chain(ssl, tls, arena, outbox, certs) != STS_OK)
        return NULL;
    return tls;
}

/* The first error is the cause, those behind it are its consequences; but the numbers of libssl mean more
 * than those of what it calls. */
static unsigned long cause(bool *memory)
{
    unsigned long first = ERR_get_error();

    *memory = ERR_GET_REASON(first) == ERR_R_MALLOC_FAILURE;
    for (unsigned long e = first; e != 0; e = ERR_get_error()) {
        *memory = *memory || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
        if (ERR_GET_LIB(first) != ERR_LIB_SSL && ERR_GET_LIB(e) == ERR_LIB_SSL)
            first = e;
    }
    return first;
}

struct result tls_failure(void)
{
    bool memory;
    const unsigned long e = cause(&memory);
    const int reason = ERR_GET_REASON(e);
    struct result r = {.oc = OC_TLS_PROTOCOL, .src = SRC_SSL, .raw = reason};

    if (memory)
        return (struct result){.oc = OC_OUR_MEMORY};
    if (ERR_GET_LIB(e) != ERR_LIB_SSL)
        return r;
    if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256)
        return (struct result){OC_TLS_ALERT, SRC_ALERT, reason - SSL_AD_REASON_OFFSET};
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
        reason == SSL_R_HTTPS_PROXY_REQUEST)
        r.oc = OC_TLS_NOT_TLS;
    return r;
}
