/* test_probe.c - STARTTLS probes against scripted peers on loopback addresses. */
#include "scanner/outbox.h"
#include "scanner/probe.h"
#include "scanner/tls.h"
#include "tests/unit/certs.c"
#include "tests/unit/peer.c"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#define HOST "mx.test"
#define IP   "127.0.0.21"

/* The worker's side: certificates are counted, records are not written. */
struct outbox {
    unsigned n_certs, n_trusted;
    uint8_t digests[32][32];
};

void outbox_put(struct outbox *o, enum rec_kind kind, const void *record, uint64_t pos)
{
    (void)o;
    (void)kind;
    (void)record;
    (void)pos;
}

void outbox_cert(struct outbox *o, const uint8_t digest[32], const uint8_t *der, size_t len, bool trusted)
{
    assert_true(len > 100 && der[0] == 0x30);
    if (o->n_certs < STS_LEN(o->digests))
        memcpy(o->digests[o->n_certs], digest, 32);
    o->n_certs++;
    o->n_trusted += trusted;
}

/* What the whole test shares. */
static struct {
    struct cert ca, other_ca, good, expired, self_signed, untrusted;
    struct tls_store *store;
    SSL_CTX *client;
    char ca_file[64];
} pki;

/* One probe in a loop of its own. */
struct trial {
    uv_loop_t loop;
    uv_check_t after_poll;
    uv_timer_t tick, cancel;
    struct timers timers;
    struct outbox outbox;
    struct probe_env env;
    char read_buffer[PROBE_READ_BYTES];
    struct arena arena;
    struct rec_endpoint evidence;
    struct probe *probe;
    struct result r;
    unsigned n_done;
    bool started; /* probe_start has returned */
};

static void on_turn(uv_check_t *handle)
{
    struct trial *t = handle->data;

    timers_run(&t->timers, uv_hrtime() / 1000000);
}

static void on_tick(uv_timer_t *handle)
{
    (void)handle;
}

static void on_done(void *arg, struct result r)
{
    struct trial *t = arg;

    assert_true(t->started);
    t->r = r;
    t->n_done++;
    uv_close((uv_handle_t *)&t->after_poll, NULL);
    uv_close((uv_handle_t *)&t->tick, NULL);
    uv_close((uv_handle_t *)&t->cancel, NULL);
}

static void on_cancel(uv_timer_t *handle)
{
    struct trial *t = handle->data;

    probe_cancel(t->probe, OC_OUR_STOP);
    probe_cancel(t->probe, OC_OUR_STALL); /* no harm */
}

static void trial_init(struct trial *t, uint16_t port)
{
    memset(t, 0, sizeof(*t));
    assert_int_equal(uv_loop_init(&t->loop), 0);
    uv_check_init(&t->loop, &t->after_poll);
    uv_timer_init(&t->loop, &t->tick);
    uv_timer_init(&t->loop, &t->cancel);
    t->after_poll.data = t->cancel.data = t;
    uv_check_start(&t->after_poll, on_turn);
    uv_timer_start(&t->tick, on_tick, 0, 5);
    t->timers.now_ms = uv_hrtime() / 1000000;
    arena_init(&t->arena, 2u << 20);
    t->env = (struct probe_env){.loop = &t->loop,
                                .timers = &t->timers,
                                .ctx = pki.client,
                                .outbox = &t->outbox,
                                .read_buffer = t->read_buffer,
                                .ehlo_name = "scan.test",
                                .port = port,
                                .connect_timeout_ms = 400,
                                .greeting_timeout_ms = 200,
                                .total_timeout_ms = 1000};
}

/* Run it to its end. */
static void trial_run(struct trial *t, const char *host, const char *ip)
{
    struct address address;

    assert_int_equal(address_parse(ip, &address), STS_OK);
    t->probe = probe_start(&t->env, host, &address, &t->arena, &t->evidence, on_done, t);
    assert_non_null(t->probe);
    t->started = true;
    assert_int_equal(t->n_done, 0);
    uv_run(&t->loop, UV_RUN_DEFAULT);
    assert_int_equal(t->n_done, 1);
    assert_int_equal(t->timers.n, 0);
    assert_int_equal(uv_loop_close(&t->loop), 0);
}

static void trial_fini(struct trial *t)
{
    timers_fini(&t->timers);
    arena_fini(&t->arena);
}

static void assert_outcome(const struct trial *t, enum outcome oc, enum outcome_source src, int32_t raw)
{
    assert_string_equal(outcome_name(t->r.oc), outcome_name(oc));
    assert_int_equal(t->r.src, src);
    assert_int_equal(t->r.raw, raw);
}

static void assert_text(struct sts_str is, const char *should_be)
{
    assert_int_equal(is.len, strlen(should_be));
    if (is.len > 0)
        assert_memory_equal(is.p, should_be, is.len);
}

/* --- the dialog in the clear --- */

#define GREETING SAY("220 mx.test ESMTP\r\n")
#define OFFER    SAY("250-mx.test\r\n250 STARTTLS\r\n")
#define GO       SAY("220 go\r\n")
#define BYE      SAY("221 bye\r\n")

static const struct dialog {
    const char *name;
    struct peer_step steps[PEER_MOST_STEPS];
    struct result r;
    unsigned n_replies;
    const char *heard;   /* NULL: not looked at */
    const char *garbage; /* NULL: none */
} dialogs[] = {
    {"silent", {LISTEN}, {OC_SMTP_GREETING_TIMEOUT, 0, 0}, 0, "", NULL},
    {"greeting later",
     {WAIT(100), GREETING, HEAR, SAY("250 mx.test\r\n"), HEAR, BYE, LISTEN},
     {OC_SMTP_NO_STARTTLS, SRC_SMTP, 250},
     3,
     "EHLO scan.test\r\nQUIT\r\n",
     NULL},
    {"greeting drips", {DRIP("220-x\r\n", 10)}, {OC_SMTP_GREETING_TIMEOUT, 0, 0}, 1, NULL, NULL},
    {"EHLO drips", {GREETING, HEAR, DRIP("250-x\r\n", 10)}, {OC_SMTP_TIMEOUT, 0, 0}, 2, NULL, NULL},
    {"closed early", {WAIT(20)}, {OC_SMTP_CLOSED_EARLY, 0, 0}, 0, NULL, NULL},
    {"reset early", {WAIT(20), RESET}, {OC_SMTP_RESET, SRC_ERRNO, ECONNRESET}, 0, NULL, NULL},
    {"greeting 421", {SAY("421 busy\r\n"), LISTEN}, {OC_SMTP_GREETING_4XX, SRC_SMTP, 421}, 1, "", NULL},
    {"greeting 554",
     {SAY("554 no\r\n"), HEAR, BYE, LISTEN},
     {OC_SMTP_GREETING_5XX, SRC_SMTP, 554},
     2,
     "QUIT\r\n",
     NULL},
    {"greeting 554, closed", {SAY("554 no\r\n")}, {OC_SMTP_GREETING_5XX, SRC_SMTP, 554}, 1, NULL, NULL},
    {"HELO only",
     {GREETING, HEAR, SAY("502 no\r\n"), HEAR, SAY("250 hi\r\n"), HEAR, BYE, LISTEN},
     {OC_SMTP_HELO_ONLY, SRC_SMTP, 250},
     4,
     "EHLO scan.test\r\nHELO scan.test\r\nQUIT\r\n",
     NULL},
    {"not SMTP",
     {SAY("HTTP/1.1 400 Bad Request\r\n"), LISTEN},
     {OC_SMTP_NOT_SMTP, 0, 0},
     0,
     "",
     "HTTP/1.1 400 Bad Request\r\n"},
    {"endless greeting",
     {FLOOD("220-and so on and so on\r\n")},
     {OC_SMTP_TOO_MUCH, SRC_BYTES, 65537},
     1,
     NULL,
     NULL},
    {"STARTTLS 454",
     {GREETING, HEAR, OFFER, HEAR, SAY("454 no\r\n"), HEAR, BYE, LISTEN},
     {OC_STARTTLS_4XX, SRC_SMTP, 454},
     4,
     "EHLO scan.test\r\nSTARTTLS\r\nQUIT\r\n",
     NULL},
    {"injected",
     {GREETING, HEAR, OFFER, HEAR, SAY("220 go\r\n250 injected\r\n"), LISTEN},
     {OC_STARTTLS_INJECTED, SRC_BYTES, 14},
     3,
     "EHLO scan.test\r\nSTARTTLS\r\n",
     NULL},
    {"closed after 220", {GREETING, HEAR, OFFER, HEAR, GO}, {OC_TLS_CLOSED, 0, 0}, 3, NULL, NULL},
    {"reset in the handshake",
     {GREETING, HEAR, OFFER, HEAR, GO, WAIT(50), RESET},
     {OC_TLS_RESET, SRC_ERRNO, ECONNRESET},
     3,
     NULL,
     NULL},
    {"silent after 220", {GREETING, HEAR, OFFER, HEAR, GO, LISTEN}, {OC_TLS_TIMEOUT, 0, 0}, 3, NULL, NULL},
    {"garbage after 220",
     {GREETING, HEAR, OFFER, HEAR, GO, WAIT(50), SAY("500 what is that?\r\n"), LISTEN},
     {OC_TLS_NOT_TLS, SRC_SSL, SSL_R_WRONG_VERSION_NUMBER},
     3,
     NULL,
     "500 what is that?\r\n"},
    {"TLS, then none",
     {GREETING, HEAR, OFFER, HEAR, GO, WAIT(50), SAY("\x16\x03\x03\0\x01\x02"), WAIT(20),
      SAY("500 what is that?\r\n"), LISTEN},
     {OC_TLS_PROTOCOL, SRC_SSL, SSL_R_WRONG_VERSION_NUMBER},
     3,
     NULL,
     NULL},
    {"alert",
     {GREETING, HEAR, OFFER, HEAR, GO, WAIT(50), SAY("\x15\x03\x01\0\x02\x02\x28"), LISTEN},
     {OC_TLS_ALERT, SRC_ALERT, 40},
     3,
     NULL,
     NULL},
    {"close_notify",
     {GREETING, HEAR, OFFER, HEAR, GO, WAIT(50), SAY("\x15\x03\x01\0\x02\x01\0"), LISTEN},
     {OC_TLS_CLOSED, SRC_ALERT, 0},
     3,
     NULL,
     NULL},
};

static void test_dialogs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STS_LEN(dialogs); i++) {
        const struct dialog *d = &dialogs[i];
        struct peer peer;
        struct trial t;

        print_message("%s\n", d->name);
        assert_int_equal(peer_start(&peer, IP, d->steps, NULL), 0);
        trial_init(&t, peer.port);
        trial_run(&t, HOST, IP);
        peer_stop(&peer);
        assert_outcome(&t, d->r.oc, d->r.src, d->r.raw);
        assert_int_equal(t.evidence.replies.n, d->n_replies);
        if (d->heard != NULL)
            assert_string_equal(peer.heard, d->heard);
        assert_text(t.evidence.garbage, d->garbage != NULL ? d->garbage : "");
        if (d->r.oc == OC_STARTTLS_INJECTED)
            assert_text(t.evidence.injected, "250 injected\r\n");
        assert_null(t.evidence.tls);
        trial_fini(&t);
    }
}

/* The alert that we owe is on the wire before the connection closes. */
static void test_own_alert(void **state)
{
    /* Bytes right behind the 220 are injected, so the false record waits until the hello is there. */
    static const struct peer_step steps[] = {
        GREETING, HEAR, OFFER, HEAR, GO, WAIT(50), SAY("\x16\x03\x03\0\x04\x01\0\0\0"), LISTEN};
    struct peer peer;
    struct trial t;

    (void)state;
    assert_int_equal(peer_start(&peer, IP, steps, NULL), 0);
    trial_init(&t, peer.port);
    trial_run(&t, HOST, IP);
    peer_stop(&peer);
    assert_outcome(&t, OC_TLS_PROTOCOL, SRC_SSL, SSL_R_UNEXPECTED_MESSAGE);
    assert_true(peer.n_heard > 7);
    assert_memory_equal(peer.heard + peer.n_heard - 7, "\x15\x03", 2);
    assert_memory_equal(peer.heard + peer.n_heard - 2, "\x02\x0a", 2); /* fatal, unexpected_message */
    trial_fini(&t);
}

static void test_refused(void **state)
{
    struct peer peer;
    struct trial t;

    (void)state;
    assert_int_equal(peer_listen(&peer, IP, 1), 0);
    close(peer.listener);
    trial_init(&t, peer.port);
    trial_run(&t, HOST, IP);
    assert_outcome(&t, OC_TCP_REFUSED, SRC_ERRNO, ECONNREFUSED);
    trial_fini(&t);
}

/* A listener whose queue is full answers no SYN. */
static int full_listener(struct peer *peer, int fillers[4])
{
    struct sockaddr_in in = {.sin_family = AF_INET};

    if (peer_listen(peer, IP, 0) != 0)
        return -1;
    in.sin_port = htons(peer->port);
    inet_pton(AF_INET, IP, &in.sin_addr);
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&in, sizeof(in));
    }
    return 0;
}

static void test_connect_timeout(void **state)
{
    struct peer peer;
    struct trial t;
    int fillers[4];

    (void)state;
    for (int cancel = 0; cancel < 2; cancel++) {
        assert_int_equal(full_listener(&peer, fillers), 0);
        trial_init(&t, peer.port);
        if (cancel)
            uv_timer_start(&t.cancel, on_cancel, 50, 0);
        trial_run(&t, HOST, IP);
        assert_outcome(&t, cancel ? OC_OUR_STOP : OC_TCP_TIMEOUT, SRC_NONE, 0);
        assert_int_equal(t.evidence.connect_ms, 0);
        trial_fini(&t);
        for (int i = 0; i < 4; i++)
            close(fillers[i]);
        close(peer.listener);
    }
}

/* --- TLS --- */

static const struct peer_step whole_dialog[] = {
    GREETING, HEAR, OFFER, HEAR, GO, TLS, HEAR, SAY("250-mx.test\r\n250 REQUIRETLS\r\n"), HEAR, BYE, LISTEN};

struct tls_case {
    const char *name;
    const struct cert *leaf, *behind;
    int version; /* the only one of the server; 0: all */
    const char *ciphers, *sni, *cipher, *group, *sigalg;
    unsigned n_chain;
    struct {
        unsigned code, depth;
    } verify[4];
};

static void run_tls(const struct tls_case *c, const char *ip)
{
    SSL_CTX *server = cert_server(c->leaf, c->behind);
    struct peer peer;
    struct trial t;
    const struct rec_tls *tls;
    uint8_t digest[32];

    print_message("%s\n", c->name);
    if (c->version != 0) {
        SSL_CTX_set_min_proto_version(server, c->version);
        SSL_CTX_set_max_proto_version(server, c->version);
    }
    if (c->ciphers != NULL)
        assert_int_equal(SSL_CTX_set_cipher_list(server, c->ciphers), 1);
    assert_int_equal(peer_start(&peer, ip, whole_dialog, server), 0);
    trial_init(&t, peer.port);
    trial_run(&t, c->sni != NULL ? HOST : ip, ip);
    peer_stop(&peer);
    assert_outcome(&t, OC_OK, SRC_NONE, 0);
    assert_string_equal(peer.heard, "EHLO scan.test\r\nSTARTTLS\r\nEHLO scan.test\r\nQUIT\r\n");
    assert_string_equal(peer.sni, c->sni != NULL ? c->sni : "");
    assert_int_equal(t.evidence.replies.n, 5);
    assert_text(t.evidence.replies.v[3].to, "EHLO2");
    assert_text(t.evidence.replies.v[3].lines.v[1], "REQUIRETLS");
    assert_text(t.evidence.replies.v[4].to, "QUIT");
    tls = t.evidence.tls;
    assert_non_null(tls);
    assert_text(tls->sni, c->sni != NULL ? c->sni : "");
    assert_int_equal(tls->version, c->version != 0 ? c->version : TLS1_3_VERSION);
    assert_text(tls->cipher, c->cipher);
    assert_text(tls->group, c->group);
    assert_text(tls->sigalg, c->sigalg);
    assert_int_equal(tls->chain.n, c->n_chain);
    assert_int_equal(t.outbox.n_certs, c->n_chain);
    assert_int_equal(X509_digest(c->leaf->x509, EVP_sha256(), digest, NULL), 1);
    assert_memory_equal(tls->chain.v[0].p, digest, 32);
    assert_memory_equal(t.outbox.digests[0], digest, 32);
    for (unsigned i = 0; i < tls->verify.n; i++)
        print_message("  verify error %u at %u\n", (unsigned)tls->verify.v[i].code,
                      (unsigned)tls->verify.v[i].depth);
    for (unsigned i = 0; i < 4; i++) {
        assert_true((c->verify[i].code != 0) == (i < tls->verify.n));
        if (i < tls->verify.n) {
            assert_int_equal(tls->verify.v[i].code, c->verify[i].code);
            assert_int_equal(tls->verify.v[i].depth, c->verify[i].depth);
        }
    }
    trial_fini(&t);
    SSL_CTX_free(server);
}

static void test_tls(void **state)
{
    const struct tls_case cases[] = {
        {"good",
         &pki.good,
         NULL,
         0,
         NULL,
         HOST,
         "TLS_AES_256_GCM_SHA384",
         "x25519",
         "ecdsa_sha256",
         1,
         {{0, 0}}},
        {"good, CA sent",
         &pki.good,
         &pki.ca,
         0,
         NULL,
         HOST,
         "TLS_AES_256_GCM_SHA384",
         "x25519",
         "ecdsa_sha256",
         2,
         {{0, 0}}},
        {"self-signed",
         &pki.self_signed,
         NULL,
         0,
         NULL,
         HOST,
         "TLS_AES_256_GCM_SHA384",
         "x25519",
         "ecdsa_sha256",
         1,
         {{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, 0}}},
        {"expired",
         &pki.expired,
         NULL,
         0,
         NULL,
         HOST,
         "TLS_AES_256_GCM_SHA384",
         "x25519",
         "ecdsa_sha256",
         1,
         {{X509_V_ERR_CERT_HAS_EXPIRED, 0}}},
        {"untrusted CA",
         &pki.untrusted,
         &pki.other_ca,
         0,
         NULL,
         HOST,
         "TLS_AES_256_GCM_SHA384",
         "x25519",
         "ecdsa_sha256",
         2,
         {{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, 1}}},
        {"issuer missing",
         &pki.untrusted,
         NULL,
         0,
         NULL,
         HOST,
         "TLS_AES_256_GCM_SHA384",
         "x25519",
         "ecdsa_sha256",
         1,
         {{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0},
          {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, 0}}},
        {"TLS 1.2",
         &pki.good,
         NULL,
         TLS1_2_VERSION,
         NULL,
         HOST,
         "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
         "x25519",
         "ecdsa_sha256",
         1,
         {{0, 0}}},
        {"TLS 1.0",
         &pki.good,
         NULL,
         TLS1_VERSION,
         "ALL:@SECLEVEL=0",
         HOST,
         "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
         "x25519",
         "ecdsa_sha1",
         1,
         {{0, 0}}},
    };

    (void)state;
    for (unsigned i = 0; i < STS_LEN(cases); i++)
        run_tls(&cases[i], IP);
}

/* No name goes out where the host is an address (RFC 6066 section 3); and IPv6. */
static void test_literal(void **state)
{
    const struct tls_case c = {.name = "an address for a host",
                               .leaf = &pki.good,
                               .cipher = "TLS_AES_256_GCM_SHA384",
                               .group = "x25519",
                               .sigalg = "ecdsa_sha256",
                               .n_chain = 1};
    struct peer peer;

    (void)state;
    run_tls(&c, IP);
    if (peer_listen(&peer, "::1", 1) != 0)
        skip();
    close(peer.listener);
    run_tls(&c, "::1");
}

/* After the handshake nothing can turn the outcome: not a close, a reset, a flood, or a client certificate
 * that the server misses. */
static void test_after_handshake(void **state)
{
    static const struct peer_step steps[][PEER_MOST_STEPS] = {
        {GREETING, HEAR, OFFER, HEAR, GO, TLS},
        {GREETING, HEAR, OFFER, HEAR, GO, TLS, HEAR, RESET},
        {GREETING, HEAR, OFFER, HEAR, GO, TLS, HEAR, FLOOD("250-and so on and so on and so on\r\n")},
        {GREETING, HEAR, OFFER, HEAR, GO, TLS, HEAR, SAY("250 mx.test\r\n"), HEAR, FLOOD("221-more\r\n")},
        {GREETING, HEAR, OFFER, HEAR, GO, TLS, HEAR, SAY("421 no\r\n")},
        {GREETING, HEAR, OFFER, HEAR, GO, TLS, LISTEN},
    };

    (void)state;
    for (unsigned i = 0; i < STS_LEN(steps) + 1; i++) {
        const bool wants_cert = i == STS_LEN(steps);
        SSL_CTX *server = cert_server(&pki.good, NULL);
        struct peer peer;
        struct trial t;

        if (wants_cert)
            SSL_CTX_set_verify(server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        assert_int_equal(peer_start(&peer, IP, steps[wants_cert ? 0 : i], server), 0);
        trial_init(&t, peer.port);
        trial_run(&t, HOST, IP);
        peer_stop(&peer);
        assert_outcome(&t, OC_OK, SRC_NONE, 0);
        assert_non_null(t.evidence.tls);
        trial_fini(&t);
        SSL_CTX_free(server);
    }
}

/* A server with no cipher for us says so by an alert. */
static void test_no_shared_cipher(void **state)
{
    SSL_CTX *server = cert_server(&pki.good, NULL);
    struct peer peer;
    struct trial t;

    (void)state;
    SSL_CTX_set_max_proto_version(server, TLS1_2_VERSION);
    assert_int_equal(SSL_CTX_set_cipher_list(server, "PSK-AES128-GCM-SHA256"), 1);
    assert_int_equal(peer_start(&peer, IP, whole_dialog, server), 0);
    trial_init(&t, peer.port);
    trial_run(&t, HOST, IP);
    peer_stop(&peer);
    assert_outcome(&t, OC_TLS_ALERT, SRC_ALERT, SSL_AD_HANDSHAKE_FAILURE);
    assert_null(t.evidence.tls);
    trial_fini(&t);
    SSL_CTX_free(server);
}

/* --- the end from our side --- */

static void test_cancel(void **state)
{
    static const struct {
        struct peer_step steps[PEER_MOST_STEPS];
        enum outcome oc;
    } cases[] = {
        {{LISTEN}, OC_OUR_STOP},
        {{GREETING, LISTEN}, OC_OUR_STOP},
        {{GREETING, HEAR, SAY("500 no\r\n"), LISTEN}, OC_OUR_STOP},
        {{GREETING, HEAR, OFFER, LISTEN}, OC_OUR_STOP},
        {{GREETING, HEAR, OFFER, HEAR, GO, LISTEN}, OC_OUR_STOP},
        {{SAY("no SMTP"), LISTEN}, OC_SMTP_NOT_SMTP}, /* known before */
        {{SAY("554 no\r\n"), LISTEN}, OC_SMTP_GREETING_5XX},
        {{GREETING, HEAR, OFFER, HEAR, GO, TLS, LISTEN}, OC_OK},
        {{GREETING, HEAR, OFFER, HEAR, GO, TLS, HEAR, SAY("250 mx\r\n"), LISTEN}, OC_OK},
    };
    SSL_CTX *server = cert_server(&pki.good, NULL);

    (void)state;
    for (unsigned i = 0; i < STS_LEN(cases); i++) {
        struct peer peer;
        struct trial t;

        assert_int_equal(peer_start(&peer, IP, cases[i].steps, server), 0);
        trial_init(&t, peer.port);
        t.env.greeting_timeout_ms = t.env.total_timeout_ms = 0;
        uv_timer_start(&t.cancel, on_cancel, 100, 0);
        trial_run(&t, HOST, IP);
        peer_stop(&peer);
        assert_outcome(&t, cases[i].oc, t.r.src, t.r.raw);
        trial_fini(&t);
    }
    SSL_CTX_free(server);
}

/* Before the loop has run, and again when it failed at once. */
static void test_cancel_at_once(void **state)
{
    static const struct peer_step steps[] = {LISTEN};
    struct address ip;
    struct peer peer;
    struct trial t;

    (void)state;
    assert_int_equal(peer_start(&peer, IP, steps, NULL), 0);
    trial_init(&t, peer.port);
    assert_int_equal(address_parse(IP, &ip), STS_OK);
    t.probe = probe_start(&t.env, HOST, &ip, &t.arena, &t.evidence, on_done, &t);
    assert_non_null(t.probe);
    probe_cancel(t.probe, OC_OUR_STOP);
    assert_int_equal(t.n_done, 0);
    t.started = true;
    uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_int_equal(t.n_done, 1);
    assert_outcome(&t, OC_OUR_STOP, SRC_NONE, 0);
    assert_int_equal(uv_loop_close(&t.loop), 0);
    trial_fini(&t);
    peer_stop(&peer);
}

/* --- our own failures --- */

static void test_descriptors(void **state)
{
    struct rlimit before, low;
    struct trial t;
    int free_fd;

    (void)state;
    trial_init(&t, 25);
    getrlimit(RLIMIT_NOFILE, &before);
    free_fd = dup(0);
    close(free_fd);
    low = before;
    low.rlim_cur = (rlim_t)free_fd;
    setrlimit(RLIMIT_NOFILE, &low);
    trial_run(&t, HOST, IP);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_outcome(&t, OC_OUR_DESCRIPTORS, SRC_ERRNO, EMFILE);
    trial_fini(&t);
}

static void test_source_address(void **state)
{
    static const struct peer_step steps[] = {SAY("554 no\r\n"), HEAR, BYE, LISTEN};
    struct address mine, foreign;
    struct peer peer;
    struct trial t;

    (void)state;
    assert_int_equal(address_parse("127.0.0.77", &mine), STS_OK);
    assert_int_equal(address_parse("192.0.2.1", &foreign), STS_OK);
    assert_int_equal(peer_start(&peer, IP, steps, NULL), 0);
    trial_init(&t, peer.port);
    t.env.local_v4 = &mine;
    trial_run(&t, HOST, IP);
    peer_stop(&peer);
    assert_outcome(&t, OC_SMTP_GREETING_5XX, SRC_SMTP, 554);
    trial_fini(&t);
    trial_init(&t, peer.port);
    t.env.local_v4 = &foreign;
    trial_run(&t, HOST, IP);
    assert_outcome(&t, OC_OUR_NETWORK, SRC_ERRNO, EADDRNOTAVAIL);
    trial_fini(&t);
}

/* In a network of its own, whose loopback interface is down: no route to anywhere. */
static bool no_network(void)
{
    struct trial t;

    trial_init(&t, 25);
    trial_run(&t, HOST, IP);
    trial_fini(&t);
    return t.r.oc == OC_OUR_NETWORK && t.r.src == SRC_ERRNO && t.r.raw == ENETUNREACH;
}

/* There, with the interface up and a single port to connect from. */
static bool no_ports(void)
{
    static const char range[] = "40000 40000\n";
    struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    struct sockaddr_in in = {.sin_family = AF_INET};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int file = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY);
    struct peer peer;
    struct trial t;

    if (ioctl(fd, SIOCSIFFLAGS, &up) != 0 || peer_listen(&peer, IP, 8) != 0 ||
        write(file, range, sizeof(range) - 1) < 0)
        return false;
    in.sin_port = htons(peer.port);
    inet_pton(AF_INET, IP, &in.sin_addr);
    if (connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0)
        return false;
    trial_init(&t, peer.port);
    trial_run(&t, HOST, IP);
    trial_fini(&t);
    return t.r.oc == OC_OUR_PORTS && t.r.src == SRC_ERRNO && t.r.raw == EADDRNOTAVAIL;
}

static void test_network(void **state)
{
    bool (*const checks[])(void) = {no_network, no_ports};

    (void)state;
    for (unsigned i = 0; i < STS_LEN(checks); i++) {
        const pid_t pid = fork();
        int status;

        if (pid == 0)
            _exit(unshare(CLONE_NEWNET) != 0 ? 77 : checks[i]() ? 0 : 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
            skip(); /* not allowed here */
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

/* Memory for evidence runs out somewhere: then it is our fault, and nothing leaks. */
static void test_memory(void **state)
{
    SSL_CTX *server = cert_server(&pki.good, NULL);
    unsigned n_ok = 0, n_memory = 0;

    (void)state;
    for (size_t limit = 1024; limit < 9000; limit += 1024) {
        struct peer peer;
        struct trial t;

        assert_int_equal(peer_start(&peer, IP, whole_dialog, server), 0);
        trial_init(&t, peer.port);
        arena_init(&t.arena, limit);
        trial_run(&t, HOST, IP);
        peer_stop(&peer);
        n_ok += t.r.oc == OC_OK;
        n_memory += t.r.oc == OC_OUR_MEMORY;
        trial_fini(&t);
    }
    assert_true(n_ok > 0 && n_memory > 0);
    assert_int_equal(n_ok + n_memory, 8);
    SSL_CTX_free(server);
}

static int setup(void **state)
{
    struct sts_err err = {0};

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    pki.ca = cert_make("CA of the test", NULL, true, 100);
    pki.other_ca = cert_make("another CA", NULL, true, 100);
    pki.good = cert_make(HOST, &pki.ca, false, 30);
    pki.expired = cert_make(HOST, &pki.ca, false, -1);
    pki.self_signed = cert_make(HOST, NULL, false, 30);
    pki.untrusted = cert_make(HOST, &pki.other_ca, false, 30);
    cert_file(pki.ca_file, "", &pki.ca, 1);
    if (tls_store_load(pki.ca_file, &pki.store, &err) != STS_OK)
        return -1;
    return tls_context_new(pki.store, &pki.client, &err);
}

static int teardown(void **state)
{
    (void)state;
    unlink(pki.ca_file);
    SSL_CTX_free(pki.client);
    tls_store_free(pki.store);
    cert_fini(&pki.ca);
    cert_fini(&pki.other_ca);
    cert_fini(&pki.good);
    cert_fini(&pki.expired);
    cert_fini(&pki.self_signed);
    cert_fini(&pki.untrusted);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialogs),
        cmocka_unit_test(test_own_alert),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_connect_timeout),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_literal),
        cmocka_unit_test(test_after_handshake),
        cmocka_unit_test(test_no_shared_cipher),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_at_once),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_source_address),
        cmocka_unit_test(test_network),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
