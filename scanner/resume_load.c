/* resume_load.c - the records of the earlier runs, read back: what is known goes into the tables of the
 * workers that own it, what is missing into their queues. A frame may lag behind one that was written later,
 * so a domain record may lack any of the hosts, policies and endpoints that it calls for.
 *
 * In this order, since each needs the one before: which hosts and policies have their record; which positions
 * do, and what they call for; which endpoints do; what the hosts call for. Memory: 32 bytes for each
 * endpoint, which are given back at the end, besides what the workers keep anyway. */
#include "scanner/addresses.h"
#include "scanner/mx_hosts.h"
#include "scanner/resume_private.h"
#include "scanner/signalled.h"
#include "scanner/worker.h"

#include <ctype.h>
#include <inttypes.h>

#define LEAD_MOST_BYTES (64u << 20) /* of memory for what one record leads to */

struct load;
typedef int (*load_fn)(struct load *l, const void *record, struct sts_err *err);

struct load {
    struct resume *resume;
    struct scan *scan;
    struct before *before;
    struct keyset wanted;           /* hosts that have been asked for */
    struct keyset endpoints;        /* that have their record, or have been asked for */
    load_fn fn;                     /* of this pass */
    bool is_again;                  /* the frames of this pass have been read before */
    const struct scan_place *place; /* of the record at hand */
    struct arena arena;             /* likewise */
};

static int no_memory(struct sts_err *err)
{
    return sts_fail(err, STS_ENOMEM, "out of memory");
}

/* ---- what is looked at again ---- */

static bool is_cut_short(uint64_t oc)
{
    return oc == OC_OUR_STOP || oc == OC_OUR_MEMORY;
}

static bool is_inconclusive(uint64_t oc)
{
    const enum outcome_class class_ = outcome_class((unsigned)oc);

    return class_ == OCC_temporary || class_ == OCC_ours;
}

static bool is_open(const struct load *l, uint64_t oc)
{
    return l->resume->inconclusive ? is_inconclusive(oc) : is_cut_short(oc);
}

/* The last entry of its attempts says why there was no further one. */
static bool is_open_dns(const struct load *l, const struct rec_dns *dns)
{
    return dns != NULL &&
           (is_open(l, dns->oc) || (dns->att.n > 0 && is_open(l, dns->att.v[dns->att.n - 1].oc)));
}

static bool is_open_domain(const struct load *l, const struct rec_domain *d)
{
    const struct rec_dns *all[] = {d->mx, d->sts, d->rpt, d->dmarc, d->spf, d->a, d->aaaa, d->wild};
    bool open = is_open(l, d->oc);

    for (size_t i = 0; i < STS_LEN(all); i++)
        open |= is_open_dns(l, all[i]);
    return open;
}

static bool is_open_host(const struct load *l, const struct rec_host *h)
{
    return is_open(l, h->oc) || is_open_dns(l, h->a) || is_open_dns(l, h->aaaa) || is_open_dns(l, h->tlsa) ||
           is_open_dns(l, h->tlsa_name);
}

/* Where the handshake is done, a stop leaves the outcome as it is. But nothing was said within TLS then. */
static bool is_open_endpoint(const struct load *l, const struct rec_endpoint *e)
{
    const struct rec_reply *last = e->replies.n > 0 ? &e->replies.v[e->replies.n - 1] : NULL;

    return is_open(l, e->oc) ||
           (e->oc == OC_OK && last != NULL && sts_str_equal(last->to, sts_str("STARTTLS")));
}

/* The further addresses of the policy host too: what they say is a part of what the record says. */
static bool is_open_policy(const struct load *l, const struct rec_policy *p)
{
    bool open = is_open(l, p->oc) || is_open_dns(l, p->a) || is_open_dns(l, p->aaaa);

    for (uint32_t i = 0; i < p->others.n; i++)
        open |= is_open(l, p->others.v[i].oc);
    return open;
}

static int put(struct keyset *set, struct key128 key, bool there, struct sts_err *err)
{
    if (!there)
        keyset_drop(set, key);
    else if (keyset_add(set, key) < 0)
        return no_memory(err);
    return STS_OK;
}

/* Of several records of a thing the last is the one that counts: it has the highest attempt. */
static int note(struct load *l, enum rec_kind kind, struct key128 key, bool open, uint64_t attempt,
                uint64_t oc, struct sts_err *err)
{
    struct before *b = l->before;

    if (oc >= OUTCOME_LIMIT)
        return sts_fail(err, STS_EFORMAT,
                        "%s: record %" PRIu32 " of the frame at offset %" PRIu64
                        " has an outcome that only a later version knows: go on with that",
                        l->place->file, l->place->record, l->place->offset);
    b->counts[kind][oc]++;
    if (attempt >= b->attempt)
        b->attempt = attempt + 1;
    return put(&b->again[kind], key, open, err);
}

/* ---- the small kinds ---- */

static struct key128 key_of(const struct load *l, struct sts_str name)
{
    return key128_of(name.p, name.len, l->scan->secret);
}

static struct worker *owner(const struct load *l, struct sts_str name)
{
    return &l->scan->workers[worker_owner(l->scan, name.p, name.len)];
}

static int on_host(struct load *l, const void *record, struct sts_err *err)
{
    const struct rec_host *h = record;
    const struct key128 key = key_of(l, h->name);
    struct worker *w = owner(l, h->name);
    const bool open = is_open_host(l, h);

    if (note(l, REC_host, key, open, h->attempt, h->oc, err) != STS_OK ||
        put(&w->hosts, host_key(key, true), !open, err) != STS_OK)
        return err->code;
    if (host_has_tlsa(h) && keyset_add(&w->signalled, key) < 0)
        return no_memory(err);
    return STS_OK;
}

static int on_policy(struct load *l, const void *record, struct sts_err *err)
{
    const struct rec_policy *p = record;
    const struct key128 key = key_of(l, p->name);
    const bool open = is_open_policy(l, p);

    if (note(l, REC_policy, key, open, p->attempt, p->oc, err) != STS_OK)
        return err->code;
    return put(&owner(l, p->name)->policies, key, !open, err);
}

/* False: the record is damaged in a way that its checksum does not show. */
static bool endpoint_key(const struct load *l, const struct rec_endpoint *e, struct address *ip,
                         struct key128 *key)
{
    if (address_parse_part(e->ip.p, e->ip.len, ip) != STS_OK)
        return false;
    *key = worker_endpoint_key(l->scan, e->host, ip);
    return true;
}

static int on_endpoint(struct load *l, const void *record, struct sts_err *err)
{
    const struct rec_endpoint *e = record;
    struct key128 key;
    struct address ip;

    if (!endpoint_key(l, e, &ip, &key))
        return sts_fail(err, STS_EFORMAT,
                        "%s: record %" PRIu32 " of the frame at offset %" PRIu64
                        ": an endpoint without an IP address",
                        l->place->file, l->place->record, l->place->offset);
    return note(l, REC_endpoint, key, is_open_endpoint(l, e), e->attempt, e->oc, err);
}

static int on_ip(struct load *l, const void *record, struct sts_err *err)
{
    (void)record, (void)err;
    l->before->counts[REC_ip][OC_NONE]++;
    return STS_OK;
}

/* That of the last run tells what all of them came to. */
static int on_end(struct load *l, const void *record, struct sts_err *err)
{
    const struct rec_end *end = record;
    struct before *b = l->before;

    (void)err;
    b->queries = end->queries;
    b->connects = end->connects;
    b->loop_gaps = end->loop_gaps;
    return STS_OK;
}

/* ---- domains ---- */

static struct sts_str lower(struct arena *arena, struct sts_str name)
{
    char *copy = arena_alloc(arena, name.len + 1);

    for (uint32_t i = 0; copy != NULL && i < name.len; i++)
        copy[i] = (char)tolower((unsigned char)name.p[i]);
    return (struct sts_str){copy, name.len};
}

static void want_host(void *arg, const struct mx_host *wanted)
{
    struct load *l = arg;
    struct mx_host host = *wanted;
    struct key128 key;
    struct worker *w;
    int is_new;

    host.name = lower(&l->arena, wanted->name);
    if (host.name.p == NULL) {
        worker_no_memory(&l->scan->workers[0]);
        return;
    }
    key = key_of(l, host.name);
    w = owner(l, host.name);
    if (host.signalled && keyset_add(&w->signalled, key) < 0)
        worker_no_memory(w);
    if (keyset_has(&w->hosts, host_key(key, true)))
        return;
    is_new = keyset_add(&l->wanted, key);
    if (is_new < 0)
        worker_no_memory(w);
    if (is_new <= 0)
        return;
    l->resume->n_hosts++;
    host_want(&l->scan->workers[0], &host);
}

static int on_domain(struct load *l, const void *record, struct sts_err *err)
{
    struct rec_domain d = *(const struct rec_domain *)record;
    bool fresh;

    if (note(l, REC_domain, before_key(d.pos), is_open_domain(l, &d), d.attempt, d.oc, err) != STS_OK)
        return err->code;
    if (posset_add(&l->before->done, d.pos, &fresh) != STS_OK)
        return no_memory(err);
    if (mx_hosts_each(&d, l->scan->options, &l->arena, want_host, l) != STS_OK)
        return no_memory(err);
    if (d.fetch && !keyset_has(&owner(l, d.name)->policies, key_of(l, d.name))) {
        l->resume->n_policies++;
        policy_want(&l->scan->workers[0], d.name);
    }
    return STS_OK;
}

/* ---- endpoints ---- */

/* With the rank of a first host: which one it is no record of a host or an endpoint tells. */
static void take_up(struct load *l, struct sts_str host, const struct address *ip)
{
    const bool signalled = keyset_has(&owner(l, host)->signalled, key_of(l, host));

    l->resume->n_endpoints++;
    endpoint_want(&l->scan->workers[0], host, ip, signalled, 0, WANT_LEFT);
}

/* One that is looked at again comes before all others, so that it has its place in the sample again. */
static int on_known_endpoint(struct load *l, const void *record, struct sts_err *err)
{
    const struct rec_endpoint *e = record;
    struct key128 key, host = key_of(l, e->host);
    struct address ip;
    int is_new;

    if (!endpoint_key(l, e, &ip, &key))
        return STS_OK;
    is_new = keyset_add(&l->endpoints, key);
    if (is_new > 0 && keyset_has(&l->before->again[REC_endpoint], key))
        take_up(l, e->host, &ip);
    else if (is_new < 0 ||
             (is_new > 0 && endpoint_known(&l->scan->workers[worker_owner_of_address(l->scan, &ip)], e, &ip,
                                           keyset_has(&owner(l, e->host)->signalled, host)) != STS_OK))
        return no_memory(err);
    return STS_OK;
}

/* The endpoints of a host that have no record. */
static int on_known_host(struct load *l, const void *record, struct sts_err *err)
{
    const struct rec_host *h = record;
    const struct options *o = l->scan->options;
    const struct key128 host = key_of(l, h->name);
    struct worker *w = owner(l, h->name);
    struct addresses found;

    if (h->oc != OC_OK || !keyset_has(&w->hosts, host_key(host, true)) || o->no_starttls)
        return STS_OK;
    if (addresses_choose(&found, h->a, h->aaaa, l->scan->seed, o->address_limit, &l->arena) != STS_OK)
        return no_memory(err);
    for (uint32_t i = 0; i < found.n; i++) {
        int is_new = keyset_add(&l->endpoints, worker_endpoint_key(l->scan, h->name, &found.v[i]));

        if (is_new < 0)
            return no_memory(err);
        if (is_new > 0)
            take_up(l, h->name, &found.v[i]);
    }
    return STS_OK;
}

/* ---- again ---- */

/* Hosts whose record is superseded, and that no domain record that is left calls for by itself: those have
 * been asked for already. */
static int on_host_again(struct load *l, const void *record, struct sts_err *err)
{
    const struct rec_host *h = record;
    const struct key128 key = key_of(l, h->name);

    (void)err;
    if (keyset_has(&l->before->again[REC_host], key))
        want_host(l, &(struct mx_host){.name = h->name,
                                       .signalled = keyset_has(&owner(l, h->name)->signalled, key),
                                       .implicit = h->implicit});
    return STS_OK;
}

/* ---- all of them ---- */

static int on_record(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                     struct sts_err *err)
{
    struct load *l = arg;

    (void)kind;
    if (record == NULL) { /* of a kind that this version does not know */
        l->resume->n_foreign += !l->is_again;
        return STS_OK;
    }
    arena_reset(&l->arena);
    l->place = place;
    return l->fn(l, record, err);
}

static int each(struct load *l, enum rec_kind kind, load_fn fn, struct sts_err *err)
{
    l->fn = fn;
    return scan_reader_each(l->resume->reader, REC_MASK(kind), on_record, l, err);
}

static int load_once(struct load *l, struct sts_err *err)
{
    static const struct {
        enum rec_kind kind;
        load_fn fn;
    } passes[] = {{REC_host, on_host}, {REC_policy, on_policy}, {REC_endpoint, on_endpoint},
                  {REC_ip, on_ip},     {REC_end, on_end},       {REC_domain, on_domain}};

    for (size_t i = 0; i < STS_LEN(passes); i++) {
        if (each(l, passes[i].kind, passes[i].fn, err) != STS_OK)
            return err->code;
    }
    return STS_OK;
}

static int load_again(struct load *l, struct sts_err *err)
{
    l->is_again = true;
    if (each(l, REC_endpoint, on_known_endpoint, err) != STS_OK ||
        each(l, REC_host, on_known_host, err) != STS_OK)
        return err->code;
    return l->before->again[REC_host].n > 0 ? each(l, REC_host, on_host_again, err) : STS_OK;
}

int resume_load(struct resume *r, struct scan *s, struct before *before, struct sts_err *err)
{
    struct load l = {.resume = r, .scan = s, .before = before};

    before->start_ms = r->scan.start_ms;
    before->attempt = 1;
    r->n_foreign = scan_reader_n_foreign(r->reader);
    arena_init(&l.arena, LEAD_MOST_BYTES);
    if (load_once(&l, err) == STS_OK)
        (void)!load_again(&l, err);
    keyset_fini(&l.wanted);
    keyset_fini(&l.endpoints);
    arena_fini(&l.arena);
    return err->code;
}
