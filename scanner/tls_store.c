#include "scanner/digest.h"
#include "scanner/outbox.h"
#include "scanner/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"
struct anchor {
    uint8_t digest[DIGEST_BYTES];
    X509 *cert;
};
struct tls_store {
    X509_STORE *x509;
    struct anchor *anchors; /* sorted by digest, each once */
    uint32_t n, size;
};

static int compare_anchors(const void *a, const void *b)
{
    return memcmp(((const struct anchor *)a)->digest, ((const struct anchor *)b)->digest, DIGEST_BYTES);
}

/* Takes `cert`. */
static int store_add(struct tls_store *store, X509 *cert_take)
{
    struct anchor *anchor;

    if (store->n == store->size) {
        uint32_t size = store->size > 0 ? 2 * store->size : 256;
        struct anchor *grown = realloc(store->anchors, size * sizeof(*grown));

        if (grown == NULL) {
            X509_free(cert_take);
            return STS_ENOMEM;
        }
        store->anchors = grown;
        store->size = size;
    }
    anchor = &store->anchors[store->n++];
    anchor->cert = cert_take;
    if (X509_digest(cert_take, EVP_sha256(), anchor->digest, NULL) != 1)
        return STS_ENOMEM;
    /* OpenSSL works out a certificate's extensions when they are first wanted. Here, by one thread, once for
     * all. */
    (void)X509_check_purpose(cert_take, -1, 0);
    return X509_STORE_add_cert(store->x509, cert_take) == 1 ? STS_OK : STS_ENOMEM;
}

/* Sort, and drop what the file holds twice. */
static void store_sort(struct tls_store *store)
{
    uint32_t n = 0;

    if (store->n > 0)
        qsort(store->anchors, store->n, sizeof(*store->anchors), compare_anchors);
    for (uint32_t i = 0; i < store->n; i++) {
        if (n > 0 && compare_anchors(&store->anchors[n - 1], &store->anchors[i]) == 0)
            X509_free(store->anchors[i].cert);
        else
            store->anchors[n++] = store->anchors[i];
    }
    store->n = n;
}

/* The certificates of a bundle. A block that cannot be read is passed over: of a bundle, what is usable
 * counts. */
static int store_read(struct tls_store *store, BIO *bio)
{
    for (;;) {
        X509 *cert;
        unsigned long e;

        ERR_clear_error();
        cert =
            PEM_read_bio_X509_AUX(bio, NULL, NULL, (void *)(uintptr_t) ""); /* "": asks for no passphrase */
        if (cert != NULL) {
            if (store_add(store, cert) != STS_OK)
                return STS_ENOMEM;
            continue;
        }
        e = ERR_peek_last_error();
        if (BIO_eof(bio) || (ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE))
            return STS_OK;
    }
}

int tls_store_load(const char *ca_file, struct tls_store **out, struct sts_err *err)
{
    const char *path = ca_file != NULL ? ca_file : SYSTEM_CA_FILE;
    const char *what_to_do = ca_file != NULL ? "give --ca-file a bundle of CA certificates in PEM form"
                                             : "install ca-certificates, or give --ca-file";
    struct tls_store *store = calloc(1, sizeof(*store));
    BIO *bio = NULL;
    int rc = STS_ENOMEM;

    *out = NULL;
    if (store == NULL || (store->x509 = X509_STORE_new()) == NULL) {
        sts_fail(err, rc, "%s: no memory for the trust store", path);
        goto out;
    }
    errno = 0;
    bio = BIO_new_file(path, "r");
    if (bio == NULL) {
        rc = sts_fail(err, STS_EINVAL, "%s: cannot be read: %s; %s", path,
                      errno != 0 ? strerror(errno) : "no memory", what_to_do);
        goto out;
    }
    rc = store_read(store, bio);
    if (rc != STS_OK) {
        sts_fail(err, rc, "%s: no memory for the trust store", path);
        goto out;
    }
    store_sort(store);
    if (store->n == 0) {
        rc = sts_fail(err, STS_EINVAL, "%s: no usable certificate in it; %s", path, what_to_do);
        goto out;
    }
    *out = store;
    store = NULL;
out:
    BIO_free(bio);
    tls_store_free(store);
    ERR_clear_error();
    return rc;
}

void tls_store_free(struct tls_store *store)
{
    if (store == NULL)
        return;
    for (uint32_t i = 0; i < store->n; i++)
        X509_free(store->anchors[i].cert);
    free(store->anchors);
    X509_STORE_free(store->x509);
    free(store);
}

X509_STORE *tls_store_x509(const struct tls_store *store)
{
    return store->x509;
}

uint32_t tls_store_n(const struct tls_store *store)
{
    return store->n;
}

void tls_store_digest(const struct tls_store *store, uint8_t out[32])
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    memset(out, 0, DIGEST_BYTES);
    if (md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1) {
        for (uint32_t i = 0; i < store->n; i++)
            EVP_DigestUpdate(md, store->anchors[i].digest, DIGEST_BYTES);
        EVP_DigestFinal_ex(md, out, NULL);
    }
    EVP_MD_CTX_free(md);
}

int tls_store_archive(const struct tls_store *store, struct outbox *outbox)
{
    for (uint32_t i = 0; i < store->n; i++) {
        uint8_t *der = NULL;
        const int len = i2d_X509(store->anchors[i].cert, &der);

        if (len <= 0)
            return STS_ENOMEM;
        outbox_cert(outbox, store->anchors[i].digest, der, (size_t)len, true);
        OPENSSL_free(der);
    }
    return STS_OK;
}
