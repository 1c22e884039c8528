#include "scanner/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct digest {
    EVP_MD_CTX *ctx;
};

struct digest *digest_new(void)
{
    struct digest *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return NULL;
    d->ctx = EVP_MD_CTX_new();
    if (d->ctx != NULL && EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) == 1)
        return d;
    digest_free(d);
    return NULL;
}

void digest_free(struct digest *d)
{
    if (d == NULL)
        return;
    EVP_MD_CTX_free(d->ctx);
    free(d);
}

int digest_add(struct digest *d, const void *p, size_t len)
{
    return EVP_DigestUpdate(d->ctx, p, len) == 1 ? STS_OK : STS_ESYS;
}

int digest_end(struct digest *d, uint8_t out[DIGEST_BYTES])
{
    unsigned len = 0;

    return EVP_DigestFinal_ex(d->ctx, out, &len) == 1 && len == DIGEST_BYTES ? STS_OK : STS_ESYS;
}
