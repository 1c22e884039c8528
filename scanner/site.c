#include "scanner/site.h"

#include "scanner/keyset.h"

#include <stdlib.h>
#include <string.h>

/* ---- hosts by name ---- */

static uint64_t hash_of(const struct site_common *common, const char *name)
{
    return key128_of(name, strlen(name), common->seed).lo;
}

static size_t bytes_of(const struct site_host *h)
{
    return offsetof(struct site_host, name) + strlen(h->name) + 1 + h->n_extra;
}

/* By the low bits: the high ones are much alike where those of the lowest hashes are kept. */
static struct site_host **chain_of(struct site *s, const struct site_common *common, const char *name)
{
    if (s->chains_log2 == 0)
        return &s->kept.one;
    return &s->kept.many[hash_of(common, name) & ((UINT64_C(1) << s->chains_log2) - 1)];
}

static struct site_host *find(const struct site *s, const struct site_common *common, const char *name)
{
    const struct site_host *h = s->kept.one;

    if (s->chains_log2 > 0)
        h = s->kept.many[hash_of(common, name) & ((UINT64_C(1) << s->chains_log2) - 1)];
    while (h != NULL && strcmp(h->name, name) != 0)
        h = h->next;
    return (struct site_host *)h;
}

/* Twice the chains; without memory the old ones do. */
static void grow(struct site *s, const struct site_common *common)
{
    const unsigned log2 = s->chains_log2 + 1u;
    struct site_host **chains = log2 < 31 ? calloc((size_t)1 << log2, sizeof(struct site_host *)) : NULL;
    struct site_cursor at = {0};
    struct site_host *h;

    if (chains == NULL)
        return;
    while ((h = site_next(s, &at)) != NULL) {
        struct site_host **to = &chains[hash_of(common, h->name) & ((UINT64_C(1) << log2) - 1)];

        h->next = *to;
        *to = h;
    }
    if (s->chains_log2 > 0)
        free(s->kept.many);
    s->kept.many = chains;
    s->chains_log2 = (uint16_t)(log2 & 31);
}

static void chain(struct site *s, const struct site_common *common, struct site_host *h)
{
    struct site_host **to = chain_of(s, common, h->name);

    h->next = *to;
    *to = h;
    s->n_kept[h->class_]++;
    if ((uint64_t)s->n_kept[SITE_PLAIN] + s->n_kept[SITE_SIGNALLED] > (uint64_t)SITE_CHAIN_HOSTS
                                                                          << s->chains_log2)
        grow(s, common);
}

/* What points at the host. */
static struct site_host **link_of(struct site *s, const struct site_common *common, const struct site_host *h)
{
    struct site_host **at = chain_of(s, common, h->name);

    while (*at != h)
        at = &(*at)->next;
    return at;
}

struct site_host *site_next(const struct site *s, struct site_cursor *at)
{
    const uint32_t n = UINT32_C(1) << s->chains_log2;
    struct site_host *h;

    for (; at->next == NULL && at->chain < n; at->chain++)
        at->next = s->chains_log2 > 0 ? s->kept.many[at->chain] : s->kept.one;
    h = at->next;
    if (h != NULL)
        at->next = h->next;
    return h;
}

void site_fini(struct site *s, const struct site_common *common)
{
    struct site_cursor at = {0};
    struct site_host *h;

    while ((h = site_next(s, &at)) != NULL)
        slab_free(common->memory, h, bytes_of(h));
    if (s->chains_log2 > 0)
        free(s->kept.many);
}

/* ---- what is kept beside the name ---- */

const unsigned char *site_extra(const struct site_host *h)
{
    return (const unsigned char *)h->name + strlen(h->name) + 1;
}

struct site_host *site_set_extra(struct site *s, const struct site_common *common, struct site_host *h,
                                 const void *extra, size_t n)
{
    const size_t old = bytes_of(h), size = old - h->n_extra;
    struct site_host *moved = slab_alloc(common->memory, size + n);

    if (moved == NULL)
        return NULL;
    memcpy(moved, h, size);
    if (n > 0)
        memcpy((char *)moved + size, extra, n);
    moved->n_extra = (uint16_t)n;
    *link_of(s, common, h) = moved;
    slab_free(common->memory, h, old);
    return moved;
}

/* ---- the sample ---- */

/* Half of the hash is enough: of two hosts with the same half the one that came first is first. */
static uint32_t order_of(const struct site_common *common, enum site_class class_, const char *name)
{
    return common->most[class_] > 0 ? (uint32_t)(hash_of(common, name) >> 32) : 0;
}

/* In the ring of those that wait, by rising order. */
static void enqueue(struct site *s, struct site_host *h)
{
    struct site_host *at = s->last_waiting;

    h->waiting = true;
    if (at == NULL) {
        s->last_waiting = h->next_waiting = h;
        return;
    }
    if (at->order > h->order) {
        while (at->next_waiting->order <= h->order)
            at = at->next_waiting;
    } else {
        s->last_waiting = h;
    }
    h->next_waiting = at->next_waiting;
    at->next_waiting = h;
}

static void dequeue(struct site *s, struct site_host *h)
{
    struct site_host *at = s->last_waiting;

    while (at->next_waiting != h)
        at = at->next_waiting;
    at->next_waiting = h->next_waiting;
    if (s->last_waiting == h)
        s->last_waiting = at == h ? NULL : at;
    h->waiting = false;
}

struct site_host *site_first(const struct site *s)
{
    return s->last_waiting != NULL ? s->last_waiting->next_waiting : NULL;
}

/* The one that gives way to a host of `order`: of those of its class that wait the highest, where that is
 * above. */
static struct site_host *find_higher(const struct site *s, enum site_class class_, uint32_t order)
{
    struct site_host *h = s->last_waiting, *found = NULL;

    if (h == NULL || h->order <= order)
        return NULL;
    if (h->class_ == class_ && !h->stays)
        return h;
    for (h = site_first(s); h != s->last_waiting; h = h->next_waiting) {
        if (h->class_ == class_ && !h->stays)
            found = h;
    }
    return found != NULL && found->order > order ? found : NULL;
}

static void displace(struct site *s, const struct site_common *common, struct site_host *h)
{
    *link_of(s, common, h) = h->next;
    s->n_kept[h->class_]--;
    dequeue(s, h);
    slab_free(common->memory, h, bytes_of(h));
}

/* A host that is signalled only now. True: it is kept, and counts as a signalled one from here on. */
static bool promote(struct site *s, const struct site_common *common, const char *name)
{
    struct site_host *h = find(s, common, name);
    const bool waiting = h != NULL && h->waiting;

    if (h == NULL || h->class_ != SITE_PLAIN)
        return false;
    if (waiting)
        dequeue(s, h);
    h->class_ = SITE_SIGNALLED;
    h->order = order_of(common, SITE_SIGNALLED, name);
    s->n_kept[SITE_PLAIN]--;
    s->n_kept[SITE_SIGNALLED]++;
    if (waiting)
        enqueue(s, h);
    return true;
}

/* NULL: no memory. */
static struct site_host *keep(struct site *s, const struct site_common *common, enum site_class class_,
                              struct sts_str name)
{
    const size_t len = strnlen(name.p, name.len); /* that of a record may hold any byte */
    struct site_host *h = slab_alloc(common->memory, offsetof(struct site_host, name) + len + 1);

    if (h == NULL)
        return NULL;
    memset(h, 0, offsetof(struct site_host, name));
    memcpy(h->name, name.p, len);
    h->name[len] = '\0';
    h->class_ = class_;
    h->order = order_of(common, class_, h->name);
    chain(s, common, h);
    return h;
}

int site_admit(struct site *s, const struct site_common *common, const char *name, bool signalled, bool again,
               struct site_answer *out)
{
    enum site_class class_ = signalled ? SITE_SIGNALLED : SITE_PLAIN;
    struct site_host *higher = NULL;

    *out = (struct site_answer){0};
    if (again && promote(s, common, name)) {
        s->n_signalled++;
        return STS_OK;
    }
    out->returned = again && site_left_out(s) > 0;
    if (common->most[class_] > 0 && s->n_kept[class_] >= common->most[class_]) {
        higher = find_higher(s, class_, order_of(common, class_, name));
        out->left_out = higher == NULL;
    }
    if (!out->left_out) {
        out->kept = keep(s, common, class_, sts_str(name));
        if (out->kept == NULL)
            return STS_ENOMEM;
        enqueue(s, out->kept);
    }
    if (higher != NULL) {
        displace(s, common, higher);
        out->displaced = true;
    }
    s->n_hosts += !out->returned;
    s->n_signalled += signalled;
    return STS_OK;
}

int site_know(struct site *s, const struct site_common *common, struct sts_str name, bool signalled,
              bool probed)
{
    struct site_host *h = keep(s, common, signalled ? SITE_SIGNALLED : SITE_PLAIN, name);

    if (h == NULL)
        return STS_ENOMEM;
    h->probed = probed;
    s->n_hosts++;
    s->n_signalled += signalled;
    return STS_OK;
}

bool site_has(const struct site *s, const struct site_common *common, const char *name)
{
    return find(s, common, name) != NULL;
}

void site_begin(struct site *s, struct site_host *h)
{
    if (h->waiting)
        dequeue(s, h);
    h->stays = true;
}

struct site_host *site_take_waiting(struct site *s)
{
    struct site_host *first = site_first(s);

    if (first == NULL)
        return NULL;
    s->last_waiting->next_waiting = NULL;
    s->last_waiting = NULL;
    for (struct site_host *h = first; h != NULL; h = h->next_waiting)
        h->waiting = false;
    return first;
}

void site_wait_again(struct site *s, struct site_host *h)
{
    enqueue(s, h);
}

uint32_t site_left_out(const struct site *s)
{
    return s->n_hosts - s->n_kept[SITE_PLAIN] - s->n_kept[SITE_SIGNALLED];
}

/* ---- what the attempts came to ---- */

/* Up to the greeting nothing depends on the host that was meant: it is the address that does not answer, or
 * that turns us away, with a greeting of 4xx or 5xx too (RFC 5321 section 3.1, 4.2.2 for 421). */
static bool is_of_address(enum outcome oc)
{
    switch (oc) {
    case OC_TCP_REFUSED:
    case OC_TCP_TIMEOUT:
    case OC_TCP_RESET:
    case OC_TCP_UNREACHABLE:
    case OC_TCP_OTHER:
    case OC_SMTP_GREETING_TIMEOUT:
    case OC_SMTP_GREETING_4XX:
    case OC_SMTP_GREETING_5XX:
    case OC_SMTP_CLOSED_EARLY: return true;
    default: return false;
    }
}

bool site_note(struct site *s, enum outcome oc, uint64_t now_ms)
{
    if (outcome_class(oc) == OCC_ours ||
        outcome_class(oc) == OCC_skipped) /* says nothing about the address */
        return false;
    s->n_noted++;
    if (oc != OC_SMTP_GREETING_4XX && oc != OC_SMTP_EHLO_4XX)
        s->n_deferred = 0;
    else if (s->n_deferred < SITE_MOST_DEFERRED)
        s->n_deferred++;
    if (!is_of_address(oc)) {
        s->n_run = 0;
        return false;
    }
    if (oc != s->run_oc)
        s->n_run = 0;
    if (s->n_run < SITE_RUN)
        s->n_run++;
    s->run_oc = (uint16_t)oc;
    s->failed_tick = (uint32_t)(now_ms / SITE_TICK_MS);
    return s->n_run == SITE_RUN;
}

enum outcome site_shared(const struct site *s, uint32_t n_seen, uint64_t now_ms)
{
    if (s->n_run < SITE_RUN || n_seen == s->n_noted ||
        now_ms - (uint64_t)s->failed_tick * SITE_TICK_MS > SITE_SHARE_MS)
        return OC_NONE;
    return (enum outcome)s->run_oc;
}

uint64_t site_rest_ms(const struct site *s, uint64_t most_ms)
{
    uint64_t rest_ms = most_ms / SITE_REST;

    if (s->n_deferred == 0)
        return 0;
    for (unsigned i = 1; i < s->n_deferred; i++)
        rest_ms *= 2;
    return rest_ms < most_ms ? rest_ms : most_ms;
}

void site_set_rest(struct site *s, uint64_t until_ms)
{
    s->rest_tick = (uint32_t)((until_ms + SITE_TICK_MS - 1) / SITE_TICK_MS);
}

uint64_t site_rest_until_ms(const struct site *s)
{
    return (uint64_t)s->rest_tick * SITE_TICK_MS;
}
