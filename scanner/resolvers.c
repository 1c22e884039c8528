#include "scanner/resolvers.h"

#include <stdlib.h>
#include <string.h>

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

bool resolvers_may_probe(struct resolvers *r, uint32_t i, uint64_t now_ms)
{
    struct resolver *one = &r->v[i];

    if (!one->down || (one->is_probed && now_ms < one->probed_ms + RESOLVER_PROBE_MS))
        return false;
    one->is_probed = true;
    one->probed_ms = now_ms;
    return true;
}

void resolvers_heard(struct resolvers *r, uint32_t i, uint64_t now_ms)
{
    r->v[i].heard_ms = now_ms;
}

/* Since the last look. No first try that ended says nothing new. */
static bool seems_to_fail(const struct resolver *one)
{
    return one->n_ended > 0 ? RESOLVER_FAILS_ONE_IN * one->n_failed >= one->n_ended : one->n_unheard > 0;
}

bool resolvers_may_watch(struct resolvers *r, uint32_t i, bool may_be_idle, uint64_t now_ms)
{
    struct resolver *one = &r->v[i];
    const uint64_t every_ms = one->n_unheard > 0 ? RESOLVER_RECHECK_MS : RESOLVER_PROBE_MS;
    bool wanted;

    if (one->down || now_ms < one->watched_ms + every_ms)
        return false;
    wanted = (may_be_idle && now_ms >= one->heard_ms + RESOLVER_PROBE_MS) || seems_to_fail(one);
    one->watched_ms = now_ms;
    one->n_ended = one->n_failed = 0;
    if (!wanted)
        one->n_unheard = 0;
    return wanted;
}

void resolvers_probe_asked(struct resolvers *r, uint32_t i, uint64_t now_ms)
{
    r->v[i].probe_asked_ms = now_ms;
}

void resolvers_probe_answered(struct resolvers *r, uint32_t i, uint64_t now_ms)
{
    const uint64_t took_ms = now_ms - r->v[i].probe_asked_ms;

    r->v[i].probe_took_ms = took_ms > 0 ? took_ms : 1;
}

bool resolvers_probe_waits(const struct resolvers *r, uint32_t i, uint64_t timeout_ms, uint64_t now_ms)
{
    const struct resolver *one = &r->v[i];
    const uint64_t most_ms = one->late_ms > 0 ? 2 * timeout_ms : timeout_ms;
    uint64_t wait_ms = RESOLVER_PROBE_TIMES * one->probe_took_ms;

    if (wait_ms < RESOLVER_PROBE_MS)
        wait_ms = RESOLVER_PROBE_MS;
    if (one->down || one->probe_took_ms == 0 || wait_ms > most_ms)
        wait_ms = most_ms;
    return now_ms < one->probe_asked_ms + wait_ms;
}

static bool is_wanted(struct resolvers *r, uint32_t i, uint32_t avoid, uint64_t now_ms)
{
    struct resolver *one = &r->v[i];

    if (r->n_down == r->n)
        return i != avoid || r->n == 1;
    if (!one->down)
        return i != avoid || r->n - r->n_down == 1;
    return i != avoid && resolvers_may_probe(r, i, now_ms);
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

static struct resolver_second *second_of(struct resolver *one, uint64_t second)
{
    return &one->seconds[second % RESOLVER_SECONDS];
}

static void note(struct resolver *one, uint64_t sent_ms, bool lost)
{
    struct resolver_second *s = second_of(one, sent_ms / 1000);

    if (s->second != sent_ms / 1000)
        *s = (struct resolver_second){.second = sent_ms / 1000};
    s->n_ended++;
    s->n_lost += lost;
    one->n_ended++;
    one->n_failed += lost;
}

/* Of those sent in this second, and before as far as it takes to tell. */
static bool too_many_are_lost(struct resolver *one, uint64_t second)
{
    uint32_t n_ended = 0, n_lost = 0;

    for (uint64_t back = 0; back <= second && back < RESOLVER_SECONDS && n_ended < RESOLVER_SHARE_TRIES;
         back++) {
        const struct resolver_second *s = second_of(one, second - back);

        n_ended += s->second == second - back ? s->n_ended : 0;
        n_lost += s->second == second - back ? s->n_lost : 0;
    }
    return n_ended >= RESOLVER_SHARE_TRIES && 100ULL * n_lost > (uint64_t)RESOLVER_LOST_PERCENT * n_ended;
}

static bool goes_down(struct resolvers *r, struct resolver *one)
{
    if (one->down)
        return false;
    one->down = true;
    one->is_mute = false;
    one->n_back = RESOLVER_BACK;
    one->is_probed = false;
    one->n_unheard = 0;
    r->n_down++;
    return true;
}

static void goes_up(struct resolvers *r, struct resolver *one)
{
    one->n_lost = one->n_refused = one->n_ended = one->n_failed = 0;
    memset(one->seconds, 0, sizeof(one->seconds));
    one->up_ms = one->heard_ms;
    one->down = false;
    r->n_down--;
}

void resolvers_answered(struct resolvers *r, uint32_t i, uint64_t sent_ms)
{
    struct resolver *one = &r->v[i];

    if (one->down)
        goes_up(r, one);
    one->n_lost = one->n_refused = 0;
    if (sent_ms > 0 && sent_ms >= one->up_ms)
        note(one, sent_ms, false);
}

void resolvers_answered_late(struct resolvers *r, uint32_t i, uint64_t sent_ms, uint64_t now_ms)
{
    struct resolver *one = &r->v[i];
    struct resolver_second *s = second_of(one, sent_ms / 1000);

    one->late_ms = now_ms;
    if (!one->down && sent_ms >= one->up_ms && s->second == sent_ms / 1000 && s->n_lost > 0)
        s->n_lost--;
    one->n_failed -= one->n_failed > 0;
    resolvers_answered(r, i, 0);
}

void resolvers_spoke(struct resolvers *r, uint32_t i, uint64_t now_ms)
{
    r->v[i].late_ms = now_ms;
    if (r->v[i].down && r->v[i].is_mute)
        goes_up(r, &r->v[i]);
}

static bool is_slow(const struct resolver *one, uint64_t now_ms)
{
    return one->late_ms > 0 && now_ms < one->late_ms + RESOLVER_SLOW_MS;
}

bool resolvers_lost(struct resolvers *r, uint32_t i, uint64_t sent_ms, uint64_t now_ms)
{
    struct resolver *one = &r->v[i];

    if (one->down || sent_ms < one->up_ms)
        return false;
    one->n_lost += sent_ms >= one->heard_ms;
    note(one, sent_ms, true);
    if (one->n_lost < RESOLVER_MOST_LOST)
        return !is_slow(one, now_ms) && resolvers_lost_too_many(r, i, sent_ms);
    (void)goes_down(r, one);
    one->is_mute = true;
    return true;
}

bool resolvers_lost_too_many(struct resolvers *r, uint32_t i, uint64_t sent_ms)
{
    return too_many_are_lost(&r->v[i], sent_ms / 1000) && goes_down(r, &r->v[i]);
}

bool resolvers_probed(struct resolvers *r, uint32_t i, bool answered)
{
    struct resolver *one = &r->v[i];

    if (!one->down) {
        one->n_unheard = answered ? 0 : one->n_unheard + 1;
        return one->n_unheard >= RESOLVER_MOST_UNHEARD && goes_down(r, one);
    }
    if (answered)
        one->n_back--;
    else if (one->n_back < RESOLVER_BACK)
        one->n_back++;
    one->is_probed = !answered; /* the next one follows an answer at once */
    if (one->n_back == 0)
        goes_up(r, one);
    return false;
}

void resolvers_failed(struct resolvers *r, uint32_t i)
{
    r->v[i].n_failed++;
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
