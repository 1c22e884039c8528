/* fate_server.c - what becomes of a server at an address, and of a question. */
#include "bench/sim/fate_parts.h"
#include "bench/sim/text.h"

#include <math.h>
#include <string.h>

/* ---- servers ---- */

enum smtp_class server_class(const struct world *w, const struct address_use *server, double *weight)
{
    enum table table = TABLE_SMTP_OPERATOR;
    struct address_use u;

    address_used(w, address_for(w, server), &u); /* the owner, of those that share it, that counts */
    switch (u.kind) {
    case ADDRESS_DEAD: return SMTP_TIMEOUT;
    case ADDRESS_RESET: return SMTP_RESET;
    case ADDRESS_SELF_MX: table = name_signals(w, u.owner) ? TABLE_SMTP_STS : TABLE_SMTP_SELF; break;
    case ADDRESS_OPERATOR: break;
    default: return SMTP_OK;
    }
    return (enum smtp_class)draw_class(w, table, DRAW_SMTP, u.owner << 3 | u.index, u.kind, weight);
}

/* The first host has its own certificate, at its own address; who shares that address asks for its own. */
static bool shows_first_host(const struct world *w, const struct address_use *use)
{
    return use->kind == ADDRESS_SELF_MX && use->index > 0 && has_mx(draw_mail(w, use->owner, NULL)) &&
           draw_mxset(w, use->owner, NULL) == MXSET_CERT_OTHER_HOST;
}

static double latency_ms(const struct world *w, enum param median, uint64_t a, uint64_t b)
{
    if (w->param[median] == 0)
        return 0;
    return fmin(draw_lognormal(w, DRAW_LATENCY, a, b, w->param[median], w->param[PARAM_LATENCY_SIGMA]),
                w->param[PARAM_LATENCY_MOST_MS]);
}

static const char *software_of(const struct world *w, uint32_t address, enum address_kind kind)
{
    static const char *const NAMES[] = {"ESMTP Postfix", "ESMTP Exim 4.97",     "ESMTP",
                                        "ESMTP Postfix", "ESMTP Sendmail 8.18", "ESMTP Haraka",
                                        "ESMTP Postfix", "ESMTP Exim 4.94.2"};

    if (kind == ADDRESS_FIRST)
        return "ESMTP first-mail gateway";
    if (kind == ADDRESS_SECOND)
        return "ESMTP MAIL Service, second-mail";
    return NAMES[draw(w, DRAW_TEXT, address, 0) % (sizeof(NAMES) / sizeof(NAMES[0]))];
}

void server_fate_of(const struct world *w, uint32_t address, struct server_fate *out)
{
    struct address_use use;

    address_used(w, address, &use);
    out->smtp = server_class(w, &use, NULL);
    out->cert = smtp_cert(out->smtp);
    if (out->cert == CERT_GOOD && shows_first_host(w, &use))
        out->cert = CERT_OTHER_HOST;
    out->latency_ms = latency_ms(w, PARAM_TCP_LATENCY_MS, address, 0);
    out->greeting_ms = out->latency_ms;
    if (out->smtp == SMTP_SLOW) /* half to one and a half of the median */
        out->greeting_ms = w->param[PARAM_GREETING_MS] * (0.5 + draw_unit(w, DRAW_LATENCY, address, 1));
    out->software = software_of(w, address, use.kind);
}

double policy_latency_ms(const struct world *w, uint32_t address)
{
    return latency_ms(w, PARAM_TCP_LATENCY_MS, address, 0);
}

/* ---- questions ---- */

enum query_class query_fate_of(const struct world *w, const char *name, size_t len, uint16_t type)
{
    unsigned c = draw_class(w, TABLE_QUERY, DRAW_QUERY, text_hash(TEXT_HASH, name, len), type, NULL);
    struct asked what;

    /* The root and TLDs belong to nobody here: by them a scanner sees that its resolver is there at all. */
    if (c == QUERY_OK || memchr(name, '.', len) == NULL)
        return QUERY_OK;
    name_asked(w, name, len, &what);
    return what.what == WHAT_BELOW ? QUERY_OK
                                   : (enum query_class)c; /* which label a scan takes is not known */
}

double query_latency_ms(const struct world *w, const char *name, size_t len, uint16_t type)
{
    return w->param[PARAM_DNS_LATENCY_MS] == 0
               ? 0
               : latency_ms(w, PARAM_DNS_LATENCY_MS, text_hash(TEXT_HASH, name, len),
                            UINT64_C(1) << 32 | type);
}
