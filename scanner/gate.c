#include "scanner/gate_private.h"

#define TURN_MOST_JOBS  64   /* let through in one turn, so that sockets are served between */
#define GATE_MOST_READY 1024 /* addresses of a lane that are asked for: those of many turns */
#define GATE_MOST_LATE  64   /* the same of late ones: few, so that they come in the order of their lines */
#define LATE_SHARE      2    /* late jobs have one connection in so many at most */

/* ---- lists ---- */

static void list_append(struct job_list *list, struct gate_job *job)
{
    job->next = NULL;
    if (list->first == NULL)
        list->first = job;
    else
        list->last->next = job;
    list->last = job;
}

static void list_insert(struct job_list *list, struct gate_job *job)
{
    struct gate_job **at = &list->first;

    if (list->first == NULL || list->last->order <= job->order) {
        list_append(list, job);
        return;
    }
    while ((*at)->order <= job->order)
        at = &(*at)->next;
    job->next = *at;
    *at = job;
}

static struct gate_job *list_take(struct job_list *list)
{
    struct gate_job *job = list->first;

    if (job != NULL)
        list->first = job->next;
    return job;
}

/* `job` is in the list. */
static void list_remove(struct job_list *list, struct gate_job *job)
{
    struct gate_job **at = &list->first, *before = NULL;

    while (*at != job) {
        before = *at;
        at = &before->next;
    }
    *at = job->next;
    if (list->last == job)
        list->last = before;
}

void gate_lanes_append(struct lane_list *list, struct lane *lane)
{
    lane->ready = true;
    lane->next_ready = NULL;
    if (list->first == NULL)
        list->first = lane;
    else
        list->last->next_ready = lane;
    list->last = lane;
    list->n[lane->kind]++;
}

struct lane *gate_lanes_take(struct lane_list *list)
{
    struct lane *lane = list->first;

    if (lane != NULL) {
        list->first = lane->next_ready;
        list->n[lane->kind]--;
        lane->ready = false;
    }
    return lane;
}

/* ---- what may go ---- */

static void on_interval(struct timer *t);

/* A lane without its timer would wait for ever: the scan ends, and flushes it. */
static void no_memory(struct gate *g)
{
    struct sts_err err = {0};

    (void)sts_fail(&err, STS_ENOMEM, "out of memory");
    scan_fail(g->scan, &err);
}

static const struct gate_limits *limits_of(const struct lane *lane)
{
    return &lane->gate->limits[lane->kind];
}

static uint64_t from_ms(const struct lane *lane)
{
    const bool rests = lane->waiting.first != NULL && lane->rest_until_ms > lane->next_ms;

    return rests ? lane->rest_until_ms : lane->next_ms;
}

static void append_ready(struct gate *g, struct lane *lane)
{
    gate_lanes_append(lane->late ? &g->late : &g->ready, lane);
}

/* May the lane go, now or at a later time? */
static void consider(struct lane *lane)
{
    struct gate *g = lane->gate;
    const struct gate_limits *limits = limits_of(lane);
    const uint64_t from = from_ms(lane);

    if (lane->ready || timer_is_running(&lane->timer))
        return;
    if (from > g->timers->now_ms) {
        if (timers_start(g->timers, &lane->timer, from - g->timers->now_ms, on_interval) != STS_OK)
            no_memory(g);
        return;
    }
    if (lane->waiting.first == NULL || lane->open >= limits->most_open)
        return;
    append_ready(g, lane);
}

static void on_interval(struct timer *t)
{
    struct lane *lane = (struct lane *)t;

    consider(lane);
    gate_lane_drop_if_idle(lane);
}

enum outcome gate_judge(struct gate *g, const char *host, const struct address *a)
{
    enum outcome oc = door_judge(&g->scan->door, g->blocked, host, a);

    if (oc == OC_BLOCKLISTED)
        count(&g->counters->excluded);
    return oc;
}

/* The door's word on the job at `a`, kept in it. */
static bool is_refused(struct gate *g, struct gate_job *job, const struct address *a)
{
    job->refused = gate_judge(g, job->host, a);
    return job->refused != OC_OK;
}

/* Those of the lane that wait and are refused by now go in the next turn. */
static void judge_waiting(struct gate *g, struct lane *lane)
{
    struct job_list waiting = lane->waiting;
    struct gate_job *job;

    lane->waiting = (struct job_list){0};
    while ((job = list_take(&waiting)) != NULL) {
        if (is_refused(g, job, &lane->node.address)) {
            job->lane = NULL;
            list_append(&g->refused, job);
        } else {
            list_append(&lane->waiting, job);
        }
    }
}

void gate_set_blocklist(struct gate *g, const struct blocklist *blocked)
{
    g->blocked = blocked;
    for (unsigned kind = 0; kind < LANE_N; kind++) {
        struct addrmap_cursor at = {0};
        struct lane *lane;

        while ((lane = gate_lane_next(g, kind, &at)) != NULL)
            judge_waiting(g, lane);
    }
}

static void rest(struct lane *lane, uint64_t until_ms)
{
    if (lane->rest_until_ms < until_ms)
        lane->rest_until_ms = until_ms;
}

bool gate_submit(struct gate *g, struct gate_job *job, const struct address *a, enum gate_lane lane,
                 gate_go_fn go)
{
    job->go = go;
    job->lane = NULL;
    if (!is_refused(g, job, a))
        job->refused = g->closed[lane];
    if (job->refused != OC_OK) {
        list_append(&g->refused, job);
        return true;
    }
    job->lane = gate_lane_get(g, lane, a);
    if (job->lane == NULL)
        return false;
    list_insert(&job->lane->waiting, job);
    job->lane->late = job->late;
    rest(job->lane, job->rest_until_ms);
    consider(job->lane);
    return true;
}

void gate_withdraw(struct gate *g, struct gate_job *job)
{
    list_remove(job->lane != NULL ? &job->lane->waiting : &g->refused, job);
    if (job->lane != NULL)
        gate_lane_drop_if_idle(job->lane);
}

bool gate_has_room(const struct gate *g, enum gate_lane lane, bool late)
{
    return late ? g->late.n[lane] < GATE_MOST_LATE : g->ready.n[lane] < GATE_MOST_READY;
}

void gate_pass(struct gate_job *from, struct gate_job *to)
{
    to->lane = from->lane;
    to->late = from->late;
    from->lane = NULL;
}

static bool take_one(_Atomic uint32_t *n, uint32_t most)
{
    uint32_t found = atomic_load_explicit(n, memory_order_relaxed);

    do {
        if (found >= most)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(n, &found, found + 1, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

static void give_one(_Atomic uint32_t *n)
{
    atomic_fetch_sub_explicit(n, 1, memory_order_relaxed);
}

static bool take_connection(struct scan *scan, bool late)
{
    const uint32_t most = atomic_load_explicit(&scan->max_connections, memory_order_relaxed);

    if (late && !take_one(&scan->late_connections, most > LATE_SHARE ? most / LATE_SHARE : 1))
        return false;
    if (take_one(&scan->connections, most))
        return true;
    if (late)
        give_one(&scan->late_connections);
    return false;
}

static void give_connection(struct scan *scan, bool late)
{
    give_one(&scan->connections);
    if (late)
        give_one(&scan->late_connections);
}

/* The first lane of a list that may go, which stays first. Others leave the list: what waited is gone
 * meanwhile, the address was told to rest, or its network is full. Where one does not use the place that it
 * was given in its network, the next that was held back there has it. */
static struct lane *first_of(struct gate *g, struct lane_list *list)
{
    struct lane *lane, *next;

    while ((lane = list->first) != NULL) {
        struct gate_network *network = gate_network_find(lane);

        if (lane->waiting.first == NULL || from_ms(lane) > g->timers->now_ms) {
            (void)gate_lanes_take(list);
            next = gate_network_next(lane);
            if (next != NULL)
                append_ready(g, next);
            consider(lane);
            gate_lane_drop_if_idle(lane);
        } else if (network != NULL && network->open >= limits_of(lane)->most_open_network) {
            (void)gate_lanes_take(list);
            gate_lanes_append(&network->full, lane);
        } else {
            return lane;
        }
    }
    return NULL;
}

static void let_through(struct gate *g, struct lane *lane)
{
    struct gate_job *job = list_take(&lane->waiting);

    if (gate_network_enter(lane) != STS_OK) {
        no_memory(g);
        give_connection(g->scan, job->late);
        job->go(job, OC_OUR_MEMORY);
        return;
    }
    lane->open++;
    lane->next_ms = g->timers->now_ms + limits_of(lane)->interval_ms;
    consider(lane);
    count(&g->counters->connects);
    job->go(job, OC_OK);
}

void gate_turn(struct gate *g, int64_t now_ns)
{
    struct gate_job *job;

    while ((job = list_take(&g->refused)) != NULL)
        job->go(job, job->refused);
    if (network_is_cut_off(&g->scan->network))
        return;
    for (unsigned i = 0; i < TURN_MOST_JOBS; i++) {
        struct lane_list *list = first_of(g, &g->ready) != NULL ? &g->ready : &g->late;
        const struct lane *lane = first_of(g, list);

        if (lane == NULL || !take_connection(g->scan, lane->waiting.first->late))
            return;
        if (rate_take(&g->scan->connect_rate, now_ns, 1) == 0) {
            give_connection(g->scan, lane->waiting.first->late);
            return;
        }
        let_through(g, gate_lanes_take(list));
    }
}

void gate_rest(struct gate *g, const struct gate_job *job, uint64_t rest_ms)
{
    rest(job->lane, g->timers->now_ms + rest_ms);
}

void gate_release(struct gate *g, struct gate_job *job)
{
    struct lane *lane = job->lane, *next = gate_network_leave(lane);

    give_connection(g->scan, job->late);
    lane->open--;
    if (next != NULL)
        append_ready(g, next);
    consider(lane);
    gate_lane_drop_if_idle(lane);
}

/* ---- the end of waiting ---- */

static void take_all(struct job_list *from, struct job_list *to)
{
    struct gate_job *job;

    while ((job = list_take(from)) != NULL)
        list_append(to, job);
}

/* Those of the lanes from `from` up to before `to`; the lanes leave the ready list by themselves. */
static void flush_lanes(struct gate *g, unsigned from, unsigned to, enum outcome oc)
{
    struct job_list all = {0};
    struct gate_job *job;
    struct lane *lane;

    for (unsigned kind = from; kind < to; kind++) {
        struct addrmap_cursor at = {0};

        while ((lane = gate_lane_next(g, (enum gate_lane)kind, &at)) != NULL)
            take_all(&lane->waiting, &all);
    }
    while ((job = list_take(&all)) != NULL)
        job->go(job, oc);
}

void gate_flush(struct gate *g, enum outcome oc)
{
    struct gate_job *job;

    while ((job = list_take(&g->refused)) != NULL)
        job->go(job, job->refused);
    flush_lanes(g, 0, LANE_N, oc);
}

void gate_flush_address(struct gate *g, const struct address *a, enum gate_lane kind, enum outcome oc)
{
    struct lane *lane = gate_lane_find(g, kind, a);
    struct job_list all = {0};
    struct gate_job *job;

    if (lane == NULL)
        return;
    take_all(&lane->waiting, &all);
    gate_lane_drop_if_idle(lane);
    while ((job = list_take(&all)) != NULL)
        job->go(job, oc);
}

void gate_close(struct gate *g, enum gate_lane lane, enum outcome oc)
{
    g->closed[lane] = oc;
    flush_lanes(g, lane, lane + 1u, oc);
}
