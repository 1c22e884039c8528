/* test_sim_https.c - what the policy server answers for a name of each class, as a client sees it that takes
 * everything. */
#include "tests/unit/sim_scene.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <netinet/in.h>

#define MOST_ANSWER (1u << 20) /* more is not read */
#define MOST_MS     2000       /* nor after that */
#define SILENT_MS   1500       /* without a byte, where none is due: it is silent */
#define ANSWER_MS   20000      /* where one is due, on a machine with too much to do */
#define BOMB_BYTES  (10u << 20)

enum end { END_CLEAN, END_OPEN, END_NOT_YET, END_ALERT, END_BROKEN }; /* NOT_YET: at our limits */

static const bool cert_matches[] = {
#define CERT(id, name, valid, match, ...) match,
#include "bench/sim/classes.def"
};

struct answer {
    int reason; /* of OpenSSL, where the handshake failed */
    enum end end;
    bool host_matches;
    int version;
    size_t len;
    char bytes[MOST_ANSWER + 1];
};
static struct answer answer;

/* ---- client ---- */

/* A wait with a time-out is not taken up again after a signal (signal(7)): sanitizers send some. */
static bool is_interrupted(const SSL *ssl, int done)
{
    return SSL_get_error(ssl, done) == SSL_ERROR_WANT_READ && errno == EINTR;
}

static void read_answer(SSL *ssl, struct answer *a)
{
    double until = scene_now_ms() + MOST_MS;
    for (a->len = 0; a->len < MOST_ANSWER && scene_now_ms() < until;) {
        int n = SSL_read(ssl, a->bytes + a->len, (int)(MOST_ANSWER - a->len));
        if (n > 0) {
            a->len += (size_t)n;
            continue;
        }
        if (is_interrupted(ssl, n))
            continue;
        int why = SSL_get_error(ssl, n);
        a->end = why == SSL_ERROR_ZERO_RETURN ? END_CLEAN
                 : why == SSL_ERROR_WANT_READ ? END_OPEN
                                              : END_BROKEN;
        break;
    }
    a->bytes[a->len] = '\0';
}

static void talk(SSL *ssl, const char *host, const char *request, struct answer *a)
{
    int done;
    do
        done = SSL_connect(ssl);
    while (done != 1 && is_interrupted(ssl, done));
    if (done != 1) {
        unsigned long error = ERR_peek_error();
        a->reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
        bool waits = SSL_get_error(ssl, done) == SSL_ERROR_WANT_READ;
        a->end = waits ? END_OPEN : a->reason != 0 ? END_ALERT : END_BROKEN;
        return;
    }
    const unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    a->version = SSL_version(ssl);
    a->host_matches = X509_check_host(SSL_get0_peer_certificate(ssl), host, 0, flags, NULL) == 1;
    assert_int_equal(SSL_write(ssl, request, (int)strlen(request)), strlen(request));
    read_answer(ssl, a);
}

static bool is_silence_due; /* the answer that is asked for next is one that does not come, or stops */

static struct answer *ask(struct scene *s, uint32_t address, const char *sni, const char *request)
{
    const long wait_ms = is_silence_due ? SILENT_MS : ANSWER_MS;
    struct timeval most = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    answer = (struct answer){.end = END_NOT_YET};
    int fd = scene_connect(s, address);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    SSL_set_tlsext_host_name(ssl, sni);
    ERR_clear_error();
    talk(ssl, sni, request, &answer);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return &answer;
}

/* ---- a name of a class ---- */

struct name {
    struct fate fate;
    char host[NAME_BYTES];
    struct host_fate at;
};

/* A server for names of the class, and one of them. */
static struct scene *open_named(const char *class, struct name *n)
{
    struct scene *s = scene_open_https(class);
    for (uint64_t i = 0; i < s->world.n_names; i++) {
        fate_of(&s->world, i, &n->fate);
        policy_host_fate_of(&s->world, &n->fate, &n->at);
        if (n->fate.fetchable && n->at.n_v4 > 0)
            break;
    }
    assert_true(n->fate.fetchable);
    assert_true(n->at.n_v4 > 0);
    policy_host_name(&s->world, n->fate.i, n->host);
    scene_run(s);
    return s;
}

static void shut(struct scene *s)
{
    scene_stop(s);
    scene_free(s);
}

static struct answer *ask_policy(struct scene *s, const struct name *n, unsigned address)
{
    char request[512];
    snprintf(request, sizeof request,
             "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: %s:%u\r\nAccept: */*\r\n\r\n", n->host, s->port);
    return ask(s, n->at.v4[address], n->host, request);
}

static const char *body_of(const struct answer *a)
{
    const char *end = strstr(a->bytes, "\r\n\r\n");
    for (const char *p = end; p != NULL && strncmp(a->bytes, "HTTP/1.1 10", 11) == 0; p = NULL)
        end = strstr(p + 4, "\r\n\r\n");
    return end == NULL ? NULL : end + 4;
}

/* ---- HTTP ---- */

struct expected {
    const char *class, *starts, *has;
    enum end end;
    bool whole; /* the body is the policy, and the length that is told is right */
};

static const struct expected cases_http[] = {
    {"policy-ok", "HTTP/1.1 200 OK\r\n", "\r\nContent-Type: text/plain\r\n", END_CLEAN, true},
    {"policy-v6-dead", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-second-dead", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-two-bodies", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-provider-name", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-wildcard", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-partial", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-inner", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-two-labels", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-wrong-name", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-cn-only", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-cn-other", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-expired", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-self-signed", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-rsa1024", "HTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-301", "HTTP/1.1 301 ", "\r\nLocation: https://", END_CLEAN, false},
    {"policy-302", "HTTP/1.1 302 ", "\r\nLocation: https://mta-sts.", END_CLEAN, false},
    {"policy-307", "HTTP/1.1 307 ", "\r\nLocation: https://", END_CLEAN, false},
    {"policy-308", "HTTP/1.1 308 ", "\r\nLocation: https://", END_CLEAN, false},
    {"policy-204", "HTTP/1.1 204 ", "", END_CLEAN, false},
    {"policy-206", "HTTP/1.1 206 ", "\r\nContent-Range: bytes 0-", END_CLEAN, true},
    {"policy-304", "HTTP/1.1 304 ", "", END_CLEAN, false},
    {"policy-401", "HTTP/1.1 401 ", "\r\nWWW-Authenticate: ", END_CLEAN, false},
    {"policy-403", "HTTP/1.1 403 ", "", END_CLEAN, false},
    {"policy-404", "HTTP/1.1 404 ", "", END_CLEAN, false},
    {"policy-410", "HTTP/1.1 410 ", "", END_CLEAN, false},
    {"policy-500", "HTTP/1.1 500 ", "", END_CLEAN, false},
    {"policy-503", "HTTP/1.1 503 ", "", END_CLEAN, false},
    {"policy-100", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ", "", END_CLEAN, true},
    {"policy-103", "HTTP/1.1 103 Early Hints\r\nLink:", "\r\n\r\nHTTP/1.1 200 ", END_CLEAN, true},
    {"policy-parked", "HTTP/1.1 200 ", "\r\nContent-Type: text/html; charset=utf-8\r\n", END_CLEAN, true},
    {"policy-html", "HTTP/1.1 200 ", "\r\nContent-Type: text/html\r\n", END_CLEAN, true},
    {"policy-octets", "HTTP/1.1 200 ", "\r\nContent-Type: application/octet-stream\r\n", END_CLEAN, true},
    {"policy-no-type", "HTTP/1.1 200 ", "\r\nConnection: close\r\nContent-Length:", END_CLEAN, true},
    {"policy-utf16", "HTTP/1.1 200 ", "\r\nContent-Type: text/plain; charset=utf-16\r\n", END_CLEAN, true},
    {"policy-upper", "HTTP/1.1 200 ", "\r\nContent-Type: TEXT/PLAIN;x=y\r\n", END_CLEAN, true},
    {"policy-64k", "HTTP/1.1 200 ", "\r\nContent-Length: 65536\r\n", END_CLEAN, true},
    {"policy-64k1", "HTTP/1.1 200 ", "\r\nContent-Length: 65537\r\n", END_CLEAN, true},
    {"policy-age", "HTTP/1.1 200 ", "\r\nAge: 86400\r\n", END_CLEAN, true},
    {"policy-endless", "HTTP/1.1 200 ", "\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\nxx", END_NOT_YET,
     false},
    {"policy-short", "HTTP/1.1 200 ", "\r\n\r\n", END_CLEAN, false},
    {"policy-drip", "HTTP/1.1 200 ", "\r\n\r\nx", END_NOT_YET, false},
    {"policy-stall", "HTTP/1.1 200 ", "\r\nContent-Length: 200\r\n\r\n", END_OPEN, false},
    {"policy-silent", "", "", END_OPEN, false},
    {"policy-http09", "version", "", END_CLEAN, false},
    {"policy-bad-chunk", "HTTP/1.1 200 ", "\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", END_CLEAN, false},
    {"policy-lengths", "HTTP/1.1 200 ", "\r\nContent-Length: ", END_CLEAN, false},
    {"policy-long-line", "HTTP/1.1 200 ", "\r\nX-Long: xxx", END_NOT_YET, false},
    {"policy-closed", "", "", END_CLEAN, false},
};

static void assert_policy(struct scene *s, const struct name *n, const struct answer *a)
{
    static char policy[PUBLISH_MOST_POLICY];
    size_t len = publish_policy(&s->world, &n->fate, false, policy);
    const char *body = body_of(a), *told = strstr(a->bytes, "\r\nContent-Length: ");
    assert_non_null(body);
    assert_non_null(told);
    assert_int_equal(a->len - (size_t)(body - a->bytes), len);
    assert_memory_equal(body, policy, len);
    assert_int_equal(strtoul(told + 18, NULL, 10), len);
}

static void check(const struct expected *e)
{
    struct name n;
    struct scene *s = open_named(e->class, &n);
    is_silence_due = e->end == END_OPEN;
    struct answer *a = ask_policy(s, &n, 0);
    is_silence_due = false;
    if (a->end != e->end || strncmp(a->bytes, e->starts, strlen(e->starts)) != 0 ||
        strstr(a->bytes, e->has) == NULL)
        fail_msg("%s: reason %d, end %d, %zu bytes: %.300s", e->class, a->reason, a->end, a->len, a->bytes);
    if (a->host_matches != cert_matches[policy_cert(n.fate.policy)])
        fail_msg("%s: the certificate %s %s", e->class, a->host_matches ? "names" : "does not name", n.host);
    if (e->whole)
        assert_policy(s, &n, a);
    if (strcmp(e->starts, "") == 0)
        assert_int_equal(a->len, 0);
    scene_stop(s);
    assert_int_equal(s->sim.counts.https_requests, 1);
    assert_int_equal(s->sim.counts.memory_failed, 0);
    scene_free(s);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases_http / sizeof *cases_http; i++)
        check(&cases_http[i]);
}

static void test_two_bodies(void **state)
{
    struct name n;
    struct scene *s = open_named("policy-two-bodies", &n);
    (void)state;
    assert_int_equal(n.at.n_v4, 2);
    char *first = strdup(body_of(ask_policy(s, &n, 0)));
    assert_string_not_equal(first, body_of(ask_policy(s, &n, 1)));
    free(first);
    shut(s);
}

static void test_nul_header(void **state)
{
    struct name n;
    struct scene *s = open_named("policy-nul-header", &n);
    (void)state;
    struct answer *a = ask_policy(s, &n, 0);
    assert_non_null(memmem(a->bytes, a->len, "X-Cache: a\0b\r\n", 14));
    shut(s);
}

/* Length of what is inside, which zlib has checked. */
static size_t inflated(const struct answer *a, char *out, size_t room)
{
    const char *body = body_of(a);
    z_stream z = {0};
    assert_int_equal(inflateInit2(&z, 31), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)body;
    z.avail_in = (uInt)(a->len - (size_t)(body - a->bytes));
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    inflateEnd(&z);
    return z.total_out;
}

static void test_gzip(void **state)
{
    static char out[BOMB_BYTES + 1], policy[PUBLISH_MOST_POLICY];
    static const char *const classes[] = {"policy-gzip", "policy-bomb"};
    (void)state;
    for (int bomb = 0; bomb < 2; bomb++) {
        struct name n;
        struct scene *s = open_named(classes[bomb], &n);
        struct answer *a = ask_policy(s, &n, 0);
        assert_non_null(strstr(a->bytes, "\r\nContent-Encoding: gzip\r\n"));
        size_t len = inflated(a, out, sizeof out);
        size_t right = publish_policy(&s->world, &n.fate, false, policy);
        assert_int_equal(len, bomb ? BOMB_BYTES : right);
        assert_true(bomb || memcmp(out, policy, right) == 0);
        shut(s);
    }
}

/* ---- TLS ---- */

static void test_handshakes(void **state)
{
    static const struct {
        const char *class;
        int reason;
        enum end end;
        int version;
    } cases[] = {
        {"policy-tls10", 0, END_CLEAN, TLS1_VERSION},
        {"policy-tls11", 0, END_CLEAN, TLS1_1_VERSION},
        {"policy-alert", SSL_R_TLSV1_UNRECOGNIZED_NAME, END_ALERT, 0},
        {"policy-no-cipher", SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, END_ALERT, 0},
        {"policy-ssl3", SSL_R_UNSUPPORTED_PROTOCOL, END_ALERT, 0},
        {"policy-rc4", SSL_R_UNKNOWN_CIPHER_RETURNED, END_ALERT, 0},
        {"policy-garbage", SSL_R_WRONG_VERSION_NUMBER, END_ALERT, 0},
        {"policy-half", SSL_R_UNEXPECTED_EOF_WHILE_READING, END_ALERT, 0},
        {"policy-tls-stall", 0, END_OPEN, 0},
        {"policy-reset", 0, END_BROKEN, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct name n;
        struct scene *s = open_named(cases[i].class, &n);
        is_silence_due = cases[i].end == END_OPEN;
        struct answer *a = ask_policy(s, &n, 0);
        is_silence_due = false;
        if (a->reason != cases[i].reason || a->end != cases[i].end || a->version != cases[i].version)
            fail_msg("%s: reason %d, end %d, version %x", cases[i].class, a->reason, a->end, a->version);
        shut(s);
    }
}

/* ---- requests for no policy ---- */

static void test_requests(void **state)
{
#define AT_PATH(method, path, version) method " " path " " version "\r\n"
#define POLICY_PATH                    "/.well-known/mta-sts.txt"
    static const struct {
        const char *request;
        unsigned status;
        bool host;
    } cases[] = {
        {AT_PATH("GET", POLICY_PATH, "HTTP/1.0"), 200, false},
        {AT_PATH("GET", POLICY_PATH, "HTTP/1.1") "X: y\r\n", 200, true},
        {AT_PATH("GET", "/", "HTTP/1.1"), 404, true},
        {AT_PATH("GET", POLICY_PATH "?x", "HTTP/1.1"), 404, true},
        {AT_PATH("GET", POLICY_PATH, "HTTP/1.1"), 400, false},
        {AT_PATH("GET", POLICY_PATH, "HTTP/1.1") "Host: a.example\r\n", 400, true},
        {AT_PATH("GET", POLICY_PATH, "HTTP/1.1") "Host: a.example\r\n", 421, false},
        {AT_PATH("POST", POLICY_PATH, "HTTP/1.1"), 405, true},
        {AT_PATH("HEAD", POLICY_PATH, "HTTP/1.1"), 405, true},
        {AT_PATH("GET", POLICY_PATH, "HTTP/2.0"), 505, true},
        {"GET\r\n", 400, true},
        {"\r\n\r\n", 400, true},
        {AT_PATH("GET", POLICY_PATH, "SMTP"), 400, true},
    };
    struct name n;
    struct scene *s = open_named("policy-ok", &n);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char request[600];
        snprintf(request, sizeof request, "%s%s%s%s\r\n", cases[i].request, cases[i].host ? "hOST:\t" : "",
                 cases[i].host ? n.host : "", cases[i].host ? "\r\n" : "");
        struct answer *a = ask(s, n.at.v4[0], n.host, request);
        if (strtoul(a->bytes + (a->len > 9 ? 9 : 0), NULL, 10) != cases[i].status)
            fail_msg("%s: %.40s", request, a->bytes);
    }
    static char full[3000];
    memset(full, 'a', sizeof full - 1);
    assert_non_null(strstr(ask(s, n.at.v4[0], n.host, full)->bytes, " 431 "));
    shut(s);
}

static void test_unknown_sni(void **state)
{
    struct scene *s = scene_open_https("policy-ok");
    struct address_use use = {.kind = ADDRESS_PROVIDER};
    (void)state;
    scene_run(s);
    assert_int_equal(ask(s, INADDR_LOOPBACK, "mta-sts.nobody.invalid", "")->reason,
                     SSL_R_TLSV1_UNRECOGNIZED_NAME);
    struct answer *a = ask(s, address_for(&s->world, &use), "nobody.invalid",
                           "GET / HTTP/1.1\r\nHost: nobody.invalid\r\n\r\n");
    assert_non_null(strstr(a->bytes, " 404 "));
    assert_false(a->host_matches);
    shut(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),     cmocka_unit_test(test_two_bodies),
        cmocka_unit_test(test_nul_header),  cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_handshakes),  cmocka_unit_test(test_requests),
        cmocka_unit_test(test_unknown_sni),
    };
    return cmocka_run_group_tests(tests, NULL, scene_last);
}
