/* The policy server: the SNI says whose policy host is meant, its fate what becomes of the handshake and the
 * request. */
#include "bench/sim/https_inside.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WELL_KNOWN "/.well-known/mta-sts.txt" /* RFC 8461 section 3.3 */

/* ---- handshake ---- */

static enum conn_handshake handshake_of(enum policy_class policy)
{
    switch (policy) {
    case POLICY_ALERT: return HANDSHAKE_ALERT_SNI;
    case POLICY_NO_CIPHER: return HANDSHAKE_ALERT;
    case POLICY_TLS10: return HANDSHAKE_TLS10;
    case POLICY_TLS11: return HANDSHAKE_TLS11;
    case POLICY_SSL3: return HANDSHAKE_SSL3;
    case POLICY_RC4: return HANDSHAKE_RC4;
    case POLICY_GARBAGE: return HANDSHAKE_GARBAGE;
    case POLICY_HALF: return HANDSHAKE_HALF;
    case POLICY_TLS_STALL: return HANDSHAKE_STALL;
    case POLICY_RESET: return HANDSHAKE_RESET;
    default: return HANDSHAKE_DONE;
    }
}

static void choose_for_policy(struct conn *c, uint64_t i, struct conn_tls *out)
{
    const struct world *w = conn_sim(c)->world;
    struct https *h = conn_state(c);
    struct fate f;
    fate_of(w, i, &f);
    h->is_policy_host = true;
    h->i = i;
    policy_host_name(w, i, out->host);
    out->key = i;
    if (!f.fetchable)
        return;
    out->handshake = handshake_of(f.policy);
    conn_sim(c)->counts.https_faults += out->handshake != HANDSHAKE_DONE;
    out->cert = policy_cert(f.policy);
    if (out->cert == CERT_PROVIDER)
        provider_host_name(w, i, f.provider, out->host);
}

/* Whoever names no policy host gets what is there for anybody: the provider's certificate, where it is a
 * provider's server. */
static void choose_for_nobody(struct conn *c, const struct asked *asked, struct conn_tls *out)
{
    const struct world *w = conn_sim(c)->world;
    struct address_use use;
    address_used(w, conn_address(c), &use);
    if (asked->what == WHAT_PROVIDER_HOST)
        provider_host_name(w, asked->i, asked->n, out->host);
    else if (use.kind == ADDRESS_PROVIDER)
        provider_host_name(w, 0, (uint32_t)use.owner, out->host);
    else
        out->handshake = HANDSHAKE_ALERT_SNI;
}

static void choose(struct conn *c, const char *sni, size_t len, struct conn_tls *out)
{
    struct asked asked = {.what = WHAT_NOTHING};
    if (sni != NULL)
        name_asked(conn_sim(c)->world, sni, len, &asked);
    out->handshake = HANDSHAKE_DONE;
    out->cert = CERT_GOOD;
    if (asked.what == WHAT_POLICY_HOST)
        choose_for_policy(c, asked.i, out);
    else
        choose_for_nobody(c, &asked, out);
}

static void begin(struct conn *c)
{
    (void)c; /* the client speaks first */
}

/* ---- request (RFC 9112) ---- */

struct request {
    char *method, *target, *version, *host;
    unsigned n_hosts;
};

/* Cuts `head` at the next `end`, NULL: it is not there. */
static char *cut(char **head, const char *end)
{
    char *at = *head, *found = strstr(at, end);
    if (found == NULL)
        return NULL;
    *found = '\0';
    *head = found + strlen(end);
    return at;
}

/* False: it is none. */
static bool read_request(char *head, struct request *r)
{
    memset(r, 0, sizeof *r);
    char *line = cut(&head, "\r\n");
    if (line == NULL || (r->method = cut(&line, " ")) == NULL || (r->target = cut(&line, " ")) == NULL)
        return false;
    r->version = line;
    for (line = cut(&head, "\r\n"); line != NULL; line = cut(&head, "\r\n")) {
        if (strncasecmp(line, "host:", 5) != 0)
            continue;
        r->n_hosts++;
        r->host = line + 5 + strspn(line + 5, " \t");
    }
    return strncmp(r->version, "HTTP/", 5) == 0;
}

/* `host`, perhaps with a port, in any case of letters. */
static bool is_host(const char *host, const char *name)
{
    size_t len = strcspn(host, ": \t");
    return len == strlen(name) && strncasecmp(host, name, len) == 0;
}

/* The status that says what is wrong with it, 200: nothing. */
static unsigned judge_request(const struct conn *c, const struct https *h, const struct request *r)
{
    bool is_10 = strcmp(r->version, "HTTP/1.0") == 0;
    if (!is_10 && strcmp(r->version, "HTTP/1.1") != 0)
        return 505;
    if (r->n_hosts > 1 || (r->n_hosts == 0 && !is_10)) /* RFC 9112 section 3.2 */
        return 400;
    if (strcmp(r->method, "GET") != 0)
        return 405;
    char name[NAME_BYTES];
    if (h->is_policy_host)
        policy_host_name(conn_sim(c)->world, h->i, name);
    if (h->is_policy_host && r->n_hosts == 1 && !is_host(r->host, name))
        return 421;
    return h->is_policy_host && strcmp(r->target, WELL_KNOWN) == 0 ? 200 : 404;
}

static void take_request(struct conn *c, struct https *h)
{
    struct request r;
    struct fate f;
    conn_sim(c)->counts.https_requests++;
    unsigned status = read_request(h->head, &r) ? judge_request(c, h, &r) : 400;
    if (status == 200) {
        fate_of(conn_sim(c)->world, h->i, &f);
        if (!f.fetchable)
            status = 404;
    }
    if (status == 200)
        answer_policy(c, &f);
    else
        answer_error(c, status);
}

/* One request a connection: what comes behind it is dropped. */
static void data(struct conn *c, const char *p, size_t len)
{
    struct https *h = conn_state(c);
    size_t room = sizeof h->head - 1 - h->n_head;
    if (room == 0)
        return; /* answered */
    size_t n = len < room ? len : room;
    memcpy(h->head + h->n_head, p, n);
    h->n_head += n;
    h->head[h->n_head] = '\0';
    bool whole = memmem(h->head, h->n_head, "\r\n\r\n", 4) != NULL;
    bool full = h->n_head == sizeof h->head - 1;
    if (!whole && !full)
        return;
    h->n_head = sizeof h->head - 1;
    if (whole)
        take_request(c, h);
    else
        answer_error(c, 431);
}

struct conn_server *https_start(struct sim *sim, uint16_t port, char *error, size_t error_len)
{
    static const struct conn_protocol https = {
        .bytes = sizeof(struct https),
        .tls_first = true,
        .begin = begin,
        .data = data,
        .tls_choose = choose,
        .drained = answer_more,
        .timer = answer_drip,
    };
    struct counts *n = &sim->counts;
    return conn_listen(sim, port, &https, WATCH_HTTPS, &n->https_accepted, &n->https_handshakes, error,
                       error_len);
}
