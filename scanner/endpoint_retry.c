/* endpoint_retry.c - endpoints that wait for another attempt. Millions may, for an hour: each is no more than
 * its host at the site and some packed bytes behind the name. Who waits for the same time is due in the order
 * of coming, so a list for each such time is all the clockwork there is. */
#include "scanner/endpoint_private.h"

#include <string.h>

#define VARINT_MOST_BYTES 10
#define HEAD_NUMBERS      4 /* since_ms, n_seen, n_stalls with n_rounds, attempts */
#define ATTEMPT_NUMBERS   4 /* since_ms - t_ms, dur_ms, oc, raw with src */
#define ROUNDS_BITS       4 /* --attempts is 8 at most */
#define SRC_BITS          4 /* enum outcome_source */
#define PACKED_MOST_BYTES \
    (sizeof(void *) + (HEAD_NUMBERS + ATTEMPT_NUMBERS * ATTEMPTS_MOST) * VARINT_MOST_BYTES)
#define TURN_MOST_RETRIES 4096 /* that come back in one turn, so that sockets are served between */

#define ONE_MORE(number, name, text) +1
_Static_assert(0 OUTCOME_SOURCES(ONE_MORE) <= 1 << SRC_BITS, "SRC_BITS");
#undef ONE_MORE

/* ---- packed: the site, then numbers of 7 bits a byte, the lowest first ---- */

static unsigned char *put(unsigned char *to, uint64_t n)
{
    for (; n > 127; n >>= 7)
        *to++ = (unsigned char)(n | 128);
    *to++ = (unsigned char)n;
    return to;
}

static uint64_t get(const unsigned char **from)
{
    uint64_t n = 0;

    for (unsigned shift = 0;; shift += 7) {
        const unsigned char byte = *(*from)++;

        n |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return n;
    }
}

/* Small numbers of either sign are small. */
static uint64_t fold(int64_t n)
{
    return n < 0 ? ~((uint64_t)n << 1) : (uint64_t)n << 1;
}

static int64_t unfold(uint64_t n)
{
    return (int64_t)(n >> 1 ^ (0 - (n & 1)));
}

static uint64_t low_bits(uint64_t n, unsigned bits)
{
    return n & ((UINT64_C(1) << bits) - 1);
}

static size_t pack(const struct endpoint *e, uint64_t since_ms, unsigned char *packed)
{
    const uint64_t head[HEAD_NUMBERS] = {since_ms, e->n_seen,
                                         (uint64_t)e->n_stalls << ROUNDS_BITS | e->n_rounds, e->attempts.n};
    unsigned char *to = packed;

    memcpy(to, &e->site, sizeof(e->site));
    to += sizeof(e->site);
    for (size_t i = 0; i < HEAD_NUMBERS; i++)
        to = put(to, head[i]);
    for (uint32_t i = 0; i < e->attempts.n; i++) {
        const struct rec_attempt *a = &e->attempts.v[i];
        const uint64_t numbers[ATTEMPT_NUMBERS] = {since_ms - a->t_ms, a->dur_ms, a->oc,
                                                   fold(a->raw) << SRC_BITS | a->src};

        for (size_t k = 0; k < ATTEMPT_NUMBERS; k++)
            to = put(to, numbers[k]);
    }
    return (size_t)(to - packed);
}

struct packed {
    struct site *site;
    uint64_t head[HEAD_NUMBERS];
    const unsigned char *attempts;
};

static struct packed read_head(const struct site_host *host)
{
    const unsigned char *from = site_extra(host);
    struct packed p;

    memcpy(&p.site, from, sizeof(p.site));
    from += sizeof(p.site);
    for (size_t i = 0; i < HEAD_NUMBERS; i++)
        p.head[i] = get(&from);
    p.attempts = from;
    return p;
}

static int read_attempts(const struct packed *p, struct attempts *list)
{
    const unsigned char *from = p->attempts;

    for (uint64_t i = 0; i < p->head[3]; i++) {
        uint64_t numbers[ATTEMPT_NUMBERS];

        for (size_t k = 0; k < ATTEMPT_NUMBERS; k++)
            numbers[k] = get(&from);
        if (attempts_add(list, (struct rec_attempt){.t_ms = p->head[0] - numbers[0],
                                                    .dur_ms = numbers[1],
                                                    .oc = numbers[2],
                                                    .src = low_bits(numbers[3], SRC_BITS),
                                                    .raw = unfold(numbers[3] >> SRC_BITS)}) != STS_OK)
            return STS_ENOMEM;
    }
    return STS_OK;
}

/* ---- the lists ---- */

static void append(struct retry_list *list, struct site_host *host)
{
    host->next_waiting = NULL;
    if (list->first == NULL)
        list->first = host;
    else
        list->last->next_waiting = host;
    list->last = host;
}

static struct site_host *take_first(struct retry_list *list)
{
    struct site_host *host = list->first;

    list->first = host->next_waiting;
    return host;
}

/* Those that begin again at once have the first. */
static struct retry_list *list_of(struct worker *w, uint64_t wait_ms)
{
    const struct option_durations *after = &w->scan->options->retry_after;

    for (uint32_t i = 0; i < after->n; i++) {
        if (after->ms[i] == wait_ms)
            return &w->retries[i + 1];
    }
    return &w->retries[0];
}

/* How long a host waits in the i-th list. Never into the same turn: who has just taken the outcome of others
 * is not asked again by them. */
static uint64_t wait_of(const struct worker *w, size_t i)
{
    return i > 0 && w->scan->options->retry_after.ms[i - 1] > 0 ? w->scan->options->retry_after.ms[i - 1] : 1;
}

int endpoint_retry_put(struct endpoint *e, uint64_t wait_ms)
{
    struct worker *w = e->w;
    unsigned char packed[PACKED_MOST_BYTES];
    struct site_host *host =
        site_set_extra(e->site, &w->site_common, e->host, packed, pack(e, w->timers.now_ms, packed));

    if (host == NULL)
        return STS_ENOMEM;
    append(list_of(w, wait_ms), host);
    return STS_OK;
}

void endpoint_retry_take(struct endpoint *e)
{
    struct site_host *smaller;
    struct packed p;

    if (e->host->n_extra == 0)
        return;
    p = read_head(e->host);
    e->n_seen = (uint32_t)p.head[1];
    e->n_rounds = (uint8_t)low_bits(p.head[2], ROUNDS_BITS);
    e->n_stalls = (uint8_t)(p.head[2] >> ROUNDS_BITS);
    if (read_attempts(&p, &e->attempts) != STS_OK)
        worker_no_memory(e->w);
    smaller = site_set_extra(e->site, &e->w->site_common, e->host, NULL, 0);
    if (smaller != NULL)
        e->host = smaller;
}

/* ---- the end of waiting ---- */

/* The time has come. What became of others meanwhile, and whether a list names it by now, is asked here: at
 * its turn only the address is. */
static void come_back(struct worker *w, struct site_host *host)
{
    const struct packed p = read_head(host);
    const enum outcome judged = gate_judge(w->gate, host->name, &p.site->node.address);
    const enum outcome shared = site_shared(p.site, (uint32_t)p.head[1], w->timers.now_ms);

    if (judged != OC_OK) {
        endpoint_take(w, p.site, host, judged);
    } else if (shared != OC_NONE && port_verdict(&w->scan->port) != PORT_BLOCKED) {
        endpoint_take(w, p.site, host, shared);
    } else {
        site_wait_again(p.site, host);
        endpoint_wait_ahead(w, p.site);
    }
}

static void end_first(struct worker *w, struct retry_list *list, enum outcome oc)
{
    struct site_host *host = take_first(list);

    endpoint_take(w, read_head(host).site, host, oc);
}

void endpoint_retry_turn(struct worker *w)
{
    const bool running = scan_phase(w->scan) == PHASE_RUN;
    unsigned n = 0;

    for (size_t i = 0; i < STS_LEN(w->retries); i++) {
        struct retry_list *list = &w->retries[i];

        /* At the end of the scan a record for each, as fast as they are written. */
        while (!running && list->first != NULL && !outbox_is_behind(w->outbox))
            end_first(w, list, scan_end_outcome(w->scan));
        while (running && list->first != NULL && n++ < TURN_MOST_RETRIES &&
               gate_has_room(w->gate, LANE_SMTP, false) &&
               read_head(list->first).head[0] + wait_of(w, i) <= w->timers.now_ms)
            come_back(w, take_first(list));
    }
}

void endpoint_retry_end(struct worker *w, enum outcome oc)
{
    for (size_t i = 0; i < STS_LEN(w->retries); i++) {
        while (w->retries[i].first != NULL)
            end_first(w, &w->retries[i], oc);
    }
}

static void exclude(struct worker *w, struct retry_list *list)
{
    struct retry_list all = *list;

    list->first = NULL;
    while (all.first != NULL) {
        struct site_host *host = take_first(&all);
        struct site *site = read_head(host).site;

        if (blocklist_has_address(w->blocklist, &site->node.address) ||
            blocklist_has_name(w->blocklist, host->name)) {
            count(&w->counters.excluded);
            endpoint_take(w, site, host, OC_BLOCKLISTED);
        } else {
            append(list, host);
        }
    }
}

void endpoint_retry_exclude(struct worker *w)
{
    for (size_t i = 0; i < STS_LEN(w->retries); i++)
        exclude(w, &w->retries[i]);
}
