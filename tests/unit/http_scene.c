#include "tests/unit/http_scene.h"

#include "scanner/outbox.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char ca_path[] = "/tmp/test_http.XXXXXX";
struct tls_store *store;

/* ---- a stand-in for the outbox ---- */

void outbox_put(struct outbox *o, enum rec_kind kind, const void *record, uint64_t pos)
{
    (void)o, (void)kind, (void)record, (void)pos;
    fail_msg("a fetch puts no record");
}

void outbox_cert(struct outbox *o, const uint8_t digest[32], const uint8_t *der, size_t len, bool trusted)
{
    (void)o, (void)digest, (void)der, (void)len, (void)trusted;
    fail_msg("a fetch puts no certificate");
}

/* ---- a loop with a client, and a fetch ---- */

static void on_tick(uv_timer_t *tick)
{
    struct scene *s = tick->data;

    timers_run(&s->timers, uv_now(&s->loop) - s->start_ms);
}

void scene_open(struct scene *s, const struct peer *p)
{
    struct sts_err err = {0};

    assert_int_equal(uv_loop_init(&s->loop), 0);
    uv_timer_init(&s->loop, &s->tick);
    s->tick.data = s;
    s->start_ms = uv_now(&s->loop);
    uv_timer_start(&s->tick, on_tick, 2, 2);
    s->env.loop = &s->loop;
    s->env.timers = &s->timers;
    s->env.store = store;
    s->env.user_agent = "test (https://contact.test/)";
    s->env.port = p->port;
    if (s->env.total_timeout_ms == 0)
        s->env.total_timeout_ms = 10000;
    assert_int_equal(http_new(&s->env, &s->http, &err), STS_OK);
}

void scene_close(struct scene *s)
{
    if (s->http != NULL)
        http_close(s->http);
    uv_close((uv_handle_t *)&s->tick, NULL);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    assert_int_equal(s->timers.n, 0);
    timers_fini(&s->timers);
}

void on_done(void *arg, struct result r)
{
    struct get *g = arg;

    assert_true(g->may_be_done);
    g->r = r;
    g->n_done++;
    if (g->then_cancel != NULL)
        http_cancel(g->then_cancel->fetch, OC_OUR_STOP);
    if (g->then_close != NULL)
        http_close(g->then_close);
}

void get_start(struct get *g, struct scene *s, const char *host, const char *ip)
{
    struct address a;

    arena_init(&g->arena, 0);
    assert_int_equal(address_parse(ip, &a), STS_OK);
    g->may_be_done = false;
    g->fetch = http_get(s->http, host, PATH, &a, &g->arena, &g->policy, &g->certs, on_done, g);
    assert_non_null(g->fetch);
    g->may_be_done = true;
}

void get_wait(const struct get *g, struct scene *s)
{
    while (g->n_done == 0)
        uv_run(&s->loop, UV_RUN_ONCE);
    assert_int_equal(g->n_done, 1);
}

void expect_outcome(const struct get *g, enum outcome oc, enum outcome_source src, int32_t raw)
{
    assert_string_equal(outcome_name(g->r.oc), outcome_name(oc));
    assert_int_equal(g->r.src, src);
    assert_int_equal(g->r.raw, raw);
}

void expect_str(struct sts_str got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.p ? got.p : "", want, got.len);
}

void get_fini(struct get *g)
{
    arena_fini(&g->arena);
    memset(g, 0, sizeof(*g));
}

void fetch(struct peer *p, struct scene *s, struct get *g)
{
    if (p->ip == NULL)
        p->ip = "127.0.0.1";
    peer_start(p);
    scene_open(s, p);
    get_start(g, s, PEER_HOST, p->ip);
    get_wait(g, s);
    scene_close(s);
    peer_stop(p);
    assert_int_equal(g->n_done, 1);
}

struct peer saying(peer_play_fn play, const char *text)
{
    return (struct peer){.play = play, .text = text, .len = strlen(text)};
}

void full_start(struct full *f)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    f->peer.ip = "127.0.0.1";
    peer_start(&f->peer);
    to.sin_port = htons(f->peer.port);
    for (size_t i = 0; i < STS_LEN(f->fillers); i++) {
        f->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        assert_int_equal(connect(f->fillers[i], (struct sockaddr *)&to, sizeof(to)), -1);
        assert_int_equal(errno, EINPROGRESS);
    }
}

void full_stop(struct full *f)
{
    for (size_t i = 0; i < STS_LEN(f->fillers); i++)
        close(f->fillers[i]);
    peer_stop(&f->peer);
}

static unsigned n_descriptors_before;

static unsigned n_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

/* After each test. */
int no_descriptor_is_left(void **state)
{
    (void)state;
    if (n_descriptors() == n_descriptors_before)
        return 0;
    print_error("%u descriptors are left\n", n_descriptors() - n_descriptors_before);
    n_descriptors_before = n_descriptors();
    return -1;
}

int setup(void **state)
{
    struct sts_err err = {0};
    int fd = mkstemp(ca_path);
    uv_loop_t loop;

    (void)state;
    if (fd < 0)
        return -1;
    close(fd);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    peer_init(ca_path);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 1024, .rlim_max = 1024});
    if (uv_loop_init(&loop) != 0 ||
        uv_loop_close(&loop) != 0) /* libuv keeps two descriptors of its first loop */
        return -1;
    n_descriptors_before = n_descriptors();
    return tls_store_load(ca_path, &store, &err);
}

int teardown(void **state)
{
    (void)state;
    tls_store_free(store);
    peer_fini();
    unlink(ca_path);
    curl_global_cleanup();
    return 0;
}
