/* certs.c - the golden scan: its certificates, read from their files. */
#include "tests/golden/records.h"

#include <openssl/sha.h>
#include <stdio.h>

#define CERT_MOST_BYTES 4096

struct sts_str golden_chain_mx[2], golden_chain_policy[2], golden_chain_expired[2], golden_chain_self[1];
struct rec_cert golden_certs[GC_LIMIT];

bool golden_load_certs(const char *directory)
{
    static const char *const names[GC_LIMIT] = {"root", "issuer", "mx", "policy", "expired", "self"};
    static uint8_t der[GC_LIMIT][CERT_MOST_BYTES], digest[GC_LIMIT][SHA256_DIGEST_LENGTH];

    for (int i = 0; i < GC_LIMIT; i++) {
        char path[1024];
        FILE *file;
        size_t len;

        snprintf(path, sizeof(path), "%s/%s.der", directory, names[i]);
        file = fopen(path, "rb");
        if (file == NULL)
            return false;
        len = fread(der[i], 1, CERT_MOST_BYTES, file);
        fclose(file);
        SHA256(der[i], len, digest[i]);
        golden_certs[i] = (struct rec_cert){.digest = {(const char *)digest[i], SHA256_DIGEST_LENGTH},
                                            .der = {(const char *)der[i], (uint32_t)len},
                                            .trusted = i == GC_ROOT};
    }
    golden_chain_mx[0] = golden_certs[GC_MX].digest;
    golden_chain_policy[0] = golden_certs[GC_POLICY].digest;
    golden_chain_expired[0] = golden_certs[GC_EXPIRED].digest;
    golden_chain_mx[1] = golden_chain_policy[1] = golden_chain_expired[1] = golden_certs[GC_ISSUER].digest;
    golden_chain_self[0] = golden_certs[GC_SELF].digest;
    return true;
}
