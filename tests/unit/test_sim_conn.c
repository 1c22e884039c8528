/* test_sim_conn.c - connections of the simulator in the clear: addresses, waits, order, ends, limits. */
#include "tests/unit/sim_scene.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>

#define FLOOD_BYTES (4u << 20)
#define BUSY_US     100000

/* ---- a protocol that does what the first letter it gets says ---- */

struct state {
    unsigned char flooding;
    size_t n_flooded;
};
static unsigned n_begun, n_ended;

static void begin(struct conn *c)
{
    assert_int_equal(((struct state *)conn_state(c))->flooding, 0);
    n_begun++;
}

static void end(struct conn *c)
{
    (void)c;
    n_ended++;
}

static void drained(struct conn *c)
{
    struct state *s = conn_state(c);
    char bytes[4096] = {0};
    if (!s->flooding)
        return;
    if (s->n_flooded == FLOOD_BYTES)
        conn_close(c);
    s->n_flooded += sizeof bytes;
    conn_write(c, bytes, sizeof bytes, 0);
}

static void say_address(struct conn *c)
{
    uint32_t address = htonl(conn_address(c));
    conn_write(c, &address, sizeof address, 0);
}

static void say_watch(struct conn *c)
{
    uint32_t seen[2];
    assert_true(conn_watch(c, &seen[0], &seen[1]));
    conn_write(c, seen, sizeof seen, 0);
}

static void write_too_much(struct conn *c)
{
    static const char bytes[CONN_MOST_OUT_BYTES + 1];
    conn_write(c, bytes, 1, 0);
    conn_write(c, bytes, CONN_MOST_OUT_BYTES, 0);
}

static void data(struct conn *c, const char *p, size_t len)
{
    assert_true(len > 0);
    switch (p[0]) {
    case 'a': say_address(c); break;
    case 'w': say_watch(c); break;
    case 'o': /* in order, and no sooner */
        conn_write(c, "1", 1, 0);
        conn_write(c, "2", 1, 80);
        conn_write(c, "3", 1, 0);
        conn_write(c, "4", 1, 160);
        conn_close(c);
        conn_write(c, "5", 1, 0);
        break;
    case 'l': conn_write(c, "l", 1, 5000); break;
    case 't': conn_wait(c, 60); break;
    case 'b': usleep(BUSY_US); break;
    case 'c': conn_close(c); break;
    case 'r':
        conn_write(c, "r", 1, 0);
        conn_reset(c);
        break;
    case 'm': write_too_much(c); break;
    case 'f':
        ((struct state *)conn_state(c))->flooding = 1;
        conn_write(c, "", 1, 0);
        break;
    default: conn_write(c, p, len, 0);
    }
}

static void timer(struct conn *c)
{
    conn_write(c, "timer", 5, 0);
    conn_close(c);
}

static const struct conn_protocol protocol = {
    .bytes = sizeof(struct state),
    .begin = begin,
    .data = data,
    .drained = drained,
    .timer = timer,
    .end = end,
};

static int open_all(void **state)
{
    struct scene *s = scene_open(&protocol);
    n_begun = n_ended = 0;
    *state = s;
    scene_run(s);
    return 0;
}

static int close_all(void **state)
{
    struct scene *s = *state;
    scene_stop(s);
    assert_int_equal(n_begun, n_ended);
    scene_free(s);
    return 0;
}

static int connected(struct scene *s, uint32_t address)
{
    int fd = scene_connect(s, address);
    assert_true(fd >= 0);
    return fd;
}

/* ---- addresses ---- */

static void test_addresses(void **state)
{
    static const uint32_t all[] = {0x7f000001, 0x7f1fffff, 0x7f400000, 0x7ffffffe};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        uint32_t told = 0;
        int fd = connected(*state, all[i]);
        scene_send(fd, "a");
        assert_int_equal(scene_read(fd, (char *)&told, sizeof told), sizeof told);
        assert_int_equal(ntohl(told), all[i]);
        close(fd);
    }
}

/* Neither accepted nor refused: the SYN is dropped. */
static void assert_dead(struct scene *s, uint32_t address)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(s->port), .sin_addr.s_addr = htonl(address)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
    assert_int_equal(errno, EINPROGRESS);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    assert_int_equal(poll(&p, 1, 300), 0);
    close(fd);
}

static void test_dead_net(void **state)
{
    assert_dead(*state, ADDRESS_DEAD_NET);
    assert_dead(*state, 0x7f3fffff);
}

static void test_reset_address(void **state)
{
    char byte;
    int fd = connected(*state, SCENE_RESET_ADDRESS);
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
}

static void test_ipv6_refuses(void **state)
{
    struct scene *s = *state;
    struct sockaddr_in6 to = {
        .sin6_family = AF_INET6, .sin6_port = htons(s->port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
    assert_true(errno == ECONNREFUSED || errno == EADDRNOTAVAIL);
    close(fd);
}

static void test_port_taken(void **state)
{
    struct scene *s = *state;
    char error[128] = "";
    assert_null(conn_listen(&s->sim, s->port, &protocol, WATCH_SMTP, &s->n_accepted, &s->n_handshakes, error,
                            sizeof error));
    assert_non_null(strstr(error, "bind"));
}

/* ---- order and time ---- */

static void test_order_and_waits(void **state)
{
    char got[8] = "";
    int fd = connected(*state, INADDR_LOOPBACK);
    double begun = scene_now_ms();
    scene_send(fd, "o");
    assert_int_equal(scene_read(fd, got, 1), 1);
    assert_int_equal(scene_read(fd, got + 1, 2), 2);
    assert_true(scene_now_ms() - begun >= 79);
    assert_int_equal(scene_read(fd, got + 3, 5), 1);
    assert_true(scene_now_ms() - begun >= 159);
    assert_string_equal(got, "1234");
    close(fd);
}

static void test_timer(void **state)
{
    char got[8] = "";
    int fd = connected(*state, INADDR_LOOPBACK);
    double begun = scene_now_ms();
    scene_send(fd, "t");
    assert_int_equal(scene_read(fd, got, sizeof got), 5);
    assert_true(scene_now_ms() - begun >= 59);
    close(fd);
}

static void test_no_latency(void **state)
{
    struct scene *s = scene_open(&protocol);
    char got[8] = "";
    (void)state;
    s->sim.no_latency = true;
    scene_run(s);
    int fd = connected(s, INADDR_LOOPBACK);
    double begun = scene_now_ms();
    scene_send(fd, "l");
    assert_int_equal(scene_read(fd, got, 1), 1);
    assert_true(scene_now_ms() - begun < 4000);
    close(fd);
    scene_stop(s);
    scene_free(s);
}

/* ---- ends ---- */

static void test_close_and_reset(void **state)
{
    char got[2];
    int fd = connected(*state, INADDR_LOOPBACK);
    scene_send(fd, "c");
    assert_int_equal(scene_read(fd, got, 1), 0);
    close(fd);
    fd = connected(*state, INADDR_LOOPBACK);
    scene_send(fd, "r");
    assert_int_equal(scene_read(fd, got, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
}

static void test_too_much(void **state)
{
    char got[2];
    int fd = connected(*state, INADDR_LOOPBACK);
    scene_send(fd, "m");
    assert_true(scene_read(fd, got, 1) <= 0);
    close(fd);
}

/* A reader slower than the writer: all comes, and nothing is piled up. */
static void test_flow(void **state)
{
    static char all[FLOOD_BYTES + 1];
    int fd = connected(*state, INADDR_LOOPBACK);
    scene_send(fd, "f");
    usleep(50000);
    assert_int_equal(scene_read(fd, all, sizeof all), sizeof all);
    assert_int_equal(scene_read(fd, all, 1), 0);
    close(fd);
}

/* One after the other is never two at a time. */
static void test_watch(void **state)
{
    for (uint32_t i = 1; i <= 200; i++) {
        uint32_t seen[2] = {0};
        int fd = connected(*state, 0x7f050505);
        scene_send(fd, "w");
        assert_int_equal(scene_read(fd, (char *)seen, sizeof seen), sizeof seen);
        assert_int_equal(seen[0], 1);
        assert_true(seen[1] >= 1 && seen[1] <= i);
        close(fd);
    }
}

/* Not even where the end of the first came while the loop was busy between its look at sockets and accepting.
 */
static void test_watch_busy(void **state)
{
    uint32_t seen[2] = {0};
    int busy[2], first = connected(*state, 0x7f050506);
    for (int i = 0; i < 2; i++)
        busy[i] = connected(*state, INADDR_LOOPBACK);
    scene_send(first, "w");
    assert_int_equal(scene_read(first, (char *)seen, sizeof seen), sizeof seen);
    scene_send(busy[0], "b");
    usleep(BUSY_US / 4);
    scene_send(busy[1], "b"); /* seen together with the next, once busy[0] is done */
    int other = connected(*state, INADDR_LOOPBACK);
    usleep(BUSY_US);
    close(first);
    int second = connected(*state, 0x7f050506);
    scene_send(second, "w");
    assert_int_equal(scene_read(second, (char *)seen, sizeof seen), sizeof seen);
    assert_int_equal(seen[0], 1);
    close(second);
    close(other);
    close(busy[0]);
    close(busy[1]);
}

static void test_stop_closes(void **state)
{
    struct scene *s = scene_open(&protocol);
    char byte;
    (void)state;
    scene_run(s);
    int fd = connected(s, INADDR_LOOPBACK);
    scene_send(fd, "x");
    assert_int_equal(scene_read(fd, &byte, 1), 1);
    scene_stop(s);
    assert_true(scene_read(fd, &byte, 1) <= 0);
    close(fd);
    scene_free(s);
}

/* ---- no descriptors left ---- */

/* Not under valgrind, which takes such a connection itself and closes it. */
static void test_descriptors(void **state)
{
    if (getenv("UNDER_VALGRIND") != NULL)
        skip();
    struct scene *s = scene_open(&protocol);
    struct rlimit before, few;
    char byte = 0;
    (void)state;
    scene_run(s);
    int fd = connected(s, INADDR_LOOPBACK);
    scene_send(fd, "x");
    assert_int_equal(scene_read(fd, &byte, 1), 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(fd);
    few = before;
    few.rlim_cur = (rlim_t)next + 1; /* the client's, and none for the server */
    close(next);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    int late = connected(s, INADDR_LOOPBACK);
    scene_send(late, "x");
    usleep(300000);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(scene_read(late, &byte, 1), 1);
    close(late);
    close(fd);
    scene_stop(s);
    uint64_t failed = s->sim.counts.memory_failed;
    assert_true(failed >= 2 && failed <= 30); /* once in 50 ms, however long it took */
    scene_free(s);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)
    const struct CMUnitTest tests[] = {
        IN_SCENE(test_addresses),
        IN_SCENE(test_dead_net),
        IN_SCENE(test_reset_address),
        IN_SCENE(test_ipv6_refuses),
        IN_SCENE(test_port_taken),
        IN_SCENE(test_order_and_waits),
        IN_SCENE(test_timer),
        IN_SCENE(test_close_and_reset),
        IN_SCENE(test_too_much),
        IN_SCENE(test_flow),
        IN_SCENE(test_watch),
        IN_SCENE(test_watch_busy),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_no_latency),
        cmocka_unit_test(test_stop_closes),
    };
    return cmocka_run_group_tests(tests, NULL, scene_last);
}
