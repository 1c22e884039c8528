/* watch.c - see watch.h. An entry for each address and each /24 that has a connection open or had one begin a
 * moment ago. Entries with nothing open wait in a list, oldest first, and leave from its head a few at an
 * event, so no event costs more than another. */
#include "bench/sim/watch.h"

#include <stdlib.h>

#define HASH_BITS     19                   /* few, for the cache: a fast scan has fewer entries at a time */
#define MOST_SLOTS    1024                 /* milliseconds of a second, and room to spare: a power of two */
#define OWN_SLOTS     2                    /* in the entry itself; beyond: on the heap */
#define SECOND_MS     1000                 /* the window: both ends within less than this */
#define LEAVE_AT_ONCE 4                    /* entries that leave at an event; two at most are new at one */
#define NET_MASK      UINT32_C(0xffffff00) /* /24 */
#define HASH_FACTOR   UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio */

/* Beginnings within one millisecond. */
struct slot {
    uint32_t ms; /* the lower half of the time: slots are never older than a second */
    uint32_t n;
};

struct entry {
    uint64_t last_ms;   /* of the newest beginning */
    uint64_t idle_ms;   /* since when nothing is open */
    struct slot *slots; /* a ring: `own`, or on the heap */
    struct slot own[OWN_SLOTS];
    uint32_t address, n_open, n_in_second;
    uint32_t next;         /* in its bucket, or of the unused ones */
    uint32_t older, newer; /* in the list of those with nothing open */
    uint16_t first, n_slots, room;
    uint8_t kind; /* service and width: kind_of() */
};

/* Entries are numbered from 1; 0: none. */
struct watch {
    struct entry *entries;
    uint32_t *buckets;
    uint32_t unused, n_made; /* those that left, for use again; numbers given out */
    uint32_t oldest, newest; /* with nothing open */
    uint64_t n_missed;
    struct watch_peak peaks[WATCH_SERVICES][2]; /* address, network */
};

static uint8_t kind_of(enum watch_service s, bool network)
{
    return (uint8_t)(2 * (unsigned)s + network);
}

static uint32_t *bucket_of(const struct watch *w, uint8_t kind, uint32_t address)
{
    uint64_t key = (uint64_t)kind << 32 | address;
    return &w->buckets[key * HASH_FACTOR >> (64 - HASH_BITS)];
}

static void idle_push(struct watch *w, uint32_t at, uint64_t now_ms)
{
    struct entry *e = &w->entries[at];
    e->idle_ms = now_ms;
    e->newer = 0;
    e->older = w->newest;
    if (w->newest)
        w->entries[w->newest].newer = at;
    else
        w->oldest = at;
    w->newest = at;
}

static void idle_take(struct watch *w, uint32_t at)
{
    const struct entry *e = &w->entries[at];
    if (e->older)
        w->entries[e->older].newer = e->newer;
    else
        w->oldest = e->newer;
    if (e->newer)
        w->entries[e->newer].older = e->older;
    else
        w->newest = e->older;
}

static void slots_forget(struct entry *e)
{
    if (e->slots != e->own)
        free(e->slots);
    e->slots = e->own;
    e->room = OWN_SLOTS;
    e->first = e->n_slots = 0;
    e->n_in_second = 0;
}

static void leave(struct watch *w, uint32_t at)
{
    struct entry *e = &w->entries[at];
    uint32_t *link = bucket_of(w, e->kind, e->address);
    while (*link != at)
        link = &w->entries[*link].next;
    *link = e->next;
    idle_take(w, at);
    slots_forget(e);
    e->next = w->unused;
    w->unused = at;
}

/* What has had nothing open for a second has had nothing begin in it either. */
static void expire(struct watch *w, uint64_t now_ms)
{
    for (int i = 0; i < LEAVE_AT_ONCE && w->oldest; i++) {
        if (now_ms - w->entries[w->oldest].idle_ms < SECOND_MS)
            return;
        leave(w, w->oldest);
    }
}

static uint32_t find(const struct watch *w, uint8_t kind, uint32_t address)
{
    uint32_t at = *bucket_of(w, kind, address);
    while (at && (w->entries[at].address != address || w->entries[at].kind != kind))
        at = w->entries[at].next;
    return at;
}

/* A new one is one with nothing open. */
static uint32_t find_or_add(struct watch *w, uint8_t kind, uint32_t address, uint64_t now_ms)
{
    uint32_t at = find(w, kind, address);
    if (at)
        return at;
    if (w->unused) {
        at = w->unused;
        w->unused = w->entries[at].next;
    } else if (w->n_made < WATCH_MOST_ENTRIES) {
        at = ++w->n_made;
    } else {
        return 0;
    }
    uint32_t *bucket = bucket_of(w, kind, address);
    w->entries[at] = (struct entry){.address = address, .kind = kind, .next = *bucket, .room = OWN_SLOTS};
    w->entries[at].slots = w->entries[at].own;
    *bucket = at;
    idle_push(w, at, now_ms);
    return at;
}

static struct slot *slot_at(const struct entry *e, unsigned i)
{
    return &e->slots[(e->first + i) & (e->room - 1u)];
}

static void slots_drop_old(struct entry *e, uint64_t now_ms)
{
    if (now_ms - e->last_ms >= SECOND_MS) {
        slots_forget(e);
        return;
    }
    while (e->n_slots && (uint32_t)now_ms - slot_at(e, 0)->ms >= SECOND_MS) {
        e->n_in_second -= slot_at(e, 0)->n;
        e->first = (uint16_t)((e->first + 1u) & (e->room - 1u));
        e->n_slots--;
    }
}

/* Room for one more millisecond. False: no memory. */
static bool slots_reserve(struct entry *e)
{
    if (e->n_slots < e->room)
        return true;
    if (e->room == MOST_SLOTS)
        return false; /* a second has fewer milliseconds */
    struct slot *more = calloc(2u * e->room, sizeof *more);
    if (!more)
        return false;
    for (unsigned i = 0; i < e->n_slots; i++)
        more[i] = *slot_at(e, i);
    if (e->slots != e->own)
        free(e->slots);
    e->slots = more;
    e->room = (uint16_t)(2u * e->room);
    e->first = 0;
    return true;
}

static void raise_peak(struct watch_peak *p, const struct entry *e, uint64_t gap_ms)
{
    if (e->n_open > p->most_open) {
        p->most_open = e->n_open;
        p->open_at = e->address;
    }
    if (e->n_in_second > p->most_in_second) {
        p->most_in_second = e->n_in_second;
        p->second_at = e->address;
    }
    if (gap_ms < p->least_gap_ms) {
        p->least_gap_ms = gap_ms;
        p->gap_at = e->address;
    }
}

static void begin(struct watch *w, uint32_t at, uint64_t now_ms, struct watch_peak *peak)
{
    struct entry *e = &w->entries[at];
    uint64_t gap_ms = e->n_slots ? now_ms - e->last_ms : UINT64_MAX;
    if (e->n_slots && gap_ms == 0)
        slot_at(e, e->n_slots - 1u)->n++;
    else
        *slot_at(e, e->n_slots++) = (struct slot){.ms = (uint32_t)now_ms, .n = 1};
    e->last_ms = now_ms;
    e->n_in_second++;
    if (e->n_open++ == 0)
        idle_take(w, at);
    raise_peak(peak, e, gap_ms);
}

bool watch_open(struct watch *w, enum watch_service s, uint32_t address, uint64_t now_ms, uint32_t *n_open,
                uint32_t *n_in_second)
{
    expire(w, now_ms);
    uint32_t one = find_or_add(w, kind_of(s, false), address, now_ms);
    uint32_t net = find_or_add(w, kind_of(s, true), address & NET_MASK, now_ms);
    if (one)
        slots_drop_old(&w->entries[one], now_ms);
    if (net)
        slots_drop_old(&w->entries[net], now_ms);
    if (!one || !net || !slots_reserve(&w->entries[one]) || !slots_reserve(&w->entries[net])) {
        w->n_missed++;
        return false;
    }
    begin(w, one, now_ms, &w->peaks[s][0]);
    begin(w, net, now_ms, &w->peaks[s][1]);
    *n_open = w->entries[one].n_open;
    *n_in_second = w->entries[one].n_in_second;
    return true;
}

static void end_one(struct watch *w, uint8_t kind, uint32_t address, uint64_t now_ms)
{
    uint32_t at = find(w, kind, address);
    if (at && w->entries[at].n_open > 0 && --w->entries[at].n_open == 0)
        idle_push(w, at, now_ms);
}

void watch_close(struct watch *w, enum watch_service s, uint32_t address, uint64_t now_ms)
{
    end_one(w, kind_of(s, false), address, now_ms);
    end_one(w, kind_of(s, true), address & NET_MASK, now_ms);
    expire(w, now_ms);
}

void watch_peaks(const struct watch *w, enum watch_service s, struct watch_peak *address,
                 struct watch_peak *network)
{
    *address = w->peaks[s][0];
    *network = w->peaks[s][1];
}

uint64_t watch_missed(const struct watch *w)
{
    return w->n_missed;
}

/* Memory that is never touched is never there: the tables grow with what is watched. */
struct watch *watch_new(void)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->entries = calloc(WATCH_MOST_ENTRIES + 1u, sizeof *w->entries);
    w->buckets = calloc((size_t)1 << HASH_BITS, sizeof *w->buckets);
    if (!w->entries || !w->buckets) {
        watch_free(w);
        return NULL;
    }
    for (int s = 0; s < WATCH_SERVICES; s++) {
        w->peaks[s][0].least_gap_ms = UINT64_MAX;
        w->peaks[s][1].least_gap_ms = UINT64_MAX;
    }
    return w;
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    for (uint32_t at = 1; w->entries && at <= w->n_made; at++)
        slots_forget(&w->entries[at]);
    free(w->entries);
    free(w->buckets);
    free(w);
}
