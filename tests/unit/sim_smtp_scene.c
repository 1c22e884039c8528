#include "tests/unit/sim_smtp_scene.h"

#include "bench/sim/smtp_visits.h"

/* ---- what smtp.c stands on ---- */

struct scene scene;

struct conn_server *conn_listen(struct sim *s, uint16_t port, const struct conn_protocol *p,
                                enum watch_service service, uint64_t *n_accepted, uint64_t *n_handshakes,
                                char *error, size_t error_len)
{
    assert_ptr_equal(s, &scene.sim);
    assert_int_equal(port, 25);
    assert_int_equal(service, WATCH_SMTP);
    assert_ptr_equal(n_accepted, &scene.sim.counts.smtp_accepted);
    assert_ptr_equal(n_handshakes, &scene.sim.counts.smtp_handshakes);
    assert_true(error != NULL && error_len > 0);
    scene.protocol = p;
    return (struct conn_server *)&scene.sim;
}

struct sim *conn_sim(const struct conn *c)
{
    return c->sim;
}

void *conn_state(struct conn *c)
{
    return c->state;
}

uint32_t conn_address(const struct conn *c)
{
    return c->address;
}

bool conn_watch(const struct conn *c, uint32_t *n_open, uint32_t *n_in_second)
{
    (void)c;
    *n_open = scene.n_open;
    *n_in_second = scene.n_in_second;
    return scene.watched;
}

void conn_write(struct conn *c, const void *p, size_t len, double wait_ms)
{
    assert_false(c->closed || c->reset || c->starts_tls);
    if (len == 0)
        return;
    assert_true(c->n_out + len < sizeof c->out);
    memcpy(c->out + c->n_out, p, len);
    c->n_out += len;
    c->out[c->n_out] = '\0';
    c->n_writes++;
    if (len > c->most_write)
        c->most_write = len;
    c->wait_ms = wait_ms;
}

void conn_wait(struct conn *c, double ms)
{
    c->timer_ms = ms;
}

void conn_start_tls(struct conn *c)
{
    c->starts_tls = true;
}

void conn_close(struct conn *c)
{
    c->closed = true;
}

void conn_reset(struct conn *c)
{
    c->reset = true;
}

void server_fate_of(const struct world *w, uint32_t address, struct server_fate *out)
{
    assert_ptr_equal(w, &scene.world);
    *out = scene.fate;
    if (address == SCENE_SECOND_MX)
        out->cert = CERT_OTHER_HOST;
}

uint64_t draw(const struct world *w, enum purpose p, uint64_t a, uint64_t b)
{
    (void)w;
    (void)p;
    (void)a;
    (void)b;
    return scene.chance;
}

void server_host_of(const struct world *w, uint32_t address, struct host_id *out)
{
    (void)w;
    *out = (struct host_id){.kind = HOST_SELF, .index = address == SCENE_SECOND_MX};
    if (address == SCENE_SHARED)
        out->kind = HOST_CUSTOMER;
    if (address == SCENE_NO_HOST)
        out->kind = HOST_NONE;
}

size_t host_name(const struct world *w, const struct host_id *id, char out[NAME_BYTES])
{
    (void)w;
    const char *own = id->index == 0 ? SCENE_HOST : "backup.own.example";
    return (size_t)snprintf(out, NAME_BYTES, "%s", id->kind == HOST_CUSTOMER ? SCENE_CUSTOMER : own);
}

/* ---- dialogs ---- */

struct conn *connect_at(uint32_t address, enum smtp_class class_)
{
    struct conn *c = calloc(1, sizeof *c);
    c->sim = &scene.sim;
    c->state = calloc(1, scene.protocol->bytes);
    c->address = address;
    c->timer_ms = -1;
    scene.fate.smtp = class_;
    scene.fate.cert = smtp_cert(class_);
    scene.protocol->begin(c);
    return c;
}

struct conn *connect_to(enum smtp_class class_)
{
    return connect_at(SCENE_SERVER, class_);
}

void hang_up(struct conn *c)
{
    scene.protocol->end(c);
    free(c->state);
    free(c);
}

void run_timer(struct conn *c)
{
    assert_true(c->timer_ms >= 0);
    c->timer_ms = -1;
    scene.protocol->timer(c);
}

void tell(struct conn *c, const char *text)
{
    c->n_out = c->n_writes = 0;
    c->out[0] = '\0';
    scene.protocol->data(c, text, strlen(text));
}

void begins(const struct conn *c, const char *want)
{
    if (strncmp(c->out, want, strlen(want)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", c->out, want);
}

void says(struct conn *c, const char *command, const char *want)
{
    tell(c, command);
    begins(c, want);
}

void shake_hands(struct conn *c)
{
    assert_true(c->starts_tls);
    c->starts_tls = false;
    scene.protocol->tls_done(c);
}

unsigned whole_reply(const char *text, const char *code)
{
    unsigned n = 0;
    bool last = false;
    while (*text != '\0') {
        assert_false(last);
        assert_memory_equal(text, code, 3);
        assert_true(text[3] == '-' || text[3] == ' ');
        last = text[3] == ' ';
        text = strstr(text, "\r\n");
        assert_non_null(text);
        text += 2;
        n++;
    }
    assert_true(last);
    return n;
}

int scene_setup(void **state)
{
    char error[64] = "";
    (void)state;
    scene = (struct scene){.sim.world = &scene.world};
    scene.fate = (struct server_fate){.latency_ms = 7, .greeting_ms = 15000, .software = "ESMTP Tester"};
    scene.chance = 0;
    scene.watched = true;
    scene.n_open = scene.n_in_second = 1;
    scene.world.param[PARAM_SMTP_PER_IP] = 5;
    scene.world.param[PARAM_SMTP_RATE_PER_IP] = 10;
    return smtp_start(&scene.sim, 25, error, sizeof error) == NULL;
}

int scene_teardown(void **state)
{
    (void)state;
    smtp_visits_free(scene.sim.visits);
    scene.sim.visits = NULL;
    return 0;
}

void greets(enum smtp_class class_, const char *want, bool closes, bool faulty)
{
    uint64_t before = scene.sim.counts.smtp_faults;
    struct conn *c = connect_to(class_);
    begins(c, want);
    assert_int_equal(c->closed, closes);
    assert_false(c->reset);
    hang_up(c);
    assert_int_equal(scene.sim.counts.smtp_faults - before, faulty);
}
