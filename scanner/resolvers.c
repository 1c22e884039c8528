#include "scanner/resolvers.h"

#include <stdlib.h>

int resolvers_init(struct resolvers *r, uint32_t n)
{
    *r = (struct resolvers){.v = calloc(n, sizeof(*r->v)), .n = n};
    return r->v != NULL ? STS_OK : STS_ENOMEM;
}

void resolvers_fini(struct resolvers *r)
{
    free(r->v);
    *r = (struct resolvers){0};
}

static bool is_wanted(struct resolvers *r, uint32_t i, uint32_t avoid, uint64_t now_ms)
{
    struct resolver *one = &r->v[i];

    if (r->n_down == r->n)
        return i != avoid || r->n == 1;
    if (!one->down)
        return i != avoid || r->n - r->n_down == 1;
    if (now_ms < one->probed_ms + RESOLVER_PROBE_MS)
        return false;
    one->probed_ms = now_ms;
    return true;
}

uint32_t resolvers_pick(struct resolvers *r, uint32_t avoid, uint64_t now_ms)
{
    uint32_t i;

    do {
        i = r->next;
        r->next = i + 1 < r->n ? i + 1 : 0;
    } while (!is_wanted(r, i, avoid, now_ms));
    return i;
}

void resolvers_answered(struct resolvers *r, uint32_t i)
{
    struct resolver *one = &r->v[i];

    one->n_lost = one->n_refused = 0;
    if (one->down)
        r->n_down--;
    one->down = false;
}

static bool goes_down(struct resolvers *r, struct resolver *one)
{
    if (one->down)
        return false;
    one->down = true;
    r->n_down++;
    return true;
}

bool resolvers_lost(struct resolvers *r, uint32_t i)
{
    struct resolver *one = &r->v[i];

    return ++one->n_lost >= RESOLVER_MOST_LOST && goes_down(r, one);
}

bool resolvers_refused(struct resolvers *r, uint32_t i, uint64_t now_ms)
{
    struct resolver *one = &r->v[i];

    one->refused_ms = now_ms;
    return ++one->n_refused >= RESOLVER_MOST_REFUSED && goes_down(r, one);
}

bool resolvers_was_refused(const struct resolvers *r, uint32_t i, uint64_t since_ms)
{
    return r->v[i].n_refused > 0 && r->v[i].refused_ms >= since_ms;
}
