/* dns_bare.c - the limit: one TXT query a name over one UDP socket, with nothing but system calls in batches.
 * It sends the bytes that scanner/dns_message.c makes, checks id and question of an answer, and repeats what
 * gets none.
 *
 *     dns_bare NAMES_FILE SERVER:PORT WINDOW [segment]      segment: queries of one length by UDP_SEGMENT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define BATCH          128
#define SEGMENTS_MOST  64 /* of one message: UDP_MAX_SEGMENTS */
#define QUERY_BYTES    300
#define ANSWER_BYTES   4096
#define WINDOW_MOST    65536 /* the id is the slot */
#define TIMEOUT_MS     1000
#define TRIES_MOST     4
#define BUFFER_BYTES   (64 << 20)
#define HEADER_BYTES   12
#define OPT_BYTES      11
#define NAME_MOST      244 /* with the label in front of it: 253 */
#define CHECK_EVERY_MS 100

struct slot {
    const char *name; /* in the file; NULL: free */
    uint32_t sent_ms;
    uint16_t tries;
};
struct client {
    int fd;
    bool segment;
    const char *at, *end; /* names not asked yet */
    struct slot slots[WINDOW_MOST];
    uint32_t free_slots[WINDOW_MOST], n_free, window;
    uint8_t out[BATCH][QUERY_BYTES];
    size_t out_len[BATCH];
    unsigned n_out;
    uint64_t queries, answers, timeouts, resent;
    uint32_t now_ms, checked_ms;
};

static void die(const char *what)
{
    fprintf(stderr, "dns_bare: %s: %s\n", what, strerror(errno));
    exit(1);
}

static size_t name_len(const char *name, const char *end)
{
    const char *newline = memchr(name, '\n', (size_t)(end - name));
    size_t len = (size_t)((newline != NULL ? newline : end) - name);

    return len <= NAME_MOST ? len : NAME_MOST;
}

/* RD, AD, one question of class IN, and OPT with room for 1232 bytes. */
static size_t make_query(uint8_t *out, uint32_t id, const char *name, size_t len)
{
    static const char head[] = "\0\0\1\x20\0\1\0\0\0\0\0\1"
                               "\10_mta-sts";
    static const uint8_t tail[] = {0, 0, 16, 0, 1, 0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0};
    uint8_t *label = out + sizeof(head) - 1, *p = label + 1;

    memcpy(out, head, sizeof(head) - 1);
    out[0] = (uint8_t)(id >> 8);
    out[1] = (uint8_t)id;
    for (size_t i = 0; i < len; i++, p++) {
        *p = (uint8_t)name[i];
        if (name[i] == '.') {
            *label = (uint8_t)(p - label - 1);
            label = p;
        }
    }
    *label = (uint8_t)(p - label - 1);
    memcpy(p, tail, sizeof(tail));
    return (size_t)(p - out) + sizeof(tail);
}

/* Queries of one length behind one another, each message up to SEGMENTS_MOST of them. */
static void flush(struct client *c)
{
    struct mmsghdr messages[BATCH] = {0};
    struct iovec parts[BATCH];
    _Alignas(struct cmsghdr) char controls[BATCH][CMSG_SPACE(sizeof(uint16_t))];
    unsigned n_messages = 0, n_parts = 0, sent = 0, most = c->segment ? SEGMENTS_MOST : 1;
    bool taken[BATCH] = {0};

    for (unsigned i = 0; i < c->n_out; i++) {
        struct msghdr *m = &messages[n_messages].msg_hdr;

        if (taken[i])
            continue;
        m->msg_iov = &parts[n_parts];
        for (unsigned k = i; k < c->n_out && m->msg_iovlen < most; k++) {
            if (taken[k] || c->out_len[k] != c->out_len[i])
                continue;
            taken[k] = true;
            parts[n_parts++] = (struct iovec){c->out[k], c->out_len[k]};
            m->msg_iovlen++;
        }
        if (m->msg_iovlen > 1) {
            m->msg_control = controls[n_messages];
            m->msg_controllen = sizeof(controls[0]);
            *CMSG_FIRSTHDR(m) = (struct cmsghdr){CMSG_LEN(sizeof(uint16_t)), SOL_UDP, UDP_SEGMENT};
            *(uint16_t *)(void *)CMSG_DATA(CMSG_FIRSTHDR(m)) = (uint16_t)c->out_len[i];
        }
        n_messages++;
    }
    for (int n; sent<n_messages; sent += n> 0 ? (unsigned)n : 0)
        if ((n = sendmmsg(c->fd, messages + sent, n_messages - sent, 0)) < 0 && errno != ECONNREFUSED)
            die("sendmmsg");
    c->n_out = 0;
}

static void send_slot(struct client *c, uint32_t id)
{
    struct slot *s = &c->slots[id];

    c->out_len[c->n_out] = make_query(c->out[c->n_out], id, s->name, name_len(s->name, c->end));
    s->sent_ms = c->now_ms;
    s->tries++;
    if (++c->n_out == BATCH)
        flush(c);
}

static void ask_next(struct client *c)
{
    for (unsigned i = 0; i < BATCH && c->n_free > 0 && c->at < c->end; i++) {
        uint32_t id = c->free_slots[--c->n_free];

        c->slots[id] = (struct slot){.name = c->at};
        c->at += name_len(c->at, c->end) + 1;
        c->queries++;
        send_slot(c, id);
    }
    flush(c);
}

static void release(struct client *c, uint32_t id)
{
    c->slots[id].name = NULL;
    c->free_slots[c->n_free++] = id;
}

static void take_answer(struct client *c, const uint8_t *msg, size_t len)
{
    uint8_t query[QUERY_BYTES];
    uint32_t id = len >= HEADER_BYTES ? (uint32_t)msg[0] << 8 | msg[1] : WINDOW_MOST;
    size_t end;

    if (id >= c->window || c->slots[id].name == NULL || (msg[2] & 0x80) == 0)
        return;
    end = make_query(query, id, c->slots[id].name, name_len(c->slots[id].name, c->end)) - OPT_BYTES;
    if (len < end || memcmp(msg + HEADER_BYTES, query + HEADER_BYTES, end - HEADER_BYTES) != 0)
        return;
    c->answers++;
    release(c, id);
}

static bool receive(struct client *c)
{
    static uint8_t bytes[BATCH][ANSWER_BYTES];
    struct mmsghdr messages[BATCH] = {0};
    struct iovec parts[BATCH];
    int n;

    for (unsigned i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){bytes[i], ANSWER_BYTES};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    n = recvmmsg(c->fd, messages, BATCH, MSG_DONTWAIT, NULL);
    if (n < 0 && errno != EAGAIN && errno != ECONNREFUSED)
        die("recvmmsg");
    for (int i = 0; i < n; i++)
        take_answer(c, bytes[i], messages[i].msg_len);
    return n > 0;
}

static void repeat(struct client *c)
{
    c->checked_ms = c->now_ms;
    for (uint32_t id = 0; id < c->window; id++) {
        struct slot *s = &c->slots[id];

        if (s->name == NULL || c->now_ms - s->sent_ms < TIMEOUT_MS)
            continue;
        *(s->tries < TRIES_MOST ? &c->resent : &c->timeouts) += 1;
        (s->tries < TRIES_MOST ? send_slot : release)(c, id);
    }
    flush(c);
}

static void run(struct client *c)
{
    while (c->at < c->end || c->n_free < c->window) {
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
        c->now_ms = (uint32_t)((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
        ask_next(c);
        if (!receive(c) && (c->n_free == 0 || c->at >= c->end))
            poll(&(struct pollfd){.fd = c->fd, .events = POLLIN}, 1, CHECK_EVERY_MS);
        if (c->now_ms - c->checked_ms >= CHECK_EVERY_MS)
            repeat(c);
    }
}

int main(int argc, char **argv)
{
    static struct client c;
    struct sockaddr_in to = {.sin_family = AF_INET};
    char *port = argc >= 4 ? strchr(argv[2], ':') : NULL;
    struct stat st;
    int file = argc >= 4 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1, bytes = BUFFER_BYTES;

    c.window = argc >= 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
    if (file < 0 || fstat(file, &st) != 0 || c.window == 0 || c.window > WINDOW_MOST || port == NULL ||
        (*port = '\0', inet_pton(AF_INET, argv[2], &to.sin_addr) != 1))
        die("dns_bare NAMES_FILE SERVER:PORT WINDOW [segment]");
    to.sin_port = htons((uint16_t)strtoul(port + 1, NULL, 10));
    c.segment = argc > 4 && strcmp(argv[4], "segment") == 0;
    c.at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    c.end = c.at + st.st_size;
    for (; c.n_free < c.window; c.n_free++)
        c.free_slots[c.n_free] = c.n_free;
    c.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (c.at == MAP_FAILED || setsockopt(c.fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0 ||
        setsockopt(c.fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0 ||
        connect(c.fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        die("socket");
    run(&c);
    printf("queries %lu answers %lu timeouts %lu resent %lu\n", c.queries, c.answers, c.timeouts, c.resent);
    return 0;
}
