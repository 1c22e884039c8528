#include "scanner/port_watch.h"
#include "scanner/probe_private.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One write that did not fit into the socket at once. */
struct late_write {
    uv_write_t req;
    char data[];
};

uint64_t probe_elapsed_ms(const struct probe *p)
{
    return (uv_hrtime() - p->began_ns) / 1000000;
}

void probe_end(struct probe *p, enum outcome oc, enum outcome_source src, int32_t raw)
{
    const struct result r = {.oc = (uint16_t)oc, .src = (uint8_t)src, .raw = raw};

    probe_perform(p, smtp_end(&p->smtp, r, probe_elapsed_ms(p)));
}

/* --- the end: one path --- */

static void on_closed(uv_handle_t *handle)
{
    struct probe *p = handle->data;
    const probe_done_fn done = p->done;
    void *arg = p->arg;
    const struct result r = p->smtp.result;

    SSL_free(p->ssl);
    free(p);
    done(arg, r);
}

static void begin_close(struct probe *p)
{
    timers_stop(p->env->timers, &p->whole);
    timers_stop(p->env->timers, &p->phase);
    p->closing = true;
    if (p->ssl != NULL)
        probe_tls_close(p);
    uv_close((uv_handle_t *)&p->tcp, on_closed);
}

/* --- writing --- */

static void on_written(uv_write_t *req, int status)
{
    (void)status; /* see probe_send */
    free(req->data);
}

/* If the connection is gone, reading says so too, after what was still to be read: a peer that answers and
 * closes in one go is not "reset". So only our own failure counts here. But the system tells an error once:
 * what it told the write is kept for the read. EPIPE is no news, a FIN came before. */
int probe_send(struct probe *p, const char *data, size_t n)
{
    uv_stream_t *stream = (uv_stream_t *)&p->tcp;
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)data, (unsigned)n);
    int sent = uv_try_write(stream, &buf, 1);
    struct late_write *late;

    if (sent < 0 && sent != UV_EAGAIN) {
        if (sent != UV_EPIPE)
            p->send_err = -sent;
        return sent == UV_ENOMEM || sent == UV_ENOBUFS ? STS_ENOMEM : STS_OK;
    }
    if (sent > 0) {
        data += sent;
        n -= (size_t)sent;
    }
    if (n == 0)
        return STS_OK;
    late = malloc(sizeof(*late) + n);
    if (late == NULL)
        return STS_ENOMEM;
    memcpy(late->data, data, n);
    late->req.data = late;
    buf = uv_buf_init(late->data, (unsigned)n);
    if (uv_write(&late->req, stream, &buf, 1, on_written) != 0)
        free(late);
    return STS_OK;
}

static void send_command(struct probe *p)
{
    char command[SMTP_MOST_COMMAND_BYTES];
    const size_t n = smtp_command(&p->smtp, command);

    if (p->ssl != NULL)
        probe_tls_write(p, command, n);
    else if (probe_send(p, command, n) != STS_OK)
        probe_end(p, OC_OUR_MEMORY, SRC_NONE, 0);
}

void probe_feed(struct probe *p, const char *data, size_t n)
{
    while (n > 0 && !p->closing) {
        size_t used;
        const enum smtp_act act = smtp_feed(&p->smtp, (const uint8_t *)data, n, probe_elapsed_ms(p), &used);
        data += used;
        n -= used;
        probe_perform(p, act);
    }
}

/* --- reading --- */

/* The 220 came: what else has arrived stands behind it in the clear. */
static void drain(struct probe *p)
{
    uv_os_fd_t fd;
    ssize_t n;

    if (uv_fileno((uv_handle_t *)&p->tcp, &fd) != 0) {
        probe_end(p, OC_OUR_LIBRARY, SRC_NONE, 0);
        return;
    }
    while (p->smtp.state == SMTP_DRAIN) {
        n = recv(fd, p->env->read_buffer, PROBE_READ_BYTES, MSG_DONTWAIT);
        if (n > 0)
            probe_feed(p, p->env->read_buffer, (size_t)n);
        else if (n < 0 && errno == EINTR)
            continue;
        else if (n < 0 && errno != EAGAIN)
            probe_perform(p, smtp_lost(&p->smtp, errno, probe_elapsed_ms(p)));
        else
            break;
    }
    if (p->smtp.state == SMTP_DRAIN)
        probe_perform(p, smtp_drained(&p->smtp));
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct probe *p = handle->data;

    (void)suggested;
    *buf = uv_buf_init(p->env->read_buffer, PROBE_READ_BYTES);
}

/* The errno behind an end of the stream, 0 for a FIN: libuv says "end" also where a reset came together with
 * the last bytes. EPIPE is a reset behind the FIN, and no news. */
static int end_error(const struct probe *p)
{
    uv_os_fd_t fd;
    int err = p->send_err;
    socklen_t len = sizeof(err);

    if (err == 0 && (uv_fileno((const uv_handle_t *)&p->tcp, &fd) != 0 ||
                     getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0 || err == EPIPE))
        err = 0;
    return err;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct probe *p = stream->data;

    if (p->closing || n == 0)
        return;
    if (n < 0) {
        probe_perform(p, smtp_lost(&p->smtp, n == UV_EOF ? end_error(p) : (int)-n, probe_elapsed_ms(p)));
        return;
    }
    if (p->ssl != NULL)
        probe_tls_take(p, buf->base, (size_t)n);
    else
        probe_feed(p, buf->base, (size_t)n);
    if (!p->closing && p->smtp.state == SMTP_DRAIN)
        drain(p);
}

static void on_connect(uv_connect_t *req, int status)
{
    struct probe *p = req->data;

    if (p->closing)
        return;
    if (status == 0) {
        if (p->env->port_watch != NULL)
            port_connected(p->env->port_watch);
        probe_perform(p, smtp_connected(&p->smtp, probe_elapsed_ms(p)));
        status = uv_read_start((uv_stream_t *)&p->tcp, on_alloc, on_read);
    }
    if (status != 0)
        probe_perform(p, smtp_lost(&p->smtp, -status, probe_elapsed_ms(p)));
}

/* --- deadlines --- */

static void on_whole(struct timer *t)
{
    struct probe *p = (struct probe *)((char *)t - offsetof(struct probe, whole));

    probe_perform(p, smtp_timeout(&p->smtp, probe_elapsed_ms(p)));
}

static void on_phase(struct timer *t)
{
    struct probe *p = (struct probe *)((char *)t - offsetof(struct probe, phase));

    probe_perform(p, smtp_timeout(&p->smtp, probe_elapsed_ms(p)));
}

/* Set the deadline of a state that the machine has come to. */
static int arm(struct probe *p)
{
    if (p->armed == p->smtp.state)
        return STS_OK;
    p->armed = p->smtp.state;
    timers_stop(p->env->timers, &p->phase);
    if (p->smtp.wait_ms == 0)
        return STS_OK;
    return timers_start(p->env->timers, &p->phase, p->smtp.wait_ms, on_phase);
}

void probe_perform(struct probe *p, enum smtp_act act)
{
    if (p->closing)
        return;
    if (act != ACT_DONE && arm(p) != STS_OK)
        act = smtp_end(&p->smtp, (struct result){.oc = OC_OUR_MEMORY}, probe_elapsed_ms(p));
    switch (act) {
    case ACT_READ:
    case ACT_DRAIN: break; /* on_read does it when its bytes are used up */
    case ACT_SEND: send_command(p); break;
    case ACT_TLS: probe_tls_start(p); break;
    case ACT_DONE: begin_close(p); break;
    }
}

/* --- the beginning --- */

/* What the system refuses before a packet went out is our own (no route, no port, no descriptor). */
static struct result local_failure(int err, bool bound)
{
    struct result r = {.oc = OC_OUR_NETWORK, .src = SRC_ERRNO, .raw = err};

    switch (err) {
    case EMFILE:
    case ENFILE: r.oc = OC_OUR_DESCRIPTORS; break;
    case ENOMEM:
    case ENOBUFS: r.oc = OC_OUR_MEMORY; break;
    case EADDRINUSE: r.oc = OC_OUR_PORTS; break;
    case EADDRNOTAVAIL: r.oc = bound ? OC_OUR_PORTS : OC_OUR_NETWORK; break; /* not bound: no such source */
    default: break;
    }
    return r;
}

static int open_socket(struct probe *p, int family, const struct address *local)
{
    const int on = 1;
    const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_storage sa;
    int err;

    if (fd < 0)
        return -errno;
    err = uv_tcp_open(&p->tcp, fd);
    if (err != 0) {
        close(fd);
        return err;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (local == NULL)
        return 0;
    /* The port is chosen by connect(), for this peer: the source address alone does not use up the ports. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    address_sockaddr(local, 0, &sa);
    return uv_tcp_bind(&p->tcp, (struct sockaddr *)&sa, 0);
}

static enum smtp_act open_connection(struct probe *p, const struct address *ip)
{
    const bool v4 = address_is_v4(ip);
    struct sockaddr_storage sa;
    bool bound = false;
    int err = open_socket(p, v4 ? AF_INET : AF_INET6, v4 ? p->env->local_v4 : p->env->local_v6);

    if (err == 0) {
        bound = true;
        address_sockaddr(ip, p->env->port, &sa);
        p->connect.data = p;
        err = uv_tcp_connect(&p->connect, &p->tcp, (struct sockaddr *)&sa, on_connect);
    }
    if (err != 0)
        return smtp_end(&p->smtp, local_failure(-err, bound), probe_elapsed_ms(p));
    return ACT_READ;
}

static struct probe *probe_new(const struct probe_env *env, const char *host, struct arena *arena,
                               struct rec_endpoint *evidence)
{
    const struct smtp_config config = {.ehlo_name = env->ehlo_name,
                                       .connect_timeout_ms = env->connect_timeout_ms,
                                       .greeting_timeout_ms = env->greeting_timeout_ms};
    struct probe *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    p->env = env;
    p->arena = arena;
    p->evidence = evidence;
    p->began_ns = uv_hrtime();
    p->armed = SMTP_END;
    evidence->tls = NULL;
    smtp_init(&p->smtp, &config, arena, evidence);
    p->host = arena_copy(arena, host, strlen(host)).p;
    if (p->host == NULL || uv_tcp_init(env->loop, &p->tcp) != 0) {
        free(p);
        return NULL;
    }
    p->tcp.data = p;
    return p;
}

struct probe *probe_start(const struct probe_env *env, const char *host, const struct address *ip,
                          struct arena *arena, struct rec_endpoint *evidence, probe_done_fn done, void *arg)
{
    struct probe *p = probe_new(env, host, arena, evidence);

    if (p == NULL)
        return NULL;
    p->done = done;
    p->arg = arg;
    if (env->total_timeout_ms > 0 &&
        timers_start(env->timers, &p->whole, env->total_timeout_ms, on_whole) != STS_OK)
        probe_end(p, OC_OUR_MEMORY, SRC_NONE, 0);
    else
        probe_perform(p, open_connection(p, ip));
    return p;
}

void probe_cancel(struct probe *p, enum outcome oc)
{
    probe_end(p, oc, SRC_NONE, 0);
}
