#include "scanner/verbose.h"

#include "scanner/tls.h"

#include <inttypes.h>

static void put_limit(FILE *to, const char *what, uint64_t n, const char *unit)
{
    if (n > 0)
        fprintf(to, "%s%" PRIu64 "%s", what, n, unit);
    else
        fprintf(to, "%sno limit", what);
}

static void put_resolvers(const struct options *o, FILE *to)
{
    for (uint32_t i = 0; i < o->name_servers.n; i++) {
        char ip[ADDRESS_TEXT_BYTES];

        address_format(&o->name_servers.v[i].address, ip);
        fprintf(to, "stscan: resolver %s port %u", ip, o->name_servers.v[i].port);
        put_limit(to, ": ", options_dns_rate(o, &o->name_servers.v[i].address), " queries/s");
        fputc('\n', to);
    }
}

void verbose_start(const struct scan *s, FILE *to)
{
    const struct options *o = s->options;

    fprintf(to, "stscan: %" PRIu32 " workers, window of %" PRIu64 " names, seed %" PRIu64 "\n", s->n_workers,
            o->window, s->seed);
    put_resolvers(o, to);
    if (s->store == NULL) {
        fprintf(to, "stscan: DNS only: nothing is fetched or probed\n");
        return;
    }
    put_limit(to, "stscan: connections: ", o->connect_rate, "/s");
    fprintf(to, ", at most %" PRIu32 " at a time; %" PRIu32 " trusted certificates\n", s->max_connections,
            tls_store_n(s->store));
    fprintf(to, "stscan: MX hosts see \"%s\", policy hosts \"%s\"\n", s->ehlo_name, s->user_agent);
}

void verbose_end(const struct rec_end *end, FILE *to)
{
    for (uint32_t i = 0; i < end->counts.n; i++) {
        const struct rec_count *c = &end->counts.v[i];

        if (c->oc != OC_NONE)
            fprintf(to, "stscan: %-8s %10" PRIu64 "  %s (%s)\n", rec_kind_name((unsigned)c->kind), c->n,
                    outcome_text((unsigned)c->oc), outcome_name((unsigned)c->oc));
    }
    fprintf(to, "stscan: %" PRIu64 " questions, %" PRIu64 " connections, stood still %" PRIu64 " times\n",
            end->queries, end->connects, end->loop_gaps);
}
