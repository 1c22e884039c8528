/* sampled.c - what is known of the addresses at the end: a record of each at which not every host was kept.
 */
#include "scanner/worker.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLE_MOST_NAMES 1050 /* in a record: all that the default limits let through */

static int by_name(const void *a, const void *b)
{
    const struct sts_str *left = a, *right = b;

    return strcmp(left->p, right->p);
}

/* The names of the hosts that were probed; those beyond the limit are only counted. */
static void list_probed(const struct site *site, struct rec_ip *rec, struct arena *arena)
{
    struct site_cursor at = {0};
    const struct site_host *h;

    rec->probed.v = arena_alloc(arena, SAMPLE_MOST_NAMES * sizeof(*rec->probed.v));
    while ((h = site_next(site, &at)) != NULL) {
        rec->n_probed += h->probed;
        if (h->probed && rec->probed.v != NULL && rec->probed.n < SAMPLE_MOST_NAMES)
            rec->probed.v[rec->probed.n++] = sts_str(h->name);
    }
    if (rec->probed.v != NULL)
        qsort(rec->probed.v, rec->probed.n, sizeof(*rec->probed.v), by_name);
}

static void put_ip(struct worker *w, const struct site *site)
{
    struct rec_ip rec = {.n_hosts = site->n_hosts, .n_signalled = site->n_signalled};
    char ip[ADDRESS_TEXT_BYTES];
    struct arena arena;

    arena_init(&arena, 0);
    address_format(&site->node.address, ip);
    rec.ip = sts_str(ip);
    list_probed(site, &rec, &arena);
    if (rec.probed.v == NULL)
        worker_no_memory(w);
    outbox_put(w->outbox, REC_ip, &rec, 0);
    arena_fini(&arena);
}

void endpoint_report(struct worker *w)
{
    struct addrmap_cursor at = {0};
    struct addrmap_node *node;

    if (w->reported)
        return;
    w->reported = true;
    while ((node = addrmap_next(&w->sites, &at)) != NULL) {
        if (site_left_out((struct site *)node) > 0)
            put_ip(w, (struct site *)node);
    }
}

void endpoint_forget(struct worker *w)
{
    struct addrmap_cursor at = {0};
    struct addrmap_node *node;

    while ((node = addrmap_next(&w->sites, &at)) != NULL) {
        site_fini((struct site *)node, &w->site_common);
        slab_free(&w->site_memory, node, sizeof(struct site));
    }
    addrmap_fini(&w->sites);
    slab_fini(&w->site_memory);
}
