#include "scanner/site.h"

#include "scanner/keyset.h"

#include <stdlib.h>
#include <string.h>

/* ---- the sample ---- */

static uint64_t order_of(const struct site_limits *limits, enum site_class class_, const char *name)
{
    return limits->most[class_] > 0 ? key128_of(name, strlen(name), limits->seed).lo : 0;
}

/* In the ring of those that wait, by rising order. */
static void enqueue(struct site *s, struct site_host *h)
{
    struct site_host *at = s->last_waiting;

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
}

struct site_host *site_first(const struct site *s)
{
    return s->last_waiting != NULL ? s->last_waiting->next_waiting : NULL;
}

static void enter(struct site *s, struct site_host *h)
{
    struct site_host **at = &s->kept[h->class_];

    while (*at != NULL && (*at)->order > h->order)
        at = &(*at)->next;
    h->next = *at;
    *at = h;
    s->n_kept[h->class_]++;
    s->n_waiting[h->class_] += h->waiting;
    if (h->waiting)
        enqueue(s, h);
}

static void leave(struct site *s, struct site_host **at)
{
    struct site_host *h = *at;

    *at = h->next;
    s->n_kept[h->class_]--;
    s->n_waiting[h->class_] -= h->waiting;
    if (h->waiting)
        dequeue(s, h);
}

/* The waiting host of the highest order, where that is above `order`. */
static struct site_host **find_higher(struct site *s, enum site_class class_, uint64_t order)
{
    struct site_host **at = &s->kept[class_];

    if (s->n_waiting[class_] == 0)
        return NULL;
    while (*at != NULL && (*at)->order > order && (!(*at)->waiting || (*at)->stays))
        at = &(*at)->next;
    return *at != NULL && (*at)->order > order ? at : NULL;
}

static struct site_host **find_name(struct site *s, enum site_class class_, uint64_t order, const char *name)
{
    struct site_host **at = &s->kept[class_];

    while (*at != NULL && ((*at)->order > order || ((*at)->order == order && strcmp((*at)->name, name) != 0)))
        at = &(*at)->next;
    return *at != NULL && (*at)->order == order ? at : NULL;
}

/* A host that is signalled only now. True: it is kept, and counts as a signalled one from here on. */
static bool promote(struct site *s, const struct site_limits *limits, const char *name)
{
    struct site_host **at = find_name(s, SITE_PLAIN, order_of(limits, SITE_PLAIN, name), name), *h;

    if (at == NULL)
        return false;
    h = *at;
    leave(s, at);
    h->class_ = SITE_SIGNALLED;
    h->order = order_of(limits, SITE_SIGNALLED, name);
    enter(s, h);
    return true;
}

static int keep(struct site *s, enum site_class class_, uint64_t order, const char *name,
                struct site_answer *out)
{
    size_t size = strlen(name) + 1;

    out->kept = malloc(offsetof(struct site_host, name) + size);
    if (out->kept == NULL)
        return STS_ENOMEM;
    out->kept->order = order;
    out->kept->class_ = class_;
    out->kept->waiting = true;
    out->kept->probed = out->kept->stays = out->kept->left = false;
    memcpy(out->kept->name, name, size);
    enter(s, out->kept);
    return STS_OK;
}

int site_admit(struct site *s, const struct site_limits *limits, const char *name, bool signalled, bool again,
               struct site_answer *out)
{
    enum site_class class_ = signalled ? SITE_SIGNALLED : SITE_PLAIN;
    uint64_t order = order_of(limits, class_, name);
    struct site_host **higher = NULL;

    *out = (struct site_answer){0};
    if (again && promote(s, limits, name)) {
        s->n_signalled++;
        return STS_OK;
    }
    out->returned = again && site_left_out(s) > 0;
    if (limits->most[class_] > 0 && s->n_kept[class_] >= limits->most[class_]) {
        higher = find_higher(s, class_, order);
        out->left_out = higher == NULL;
    }
    if (!out->left_out && keep(s, class_, order, name, out) != STS_OK)
        return STS_ENOMEM;
    if (higher != NULL) { /* the new one stands behind it: the place is still right */
        out->displaced = *higher;
        leave(s, higher);
    }
    s->n_hosts += !out->returned;
    s->n_signalled += signalled;
    return STS_OK;
}

int site_know(struct site *s, const struct site_limits *limits, struct sts_str name, bool signalled,
              bool probed)
{
    enum site_class class_ = signalled ? SITE_SIGNALLED : SITE_PLAIN;
    struct site_host *h = malloc(sizeof(*h) + name.len + 1);

    if (h == NULL)
        return STS_ENOMEM;
    *h = (struct site_host){.class_ = class_, .probed = probed};
    memcpy(h->name, name.p, name.len);
    h->name[name.len] = '\0';
    h->order = order_of(limits, class_, h->name);
    enter(s, h);
    s->n_hosts++;
    s->n_signalled += signalled;
    return STS_OK;
}

bool site_has(const struct site *s, const struct site_limits *limits, const char *name)
{
    for (unsigned class_ = 0; class_ < SITE_CLASSES; class_++) {
        const uint64_t order = order_of(limits, (enum site_class)class_, name);

        for (const struct site_host *h = s->kept[class_]; h != NULL && h->order >= order; h = h->next) {
            if (h->order == order && strcmp(h->name, name) == 0)
                return true;
        }
    }
    return false;
}

void site_begin(struct site *s, struct site_host *h)
{
    if (!h->waiting)
        return;
    dequeue(s, h);
    s->n_waiting[h->class_]--;
    h->waiting = false;
}

uint32_t site_left_out(const struct site *s)
{
    return s->n_hosts - s->n_kept[SITE_PLAIN] - s->n_kept[SITE_SIGNALLED];
}

void site_fini(struct site *s)
{
    for (unsigned i = 0; i < SITE_CLASSES; i++) {
        while (s->kept[i] != NULL) {
            struct site_host *h = s->kept[i];

            s->kept[i] = h->next;
            free(h);
        }
    }
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
    s->failed_ms = now_ms;
    return s->n_run == SITE_RUN;
}

enum outcome site_shared(const struct site *s, uint32_t n_seen, uint64_t now_ms)
{
    if (s->n_run < SITE_RUN || n_seen == s->n_noted || now_ms - s->failed_ms > SITE_SHARE_MS)
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
