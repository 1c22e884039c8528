/* The policy fetch against scripted HTTPS servers on loopback: what an answer comes to. */
#include "tests/unit/http_scene.h"

#include <errno.h>
#include <limits.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
    assert_int_equal(g.certs.n, 1);
    SHA256((const uint8_t *)g.certs.v[0].der.p, g.certs.v[0].der.len, digest);
    assert_memory_equal(g.certs.v[0].digest.p, digest, 32);
    assert_memory_equal(g.policy.tls->chain.v[0].p, digest, 32);
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

static bool has_verify_error(const struct get *g, uint64_t code)
{
    for (uint32_t i = 0; i < g->policy.tls->verify.n; i++)
        if (g->policy.tls->verify.v[i].code == code)
            return true;
    return false;
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
    {"304", play_close, "HTTP/1.1 304 Not Modified\r\n\r\n", OC_HTTP_STATUS, SRC_HTTP, 304, 304, ""},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_good),           TEST(test_ipv6),
        TEST(test_source_address), TEST(test_tls_versions),
        TEST(test_answers),        TEST(test_headers),
        TEST(test_bad_headers),    TEST(test_gzip),
        TEST(test_certificates),   TEST(test_store_is_shared),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
