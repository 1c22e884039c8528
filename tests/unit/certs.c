/* certs.c - servers and files with the certificates of cert_make.c, for the tests that include this file. */
#include "tests/unit/cert_make.c"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A server's context with this leaf and, if given, one certificate behind it. */
static SSL_CTX *cert_server(const struct cert *leaf, const struct cert *behind)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set1_groups_list(ctx, "X25519"); /* later versions of OpenSSL prefer others */
    SSL_CTX_use_certificate(ctx, leaf->x509);
    SSL_CTX_use_PrivateKey(ctx, leaf->key);
    if (behind != NULL)
        SSL_CTX_add1_chain_cert(ctx, behind->x509);
    return ctx;
}

/* A new file with these bytes, and behind them these certificates in PEM form. Its name goes to `path`. */
static void cert_file(char path[64], const char *text, const struct cert *certs, unsigned n)
{
    FILE *file;

    snprintf(path, 64, "/tmp/sts-certs-XXXXXX");
    file = fdopen(mkstemp(path), "w");
    fputs(text, file);
    for (unsigned i = 0; i < n; i++)
        PEM_write_X509(file, certs[i].x509);
    fclose(file);
}
