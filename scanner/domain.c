/* domain.c - one name: MX first, then the TXT records, then its record. It waits for DNS only; what it leads
 * to is handed on to the owners of the MX hosts and of the policy. */
#include "scanner/dns_message.h"
#include "scanner/mx_hosts.h"
#include "scanner/questions.h"
#include "scanner/signalled.h"
#include "scanner/worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DOMAIN_MOST_ANSWERS 16                                                  /* in two rounds */
#define DOMAIN_MOST_BYTES   ((DOMAIN_MOST_ANSWERS + 1) * DNS_ANSWER_MOST_BYTES) /* of memory for one name */

enum domain_step { STEP_MX, STEP_REST, STEP_WILD };

struct domain {
    struct worker *w;
    struct arena arena;
    struct rec_domain rec;
    const char *name;
    struct questions questions;
    enum domain_step step; /* what those that are open are for */
    bool is_put_off;       /* and so not in the window */
};

/* Not again what has been asked. */
static void ask(struct domain *d, const char *prefix, enum dns_type type, unsigned flags, struct rec_dns **to)
{
    if (*to == NULL)
        questions_ask(&d->questions, prefix, d->name, type, flags, to);
}

/* RFC 8020: nothing exists below a name that does not exist. An alias whose target does not exist is not that
 * name. */
static bool is_dead(const struct domain *d)
{
    return d->rec.mx != NULL && d->rec.mx->oc == OC_DNS_NXDOMAIN && d->rec.mx->cname.n == 0;
}

static void ask_rest(struct domain *d)
{
    const struct options *o = d->w->scan->options;
    struct rec_domain *rec = &d->rec;
    bool no_mx = rec->mx != NULL && rec->mx->oc == OC_DNS_NODATA;

    if (is_dead(d) && !rec->control)
        return;
    if (o->records & RECORDS_STS)
        ask(d, "_mta-sts.", DNS_TXT, 0, &rec->sts);
    if (o->records & RECORDS_RPT)
        ask(d, "_smtp._tls.", DNS_TXT, 0, &rec->rpt);
    if (o->records & RECORDS_DMARC)
        ask(d, "_dmarc.", DNS_TXT, 0, &rec->dmarc);
    if (o->records & RECORDS_SPF)
        ask(d, "", DNS_TXT, o->keep_txt ? 0 : DNS_SPF_ONLY, &rec->spf);
    if (o->records & RECORDS_A && (no_mx || rec->control)) {
        ask(d, "", DNS_A, 0, &rec->a);
        ask(d, "", DNS_AAAA, 0, &rec->aaaa);
    }
}

/* A name that answers where few do: does it answer at any label (wildcard)? */
static void ask_wild(struct domain *d)
{
    const struct rec_domain *rec = &d->rec;
    struct sts_str label;
    char text[32];
    int len;

    if ((rec->sts == NULL || rec->sts->txt.n == 0) && (rec->rpt == NULL || rec->rpt->txt.n == 0))
        return;
    len = snprintf(text, sizeof(text), "_%016" PRIx64 ".",
                   key128_of(d->name, strlen(d->name), d->w->scan->secret ^ d->w->scan->seed).hi);
    label = arena_copy(&d->arena, text, (size_t)len);
    if (label.p == NULL)
        worker_no_memory(d->w);
    else
        ask(d, label.p, DNS_TXT, 0, &d->rec.wild);
}

static void want_host(void *arg, const struct mx_host *host)
{
    host_want(arg, host);
}

static void count_domain(struct domain *d)
{
    struct counters *c = &d->w->counters;
    const struct rec_dns *answers[] = {d->rec.mx, d->rec.sts, d->rec.rpt, d->rec.dmarc, d->rec.spf};
    bool failed = false;

    for (size_t i = 0; i < STS_LEN(answers); i++)
        failed |= answers[i] != NULL && (outcome_class((unsigned)answers[i]->oc) == OCC_temporary ||
                                         answers[i]->oc == OC_DNS_RESOLVER_DOWN);
    if (failed)
        count(&c->names_failed);
    if (is_dead(d))
        count(&c->names_dead);
    if (d->rec.mx != NULL && d->rec.mx->mx.n > 0)
        count(&c->names_mx);
}

/* Of a name in work, with its record written. */
static void domain_free(struct domain *d)
{
    struct worker *w = d->w;
    struct arena arena = d->arena; /* it holds `d` */

    if (d->rec.attempt > 0)
        count(&w->counters.names_again);
    arena_fini(&arena);
    w->n_names--;
    count(&w->counters.names_done);
    scan_finish(w->scan, 1);
}

static void finish(struct domain *d)
{
    const struct options *o = d->w->scan->options;
    struct rec_domain *rec = &d->rec;

    if (rec->oc == OC_OK && scan_phase(d->w->scan) >= PHASE_END)
        rec->oc = scan_end_outcome(d->w->scan);
    rec->signalled = sts_is_signalled(rec->sts);
    rec->fetch = rec->oc == OC_OK && o->fetch_policy != WHEN_NEVER &&
                 ((o->fetch_policy == WHEN_ALWAYS && !is_dead(d)) || rec->signalled || rec->control);
    if (mx_hosts_each(rec, o, &d->arena, want_host, d->w) != STS_OK)
        worker_no_memory(d->w);
    count_domain(d);
    outbox_put(d->w->outbox, REC_domain, rec, rec->pos);
    if (rec->fetch)
        policy_want(d->w, rec->name);
    domain_free(d);
}

/* A name that waits for its second round leaves its place in the window to another. */
static bool put_off(struct domain *d)
{
    if (!questions_put_off(&d->questions))
        return false;
    d->is_put_off = true;
    d->w->n_names--;
    count(&d->w->counters.names_put_off);
    return true;
}

/* After the second round: what was asked only for want of an answer before follows from the new ones. */
static void take_up_again(struct domain *d)
{
    d->is_put_off = false;
    d->w->n_names++;
    count(&d->w->counters.names_resumed);
    d->step = STEP_MX;
}

static void step(struct questions *qs)
{
    struct domain *d = (struct domain *)((char *)qs - offsetof(struct domain, questions));

    if (d->is_put_off)
        take_up_again(d);
    while (qs->n_open == 0) {
        if (worker_excludes(d->w, d->name)) { /* by a list that came after its first question */
            d->rec.oc = OC_BLOCKLISTED;
            finish(d);
            return;
        }
        switch (d->step) {
        case STEP_MX:
            d->step = STEP_REST;
            ask_rest(d);
            break;
        case STEP_REST:
            d->step = STEP_WILD;
            ask_wild(d);
            break;
        case STEP_WILD:
            if (!put_off(d))
                finish(d);
            return;
        }
    }
}

static bool is_control(const struct worker *w, struct sts_str name)
{
    uint64_t one_in = w->scan->options->control_rate;

    return one_in > 0 && key128_of(name.p, name.len, w->scan->seed).lo % one_in == 0;
}

static bool copy_item(struct domain *d, const struct input_item *item)
{
    struct rec_domain *rec = &d->rec;
    const struct sts_str *from[] = {&item->name, &item->in, &item->rank, &item->tag, &item->weight};
    struct sts_str *to[] = {&rec->name, &rec->input, &rec->rank, &rec->tag, &rec->weight};

    rec->pos = item->pos;
    rec->attempt = before_attempt(d->w->scan->before, REC_domain, before_key(item->pos));
    rec->oc = item->why.oc;
    rec->src = item->why.src;
    rec->raw = item->why.raw;
    for (size_t i = 0; i < STS_LEN(from); i++) {
        if (from[i]->len == 0)
            continue;
        *to[i] = arena_copy(&d->arena, from[i]->p, from[i]->len);
        if (to[i]->p == NULL) {
            rec->oc = OC_OUR_MEMORY;
            return false;
        }
    }
    d->name = rec->name.p;
    return true;
}

void domain_start(struct worker *w, const struct input_item *item)
{
    struct arena arena;
    struct domain *d;

    count(&w->counters.names_started);
    arena_init_pooled(&arena, DOMAIN_MOST_BYTES, &w->arenas);
    d = arena_alloc(&arena, sizeof(*d));
    if (d == NULL) {
        worker_no_memory(w);
        scan_finish(w->scan, 1);
        return;
    }
    w->n_names++;
    d->w = w;
    d->arena = arena;
    questions_init(&d->questions, w, &d->arena, step);
    if (!copy_item(d, item))
        worker_no_memory(w);
    else if (d->rec.oc != OC_OK)
        count(&w->counters.names_bad);
    else if (worker_excludes(w, d->name))
        d->rec.oc = OC_BLOCKLISTED;
    if (d->rec.oc != OC_OK) {
        outbox_put(w->outbox, REC_domain, &d->rec, item->pos);
        domain_free(d);
        return;
    }
    d->rec.control = is_control(w, d->rec.name);
    if (w->scan->options->records & RECORDS_MX)
        ask(d, "", DNS_MX, 0, &d->rec.mx);
    step(&d->questions);
}
