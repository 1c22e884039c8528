#include "scanner/http_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A socket that libcurl asked for. libcurl may close it long after its transfer is done, so it knows the
 * transfer only while there is one. Freed in the close callback. */
struct http_sock {
    uv_poll_t poll;
    struct http *http;
    struct http_fetch *fetch; /* NULL: done */
    int fd;
    int events; /* watched for */
};

static void on_sock_closed(uv_handle_t *handle)
{
    struct http_sock *s = handle->data;
    struct http *h = s->http;

    free(s);
    http_handle_closed(h);
}

static struct http_sock *sock_at(const struct http *h, curl_socket_t fd)
{
    return fd >= 0 && (uint32_t)fd < h->n_socks ? h->socks[fd] : NULL;
}

static bool make_room(struct http *h, int fd)
{
    uint32_t need = (uint32_t)fd + 1, size = h->n_socks ? h->n_socks : 64;
    struct http_sock **grown;

    if (need <= h->n_socks)
        return true;
    while (size < need)
        size *= 2;
    grown = realloc(h->socks, size * sizeof(*grown));
    if (grown == NULL)
        return false;
    memset(grown + h->n_socks, 0, (size - h->n_socks) * sizeof(*grown));
    h->socks = grown;
    h->n_socks = size;
    return true;
}

/* Own `fd` from here on: OC_OK; or why not (then `fd` is still the caller's). */
static struct result sock_new(struct http_fetch *f, int fd)
{
    struct http *h = f->http;
    struct http_sock *s;
    int rc;

    if (!make_room(h, fd))
        return (struct result){.oc = OC_OUR_MEMORY};
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return (struct result){.oc = OC_OUR_MEMORY};
    rc = uv_poll_init_socket(h->env.loop, &s->poll, fd);
    if (rc != 0) {
        free(s);
        return (struct result){rc == UV_ENOMEM ? OC_OUR_MEMORY : OC_OUR_LIBRARY, SRC_ERRNO, -rc};
    }
    s->poll.data = s;
    s->http = h;
    s->fetch = f;
    s->fd = fd;
    h->n_handles++;
    h->socks[fd] = s;
    f->sock = s;
    return (struct result){.oc = OC_OK};
}

static bool is_the_address(const struct http_fetch *f, const struct curl_sockaddr *to)
{
    struct sockaddr_storage want;
    struct address ip;
    uint16_t port, want_port;

    if (to->socktype != SOCK_STREAM || address_from_sockaddr(&to->addr, &ip) != STS_OK ||
        !address_equal(&ip, &f->ip))
        return false;
    address_sockaddr(&f->ip, f->http->env.port, &want);
    if (want.ss_family != to->family)
        return false;
    if (to->family == AF_INET) {
        port = ((const struct sockaddr_in *)&to->addr)->sin_port;
        want_port = ((const struct sockaddr_in *)&want)->sin_port;
    } else {
        port = ((const struct sockaddr_in6 *)&to->addr)->sin6_port;
        want_port = ((const struct sockaddr_in6 *)&want)->sin6_port;
    }
    return port == want_port;
}

static int bind_local(const struct http_fetch *f, int fd)
{
    const struct http_env *env = &f->http->env;
    const struct address *local = address_is_v4(&f->ip) ? env->local_v4 : env->local_v6;
    struct sockaddr_storage sa;
    socklen_t len;
    int on = 1;

    if (local == NULL)
        return 0;
    len = address_sockaddr(local, 0, &sa);
#ifdef IP_BIND_ADDRESS_NO_PORT
    /* The port is chosen by connect(), so that one can serve many peers. No harm where it is not known. */
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
#endif
    return bind(fd, (struct sockaddr *)&sa, len);
}

curl_socket_t http_open_socket(void *fetch, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct http_fetch *f = fetch;
    struct result owned;
    int fd;

    if (f->facts.opened) /* one transfer is one connection, the one the gate let through */
        return CURL_SOCKET_BAD;
    f->facts.opened = true;
    f->connect_ns = uv_hrtime();
    if (purpose != CURLSOCKTYPE_IPCXN || !is_the_address(f, to)) {
        f->facts.ours = (struct result){.oc = OC_OUR_LIBRARY};
        return CURL_SOCKET_BAD;
    }
    fd = socket(to->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0) {
        f->facts.ours = http_outcome_errno(errno, false);
        return CURL_SOCKET_BAD;
    }
    if (bind_local(f, fd) != 0) {
        f->facts.ours = http_outcome_errno(errno, false);
        if (errno == EADDRNOTAVAIL) /* the source address is not of this host */
            f->facts.ours.oc = OC_OUR_NETWORK;
        goto fail;
    }
    owned = sock_new(f, fd);
    if (owned.oc != OC_OK) {
        f->facts.ours = owned;
        goto fail;
    }
    return fd;

fail:
    close(fd);
    return CURL_SOCKET_BAD;
}

static void sock_close(struct http_sock *s)
{
    s->http->socks[s->fd] = NULL;
    if (s->fetch != NULL)
        s->fetch->sock = NULL;
    uv_close((uv_handle_t *)&s->poll, on_sock_closed);
}

int http_close_socket(void *http, curl_socket_t fd)
{
    struct http_sock *s = sock_at(http, fd);

    if (s != NULL)
        sock_close(s);
    return close(fd);
}

void http_disown_socket(struct http_fetch *f)
{
    if (f->sock != NULL)
        sock_close(f->sock);
}

void http_shut_socket(struct http_fetch *f)
{
    const struct linger reset = {.l_onoff = 1}; /* on close: the peer may have a lot more to say */

    if (f->sock == NULL)
        return;
    (void)setsockopt(f->sock->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    shutdown(f->sock->fd, SHUT_RDWR);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct http_sock *s)
{
    if (s->events == 0)
        uv_poll_stop(&s->poll);
    else
        uv_poll_start(&s->poll, s->events, on_poll);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct http_sock *s = poll->data;
    struct http *h = s->http;
    int flags = 0, running;

    if (status < 0)
        flags |= CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    if (s->fetch != NULL)
        http_drain(h, curl_multi_socket_action(h->multi, s->fd, flags, &running));
    else /* libcurl may not know any more that it waits for this one */
        http_drain(h, curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running));
    if (status < 0 && sock_at(h, s->fd) == s)
        watch(s); /* after an error libuv stops, but there may be more to read than libcurl took at once */
}

/* libcurl 8.9 and later say goodbye in the background and wait for the peer's; 8.14 does so without a limit,
 * and where the peer goes on to send it forgets to watch the socket. Ours was sent by now, so we let the
 * stream end, and wake libcurl until it has read that and closes. */
void http_abandon_socket(struct http_fetch *f)
{
    struct http_sock *s = f->sock;

    if (s == NULL)
        return;
    s->fetch = NULL;
    f->sock = NULL;
    shutdown(s->fd, SHUT_RDWR);
    s->events = UV_READABLE;
    watch(s);
}

int http_watch_socket(CURL *easy, curl_socket_t fd, int what, void *http, void *unused)
{
    struct http_sock *s = sock_at(http, fd);

    (void)easy, (void)unused;
    if (s == NULL || s->fetch == NULL)
        return 0; /* closed, or abandoned */
    s->fetch->facts.waited = true;
    s->events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        s->events |= UV_READABLE;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        s->events |= UV_WRITABLE;
    watch(s);
    return 0;
}
