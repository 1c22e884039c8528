#include "scanner/preflight_dns.h"

#include "scanner/dns.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AT_ONCE      32        /* resolvers */
#define QUESTIONS    100       /* to one resolver at a time: more than there are */
#define RESOLVER_MS  10000     /* for all questions to one resolver */
#define TRY_MS       2500      /* wait for the first try, unless --dns-timeout is shorter */
#define NO_MORE_MS   60000     /* no further resolver is begun */
#define TICK_MS      5         /* a loop without events turns this often */
#define GAP_NS       500000000 /* a turn that comes later than this stood still */
#define SOURCES_MOST 2

struct session {        /* one resolver in work */
    struct timer limit; /* first */
    struct run *run;
    struct resolver_view *view;
    struct dns *dns; /* NULL: not in use */
    struct rate rate;
    uint32_t n_open; /* questions */
};
struct question {
    struct dns_query query; /* first */
    struct session *session;
    const struct rec_dns **answer;
    void (*then)(struct question *q); /* NULL: nothing follows */
    struct source_view *source;
};
struct run {
    const struct options *options;
    const struct preflight_names *names;
    const char *ehlo_name;
    struct resolver_view *views;
    struct source_view *sources;
    uint32_t n_sources;
    struct arena *arena;
    struct sts_err *err;

    uv_loop_t loop;
    uv_timer_t tick;
    uv_check_t after_poll;
    struct timers timers;
    struct counters counters;
    int64_t start_ns, turned_ns;
    struct session sessions[AT_ONCE];
    uint32_t n_begun; /* resolvers */
    bool sources_asked, over;
    char reverse[SOURCES_MOST][REVERSE_NAME_BYTES];
};

static int64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* ---- questions ---- */

static void on_answer(struct dns_query *query, struct rec_dns *answer)
{
    struct question *q = (struct question *)query;

    *q->answer = answer;
    q->session->n_open--;
    if (answer == NULL || answer->oc == OC_OUR_MEMORY)
        sts_fail(q->session->run->err, STS_ENOMEM, "out of memory");
    if (answer != NULL && q->then != NULL)
        q->then(q);
}

static void ask(struct session *s, const char *name, enum dns_type type, const struct rec_dns **answer,
                void (*then)(struct question *q), struct source_view *source)
{
    struct question *q = name != NULL ? arena_alloc(s->run->arena, sizeof(*q)) : NULL;

    if (name == NULL)
        return;
    if (q == NULL) {
        sts_fail(s->run->err, STS_ENOMEM, "out of memory");
        return;
    }
    *q = (struct question){.query = {.prefix = "",
                                     .name = name,
                                     .arena = s->run->arena,
                                     .done = on_answer,
                                     .type = (uint8_t)type},
                           .session = s,
                           .answer = answer,
                           .then = then,
                           .source = source};
    dns_ask(s->dns, &q->query);
    s->n_open++;
}

static void on_ptr(struct question *q)
{
    struct source_view *source = q->source;
    const struct run *run = q->session->run;

    if (judge_ptr_matches(source->ptr, run->ehlo_name))
        ask(q->session, run->ehlo_name, address_is_v4(&source->address) ? DNS_A : DNS_AAAA, &source->forward,
            NULL, NULL);
}

/* The first resolver that proves fit is asked about our own addresses. */
static void on_sign_of_life(struct question *q)
{
    struct run *run = q->session->run;

    if (run->sources_asked || !judge_is_sure(*q->answer))
        return;
    run->sources_asked = true;
    for (uint32_t i = 0; i < run->n_sources && i < SOURCES_MOST; i++) {
        reverse_name(&run->sources[i].address, run->reverse[i]);
        ask(q->session, run->reverse[i], DNS_PTR, &run->sources[i].ptr, on_ptr, &run->sources[i]);
    }
}

/* ---- resolvers ---- */

static void on_limit(struct timer *t)
{
    struct session *s = (struct session *)t;

    dns_cancel_all(s->dns, OC_DNS_TIMEOUT);
}

static int open_session(struct session *s, struct run *run, const struct server *server)
{
    const struct options *o = run->options;
    uint64_t deadline_ms = o->dns_deadline_ms;
    struct dns_env env = {.loop = &run->loop,
                          .timers = &run->timers,
                          .counters = &run->counters,
                          .rate = &s->rate,
                          .servers = server,
                          .n_servers = 1,
                          .local_v4 = o->local_addr.has_v4 ? &o->local_addr.v4 : NULL,
                          .local_v6 = o->local_addr.has_v6 ? &o->local_addr.v6 : NULL,
                          .window = QUESTIONS,
                          .hasty = true,
                          .timeout_ms = o->dns_timeout_ms < TRY_MS ? o->dns_timeout_ms : TRY_MS,
                          .deadline_ms =
                              deadline_ms > 0 && deadline_ms < RESOLVER_MS ? deadline_ms : RESOLVER_MS};

    rate_init(&s->rate, (double)options_dns_rate(o, &server->address));
    s->run = run;
    if (dns_new(&env, &s->dns, run->err) != STS_OK)
        return run->err->code;
    if (timers_start(&run->timers, &s->limit, RESOLVER_MS, on_limit) != STS_OK)
        return sts_fail(run->err, STS_ENOMEM, "out of memory");
    return STS_OK;
}

static void begin(struct session *s, struct run *run)
{
    const struct preflight_names *names = run->names;
    struct resolver_view *view = &run->views[run->n_begun];

    s->view = view;
    if (open_session(s, run, view->server) != STS_OK)
        return;
    run->n_begun++;
    ask(s, names->zone, DNS_MX, &view->zone, on_sign_of_life, NULL);
    ask(s, names->absent, DNS_A, &view->a, on_sign_of_life, NULL);
    ask(s, names->absent, DNS_MX, &view->mx, on_sign_of_life, NULL);
    ask(s, names->www, DNS_A, &view->www, on_sign_of_life, NULL);
    ask(s, names->signed_name, DNS_A, &view->signed_name, NULL, NULL);
    ask(s, names->bogus, DNS_A, &view->bogus, NULL, NULL);
}

static void end(struct session *s)
{
    timers_stop(&s->run->timers, &s->limit);
    dns_close(s->dns);
    s->dns = NULL;
}

/* ---- the loop ---- */

static bool may_begin(const struct run *run)
{
    return run->err->code == STS_OK && run->n_begun < run->options->name_servers.n &&
           run->timers.now_ms < NO_MORE_MS;
}

static void finish(struct run *run)
{
    run->over = true;
    uv_close((uv_handle_t *)&run->tick, NULL);
    uv_close((uv_handle_t *)&run->after_poll, NULL);
}

static void set_clock(struct run *run, int64_t now_ns)
{
    if (now_ns - run->turned_ns > GAP_NS)
        run->start_ns += now_ns - run->turned_ns;
    run->turned_ns = now_ns;
    timers_run(&run->timers, (uint64_t)(now_ns - run->start_ns) / 1000000);
}

static void on_turn(uv_check_t *handle)
{
    struct run *run = handle->data;
    int64_t now_ns = clock_ns();
    uint32_t n_active = 0;

    set_clock(run, now_ns);
    for (uint32_t i = 0; i < AT_ONCE; i++) {
        struct session *s = &run->sessions[i];

        if (s->dns != NULL && (s->n_open == 0 || run->err->code != STS_OK))
            end(s);
        if (s->dns == NULL && may_begin(run))
            begin(s, run);
        if (s->dns == NULL)
            continue;
        n_active++;
        dns_turn(s->dns, now_ns);
    }
    if (n_active == 0)
        finish(run);
}

static void on_tick(uv_timer_t *handle)
{
    (void)handle; /* the turn that follows does it all */
}

static int start(struct run *run)
{
    run->start_ns = run->turned_ns = clock_ns();
    if (uv_timer_init(&run->loop, &run->tick) != 0 || uv_check_init(&run->loop, &run->after_poll) != 0 ||
        uv_timer_start(&run->tick, on_tick, 0, TICK_MS) != 0 ||
        uv_check_start(&run->after_poll, on_turn) != 0)
        return sts_fail(run->err, STS_ESYS, "cannot set up an event loop");
    run->after_poll.data = run;
    return STS_OK;
}

int preflight_ask(const struct options *o, const struct preflight_names *names, const char *ehlo_name,
                  struct resolver_view *views, struct source_view *sources, uint32_t n_sources,
                  struct arena *arena, struct sts_err *err)
{
    struct run *run = calloc(1, sizeof(*run));

    if (run == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    *run = (struct run){.options = o,
                        .names = names,
                        .ehlo_name = ehlo_name,
                        .views = views,
                        .sources = sources,
                        .n_sources = n_sources,
                        .arena = arena,
                        .err = err};
    for (uint32_t i = 0; i < o->name_servers.n; i++)
        views[i] = (struct resolver_view){.server = &o->name_servers.v[i]};
    if (uv_loop_init(&run->loop) != 0) {
        free(run);
        return sts_fail(err, STS_ESYS, "cannot make an event loop");
    }
    if (start(run) == STS_OK)
        uv_run(&run->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&run->loop) != 0)
        sts_fail(err, STS_ESYS, "preflight left a handle open: please report this");
    timers_fini(&run->timers);
    free(run);
    return err->code;
}
