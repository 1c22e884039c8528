/* digest.h - SHA-256 as it comes. Thread: one a digest. */
#ifndef STS_DIGEST_H
#define STS_DIGEST_H
#include "sinks/base.h"

#define DIGEST_BYTES 32

struct digest; /* opaque */

/* NULL: no memory, or the library has no SHA-256. */
struct digest *digest_new(void);
void digest_free(struct digest *d);                                    /* NULL is fine */
int digest_add(struct digest *d, const void *p, size_t len) STS_CHECK; /* STS_OK or STS_ESYS */
/* The digest of all that was added. Nothing may be added behind it. STS_OK or STS_ESYS. */
int digest_end(struct digest *d, uint8_t out[DIGEST_BYTES]) STS_CHECK;
#endif
