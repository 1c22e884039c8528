#include "tests/unit/client_hello.h"

#include <string.h>
#include <sys/socket.h>

#define RECORD_HEADER    5
#define HANDSHAKE_HEADER 4
#define RANDOM_BYTES     32

/* Reading: a view that becomes invalid (p == NULL) where it ends too early. */
struct view {
    uint8_t *p;
    size_t len;
};

static struct view take(struct view *v, size_t len)
{
    struct view taken = {v->p, len};

    if (v->p == NULL || len > v->len) {
        v->p = NULL;
        v->len = 0;
        return *v;
    }
    v->p += len;
    v->len -= len;
    return taken;
}

static size_t number(struct view *v, size_t len)
{
    const struct view digits = take(v, len);
    size_t n = 0;

    for (size_t i = 0; digits.p != NULL && i < len; i++)
        n = n << 8 | digits.p[i];
    return n;
}

/* A vector with its length in front (RFC 8446 section 3.4). */
static struct view vector(struct view *v, size_t len_bytes)
{
    const size_t len = number(v, len_bytes);

    return take(v, len);
}

static void zero(struct view v)
{
    if (v.p != NULL)
        memset(v.p, 0, v.len);
}

static void mask_keys(struct view key_share)
{
    struct view shares = vector(&key_share, 2);

    while (shares.len > 0) {
        take(&shares, 2);
        zero(vector(&shares, 2));
    }
}

bool hello_mask(struct hello *h)
{
    struct view v = {h->bytes, h->len}, extensions;

    if (h->len < RECORD_HEADER + HANDSHAKE_HEADER || h->bytes[0] != SSL3_RT_HANDSHAKE ||
        h->bytes[RECORD_HEADER] != SSL3_MT_CLIENT_HELLO)
        return false;
    take(&v, RECORD_HEADER + HANDSHAKE_HEADER + 2);
    zero(take(&v, RANDOM_BYTES));
    zero(vector(&v, 1)); /* session id */
    vector(&v, 2);       /* cipher suites */
    vector(&v, 1);       /* compression */
    extensions = vector(&v, 2);
    if (v.p == NULL || v.len != 0)
        return false;
    while (extensions.len > 0) {
        const size_t type = number(&extensions, 2);
        const struct view body = vector(&extensions, 2);

        if (type == TLSEXT_TYPE_key_share)
            mask_keys(body);
    }
    return extensions.p != NULL;
}

void hello_settings(SSL_CTX *ctx)
{
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, 0);
}

SSL_CTX *hello_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    hello_settings(ctx);
    return ctx;
}

bool hello_of(SSL_CTX *ctx, const char *sni, struct hello *h)
{
    SSL *ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    int n;

    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    if (sni != NULL)
        SSL_set_tlsext_host_name(ssl, sni);
    SSL_do_handshake(ssl);
    n = BIO_read(out, h->bytes, sizeof(h->bytes));
    h->len = n > 0 ? (size_t)n : 0;
    SSL_free(ssl);
    return hello_mask(h);
}

bool hello_read(int fd, struct hello *h)
{
    size_t rest;

    h->len = 0;
    if (recv(fd, h->bytes, RECORD_HEADER, MSG_WAITALL) != RECORD_HEADER)
        return false;
    rest = (size_t)h->bytes[3] << 8 | h->bytes[4];
    if (rest > sizeof(h->bytes) - RECORD_HEADER ||
        recv(fd, h->bytes + RECORD_HEADER, rest, MSG_WAITALL) != (ssize_t)rest)
        return false;
    h->len = RECORD_HEADER + rest;
    return true;
}

bool hello_equal(const struct hello *a, const struct hello *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}
