/* dns_transport.c - the scanner's DNS module alone (scanner/dns.h), over a loop that turns as a worker's does
 * (scanner/worker.c): one TXT query a name, an arena for each, emptied with the answer.
 *
 *     dns_transport NAMES_FILE SERVER:PORT WINDOW [plain]     plain: as with a device that knows no
 * UDP_SEGMENT
 */
#include "scanner/dns.h"

#include <ares.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TURN_MOST_NAMES 256 /* these two as in scanner/worker.c and worker_setup.c */
#define TICK_MS         5
#define TIMEOUT_MS      5000 /* these two as stscan's */
#define DEADLINE_MS     20000
#define PREFIX          "_mta-sts."

struct question {
    struct dns_query query; /* first */
    struct client *client;
    struct question *next_free;
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
    const char *at, *end; /* names not asked yet */
    struct question *questions, *free_question;
    uint64_t asked, answered, lost;        /* lost: without an answer */
    uint32_t window, in_flight, most_sent; /* most_sent: questions with the server at a time */
    int64_t began_ns;
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

static bool no_segments;

/* In the place of libc's. EIO is what udp(7) has for a device without checksum offload. */
int sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
    unsigned fit = n;

    for (unsigned i = 0; no_segments && i < fit; i++) {
        if (messages[i].msg_hdr.msg_controllen > 0)
            fit = i;
    }
    if (fit == 0 && n > 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_sendmmsg, fd, messages, fit, flags);
}

static void on_answer(struct dns_query *query, struct rec_dns *answer)
{
    struct question *q = (struct question *)query;
    struct client *c = q->client;

    if (answer == NULL)
        die("memory");
    *(answer->oc == OC_DNS_TIMEOUT || answer->oc == OC_DNS_RESOLVER_DOWN ? &c->lost : &c->answered) += 1;
    c->in_flight--;
    arena_reset(&q->arena);
    q->next_free = c->free_question;
    c->free_question = q;
}

static void ask_next(struct client *c)
{
    const char *newline = memchr(c->at, '\n', (size_t)(c->end - c->at));
    size_t len = (size_t)((newline != NULL ? newline : c->end) - c->at);
    struct question *q = c->free_question;
    char *name = arena_alloc(&q->arena, len + 1);

    c->free_question = q->next_free;
    if (name == NULL)
        die("memory");
    memcpy(name, c->at, len);
    q->query.prefix = PREFIX;
    q->query.name = name;
    q->query.arena = &q->arena;
    q->query.done = on_answer;
    q->query.type = DNS_TXT;
    dns_ask(c->dns, &q->query);
    c->at += len + 1;
    c->asked++;
    c->in_flight++;
}

static bool take_names(struct client *c)
{
    uint32_t n = 0;

    for (; n < TURN_MOST_NAMES && c->free_question != NULL && c->at < c->end; n++)
        ask_next(c);
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
    if (c->in_flight - dns_waiting(c->dns) > c->most_sent)
        c->most_sent = c->in_flight - dns_waiting(c->dns);
    if (c->at >= c->end && c->in_flight == 0)
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

static void make_questions(struct client *c)
{
    c->questions = calloc(c->window, sizeof(*c->questions));
    if (c->questions == NULL)
        die("memory");
    for (struct question *q = c->questions; q < c->questions + c->window; q++) {
        q->client = c;
        arena_init(&q->arena, 0);
        q->next_free = c->free_question;
        c->free_question = q;
    }
}

static void free_questions(struct client *c)
{
    for (uint32_t i = 0; i < c->window; i++)
        arena_fini(&c->questions[i].arena);
    free(c->questions);
}

static void start_dns(struct client *c, const struct servers *servers)
{
    struct sts_err err = {0};
    const struct dns_env env = {.loop = &c->loop,
                                .timers = &c->timers,
                                .counters = &c->counters,
                                .rate = &c->rate,
                                .servers = servers->v,
                                .n_servers = servers->n,
                                .window = c->window,
                                .timeout_ms = TIMEOUT_MS,
                                .deadline_ms = DEADLINE_MS};

    rate_init(&c->rate, 0);
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS || dns_new(&env, &c->dns, &err) != STS_OK)
        die("dns_new");
}

int main(int argc, char **argv)
{
    static struct client c;
    struct servers servers = {0};
    struct sts_err err = {0};
    struct stat st;
    int file = argc >= 4 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

    c.window = argc >= 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
    if (file < 0 || fstat(file, &st) != 0 || c.window == 0 ||
        servers_parse(&servers, argv[2], &err) != STS_OK)
        die("dns_transport NAMES_FILE SERVER:PORT WINDOW [plain]");
    no_segments = argc > 4 && strcmp(argv[4], "plain") == 0;
    c.at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (c.at == MAP_FAILED)
        die("memory");
    c.end = c.at + st.st_size;
    make_questions(&c);
    start_loop(&c);
    start_dns(&c, &servers);
    uv_run(&c.loop, UV_RUN_DEFAULT);
    printf("queries %lu answers %lu timeouts %lu most %u\n", c.asked, c.answered, c.lost, c.most_sent);
    uv_loop_close(&c.loop);
    timers_fini(&c.timers);
    servers_fini(&servers);
    free_questions(&c);
    ares_library_cleanup();
    return 0;
}
