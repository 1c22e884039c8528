/* truth_hosts.c - the MX hosts that a scan looks at, and the servers at their addresses. */
#include "bench/sim/truth.h"

#include <stdlib.h>
#include <string.h>

struct smtp_words {
    const char *state, *starttls, *version;
};
#define SMTP(id, name, row, cert, state, starttls, version, doc) {state, starttls, version},
static const struct smtp_words SMTP_WORDS[] = {
#include "bench/sim/classes.def"
};
struct cert_words {
    bool valid, match;
    const char *result;
};
#define CERT(id, name, valid, match, result, doc) {valid, match, result},
static const struct cert_words CERT_WORDS[] = {
#include "bench/sim/classes.def"
};

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

enum result truth_cert_result(enum cert_class c)
{
    for (unsigned r = 0; r < RESULT_LIMIT; r++)
        if (is(CERT_WORDS[c].result, truth_result_name((enum result)r)))
            return (enum result)r;
    return RESULT_LIMIT;
}

/* What a message meets at a server (RFC 3207 section 4, RFC 7435 section 3). Whoever did not answer, turned
 * us away or let the handshake time out may treat others otherwise: that is not known. */
static enum tls_word tls_of(enum smtp_class c)
{
    const struct smtp_words *words = &SMTP_WORDS[c];

    if (c == SMTP_GO_STALL)
        return TLS_UNKNOWN; /* transient: RFC 8460 section 4.3 */
    if (c == SMTP_S502)
        return TLS_CLEAR; /* refused for good: as if it were not offered */
    if (is(words->state, "done"))
        return is(words->version, "1.0") || is(words->version, "1.1") ? TLS_OLD : TLS_ENCRYPTED;
    if (is(words->state, "no-starttls"))
        return TLS_CLEAR;
    if (is(words->state, "starttls-failed") || is(words->state, "tls-failed"))
        return TLS_FAILED;
    return TLS_UNKNOWN;
}

static void server_at(const struct world *w, uint32_t v4, struct truth_address *a)
{
    struct server_fate server;

    server_fate_of(w, v4, &server);
    const struct smtp_words *words = &SMTP_WORDS[server.smtp];
    *a = (struct truth_address){.v4 = v4,
                                .has_server = true,
                                .smtp = server.smtp,
                                .state = words->state,
                                .starttls = words->starttls,
                                .version = words->version[0] != '\0' ? words->version : NULL,
                                .cert = server.cert,
                                .reached = !is(words->state, "unreachable"),
                                .tls = tls_of(server.smtp)};
}

static void addresses_of(const struct world *w, const struct host_fate *at, bool a, bool aaaa,
                         struct truth_host *h)
{
    if (a && at->bogon) /* nobody may contact it */
        h->address[h->n_addresses++] = (struct truth_address){
            .v4 = at->v4[0], .state = "skipped", .starttls = "unknown", .tls = TLS_DOWN};
    for (unsigned n = 0; a && !at->bogon && n < at->n_v4; n++)
        server_at(w, at->v4[n], &h->address[h->n_addresses++]);
    if (aaaa && at->v6) /* nobody listens at ::1: refused, which is sure */
        h->address[h->n_addresses++] =
            (struct truth_address){.state = "unreachable", .starttls = "unknown", .tls = TLS_DOWN};
}

/* Addresses that surely are down are passed over (RFC 5321 section 5.1). Where the others differ, a message
 * may meet any of those that answer: the worst is what can be relied on. */
static void sum_up_tls(struct truth_host *h)
{
    bool any = false;

    h->best = h->worst = h->part_unknown ? TLS_UNKNOWN : TLS_DOWN;
    for (unsigned n = 0; n < h->n_addresses; n++) {
        enum tls_word tls = h->address[n].tls;
        if (tls == TLS_DOWN)
            continue;
        h->best = !any || tls > h->best ? tls : h->best;
        if (!any || h->worst == TLS_UNKNOWN || (tls != TLS_UNKNOWN && tls < h->worst))
            h->worst = tls;
        any = true;
    }
}

static void sum_up(struct truth_host *h)
{
    sum_up_tls(h);
    h->cert_fault = RESULT_LIMIT;
    for (unsigned n = 0; n < h->n_addresses; n++) {
        const struct truth_address *a = &h->address[n];
        if (a->tls != TLS_ENCRYPTED)
            continue; /* below TLS 1.2, a certificate counts for nothing: RFC 8461 section 7.2 */
        h->cert_seen = true;
        bool good = CERT_WORDS[a->cert].valid && CERT_WORDS[a->cert].match;
        h->cert_good = h->cert_good || good;
        h->cert_taken = h->cert_taken || good || a->cert == CERT_RSA1024;
        if (!good && h->cert_fault == RESULT_LIMIT)
            h->cert_fault = truth_cert_result(a->cert);
    }
    if (h->cert_good)
        h->cert_fault = RESULT_LIMIT;
}

/* RFC 7672 section 2.2: TLSA RRs count where the addresses and they are signed. */
static void tlsa_of(const struct world *w, struct truth *t, const struct host_fate *at, uint16_t port,
                    struct truth_host *h)
{
    char base[NAME_BYTES], asked[NAME_BYTES + 16];
    struct text text = {asked, 0, sizeof(asked) - 1, false};

    h->tlsa = at->tlsa;
    if (h->tlsa == TLSA_NONE || h->tlsa == TLSA_SERVFAIL || h->tlsa == TLSA_INSECURE || !at->signed_zone ||
        h->finding != FOUND_THERE)
        return;
    /* A CNAME is followed first: RFC 7672 section 2.2.3. */
    host_name(w, h->target.kind != HOST_NONE ? &h->target : &h->id, base);
    text_printf(&text, "_%u._tcp.%s", port, base);
    asked[text.len] = '\0';
    h->tlsa_secure = truth_ask(w, t, asked, DNS_TLSA);
}

static void look_at(const struct world *w, struct truth *t, uint16_t port, struct truth_host *h)
{
    struct host_fate at;

    /* The text of an address and localhost are names as any (RFC 1035 section 3.3.9), of hosts that nobody
     * finds. */
    h->finding = FOUND_NO_ADDRESS;
    if (h->id.kind != HOST_LITERAL && h->id.kind != HOST_LOCALHOST) {
        host_fate_of(w, &h->id, &at);
        bool a = truth_ask(w, t, h->name, DNS_A), aaaa = truth_ask(w, t, h->name, DNS_AAAA);
        h->target = at.target;
        addresses_of(w, &at, a, aaaa, h);
        if (h->n_addresses > 0)
            h->finding = FOUND_THERE;
        else if (at.state == HOST_NXDOMAIN && (a || aaaa))
            h->finding = FOUND_NXDOMAIN;
        else
            h->finding = a && aaaa ? FOUND_NO_ADDRESS : FOUND_UNKNOWN;
        h->part_unknown = !(a && aaaa) && h->finding != FOUND_NXDOMAIN;
        tlsa_of(w, t, &at, port, h);
    }
    sum_up(h);
}

static int by_preference(const void *a, const void *b)
{
    const struct truth_host *x = a, *y = b;

    if (x->preference != y->preference)
        return x->preference < y->preference ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void match(const struct world *w, struct truth *t)
{
    char pattern[NAME_BYTES];

    if (t->strict.policy == NULL || !t->has_max_age) /* no reading finds a policy */
        return;
    if (t->fate.body == BODY_NONE_NO_MX)
        return;
    for (unsigned k = 0; publish_pattern(w, &t->fate, k, pattern) > 0; k++)
        for (unsigned n = 0; n < t->n_hosts; n++)
            if (truth_lists(pattern, t->host[n].name))
                t->host[n].listed = true;
    for (unsigned n = 0; n < t->n_hosts; n++)
        t->host[n].listed_lenient = t->host[n].listed;
}

static void add_host(const struct world *w, struct truth *t, const struct fate_mx *mx)
{
    struct truth_host *h = &t->host[t->n_hosts++];

    *h = (struct truth_host){.id = mx->host,
                             .preference = mx->preference,
                             .finding = FOUND_UNKNOWN,
                             .best = TLS_UNKNOWN,
                             .worst = TLS_UNKNOWN,
                             .cert_fault = RESULT_LIMIT};
    host_name(w, &h->id, h->name);
}

void truth_hosts(const struct world *w, struct truth *t, const struct truth_scan *scan)
{
    const struct fate *f = &t->fate;

    if (is(t->mail, "has-mx"))
        for (uint32_t m = 0; m < f->n_mx; m++)
            if (f->mx[m].host.kind != HOST_NONE) /* a null MX beside others is none (RFC 7505 section 3) */
                add_host(w, t, &f->mx[m]);
    if (is(t->mail, "implicit-mx") && t->signalled)
        add_host(w, t, &(struct fate_mx){.host = {HOST_APEX, f->i, 0}});
    qsort(t->host, t->n_hosts, sizeof(t->host[0]), by_preference);
    t->n_looked_at = t->n_hosts < scan->mx_limit ? t->n_hosts : scan->mx_limit;
    for (unsigned n = 0; n < t->n_looked_at; n++)
        look_at(w, t, scan->smtp_port, &t->host[n]);
    match(w, t);
}
