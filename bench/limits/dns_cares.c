/* dns_cares.c - a peer: c-ares on libuv as its users write it. ares_query with EDNS, a uv_poll for each
 * socket, the next name from the callback; a fixed tick for time-outs, as ares_timeout is quadratic.
 *
 *     dns_cares NAMES_FILE SERVER:PORT WINDOW
 */
#define CARES_NO_DEPRECATED /* ares_query, ares_process_fd: the successors are not in Debian 12 */
#include <ares.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#define TICK_MS      50
#define TIMEOUT_MS   1000
#define TRIES        4
#define BUFFER_BYTES (64 << 20)
#define NAME_MOST    253
#define CLASS_IN     1
#define TYPE_TXT     16
#define SOCKETS_MOST 16

struct socket {
    uv_poll_t poll;
    ares_socket_t fd;
    struct client *client;
};
struct client {
    ares_channel ares;
    struct socket *sockets[SOCKETS_MOST];
    uv_timer_t tick;
    FILE *names;
    uint64_t asked, answered, lost;
    uint32_t window, in_flight;
};

static void die(const char *what)
{
    fprintf(stderr, "dns_cares: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void ask_next(struct client *c);

static void on_answer(void *arg, int status, int timeouts, unsigned char *msg, int len)
{
    struct client *c = arg;

    (void)timeouts, (void)msg, (void)len;
    *(status == ARES_ETIMEOUT || status == ARES_ECONNREFUSED ? &c->lost : &c->answered) += 1;
    c->in_flight--;
    if (status != ARES_EDESTRUCTION)
        ask_next(c);
}

static void ask_next(struct client *c)
{
    char name[NAME_MOST + 2] = "_mta-sts.";

    if (fgets(name + 9, (int)sizeof(name) - 9, c->names) == NULL)
        return;
    name[strcspn(name, "\n")] = '\0';
    c->asked++;
    c->in_flight++;
    ares_query(c->ares, name, CLASS_IN, TYPE_TXT, on_answer, c);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct socket *s = poll->data;

    (void)status;
    ares_process_fd(s->client->ares, events & UV_READABLE ? s->fd : ARES_SOCKET_BAD,
                    events & UV_WRITABLE ? s->fd : ARES_SOCKET_BAD);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct client *c = arg;
    struct socket **at = c->sockets;

    while (at < c->sockets + SOCKETS_MOST && *at != NULL && (*at)->fd != fd)
        at++;
    if (at == c->sockets + SOCKETS_MOST)
        die("too many sockets");
    if (!readable && !writable) {
        struct socket *s = *at, **last = at;

        if (s == NULL)
            return;
        while (last + 1 < c->sockets + SOCKETS_MOST && last[1] != NULL)
            last++;
        *at = *last;
        *last = NULL;
        uv_close((uv_handle_t *)&s->poll, on_closed);
        return;
    }
    if (*at == NULL) {
        *at = calloc(1, sizeof(**at));
        if (*at == NULL || uv_poll_init_socket(uv_default_loop(), &(*at)->poll, fd) != 0)
            die("poll");
        (*at)->poll.data = *at;
        (*at)->client = c;
        (*at)->fd = fd;
    }
    uv_poll_start(&(*at)->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_poll);
}

static int on_new_socket(ares_socket_t fd, int type, void *arg)
{
    int bytes = BUFFER_BYTES;

    (void)type, (void)arg;
    return setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
}

static void on_tick(uv_timer_t *tick)
{
    struct client *c = tick->data;

    ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    while (c->in_flight < c->window && !feof(c->names)) /* answers that came from within ares_query */
        ask_next(c);
    if (c->in_flight == 0) {
        uv_close((uv_handle_t *)tick, NULL);
        ares_destroy(c->ares);
    }
}

int main(int argc, char **argv)
{
    static struct client c;
    struct ares_options options = {.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
                                   .timeout = TIMEOUT_MS,
                                   .tries = TRIES,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = &c};
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;

    if (argc != 4 || (c.names = fopen(argv[1], "re")) == NULL ||
        (c.window = (uint32_t)strtoul(argv[3], NULL, 10)) == 0)
        die("dns_cares NAMES_FILE SERVER:PORT WINDOW");
#if ARES_VERSION >= 0x011f00
    options.qcache_max_ttl = 0;
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
        ares_init_options(&c.ares, &options, mask) != ARES_SUCCESS ||
        ares_set_servers_ports_csv(c.ares, argv[2]) != ARES_SUCCESS)
        die("c-ares");
    ares_set_socket_configure_callback(c.ares, on_new_socket, NULL);
    c.tick.data = &c;
    if (uv_timer_init(uv_default_loop(), &c.tick) != 0 || uv_timer_start(&c.tick, on_tick, 0, TICK_MS) != 0)
        die("timer");
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    printf("queries %lu answers %lu timeouts %lu\n", c.asked, c.answered, c.lost);
    fclose(c.names);
    ares_library_cleanup();
    return 0;
}
