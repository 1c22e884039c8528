#include "scanner/memory.h"

#include <ares.h>
#include <curl/curl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* For what is in flight until the scan has ended. The system gives pages that are never touched to nobody. */
#define RESERVE_BYTES (16U << 20)

/* The libraries' hooks are of the whole process and have no argument, so this is too. Memory is taken from
 * its beginning on, and never given back. */
struct piece {
    size_t len_bytes;
    alignas(max_align_t) unsigned char data[];
};
static alignas(max_align_t) unsigned char reserve[RESERVE_BYTES];
static atomic_size_t used;
static atomic_bool low, out;

static bool is_reserve(const void *p)
{
    return (uintptr_t)p - (uintptr_t)reserve < RESERVE_BYTES;
}

/* Zeroed. */
static void *from_reserve(size_t len_bytes)
{
    const size_t align = alignof(max_align_t);
    size_t need_bytes = sizeof(struct piece) + len_bytes, at = RESERVE_BYTES;
    struct piece *piece;

    atomic_store(&low, true);
    if (len_bytes < RESERVE_BYTES) {
        need_bytes = (need_bytes + align - 1) / align * align;
        at = atomic_fetch_add(&used, need_bytes);
    }
    if (at > RESERVE_BYTES || RESERVE_BYTES - at < need_bytes) {
        atomic_store(&out, true);
        return NULL;
    }
    piece = (struct piece *)(void *)(reserve + at);
    piece->len_bytes = len_bytes;
    return piece->data;
}

static size_t len_of(const void *p)
{
    if (is_reserve(p))
        return ((const struct piece *)((const char *)p - offsetof(struct piece, data)))->len_bytes;
    return malloc_usable_size((void *)(uintptr_t)p);
}

static void *take(size_t len_bytes)
{
    void *p = malloc(len_bytes);

    return p != NULL ? p : from_reserve(len_bytes);
}

static void *take_zeroed(size_t n, size_t len_bytes)
{
    void *p = calloc(n, len_bytes);

    if (p != NULL || (len_bytes > 0 && n > RESERVE_BYTES / len_bytes))
        return p;
    return from_reserve(n * len_bytes);
}

static void give_back(void *p)
{
    if (!is_reserve(p))
        free(p);
}

static void *take_other(void *old, size_t len_bytes)
{
    void *p = NULL;

    if (len_bytes == 0) {
        give_back(old);
        return NULL;
    }
    if (!is_reserve(old) && (p = realloc(old, len_bytes)) != NULL)
        return p;
    p = is_reserve(old) ? take(len_bytes) : from_reserve(len_bytes);
    if (p == NULL || old == NULL)
        return p;
    memcpy(p, old, len_of(old) < len_bytes ? len_of(old) : len_bytes);
    give_back(old);
    return p;
}

static char *copy(const char *text)
{
    const size_t len_bytes = strlen(text) + 1;
    char *p = take(len_bytes);

    return p != NULL ? memcpy(p, text, len_bytes) : NULL;
}

/* ---- as OpenSSL wants them ---- */

static void *ssl_take(size_t len_bytes, const char *file, int line)
{
    (void)file, (void)line;
    return take(len_bytes);
}

static void *ssl_take_other(void *old, size_t len_bytes, const char *file, int line)
{
    (void)file, (void)line;
    return take_other(old, len_bytes);
}

static void ssl_give_back(void *p, const char *file, int line)
{
    (void)file, (void)line;
    give_back(p);
}

/* ---- all of them ---- */

int memory_begin(struct sts_err *err)
{
    if (uv_replace_allocator(take, take_other, take_zeroed, give_back) != 0 ||
        CRYPTO_set_mem_functions(ssl_take, ssl_take_other, ssl_give_back) != 1)
        return sts_fail(err, STS_ESYS, "cannot set up libuv or OpenSSL");
    if (ares_library_init_mem(ARES_LIB_INIT_ALL, take, give_back, take_other) != ARES_SUCCESS)
        return sts_fail(err, STS_ESYS, "cannot set up c-ares");
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, give_back, take_other, copy, take_zeroed) == CURLE_OK)
        return STS_OK;
    ares_library_cleanup();
    return sts_fail(err, STS_ESYS, "cannot set up libcurl");
}

void memory_end(void)
{
    curl_global_cleanup();
    ares_library_cleanup();
}

bool memory_is_low(void)
{
    return atomic_load_explicit(&low, memory_order_relaxed);
}

bool memory_is_out(void)
{
    return atomic_load_explicit(&out, memory_order_relaxed);
}
