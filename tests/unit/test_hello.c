/* test_hello_https.c - the ClientHello of a policy fetch, as it goes out, is that of libcurl as it comes,
 * with the settings that scanner/tls.h states and no others. */
#include "tests/unit/client_hello.h"
#include "tests/unit/http_scene.h"

#include <stdio.h>
#include <string.h>

static struct hello heard;

static void play_hear(struct peer *p, int fd)
{
    (void)p;
    if (!hello_read(fd, &heard))
        heard.len = 0;
    peer_reset(fd);
}

static CURLcode only_settings(CURL *easy, void *ctx, void *unused)
{
    (void)easy, (void)unused;
    hello_settings(ctx);
    return CURLE_OK;
}

/* Of libcurl with no option but where to go, and no CAs, which may not be where it looks for them. */
static void stock(const char *host, struct hello *h)
{
    struct peer peer = {.ip = "127.0.0.1", .play = play_hear};
    struct curl_slist *connect_to;
    CURL *easy = curl_easy_init();
    char url[256], to[64];

    peer_start(&peer);
    snprintf(url, sizeof(url), "https://%s:%u" PATH, host, peer.port);
    snprintf(to, sizeof(to), "::127.0.0.1:%u", peer.port);
    connect_to = curl_slist_append(NULL, to);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, only_settings);
    assert_int_not_equal(curl_easy_perform(easy), CURLE_OK);
    curl_easy_cleanup(easy);
    curl_slist_free_all(connect_to);
    peer_stop(&peer);
    *h = heard;
    assert_true(hello_mask(h));
}

static void ours(struct hello *h)
{
    struct peer peer = {.play = play_hear};
    struct scene s = {0};
    struct get g = {0};

    fetch(&peer, &s, &g);
    get_fini(&g);
    *h = heard;
    assert_true(hello_mask(h));
}

static void test_fetch(void **state)
{
    struct hello is, want, again, other;

    (void)state;
    ours(&is);
    ours(&again);
    stock(PEER_HOST, &want);
    stock("mta-sts.b.test", &other);
    assert_true(hello_equal(&is, &again));
    assert_true(hello_equal(&is, &want));
    assert_false(hello_equal(&is, &other));
    assert_non_null(memmem(is.bytes, is.len, PEER_HOST, strlen(PEER_HOST)));          /* server_name */
    assert_non_null(memmem(is.bytes, is.len, "\x02h2\x08http/1.1", 12));              /* ALPN */
    assert_non_null(memmem(is.bytes, is.len, "\x03\x04\x03\x03\x03\x02\x03\x01", 8)); /* TLS 1.3 to 1.0 */
}

/* Each of these would be faster, and each would show. */
static void test_differs(void **state)
{
    struct hello stock, other;

    (void)state;
    for (int i = -1; i < 5; i++) {
        SSL_CTX *ctx = hello_context();

        switch (i) {
        case 0: assert_int_equal(SSL_CTX_set1_groups_list(ctx, "X25519"), 1); break;
        case 1: assert_int_equal(SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256"), 1); break;
        case 2: SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET); break;
        case 3: assert_int_equal(SSL_CTX_set1_sigalgs_list(ctx, "ECDSA+SHA256:RSA-PSS+SHA256"), 1); break;
        case 4: SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION); break;
        default: assert_true(hello_of(ctx, PEER_HOST, &stock)); break;
        }
        assert_true(hello_of(ctx, PEER_HOST, &other));
        assert_int_equal(hello_equal(&stock, &other), i < 0);
        SSL_CTX_free(ctx);
    }
}

static void test_mask(void **state)
{
    SSL_CTX *ctx = hello_context();
    struct hello h;

    (void)state;
    assert_true(hello_of(ctx, PEER_HOST, &h));
    SSL_CTX_free(ctx);
    for (size_t len = h.len; len-- > 0;) {
        struct hello cut = h;

        cut.len = len;
        assert_false(hello_mask(&cut));
    }
    h.bytes[0] = SSL3_RT_ALERT;
    assert_false(hello_mask(&h));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_fetch), TEST(test_differs), TEST(test_mask)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
