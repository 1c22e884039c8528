#include "scanner/http_impl.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS (24L * 60 * 60 * 1000)

/* Deadlines are ours (timers.h): libcurl's own, which it always has for connect, lies beyond all of them. */
static const struct {
    CURLoption option;
    long value;
} fixed_numbers[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_CONNECTTIMEOUT_MS, DAY_MS},
    {CURLOPT_FOLLOWLOCATION, 0},                    /* RFC 8461 section 3.3 */
    {CURLOPT_HTTP09_ALLOWED, 0},                    /* RFC 9112 knows no answer without a status line */
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS}, /* ALPN "h2, http/1.1", libcurl's default */
    {CURLOPT_PATH_AS_IS, 1},
    {CURLOPT_FRESH_CONNECT, 1}, /* one transfer, one connection */
    {CURLOPT_FORBID_REUSE, 1},
    {CURLOPT_SSL_SESSIONID_CACHE, 0}, /* a resumed session shows no certificate */
    {CURLOPT_DNS_CACHE_TIMEOUT, 0},   /* nothing is resolved, so nothing is kept */
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    /* Verification is done by tls_context_setup with the store of the scan, and never ends a transfer. */
    {CURLOPT_SSL_VERIFYPEER, 0},
    {CURLOPT_SSL_VERIFYHOST, 0},
};
/* CAINFO and CAPATH: with either, libcurl 7.88 reads a CA bundle for each connection, 20 ms of CPU. PROXY and
 * NOPROXY: without them the environment decides. */
static const struct {
    CURLoption option;
    const char *value;
} fixed_strings[] = {
    {CURLOPT_PROTOCOLS_STR, "https"}, {CURLOPT_PROXY, ""},    {CURLOPT_NOPROXY, "*"},
    {CURLOPT_CAINFO, NULL},           {CURLOPT_CAPATH, NULL},
};

uint64_t http_ms(uint64_t from_ns, uint64_t to_ns)
{
    return (to_ns - from_ns + 999999) / 1000000;
}

/* False: no memory. */
static bool keep(struct http_kept *k, const void *p, size_t len, uint32_t most)
{
    if (len > most - k->len)
        len = most - k->len;
    if (len == 0)
        return true;
    if (k->len + len > k->size) {
        uint32_t size = k->size ? k->size : 1024;
        uint8_t *grown;

        while (size < k->len + len)
            size *= 2;
        grown = realloc(k->p, size);
        if (grown == NULL)
            return false;
        k->p = grown;
        k->size = size;
    }
    memcpy(k->p + k->len, p, len);
    k->len += (uint32_t)len;
    return true;
}

/* What comes from the peer. */

/* Returns what libcurl takes for "end the transfer". */
static size_t no_memory(struct http_fetch *f)
{
    f->facts.ours = (struct result){.oc = OC_OUR_MEMORY};
    return 0;
}

/* HTTP-version SP status-code, RFC 9112 section 4; libcurl has checked it, and writes HTTP/2's the same way.
 */
static void begin_head(struct http_fetch *f, const char *line, size_t len)
{
    const char *end = line + len, *p = memchr(line, '/', len);
    uint32_t n;

    f->in_head = true;
    f->headers.len = 0;
    f->facts.status = 0;
    p = p ? p + 1 : end;
    for (n = 0; p < end && *p != ' ' && n < sizeof(f->version) - 1; n++)
        f->version[n] = *p++;
    f->version[n] = '\0';
    while (p < end && *p == ' ')
        p++;
    for (n = 0; n < 3 && p < end && *p >= '0' && *p <= '9'; n++)
        f->facts.status = f->facts.status * 10 + (uint32_t)(*p++ - '0');
}

/* Interim answers end without making a final one (RFC 9110 section 15.2), except 101: nothing follows in
 * HTTP. */
static bool is_final(const struct http_fetch *f)
{
    return f->facts.status >= 200 || f->facts.status == 101;
}

static void end_head(struct http_fetch *f)
{
    f->in_head = false;
    f->facts.head_done = is_final(f);
}

static size_t on_header(char *line, size_t one, size_t len, void *fetch)
{
    struct http_fetch *f = fetch;

    (void)one;
    if (f->ended)
        return 0;
    if (f->evidence->first_byte_ms == 0)
        f->evidence->first_byte_ms = http_ms(f->begin_ns, uv_hrtime());
    if (f->facts.head_done)
        return len; /* a trailer */
    if (!f->in_head)
        begin_head(f, line, len);
    else if (line[0] == '\r' || line[0] == '\n')
        end_head(f);
    else if (!keep(&f->headers, line, len, HTTP_MOST_HEADERS_BYTES))
        return no_memory(f);
    return len;
}

static size_t on_body(char *p, size_t one, size_t len, void *fetch)
{
    struct http_fetch *f = fetch;

    (void)one;
    if (f->ended)
        return 0;
    f->facts.body_bytes += len;
    if (!keep(&f->body, p, len, HTTP_MOST_BODY_BYTES))
        return no_memory(f);
    if (f->facts.body_bytes > HTTP_MOST_BODY_BYTES) {
        f->facts.too_much = true;
        return 0;
    }
    return len;
}

/* Begin. */

static bool set_fixed(CURL *easy)
{
    bool good = true;

    for (size_t i = 0; i < STS_LEN(fixed_numbers); i++)
        good &= curl_easy_setopt(easy, fixed_numbers[i].option, fixed_numbers[i].value) == CURLE_OK;
    for (size_t i = 0; i < STS_LEN(fixed_strings); i++)
        good &= curl_easy_setopt(easy, fixed_strings[i].option, fixed_strings[i].value) == CURLE_OK;
    return good;
}

static bool set_callbacks(struct http_fetch *f)
{
    CURL *easy = f->easy;

    return curl_easy_setopt(easy, CURLOPT_PRIVATE, f) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, http_open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, f) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, http_close_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, f->http) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, http_tls_begin) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, f) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, f) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, f) == CURLE_OK;
}

/* Any host and port that the URL may hold is to be connected to at this address, so no name is resolved. */
static bool set_target(struct http_fetch *f, const char *path)
{
    char ip[ADDRESS_TEXT_BYTES], to[ADDRESS_TEXT_BYTES + 16];
    char *url;
    bool good;

    address_format(&f->ip, ip);
    f->evidence->ip = arena_copy(f->arena, ip, strlen(ip));
    snprintf(to, sizeof(to), address_is_v4(&f->ip) ? "::%s:%u" : "::[%s]:%u", ip, f->http->env.port);
    f->connect_to = curl_slist_append(NULL, to);
    if (f->connect_to == NULL || f->evidence->ip.p == NULL ||
        asprintf(&url, "https://%s:%u%s", f->host, f->http->env.port, path) < 0)
        return false;
    good = curl_easy_setopt(f->easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(f->easy, CURLOPT_CONNECT_TO, f->connect_to) == CURLE_OK &&
           curl_easy_setopt(f->easy, CURLOPT_USERAGENT, f->http->env.user_agent) == CURLE_OK;
    free(url);
    return good;
}

static void on_connect_timer(struct timer *t)
{
    struct http_fetch *f = (struct http_fetch *)((char *)t - offsetof(struct http_fetch, connect_timer));

    http_end(f, http_outcome_late(&f->facts));
}

static void on_total_timer(struct timer *t)
{
    struct http_fetch *f = (struct http_fetch *)((char *)t - offsetof(struct http_fetch, total_timer));

    http_end(f, http_outcome_late(&f->facts));
}

static bool start_timers(struct http_fetch *f)
{
    const struct http_env *env = &f->http->env;

    return (env->connect_timeout_ms == 0 ||
            timers_start(env->timers, &f->connect_timer, env->connect_timeout_ms, on_connect_timer) ==
                STS_OK) &&
           (env->total_timeout_ms == 0 ||
            timers_start(env->timers, &f->total_timer, env->total_timeout_ms, on_total_timer) == STS_OK);
}

static void fetch_free(struct http_fetch *f)
{
    timers_stop(f->http->env.timers, &f->connect_timer);
    timers_stop(f->http->env.timers, &f->total_timer);
    curl_easy_cleanup(f->easy);
    curl_slist_free_all(f->connect_to);
    free(f->headers.p);
    free(f->body.p);
    free(f);
}

struct http_fetch *http_get(struct http *h, const char *host, const char *path, const struct address *ip,
                            struct arena *arena, struct rec_policy *evidence, struct tls_certs *certs,
                            http_done_fn done, void *arg)
{
    struct http_fetch *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return NULL;
    f->http = h;
    f->ip = *ip;
    f->arena = arena;
    f->evidence = evidence;
    f->certs = certs;
    f->done = done;
    f->arg = arg;
    f->facts.alert = -1;
    f->begin_ns = uv_hrtime();
    f->host = arena_copy(arena, host, strlen(host)).p;
    f->easy = curl_easy_init();
    if (f->host == NULL || f->easy == NULL || !set_fixed(f->easy) || !set_callbacks(f) ||
        !set_target(f, path) || !start_timers(f) || curl_multi_add_handle(h->multi, f->easy) != CURLM_OK) {
        fetch_free(f);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&h->live, f, link);
    return f;
}

void http_cancel(struct http_fetch *f, enum outcome oc)
{
    http_end(f, (struct result){.oc = (uint16_t)oc});
}

/* End. */

/* False: no memory. */
static bool write_answer(struct http_fetch *f)
{
    struct rec_policy *e = f->evidence;

    if (is_final(f)) {
        e->status = f->facts.status;
        e->http = arena_copy(f->arena, f->version, strlen(f->version));
        if (e->http.p == NULL)
            return false;
    }
    if (is_final(f) && f->headers.len > 0) {
        e->headers = arena_copy(f->arena, f->headers.p, f->headers.len);
        if (e->headers.p == NULL)
            return false;
    }
    if (f->facts.body_bytes > f->body.len)
        e->body_bytes = f->facts.body_bytes;
    if (f->body.len > 0) {
        uint8_t digest[SHA256_DIGEST_LENGTH];

        SHA256(f->body.p, f->body.len, digest);
        e->body = arena_copy(f->arena, f->body.p, f->body.len);
        e->body_digest = arena_copy(f->arena, digest, sizeof(digest));
        if (e->body.p == NULL || e->body_digest.p == NULL)
            return false;
    }
    return true;
}

void http_finish(struct http_fetch *f)
{
    http_done_fn done = f->done;
    void *arg = f->arg;
    struct result r = f->result;

    if (f->connected_ns != 0)
        f->evidence->connect_ms = http_ms(f->connect_ns, f->connected_ns);
    if (!write_answer(f))
        r = (struct result){.oc = OC_OUR_MEMORY};
    if (f->facts.phase == HTTP_CONNECT)
        http_disown_socket(f);
    curl_multi_remove_handle(f->http->multi, f->easy);
    http_tls_unwatch(f);
    http_abandon_socket(f);
    fetch_free(f);
    done(arg, r);
}

int http_check_library(struct sts_err *err)
{
    const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
    CURL *easy;
    bool good;

    if (tls == NULL || strncmp(tls, "OpenSSL/", 8) != 0)
        return sts_fail(err, STS_ESYS, "policy fetch: libcurl must use OpenSSL, not %s",
                        tls ? tls : "nothing");
    easy = curl_easy_init();
    if (easy == NULL)
        return sts_fail(err, STS_ENOMEM, "policy fetch: libcurl has no memory");
    good = set_fixed(easy);
    curl_easy_cleanup(easy);
    if (!good)
        return sts_fail(err, STS_ESYS, "policy fetch: libcurl %s lacks an option that is needed",
                        curl_version());
    return STS_OK;
}
