/* The policy fetch against scripted HTTPS servers on loopback. */
#include "scanner/http_impl.h" /* the SSL_CTX of a transfer is looked at */
#include "scanner/outbox.h"
#include "tests/unit/https_peer.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
/* after what it needs */
#include <cmocka.h>

#define POLICY "version: STSv1\nmode: enforce\nmx: mail.a.test\nmax_age: 86400\n"
#define OK_200 "HTTP/1.1 200 OK\r\n"
#define MANY   64
#define PATH   "/.well-known/mta-sts.txt"

static char ca_path[] = "/tmp/test_http.XXXXXX";
static struct tls_store *store;

/* ---- a stand-in for the outbox ---- */

static unsigned n_certs;

void outbox_put(struct outbox *o, enum rec_kind kind, const void *record, uint64_t pos)
{
    (void)o, (void)kind, (void)record, (void)pos;
    fail_msg("a fetch puts no record");
}

void outbox_cert(struct outbox *o, const uint8_t digest[32], const uint8_t *der, size_t len, bool trusted)
{
    uint8_t own[32];

    (void)o;
    SHA256(der, len, own);
    assert_memory_equal(digest, own, sizeof(own));
    assert_false(trusted);
    n_certs++;
}

/* ---- a loop with a client, and a fetch ---- */

struct scene {
    uv_loop_t loop;
    uv_timer_t tick;
    struct timers timers;
    struct http_env env;
    struct http *http;
    uint64_t start_ms;
};

struct get {
    struct arena arena;
    struct rec_policy policy;
    struct http_fetch *fetch;
    struct result r;
    unsigned n_done;
    bool may_be_done;
    struct get *then_cancel; /* from within done */
    struct http *then_close;
};

static void on_tick(uv_timer_t *tick)
{
    struct scene *s = tick->data;

    timers_run(&s->timers, uv_now(&s->loop) - s->start_ms);
}

static void scene_open(struct scene *s, const struct peer *p)
{
    struct sts_err err = {0};

    assert_int_equal(uv_loop_init(&s->loop), 0);
    uv_timer_init(&s->loop, &s->tick);
    s->tick.data = s;
    s->start_ms = uv_now(&s->loop);
    uv_timer_start(&s->tick, on_tick, 2, 2);
    s->env.loop = &s->loop;
    s->env.timers = &s->timers;
    s->env.store = store;
    s->env.user_agent = "test (https://contact.test/)";
    s->env.port = p->port;
    if (s->env.total_timeout_ms == 0)
        s->env.total_timeout_ms = 10000;
    assert_int_equal(http_new(&s->env, &s->http, &err), STS_OK);
}

static void scene_close(struct scene *s)
{
    if (s->http != NULL)
        http_close(s->http);
    uv_close((uv_handle_t *)&s->tick, NULL);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    assert_int_equal(s->timers.n, 0);
    timers_fini(&s->timers);
}

static void on_done(void *arg, struct result r)
{
    struct get *g = arg;

    assert_true(g->may_be_done);
    g->r = r;
    g->n_done++;
    if (g->then_cancel != NULL)
        http_cancel(g->then_cancel->fetch, OC_OUR_STOP);
    if (g->then_close != NULL)
        http_close(g->then_close);
}

static void get_start(struct get *g, struct scene *s, const char *host, const char *ip)
{
    struct address a;

    arena_init(&g->arena, 0);
    assert_int_equal(address_parse(ip, &a), STS_OK);
    g->may_be_done = false;
    g->fetch = http_get(s->http, host, PATH, &a, &g->arena, &g->policy, on_done, g);
    assert_non_null(g->fetch);
    g->may_be_done = true;
}

static void get_wait(const struct get *g, struct scene *s)
{
    while (g->n_done == 0)
        uv_run(&s->loop, UV_RUN_ONCE);
    assert_int_equal(g->n_done, 1);
}

static void expect_outcome(const struct get *g, enum outcome oc, enum outcome_source src, int32_t raw)
{
    assert_string_equal(outcome_name(g->r.oc), outcome_name(oc));
    assert_int_equal(g->r.src, src);
    assert_int_equal(g->r.raw, raw);
}

static void expect_str(struct sts_str got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.p ? got.p : "", want, got.len);
}

static bool has_verify_error(const struct get *g, uint64_t code)
{
    for (uint32_t i = 0; i < g->policy.tls->verify.n; i++)
        if (g->policy.tls->verify.v[i].code == code)
            return true;
    return false;
}

static void get_fini(struct get *g)
{
    arena_fini(&g->arena);
    memset(g, 0, sizeof(*g));
}

/* The whole in one: a peer, a client, one fetch. `s` may come with an environment. */
static void fetch(struct peer *p, struct scene *s, struct get *g)
{
    if (p->ip == NULL)
        p->ip = "127.0.0.1";
    peer_start(p);
    scene_open(s, p);
    get_start(g, s, PEER_HOST, p->ip);
    get_wait(g, s);
    scene_close(s);
    peer_stop(p);
    assert_int_equal(g->n_done, 1);
}

static struct peer saying(peer_play_fn play, const char *text)
{
    return (struct peer){.play = play, .text = text, .len = strlen(text)};
}

/* ---- good ---- */

static void test_good(void **state)
{
    struct peer p =
        saying(play_close, OK_200 "Content-Type: text/plain\r\nContent-Length: 60\r\n\r\n" POLICY);
    struct scene s = {0};
    struct get g = {0};
    uint8_t digest[32];
    char host[64];

    (void)state;
    assert_int_equal(strlen(POLICY), 60);
    n_certs = 0;
    fetch(&p, &s, &g);
    expect_outcome(&g, OC_OK, SRC_NONE, 0);
    assert_int_equal(g.policy.status, 200);
    expect_str(g.policy.http, "1.1");
    expect_str(g.policy.ip, "127.0.0.1");
    expect_str(g.policy.headers, "Content-Type: text/plain\r\nContent-Length: 60\r\n");
    expect_str(g.policy.body, POLICY);
    assert_int_equal(g.policy.body_bytes, 0);
    SHA256((const uint8_t *)POLICY, strlen(POLICY), digest);
    assert_int_equal(g.policy.body_digest.len, 32);
    assert_memory_equal(g.policy.body_digest.p, digest, 32);
    assert_in_range(g.policy.connect_ms, 1, 5000);
    assert_in_range(g.policy.first_byte_ms, 1, 5000);
    assert_non_null(g.policy.tls);
    assert_int_equal(g.policy.tls->version, TLS1_3_VERSION);
    assert_int_equal(g.policy.tls->verify.n, 0);
    assert_int_equal(g.policy.tls->chain.n, 1);
    assert_in_range(g.policy.tls->dur_ms, 1, 5000);
    expect_str(g.policy.tls->sni, PEER_HOST);
    assert_int_equal(n_certs, 1);
    /* What was sent. */
    assert_string_equal(p.sni, PEER_HOST);
    assert_string_equal(p.alpn, ",h2,http/1.1");
    snprintf(host, sizeof(host), "\r\nHost: " PEER_HOST ":%u\r\n", p.port);
    assert_memory_equal(p.request, "GET " PATH " HTTP/1.1\r\n", strlen("GET " PATH " HTTP/1.1\r\n"));
    assert_non_null(strstr(p.request, host));
    assert_non_null(strstr(p.request, "\r\nUser-Agent: test (https://contact.test/)\r\n"));
    assert_null(strcasestr(p.request, "\r\naccept-encoding:"));
    assert_null(strcasestr(p.request, "\r\ncookie:"));
    assert_null(strcasestr(p.request, "\r\nauthorization:"));
    assert_int_equal(atomic_load(&p.n_accepted), 1);
    get_fini(&g);
}

static void test_ipv6(void **state)
{
    struct peer p = saying(play_close, OK_200 "Content-Length: 60\r\n\r\n" POLICY);
    struct scene s = {0};
    struct get g = {0};

    (void)state;
    p.ip = "::1";
    fetch(&p, &s, &g);
    expect_outcome(&g, OC_OK, SRC_NONE, 0);
    expect_str(g.policy.ip, "::1");
    expect_str(g.policy.body, POLICY);
    get_fini(&g);
}

static void test_source_address(void **state)
{
    struct peer p = saying(play_close, OK_200 "Content-Length: 60\r\n\r\n" POLICY);
    struct address local, from;
    struct scene s = {0};
    struct get g = {0};

    (void)state;
    assert_int_equal(address_parse("127.7.8.9", &local), STS_OK);
    s.env.local_v4 = &local;
    fetch(&p, &s, &g);
    expect_outcome(&g, OC_OK, SRC_NONE, 0);
    assert_int_equal(address_from_sockaddr((struct sockaddr *)&p.from, &from), STS_OK);
    assert_true(address_equal(&from, &local));
    get_fini(&g);

    assert_int_equal(address_parse("192.0.2.1", &local), STS_OK); /* RFC 5737: of nobody */
    p.port = 0;
    fetch(&p, &s, &g);
    expect_outcome(&g, OC_OUR_NETWORK, SRC_ERRNO, EADDRNOTAVAIL);
    get_fini(&g);
}

/* Old servers are evidence as well. */
static void test_tls_versions(void **state)
{
    static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (size_t i = 0; i < STS_LEN(versions); i++) {
        struct peer p = saying(play_close, OK_200 "Content-Length: 60\r\n\r\n" POLICY);
        struct scene s = {0};
        struct get g = {0};

        p.max_version = versions[i];
        fetch(&p, &s, &g);
        expect_outcome(&g, OC_OK, SRC_NONE, 0);
        assert_int_equal(g.policy.tls->version, versions[i]);
        assert_int_equal(g.policy.tls->verify.n, 0);
        get_fini(&g);
    }
}

/* ---- what an answer comes to ---- */

struct answer {
    const char *name;
    peer_play_fn play;
    const char *text;
    enum outcome oc;
    enum outcome_source src;
    int32_t raw;
    uint64_t status;
    const char *body;
};

static const struct answer answers[] = {
    {"no content-type", play_close, OK_200 "Content-Length: 2\r\n\r\nhi", OC_OK, SRC_NONE, 0, 200, "hi"},
    {"empty body", play_close, OK_200 "Content-Length: 0\r\n\r\n", OC_OK, SRC_NONE, 0, 200, ""},
    {"body to the end", play_close, OK_200 "\r\nhi", OC_OK, SRC_NONE, 0, 200, "hi"},
    {"body to the end, no close_notify", play_cut, OK_200 "\r\nhi", OC_OK, SRC_NONE, 0, 200, "hi"},
    {"chunked", play_wait, OK_200 "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nTrailer: x\r\n\r\n",
     OC_OK, SRC_NONE, 0, 200, "hi"},
    {"HTTP/1.0", play_close, "HTTP/1.0 200 OK\r\n\r\nhi", OC_OK, SRC_NONE, 0, 200, "hi"},
    {"100", play_wait, "HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n" OK_200 "Content-Length: 2\r\n\r\nhi", OC_OK,
     SRC_NONE, 0, 200, "hi"},
    {"103", play_wait, "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" OK_200 "Content-Length: 2\r\n\r\nhi",
     OC_OK, SRC_NONE, 0, 200, "hi"},
    {"301", play_close, "HTTP/1.1 301 Moved\r\nLocation: https://b.test/\r\nContent-Length: 2\r\n\r\nhi",
     OC_HTTP_REDIRECT, SRC_HTTP, 301, 301, "hi"},
    {"308", play_close, "HTTP/1.1 308 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", OC_HTTP_REDIRECT,
     SRC_HTTP, 308, 308, ""},
    {"304", play_close, "HTTP/1.1 304 Not Modified\r\n\r\n", OC_HTTP_REDIRECT, SRC_HTTP, 304, 304, ""},
    {"404", play_close, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", OC_HTTP_STATUS, SRC_HTTP,
     404, 404, "no"},
    {"404, short", play_close, "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno", OC_HTTP_STATUS,
     SRC_HTTP, 404, 404, "no"},
    {"500", play_close, "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nno", OC_HTTP_STATUS, SRC_HTTP, 500,
     500, "no"},
    {"401", play_close, "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
     OC_HTTP_STATUS, SRC_HTTP, 401, 401, ""},
    {"407", play_close, "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
     OC_HTTP_STATUS, SRC_HTTP, 407, 407, ""},
    {"204", play_close, "HTTP/1.1 204 None\r\n\r\n", OC_HTTP_STATUS, SRC_HTTP, 204, 204, ""},
    {"206", play_close, "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nhi",
     OC_HTTP_STATUS, SRC_HTTP, 206, 206, "hi"},
    {"101", play_close, "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", OC_HTTP_STATUS, SRC_HTTP, 101, 101,
     ""},
    {"Content-Length lies", play_close, OK_200 "Content-Length: 9\r\n\r\nhi", OC_HTTP_SHORT, SRC_CURL,
     CURLE_PARTIAL_FILE, 200, "hi"},
    {"chunks end early", play_close, OK_200 "Transfer-Encoding: chunked\r\n\r\n9\r\nhi", OC_HTTP_SHORT,
     SRC_CURL, CURLE_PARTIAL_FILE, 200, "hi"},
    {"header ends early", play_close, OK_200 "Content-Le", OC_HTTP_SHORT, SRC_NONE, 0, 200, ""},
    {"no answer", play_close, "", OC_HTTP_CLOSED, SRC_CURL, CURLE_GOT_NOTHING, 0, ""},
    {"no answer, no close_notify", play_cut, "", OC_HTTP_CLOSED, SRC_CURL, CURLE_GOT_NOTHING, 0, ""},
    {"reset for an answer", play_reset, "", OC_HTTP_RESET, SRC_ERRNO, ECONNRESET, 0, ""},
    {"reset in the body", play_reset, OK_200 "Content-Length: 9\r\n\r\nhi", OC_HTTP_RESET, SRC_ERRNO,
     ECONNRESET, 200, "hi"},
    {"bad chunk", play_wait, OK_200 "Transfer-Encoding: chunked\r\n\r\nzz\r\nhi", OC_HTTP_PROTOCOL, SRC_CURL,
     CURLE_RECV_ERROR, 200, ""},
    {"HTTP/0.9", play_close, "<html>hello</html>\r\n\r\n", OC_HTTP_PROTOCOL, SRC_CURL,
     CURLE_UNSUPPORTED_PROTOCOL, 0, ""},
    {"transfer coding that is none", play_close, OK_200 "Transfer-Encoding: gzip\r\n\r\nhi", OC_HTTP_PROTOCOL,
     SRC_CURL, CURLE_BAD_CONTENT_ENCODING, 200, ""},
    {"bad Content-Length", play_wait, OK_200 "Content-Length: -1\r\n\r\nhi", OC_HTTP_PROTOCOL, SRC_CURL,
     CURLE_WEIRD_SERVER_REPLY, 200, ""},
};

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < STS_LEN(answers); i++) {
        const struct answer *a = &answers[i];
        struct peer p = saying(a->play, a->text);
        struct scene s = {0};
        struct get g = {0};

        print_message("  %s\n", a->name);
        fetch(&p, &s, &g);
        expect_outcome(&g, a->oc, a->src, a->raw);
        assert_int_equal(g.policy.status, a->status);
        expect_str(g.policy.body, a->body);
        assert_int_equal(g.policy.body_bytes, 0);
        assert_non_null(g.policy.tls);
        assert_int_equal(atomic_load(&p.n_accepted), 1);
        get_fini(&g);
    }
}

/* What is kept of the header: the lines of the final answer. */
static void test_headers(void **state)
{
    static const struct {
        const char *name, *text, *headers;
        enum outcome oc;
    } rows[] = {
        {"none", OK_200 "\r\nhi", "", OC_OK},
        {"interim ones left out",
         "HTTP/1.1 100 Go\r\nA: 1\r\n\r\nHTTP/1.1 103 Hint\r\nB: 1\r\n\r\n" OK_200 "C: 1\r\n\r\nhi",
         "C: 1\r\n", OC_OK},
        {"trailers left out", OK_200 "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nB: 1\r\n\r\n",
         "Transfer-Encoding: chunked\r\n", OC_OK},
        {"duplicate Content-Length", OK_200 "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
         "Content-Length: 2\r\nContent-Length: 2\r\n", OC_OK},
        {"bytes of all kinds", OK_200 "X: \x01\x80\xff \r\n\r\nhi", "X: \x01\x80\xff \r\n", OC_OK},
        {"bare line feeds", "HTTP/1.1 200 OK\nX: 1\n\nhi", "X: 1\n", OC_OK},
        {"not even a final answer", "HTTP/1.1 100 Go\r\nA: 1\r\n\r\n", "", OC_HTTP_CLOSED},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct peer p = saying(play_close, rows[i].text);
        struct scene s = {0};
        struct get g = {0};

        print_message("  %s\n", rows[i].name);
        fetch(&p, &s, &g);
        assert_string_equal(outcome_name(g.r.oc), outcome_name(rows[i].oc));
        expect_str(g.policy.headers, rows[i].headers);
        if (rows[i].oc == OC_OK)
            expect_str(g.policy.body, "hi");
        else
            assert_int_equal(g.policy.status, 0);
        get_fini(&g);
    }
}

/* What versions of libcurl refuse with codes of their own. */
static void test_bad_headers(void **state)
{
    static const char nul[] = OK_200 "X: a\0b\r\nContent-Length: 2\r\n\r\nhi";
    static const char no_colon[] = OK_200 "what is this\r\nContent-Length: 2\r\n\r\nhi";
    static const char bad_trailer[] =
        OK_200 "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nHTTP/1.1 404 no\r\n\r\n";
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        {nul, sizeof(nul) - 1}, {no_colon, sizeof(no_colon) - 1}, {bad_trailer, sizeof(bad_trailer) - 1}};

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct peer p = {.play = play_close, .text = rows[i].text, .len = rows[i].len};
        struct scene s = {0};
        struct get g = {0};

        print_message("  %zu\n", i);
        fetch(&p, &s, &g);
        assert_string_equal(outcome_name(g.r.oc), "HTTP_PROTOCOL");
        get_fini(&g);
    }
}

/* A body that is compressed though nobody asked is kept as sent (RFC 9110 section 8.4). */
static void test_gzip(void **state)
{
    static const char text[] = OK_200 "Content-Encoding: gzip\r\nContent-Length: 22\r\n\r\n"
                                      "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\xc8\x04\0\xac\x2a\x93\xd8\x02\0\0\0";
    struct peer p = {.play = play_close, .text = text, .len = sizeof(text) - 1};
    struct scene s = {0};
    struct get g = {0};

    (void)state;
    fetch(&p, &s, &g);
    expect_outcome(&g, OC_OK, SRC_NONE, 0);
    assert_int_equal(g.policy.body.len, 22);
    assert_memory_equal(g.policy.body.p, text + sizeof(text) - 1 - 22, 22);
    get_fini(&g);
}

/* ---- limits ---- */

static void fetch_body_of(size_t len, const char *head, struct get *g)
{
    struct peer p = {.play = play_close};
    struct scene s = {0};
    size_t head_len;
    char *text = malloc(strlen(head) + 32 + len);

    head_len = (size_t)sprintf(text, head, len);
    memset(text + head_len, 'x', len);
    p.text = text;
    p.len = head_len + len;
    fetch(&p, &s, g);
    free(text);
}

static void test_body_limit(void **state)
{
    static const char *const heads[] = {OK_200 "Content-Length: %zu\r\n\r\n", OK_200 "X: %zu\r\n\r\n"};
    struct get g = {0};

    (void)state;
    for (size_t i = 0; i < STS_LEN(heads); i++) {
        fetch_body_of(65536, heads[i], &g);
        expect_outcome(&g, OC_OK, SRC_NONE, 0);
        assert_int_equal(g.policy.body.len, 65536);
        assert_int_equal(g.policy.body_bytes, 0);
        get_fini(&g);

        fetch_body_of(65537, heads[i], &g);
        expect_outcome(&g, OC_HTTP_TOO_BIG, SRC_BYTES, 65537);
        assert_int_equal(g.policy.body.len, 65536);
        assert_int_equal(g.policy.body_bytes, 65537);
        assert_int_equal(g.policy.status, 200);
        get_fini(&g);
    }
    fetch_body_of(1 << 20, "HTTP/1.1 404 No\r\nContent-Length: %zu\r\n\r\n", &g);
    expect_outcome(&g, OC_HTTP_STATUS, SRC_HTTP, 404);
    assert_int_equal(g.policy.body.len, 65536);
    assert_in_range(g.policy.body_bytes, 65537, HTTP_MOST_BYTES);
    get_fini(&g);
}

#define K(text)   text text text text text text text text text text text text text text text text
#define LONG_LINE K(K("xxxx"))
static void test_endless(void **state)
{
    static const struct {
        const char *name, *text; /* repeated from its second line on */
        enum outcome oc;
        uint64_t status;
    } rows[] = {
        {"chunks",
         OK_200 "Transfer-Encoding: chunked\r\n\r\n400\r\n" LONG_LINE "\r\n400\r\n" LONG_LINE "\r\n",
         OC_HTTP_PROTOCOL, 200}, /* the header comes again as a chunk */
        {"headers", OK_200 "X: " LONG_LINE "\r\n", OC_HTTP_PROTOCOL, 200},
        {"one header line", OK_200 LONG_LINE, OC_HTTP_PROTOCOL, 200},
        {"interim answers",
         "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Hint\r\nX: " LONG_LINE "\r\n\r\nHTTP/1.1 100 Go\r\n",
         OC_HTTP_PROTOCOL, 0},
        {"body", OK_200 "\r\n" LONG_LINE, OC_HTTP_TOO_BIG, 200},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct peer p = saying(play_repeat, rows[i].text);
        struct scene s = {0};
        struct get g = {0};

        print_message("  %s\n", rows[i].name);
        fetch(&p, &s, &g);
        assert_string_equal(outcome_name(g.r.oc), outcome_name(rows[i].oc));
        assert_int_equal(g.policy.status, rows[i].status);
        assert_in_range(g.policy.headers.len, 0, HTTP_MOST_HEADERS_BYTES);
        get_fini(&g);
    }
}

/* One byte of body to a kilobyte of chunk extension: only the count below TLS sees it. */
static void play_chunk_extensions(struct peer *p, int fd)
{
    static const char chunk[] = "1;" LONG_LINE "\r\nx\r\n";
    SSL *ssl = peer_tls(p, fd);

    if (ssl != NULL && peer_read_request(p, ssl) && peer_send(ssl, p->text, p->len))
        while (peer_send(ssl, chunk, sizeof(chunk) - 1))
            ;
    SSL_free(ssl);
}

static void play_chunks(struct peer *p, int fd)
{
    static const char chunk[] = "400\r\n" LONG_LINE "\r\n";
    SSL *ssl = peer_tls(p, fd);

    if (ssl != NULL && peer_read_request(p, ssl) && peer_send(ssl, p->text, p->len))
        while (peer_send(ssl, chunk, sizeof(chunk) - 1))
            ;
    SSL_free(ssl);
}

static void test_endless_chunks(void **state)
{
    struct peer p = saying(play_chunks, OK_200 "Transfer-Encoding: chunked\r\n\r\n");
    struct scene s = {0};
    struct get g = {0};

    (void)state;
    fetch(&p, &s, &g);
    assert_string_equal(outcome_name(g.r.oc), "HTTP_TOO_BIG");
    assert_int_equal(g.policy.body.len, 65536);
    get_fini(&g);

    p.play = play_chunk_extensions;
    p.port = 0;
    memset(&s, 0, sizeof(s));
    fetch(&p, &s, &g);
    assert_string_equal(outcome_name(g.r.oc), "HTTP_TOO_BIG");
    assert_in_range(g.policy.body.len, 1, HTTP_MOST_BODY_BYTES - 1);
    get_fini(&g);
}

/* HelloRequest, RFC 5246 section 7.4.1.1, which OpenSSL passes over without coming back. */
static void play_hello_requests(struct peer *p, int fd)
{
    static const uint8_t record[] = {22, 3, 3, 0, 4, 0, 0, 0, 0};
    uint8_t many[512 * sizeof(record)];

    (void)p;
    for (size_t i = 0; i < 512; i++)
        memcpy(many + i * sizeof(record), record, sizeof(record));
    while (write(fd, many, sizeof(many)) > 0)
        ;
}

static void test_endless_handshake(void **state)
{
    struct peer p = saying(play_hello_requests, "");
    struct scene s = {0};
    struct get g = {0};

    (void)state;
    fetch(&p, &s, &g);
    assert_string_equal(outcome_name(g.r.oc), "TLS_PROTOCOL");
    assert_int_equal(g.r.src, SRC_BYTES);
    assert_in_range(g.r.raw, HTTP_MOST_BYTES, HTTP_MOST_BYTES + 65536);
    assert_null(g.policy.tls);
    get_fini(&g);
}

/* ---- TCP and TLS that fail ---- */

/* The end of the peer's certificate message is never sent, nor what is behind it. */
static void play_alert(struct peer *p, int fd)
{
    /* TLSPlaintext: alert, TLS 1.2, two bytes: fatal, unrecognized_name (RFC 8446 sections 5.1, 6; RFC 6066)
     */
    static const uint8_t alert[] = {21, 3, 3, 0, 2, 2, 112};

    (void)p;
    if (write(fd, alert, sizeof(alert)) == sizeof(alert))
        peer_wait(fd);
}

/* TLS 1.3: the peer says so only after the client has finished its side. */
static void play_late_alert(struct peer *p, int fd)
{
    SSL *ssl = peer_tls(p, fd);

    if (ssl != NULL && peer_read_request(p, ssl)) {
        SSL_CTX_set_verify(SSL_get_SSL_CTX(ssl), SSL_VERIFY_NONE, NULL);
        SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        if (SSL_verify_client_post_handshake(ssl) == 1 && SSL_do_handshake(ssl) == 1)
            SSL_read(ssl, p->request, sizeof(p->request)); /* no certificate: alert certificate_required */
    }
    peer_wait(fd);
    SSL_free(ssl);
}

static void test_no_tls(void **state)
{
    static const struct {
        const char *name;
        peer_play_fn play;
        const char *text;
        enum outcome oc;
        enum outcome_source src;
        int32_t raw;
    } rows[] = {
        {"closed after accept", play_hang_up, "", OC_TLS_CLOSED, SRC_CURL, CURLE_SSL_CONNECT_ERROR},
        {"reset after accept", play_refuse, "", OC_TLS_RESET, SRC_ERRNO, ECONNRESET},
        {"alert", play_alert, "", OC_TLS_ALERT, SRC_ALERT, 112},
        {"plain HTTP", play_plain, "HTTP/1.1 400 Bad Request\r\n\r\n", OC_TLS_NOT_TLS, SRC_SSL,
         SSL_R_WRONG_VERSION_NUMBER},
        {"SMTP", play_plain, "220 mail.a.test ESMTP\r\n", OC_TLS_NOT_TLS, SRC_SSL,
         SSL_R_WRONG_VERSION_NUMBER},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct peer p = saying(rows[i].play, rows[i].text);
        struct scene s = {0};
        struct get g = {0};

        print_message("  %s\n", rows[i].name);
        fetch(&p, &s, &g);
        expect_outcome(&g, rows[i].oc, rows[i].src, rows[i].raw);
        assert_null(g.policy.tls);
        assert_int_equal(g.policy.status, 0);
        assert_int_equal(g.policy.first_byte_ms, 0);
        assert_in_range(g.policy.connect_ms, 1, 5000);
        expect_str(g.policy.ip, "127.0.0.1");
        get_fini(&g);
    }
}

static void test_late_alert(void **state)
{
    struct peer p = saying(play_late_alert, "");
    struct scene s = {0};
    struct get g = {0};

    (void)state;
    fetch(&p, &s, &g);
    expect_outcome(&g, OC_TLS_ALERT, SRC_ALERT, SSL_AD_CERTIFICATE_REQUIRED);
    assert_non_null(g.policy.tls);
    get_fini(&g);
}

static void test_refused(void **state)
{
    struct peer p = {.ip = "127.0.0.1"};
    struct scene s = {0};
    struct get g = {0};

    (void)state;
    peer_start(&p);
    peer_stop(&p);
    scene_open(&s, &p);
    get_start(&g, &s, PEER_HOST, p.ip);
    get_wait(&g, &s);
    expect_outcome(&g, OC_TCP_REFUSED, SRC_ERRNO, ECONNREFUSED);
    assert_int_equal(g.policy.connect_ms, 0);
    expect_str(g.policy.ip, "127.0.0.1");
    scene_close(&s);
    get_fini(&g);
}

static void test_bad_host(void **state)
{
    struct peer p = {.ip = "127.0.0.1", .backlog = 8};
    struct scene s = {0};
    struct get g = {0};

    (void)state;
    peer_start(&p);
    scene_open(&s, &p);
    get_start(&g, &s, "no host", p.ip);
    get_wait(&g, &s);
    expect_outcome(&g, OC_OUR_LIBRARY, SRC_CURL, CURLE_URL_MALFORMAT);
    scene_close(&s);
    peer_stop(&p);
    get_fini(&g);
}

/* A deadline that comes before the loop has run is ours. */
static void test_late_before_begun(void **state)
{
    struct http_facts f = {.alert = -1};

    (void)state;
    assert_int_equal(http_outcome_late(&f).oc, OC_OUR_STALL);
    f.opened = true;
    assert_int_equal(http_outcome_late(&f).oc, OC_TCP_TIMEOUT);
}

/* What cannot be had on loopback. */
static void test_errnos(void **state)
{
    static const struct {
        int err;
        enum outcome at_once, later;
    } rows[] = {
        {ECONNREFUSED, OC_TCP_REFUSED, OC_TCP_REFUSED},
        {ETIMEDOUT, OC_TCP_TIMEOUT, OC_TCP_TIMEOUT},
        {ECONNRESET, OC_TCP_RESET, OC_TCP_RESET},
        {EHOSTUNREACH, OC_OUR_NETWORK, OC_TCP_UNREACHABLE},
        {ENETUNREACH, OC_OUR_NETWORK, OC_TCP_UNREACHABLE},
        {EADDRNOTAVAIL, OC_OUR_PORTS, OC_OUR_PORTS},
        {EMFILE, OC_OUR_DESCRIPTORS, OC_OUR_DESCRIPTORS},
        {ENFILE, OC_OUR_DESCRIPTORS, OC_OUR_DESCRIPTORS},
        {ENOMEM, OC_OUR_MEMORY, OC_OUR_MEMORY},
        {EPERM, OC_OUR_NETWORK, OC_TCP_OTHER},
        {EAFNOSUPPORT, OC_OUR_NETWORK, OC_TCP_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct http_facts f = {.code = CURLE_COULDNT_CONNECT, .os_errno = rows[i].err, .alert = -1};

        assert_int_equal(http_outcome(&f).oc, rows[i].at_once);
        f.waited = true;
        assert_int_equal(http_outcome(&f).oc, rows[i].later);
        assert_int_equal(http_outcome(&f).src, SRC_ERRNO);
        assert_int_equal(http_outcome(&f).raw, rows[i].err);
    }
}

/* ---- certificates ---- */

static void test_certificates(void **state)
{
    static const struct {
        const char *name, *host;
        enum peer_cert cert;
        uint64_t error;
    } rows[] = {
        {"expired", PEER_HOST, PEER_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED},
        {"self-signed", PEER_HOST, PEER_SELF_SIGNED, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
        {"wrong name", "mta-sts.b.test", PEER_GOOD, X509_V_ERR_HOSTNAME_MISMATCH},
        {"name in CN only", "a", PEER_GOOD, X509_V_ERR_HOSTNAME_MISMATCH},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct peer p = saying(play_close, OK_200 "Content-Length: 60\r\n\r\n" POLICY);
        struct scene s = {0};
        struct get g = {0};

        print_message("  %s\n", rows[i].name);
        p.ip = "127.0.0.1";
        p.cert = rows[i].cert;
        peer_start(&p);
        scene_open(&s, &p);
        get_start(&g, &s, rows[i].host, p.ip);
        get_wait(&g, &s);
        scene_close(&s);
        peer_stop(&p);
        expect_outcome(&g, OC_OK, SRC_NONE, 0);
        expect_str(g.policy.body, POLICY);
        assert_string_equal(p.sni, rows[i].host);
        assert_true(has_verify_error(&g, rows[i].error));
        assert_int_equal(g.policy.tls->chain.n, 1);
        get_fini(&g);
    }
}

/* As slow as it takes to be looked at. */
static void play_late(struct peer *p, int fd)
{
    SSL *ssl = peer_tls(p, fd);

    if (ssl != NULL && peer_read_request(p, ssl)) {
        usleep(2000);
        peer_send(ssl, p->text, p->len);
        peer_wait(fd);
    }
    SSL_free(ssl);
}

/* With a CA bundle loaded for each connection a fetch would cost 20 times as much. */
static void test_store_is_shared(void **state)
{
    struct peer p = saying(play_late, OK_200 "Content-Length: 60\r\n\r\n" POLICY);
    struct scene s = {0};
    unsigned n_seen = 0;
    int n_before = sk_X509_OBJECT_num(X509_STORE_get0_objects(tls_store_x509(store)));

    (void)state;
    p.ip = "127.0.0.1";
    peer_start(&p);
    scene_open(&s, &p);
    for (int i = 0; i < 50; i++) {
        struct get g = {0};

        get_start(&g, &s, PEER_HOST, p.ip);
        while (g.n_done == 0) {
            struct curl_tlssessioninfo *tls = NULL;

            uv_run(&s.loop, UV_RUN_ONCE);
            if (g.n_done > 0 || g.fetch->ended || g.fetch->facts.phase != HTTP_ANSWER)
                continue;
            assert_int_equal(curl_easy_getinfo(g.fetch->easy, CURLINFO_TLS_SSL_PTR, &tls), CURLE_OK);
            assert_non_null(tls->internals);
            assert_ptr_equal(SSL_CTX_get_cert_store(SSL_get_SSL_CTX(tls->internals)), tls_store_x509(store));
            n_seen++;
        }
        expect_outcome(&g, OC_OK, SRC_NONE, 0);
        assert_int_equal(g.policy.tls->verify.n, 0);
        get_fini(&g);
    }
    scene_close(&s);
    peer_stop(&p);
    assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(tls_store_x509(store))), n_before);
    assert_in_range(n_seen, 1, UINT_MAX);
    assert_int_equal(atomic_load(&p.n_accepted), 50); /* each with a connection of its own */
}

/* ---- deadlines ---- */

/* A listener whose queue is full: SYNs to it get no answer. */
struct full {
    struct peer peer;
    int fillers[8];
};

static void full_start(struct full *f)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    f->peer.ip = "127.0.0.1";
    peer_start(&f->peer);
    to.sin_port = htons(f->peer.port);
    for (size_t i = 0; i < STS_LEN(f->fillers); i++) {
        f->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        assert_int_equal(connect(f->fillers[i], (struct sockaddr *)&to, sizeof(to)), -1);
        assert_int_equal(errno, EINPROGRESS);
    }
}

static void full_stop(struct full *f)
{
    for (size_t i = 0; i < STS_LEN(f->fillers); i++)
        close(f->fillers[i]);
    peer_stop(&f->peer);
}

static void test_connect_deadline(void **state)
{
    struct full full = {0};
    struct scene s = {.env.connect_timeout_ms = 50};
    struct get g = {0};

    (void)state;
    full_start(&full);
    for (int total = 0; total < 2; total++) {
        scene_open(&s, &full.peer);
        get_start(&g, &s, PEER_HOST, full.peer.ip);
        get_wait(&g, &s);
        expect_outcome(&g, OC_TCP_TIMEOUT, SRC_NONE, 0);
        assert_null(g.policy.tls);
        scene_close(&s);
        get_fini(&g);
        s = (struct scene){.env.total_timeout_ms = 50};
    }
    full_stop(&full);
}

/* The refusal comes with the second SYN, a second later. */
static void test_refused_late(void **state)
{
    struct full full = {0};
    struct scene s = {0};
    struct get g = {0};

    (void)state;
    full_start(&full);
    scene_open(&s, &full.peer);
    get_start(&g, &s, PEER_HOST, full.peer.ip);
    while (!g.fetch->facts.waited)
        uv_run(&s.loop, UV_RUN_ONCE);
    full_stop(&full);
    get_wait(&g, &s);
    expect_outcome(&g, OC_TCP_REFUSED, SRC_ERRNO, ECONNREFUSED);
    scene_close(&s);
    get_fini(&g);
}

/* One byte every 5 ms: no pause is long, the whole is. */
static void play_drip(struct peer *p, int fd)
{
    SSL *ssl = peer_tls(p, fd);

    if (ssl != NULL && peer_read_request(p, ssl))
        for (size_t i = 0; peer_send(ssl, p->text + i % p->len, 1); i++)
            usleep(5000);
    SSL_free(ssl);
}

static void test_deadlines(void **state)
{
    static const struct {
        const char *name;
        peer_play_fn play;
        const char *text;
        enum outcome oc;
        bool tls;
        uint64_t status;
        const char *body;
    } rows[] = {
        {"silent after accept", play_silent, "", OC_TLS_TIMEOUT, false, 0, ""},
        {"silent after the handshake", play_wait, "", OC_HTTP_TIMEOUT, true, 0, ""},
        {"stall in the header", play_wait, OK_200 "Content-", OC_HTTP_TIMEOUT, true, 200, ""},
        {"stall after the header", play_wait, OK_200 "Content-Length: 9\r\n\r\n", OC_HTTP_TIMEOUT, true, 200,
         ""},
        {"stall in the body", play_wait, OK_200 "Content-Length: 9\r\n\r\nhi", OC_HTTP_TIMEOUT, true, 200,
         "hi"},
        {"stall behind 404", play_wait, "HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\nno", OC_HTTP_STATUS,
         true, 404, "no"},
        {"drip", play_drip, "HTTP/1.1 200 " LONG_LINE, OC_HTTP_TIMEOUT, true, 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct peer p = saying(rows[i].play, rows[i].text);
        struct scene s = {.env.total_timeout_ms = 300, .env.connect_timeout_ms = 200};
        struct get g = {0};

        print_message("  %s\n", rows[i].name);
        fetch(&p, &s, &g);
        assert_string_equal(outcome_name(g.r.oc), outcome_name(rows[i].oc));
        assert_int_equal(g.policy.tls != NULL, rows[i].tls);
        assert_int_equal(g.policy.status, rows[i].status);
        expect_str(g.policy.body, rows[i].body);
        get_fini(&g);
    }
}

/* ---- only where it was told to go ---- */

static bool was_contacted(const struct peer *listener)
{
    int fd;

    fcntl(listener->listener, F_SETFL, O_NONBLOCK);
    fd = accept(listener->listener, NULL, NULL);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void test_redirect_is_not_followed(void **state)
{
    struct peer other = {.ip = "127.0.0.2", .backlog = 8};
    struct peer p = {.play = play_close};
    struct scene s = {0};
    struct get g = {0};
    char text[256];

    (void)state;
    peer_start(&other);
    p.len = (size_t)snprintf(
        text, sizeof(text),
        "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.2:%u/\r\nRefresh: 0; "
        "url=https://127.0.0.2:%u/\r\nAlt-Svc: h2=\"127.0.0.2:%u\"\r\nContent-Length: 0\r\n\r\n",
        other.port, other.port, other.port);
    p.text = text;
    fetch(&p, &s, &g);
    expect_outcome(&g, OC_HTTP_REDIRECT, SRC_HTTP, 302);
    assert_int_equal(atomic_load(&p.n_accepted), 1);
    assert_false(was_contacted(&other));
    peer_stop(&other);
    get_fini(&g);
}

static void test_proxies_have_no_effect(void **state)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy"};
    struct peer proxy = {.ip = "127.0.0.2", .backlog = 8};
    struct peer p = saying(play_close, OK_200 "Content-Length: 60\r\n\r\n" POLICY);
    struct scene s = {0};
    struct get g = {0};
    char url[64];

    (void)state;
    peer_start(&proxy);
    snprintf(url, sizeof(url), "http://127.0.0.2:%u", proxy.port);
    for (size_t i = 0; i < STS_LEN(names); i++)
        setenv(names[i], url, 1);
    fetch(&p, &s, &g);
    for (size_t i = 0; i < STS_LEN(names); i++)
        unsetenv(names[i]);
    expect_outcome(&g, OC_OK, SRC_NONE, 0);
    assert_false(was_contacted(&proxy));
    peer_stop(&proxy);
    get_fini(&g);
}

/* The socket callback itself: whatever libcurl may come to ask for. */
static void test_other_address_is_refused(void **state)
{
    static const struct {
        const char *ip;
        int port;
        int type;
    } rows[] = {{"127.0.0.2", 443, SOCK_STREAM},
                {"::1", 443, SOCK_STREAM},
                {"127.0.0.1", 444, SOCK_STREAM},
                {"127.0.0.1", 443, SOCK_DGRAM}};

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct http h = {.env.port = 443};
        struct http_fetch f = {.http = &h};
        struct sockaddr_storage sa;
        struct curl_sockaddr *to;
        struct address a;

        assert_int_equal(address_parse("127.0.0.1", &f.ip), STS_OK);
        assert_int_equal(address_parse(rows[i].ip, &a), STS_OK);
        to = calloc(1, sizeof(*to) + sizeof(sa));
        to->addrlen = address_sockaddr(&a, (uint16_t)rows[i].port, &sa);
        to->family = sa.ss_family;
        to->socktype = rows[i].type;
        memcpy(&to->addr, &sa, to->addrlen);
        assert_int_equal(http_open_socket(&f, CURLSOCKTYPE_IPCXN, to), CURL_SOCKET_BAD);
        assert_int_equal(f.facts.ours.oc, OC_OUR_LIBRARY);
        free(to);
    }
}

/* ---- HTTP/2 ---- */

static int choose_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                     unsigned int in_len, void *arg)
{
    (void)ssl, (void)arg;
    return SSL_select_next_proto((unsigned char **)out, out_len, (const unsigned char *)"\x02h2", 3, in,
                                 in_len) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Frames of RFC 9113 section 6 by hand; `text` comes behind the client's SETTINGS and HEADERS. */
static void play_h2(struct peer *p, int fd)
{
    static const uint8_t settings[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};
    SSL *ssl = peer_tls_alpn(p, fd, choose_h2);
    char junk[4096];

    if (ssl != NULL) {
        SSL_write(ssl, settings, sizeof(settings));
        SSL_read(ssl, junk, sizeof(junk)); /* the preface, SETTINGS and HEADERS, in one flight or two */
        usleep(20000);
        peer_send(ssl, p->text, p->len);
        peer_wait(fd);
    }
    SSL_free(ssl);
}

static void test_http2(void **state)
{
    static const char ok[] = "\0\0\1\1\4\0\0\0\1\x88"           /* HEADERS: END_HEADERS, :status 200 */
                             "\0\0\2\0\1\0\0\0\1hi";            /* DATA: END_STREAM */
    static const char reset[] = "\0\0\4\3\0\0\0\0\1\0\0\0\2";   /* RST_STREAM: INTERNAL_ERROR */
    static const char refused[] = "\0\0\4\3\0\0\0\0\1\0\0\0\7"; /* RST_STREAM: REFUSED_STREAM */
    static const char old[] = "\0\0\4\3\0\0\0\0\1\0\0\0\x0d";   /* RST_STREAM: HTTP_1_1_REQUIRED */
    static const struct {
        const char *text;
        size_t len;
        enum outcome oc;
    } rows[] = {{ok, sizeof(ok) - 1, OC_OK},
                {reset, sizeof(reset) - 1, OC_HTTP_PROTOCOL},
                {refused, sizeof(refused) - 1, OC_HTTP_PROTOCOL},
                {old, sizeof(old) - 1, OC_HTTP_PROTOCOL}};

    (void)state;
    for (size_t i = 0; i < STS_LEN(rows); i++) {
        struct peer p = {.play = play_h2, .text = rows[i].text, .len = rows[i].len};
        struct scene s = {0};
        struct get g = {0};

        print_message("  %zu\n", i);
        fetch(&p, &s, &g);
        assert_string_equal(outcome_name(g.r.oc), outcome_name(rows[i].oc));
        assert_int_equal(atomic_load(&p.n_accepted), 1); /* no other connection, whatever HTTP/2 says */
        if (rows[i].oc == OC_OK) {
            expect_str(g.policy.http, "2");
            expect_str(g.policy.body, "hi");
            assert_int_equal(g.policy.status, 200);
        }
        get_fini(&g);
    }
}

/* ---- cancel ---- */

static bool is_reached(const struct get *g, int point)
{
    const struct http_facts *f = &g->fetch->facts;

    switch (point) {
    case 0: return true; /* the loop has not run */
    case 1: return f->opened;
    case 2: return f->phase == HTTP_TLS;
    case 3: return f->phase == HTTP_ANSWER;
    case 4: return f->status != 0;
    default: return f->body_bytes > 0;
    }
}

static void test_cancel(void **state)
{
    struct full full = {0};

    (void)state;
    full_start(&full);
    for (int point = 0; point <= 5; point++) {
        struct peer p = saying(play_wait, point == 3 ? "" : OK_200 "Content-Length: 9\r\n\r\nhi");
        struct scene s = {0};
        struct get g = {0};

        if (point == 2)
            p.play = play_silent;
        p.ip = "127.0.0.1";
        peer_start(&p);
        scene_open(&s, point == 1 ? &full.peer : &p);
        get_start(&g, &s, PEER_HOST, "127.0.0.1");
        while (!is_reached(&g, point))
            uv_run(&s.loop, UV_RUN_ONCE);
        g.may_be_done = false;
        http_cancel(g.fetch, OC_OUR_STOP);
        http_cancel(g.fetch, OC_OUR_STALL); /* too late */
        g.may_be_done = true;
        get_wait(&g, &s);
        expect_outcome(&g, OC_OUR_STOP, SRC_NONE, 0);
        assert_int_equal(g.policy.tls != NULL, point >= 3);
        scene_close(&s);
        assert_int_equal(g.n_done, 1);
        peer_stop(&p);
        get_fini(&g);
    }
    full_stop(&full);
}

static void test_cancel_and_close_in_done(void **state)
{
    struct peer p = saying(play_silent, "");
    struct scene s = {0};
    struct get a = {0}, b = {0};

    (void)state;
    p.ip = "127.0.0.1";
    peer_start(&p);
    scene_open(&s, &p);
    get_start(&a, &s, PEER_HOST, p.ip);
    get_start(&b, &s, PEER_HOST, p.ip);
    a.then_cancel = &b;
    b.then_close = s.http;
    s.http = NULL;
    http_cancel(a.fetch, OC_OUR_STOP);
    get_wait(&a, &s);
    get_wait(&b, &s);
    scene_close(&s);
    peer_stop(&p);
    get_fini(&a);
    get_fini(&b);
}

/* Whatever the peer does after the answer, its connection is gone soon after done. */
static void play_babble(struct peer *p, int fd)
{
    static const char junk[4096];
    SSL *ssl = peer_tls(p, fd);

    if (ssl != NULL && peer_read_request(p, ssl))
        for (peer_send(ssl, p->text, p->len); peer_send(ssl, junk, sizeof(junk));)
            ;
    SSL_free(ssl);
}

static void test_nothing_lingers(void **state)
{
    static const peer_play_fn plays[] = {play_wait, play_babble};

    (void)state;
    for (size_t i = 0; i < STS_LEN(plays); i++) {
        struct peer p = saying(plays[i], OK_200 "Content-Length: 2\r\n\r\nhi");
        struct scene s = {0};
        struct get g = {0};

        p.ip = "127.0.0.1";
        peer_start(&p);
        scene_open(&s, &p);
        get_start(&g, &s, PEER_HOST, p.ip);
        get_wait(&g, &s);
        expect_outcome(&g, OC_OK, SRC_NONE, 0);
        for (int turn = 0; turn < 20; turn++)
            uv_run(&s.loop, UV_RUN_ONCE);
        assert_int_equal(s.http->n_handles, 2); /* no socket */
        scene_close(&s);
        peer_stop(&p);
        get_fini(&g);
    }
}

/* ---- our own limits ---- */

static void test_no_descriptors(void **state)
{
    struct peer p = saying(play_close, OK_200 "Content-Length: 0\r\n\r\n");
    struct scene s = {0};
    struct get g = {0};
    int held[4096];
    int n = 0;

    (void)state;
    p.ip = "127.0.0.1";
    peer_start(&p);
    scene_open(&s, &p);
    get_start(&g, &s, PEER_HOST, p.ip);
    while (n < 4096 && (held[n] = dup(0)) >= 0)
        n++;
    assert_in_range(n, 1, 4095); /* main() has lowered the limit */
    get_wait(&g, &s);
    while (n > 0)
        close(held[--n]);
    expect_outcome(&g, OC_OUR_DESCRIPTORS, SRC_ERRNO, EMFILE);
    scene_close(&s);
    peer_stop(&p);
    get_fini(&g);
}

static void test_arena_is_full(void **state)
{
    struct peer p = saying(play_close, OK_200 "Content-Length: 60\r\n\r\n" POLICY);
    struct scene s = {0};
    struct address a;

    (void)state;
    p.ip = "127.0.0.1";
    peer_start(&p);
    scene_open(&s, &p);
    assert_int_equal(address_parse(p.ip, &a), STS_OK);
    for (size_t limit = 1; limit <= 8192; limit *= 2) {
        struct get g = {0};

        arena_init(&g.arena, limit);
        g.fetch = http_get(s.http, PEER_HOST, PATH, &a, &g.arena, &g.policy, on_done, &g);
        g.may_be_done = true;
        if (g.fetch != NULL) {
            get_wait(&g, &s);
            assert_true(g.r.oc == OC_OK || g.r.oc == OC_OUR_MEMORY);
        }
        if (limit == 1)
            assert_null(g.fetch);
        if (limit == 8192)
            expect_outcome(&g, OC_OK, SRC_NONE, 0);
        get_fini(&g);
    }
    scene_close(&s);
    peer_stop(&p);
}

static void test_many_at_once(void **state)
{
    struct peer p = saying(play_close, OK_200 "Content-Length: 60\r\n\r\n" POLICY);
    struct scene s = {0};
    struct get *g = calloc(MANY, sizeof(*g));

    (void)state;
    p.ip = "127.0.0.1";
    peer_start(&p);
    scene_open(&s, &p);
    for (int i = 0; i < MANY; i++)
        get_start(&g[i], &s, PEER_HOST, p.ip);
    for (int i = 0; i < MANY; i++) {
        get_wait(&g[i], &s);
        expect_outcome(&g[i], OC_OK, SRC_NONE, 0);
        expect_str(g[i].policy.body, POLICY);
        get_fini(&g[i]);
    }
    free(g);
    scene_close(&s);
    peer_stop(&p);
}

static unsigned n_descriptors_before;

static unsigned n_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

/* After each test. */
static int no_descriptor_is_left(void **state)
{
    (void)state;
    if (n_descriptors() == n_descriptors_before)
        return 0;
    print_error("%u descriptors are left\n", n_descriptors() - n_descriptors_before);
    n_descriptors_before = n_descriptors();
    return -1;
}

static int setup(void **state)
{
    struct sts_err err = {0};
    int fd = mkstemp(ca_path);
    uv_loop_t loop;

    (void)state;
    if (fd < 0)
        return -1;
    close(fd);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    peer_init(ca_path);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 1024, .rlim_max = 1024});
    if (uv_loop_init(&loop) != 0 ||
        uv_loop_close(&loop) != 0) /* libuv keeps two descriptors of its first loop */
        return -1;
    n_descriptors_before = n_descriptors();
    return tls_store_load(ca_path, &store, &err);
}

static int teardown(void **state)
{
    (void)state;
    tls_store_free(store);
    peer_fini();
    unlink(ca_path);
    curl_global_cleanup();
    return 0;
}

#define TEST(test) cmocka_unit_test_teardown(test, no_descriptor_is_left)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_good),
        TEST(test_ipv6),
        TEST(test_source_address),
        TEST(test_tls_versions),
        TEST(test_answers),
        TEST(test_headers),
        TEST(test_bad_headers),
        TEST(test_gzip),
        TEST(test_body_limit),
        TEST(test_endless),
        TEST(test_endless_chunks),
        TEST(test_endless_handshake),
        TEST(test_no_tls),
        TEST(test_late_alert),
        TEST(test_refused),
        TEST(test_bad_host),
        TEST(test_late_before_begun),
        TEST(test_errnos),
        TEST(test_certificates),
        TEST(test_store_is_shared),
        TEST(test_connect_deadline),
        TEST(test_refused_late),
        TEST(test_deadlines),
        TEST(test_redirect_is_not_followed),
        TEST(test_proxies_have_no_effect),
        TEST(test_other_address_is_refused),
        TEST(test_http2),
        TEST(test_cancel),
        TEST(test_cancel_and_close_in_done),
        TEST(test_nothing_lingers),
        TEST(test_no_descriptors),
        TEST(test_arena_is_full),
        TEST(test_many_at_once),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
