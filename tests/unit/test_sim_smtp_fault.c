/* test_sim_smtp_fault.c - smtp.c, smtp_session.c and smtp_visits.c: MX servers that greet badly, late or in
 * pieces, that change from one visit to the next, or do not start TLS. */
#include "bench/sim/smtp_visits.h"
#include "tests/unit/sim_smtp_scene.h"

/* ---- greetings ---- */

static void turned_away(void **state)
{
    (void)state;
    scene.chance = 1;
    greets(SMTP_G554, "554 ", true, true);
    greets(SMTP_G421, "421 ", true, true);
    greets(SMTP_G450, "450 ", true, true);
    greets(SMTP_TIMEOUTS, "554 5.7.1 " SCENE_HOST " Too many timeouts", true, true);
    greets(SMTP_EARLY_CLOSE, "", true, true);
    struct conn *c = connect_to(SMTP_RESET);
    assert_true(c->reset && c->n_out == 0);
    hang_up(c);
    c = connect_to(SMTP_EARLY_CLOSE);
    assert_int_equal(c->n_out, 0);
    hang_up(c);
    c = connect_to(SMTP_EHLO_421);
    begins(c, "220 ");
    says(c, "EHLO me\r\n", "421 ");
    assert_true(c->closed);
    hang_up(c);
    assert_int_equal(scene.sim.counts.smtp_faults, 8);
    assert_int_equal(scene.sim.counts.smtp_sessions, 0);
}

/* RFC 5321 section 3.1 */
static void a_554_that_waits_for_quit(void **state)
{
    (void)state;
    scene.chance = 2;
    struct conn *c = connect_to(SMTP_G554);
    begins(c, "554 ");
    assert_false(c->closed);
    says(c, "EHLO me\r\n", "503 ");
    says(c, "STARTTLS\r\n", "503 ");
    says(c, "QUIT\r\n", "221 ");
    assert_true(c->closed);
    hang_up(c);
    assert_int_equal(scene.sim.counts.smtp_faults, 1);
}

static void silent(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_SILENT);
    tell(c, "EHLO me\r\nQUIT\r\n");
    assert_int_equal(c->n_out, 0);
    assert_false(c->closed || c->reset);
    hang_up(c);
    assert_int_equal(scene.sim.counts.smtp_faults, 1);
}

static void not_smtp(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_NOT_SMTP);
    begins(c, "SSH-2.0-");
    assert_false(c->closed);
    says(c, "QUIT\r\n", "Invalid SSH");
    assert_true(c->closed);
    hang_up(c);
}

static void long_greetings(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_BANNER_4K);
    assert_int_equal(c->n_out, 4000);
    assert_int_equal(whole_reply(c->out, "220"), 1);
    says(c, "EHLO me\r\n", "250-");
    hang_up(c);
    c = connect_to(SMTP_MULTILINE);
    assert_true(whole_reply(c->out, "220") >= 3);
    hang_up(c);
}

static void slow(void **state)
{
    (void)state;
    scene.sim.no_latency = true;
    struct conn *c = connect_to(SMTP_SLOW);
    assert_int_equal(c->n_out, 0);
    assert_true(c->timer_ms == 15000);
    tell(c, "EHLO me\r\n"); /* too early: heard, not answered */
    assert_int_equal(c->n_out, 0);
    run_timer(c);
    begins(c, "220 " SCENE_HOST " ESMTP Tester\r\n250-" SCENE_HOST);
    says(c, "QUIT\r\n", "221 ");
    hang_up(c);
}

static void endless(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_ENDLESS);
    for (int i = 0; i < 40; i++) {
        for (const char *line = c->out; *line != '\0'; line = strstr(line, "\r\n") + 2)
            assert_memory_equal(line, "220-", 4);
        assert_true(c->n_out > 0 && c->timer_ms >= 0 && c->timer_ms < 1000);
        c->n_out = 0;
        run_timer(c);
    }
    tell(c, "QUIT\r\n");
    assert_int_equal(c->n_out, 0);
    hang_up(c);
    assert_int_equal(scene.sim.counts.smtp_faults, 1);
}

static void lines_end_with_lf(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_LF);
    assert_string_equal(c->out, "220 " SCENE_HOST " ESMTP Tester\n");
    tell(c, "EHLO me\r\n");
    assert_null(strchr(c->out, '\r'));
    says(c, "QUIT\r\n", "221 2.0.0 " SCENE_HOST " closing connection\n");
    hang_up(c);
}

/* All pieces of a reply; each is a write of its own, a moment after the one before. */
static unsigned take_pieces(struct conn *c)
{
    unsigned n = 0;
    c->most_write = 0;
    while (c->timer_ms >= 0 && c->timer_ms < 1000) {
        unsigned before = c->n_writes;
        run_timer(c);
        assert_int_equal(c->n_writes, before + 1);
        n++;
    }
    assert_true(c->most_write <= 4);
    return n;
}

static void in_pieces(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_SPLIT), *same = connect_to(SMTP_OK);
    assert_true(c->n_out == 0 && c->timer_ms == 7);
    assert_true(take_pieces(c) > 10);
    assert_string_equal(c->out, same->out);
    tell(same, "EHLO me\r\nNOOP\r\n");
    tell(c, "EHLO me\r\nNOOP\r\n"); /* the second waits until the first is answered */
    take_pieces(c);
    assert_string_equal(c->out, same->out);
    tell(c, "STARTTLS\r\n");
    assert_false(c->starts_tls);
    take_pieces(c);
    shake_hands(c);
    tell(c, "QUIT\r\n");
    assert_false(c->closed);
    take_pieces(c);
    begins(c, "221 ");
    assert_true(c->closed);
    hang_up(c);
    hang_up(same);
    scene.sim.no_latency = true;
    c = connect_to(SMTP_SPLIT);
    assert_true(c->timer_ms == 0);
    hang_up(c);
}

/* Whoever talks on and on while a reply is on its way is dropped. */
static void too_far_ahead(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_SPLIT);
    for (int i = 0; i < 200 && !c->reset; i++)
        tell(c, "NOOP\r\nNOOP\r\n");
    assert_true(c->reset);
    hang_up(c);
}

/* ---- visits ---- */

static void greylist(void **state)
{
    (void)state;
    greets(SMTP_GREYLIST, "421 4.7.0 ", true, true);
    greets(SMTP_GREYLIST, "220 ", false, false);
    greets(SMTP_GREYLIST, "220 ", false, false);
    struct conn *c = connect_at(SCENE_SERVER + 1, SMTP_GREYLIST);
    begins(c, "421 ");
    hang_up(c);
}

static void second_look(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_SECOND_LOOK);
    says(c, "EHLO me\r\n", "250-");
    assert_null(strcasestr(c->out, "STARTTLS"));
    says(c, "STARTTLS\r\n", "502 ");
    hang_up(c);
    scene.n_open = 6; /* turned away: not a look */
    c = connect_at(SCENE_SERVER + 1, SMTP_SECOND_LOOK);
    hang_up(c);
    scene.n_open = 1;
    c = connect_at(SCENE_SERVER + 1, SMTP_SECOND_LOOK);
    says(c, "EHLO me\r\n", "250-");
    assert_null(strcasestr(c->out, "STARTTLS"));
    hang_up(c);
    c = connect_at(SCENE_SERVER + 1, SMTP_SECOND_LOOK);
    says(c, "EHLO me\r\n", "250-");
    assert_non_null(strcasestr(c->out, "STARTTLS"));
    says(c, "STARTTLS\r\n", "220 ");
    hang_up(c);
}

static void visits_are_bounded(void **state)
{
    (void)state;
    struct smtp_visits *v = smtp_visits_new();
    for (uint32_t i = 0; i < SMTP_MOST_VISITED / 4; i++)
        assert_int_equal(smtp_visit(v, SCENE_SERVER + i), 1);
    for (uint32_t i = 0; i < SMTP_MOST_VISITED / 4; i++)
        assert_int_equal(smtp_visit(v, SCENE_SERVER + i), 2);
    for (uint32_t i = 0; i < 2 * SMTP_MOST_VISITED; i++)
        smtp_visit(v, i);
    assert_int_equal(smtp_visit(v, SCENE_SERVER), 1);
    assert_int_equal(smtp_visit(v, 2 * SMTP_MOST_VISITED - 1), 2);
    smtp_visits_free(v);
}

/* Not the one that was known first goes, but the one that was last seen longest ago. */
static void a_regular_is_not_forgotten(void **state)
{
    (void)state;
    struct smtp_visits *v = smtp_visits_new();
    for (uint32_t i = 0; i < 2 * SMTP_MOST_VISITED; i++) {
        if (i % 1000 == 0)
            assert_int_equal(smtp_visit(v, SCENE_SERVER), i / 1000 + 1);
        smtp_visit(v, i);
    }
    smtp_visits_free(v);
}

/* ---- STARTTLS ---- */

static void without_starttls(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_HELO_ONLY);
    says(c, "EHLO me\r\n", "502 ");
    says(c, "HELO me\r\n", "250 ");
    says(c, "STARTTLS\r\n", "502 ");
    says(c, "QUIT\r\n", "221 ");
    hang_up(c);
    c = connect_to(SMTP_NO_STARTTLS);
    says(c, "EHLO me\r\n", "250-");
    assert_null(strcasestr(c->out, "STARTTLS"));
    says(c, "STARTTLS\r\n", "502 ");
    hang_up(c);
}

static void starttls_refused(void **state)
{
    (void)state;
    static const struct {
        enum smtp_class class_;
        const char *reply;
    } rows[] = {{SMTP_S454, "454 "}, {SMTP_S502, "502 "}};
    for (int i = 0; i < 2; i++) {
        struct conn *c = connect_to(rows[i].class_);
        says(c, "EHLO me\r\n", "250-");
        assert_non_null(strcasestr(c->out, "STARTTLS"));
        says(c, "STARTTLS\r\n", rows[i].reply);
        assert_false(c->starts_tls);
        says(c, "QUIT\r\n", "221 ");
        hang_up(c);
    }
}

static void injected(void **state)
{
    (void)state;
    struct conn *c = connect_to(SMTP_INJECTED);
    says(c, "EHLO me\r\n", "250-");
    says(c, "STARTTLS\r\n", "220 ");
    assert_non_null(strstr(c->out, "\r\n250 "));
    assert_int_equal(c->n_writes, 1);
    assert_true(c->starts_tls);
    hang_up(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(turned_away),
        SCENE(a_554_that_waits_for_quit),
        SCENE(silent),
        SCENE(not_smtp),
        SCENE(long_greetings),
        SCENE(slow),
        SCENE(endless),
        SCENE(lines_end_with_lf),
        SCENE(in_pieces),
        SCENE(too_far_ahead),
        SCENE(greylist),
        SCENE(second_look),
        SCENE(visits_are_bounded),
        SCENE(a_regular_is_not_forgotten),
        SCENE(without_starttls),
        SCENE(starttls_refused),
        SCENE(injected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
