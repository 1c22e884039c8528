/* test_smtp.c - the reply machine: scripts of peers, each fed at once, byte by byte and cut at random. The
 * runner is that of the fuzz target. */
#include "tests/fuzz/fuzz_smtp.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define RANDOM_CUTS 100
#define MOST_STEPS  8

struct bytes {
    const char *p;
    size_t n;
};
#define B(text)                \
    {                          \
        text, sizeof(text) - 1 \
    }
#define GREETING B("220 mx.example ESMTP\r\n")
#define OFFER    B("250-mx.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n")
#define BYE      B("221 bye\r\n")

static const struct script {
    const char *name;
    struct bytes says[MOST_STEPS]; /* each after a command of ours, or after the handshake */
    uint8_t end;                   /* C close, T time-out, R reset; where the machine has not ended before */
    struct result r;
    const char *path; /* from GREET on */
    const char *sent; /* commands, each with CR LF */
    unsigned n_replies;
    struct bytes garbage, injected;
} scripts[] = {
    {"all goes well",
     {GREETING, OFFER, B("220 go\r\n"), B("250-mx.example\r\n250 REQUIRETLS\r\n"), BYE},
     'C',
     {OC_OK, SRC_NONE, 0},
     "EHLO STARTTLS DRAIN TLS EHLO2 QUIT END",
     "EHLO scan.example\r\nSTARTTLS\r\nEHLO scan.example\r\nQUIT\r\n",
     5},
    {"bare LF, bare codes, lower case, a parameter",
     {B("220\n"), B("250-mx\n250-starttls now\n250\n"), B("220\n"), B("250\n"), B("221\n")},
     'C',
     {OC_OK, SRC_NONE, 0},
     "EHLO STARTTLS DRAIN TLS EHLO2 QUIT END",
     NULL,
     5},
    {"multi-line greeting, all at once and too early",
     {B("220-one\r\n220-two\r\n220 three\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n"), B("250 mx\r\n"), BYE},
     'C',
     {OC_OK, SRC_NONE, 0},
     "EHLO STARTTLS DRAIN TLS EHLO2 QUIT END",
     NULL,
     5},
    {"closed after the handshake stays OK",
     {GREETING, OFFER, B("220 go\r\n")},
     'C',
     {OC_OK, SRC_NONE, 0},
     "EHLO STARTTLS DRAIN TLS EHLO2 END",
     NULL,
     3},
    {"second EHLO refused stays OK",
     {GREETING, OFFER, B("220 go\r\n"), B("503 no\r\n")},
     'R',
     {OC_OK, SRC_NONE, 0},
     "EHLO STARTTLS DRAIN TLS EHLO2 QUIT END",
     NULL,
     4},
    {"rubbish inside TLS stays OK",
     {GREETING, OFFER, B("220 go\r\n"), B("what?\r\n")},
     'T',
     {OC_OK, SRC_NONE, 0},
     "EHLO STARTTLS DRAIN TLS EHLO2 JUNK END",
     NULL,
     3,
     B("what?\r\n")},
    {"greeting 421",
     {B("421 busy\r\n")},
     'C',
     {OC_SMTP_GREETING_4XX, SRC_SMTP, 421},
     "QUIT END",
     "QUIT\r\n",
     1},
    {"greeting 450, QUIT answered",
     {B("450 later\r\n"), BYE},
     'T',
     {OC_SMTP_GREETING_4XX, SRC_SMTP, 450},
     "QUIT END",
     "QUIT\r\n",
     2},
    {"greeting 554, no answer to QUIT",
     {B("554-no\r\n554 never\r\n")},
     'T',
     {OC_SMTP_GREETING_5XX, SRC_SMTP, 554},
     "QUIT END",
     "QUIT\r\n",
     1},
    {"greeting 354", {B("354 go\r\n"), BYE}, 'C', {OC_SMTP_PROTOCOL, SRC_SMTP, 354}, "QUIT END", NULL, 2},
    {"EHLO unknown, HELO known",
     {GREETING, B("502 what\r\n"), B("250 hello\r\n"), BYE},
     'C',
     {OC_SMTP_HELO_ONLY, SRC_SMTP, 250},
     "EHLO HELO QUIT END",
     "EHLO scan.example\r\nHELO scan.example\r\nQUIT\r\n",
     4},
    {"EHLO and HELO refused",
     {GREETING, B("550 no\r\n"), B("554 no\r\n")},
     'C',
     {OC_SMTP_EHLO_5XX, SRC_SMTP, 554},
     "EHLO HELO QUIT END",
     NULL,
     3},
    {"EHLO refused, HELO refused for now",
     {GREETING, B("550 no\r\n"), B("450 no\r\n"), BYE},
     'C',
     {OC_SMTP_EHLO_4XX, SRC_SMTP, 450},
     "EHLO HELO QUIT END",
     NULL,
     4},
    {"EHLO refused, HELO beside the point",
     {GREETING, B("550 no\r\n"), B("354 go\r\n"), BYE},
     'C',
     {OC_SMTP_PROTOCOL, SRC_SMTP, 354},
     "EHLO HELO QUIT END",
     NULL,
     4},
    {"EHLO 421",
     {GREETING, B("421 no\r\n")},
     'C',
     {OC_SMTP_EHLO_4XX, SRC_SMTP, 421},
     "EHLO QUIT END",
     NULL,
     2},
    {"EHLO 451",
     {GREETING, B("451 no\r\n")},
     'C',
     {OC_SMTP_EHLO_4XX, SRC_SMTP, 451},
     "EHLO QUIT END",
     NULL,
     2},
    {"no STARTTLS",
     {GREETING, B("250-STARTTLS\r\n250-XSTARTTLS\r\n250-STARTTLSX\r\n250 SIZE STARTTLS\r\n"), BYE},
     'C',
     {OC_SMTP_NO_STARTTLS, SRC_SMTP, 250},
     "EHLO QUIT END",
     NULL,
     3},
    {"a second greeting is no answer to EHLO",
     {B("220 one\r\n220 two\r\n"), B("")},
     'C',
     {OC_SMTP_PROTOCOL, SRC_SMTP, 220},
     "EHLO QUIT END",
     NULL,
     2},
    {"STARTTLS 454",
     {GREETING, OFFER, B("454 no\r\n"), BYE},
     'C',
     {OC_STARTTLS_4XX, SRC_SMTP, 454},
     "EHLO STARTTLS QUIT END",
     NULL,
     4},
    {"STARTTLS 501",
     {GREETING, OFFER, B("501 no\r\n")},
     'C',
     {OC_STARTTLS_5XX, SRC_SMTP, 501},
     "EHLO STARTTLS QUIT END",
     NULL,
     3},
    {"STARTTLS 250",
     {GREETING, OFFER, B("250 ok\r\n")},
     'C',
     {OC_STARTTLS_BAD_REPLY, SRC_SMTP, 250},
     "EHLO STARTTLS QUIT END",
     NULL,
     3},
    {"bytes behind the 220",
     {GREETING, OFFER, B("220 go\r\n250 injected\r\n")},
     'C',
     {OC_STARTTLS_INJECTED, SRC_BYTES, 14},
     "EHLO STARTTLS DRAIN END",
     "EHLO scan.example\r\nSTARTTLS\r\n",
     3,
     {NULL, 0},
     B("250 injected\r\n")},
    {"not SMTP",
     {B("HTTP/1.1 400 Bad Request\r\nServer: x\r\n")},
     'C',
     {OC_SMTP_NOT_SMTP, SRC_NONE, 0},
     "JUNK END",
     "",
     0,
     B("HTTP/1.1 400 Bad Request\r\nServer: x\r\n")},
    {"not SMTP: a code and no more",
     {B("220mx\r\n")},
     'T',
     {OC_SMTP_NOT_SMTP, SRC_NONE, 0},
     "JUNK END",
     "",
     0,
     B("220mx\r\n")},
    {"not SMTP: a CR within",
     {B("220\rmx\r\n")},
     'T',
     {OC_SMTP_NOT_SMTP, SRC_NONE, 0},
     "JUNK END",
     "",
     0,
     B("220\rmx\r\n")},
    {"not SMTP: an empty line",
     {B("\r\n220 mx\r\n")},
     'T',
     {OC_SMTP_NOT_SMTP, SRC_NONE, 0},
     "JUNK END",
     "",
     0,
     B("\r\n220 mx\r\n")},
    {"codes differ",
     {B("220-one\r\n250 two\r\n")},
     'C',
     {OC_SMTP_PROTOCOL, SRC_NONE, 0},
     "JUNK END",
     "",
     1,
     B("250 two\r\n")},
    {"no reply to EHLO",
     {GREETING, B("\x16\x03\x01\0\x05")},
     'R',
     {OC_SMTP_PROTOCOL, SRC_NONE, 0},
     "EHLO JUNK END",
     NULL,
     1,
     B("\x16\x03\x01\0\x05")},
    {"NUL and 8-bit bytes in a text",
     {B("220 a\0b\x80\xfe\r\n"), B("250 x\r\n")},
     'C',
     {OC_SMTP_NO_STARTTLS, SRC_SMTP, 250},
     "EHLO QUIT END",
     NULL,
     2},
    {"silent", {B("")}, 'T', {OC_SMTP_GREETING_TIMEOUT, SRC_NONE, 0}, "END", "", 0},
    {"half a greeting", {B("220-one\r\n220-tw")}, 'T', {OC_SMTP_GREETING_TIMEOUT, SRC_NONE, 0}, "END", "", 1},
    {"two bytes of a greeting", {B("22")}, 'C', {OC_SMTP_CLOSED_EARLY, SRC_NONE, 0}, "END", "", 0, B("22")},
    {"a greeting without its end",
     {B("554 go away")},
     'C',
     {OC_SMTP_CLOSED_EARLY, SRC_NONE, 0},
     "END",
     "",
     1},
    {"reset before the greeting", {B("")}, 'R', {OC_SMTP_RESET, SRC_ERRNO, ECONNRESET}, "END", "", 0},
    {"closed at EHLO", {GREETING}, 'C', {OC_SMTP_CLOSED, SRC_NONE, 0}, "EHLO END", NULL, 1},
    {"time-out in the reply to EHLO",
     {GREETING, B("250-mx\r\n250-STARTTLS\r\n")},
     'T',
     {OC_SMTP_TIMEOUT, SRC_NONE, 0},
     "EHLO END",
     NULL,
     2},
    {"reset at STARTTLS",
     {GREETING, OFFER},
     'R',
     {OC_SMTP_RESET, SRC_ERRNO, ECONNRESET},
     "EHLO STARTTLS END",
     NULL,
     2},
};

static void play(struct run *run, const struct script *script, uint32_t seed)
{
    run_begin(run, seed);
    for (unsigned i = 0; i < MOST_STEPS && script->says[i].p != NULL; i++) {
        run_say(run, (const uint8_t *)script->says[i].p, script->says[i].n);
        run_next(run);
    }
    run_end(run, script->end);
}

static void assert_bytes(struct sts_str is, struct bytes should_be)
{
    assert_int_equal(is.len, should_be.n);
    if (should_be.n > 0)
        assert_memory_equal(is.p, should_be.p, should_be.n);
}

static void test_scripts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STS_LEN(scripts); i++) {
        const struct script *script = &scripts[i];
        struct run once, split;
        char path[MOST_PATH];

        play(&once, script, 0);
        print_message("%s: %s\n", script->name, once.path);
        assert_string_equal(outcome_name(once.smtp.result.oc), outcome_name(script->r.oc));
        assert_int_equal(once.smtp.result.src, script->r.src);
        assert_int_equal(once.smtp.result.raw, script->r.raw);
        snprintf(path, sizeof(path), "CONNECT GREET %s", script->path);
        assert_string_equal(once.path, path);
        if (script->sent != NULL)
            assert_string_equal(once.sent, script->sent);
        assert_int_equal(once.evidence.replies.n, script->n_replies);
        assert_bytes(once.evidence.garbage, script->garbage);
        assert_bytes(once.evidence.injected, script->injected);
        assert_int_equal(once.evidence.injected_bytes, script->injected.n);
        for (uint32_t seed = 1; seed <= RANDOM_CUTS; seed++) {
            play(&split, script, seed);
            assert_true(run_equal(&once, &split));
            run_fini(&split);
        }
        run_fini(&once);
    }
}

static void test_evidence(void **state)
{
    static const char early[] = "220-a\0b\r\n220- \x80\r\n220\r\n";
    static const char late[] = "250-mx\r\n250-STAR";
    struct run run;
    const struct rec_reply *r;

    (void)state;
    run_begin(&run, 0);
    run_say(&run, (const uint8_t *)early, sizeof(early) - 1);
    run_say(&run, (const uint8_t *)late, sizeof(late) - 1);
    run_end(&run, 'T');
    assert_int_equal(run.evidence.connect_ms, 3);
    assert_int_equal(run.evidence.replies.n, 2);
    r = &run.evidence.replies.v[0];
    assert_true(sts_str_equal(r->to, sts_str("CONNECT")));
    assert_int_equal(r->code, 220);
    assert_int_equal(r->ms, 7);
    assert_false(r->cut);
    assert_int_equal(r->lines.n, 3);
    assert_bytes(r->lines.v[0], (struct bytes)B("a\0b"));
    assert_bytes(r->lines.v[1], (struct bytes)B(" \x80"));
    assert_bytes(r->lines.v[2], (struct bytes)B(""));
    r = &run.evidence.replies.v[1]; /* not whole: what came is kept, and marked */
    assert_true(sts_str_equal(r->to, sts_str("EHLO")));
    assert_true(r->cut);
    assert_int_equal(r->lines.n, 2);
    assert_bytes(r->lines.v[1], (struct bytes)B("STAR"));
    run_fini(&run);
}

/* `n` times `text` */
static void say_often(struct run *run, const char *text, unsigned n)
{
    for (unsigned i = 0; i < n && run->act != ACT_DONE; i++)
        run_say(run, (const uint8_t *)text, strlen(text));
}

static void test_limits(void **state)
{
    struct run run;
    const struct rec_reply *r;

    (void)state;
    for (uint32_t seed = 0; seed < 5; seed++) {
        /* A line of 4 KiB is read, and its first KiB kept. */
        run_begin(&run, seed);
        say_often(&run, "220 ", 1);
        say_often(&run, "x", SMTP_KEPT_JUNK_BYTES * 8);
        say_often(&run, "\r\n", 1);
        run_end(&run, 'C');
        assert_int_equal(run.smtp.result.oc, OC_SMTP_CLOSED);
        assert_int_equal(run.evidence.replies.v[0].lines.v[0].len, REPLY_KEPT_LINE_BYTES);
        assert_true(run.evidence.replies.v[0].cut);
        run_fini(&run);

        /* A text that is just as long as is kept is whole. */
        run_begin(&run, seed);
        say_often(&run, "220 ", 1);
        say_often(&run, "x", REPLY_KEPT_LINE_BYTES);
        say_often(&run, "\r\n", 1);
        run_end(&run, 'C');
        assert_int_equal(run.evidence.replies.v[0].lines.v[0].len, REPLY_KEPT_LINE_BYTES);
        assert_false(run.evidence.replies.v[0].cut);
        run_fini(&run);

        run_begin(&run, seed);
        say_often(&run, "220 ", 1);
        say_often(&run, "x", 100000);
        run_end(&run, 'C');
        assert_int_equal(run.smtp.result.oc, OC_SMTP_TOO_MUCH);
        assert_int_equal(run.smtp.result.src, SRC_BYTES);
        assert_int_equal(run.smtp.result.raw, 4 + REPLY_MOST_LINE_BYTES + 2);
        assert_int_equal(run.evidence.replies.n, 1);
        run_fini(&run);

        /* An unending reply. */
        run_begin(&run, seed);
        say_often(&run, "220-and so on\r\n", 100000);
        run_end(&run, 'C');
        assert_int_equal(run.smtp.result.oc, OC_SMTP_TOO_MUCH);
        r = &run.evidence.replies.v[0];
        assert_int_equal(r->lines.n, REPLY_KEPT_LINES);
        assert_true(r->cut);
        run_fini(&run);

        /* STARTTLS behind the lines that are kept. */
        run_begin(&run, seed);
        say_often(&run, "220 mx\r\n", 1);
        say_often(&run, "250-X\r\n", 100);
        say_often(&run, "250 STARTTLS\r\n", 1);
        assert_int_equal(run.smtp.state, SMTP_STARTTLS);
        assert_true(run.evidence.replies.v[1].cut);
        run_end(&run, 'C');
        run_fini(&run);

        /* Garbage and injected bytes: the first 512, and the machine ends by itself. */
        run_begin(&run, seed);
        say_often(&run, "junk", 1000);
        assert_int_equal(run.smtp.state, SMTP_END);
        run_end(&run, 'C');
        assert_int_equal(run.smtp.result.oc, OC_SMTP_NOT_SMTP);
        assert_int_equal(run.evidence.garbage.len, SMTP_KEPT_JUNK_BYTES);
        run_fini(&run);
    }
}

static void test_injected_flood(void **state)
{
    static uint8_t flood[SMTP_MOST_BYTES + 100];
    struct run run;

    (void)state;
    memset(flood, 'x', sizeof(flood));
    memcpy(flood, "220 go\r\n", 8);
    for (uint32_t seed = 0; seed < 3; seed++) {
        run_begin(&run, seed);
        say_often(&run, "220 mx\r\n", 1);
        say_often(&run, "250-mx\r\n250 STARTTLS\r\n", 1);
        run_say(&run, flood, sizeof(flood));
        assert_int_equal(run.smtp.state, SMTP_END);
        run_end(&run, 'C');
        assert_int_equal(run.smtp.result.oc, OC_STARTTLS_INJECTED);
        assert_int_equal(run.evidence.injected.len, SMTP_KEPT_JUNK_BYTES);
        assert_int_equal(run.evidence.injected_bytes, run.smtp.result.raw);
        assert_int_equal(run.smtp.result.raw, SMTP_MOST_BYTES + 1);
        run_fini(&run);
    }
}

/* Every errno, in every state that has no result yet. */
static void test_lost(void **state)
{
    static const struct {
        enum smtp_state state;
        int err;
        enum outcome oc;
    } cases[] = {
        {SMTP_CONNECT, ECONNREFUSED, OC_TCP_REFUSED},    {SMTP_CONNECT, ETIMEDOUT, OC_TCP_TIMEOUT},
        {SMTP_CONNECT, ECONNRESET, OC_SMTP_RESET},       {SMTP_CONNECT, EHOSTUNREACH, OC_TCP_UNREACHABLE},
        {SMTP_CONNECT, ENETUNREACH, OC_TCP_UNREACHABLE}, {SMTP_CONNECT, EACCES, OC_TCP_OTHER},
        {SMTP_CONNECT, EADDRNOTAVAIL, OC_OUR_PORTS},     {SMTP_GREET, ETIMEDOUT, OC_SMTP_GREETING_TIMEOUT},
        {SMTP_GREET, 0, OC_SMTP_CLOSED_EARLY},           {SMTP_GREET, EPIPE, OC_SMTP_RESET},
        {SMTP_EHLO, ETIMEDOUT, OC_SMTP_TIMEOUT},         {SMTP_HELO, 0, OC_SMTP_CLOSED},
        {SMTP_STARTTLS, ECONNRESET, OC_SMTP_RESET},      {SMTP_STARTTLS, EHOSTUNREACH, OC_TCP_UNREACHABLE},
        {SMTP_DRAIN, ECONNRESET, OC_TLS_RESET},          {SMTP_TLS, 0, OC_TLS_CLOSED},
        {SMTP_TLS, ETIMEDOUT, OC_TLS_TIMEOUT},           {SMTP_TLS, ENOBUFS, OC_OUR_MEMORY},
    };
    struct run run;

    (void)state;
    for (unsigned i = 0; i < STS_LEN(cases); i++) {
        run_begin(&run, 0);
        run.smtp.state = cases[i].state;
        assert_int_equal(smtp_lost(&run.smtp, cases[i].err, 1), ACT_DONE);
        assert_string_equal(outcome_name(run.smtp.result.oc), outcome_name(cases[i].oc));
        assert_int_equal(run.smtp.result.raw, cases[i].err);
        /* The first result stands. */
        assert_int_equal(smtp_end(&run.smtp, (struct result){.oc = OC_OUR_STOP}, 2), ACT_DONE);
        assert_int_equal(run.smtp.result.oc, cases[i].oc);
        run_fini(&run);
    }
}

/* Bytes behind the 220, then a reset: that they were there is the stronger statement. And nothing after the
 * end. */
static void test_injected_reset(void **state)
{
    static const uint8_t go[] = "220 go\r\nx";
    struct run run;
    size_t used;

    (void)state;
    run_begin(&run, 0);
    say_often(&run, "220 mx\r\n", 1);
    say_often(&run, "250-mx\r\n250 STARTTLS\r\n", 1);
    assert_int_equal(smtp_feed(&run.smtp, go, sizeof(go) - 1, 1, &used), ACT_DRAIN);
    assert_int_equal(used, sizeof(go) - 1);
    assert_int_equal(smtp_lost(&run.smtp, ECONNRESET, 1), ACT_DONE);
    assert_int_equal(run.smtp.result.oc, OC_STARTTLS_INJECTED);
    assert_int_equal(smtp_feed(&run.smtp, go, sizeof(go) - 1, 1, &used), ACT_DONE);
    assert_int_equal(used, sizeof(go) - 1);
    assert_int_equal(run.evidence.injected_bytes, 1);
    run_fini(&run);
}

static void test_deadlines(void **state)
{
    struct run run;

    (void)state;
    run_begin(&run, 0);
    assert_int_equal(run.smtp.wait_ms, 45);
    say_often(&run, "220 mx\r\n", 1);
    assert_int_equal(run.smtp.wait_ms, 0);
    say_often(&run, "250 mx\r\n", 1);
    assert_int_equal(run.smtp.wait_ms, SMTP_QUIT_WAIT_MS);
    assert_int_equal(smtp_timeout(&run.smtp, 1), ACT_DONE);
    assert_int_equal(run.smtp.result.oc, OC_SMTP_NO_STARTTLS);
    run_fini(&run);
    run_begin(&run, 0);
    say_often(&run, "hello", 1);
    assert_int_equal(run.smtp.wait_ms, SMTP_JUNK_WAIT_MS);
    run_fini(&run);
}

/* Without memory it ends, as our own fault, wherever that happens. */
static void test_memory(void **state)
{
    struct run run;

    (void)state;
    for (size_t limit = 1; limit < 40000; limit += 500) {
        run_begin(&run, 0);
        arena_init(&run.arena, limit);
        for (unsigned i = 0; i < 60 && run.act != ACT_DONE; i++)
            say_often(&run, "220-a line of a greeting that takes some memory, again and again .....\r\n", 1);
        say_often(&run, "220 mx\r\n", 1);
        say_often(&run, "junk", 1);
        run_end(&run, 'C');
        if (limit < 1024)
            assert_int_equal(run.smtp.result.oc, OC_OUR_MEMORY);
        run_fini(&run);
    }
}

/* What the fuzzer is given to begin with. */
static void test_fuzz_target(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STS_LEN(scripts); i++) {
        uint8_t input[1024];
        size_t n = 5;

        for (unsigned step = 0; step < MOST_STEPS && scripts[i].says[step].p != NULL; step++) {
            memcpy(input + n, scripts[i].says[step].p, scripts[i].says[step].n);
            n += scripts[i].says[step].n;
            input[n++] = SAYS_NEXT;
        }
        input[4] = scripts[i].end;
        for (uint32_t seed = 0; seed < 50; seed++) {
            memcpy(input, &seed, 4);
            for (size_t len = seed % 2 == 0 ? n : seed; len <= n; len += n)
                assert_int_equal(LLVMFuzzerTestOneInput(input, len), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),     cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_limits),      cmocka_unit_test(test_injected_flood),
        cmocka_unit_test(test_lost),        cmocka_unit_test(test_injected_reset),
        cmocka_unit_test(test_deadlines),   cmocka_unit_test(test_memory),
        cmocka_unit_test(test_fuzz_target),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
