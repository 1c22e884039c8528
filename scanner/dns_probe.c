#include "scanner/dns_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define WITNESSES          64
#define WITNESS_EVERY_MS   100 /* from one that is seen to the next: few are enough */
#define LABEL_BYTES        24
#define WITNESS_NAME_BYTES 200 /* with the label before it still a domain name */

struct probe {
    struct ticket *ticket;                             /* NULL: there is none */
    char label[LABEL_BYTES], name[WITNESS_NAME_BYTES]; /* what it asks for, kept for the carrier */
};
struct probes {
    char witnesses[WITNESSES][WITNESS_NAME_BYTES];
    uint32_t n, turn; /* how many there are; the next to be asked, modulo their number */
    uint64_t n_seen; /* from which they were drawn, each as likely as any: the share that somebody has of them
                        is that of the scan, however many names in a row are his */
    uint64_t last_ms;   /* when one was seen */
    struct probe trial; /* is this one a witness? */
    uint32_t place;     /* that it is to have */
    bool is_wanted;     /* it was not asked yet */
    uint32_t resolver;  /* that has answered it */
    uint64_t trial_ms;  /* when it was asked */
    struct probe v[];   /* of each resolver */
};

/* No secret, but different from process to process. */
static uint64_t draw(const struct dns *d)
{
    uint64_t random;

    return getrandom(&random, sizeof(random), GRND_NONBLOCK) == sizeof(random) ? random
                                                                               : d->env.timers->now_ms;
}

struct probes *probes_new(uint32_t n_resolvers)
{
    return calloc(1, sizeof(struct probes) + n_resolvers * sizeof(struct probe));
}

/* As long as there is room all are kept, then each in the place of a random one, ever more seldom. */
static bool draw_place(struct dns *d)
{
    struct probes *p = d->probes;
    const uint64_t at = p->n < WITNESSES ? p->n : draw(d) % (p->n_seen + 1);

    p->n_seen++;
    p->place = (uint32_t)at;
    return at < WITNESSES;
}

void probes_witness(struct dns *d, const struct dns_query *q, const struct rec_dns *answer)
{
    struct probes *p = d->probes;
    const uint64_t now_ms = d->env.timers->now_ms;

    if (now_ms < p->last_ms + WITNESS_EVERY_MS || answer->ad || (q->type != DNS_MX && q->type != DNS_TXT) ||
        p->trial.ticket != NULL || strlen(q->name) >= WITNESS_NAME_BYTES)
        return;
    p->last_ms = now_ms;
    p->is_wanted = draw_place(d);
    p->resolver = q->resolver;
    memcpy(p->trial.name, q->name, strlen(q->name) + 1);
}

static bool is_excluded(const struct dns *d, const char *name)
{
    const struct dns_query q = {.prefix = "", .name = name, .type = DNS_A};

    return d->env.excludes != NULL && d->env.excludes(d->env.excludes_arg, &q);
}

/* The next witness; the root where there is none. One that is not to be asked any more leaves. */
static const char *choose_witness(struct dns *d)
{
    struct probes *p = d->probes;

    for (; p->n > 0; p->n--) {
        char *name = p->witnesses[p->turn++ % p->n];

        if (!is_excluded(d, name))
            return name;
        memmove(name, p->witnesses[p->n - 1], WITNESS_NAME_BYTES);
    }
    return ".";
}

static void end_probe(struct dns *d, struct probe *probe)
{
    struct ticket *t = probe->ticket;

    probe->ticket = NULL;
    if (t == NULL)
        return;
    udp_cancel(d->udp, &t->exchange);
    free_ticket(d, t);
}

void probes_end(struct dns *d)
{
    end_probe(d, &d->probes->trial);
    for (uint32_t i = 0; i < d->resolvers.n; i++)
        end_probe(d, &d->probes->v[i]);
}

/* For a name that no cache has. */
static void ask(struct dns *d, struct probe *probe, uint32_t resolver)
{
    struct ticket *t = take_ticket(d, resolver);
    uint8_t query[DNS_QUERY_BYTES];

    if (t == NULL)
        return;
    probe->label[0] = '\0';
    if (strcmp(probe->name, ".") != 0)
        snprintf(probe->label, sizeof(probe->label), "_%016llx.", (unsigned long long)draw(d));
    t->exchange.prefix = probe->label;
    t->exchange.name = probe->name;
    t->exchange.type = DNS_A;
    t->exchange.flags = 0;
    probe->ticket = t;
    udp_send(d->udp, &t->exchange, query, exchange_query(&t->exchange, query));
}

static void ask_resolver(struct dns *d, uint32_t resolver)
{
    const char *name = choose_witness(d);

    memcpy(d->probes->v[resolver].name, name, strlen(name) + 1);
    resolvers_probe_asked(&d->resolvers, resolver, d->env.timers->now_ms);
    ask(d, &d->probes->v[resolver], resolver);
}

/* Who does not answer in its best days is no witness. */
static void try_witness(struct dns *d)
{
    struct probes *p = d->probes;
    const uint64_t now_ms = d->env.timers->now_ms;

    if (p->trial.ticket != NULL && now_ms >= p->trial_ms + d->env.timeout_ms)
        end_probe(d, &p->trial);
    if (!p->is_wanted || p->trial.ticket != NULL)
        return;
    p->is_wanted = false;
    p->trial_ms = now_ms;
    if (!is_excluded(d, p->trial.name))
        ask(d, &p->trial, p->resolver);
}

static void end_trial(struct dns *d, bool is_witness)
{
    struct probes *p = d->probes;

    p->trial.ticket = NULL;
    if (!is_witness)
        return;
    if (p->place >= p->n)
        p->place = p->n++; /* some have left meanwhile */
    memcpy(p->witnesses[p->place], p->trial.name, sizeof(p->trial.name));
}

static void judge(struct dns *d, uint32_t resolver, bool answered)
{
    d->outage |= d->resolvers.v[resolver].down && !answered;
    if (!resolvers_probed(&d->resolvers, resolver, answered))
        return;
    d->surely = true;
    tries_leave_resolver(d, resolver);
}

/* What SERVFAIL says of a witness it does not say of the root: a network of its own may have none. */
static bool is_useful(const struct probe *probe, enum probe_answer answer)
{
    return answer == PROBE_ANSWERED || (answer == PROBE_FAILED && strcmp(probe->name, ".") == 0);
}

bool probes_answered(struct dns *d, const struct ticket *t, enum probe_answer answer)
{
    const uint32_t resolver = t->exchange.resolver;
    struct probe *probe = &d->probes->v[resolver];

    if (d->probes->trial.ticket == t) {
        end_trial(d, is_useful(&d->probes->trial, answer));
        return true;
    }
    if (probe->ticket != t)
        return false;
    probe->ticket = NULL;
    if (is_useful(probe, answer))
        resolvers_probe_answered(&d->resolvers, resolver, d->env.timers->now_ms);
    judge(d, resolver, is_useful(probe, answer));
    return true;
}

/* True: none is under way. The last one may have had its time. */
static bool is_over(struct dns *d, uint32_t resolver)
{
    if (d->probes->v[resolver].ticket == NULL)
        return true;
    if (resolvers_probe_waits(&d->resolvers, resolver, d->env.timeout_ms, d->env.timers->now_ms))
        return false;
    end_probe(d, &d->probes->v[resolver]);
    judge(d, resolver, false);
    return true;
}

void probes_look(struct dns *d)
{
    end_probe(d, &d->probes->trial);
    d->probes->is_wanted = false;
    for (uint32_t i = 0; i < d->resolvers.n; i++)
        if (is_over(d, i) && resolvers_may_probe(&d->resolvers, i, d->env.timers->now_ms))
            ask_resolver(d, i);
}

void probes_watch(struct dns *d, bool may_be_idle)
{
    try_witness(d);
    for (uint32_t i = 0; i < d->resolvers.n; i++)
        if (is_over(d, i) && resolvers_may_watch(&d->resolvers, i, may_be_idle, d->env.timers->now_ms))
            ask_resolver(d, i);
}
