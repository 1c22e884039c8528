/* test_probe.c - STARTTLS probes against scripted peers on loopback addresses: the dialog in the clear, the
 * end from our side, our own failures. */
#include "scanner/probe_private.h"
#include "tests/unit/trial.c"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define SAID_MS 100 /* what a peer has said is there by then; the loop has polled in between */

/* --- the dialog in the clear --- */

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
    {"reset behind the greeting",
     {WAIT(50), GREETING, RESET},
     {OC_SMTP_RESET, SRC_ERRNO, ECONNRESET},
     1,
     NULL,
     NULL},
    {"greeting 421",
     {SAY("421 busy\r\n"), LISTEN},
     {OC_SMTP_GREETING_4XX, SRC_SMTP, 421},
     1,
     "QUIT\r\n",
     NULL},
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
     {GREETING, HEAR, OFFER, HEAR, GO, HELLO, RESET},
     {OC_TLS_RESET, SRC_ERRNO, ECONNRESET},
     3,
     NULL,
     NULL},
    {"silent after 220", {GREETING, HEAR, OFFER, HEAR, GO, LISTEN}, {OC_TLS_TIMEOUT, 0, 0}, 3, NULL, NULL},
    {"garbage after 220",
     {GREETING, HEAR, OFFER, HEAR, GO, HELLO, SAY("500 what is that?\r\n"), LISTEN},
     {OC_TLS_NOT_TLS, SRC_SSL, SSL_R_WRONG_VERSION_NUMBER},
     3,
     NULL,
     "500 what is that?\r\n"},
    {"TLS, then none",
     {GREETING, HEAR, OFFER, HEAR, GO, HELLO, SAY("\x16\x03\x03\0\x01\x02"), WAIT(20),
      SAY("500 what is that?\r\n"), LISTEN},
     {OC_TLS_PROTOCOL, SRC_SSL, SSL_R_WRONG_VERSION_NUMBER},
     3,
     NULL,
     NULL},
    {"alert",
     {GREETING, HEAR, OFFER, HEAR, GO, HELLO, SAY("\x15\x03\x01\0\x02\x02\x28"), LISTEN},
     {OC_TLS_ALERT, SRC_ALERT, 40},
     3,
     NULL,
     NULL},
    {"close_notify",
     {GREETING, HEAR, OFFER, HEAR, GO, HELLO, SAY("\x15\x03\x01\0\x02\x01\0"), LISTEN},
     {OC_TLS_CLOSED, SRC_ALERT, 0},
     3,
     NULL,
     NULL},
};

static void on_silence(uv_timer_t *handle)
{
    struct trial *t = handle->data;

    timers_run(&t->timers, t->timers.now_ms + t->env.total_timeout_ms);
}

/* Deadlines pass when the peer has done its steps, and what it said is there. */
static void on_dialog(uv_timer_t *handle)
{
    struct trial *t = handle->data;

    if (t->peer->listening)
        uv_timer_start(handle, on_silence, SAID_MS, 0);
}

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
        t.clock_stands = true;
        t.peer = &peer;
        uv_timer_start(&t.cancel, on_dialog, 5, 5);
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

/* A loop that comes late finds bytes, reset and all at once, and says the same as one that did not. */
static void test_late_loop(void **state)
{
    static const struct {
        struct peer_step steps[4];
        unsigned n_replies;
        bool connected; /* before it is late */
    } rows[] = {
        {{RESET}, 0, false},
        {{WAIT(50), SAY("220-x\r\n"), RESET}, 1, true},
    };

    (void)state;
    for (unsigned i = 0; i < STS_LEN(rows); i++) {
        struct address address;
        struct peer peer;
        struct trial t;

        assert_int_equal(peer_start(&peer, IP, rows[i].steps, NULL), 0);
        trial_init(&t, peer.port);
        t.clock_stands = true;
        assert_int_equal(address_parse(IP, &address), STS_OK);
        t.probe = probe_start(&t.env, HOST, &address, &t.arena, &t.evidence, on_done, &t);
        t.started = true;
        while (rows[i].connected && t.probe->smtp.state == SMTP_CONNECT)
            uv_run(&t.loop, UV_RUN_ONCE);
        usleep(200000);
        uv_run(&t.loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&t.loop), 0);
        peer_stop(&peer);
        assert_outcome(&t, OC_SMTP_RESET, SRC_ERRNO, ECONNRESET);
        assert_int_equal(t.evidence.replies.n, rows[i].n_replies);
        trial_fini(&t);
    }
}

/* The alert that we owe is on the wire before the connection closes. */
static void test_own_alert(void **state)
{
    static const struct peer_step steps[] = {
        GREETING, HEAR, OFFER, HEAR, GO, HELLO, SAY("\x16\x03\x03\0\x04\x01\0\0\0"), LISTEN};
    struct peer peer;
    struct trial t;

    (void)state;
    assert_int_equal(peer_start(&peer, IP, steps, NULL), 0);
    trial_init(&t, peer.port);
    t.clock_stands = true;
    trial_run(&t, HOST, IP);
    peer_stop(&peer);
    assert_outcome(&t, OC_TLS_PROTOCOL, SRC_SSL, SSL_R_UNEXPECTED_MESSAGE);
    assert_true(peer.n_heard > 7);
    assert_memory_equal(peer.heard + peer.n_heard - 7, "\x15\x03", 2);
    assert_memory_equal(peer.heard + peer.n_heard - 2, "\x02\x0a", 2); /* fatal, unexpected_message */
    trial_fini(&t);
}

/* More bytes behind the 220 than one read takes. */
static void test_much_injected(void **state)
{
    static char much[PROBE_READ_BYTES + 4000];
    const struct peer_step steps[] = {GREETING, HEAR, OFFER, HEAR, {PEER_SAY, much, sizeof(much), 0}, LISTEN};
    struct peer peer;
    struct trial t;

    (void)state;
    memset(much, 'x', sizeof(much));
    memcpy(much, "220 go\r\n", 8);
    assert_int_equal(peer_start(&peer, IP, steps, NULL), 0);
    trial_init(&t, peer.port);
    t.clock_stands = true;
    trial_run(&t, HOST, IP);
    peer_stop(&peer);
    assert_outcome(&t, OC_STARTTLS_INJECTED, SRC_BYTES, sizeof(much) - 8);
    assert_int_equal(t.evidence.injected_bytes, sizeof(much) - 8);
    assert_int_equal(t.evidence.injected.len, 512);
    trial_fini(&t);
}

static void test_refused(void **state)
{
    struct peer peer;
    struct trial t;

    (void)state;
    assert_int_equal(peer_bind(&peer, IP), 0); /* nobody else gets the port */
    trial_init(&t, peer.port);
    trial_run(&t, HOST, IP);
    assert_outcome(&t, OC_TCP_REFUSED, SRC_ERRNO, ECONNREFUSED);
    trial_fini(&t);
    close(peer.listener);
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

static void on_cancel(uv_timer_t *handle)
{
    struct trial *t = handle->data;

    probe_cancel(t->probe, OC_OUR_STOP);
    probe_cancel(t->probe, OC_OUR_STALL); /* no harm */
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

/* --- the end from our side --- */

/* Wait until the peer has done its steps, and for what it said last. */
static void on_look(uv_timer_t *handle)
{
    struct trial *t = handle->data;

    if (t->peer->listening)
        uv_timer_start(handle, on_cancel, SAID_MS, 0);
}

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
        {{SAY("554 no\r\n"), HEAR, LISTEN}, OC_SMTP_GREETING_5XX},
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
        t.peer = &peer;
        uv_timer_start(&t.cancel, on_look, 5, 5);
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
    struct address ip, foreign;
    struct peer peer;
    struct trial t;

    (void)state;
    assert_int_equal(address_parse(IP, &ip), STS_OK);
    assert_int_equal(address_parse("192.0.2.1", &foreign), STS_OK);
    assert_int_equal(peer_start(&peer, IP, steps, NULL), 0);
    for (int fails = 0; fails < 2; fails++) {
        trial_init(&t, peer.port);
        t.env.local_v4 = fails ? &foreign : NULL;
        t.probe = probe_start(&t.env, HOST, &ip, &t.arena, &t.evidence, on_done, &t);
        assert_non_null(t.probe);
        probe_cancel(t.probe, OC_OUR_STOP);
        assert_int_equal(t.n_done, 0);
        t.started = true;
        uv_run(&t.loop, UV_RUN_DEFAULT);
        assert_int_equal(t.n_done, 1);
        assert_string_equal(outcome_name(t.r.oc), outcome_name(fails ? OC_OUR_NETWORK : OC_OUR_STOP));
        assert_int_equal(uv_loop_close(&t.loop), 0);
        trial_fini(&t);
    }
    peer_stop(&peer);
}

/* What does not fit into the socket goes later, in order; what is left at the close is dropped. */
static void test_late_writes(void **state)
{
    static char data[300000], back[sizeof(data)];
    struct probe p = {.send_err = 0};
    struct trial t;
    size_t got = 0;
    ssize_t n;
    int fds[2];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i % 251);
    trial_init(&t, 25);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(uv_tcp_init(&t.loop, &p.tcp), 0);
    assert_int_equal(uv_tcp_open(&p.tcp, fds[0]), 0);
    for (size_t i = 0; i < sizeof(data); i += 100000)
        assert_int_equal(probe_send(&p, data + i, 100000), STS_OK);
    assert_true(uv_stream_get_write_queue_size((uv_stream_t *)&p.tcp) > 0);
    while (got < sizeof(back)) {
        n = recv(fds[1], back + got, sizeof(back) - got, 0);
        if (n > 0)
            got += (size_t)n;
        else
            uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    assert_memory_equal(data, back, sizeof(data));
    for (int i = 0; i < 3; i++)
        assert_int_equal(probe_send(&p, data, sizeof(data)), STS_OK);
    uv_close((uv_handle_t *)&p.tcp, NULL);
    t.started = true;
    on_done(&t, t.r);
    uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&t.loop), 0);
    trial_fini(&t);
    close(fds[1]);
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
    t.clock_stands = true;
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

static bool raise_loopback(int fd)
{
    struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};

    return ioctl(fd, SIOCSIFFLAGS, &up) == 0;
}

static bool set_network(const char *name, const char *value)
{
    char path[100];
    int file;
    bool ok;

    snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", name);
    file = open(path, O_WRONLY);
    ok = file >= 0 && write(file, value, strlen(value)) == (ssize_t)strlen(value);
    close(file);
    return ok;
}

/* There, with the interface up and a single port to connect from. */
static bool no_ports(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct peer peer;
    struct trial t;

    if (!raise_loopback(fd) || peer_listen(&peer, IP, 8) != 0 ||
        !set_network("ip_local_port_range", "40000 40000\n"))
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialogs),         cmocka_unit_test(test_own_alert),
        cmocka_unit_test(test_much_injected),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_connect_timeout), cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_at_once),  cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_source_address),  cmocka_unit_test(test_late_writes),
        cmocka_unit_test(test_network),         cmocka_unit_test(test_late_loop),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
