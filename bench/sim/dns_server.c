#include "bench/sim/dns_private.h"
#include "bench/sim/tls.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TICK_MS 1

/* ---- answers ---- */

static void count(struct counts *c, const struct dns_answer *answer, bool tcp)
{
    c->dns_queries++;
    c->dns_tcp += tcp;
    switch (answer->outcome) {
    case DNS_SAYS_RECORDS: c->dns_noerror++; break;
    case DNS_SAYS_NODATA: c->dns_nodata++; break;
    case DNS_SAYS_NXDOMAIN: c->dns_nxdomain++; break;
    case DNS_SAYS_SERVFAIL: c->dns_servfail++; break;
    case DNS_SAYS_REFUSED: c->dns_refused++; break;
    case DNS_SAYS_TRUNCATED: c->dns_truncated++; break;
    case DNS_SAYS_BROKEN: c->dns_broken++; break;
    case DNS_SAYS_FORMERR: c->dns_formerr++; break;
    case DNS_LOST: c->dns_lost++; break;
    case DNS_SILENT:
    case DNS_HANGS_UP: c->dns_silent++; break;
    }
}

void dns_server_answer(struct dns_server *s, const struct dns_query *q, bool tcp, uint8_t *out,
                       struct dns_answer *answer)
{
    dns_answer(&s->answerer, q, tcp, false, out, answer);
    if (answer->outcome == DNS_LOST && dns_seen_add(s->seen, q->text, q->text_len, q->type))
        dns_answer(&s->answerer, q, tcp, true, out, answer);
    count(&s->sim->counts, answer, tcp);
}

static void digest(const void *arg, enum cert_class cert, bool rsa, uint8_t out[DNS_DIGEST_BYTES])
{
    tls_key_digest(arg, cert, rsa, out);
}

/* ---- waiting ---- */

static bool on_due(void *arg, struct dns_waiting *waiting)
{
    struct dns_server *s = arg;

    if (waiting->tcp)
        return dns_tcp_answer_waiting(s->tcp, waiting);
    dns_udp_answer(s->udp, &waiting->q, &waiting->peer);
    return true;
}

static void on_timer(uv_timer_t *timer)
{
    struct dns_server *s = timer->data;

    dns_wait_run(s->wait, uv_now(s->sim->loop), on_due, s);
    dns_udp_flush(s->udp);
    if (dns_wait_count(s->wait) == 0)
        uv_timer_stop(timer);
}

struct dns_waiting *dns_server_delay(struct dns_server *s, const struct dns_query *q, uint64_t *wait_ms)
{
    struct dns_waiting *waiting;

    if (s->sim->no_latency || q->rcode != DNS_RCODE_NOERROR)
        return NULL;
    *wait_ms = (uint64_t)ceil(query_latency_ms(s->sim->world, q->text, q->text_len, q->type));
    waiting = *wait_ms > 0 ? dns_wait_take(s->wait) : NULL;
    if (waiting != NULL)
        waiting->q = *q;
    return waiting;
}

void dns_server_wait(struct dns_server *s, struct dns_waiting *waiting, uint64_t wait_ms)
{
    if (dns_wait_count(s->wait) == 0)
        uv_timer_start(&s->timer, on_timer, TICK_MS, TICK_MS);
    dns_wait_add(s->wait, waiting, uv_now(s->sim->loop), wait_ms);
}

/* ---- beginning and end ---- */

static void server_free(struct dns_server *s)
{
    dns_udp_free(s->udp);
    dns_tcp_free(s->tcp);
    dns_seen_free(s->seen);
    dns_wait_free(s->wait);
    free(s);
}

void dns_handle_closed(struct dns_server *s)
{
    if (--s->n_handles == 0)
        server_free(s);
}

static void on_timer_closed(uv_handle_t *handle)
{
    dns_handle_closed(handle->data);
}

void dns_stop(struct dns_server *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
    if (s->udp != NULL)
        dns_udp_stop(s->udp);
    if (s->tcp != NULL)
        dns_tcp_stop(s->tcp);
}

static bool read_address(const char *address, uint16_t port, union dns_peer *out)
{
    return uv_ip4_addr(address, port, &out->v4) == 0 || uv_ip6_addr(address, port, &out->v6) == 0;
}

struct dns_server *dns_start(struct sim *sim, const char *address, uint16_t port, char *error,
                             size_t error_len)
{
    struct dns_server *s = calloc(1, sizeof(*s));
    union dns_peer listen = {.v6 = {0}};

    if (s == NULL || (s->seen = dns_seen_new()) == NULL || (s->wait = dns_wait_new()) == NULL) {
        snprintf(error, error_len, "DNS: out of memory");
        if (s != NULL)
            server_free(s);
        return NULL;
    }
    s->sim = sim;
    s->answerer.world = sim->world;
    s->answerer.digest = digest;
    s->answerer.digest_arg = sim->tls;
    uv_timer_init(sim->loop, &s->timer);
    s->timer.data = s;
    s->n_handles = 1;
    if (!read_address(address, port, &listen)) {
        snprintf(error, error_len, "DNS: \"%s\" is no address", address);
    } else if (dns_udp_start(s, &listen, error, error_len) && dns_tcp_start(s, &listen, error, error_len)) {
        return s;
    }
    dns_stop(s);
    return NULL;
}
