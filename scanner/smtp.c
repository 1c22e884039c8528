#include "scanner/smtp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MOST_REPLIES 6u /* one for each of CONNECT, EHLO, HELO, STARTTLS, EHLO2, QUIT */

const char *smtp_state_name(enum smtp_state state)
{
    static const char *const names[] = {
#define X(name) #name,
        SMTP_STATES(X)
#undef X
    };

    return (unsigned)state < STS_LEN(names) ? names[state] : "?";
}

/* The only writer of `state`. */
static void set_state(struct smtp *s, enum smtp_state next)
{
    if (s->config.trace != NULL)
        s->config.trace(s->config.trace_arg, s->state, next);
    s->state = next;
    switch (next) {
    case SMTP_CONNECT: s->wait_ms = s->config.connect_timeout_ms; break;
    case SMTP_GREET: s->wait_ms = s->config.greeting_timeout_ms; break;
    case SMTP_QUIT: s->wait_ms = SMTP_QUIT_WAIT_MS; break;
    case SMTP_JUNK: s->wait_ms = SMTP_JUNK_WAIT_MS; break;
    default: s->wait_ms = 0; break;
    }
}

/* The only writer of `result`: the first one stands, but where memory was out something of it is missing. */
static void settle(struct smtp *s, enum outcome oc, enum outcome_source src, int32_t raw)
{
    if (s->result.oc == OC_NONE || oc == OC_OUR_MEMORY)
        s->result = (struct result){.oc = (uint16_t)oc, .src = (uint8_t)src, .raw = raw};
}

/* End with this result, unless one is there. */
static enum smtp_act finish(struct smtp *s, enum outcome oc, enum outcome_source src, int32_t raw)
{
    settle(s, oc, src, raw);
    if (s->state != SMTP_END)
        set_state(s, SMTP_END);
    return ACT_DONE;
}

static enum smtp_act no_memory(struct smtp *s)
{
    return finish(s, OC_OUR_MEMORY, SRC_NONE, 0);
}

/* The reply decided: take leave. RFC 5321 section 4.1.1.10: no close without QUIT, also after an error;
 * section 3.1: also after a greeting that turns us away. */
static enum smtp_act leave(struct smtp *s, enum outcome oc, int32_t code)
{
    settle(s, oc, SRC_SMTP, code);
    set_state(s, SMTP_QUIT);
    return ACT_SEND;
}

static enum smtp_act send_next(struct smtp *s, enum smtp_state next)
{
    set_state(s, next);
    return ACT_SEND;
}

size_t smtp_command(const struct smtp *s, char out[SMTP_MOST_COMMAND_BYTES])
{
    int len;

    switch (s->state) {
    case SMTP_EHLO:
    case SMTP_EHLO2: len = snprintf(out, SMTP_MOST_COMMAND_BYTES, "EHLO %s\r\n", s->config.ehlo_name); break;
    case SMTP_HELO: len = snprintf(out, SMTP_MOST_COMMAND_BYTES, "HELO %s\r\n", s->config.ehlo_name); break;
    case SMTP_STARTTLS: len = snprintf(out, SMTP_MOST_COMMAND_BYTES, "STARTTLS\r\n"); break;
    case SMTP_QUIT: len = snprintf(out, SMTP_MOST_COMMAND_BYTES, "QUIT\r\n"); break;
    default: len = 0; break;
    }
    return len > 0 && (unsigned)len < SMTP_MOST_COMMAND_BYTES ? (size_t)len : 0;
}

/* RFC 5321 section 4.2: codes that are not foreseen are read by their first digit. */
static int class_of(int32_t code)
{
    return code / 100;
}

/* RFC 5321 section 3.1: 220, or 554 from a server that takes no mail; 4.2.2: 421. */
static enum smtp_act on_greet(struct smtp *s, int32_t code)
{
    switch (class_of(code)) {
    case 2: return send_next(s, SMTP_EHLO);
    case 4: return leave(s, OC_SMTP_GREETING_4XX, code);
    case 5: return leave(s, OC_SMTP_GREETING_5XX, code);
    default: return leave(s, OC_SMTP_PROTOCOL, code);
    }
}

/* RFC 5321 section 4.1.1.1; section 3.2: a server that does not know EHLO is asked with HELO. */
static enum smtp_act on_ehlo(struct smtp *s, int32_t code)
{
    if (class_of(code) == 2 && s->offered)
        return send_next(s, SMTP_STARTTLS);
    /* "Absent" is a sure statement, so only the code that belongs to EHLO makes it: a second 220 would be a
     * greeting in two replies. */
    if (code == 250)
        return leave(s, OC_SMTP_NO_STARTTLS, code);
    switch (class_of(code)) {
    case 4: return leave(s, OC_SMTP_EHLO_4XX, code);
    case 5: return send_next(s, SMTP_HELO);
    default: return leave(s, OC_SMTP_PROTOCOL, code);
    }
}

static enum smtp_act on_helo(struct smtp *s, int32_t code)
{
    switch (class_of(code)) {
    case 2: return leave(s, OC_SMTP_HELO_ONLY, code);
    case 4: return leave(s, OC_SMTP_EHLO_4XX, code);
    case 5: return leave(s, OC_SMTP_EHLO_5XX, code);
    default: return leave(s, OC_SMTP_PROTOCOL, code);
    }
}

/* RFC 3207 section 4: 220, 501 or 454. */
static enum smtp_act on_starttls(struct smtp *s, int32_t code)
{
    if (code == 220) {
        set_state(s, SMTP_DRAIN);
        return ACT_DRAIN;
    }
    switch (class_of(code)) {
    case 4: return leave(s, OC_STARTTLS_4XX, code);
    case 5: return leave(s, OC_STARTTLS_5XX, code);
    default: return leave(s, OC_STARTTLS_BAD_REPLY, code);
    }
}

static enum smtp_act on_reply(struct smtp *s, int32_t code)
{
    switch (s->state) {
    case SMTP_GREET: return on_greet(s, code);
    case SMTP_EHLO: return on_ehlo(s, code);
    case SMTP_HELO: return on_helo(s, code);
    case SMTP_STARTTLS: return on_starttls(s, code);
    case SMTP_EHLO2: return leave(s, OC_OK, code);   /* whatever it says, the handshake was done */
    default: return finish(s, OC_NONE, SRC_NONE, 0); /* QUIT: the result is there */
    }
}

/* The place for the reply that begins. */
static int begin_reply(struct smtp *s)
{
    struct rec_endpoint *e = s->evidence;

    if (e->replies.v == NULL)
        e->replies.v = arena_alloc(s->arena, MOST_REPLIES * sizeof(*e->replies.v));
    if (e->replies.v == NULL || e->replies.n >= MOST_REPLIES)
        return STS_ENOMEM;
    reply_begin(&s->reader, s->arena, &e->replies.v[e->replies.n]);
    s->reader.reply->to = sts_str(s->state == SMTP_GREET ? "CONNECT" : smtp_state_name(s->state));
    return STS_OK;
}

/* The reply is as whole as it gets: it becomes evidence. */
static void end_reply(struct smtp *s, uint64_t ms)
{
    s->reader.reply->ms = ms;
    s->reader.reply = NULL;
    s->evidence->replies.n++;
}

static int keep_junk(struct smtp *s, struct sts_str *junk, const void *p, size_t n)
{
    char *room = (char *)(uintptr_t)junk->p;

    if (room == NULL)
        junk->p = room = arena_alloc(s->arena, SMTP_KEPT_JUNK_BYTES);
    if (room == NULL)
        return STS_ENOMEM;
    if (n > SMTP_KEPT_JUNK_BYTES - junk->len)
        n = SMTP_KEPT_JUNK_BYTES - junk->len;
    memcpy(room + junk->len, p, n);
    junk->len += (uint32_t)n;
    return STS_OK;
}

/* The lines of a reply that will not become whole are evidence too, with `cut`. */
static void keep_lines(struct smtp *s, uint64_t ms)
{
    if (s->reader.reply == NULL || s->reader.n_lines == 0)
        return;
    s->reader.reply->cut = true;
    end_reply(s, ms);
}

static int keep_unfinished(struct smtp *s, uint64_t ms)
{
    struct sts_str line;
    int rc = STS_OK;

    if (s->reader.reply == NULL)
        return STS_OK;
    if (!reply_keep_unfinished(&s->reader)) {
        line = reply_unfinished(&s->reader);
        rc = keep_junk(s, &s->evidence->garbage, line.p, line.len);
    }
    keep_lines(s, ms);
    return rc;
}

/* The unfinished line is no reply, or not of this reply. Its bytes and those behind are kept for a while. */
static enum smtp_act begin_junk(struct smtp *s, uint64_t ms)
{
    const struct sts_str line = reply_unfinished(&s->reader);
    const bool first = s->state == SMTP_GREET && s->reader.n_lines == 0;

    settle(s, first ? OC_SMTP_NOT_SMTP : OC_SMTP_PROTOCOL, SRC_NONE, 0);
    keep_lines(s, ms);
    s->reader.reply = NULL;
    if (keep_junk(s, &s->evidence->garbage, line.p, line.len) != STS_OK)
        return no_memory(s);
    set_state(s, SMTP_JUNK);
    return ACT_READ;
}

/* RFC 5321 section 4.1.1.1: ehlo-keyword, in any case; RFC 3207 section 2: it has no parameters, but a peer
 * that adds one has offered it. */
static bool is_starttls(struct sts_str text)
{
    static const char keyword[] = "STARTTLS";
    const uint32_t len = sizeof(keyword) - 1;

    if (text.len < len || strncasecmp(text.p, keyword, len) != 0)
        return false;
    return text.len == len || text.p[len] == ' ' || text.p[len] == '\t';
}

static enum smtp_act take_reply_byte(struct smtp *s, uint8_t c, uint64_t ms)
{
    struct reply_reader *r = &s->reader;
    enum reply_event event;

    if (r->reply == NULL && begin_reply(s) != STS_OK)
        return no_memory(s);
    event = reply_take(r, c);
    /* The first line of the reply to EHLO is the domain and a greeting (RFC 5321 section 4.1.1.1). */
    if (s->state == SMTP_EHLO && (event == REPLY_LINE || event == REPLY_WHOLE) && r->n_lines > 1)
        s->offered = s->offered || is_starttls(r->text);
    switch (event) {
    case REPLY_MORE:
    case REPLY_LINE: return ACT_READ;
    case REPLY_BAD: return begin_junk(s, ms);
    case REPLY_TOO_MUCH:
        return smtp_end(s, (struct result){OC_SMTP_TOO_MUCH, SRC_BYTES, (int32_t)r->raw_bytes}, ms);
    case REPLY_NO_MEMORY: return no_memory(s);
    case REPLY_WHOLE: break;
    }
    const int32_t code = (int32_t)r->reply->code;

    end_reply(s, ms);
    return on_reply(s, code);
}

static enum smtp_act take_byte(struct smtp *s, uint8_t c, uint64_t ms)
{
    struct rec_endpoint *e = s->evidence;

    switch (s->state) {
    case SMTP_DRAIN:
        if (keep_junk(s, &e->injected, &c, 1) != STS_OK)
            return no_memory(s);
        e->injected_bytes++;
        return e->injected_bytes > SMTP_MOST_BYTES ? smtp_drained(s) : ACT_DRAIN;
    case SMTP_JUNK:
        if (keep_junk(s, &e->garbage, &c, 1) != STS_OK)
            return no_memory(s);
        return e->garbage.len == SMTP_KEPT_JUNK_BYTES ? finish(s, OC_NONE, SRC_NONE, 0) : ACT_READ;
    default: return take_reply_byte(s, c, ms);
    }
}

enum smtp_act smtp_feed(struct smtp *s, const uint8_t *p, size_t n, uint64_t ms, size_t *used)
{
    enum smtp_act act = s->state == SMTP_DRAIN ? ACT_DRAIN : ACT_READ;

    *used = 0;
    if (s->state == SMTP_END || s->state == SMTP_CONNECT || s->state == SMTP_TLS) { /* no bytes in these */
        *used = n;
        return s->state == SMTP_END ? ACT_DONE : ACT_READ;
    }
    while (*used < n && (act == ACT_READ || act == ACT_DRAIN))
        act = take_byte(s, p[(*used)++], ms);
    return act;
}

/* RFC 3207 section 4.2: all that was learned before TLS is discarded; bytes in the clear behind the 220 would
 * be taken for part of what TLS protects (the class of CVE-2021-22947). */
enum smtp_act smtp_drained(struct smtp *s)
{
    if (s->evidence->injected_bytes > 0)
        return finish(s, OC_STARTTLS_INJECTED, SRC_BYTES, (int32_t)s->evidence->injected_bytes);
    set_state(s, SMTP_TLS);
    return ACT_TLS;
}

/* RFC 3207 section 4.2: the client says EHLO again. */
enum smtp_act smtp_tls_done(struct smtp *s)
{
    settle(s, OC_OK, SRC_NONE, 0);
    return send_next(s, SMTP_EHLO2);
}

enum smtp_act smtp_connected(struct smtp *s, uint64_t ms)
{
    s->evidence->connect_ms = ms;
    set_state(s, SMTP_GREET);
    return ACT_READ;
}

/* What the end of a connection or of patience means, by state; later states have their result. */
static const struct {
    enum outcome timeout, closed, reset;
} ends[] = {
    /* A SYN is never answered with "reset": the connection was there, and we were late to look. */
    [SMTP_CONNECT] = {OC_TCP_TIMEOUT, OC_TCP_OTHER, OC_SMTP_RESET},
    [SMTP_GREET] = {OC_SMTP_GREETING_TIMEOUT, OC_SMTP_CLOSED_EARLY, OC_SMTP_RESET},
    [SMTP_EHLO] = {OC_SMTP_TIMEOUT, OC_SMTP_CLOSED, OC_SMTP_RESET},
    [SMTP_HELO] = {OC_SMTP_TIMEOUT, OC_SMTP_CLOSED, OC_SMTP_RESET},
    [SMTP_STARTTLS] = {OC_SMTP_TIMEOUT, OC_SMTP_CLOSED, OC_SMTP_RESET},
    [SMTP_DRAIN] = {OC_TLS_TIMEOUT, OC_TLS_CLOSED, OC_TLS_RESET},
    [SMTP_TLS] = {OC_TLS_TIMEOUT, OC_TLS_CLOSED, OC_TLS_RESET},
    [SMTP_END] = {OC_NONE, OC_NONE, OC_NONE},
};

static enum outcome lost_outcome(const struct smtp *s, int err)
{
    switch (err) {
    case 0: return ends[s->state].closed;
    case ETIMEDOUT: return ends[s->state].timeout;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE: return ends[s->state].reset;
    case ECONNREFUSED: return OC_TCP_REFUSED;
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH: return OC_TCP_UNREACHABLE; /* a router on the way said so (RFC 792) */
    case EADDRINUSE:
    case EADDRNOTAVAIL: return OC_OUR_PORTS;
    case ENOMEM:
    case ENOBUFS: return OC_OUR_MEMORY;
    default: return OC_TCP_OTHER;
    }
}

enum smtp_act smtp_lost(struct smtp *s, int err, uint64_t ms)
{
    const enum outcome oc = lost_outcome(s, err);

    return smtp_end(s, (struct result){(uint16_t)oc, err != 0 ? SRC_ERRNO : SRC_NONE, err}, ms);
}

enum smtp_act smtp_timeout(struct smtp *s, uint64_t ms)
{
    return smtp_end(s, (struct result){(uint16_t)ends[s->state].timeout, SRC_NONE, 0}, ms);
}

enum smtp_act smtp_end(struct smtp *s, struct result r, uint64_t ms)
{
    if (s->state == SMTP_DRAIN && s->evidence->injected_bytes > 0)
        return smtp_drained(s);
    if (keep_unfinished(s, ms) != STS_OK)
        return no_memory(s);
    return finish(s, r.oc, r.src, r.raw);
}

void smtp_init(struct smtp *s, const struct smtp_config *config, struct arena *arena,
               struct rec_endpoint *evidence)
{
    memset(s, 0, sizeof(*s));
    s->config = *config;
    s->arena = arena;
    s->evidence = evidence;
    evidence->connect_ms = evidence->injected_bytes = 0;
    evidence->replies.v = NULL;
    evidence->replies.n = 0;
    evidence->injected = evidence->garbage = (struct sts_str){NULL, 0};
    set_state(s, SMTP_CONNECT);
}
