/* The policy fetch against scripted servers that fail: TCP, TLS, deadlines; and transfers that are cancelled.
 */
#include "tests/unit/http_scene.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

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

/* Reads the ClientHello, so that the system does not reset at once; says how a ServerHello begins. */
static bool begin_tls(struct peer *p, int fd)
{
    static const uint8_t record[] = {22, 3, 3, 0, 6, 2, 0, 0, 96, 3, 3};

    return recv(fd, p->request, sizeof(p->request), 0) > 0 &&
           send(fd, record, sizeof(record), MSG_NOSIGNAL) == (ssize_t)sizeof(record);
}

static void play_stop_tls(struct peer *p, int fd)
{
    if (begin_tls(p, fd))
        play_plain(p, fd);
}

static void play_reset_tls(struct peer *p, int fd)
{
    if (begin_tls(p, fd))
        usleep(50000); /* a reset overtakes what was not read yet */
    peer_reset(fd);
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
        {"reset after accept", play_refuse, "", OC_TCP_RESET, SRC_ERRNO, ECONNRESET},
        {"alert", play_alert, "", OC_TLS_ALERT, SRC_ALERT, 112},
        {"plain HTTP", play_plain, "HTTP/1.1 400 Bad Request\r\n\r\n", OC_TLS_NOT_TLS, SRC_SSL,
         SSL_R_WRONG_VERSION_NUMBER},
        {"SMTP", play_plain, "220 mail.a.test ESMTP\r\n", OC_TLS_NOT_TLS, SRC_SSL,
         SSL_R_WRONG_VERSION_NUMBER},
        {"TLS, then none", play_stop_tls, "HTTP/1.1 400 Bad Request\r\n\r\n", OC_TLS_PROTOCOL, SRC_SSL,
         SSL_R_WRONG_VERSION_NUMBER},
        {"TLS, then reset", play_reset_tls, "", OC_TLS_RESET, SRC_ERRNO, ECONNRESET},
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

/* ---- deadlines ---- */

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
        for (int turn = 0; turn < 2000 && s.http->n_handles > 2; turn++)
            uv_run(&s.loop, UV_RUN_ONCE);
        assert_int_equal(s.http->n_handles, 2); /* no socket */
        scene_close(&s);
        peer_stop(&p);
        get_fini(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_tls),
        TEST(test_late_alert),
        TEST(test_refused),
        TEST(test_bad_host),
        TEST(test_late_before_begun),
        TEST(test_errnos),
        TEST(test_connect_deadline),
        TEST(test_refused_late),
        TEST(test_deadlines),
        TEST(test_cancel),
        TEST(test_cancel_and_close_in_done),
        TEST(test_nothing_lingers),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
