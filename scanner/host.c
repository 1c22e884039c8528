/* host.c - an MX host: its addresses and TLSA records, once a scan, by the worker that owns the name. */
#include "scanner/addresses.h"
#include "scanner/questions.h"
#include "scanner/worker.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MOST_BYTES \
    (32u << 20)              /* of memory; answers of 64 KiB, all of empty strings, take 1.1 MiB each */
#define TLSA_NAME_BYTES 1100 /* "_25._tcp." and a name in escaped form */

struct host_message { /* "look this host up" */
    struct message head;
    bool signalled, implicit;
    uint8_t rank; /* struct mx_host */
    char name[];  /* lower case */
};

struct host {
    struct worker *w;
    struct host *next, **at; /* in the worker's list */
    struct arena arena;
    struct rec_host rec;
    struct questions questions;
    bool signalled;
    uint8_t rank;    /* of its domains here: the lowest */
    bool is_put_off; /* and so not among the hosts in work */
    enum want why;   /* but WANT_NEW: has its record; looked up once more for its endpoints */
    enum { STEP_ADDRESSES, STEP_TLSA, STEP_TLSA_NAME } step; /* what was asked last */
};

void host_want(struct worker *w, const struct mx_host *host)
{
    const struct sts_str name = host->name;
    struct host_message *m = calloc(1, sizeof(*m) + name.len + 1);

    if (m == NULL) {
        worker_no_memory(w);
        return;
    }
    for (size_t i = 0; i < name.len; i++)
        m->name[i] = (char)tolower((unsigned char)name.p[i]);
    m->head.type = MESSAGE_HOST;
    m->head.to = worker_owner(w->scan, m->name, name.len);
    m->signalled = host->signalled;
    m->implicit = host->implicit;
    m->rank = host->rank;
    worker_send(w, &m->head);
}

static void ask(struct host *h, const char *name, enum dns_type type, struct rec_dns **to)
{
    questions_ask(&h->questions, "", name, type, 0, to);
}

static void ask_tlsa(struct host *h, struct sts_str base, struct rec_dns **to)
{
    char text[TLSA_NAME_BYTES];
    int len = snprintf(text, sizeof(text), "_%u._tcp.%.*s", (unsigned)h->w->scan->options->smtp_port,
                       (int)base.len, base.p);
    struct sts_str name = arena_copy(&h->arena, text, (size_t)len);

    if (name.p == NULL)
        worker_no_memory(h->w);
    else
        ask(h, name.p, DNS_TLSA, to);
}

static bool is_secure(const struct rec_dns *dns)
{
    return dns != NULL && dns->oc == OC_OK && dns->ad;
}

/* The TLSA base domain: the end of a secure CNAME chain, else the host itself (RFC 7672 section 2.2.3). TLSA
 * records are not asked for where the addresses are insecure (section 2.2.2). */
static void ask_first_tlsa(struct host *h)
{
    unsigned when = h->w->scan->options->tlsa;
    bool a = is_secure(h->rec.a), secure = a || is_secure(h->rec.aaaa);
    const struct rec_dns *dns = a ? h->rec.a : h->rec.aaaa;

    if (h->rec.tlsa != NULL || when == WHEN_NEVER || (when == WHEN_SECURE && !secure))
        return;
    h->rec.tlsa_base = h->rec.name;
    if (secure && dns->cname.n > 0)
        h->rec.tlsa_base = dns->cname.v[dns->cname.n - 1];
    ask_tlsa(h, h->rec.tlsa_base, &h->rec.tlsa);
}

/* "... then the original": where the expanded name has none. */
static void ask_second_tlsa(struct host *h)
{
    const struct rec_dns *first = h->rec.tlsa_name == NULL ? h->rec.tlsa : NULL;

    if (first != NULL && outcome_class((unsigned)first->oc) == OCC_absent &&
        !sts_str_equal(h->rec.tlsa_base, h->rec.name))
        ask_tlsa(h, h->rec.name, &h->rec.tlsa_name);
}

static void want_endpoints(struct host *h)
{
    const struct options *o = h->w->scan->options;
    struct addresses found;

    if (addresses_choose(&found, h->rec.a, h->rec.aaaa, h->w->scan->seed, o->address_limit, &h->arena) !=
        STS_OK) {
        worker_no_memory(h->w);
        return;
    }
    h->rec.n_cut = found.n_cut;
    for (uint32_t i = 0; i < found.n && !o->no_starttls; i++)
        endpoint_want(h->w, h->rec.name, &found.v[i], h->signalled, h->rank, h->why);
}

bool host_has_tlsa(const struct rec_host *host)
{
    return (is_secure(host->tlsa) && host->tlsa->tlsa.n > 0) ||
           (is_secure(host->tlsa_name) && host->tlsa_name->tlsa.n > 0);
}

static void judge_tlsa(struct host *h)
{
    struct worker *w = h->w;

    if (h->signalled || !host_has_tlsa(&h->rec))
        return;
    h->signalled = true;
    if (keyset_add(&w->signalled, key128_of(h->rec.name.p, h->rec.name.len, w->scan->secret)) < 0)
        worker_no_memory(w);
}

static void finish(struct host *h)
{
    struct worker *w = h->w;
    struct arena arena;

    if (h->rec.oc == OC_NONE)
        h->rec.oc = addresses_outcome(h->rec.a, h->rec.aaaa);
    judge_tlsa(h);
    if (h->rec.oc == OC_OK)
        want_endpoints(h);
    if (h->why == WANT_NEW)
        outbox_put(w->outbox, REC_host, &h->rec, 0);
    *h->at = h->next;
    if (h->next != NULL)
        h->next->at = h->at;
    arena = h->arena; /* it holds `h` */
    arena_fini(&arena);
    w->n_hosts--;
    scan_finish(w->scan, 1);
}

/* While it waits for its second round it is counted there, not among the hosts in work. */
static bool put_off(struct host *h)
{
    if (!questions_put_off(&h->questions))
        return false;
    h->is_put_off = true;
    h->w->n_hosts--;
    return true;
}

static void take_up_again(struct host *h)
{
    h->is_put_off = false;
    h->w->n_hosts++;
    h->step = h->why == WANT_NEW ? STEP_ADDRESSES : STEP_TLSA_NAME;
}

static void step(struct questions *qs)
{
    struct host *h = (struct host *)((char *)qs - offsetof(struct host, questions));

    if (h->is_put_off)
        take_up_again(h);
    while (qs->n_open == 0) {
        switch (h->step) {
        case STEP_ADDRESSES:
            h->step = STEP_TLSA;
            ask_first_tlsa(h);
            break;
        case STEP_TLSA:
            h->step = STEP_TLSA_NAME;
            ask_second_tlsa(h);
            break;
        case STEP_TLSA_NAME:
            if (!put_off(h))
                finish(h);
            return;
        }
    }
}

static void enter(struct host *h, struct worker *w)
{
    h->w = w;
    h->at = &w->looked_up;
    h->next = w->looked_up;
    if (h->next != NULL)
        h->next->at = &h->next;
    w->looked_up = h;
    w->n_hosts++;
}

static void start(struct worker *w, const struct host_message *m, struct key128 key, enum want why)
{
    struct arena arena;
    struct host *h;

    arena_init_pooled(&arena, HOST_MOST_BYTES, &w->arenas);
    h = arena_alloc(&arena, sizeof(*h));
    if (h == NULL) {
        worker_no_memory(w);
        scan_finish(w->scan, 1);
        return;
    }
    enter(h, w);
    if (why == WANT_NEW)
        count(&w->counters.hosts);
    h->arena = arena;
    questions_init(&h->questions, w, &h->arena, step);
    h->rec.name = arena_copy(&h->arena, m->name, strlen(m->name));
    h->rec.implicit = m->implicit;
    h->rec.attempt = before_attempt(w->scan->before, REC_host, key);
    h->signalled = m->signalled || keyset_has(&w->signalled, key);
    h->rank = m->rank;
    h->why = why;
    h->step = why == WANT_NEW ? STEP_ADDRESSES : STEP_TLSA_NAME;
    if (h->rec.name.p == NULL) {
        worker_no_memory(w);
        h->rec.name = sts_str("");
    }
    if (scan_phase(w->scan) == PHASE_RUN && h->rec.name.len > 0) {
        if (worker_excludes(w, h->rec.name.p)) {
            h->rec.oc = OC_BLOCKLISTED;
        } else {
            ask(h, h->rec.name.p, DNS_A, &h->rec.a);
            ask(h, h->rec.name.p, DNS_AAAA, &h->rec.aaaa);
        }
    }
    if (h->questions.n_open == 0)
        finish(h);
}

/* A known host turns out to be signalled, or to be the most preferred one of a name. Its addresses are not
 * kept here: where their owners have to know, because it was sampled out or may be waiting behind others,
 * they are asked for again, once a host at most for either. */
static void tell_again(struct worker *w, const struct host_message *want, struct key128 key, enum want why)
{
    const struct options *o = w->scan->options;
    const bool matters = !o->no_starttls && (why == WANT_PREFERRED || o->per_ip_hosts > 0);
    struct host *h = w->looked_up;

    while (h != NULL && !sts_str_equal(h->rec.name, sts_str(want->name)))
        h = h->next;
    if (h == NULL && matters) {
        start(w, want, key, why);
        return;
    }
    if (h != NULL) { /* in good time: its endpoints are not handed on yet */
        h->signalled |= want->signalled;
        h->rank = want->rank < h->rank ? want->rank : h->rank;
        if (h->why == WANT_PREFERRED && matters)
            h->why = why;
    }
    scan_finish(w->scan, 1);
}

struct key128 host_key(struct key128 name, bool preferred)
{
    return (struct key128){(name.lo & ~(uint64_t)1) | preferred, name.hi};
}

/* 1: a new host; 0: is known; STS_ENOMEM. */
static int note_host(struct worker *w, struct key128 key, bool preferred, bool *newly_preferred)
{
    int added;

    *newly_preferred = false;
    if (keyset_has(&w->hosts, host_key(key, true)))
        return 0;
    if (!preferred)
        return keyset_add(&w->hosts, host_key(key, false));
    *newly_preferred = keyset_drop(&w->hosts, host_key(key, false));
    added = keyset_add(&w->hosts, host_key(key, true));
    return added < 0 || !*newly_preferred ? added : 0;
}

void host_receive(struct worker *w, struct message *m)
{
    struct host_message *want = (struct host_message *)m;
    const struct key128 key = key128_of(want->name, strlen(want->name), w->scan->secret);
    bool newly_preferred;
    int is_new = note_host(w, key, want->rank == 0, &newly_preferred), newly_signalled = 0;

    if (want->signalled)
        newly_signalled = keyset_add(&w->signalled, key);
    if (is_new < 0 || newly_signalled < 0)
        worker_no_memory(w);
    if (is_new > 0)
        start(w, want, key, WANT_NEW);
    else if (newly_signalled > 0 || newly_preferred)
        tell_again(w, want, key, newly_signalled > 0 ? WANT_SIGNALLED : WANT_PREFERRED);
    else
        scan_finish(w->scan, 1);
    free(want);
}
