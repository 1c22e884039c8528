/* The policy fetch and its limits: what a peer may send, where it may send us, what we have. */
#include "tests/unit/http_scene.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- limits ---- */

static void fetch_body_of(size_t len, const char *head, struct get *g)
{
    struct peer p = {.play = play_close};
    struct scene s = {0};
    size_t head_len;
    size_t size = strlen(head) + 32 + len;
    char *text = malloc(size);

    head_len = (size_t)snprintf(text, size, head, len);
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

/* ---- our own limits ---- */

static void test_no_descriptors(void **state)
{
    struct peer p = saying(play_close, OK_200 "Content-Length: 0\r\n\r\n");
    struct scene s = {0};
    struct get g = {0};
    int held[4096];
    int n = 0;
    bool held_all;

    (void)state;
    p.ip = "127.0.0.1";
    peer_start(&p);
    scene_open(&s, &p);
    get_start(&g, &s, PEER_HOST, p.ip);
    while (n < 4096 && (held[n] = dup(0)) >= 0)
        n++;
    held_all = n == 4096; /* main() has lowered the limit, but valgrind does not keep it */
    get_wait(&g, &s);
    while (n > 0)
        close(held[--n]);
    if (!held_all)
        expect_outcome(&g, OC_OUR_DESCRIPTORS, SRC_ERRNO, EMFILE);
    scene_close(&s);
    peer_stop(&p);
    get_fini(&g);
    if (held_all)
        skip();
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
        g.fetch = http_get(s.http, PEER_HOST, PATH, &a, &g.arena, &g.policy, &g.certs, on_done, &g);
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
    struct get *g = calloc(64, sizeof(*g));

    (void)state;
    p.ip = "127.0.0.1";
    peer_start(&p);
    scene_open(&s, &p);
    for (int i = 0; i < 64; i++)
        get_start(&g[i], &s, PEER_HOST, p.ip);
    for (int i = 0; i < 64; i++) {
        get_wait(&g[i], &s);
        expect_outcome(&g[i], OC_OK, SRC_NONE, 0);
        expect_str(g[i].policy.body, POLICY);
        get_fini(&g[i]);
    }
    free(g);
    scene_close(&s);
    peer_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_body_limit),
        TEST(test_endless),
        TEST(test_endless_chunks),
        TEST(test_endless_handshake),
        TEST(test_redirect_is_not_followed),
        TEST(test_proxies_have_no_effect),
        TEST(test_other_address_is_refused),
        TEST(test_http2),
        TEST(test_no_descriptors),
        TEST(test_arena_is_full),
        TEST(test_many_at_once),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
