/* test_sim_smtp.c - smtp.c and smtp_session.c: a dialog with a good MX server, its certificates, its limits,
 * clients that say anything. */
#include "tests/unit/sim_smtp_scene.h"

/* ---- a good server ---- */

static void the_whole_dialog(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_OK);
    assert_string_equal(c->out, "220 " SCENE_HOST " ESMTP Tester\r\n");
    assert_true(c->wait_ms == 7);
    says(c, "EHLO me.example\r\n", "250-" SCENE_HOST "\r\n250-PIPELINING\r\n");
    assert_true(whole_reply(c->out, "250") > 3);
    assert_non_null(strstr(c->out, "STARTTLS\r\n") ? c->out : strstr(c->out, "StartTLS\r\n"));
    assert_null(strstr(c->out, "AUTH"));
    assert_null(strstr(c->out, "REQUIRETLS"));
    assert_true(c->wait_ms == 7);
    says(c, "STARTTLS\r\n", "220 ");
    assert_int_equal(whole_reply(c->out, "220"), 1);
    shake_hands(c);
    says(c, "STARTTLS\r\n", "503 ");
    says(c, "MAIL FROM:<>\r\n", "503 "); /* the EHLO before TLS does not count */
    says(c, "EHLO me.example\r\n", "250-" SCENE_HOST "\r\n");
    assert_null(strcasestr(c->out, "STARTTLS"));
    assert_non_null(strstr(c->out, "AUTH"));
    assert_non_null(strstr(c->out, "REQUIRETLS"));
    says(c, "QUIT\r\n", "221 ");
    assert_true(c->closed);
    tell(c, "NOOP\r\n");
    assert_int_equal(c->n_out, 0);
    hang_up(c);
    assert_int_equal(scene.sim.counts.smtp_sessions, 1);
    assert_int_equal(scene.sim.counts.smtp_faults, 0);
}

/* Whatever extensions a server has: a well-formed list with SIZE, and STARTTLS before TLS only. */
static void extensions(void **state)
{
    (void)state;
    uint64_t random = 5;
    unsigned with_chunking = 0, odd_case = 0;
    for (int i = 0; i < 500; i++) {
        scene.chance = random_next(&random);
        struct conn *c = connect_to(SMTP_OK);
        tell(c, "EHLO me\r\n");
        whole_reply(c->out, "250");
        assert_non_null(strstr(c->out, "SIZE"));
        assert_non_null(strcasestr(c->out, "STARTTLS"));
        with_chunking += strstr(c->out, "CHUNKING") != NULL;
        odd_case += strstr(c->out, "StartTLS") != NULL;
        hang_up(c);
    }
    assert_in_range(with_chunking, 250, 400);
    assert_in_range(odd_case, 1, 30);
}

static void other_commands(void **state)
{
    (void)state;
    static const char *const dialog[][2] = {
        {"STARTTLS\r\n", "503 "},
        {"MAIL FROM:<a@b>\r\n", "503 "},
        {"EHLO\r\n", "501 "},
        {"HELO  \r\n", "501 "},
        {"helo me\r\n", "250 " SCENE_HOST},
        {"STARTTLS now\r\n", "501 "},
        {"MAIL FROM:<a@b>\r\n", "550 "},
        {"RCPT TO:<a@b>\r\n", "550 "},
        {"data\r\n", "550 "},
        {"NOOP anything\r\n", "250 "},
        {"RSET\r\n", "250 "},
        {"VRFY a\r\n", "252 "},
        {"HELP\r\n", "214 "},
        {"AUTH PLAIN AA\r\n", "538 "},
        {"XYZZY\r\n", "500 "},
        {"\r\n", "500 "},
        {"NOO\r\n", "500 "},
        {"NOOPS\r\n", "500 "},
        {"EHLO me\n", "250-"},
        {"noop \t \r\n", "250 "},
    };
    struct conn *c = connect_to(SMTP_OK);
    for (size_t i = 0; i < sizeof dialog / sizeof *dialog; i++)
        says(c, dialog[i][0], dialog[i][1]);
    hang_up(c);
}

static void too_many_bad_commands(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_OK);
    for (int i = 0; i < 10; i++) {
        says(c, "GET / HTTP/1.1\r\n", "500 ");
        assert_false(c->closed);
    }
    says(c, "Host: mx\r\n", "421 ");
    assert_true(c->closed);
    hang_up(c);
}

static void lines_in_any_pieces(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_OK);
    for (const char *p = "NOOP\r"; *p != '\0'; p++) {
        char one[2] = {*p, '\0'};
        tell(c, one);
        assert_int_equal(c->n_out, 0);
    }
    says(c, "\nRSET\r\nNOOP\r\nXYZZY\r\nNO", "250 2.0.0 OK\r\n250 2.0.0 OK\r\n250 2.0.0 OK\r\n500 ");
    assert_int_equal(c->n_writes, 4);
    says(c, "OP\r\n", "250 ");
    assert_int_equal(c->n_writes, 1);
    hang_up(c);
}

static void a_line_that_is_too_long(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_OK);
    char line[5000];
    memset(line, 'A', sizeof line);
    memcpy(line, "NOOP ", 5);
    scene.protocol->data(c, line, sizeof line);
    c->n_out = 0;
    scene.protocol->data(c, line, sizeof line);
    assert_int_equal(c->n_out, 0);
    says(c, "\r\nNOOP\r\n", "500 5.5.6");
    assert_non_null(strstr(c->out, "\r\n250 "));
    assert_null(strstr(strstr(c->out, "\r\n250 ") + 4, "\r\n250 "));
    hang_up(c);
}

/* What a client says in the clear behind its STARTTLS is never read (RFC 3207 section 4.2). */
static void nothing_is_taken_over_into_tls(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_OK);
    tell(c, "EHLO me\r\n");
    says(c, "STARTTLS\r\nNOOP\r\nMAIL FROM:<a@b>\r\nNO", "220 ");
    assert_int_equal(whole_reply(c->out, "220"), 1);
    scene.protocol->data(c, "OP\r\n", 4);
    assert_int_equal(whole_reply(c->out, "220"), 1);
    shake_hands(c);
    says(c, "OP\r\n", "500 ");
    hang_up(c);
}

static void idle(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_OK);
    assert_true(c->timer_ms == 300000);
    c->n_out = 0;
    run_timer(c);
    begins(c, "421 4.4.2 ");
    assert_true(c->closed);
    hang_up(c);
    c = connect_to(SMTP_OK);
    tell(c, "EHLO me\r\n");
    says(c, "STARTTLS\r\n", "220 ");
    run_timer(c); /* no handshake */
    assert_true(c->reset);
    hang_up(c);
}

static struct conn_tls choose(struct conn *c, const char *sni, size_t len)
{
    struct conn_tls out;
    memset(&out, 0xa5, sizeof out);
    scene.protocol->tls_choose(c, sni, len, &out);
    return out;
}

/* Each class that comes to a handshake has the certificate of its row, for the name that is asked for. */
static void handshakes(void **state)
{
    (void)state;
    static const enum conn_handshake wanted[SMTP_LIMIT] = {
        [SMTP_GO_CLOSE] = HANDSHAKE_CLOSE,     [SMTP_GO_RESET] = HANDSHAKE_RESET,
        [SMTP_GO_GARBAGE] = HANDSHAKE_GARBAGE, [SMTP_GO_STALL] = HANDSHAKE_STALL,
        [SMTP_ALERT] = HANDSHAKE_ALERT,        [SMTP_SSL3] = HANDSHAKE_SSL3,
        [SMTP_TLS12] = HANDSHAKE_TLS12,        [SMTP_TLS11] = HANDSHAKE_TLS11,
        [SMTP_TLS10] = HANDSHAKE_TLS10,
    };
    for (int i = SMTP_GO_CLOSE; i < SMTP_LIMIT; i++) {
        enum smtp_class class_ = (enum smtp_class)i;
        uint64_t before = scene.sim.counts.smtp_faults;
        struct conn *c = connect_to(class_);
        says(c, "EHLO me\r\n", "250-");
        says(c, "STARTTLS\r\n", "220 ");
        assert_true(c->starts_tls);
        struct conn_tls tls = choose(c, "mx.Some.example", 15);
        assert_int_equal(tls.handshake, wanted[i]);
        assert_int_equal(tls.cert, smtp_cert(class_));
        assert_string_equal(tls.host, "mx.some.example");
        hang_up(c);
        bool faulty = wanted[i] != HANDSHAKE_DONE && wanted[i] != HANDSHAKE_TLS12 &&
                      wanted[i] != HANDSHAKE_TLS11 && wanted[i] != HANDSHAKE_TLS10;
        assert_int_equal(scene.sim.counts.smtp_faults - before, faulty);
    }
}

static void certificate_names(void **state)
{
    (void)state;
    char dots[300];
    memset(dots, 'a', sizeof dots);
    struct conn *c = connect_to(SMTP_OK);
    struct conn_tls tls = choose(c, "mx.some.example", 15), again = choose(c, "MX.some.example", 15);
    assert_true(tls.key == again.key);
    again = choose(c, "mx2.some.example", 16);
    assert_true(tls.key != again.key);
    static const char *const odd[] = {"a\"b", "a b", "a\x80", "", ".a", "a.", "a/b", "*.a"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_string_equal(choose(c, odd[i], strlen(odd[i])).host, SCENE_HOST);
    assert_string_equal(choose(c, "a\0b", 3).host, SCENE_HOST);
    assert_string_equal(choose(c, NULL, 0).host, SCENE_HOST);
    assert_string_equal(choose(c, dots, sizeof dots).host, SCENE_HOST);
    assert_string_equal(choose(c, dots, NAME_BYTES).host, SCENE_HOST);
    assert_int_equal(strlen(choose(c, dots, NAME_BYTES - 1).host), NAME_BYTES - 1);
    hang_up(c);
    c = connect_at(SCENE_NO_HOST, SMTP_OK);
    begins(c, "220 localhost ");
    hang_up(c);
}

static void without_sni_another_certificate(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_SNI);
    assert_int_equal(choose(c, "mx.some.example", 15).cert, CERT_GOOD);
    assert_int_equal(choose(c, NULL, 0).cert, CERT_WRONG_NAME);
    assert_string_equal(choose(c, NULL, 0).host, SCENE_HOST);
    hang_up(c);
}

/* Whatever it is asked for: the very certificate that the first host shows when it is asked for its own. */
static void certificate_of_another_host(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_OK), *other = connect_at(SCENE_SECOND_MX, SMTP_OK);
    struct conn_tls own = choose(c, SCENE_HOST, strlen(SCENE_HOST));
    struct conn_tls shown = choose(other, "backup.own.example", 18);
    assert_int_equal(shown.cert, CERT_GOOD);
    assert_string_equal(shown.host, SCENE_HOST);
    assert_true(shown.cert == own.cert && shown.key == own.key && strcmp(shown.host, own.host) == 0);
    assert_string_equal(choose(other, NULL, 0).host, SCENE_HOST);
    hang_up(c);
    hang_up(other);
}

/* A host name for each customer, one certificate for all of them. */
static void customers_share(void **state)
{
    (void)state;
    struct conn *c = connect_at(SCENE_SHARED, SMTP_OK);
    struct conn_tls a = choose(c, "a-com.second.example", 20), b = choose(c, "b-com.second.example", 20);
    assert_int_equal(a.cert, CERT_WILDCARD);
    assert_string_equal(a.host, SCENE_CUSTOMER);
    assert_string_equal(b.host, SCENE_CUSTOMER);
    assert_true(a.key == b.key);
    assert_int_equal(choose(c, "mx.some.example", 15).cert, CERT_GOOD);
    assert_string_equal(choose(c, "mx.some.example", 15).host, "mx.some.example");
    assert_int_equal(choose(c, "localhost", 9).cert, CERT_GOOD);
    hang_up(c);
}

/* ---- limits of an address ---- */

static void limits_of_an_address(void **state)
{
    (void)state;
    scene.n_open = 5;
    scene.n_in_second = 10;
    greets(SMTP_OK, "220 ", false, false);
    assert_int_equal(scene.sim.counts.smtp_too_many, 0);
    scene.n_open = 6;
    greets(SMTP_OK, "421 4.7.0 " SCENE_HOST " too many connections\r\n", true, false);
    assert_int_equal(scene.sim.counts.smtp_too_many, 1);
    scene.n_open = 1;
    scene.n_in_second = 11;
    greets(SMTP_SILENT, "421 4.7.0 " SCENE_HOST " too many connections\r\n", true, false);
    assert_int_equal(scene.sim.counts.smtp_too_many, 2);
    scene.watched = false;
    greets(SMTP_OK, "220 ", false, false);
}

/* ---- anything ---- */

static void speak_at_random(struct conn *c, uint64_t *random)
{
    static const char *const words[] = {"EHLO", " me",      "STARTTLS", "\r\n", "\n",       "HELO x\r\n",
                                        "QUIT", "NOOP\r\n", "AUTH",     "\r",   "DATA\r\n", "MAIL FROM:<"};
    char bytes[3000];
    size_t len = 0;
    for (uint64_t n = random_next(random) % 20; n > 0; n--) {
        const char *word = words[random_next(random) % (sizeof words / sizeof *words)];
        memcpy(bytes + len, word, strlen(word));
        len += strlen(word);
    }
    if (random_next(random) % 4 == 0)
        for (uint64_t n = random_next(random) % 2000; n > 0; n--)
            bytes[len++] = (char)random_next(random);
    scene.protocol->data(c, bytes, len);
}

static void any_bytes(void **state)
{
    (void)state;
    uint64_t random = 11;
    for (unsigned run = 0; run < 40u * SMTP_LIMIT; run++) {
        scene.chance = random_next(&random);
        struct conn *c = connect_to((enum smtp_class)(run % SMTP_LIMIT));
        for (int i = 0; i < 60 && !c->closed && !c->reset; i++) {
            c->n_out = 0;
            if (c->starts_tls)
                shake_hands(c);
            else if (c->timer_ms >= 0 && random_next(&random) % 4 == 0)
                run_timer(c);
            else
                speak_at_random(c, &random);
        }
        hang_up(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(the_whole_dialog),
        SCENE(extensions),
        SCENE(other_commands),
        SCENE(too_many_bad_commands),
        SCENE(lines_in_any_pieces),
        SCENE(a_line_that_is_too_long),
        SCENE(nothing_is_taken_over_into_tls),
        SCENE(idle),
        SCENE(handshakes),
        SCENE(certificate_names),
        SCENE(without_sni_another_certificate),
        SCENE(certificate_of_another_host),
        SCENE(customers_share),
        SCENE(limits_of_an_address),
        SCENE(any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
