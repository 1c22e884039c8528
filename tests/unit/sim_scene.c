#include "tests/unit/sim_scene.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>

static uint16_t free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static void on_stop(uv_async_t *stop)
{
    struct scene *s = stop->data;
    conn_server_stop(s->server);
    uv_close((uv_handle_t *)stop, NULL);
}

/* Its keys take half a second to make. */
static struct {
    struct tls *tls;
    uint64_t n_made;
} shared;

static void share_tls(void)
{
    char error[256] = "";
    if (shared.tls == NULL)
        shared.tls = tls_new(NULL, &shared.n_made, error, sizeof error);
    assert_string_equal(error, "");
}

int scene_last(void **state)
{
    (void)state;
    tls_free(shared.tls);
    shared.tls = NULL;
    return 0;
}

static struct scene *new_scene(void)
{
    struct scene *s = calloc(1, sizeof *s);
    signal(SIGPIPE, SIG_IGN);
    assert_non_null(s);
    assert_int_equal(uv_loop_init(&s->loop), 0);
    assert_int_equal(uv_async_init(&s->loop, &s->stop, on_stop), 0);
    s->stop.data = s;
    s->sim.loop = &s->loop;
    s->sim.world = &s->world;
    s->sim.watch = watch_new();
    share_tls();
    s->sim.tls = shared.tls;
    s->port = free_port();
    return s;
}

struct scene *scene_open(const struct conn_protocol *protocol)
{
    char error[256] = "";
    struct scene *s = new_scene();
    s->server = conn_listen(&s->sim, s->port, protocol, WATCH_SMTP, &s->n_accepted, &s->n_handshakes, error,
                            sizeof error);
    assert_string_equal(error, "");
    assert_non_null(s->server);
    return s;
}

struct scene *scene_open_https(const char *only)
{
    char error[512] = "";
    struct scene *s = new_scene();
    s->world.n_names = 1000;
    s->world.seed = 1;
    if (!world_read(&s->world, DATA "/toplist.profile", error, sizeof error) ||
        !world_only(&s->world, only, error, sizeof error) || !world_finish(&s->world, error, sizeof error))
        fail_msg("%s: %s", only, error);
    s->sim.no_latency = true;
    s->server = https_start(&s->sim, s->port, error, sizeof error);
    assert_string_equal(error, "");
    assert_non_null(s->server);
    return s;
}

static void run(void *arg)
{
    struct scene *s = arg;
    uv_run(&s->loop, UV_RUN_DEFAULT);
}

void scene_run(struct scene *s)
{
    assert_int_equal(uv_thread_create(&s->thread, run, s), 0);
}

void scene_stop(struct scene *s)
{
    uv_async_send(&s->stop);
    uv_thread_join(&s->thread);
    assert_int_equal(uv_loop_close(&s->loop), 0);
}

void scene_free(struct scene *s)
{
    watch_free(s->sim.watch);
    free(s);
}

int scene_connect(const struct scene *s, uint32_t address)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(s->port), .sin_addr.s_addr = htonl(address)};
    struct timeval most = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

void scene_send(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

ssize_t scene_read(int fd, char *out, size_t len)
{
    size_t have = 0;
    while (have < len) {
        ssize_t n = recv(fd, out + have, len - have, 0);
        if (n < 0 && errno == EINTR)
            continue; /* a socket with a timeout: signal(7) */
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

double scene_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}
