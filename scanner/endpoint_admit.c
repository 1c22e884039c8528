/* endpoint_admit.c - which MX hosts are probed at which address: a host on its way to the worker that owns
 * the address, the door's word there (door.h), the sample of the address (site.h). What is let in is probed
 * by endpoint.c. */
#include "scanner/endpoint_private.h"

#include <stdlib.h>
#include <string.h>

struct endpoint_message { /* "this host points at this address" */
    struct message head;
    struct address ip;
    bool signalled;
    uint8_t rank; /* struct mx_host */
    enum want why;
    char host[];
};

void endpoint_want(struct worker *w, struct sts_str host, const struct address *ip, bool signalled,
                   uint8_t rank, enum want why)
{
    struct endpoint_message *m = calloc(1, sizeof(*m) + host.len + 1);

    if (m == NULL) {
        worker_no_memory(w);
        return;
    }
    m->head.type = MESSAGE_ENDPOINT;
    m->head.to = worker_owner_of_address(w->scan, ip);
    m->ip = *ip;
    m->signalled = signalled;
    m->rank = rank;
    m->why = why;
    memcpy(m->host, host.p, host.len);
    if (why == WANT_NEW || why == WANT_LEFT)
        count(&w->counters.endpoints);
    worker_send(w, &m->head);
}

static struct site *get_site(struct worker *w, const struct address *a)
{
    struct site *site = (struct site *)addrmap_find(&w->sites, a);

    if (site != NULL)
        return site;
    site = slab_alloc(&w->site_memory, sizeof(*site));
    if (site == NULL)
        return NULL;
    *site = (struct site){.node.address = *a, .rank = MX_RANKS - 1};
    addrmap_add(&w->sites, &site->node);
    return site;
}

/* Is the host to be probed here? NULL: no. */
static struct site_host *admit(struct worker *w, struct site *site, const struct endpoint_message *m)
{
    struct counters *c = &w->counters;
    struct site_answer answer;

    if (site_admit(site, &w->site_common, m->host, m->signalled, m->why == WANT_SIGNALLED, &answer) !=
        STS_OK) {
        worker_no_memory(w);
        return NULL;
    }
    if (m->why == WANT_SIGNALLED && !answer.returned && (answer.kept != NULL || answer.left_out))
        count(&c->endpoints); /* an address that the first answer did not have */
    if (answer.left_out && !answer.returned)
        count(&c->endpoints_sampled);
    if (answer.kept != NULL && answer.returned)
        uncount(&c->endpoints_sampled);
    if (answer.displaced) {
        count(&c->endpoints_sampled);
        scan_finish(w->scan, 1);
    }
    return answer.kept;
}

static struct key128 key_of(const struct worker *w, const struct endpoint_message *m)
{
    return worker_endpoint_key(w->scan, sts_str(m->host), &m->ip);
}

/* An address that must not be contacted has a record for each host, and no sample. What is on the blocklist
 * may be off it later, and the host wanted again: it has its record all the same. */
static void refuse(struct worker *w, const struct endpoint_message *m, enum outcome oc)
{
    struct rec_endpoint empty = {0};

    if (m->why == WANT_SIGNALLED)
        return;
    if (oc == OC_BLOCKLISTED && keyset_add(&w->excluded, key_of(w, m)) < 0)
        worker_no_memory(w);
    endpoint_record(w, m->host, &m->ip, oc, &empty);
}

/* What becomes of the host at the address: OC_OK, or the door's word, of now or of before. */
static enum outcome judge(const struct worker *w, const struct endpoint_message *m)
{
    if (m->why == WANT_SIGNALLED && keyset_has(&w->excluded, key_of(w, m)))
        return OC_BLOCKLISTED;
    return gate_judge(w->gate, m->host, &m->ip);
}

int endpoint_known(struct worker *w, const struct rec_endpoint *e, const struct address *ip, bool signalled)
{
    struct site *site;

    if (outcome_class((unsigned)e->oc) == OCC_skipped)
        return keyset_add(&w->excluded, worker_endpoint_key(w->scan, e->host, ip)) < 0 ? STS_ENOMEM : STS_OK;
    site = get_site(w, ip);
    return site != NULL ? site_know(site, &w->site_common, e->host, signalled, e->att.n > 0) : STS_ENOMEM;
}

/* An earlier run has done with it; only its host is looked up again. */
static bool is_known(struct worker *w, const struct endpoint_message *m)
{
    const struct site *site;

    if (w->scan->before == NULL || m->why == WANT_SIGNALLED)
        return false;
    if (keyset_has(&w->excluded, key_of(w, m)))
        return true;
    site = (const struct site *)addrmap_find(&w->sites, &m->ip);
    return site != NULL && site_has(site, &w->site_common, m->host);
}

/* The host waits at its site. Where those before it have just failed it need not. */
static void begin(struct worker *w, struct site *site, struct site_host *host)
{
    enum outcome shared = site_shared(site, 0, w->timers.now_ms);

    if (scan_phase(w->scan) != PHASE_RUN)
        endpoint_take(w, site, host, scan_end_outcome(w->scan));
    else if (shared != OC_NONE && port_verdict(&w->scan->port) != PORT_BLOCKED)
        endpoint_take(w, site, host, shared);
    else
        endpoint_wait(w, site);
}

static void receive(struct worker *w, const struct endpoint_message *m)
{
    enum outcome judged = judge(w, m);
    struct site *site = judged == OC_OK ? get_site(w, &m->ip) : NULL;
    struct site_host *host = site != NULL ? admit(w, site, m) : NULL;

    if (site != NULL && m->rank < site->rank)
        endpoint_wait_prefer(w, site, m->rank);
    if (judged != OC_OK)
        refuse(w, m, judged);
    else if (site == NULL)
        worker_no_memory(w);
    if (host != NULL) {
        host->left = m->why == WANT_LEFT;
        host->stays = before_attempt(w->scan->before, REC_endpoint, key_of(w, m)) > 0; /* it has a record */
        begin(w, site, host);
    } else {
        scan_finish(w->scan, 1);
    }
}

/* Nothing but this: the host has been here before. */
static void prefer(struct worker *w, const struct endpoint_message *m)
{
    struct site *site = (struct site *)addrmap_find(&w->sites, &m->ip);

    if (site != NULL && m->rank < site->rank)
        endpoint_wait_prefer(w, site, m->rank);
    scan_finish(w->scan, 1);
}

void endpoint_receive(struct worker *w, struct message *message)
{
    struct endpoint_message *m = (struct endpoint_message *)message;

    if (m->why == WANT_PREFERRED) {
        prefer(w, m);
    } else if (is_known(w, m)) {
        uncount(&w->counters.endpoints);
        scan_finish(w->scan, 1);
    } else {
        receive(w, m);
    }
    free(m);
}
