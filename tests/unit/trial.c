/* trial.c - one probe in a loop of its own, with the worker's side played: for the tests that include this
 * file. */
#include "scanner/outbox.h"
#include "scanner/probe_private.h"
#include "scanner/tls.h"
#include "tests/unit/certs.c"
#include "tests/unit/peer.c"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#define HOST   "mx.test"
#define IP     "127.0.0.21"
#define MOST_S 600 /* of the whole test: what hangs ends then */

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
    struct cert ca, other_ca, good, expired, self_signed, untrusted, rsa, ed25519;
    struct tls_store *store;
    SSL_CTX *client;
    char ca_file[64];
} pki;

/* One probe in a loop of its own. */
struct trial {
    uv_loop_t loop;
    uv_check_t after_poll;
    uv_timer_t tick, cancel;
    struct peer *peer; /* for the test that cancels */
    struct timers timers;
    struct outbox outbox;
    struct probe_env env;
    char read_buffer[PROBE_READ_BYTES];
    struct arena arena;
    struct rec_endpoint evidence;
    struct probe *probe;
    struct result r;
    unsigned n_done, n_late_messages;
    bool started;      /* probe_start has returned */
    bool clock_stands; /* no deadline passes unless the test says so: a loaded machine is no slow peer */
};

static void on_turn(uv_check_t *handle)
{
    struct trial *t = handle->data;

    if (t->probe != NULL && t->n_done == 0)
        t->n_late_messages = t->probe->n_late_messages;
    if (!t->clock_stands)
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
                                .greeting_timeout_ms = 500,
                                .total_timeout_ms = 2500};
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

#define GREETING SAY("220 mx.test ESMTP\r\n")
#define OFFER    SAY("250-mx.test\r\n250 STARTTLS\r\n")
#define GO       SAY("220 go\r\n")
#define BYE      SAY("221 bye\r\n")

static int setup(void **state)
{
    struct sts_err err = {0};

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    alarm(MOST_S);
    pki.ca = cert_make("CA of the test", NULL, true, 100);
    pki.other_ca = cert_make("another CA", NULL, true, 100);
    pki.good = cert_make(HOST, &pki.ca, false, 30);
    pki.expired = cert_make(HOST, &pki.ca, false, -1);
    pki.self_signed = cert_make(HOST, NULL, false, 30);
    pki.untrusted = cert_make(HOST, &pki.other_ca, false, 30);
    pki.rsa = cert_make_of(EVP_RSA_gen(2048), HOST, &pki.ca, false, 30);
    pki.ed25519 = cert_make_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), HOST, &pki.ca, false, 30);
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
    cert_fini(&pki.rsa);
    cert_fini(&pki.ed25519);
    return 0;
}
