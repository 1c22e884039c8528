/* MX servers: each address is one, that behaves by its class. smtp_session.c knows what to say; this sends
 * it, at once, late, or in pieces, and does what comes then. */
#include "bench/sim/conn.h"
#include "bench/sim/smtp_session.h"
#include "bench/sim/smtp_visits.h"
#include "bench/sim/text.h"

#include <stdio.h>
#include <string.h>

#define IDLE_MS         (5.0 * 60 * 1000) /* RFC 5321 section 4.5.3.2.7 */
#define ENDLESS_MS      20.0              /* from some lines of an endless greeting to the next */
#define PIECE_MS        1.0  /* from one piece of a reply to the next, lest the kernel join them */
#define MOST_PIECE      4    /* bytes */
#define MOST_LINE_BYTES 1024 /* of commands read ahead; RFC 5321 section 4.5.3.1.4 asks for lines of 512 */
#define MOST_SPLIT      1024 /* a reply in pieces; longer: not in pieces */

/* What the timer is for. No command is read but while WAIT_IDLE. */
enum wait { WAIT_IDLE, WAIT_GREETING, WAIT_PIECE, WAIT_MORE };

struct smtp {
    struct server_fate fate;
    struct smtp_session session;
    enum wait wait;
    bool shared;   /* each customer has a name for it: one wildcard certificate for all of them */
    bool deaf;     /* what comes now is dropped: a handshake is to come, or the end */
    bool too_long; /* the line that is being read has lost its beginning */
    size_t n_in, n_split, split_at;
    unsigned n_pieces;
    enum smtp_then then; /* after the last piece */
    char host[NAME_BYTES];
    char in[MOST_LINE_BYTES];
    char split[MOST_SPLIT];
};

/* ---- out ---- */

static void wait_for(struct conn *c, enum wait wait, double ms)
{
    struct smtp *s = conn_state(c);
    s->wait = wait;
    conn_wait(c, ms);
}

static void go_deaf(struct smtp *s)
{
    s->deaf = true;
    s->n_in = 0;
}

static void go_on(struct conn *c, enum smtp_then then)
{
    struct smtp *s = conn_state(c);
    wait_for(c, WAIT_IDLE, IDLE_MS);
    switch (then) {
    case SMTP_THEN_READ: break;
    case SMTP_THEN_TLS:
        go_deaf(s);
        conn_start_tls(c);
        break;
    case SMTP_THEN_MORE: wait_for(c, WAIT_MORE, ENDLESS_MS); break;
    case SMTP_THEN_DEAF:
        go_deaf(s);
        conn_wait(c, CONN_MOST_MS);
        break;
    case SMTP_THEN_CLOSE:
        go_deaf(s);
        conn_close(c);
        break;
    case SMTP_THEN_RESET:
        go_deaf(s);
        conn_reset(c);
        break;
    }
}

static void send_reply(struct conn *c, const struct smtp_reply *reply, double wait_ms)
{
    struct smtp *s = conn_state(c);
    if (s->fate.smtp == SMTP_SPLIT && reply->len <= MOST_SPLIT) {
        memcpy(s->split, reply->text, reply->len);
        s->n_split = reply->len;
        s->split_at = 0;
        s->then = reply->then;
        wait_for(c, WAIT_PIECE, conn_sim(c)->no_latency ? 0 : wait_ms);
        return;
    }
    conn_write(c, reply->text, reply->len, wait_ms);
    go_on(c, reply->then);
}

/* One to MOST_PIECE bytes, by turns. */
static void send_piece(struct conn *c)
{
    struct smtp *s = conn_state(c);
    size_t len = 1 + s->n_pieces++ % MOST_PIECE, left = s->n_split - s->split_at;
    if (len > left)
        len = left;
    conn_write(c, s->split + s->split_at, len, 0);
    s->split_at += len;
    if (s->split_at < s->n_split)
        wait_for(c, WAIT_PIECE, PIECE_MS);
    else
        go_on(c, s->then);
}

/* ---- in ---- */

static void answer(struct conn *c, const char *line, size_t len, bool whole)
{
    struct smtp *s = conn_state(c);
    struct smtp_reply reply;
    bool quit = s->session.quit;
    smtp_answer(&s->session, line, len, whole, &reply);
    conn_sim(c)->counts.smtp_sessions += s->session.quit && !quit;
    send_reply(c, &reply, s->fate.latency_ms);
}

static void take_lines(struct conn *c)
{
    struct smtp *s = conn_state(c);
    char *lf;
    while (s->wait == WAIT_IDLE && s->n_in > 0 && (lf = memchr(s->in, '\n', s->n_in)) != NULL) {
        size_t len = (size_t)(lf - s->in);
        bool whole = !s->too_long;
        s->too_long = false;
        answer(c, s->in, len, whole);
        if (s->deaf)
            return;
        s->n_in -= len + 1;
        memmove(s->in, lf + 1, s->n_in);
    }
}

/* A client may talk ahead of our replies as far as `in` goes. */
static void on_data(struct conn *c, const char *p, size_t len)
{
    struct smtp *s = conn_state(c);
    while (len > 0 && !s->deaf) {
        size_t n = sizeof s->in - s->n_in < len ? sizeof s->in - s->n_in : len;
        memcpy(s->in + s->n_in, p, n);
        s->n_in += n;
        p += n;
        len -= n;
        take_lines(c);
        if (s->deaf || s->n_in < sizeof s->in)
            continue;
        if (s->wait != WAIT_IDLE) {
            go_on(c, SMTP_THEN_RESET);
            return;
        }
        s->n_in = 0;
        s->too_long = true;
    }
}

/* ---- the beginning ---- */

/* The name that the server has for itself, and in its certificate where no other is asked for. */
static void name_host(const struct world *w, uint32_t address, struct smtp *s)
{
    struct host_id id;
    server_host_of(w, address, &id);
    s->shared = id.kind == HOST_CUSTOMER;
    if (s->fate.cert == CERT_OTHER_HOST)
        id.index = 0;
    if (id.kind == HOST_NONE)
        snprintf(s->host, NAME_BYTES, "localhost");
    else
        host_name(w, &id, s->host);
}

static void greet(struct conn *c)
{
    struct smtp *s = conn_state(c);
    struct smtp_reply reply;
    smtp_greet(&s->session, &reply);
    send_reply(c, &reply, s->fate.smtp == SMTP_SLOW ? 0 : s->fate.latency_ms);
}

static bool too_many(struct conn *c)
{
    const double *param = conn_sim(c)->world->param;
    uint32_t n_open, n_in_second;
    return conn_watch(c, &n_open, &n_in_second) &&
           (n_open > param[PARAM_SMTP_PER_IP] || n_in_second > param[PARAM_SMTP_RATE_PER_IP]);
}

static void on_begin(struct conn *c)
{
    struct smtp *s = conn_state(c);
    struct sim *sim = conn_sim(c);
    uint32_t address = conn_address(c);
    server_fate_of(sim->world, address, &s->fate);
    name_host(sim->world, address, s);
    s->session = (struct smtp_session){.class_ = s->fate.smtp,
                                       .chance = draw(sim->world, DRAW_TEXT, address, 1),
                                       .software = s->fate.software,
                                       .host = s->host};
    if (too_many(c)) {
        struct smtp_reply reply;
        smtp_too_many(&s->session, &reply);
        sim->counts.smtp_too_many++;
        send_reply(c, &reply, 0);
        return;
    }
    if (smtp_asks_visit(s->fate.smtp))
        s->session.visit = smtp_visit(sim->visits, address);
    if (s->fate.smtp == SMTP_SLOW)
        wait_for(c, WAIT_GREETING, s->fate.greeting_ms);
    else
        greet(c);
}

/* ---- TLS ---- */

static enum conn_handshake handshake_of(enum smtp_class c)
{
    switch (c) {
    case SMTP_GO_CLOSE: return HANDSHAKE_CLOSE;
    case SMTP_GO_RESET: return HANDSHAKE_RESET;
    case SMTP_GO_GARBAGE: return HANDSHAKE_GARBAGE;
    case SMTP_GO_STALL: return HANDSHAKE_STALL;
    case SMTP_ALERT: return HANDSHAKE_ALERT;
    case SMTP_SSL3: return HANDSHAKE_SSL3;
    case SMTP_TLS12: return HANDSHAKE_TLS12;
    case SMTP_TLS11: return HANDSHAKE_TLS11;
    case SMTP_TLS10: return HANDSHAKE_TLS10;
    default: return HANDSHAKE_DONE;
    }
}

/* In lower case. False: no name that a certificate could be made for. */
static bool take_sni(const char *sni, size_t len, char out[NAME_BYTES])
{
    if (len == 0 || len >= NAME_BYTES)
        return false;
    for (size_t i = 0; i < len; i++) {
        char ch = sni[i];
        if (ch >= 'A' && ch <= 'Z')
            ch = (char)(ch - 'A' + 'a');
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' || ch == '.'))
            return false;
        out[i] = ch;
    }
    out[len] = '\0';
    return out[0] != '.' && out[len - 1] != '.';
}

static bool same_parent(const char *a, const char *b)
{
    const char *a_dot = strchr(a, '.'), *b_dot = strchr(b, '.');
    return a_dot != NULL && b_dot != NULL && strcmp(a_dot, b_dot) == 0;
}

static void choose_cert(const struct smtp *s, const char *sni, size_t len, struct conn_tls *out)
{
    bool named = sni != NULL && take_sni(sni, len, out->host);
    out->cert = s->fate.smtp == SMTP_SNI && !named ? CERT_WRONG_NAME : s->fate.cert;
    if (out->cert == CERT_OTHER_HOST) { /* the very certificate that the first host shows */
        out->cert = CERT_GOOD;
        named = false;
    }
    if (named && s->shared && out->cert == CERT_GOOD && same_parent(out->host, s->host)) {
        out->cert = CERT_WILDCARD;
        named = false;
    }
    if (!named)
        memcpy(out->host, s->host, NAME_BYTES);
    out->key = text_hash(TEXT_HASH, out->host, strlen(out->host));
}

static void on_tls_choose(struct conn *c, const char *sni, size_t len, struct conn_tls *out)
{
    struct smtp *s = conn_state(c);
    out->handshake = handshake_of(s->fate.smtp);
    if (out->handshake != HANDSHAKE_DONE && out->handshake != HANDSHAKE_TLS10 &&
        out->handshake != HANDSHAKE_TLS11 && out->handshake != HANDSHAKE_TLS12)
        s->session.fault = true;
    choose_cert(s, sni, len, out);
}

static void on_tls_done(struct conn *c)
{
    struct smtp *s = conn_state(c);
    smtp_tls_stands(&s->session);
    s->deaf = false;
    wait_for(c, WAIT_IDLE, IDLE_MS);
}

/* ---- time, and the end ---- */

static void on_idle(struct conn *c)
{
    struct smtp *s = conn_state(c);
    struct smtp_reply reply;
    if (s->deaf) { /* a handshake that did not come about */
        conn_reset(c);
        return;
    }
    smtp_timed_out(&s->session, &reply);
    send_reply(c, &reply, 0);
}

static void on_timer(struct conn *c)
{
    struct smtp *s = conn_state(c);
    struct smtp_reply reply;
    switch (s->wait) {
    case WAIT_IDLE: on_idle(c); return;
    case WAIT_GREETING: greet(c); break;
    case WAIT_PIECE: send_piece(c); break;
    case WAIT_MORE:
        smtp_more(&s->session, &reply);
        send_reply(c, &reply, 0);
        return;
    }
    if (!s->deaf)
        take_lines(c);
}

static void on_end(struct conn *c)
{
    const struct smtp *s = conn_state(c);
    conn_sim(c)->counts.smtp_faults += s->session.fault;
}

static const struct conn_protocol protocol = {
    .bytes = sizeof(struct smtp),
    .begin = on_begin,
    .data = on_data,
    .tls_choose = on_tls_choose,
    .tls_done = on_tls_done,
    .timer = on_timer,
    .end = on_end,
};

struct conn_server *smtp_start(struct sim *sim, uint16_t port, char *error, size_t error_len)
{
    if (sim->visits == NULL)
        sim->visits = smtp_visits_new();
    if (sim->visits == NULL) {
        snprintf(error, error_len, "out of memory");
        return NULL;
    }
    return conn_listen(sim, port, &protocol, WATCH_SMTP, &sim->counts.smtp_accepted,
                       &sim->counts.smtp_handshakes, error, error_len);
}
