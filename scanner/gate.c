#include "scanner/gate.h"

#include "scanner/keyset.h"

#include <stdlib.h>
#include <string.h>

#define GATE_FIRST_BUCKETS 256
#define TURN_MOST_JOBS     64 /* let through in one turn, so that sockets are served between */

struct job_list {
    struct gate_job *first, *last; /* last: where there is a first */
};
/* One kind of connection to one address. */
struct lane {
    struct timer timer; /* first: end of the interval */
    struct gate *gate;
    struct gate_ip *ip;
    struct job_list waiting;
    struct lane *next_ready;
    uint32_t open;
    uint64_t next_ms; /* when the next connection may begin */
    bool ready;       /* in the list of lanes that may go */
};
struct gate_ip {
    struct gate_ip *next; /* in its bucket */
    struct address address;
    struct lane lanes[LANE_N];
};
struct gate {
    struct scan *scan;
    struct timers *timers;
    struct counters *counters;
    const struct blocklist *blocked;
    struct gate_limits limits[LANE_N];
    struct gate_ip **buckets;
    size_t n_buckets, n_ips;
    struct lane *ready, **last_ready;
    struct job_list refused; /* by the door */
};

static void list_append(struct job_list *list, struct gate_job *job)
{
    job->next = NULL;
    if (list->first == NULL)
        list->first = job;
    else
        list->last->next = job;
    list->last = job;
}

static struct gate_job *list_take(struct job_list *list)
{
    struct gate_job *job = list->first;

    if (job != NULL)
        list->first = job->next;
    return job;
}

struct gate *gate_new(struct scan *scan, struct timers *timers, struct counters *counters,
                      const struct gate_limits limits[LANE_N])
{
    struct gate *g = calloc(1, sizeof(*g));

    if (g == NULL)
        return NULL;
    g->buckets = calloc(GATE_FIRST_BUCKETS, sizeof(*g->buckets));
    if (g->buckets == NULL) {
        free(g);
        return NULL;
    }
    g->scan = scan;
    g->timers = timers;
    g->counters = counters;
    g->n_buckets = GATE_FIRST_BUCKETS;
    g->last_ready = &g->ready;
    memcpy(g->limits, limits, sizeof(g->limits));
    return g;
}

static struct gate_ip **bucket_of(const struct gate *g, const struct address *a)
{
    return &g->buckets[key128_of(a->b, sizeof(a->b), g->scan->secret).lo & (g->n_buckets - 1)];
}

/* Twice the buckets; without memory the old ones do. */
static void grow(struct gate *g)
{
    struct gate_ip **old = g->buckets;
    size_t n_old = g->n_buckets;
    struct gate_ip **buckets = calloc(2 * n_old, sizeof(*buckets));

    if (buckets == NULL)
        return;
    g->buckets = buckets;
    g->n_buckets = 2 * n_old;
    for (size_t i = 0; i < n_old; i++) {
        while (old[i] != NULL) {
            struct gate_ip *ip = old[i], **to = bucket_of(g, &ip->address);

            old[i] = ip->next;
            ip->next = *to;
            *to = ip;
        }
    }
    free(old);
}

static struct gate_ip *find_ip(struct gate *g, const struct address *a)
{
    struct gate_ip *ip = *bucket_of(g, a);

    while (ip != NULL && !address_equal(&ip->address, a))
        ip = ip->next;
    return ip;
}

static struct gate_ip *get_ip(struct gate *g, const struct address *a)
{
    struct gate_ip *ip = find_ip(g, a), **to;

    if (ip != NULL)
        return ip;
    ip = calloc(1, sizeof(*ip));
    if (ip == NULL)
        return NULL;
    if (g->n_ips >= g->n_buckets)
        grow(g);
    ip->address = *a;
    for (unsigned i = 0; i < LANE_N; i++) {
        ip->lanes[i].gate = g;
        ip->lanes[i].ip = ip;
    }
    to = bucket_of(g, a);
    ip->next = *to;
    *to = ip;
    g->n_ips++;
    return ip;
}

/* Forget an address at which nothing goes on and no interval runs. */
static void drop_if_idle(struct gate *g, struct gate_ip *ip)
{
    struct gate_ip **at = bucket_of(g, &ip->address);

    for (unsigned i = 0; i < LANE_N; i++) {
        const struct lane *lane = &ip->lanes[i];

        if (lane->waiting.first != NULL || lane->open > 0 || lane->ready || lane->timer.slot != 0)
            return;
    }
    while (*at != ip)
        at = &(*at)->next;
    *at = ip->next;
    free(ip);
    g->n_ips--;
}

void gate_free(struct gate *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->n_buckets; i++) {
        while (g->buckets[i] != NULL) {
            struct gate_ip *ip = g->buckets[i];

            g->buckets[i] = ip->next;
            for (unsigned lane = 0; lane < LANE_N; lane++)
                timers_stop(g->timers, &ip->lanes[lane].timer);
            free(ip);
        }
    }
    free(g->buckets);
    free(g);
}

static void on_interval(struct timer *t);

/* A lane without its timer would wait for ever: the scan ends, and flushes it. */
static void no_memory(struct gate *g)
{
    struct sts_err err = {0};

    (void)sts_fail(&err, STS_ENOMEM, "out of memory");
    scan_fail(g->scan, &err);
}

/* May the lane go, now or at a later time? */
static void consider(struct lane *lane)
{
    struct gate *g = lane->gate;
    const struct gate_limits *limits = &g->limits[lane - lane->ip->lanes];

    if (lane->ready || lane->timer.slot != 0)
        return;
    if (lane->next_ms > g->timers->now_ms) {
        if (timers_start(g->timers, &lane->timer, lane->next_ms - g->timers->now_ms, on_interval) != STS_OK)
            no_memory(g);
        return;
    }
    if (lane->waiting.first == NULL || lane->open >= limits->most_open)
        return;
    lane->ready = true;
    lane->next_ready = NULL;
    *g->last_ready = lane;
    g->last_ready = &lane->next_ready;
}

static void on_interval(struct timer *t)
{
    struct lane *lane = (struct lane *)t;

    consider(lane);
    drop_if_idle(lane->gate, lane->ip);
}

/* The door's word on the job at `a`, kept in it. */
static bool is_refused(struct gate *g, struct gate_job *job, const struct address *a)
{
    job->refused = door_judge(&g->scan->door, g->blocked, job->host, a);
    if (job->refused == OC_BLOCKLISTED)
        count(&g->counters->excluded);
    return job->refused != OC_OK;
}

/* Those of the lane that wait and are refused by now go in the next turn. */
static void judge_waiting(struct gate *g, struct lane *lane)
{
    struct job_list waiting = lane->waiting;
    struct gate_job *job;

    lane->waiting = (struct job_list){0};
    while ((job = list_take(&waiting)) != NULL)
        list_append(is_refused(g, job, &lane->ip->address) ? &g->refused : &lane->waiting, job);
}

void gate_set_blocklist(struct gate *g, const struct blocklist *blocked)
{
    g->blocked = blocked;
    for (size_t i = 0; i < g->n_buckets; i++) {
        for (struct gate_ip *ip = g->buckets[i]; ip != NULL; ip = ip->next) {
            for (unsigned lane = 0; lane < LANE_N; lane++)
                judge_waiting(g, &ip->lanes[lane]);
        }
    }
}

bool gate_submit(struct gate *g, struct gate_job *job, const struct address *a, enum gate_lane lane,
                 gate_go_fn go)
{
    job->go = go;
    job->lane = lane;
    job->ip = NULL;
    if (is_refused(g, job, a)) {
        list_append(&g->refused, job);
        return true;
    }
    job->ip = get_ip(g, a);
    if (job->ip == NULL)
        return false;
    list_append(&job->ip->lanes[lane].waiting, job);
    consider(&job->ip->lanes[lane]);
    return true;
}

static struct lane *take_ready(struct gate *g)
{
    struct lane *lane = g->ready;

    g->ready = lane->next_ready;
    if (g->ready == NULL)
        g->last_ready = &g->ready;
    lane->ready = false;
    return lane;
}

static bool take_connection(struct scan *scan)
{
    uint32_t open = atomic_load_explicit(&scan->connections, memory_order_relaxed);

    do {
        if (open >= atomic_load_explicit(&scan->max_connections, memory_order_relaxed))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&scan->connections, &open, open + 1, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

static void give_connection(struct scan *scan)
{
    atomic_fetch_sub_explicit(&scan->connections, 1, memory_order_relaxed);
}

static void let_through(struct gate *g, struct lane *lane)
{
    struct gate_job *job = list_take(&lane->waiting);

    lane->open++;
    lane->next_ms = g->timers->now_ms + g->limits[job->lane].interval_ms;
    consider(lane);
    count(&g->counters->connects);
    job->go(job, OC_OK);
}

void gate_turn(struct gate *g, int64_t now_ns)
{
    struct gate_job *job;

    while ((job = list_take(&g->refused)) != NULL)
        job->go(job, job->refused);
    for (unsigned i = 0; i < TURN_MOST_JOBS && g->ready != NULL; i++) {
        if (g->ready->waiting.first == NULL) { /* a new blocklist has refused them */
            drop_if_idle(g, take_ready(g)->ip);
            continue;
        }
        if (!take_connection(g->scan))
            return;
        if (rate_take(&g->scan->connect_rate, now_ns, 1) == 0) {
            give_connection(g->scan);
            return;
        }
        let_through(g, take_ready(g));
    }
}

void gate_release(struct gate *g, struct gate_job *job)
{
    struct gate_ip *ip = job->ip;
    struct lane *lane = &ip->lanes[job->lane];

    give_connection(g->scan);
    lane->open--;
    consider(lane);
    drop_if_idle(g, ip);
}

void gate_flush(struct gate *g, enum outcome oc)
{
    struct job_list all = {0};
    struct gate_job *job;

    while ((job = list_take(&g->refused)) != NULL)
        job->go(job, job->refused);
    while (g->ready != NULL)
        (void)take_ready(g);
    for (size_t i = 0; i < g->n_buckets; i++) {
        for (struct gate_ip *ip = g->buckets[i]; ip != NULL; ip = ip->next) {
            for (unsigned lane = 0; lane < LANE_N; lane++) {
                while ((job = list_take(&ip->lanes[lane].waiting)) != NULL)
                    list_append(&all, job);
            }
        }
    }
    while ((job = list_take(&all)) != NULL)
        job->go(job, oc);
}
