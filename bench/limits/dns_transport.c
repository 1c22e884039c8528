/* dns_transport.c - the scanner's DNS module alone (scanner/dns.h), over a loop that turns as a worker's does
 * (scanner/worker.c): one TXT query a name, an arena a question.
 *
 *     dns_transport NAMES_FILE SERVER:PORT WINDOW
 */
#include "scanner/dns.h"

#include <ares.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TURN_MOST_NAMES 256 /* these two as in scanner/worker.c and worker_setup.c */
#define TICK_MS         5
#define TIMEOUT_MS      1000
#define DEADLINE_MS     8000
#define NAME_MOST       253

struct question {
    struct client *client;
    struct arena arena;
};
struct client {
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t tick;
    uv_check_t after_poll;
    struct dns *dns;
    struct timers timers;
    struct counters counters;
    struct rate rate;
    FILE *names;
    uint64_t asked, answered, lost; /* lost: without an answer */
    uint32_t window, in_flight;
    int64_t began_ns;
    bool end_of_names;
};

static void die(const char *what)
{
    fprintf(stderr, "dns_transport: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void on_answer(void *arg, struct rec_dns *answer)
{
    struct question *q = arg;
    struct client *c = q->client;

    *(answer->oc == OC_DNS_TIMEOUT || answer->oc == OC_DNS_RESOLVER_DOWN ? &c->lost : &c->answered) += 1;
    c->in_flight--;
    arena_fini(&q->arena);
    free(q);
}

static void ask(struct client *c, const char *name)
{
    struct question *q = malloc(sizeof(*q));
    char *text;

    if (q == NULL)
        die("memory");
    q->client = c;
    arena_init(&q->arena, 0);
    text = arena_alloc(&q->arena, NAME_MOST + 1);
    if (text == NULL)
        die("memory");
    memcpy(text, "_mta-sts.", 9);
    strcpy(text + 9, name);
    if (!dns_ask(c->dns, text, DNS_TXT, 0, &q->arena, on_answer, q))
        die("memory");
    c->asked++;
    c->in_flight++;
}

static bool take_names(struct client *c)
{
    char line[NAME_MOST + 3 - 9];
    uint32_t n = 0;

    for (; n < TURN_MOST_NAMES && c->in_flight < c->window && !c->end_of_names; n++) {
        if (fgets(line, sizeof(line), c->names) == NULL) {
            c->end_of_names = true;
            break;
        }
        line[strcspn(line, "\n")] = '\0';
        ask(c, line);
    }
    return n == TURN_MOST_NAMES;
}

static void close_handles(struct client *c)
{
    dns_close(c->dns);
    uv_close((uv_handle_t *)&c->wake, NULL);
    uv_close((uv_handle_t *)&c->tick, NULL);
    uv_close((uv_handle_t *)&c->after_poll, NULL);
}

static void on_polled(uv_check_t *handle)
{
    struct client *c = handle->data;
    int64_t now_ns = clock_ns();
    bool more;

    timers_run(&c->timers, (uint64_t)(now_ns - c->began_ns) / 1000000);
    more = take_names(c);
    more |= dns_turn(c->dns, now_ns);
    if (c->end_of_names && c->in_flight == 0)
        close_handles(c);
    else if (more)
        uv_async_send(&c->wake);
}

static void on_wake(uv_async_t *handle)
{
    (void)handle;
}

static void on_tick(uv_timer_t *handle)
{
    (void)handle;
}

static void start_loop(struct client *c)
{
    if (uv_loop_init(&c->loop) != 0 || uv_async_init(&c->loop, &c->wake, on_wake) != 0 ||
        uv_timer_init(&c->loop, &c->tick) != 0 || uv_timer_start(&c->tick, on_tick, TICK_MS, TICK_MS) != 0 ||
        uv_check_init(&c->loop, &c->after_poll) != 0 || uv_check_start(&c->after_poll, on_polled) != 0)
        die("event loop");
    c->after_poll.data = c;
    c->began_ns = clock_ns();
}

int main(int argc, char **argv)
{
    static struct client c;
    struct servers servers = {0};
    struct sts_err err = {0};
    struct dns_env env = {.loop = &c.loop,
                          .timers = &c.timers,
                          .counters = &c.counters,
                          .rate = &c.rate,
                          .timeout_ms = TIMEOUT_MS,
                          .deadline_ms = DEADLINE_MS};

    if (argc != 4 || (c.names = fopen(argv[1], "re")) == NULL ||
        (c.window = (uint32_t)strtoul(argv[3], NULL, 10)) == 0)
        die("dns_transport NAMES_FILE SERVER:PORT WINDOW");
    rate_init(&c.rate, 0);
    start_loop(&c);
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
        servers_parse(&servers, argv[2], &err) != STS_OK)
        die(argv[2]);
    env.servers = servers.v;
    env.n_servers = servers.n;
    if (dns_new(&env, &c.dns, &err) != STS_OK)
        die(err.msg);
    uv_run(&c.loop, UV_RUN_DEFAULT);
    printf("queries %lu answers %lu timeouts %lu sent %lu\n", c.asked, c.answered, c.lost,
           c.counters.queries);
    uv_loop_close(&c.loop);
    timers_fini(&c.timers);
    servers_fini(&servers);
    fclose(c.names);
    ares_library_cleanup();
    return 0;
}
