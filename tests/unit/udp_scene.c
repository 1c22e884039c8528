#include "tests/unit/udp_scene.h"

#include "tests/unit/unit.h"

#include <ares.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HEADER_BYTES    12
#define OPT_BYTES       11 /* at the end of our queries */
#define PEER_BUFFER     (16 << 20)
#define GIVE_UP_S       120 /* of real time; a machine may be loaded */
#define TURNS_OF_A_WAIT 20  /* before the loop sleeps for a moment */

struct scene scene;

/* ---- in the place of libc's ---- */

static int note_icmp(int rc)
{
    scene.n_icmp += rc < 0 && errno == ECONNREFUSED;
    return rc;
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
    unsigned fit = n;
    int error = EAGAIN;

    for (unsigned i = 0; i < fit; i++) {
        if (messages[i].msg_hdr.msg_controllen == 0)
            continue;
        scene.n_segmented++;
        if (scene.segments_error != 0) {
            error = scene.segments_error;
            fit = i;
        }
    }
    if (scene.busy && fit > 0)
        fit = scene.n_refused++ == 0 ? 1 : 0;
    if (fit == 0 && n > 0) {
        errno = error;
        return -1;
    }
    return note_icmp((int)syscall(SYS_sendmmsg, fd, messages, fit, flags));
}

int recvmmsg(int fd, struct mmsghdr *vmessages, unsigned vlen, int flags, struct timespec *tmo)
{
    int got = (int)syscall(SYS_recvmmsg, fd, vmessages, vlen, flags, tmo);

    scene.n_received += got > 0 ? (unsigned)got : 0;
    return note_icmp(got);
}

/* As for a user who is not root, where net.core.rmem_max is small. */
int setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen)
{
    if (scene.buffer_bytes > 0 && level == SOL_SOCKET && optname == SO_RCVBUFFORCE) {
        errno = EPERM;
        return -1;
    }
    if (scene.buffer_bytes > 0 && level == SOL_SOCKET && optname == SO_RCVBUF)
        optval = &scene.buffer_bytes;
    return (int)syscall(SYS_setsockopt, fd, level, optname, optval, optlen);
}

/* ---- begin and end ---- */

int scene_library_begin(void **state)
{
    (void)state;
    return ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS ? 0 : -1;
}

int scene_library_end(void **state)
{
    (void)state;
    ares_library_cleanup();
    return 0;
}

void scene_peers(unsigned n, script_fn script)
{
    socklen_t len = sizeof(struct sockaddr_in);
    int bytes = PEER_BUFFER;

    memset(&scene, 0, sizeof(scene));
    for (unsigned i = 0; i < SCENE_PEERS; i++) {
        struct peer *p = &scene.peers[i];

        p->fd = p->listener = p->stream = -1;
        if (i >= n)
            continue;
        p->script = script;
        p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(p->fd >= 0);
        (void)!setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
        p->at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(0x7f000002 + i)}};
        assert_int_equal(bind(p->fd, (struct sockaddr *)&p->at, len), 0);
        assert_int_equal(getsockname(p->fd, (struct sockaddr *)&p->at, &len), 0);
        scene.servers[i].address = address_from_v4((uint8_t[]){127, 0, 0, (uint8_t)(2 + i)});
        scene.servers[i].port = ntohs(p->at.sin_port);
    }
}

void peer_leave(struct peer *p)
{
    close(p->fd);
    p->fd = -1;
}

void peer_return(struct peer *p)
{
    p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(p->fd >= 0);
    assert_int_equal(bind(p->fd, (struct sockaddr *)&p->at, sizeof(p->at)), 0);
}

void peer_listen(struct peer *p, enum stream_script script)
{
    int on = 1;

    p->stream_script = script;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(p->listener >= 0);
    (void)!setsockopt(p->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(bind(p->listener, (struct sockaddr *)&p->at, sizeof(p->at)), 0);
    assert_int_equal(listen(p->listener, 16), 0);
}

void scene_open(bool hasty, uint64_t deadline_ms)
{
    struct dns_env env = {.loop = &scene.loop,
                          .timers = &scene.timers,
                          .counters = &scene.counters,
                          .rate = &scene.rate,
                          .servers = scene.servers,
                          .window = scene.window > 0 ? scene.window : 1u << 17,
                          .timeout_ms = SCENE_TIMEOUT_MS,
                          .deadline_ms = deadline_ms,
                          .hasty = hasty};
    struct sts_err err = {0};

    while (env.n_servers < SCENE_PEERS && scene.servers[env.n_servers].port > 0)
        env.n_servers++;
    arena_init(&scene.arena, 0);
    rate_init(&scene.rate, 0);
    scene.timers.now_ms = SCENE_START_MS;
    assert_int_equal(uv_loop_init(&scene.loop), 0);
    assert_int_equal(dns_new(&env, &scene.dns, &err), STS_OK);
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void scene_close(void)
{
    dns_close(scene.dns);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scene.loop), 0);
    for (unsigned i = 0; i < SCENE_PEERS; i++) {
        close_if_open(scene.peers[i].fd);
        close_if_open(scene.peers[i].listener);
        close_if_open(scene.peers[i].stream);
    }
    arena_fini(&scene.arena);
    free(scene.asked);
    free(scene.heard);
}

/* ---- peers ---- */

unsigned heard_id(const struct heard *q)
{
    return (unsigned)q->b[0] << 8 | q->b[1];
}

size_t make_answer(const uint8_t *query, size_t len, uint8_t last, uint8_t out[MESSAGE_BYTES])
{
    const uint8_t rr[] = {0xc0, HEADER_BYTES, 0, DNS_A, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, last};

    len -= OPT_BYTES;
    memcpy(out, query, len);
    memcpy(out + 2, (uint8_t[]){0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}, HEADER_BYTES - 2);
    memcpy(out + len, rr, sizeof(rr));
    return len + sizeof(rr);
}

void reply(const struct heard *q, const uint8_t *msg, size_t len)
{
    ssize_t sent = sendto(q->peer->fd, msg, len, 0, (const struct sockaddr *)&q->from, sizeof(q->from));

    assert_true(sent == (ssize_t)len || errno == ECONNREFUSED);
}

void script_answer(const struct heard *q)
{
    uint8_t out[MESSAGE_BYTES];

    reply(q, out, make_answer(q->b, q->len, 1, out));
}

void script_truncate(const struct heard *q)
{
    uint8_t out[MESSAGE_BYTES];

    memcpy(out, q->b, q->len - OPT_BYTES);
    memcpy(out + 2, (uint8_t[]){0x83, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, HEADER_BYTES - 2);
    reply(q, out, q->len - OPT_BYTES);
}

static void hear(struct peer *p)
{
    struct heard q = {.peer = p};
    socklen_t from_len = sizeof(q.from);
    ssize_t got = recvfrom(p->fd, q.b, sizeof(q.b), 0, (struct sockaddr *)&q.from, &from_len);

    while (got >= 0) {
        assert_true(got > HEADER_BYTES + OPT_BYTES);
        q.len = (size_t)got;
        if (scene.n_heard == scene.heard_size) {
            scene.heard_size = scene.heard_size > 0 ? 2 * scene.heard_size : 64;
            scene.heard = realloc(scene.heard, scene.heard_size * sizeof(*scene.heard));
            assert_non_null(scene.heard);
        }
        scene.heard[scene.n_heard++] = q;
        if (p->script != NULL)
            p->script(&q);
        got = recvfrom(p->fd, q.b, sizeof(q.b), 0, (struct sockaddr *)&q.from, &from_len);
    }
}

/* A message over TCP has its length before it, RFC 1035 section 4.2.2. */
static void answer_stream(struct peer *p)
{
    size_t len = (size_t)p->stream_bytes[0] << 8 | p->stream_bytes[1];
    uint8_t out[2 + MESSAGE_BYTES];

    if (p->stream_len < 2 || p->stream_len < 2 + len)
        return;
    len = make_answer(p->stream_bytes + 2, len, 2, out + 2);
    out[0] = (uint8_t)(len >> 8);
    out[1] = (uint8_t)len;
    assert_int_equal(write(p->stream, out, 2 + len), 2 + len);
    p->stream_len = 0;
}

static void hear_stream(struct peer *p)
{
    ssize_t got;

    if (p->stream < 0)
        p->stream = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (p->stream < 0)
        return;
    got = read(p->stream, p->stream_bytes + p->stream_len, sizeof(p->stream_bytes) - p->stream_len);
    if (got > 0)
        p->stream_len += (size_t)got;
    if (p->stream_script == STREAM_ANSWER)
        answer_stream(p);
    if (got == 0 || (got > 0 && p->stream_script == STREAM_CLOSE)) {
        close(p->stream);
        p->stream = -1;
        p->stream_len = 0;
    }
}

/* ---- questions and time ---- */

static void on_done(struct dns_query *query, struct rec_dns *answer)
{
    struct asked *a = (struct asked *)query;

    assert_non_null(answer);
    assert_null(a->answer); /* once */
    a->answer = answer;
    scene.n_done++;
    if (scene.n_asked < scene.most_asked)
        scene_ask(1);
}

/* Room is made before the first one, since names are borrowed. */
#define ASKED_MOST 150000

void scene_ask(unsigned n)
{
    if (scene.asked == NULL)
        scene.asked = calloc(ASKED_MOST, sizeof(*scene.asked));
    assert_non_null(scene.asked);
    assert_true(scene.n_asked + n <= ASKED_MOST);
    for (; n > 0; n--) {
        struct asked *a = &scene.asked[scene.n_asked];

        snprintf(a->name, sizeof(a->name), "n%06u.example", scene.n_asked);
        a->query.prefix = "";
        a->query.name = a->name;
        a->query.arena = &scene.arena;
        a->query.done = on_done;
        a->query.type = DNS_A;
        dns_ask(scene.dns, &a->query);
        scene.n_asked++;
    }
}

static int64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void scene_turn(void)
{
    uv_run(&scene.loop, UV_RUN_NOWAIT);
    dns_turn(scene.dns, clock_ns());
    for (struct peer *p = scene.peers; p < scene.peers + SCENE_PEERS; p++) {
        if (p->fd >= 0 && !p->deaf)
            hear(p);
        if (p->listener >= 0)
            hear_stream(p);
    }
}

/* Turn until there are so many. */
static void turn_until(const unsigned *have, unsigned want)
{
    int64_t end_ns = clock_ns() + GIVE_UP_S * INT64_C(1000000000);
    unsigned turns = 0;

    while (*have < want) {
        if (clock_ns() > end_ns)
            fail_msg("%u of %u, of %u asked", *have, want, scene.n_asked);
        if (++turns % TURNS_OF_A_WAIT == 0)
            usleep(500);
        scene_turn();
    }
}

void scene_until_done(unsigned n)
{
    turn_until(&scene.n_done, n);
}

void scene_until_heard(unsigned n)
{
    turn_until(&scene.n_heard, n);
}

void scene_until_refused(unsigned n)
{
    turn_until(&scene.n_icmp, n);
}

void scene_at_ms(uint64_t ms)
{
    scene.timers.now_ms = SCENE_START_MS + ms;
    scene_turn();
}

uint64_t scene_queries(void)
{
    return atomic_load(&scene.counters.queries) + atomic_load(&scene.counters.dns_retries);
}

void scene_check(unsigned i, enum outcome oc)
{
    assert_non_null(scene.asked[i].answer);
    if (scene.asked[i].answer->oc != oc)
        fail_msg("question %u: %s, not %s", i, outcome_name((unsigned)scene.asked[i].answer->oc),
                 outcome_name((unsigned)oc));
}

void scene_check_address(unsigned i, unsigned last)
{
    char text[32];

    scene_check(i, OC_OK);
    snprintf(text, sizeof(text), "192.0.2.%u", last);
    assert_int_equal(scene.asked[i].answer->addr.n, 1);
    assert_string_equal(scene.asked[i].answer->addr.v[0].p, text);
}

void scene_check_all(unsigned from, unsigned to, enum outcome oc)
{
    for (unsigned i = from; i < to; i++)
        scene_check(i, oc);
}
