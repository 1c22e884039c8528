/* test_sim_dns_server.c - stsim's DNS server on sockets of loopback, asked from the same thread: a turn of
 * the loop, then a look at what came. */
#include "bench/sim/sim.h"
#include "tests/unit/sim_dns.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 5000

static uv_loop_t loop;
static struct sim sim;
static struct dns_server *server;
static struct sockaddr_in address;
static uint8_t in[1 << 20];

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void find_port(void)
{
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
}

static void begin(const char *only, double latency_ms)
{
    static struct world w;
    char error[256] = "";

    w = *test_world(only);
    w.param[PARAM_DNS_LATENCY_MS] = latency_ms;
    w.param[PARAM_LATENCY_SIGMA] = 0;
    sim = (struct sim){.world = &w, .loop = &loop, .no_latency = latency_ms == 0};
    assert_int_equal(uv_loop_init(&loop), 0);
    for (int tries = 0; tries < 20 && server == NULL; tries++) {
        find_port();
        server = dns_start(&sim, "127.0.0.1", ntohs(address.sin_port), error, sizeof(error));
    }
    if (server == NULL)
        fail_msg("%s", error);
}

static void end(void)
{
    dns_stop(server);
    uv_run(&loop, UV_RUN_DEFAULT);
    server = NULL;
    assert_int_equal(uv_loop_close(&loop), 0);
}

static int open_client(int type)
{
    int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);

    connect(fd, (struct sockaddr *)&address, sizeof(address));
    uv_run(&loop, UV_RUN_NOWAIT);
    return fd;
}

/* What comes within WAIT_MS, -1: nothing; 0: the end. */
static ssize_t receive(int fd, uint8_t *to, size_t most, int64_t wait_ms)
{
    int64_t until = now_ms() + wait_ms;
    ssize_t n;

    do {
        uv_run(&loop, UV_RUN_NOWAIT);
        n = recv(fd, to, most, 0);
    } while (n < 0 && now_ms() < until);
    return n;
}

/* A question about name i, at `to`; by TCP with its length before it. */
static size_t question(uint8_t *to, unsigned i, const char *before, unsigned type, bool tcp)
{
    char apex[NAME_BYTES], name[2 * NAME_BYTES];
    uint8_t query[QUERY_BYTES];
    size_t len;

    name_of(sim.world, i, apex);
    snprintf(name, sizeof(name), "%s%s", before, apex);
    len = make_query(query, (uint16_t)i, name, type, ASK_EDNS, 1232);
    memcpy(to + 2 * tcp, query, len);
    if (tcp) {
        to[0] = (uint8_t)(len >> 8);
        to[1] = (uint8_t)len;
    }
    return len + 2U * tcp;
}

/* Protects batches: each of many questions at once has its own answer. */
static void test_udp(void **state)
{
    uint8_t q[QUERY_BYTES], seen[150] = {0};
    int fd;

    (void)state;
    begin("sts-ok", 0);
    fd = open_client(SOCK_DGRAM);
    for (unsigned i = 0; i < 150; i++) {
        size_t len = question(q, i, "_mta-sts.", DNS_TXT, false);

        assert_int_equal(send(fd, q, len, 0), len);
    }
    for (unsigned i = 0; i < 150; i++) {
        unsigned id;

        assert_true(receive(fd, in, sizeof(in), WAIT_MS) > DNS_HEADER_BYTES);
        id = (unsigned)in[0] << 8 | in[1];
        assert_in_range(id, 0, 149);
        assert_int_equal(seen[id]++, 0);
    }
    assert_int_equal(sim.counts.dns_noerror, 150);
    close(fd);
    end();
}

/* Protects the loss of the first datagram, and two datagrams for one question. */
static void test_quirks(void **state)
{
    uint8_t q[QUERY_BYTES];
    size_t len;
    int fd;

    (void)state;
    begin("query-lost-once", 0);
    fd = open_client(SOCK_DGRAM);
    len = question(q, 1, "", DNS_MX, false);
    send(fd, q, len, 0);
    assert_int_equal(receive(fd, in, sizeof(in), 50), -1);
    send(fd, q, len, 0);
    assert_true(receive(fd, in, sizeof(in), WAIT_MS) > 0);
    assert_int_equal(sim.counts.dns_lost, 1);
    close(fd);
    end();
    begin("sts-wrong-id", 0);
    fd = open_client(SOCK_DGRAM);
    send(fd, q, question(q, 1, "_mta-sts.", DNS_TXT, false), 0);
    assert_true(receive(fd, in, sizeof(in), WAIT_MS) > 0);
    assert_int_not_equal(in[1], 1);
    assert_true(receive(fd, in, sizeof(in), WAIT_MS) > 0);
    assert_int_equal(in[1], 1);
    close(fd);
    end();
}

/* Protects RFC 7766 section 6.2.1.1: questions one behind the other, more than the server holds answers for,
 * to a client that reads late; and one that comes a byte at a time. */
static void test_tcp(void **state)
{
    uint8_t q[2 * QUERY_BYTES];
    size_t len, got = 0, n_answers_got = 0;
    int fd;

    (void)state;
    begin("sts-huge", 0);
    fd = open_client(SOCK_STREAM);
    for (unsigned i = 0; i < 20; i++) {
        len = question(q, i, "_mta-sts.", DNS_TXT, true);
        assert_int_equal(send(fd, q, len, 0), len);
    }
    for (int turn = 0; turn < 50; turn++)
        uv_run(&loop, UV_RUN_NOWAIT);
    while (n_answers_got < 20) {
        ssize_t n = receive(fd, in + got, sizeof(in) - got, WAIT_MS);

        assert_true(n > 0);
        got += (size_t)n;
        while (got >= 2 && got >= 2 + (len = (size_t)in[0] << 8 | in[1])) {
            assert_true(len > 60000);
            assert_int_equal(in[3], n_answers_got++);
            got -= 2 + len;
            memmove(in, in + 2 + len, got);
        }
    }
    len = question(q, 77, "", DNS_SOA, true);
    for (size_t i = 0; i < len; i++) {
        send(fd, q + i, 1, 0);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_true(receive(fd, in, sizeof(in), WAIT_MS) > 0);
    assert_int_equal(in[3], 77);
    close(fd);
    end();
}

/* Protects edge case 23, and against what is no DNS: the connection ends, and those of others do not. */
static void test_tcp_ends(void **state)
{
    uint8_t q[2 * QUERY_BYTES];
    int fd, other;

    (void)state;
    begin("sts-truncated-dead", 0);
    other = open_client(SOCK_STREAM);
    fd = open_client(SOCK_STREAM);
    send(fd, q, question(q, 1, "_mta-sts.", DNS_TXT, true), 0);
    assert_int_equal(receive(fd, in, sizeof(in), WAIT_MS), 0);
    close(fd);
    fd = open_client(SOCK_STREAM);
    send(fd, "GET / HTTP/1.1\r\n", 16, 0);
    assert_int_equal(receive(fd, in, sizeof(in), WAIT_MS), 0);
    close(fd);
    fd = open_client(SOCK_STREAM);
    send(fd, "\0\3abc", 5, 0);
    assert_int_equal(receive(fd, in, sizeof(in), WAIT_MS), 0);
    close(fd);
    send(other, q, question(q, 2, "", DNS_SOA, true), 0);
    assert_true(receive(other, in, sizeof(in), WAIT_MS) > 0);
    close(other);
    end();
}

/* Protects latency: no answer before its time, by UDP and by TCP; and a stop while answers wait. */
static void test_latency(void **state)
{
    uint8_t q[QUERY_BYTES];
    int64_t begun_ms;
    int udp, tcp;

    (void)state;
    begin("sts-ok", 40);
    udp = open_client(SOCK_DGRAM);
    tcp = open_client(SOCK_STREAM);
    uv_update_time(&loop);
    begun_ms = now_ms();
    send(udp, q, question(q, 1, "", DNS_MX, false), 0);
    send(tcp, q, question(q, 2, "", DNS_MX, true), 0);
    assert_true(receive(udp, in, sizeof(in), WAIT_MS) > 0);
    assert_true(receive(tcp, in, sizeof(in), WAIT_MS) > 0);
    assert_in_range(now_ms() - begun_ms, 38, WAIT_MS);
    send(udp, q, question(q, 1, "", DNS_MX, false), 0);
    send(tcp, q, question(q, 2, "", DNS_MX, true), 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    close(tcp);
    uv_run(&loop, UV_RUN_NOWAIT);
    close(udp);
    end();
}

/* Protects against two servers at one port, and against an address that is none. */
static void test_port_taken(void **state)
{
    struct sim other;
    char error[256] = "";

    (void)state;
    begin(NULL, 0);
    other = sim;
    assert_null(dns_start(&other, "127.0.0.1", ntohs(address.sin_port), error, sizeof(error)));
    assert_non_null(strstr(error, "address already in use"));
    assert_null(dns_start(&other, "localhost", 1, error, sizeof(error)));
    assert_non_null(strstr(error, "localhost"));
    end();
}

/* Protects against a crowd: beyond DNS_MOST_CLIENTS connections the idlest gives way. */
static void test_crowd(void **state)
{
    enum { CROWD = 520 };
    static int fds[CROWD];
    uint8_t q[QUERY_BYTES];

    (void)state;
    begin(NULL, 0);
    for (unsigned i = 0; i < CROWD; i++) {
        fds[i] = open_client(SOCK_STREAM);
        assert_true(fds[i] >= 0);
    }
    assert_int_equal(receive(fds[0], in, sizeof(in), WAIT_MS), 0);
    send(fds[CROWD - 1], q, question(q, 2, "", DNS_SOA, true), 0);
    assert_true(receive(fds[CROWD - 1], in, sizeof(in), WAIT_MS) > 0);
    for (unsigned i = 0; i < CROWD; i++)
        close(fds[i]);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_udp),     cmocka_unit_test(test_quirks),
                                       cmocka_unit_test(test_tcp),     cmocka_unit_test(test_tcp_ends),
                                       cmocka_unit_test(test_latency), cmocka_unit_test(test_port_taken),
                                       cmocka_unit_test(test_crowd)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
