#include "scanner/http_impl.h"

#include <assert.h>
#include <stdlib.h>

void http_handle_closed(struct http *h)
{
    if (--h->n_handles > 0 || !h->closing)
        return;
    free(h->socks);
    free(h);
}

static void on_handle_closed(uv_handle_t *handle)
{
    http_handle_closed(handle->data);
}

/* The timeout of libcurl. */

static void on_timer(uv_timer_t *timer)
{
    struct http *h = timer->data;
    int running;

    http_drain(h, curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running));
}

/* CURLMOPT_TIMERFUNCTION */
static int on_curl_timer(CURLM *multi, long timeout_ms, void *http)
{
    struct http *h = http;

    (void)multi;
    if (h->closing || timeout_ms < 0)
        uv_timer_stop(&h->timer);
    else
        uv_timer_start(&h->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

/* The end of fetches: libcurl, a deadline or the caller says so here, the loop carries it out. So nothing
 * that `done` does is nested in libcurl. */

static void on_idle(uv_idle_t *idle)
{
    struct http *h = idle->data;
    struct http_fetch *f;

    while ((f = TAILQ_FIRST(&h->ended)) != NULL) {
        TAILQ_REMOVE(&h->ended, f, link);
        http_finish(f);
    }
    if (!h->closing)
        uv_idle_stop(&h->idle);
}

void http_end(struct http_fetch *f, struct result r)
{
    struct http *h = f->http;

    if (f->ended)
        return;
    f->ended = true;
    f->result = r;
    timers_stop(h->env.timers, &f->connect_timer);
    timers_stop(h->env.timers, &f->total_timer);
    TAILQ_REMOVE(&h->live, f, link);
    TAILQ_INSERT_TAIL(&h->ended, f, link);
    uv_idle_start(&h->idle, on_idle);
}

static void end_all(struct http *h, enum outcome oc)
{
    struct http_fetch *f;

    while ((f = TAILQ_FIRST(&h->live)) != NULL)
        http_end(f, (struct result){.oc = (uint16_t)oc});
}

void http_drain(struct http *h, CURLMcode rc)
{
    const CURLMsg *msg;
    int n;

    while ((msg = curl_multi_info_read(h->multi, &n)) != NULL) {
        struct http_fetch *f = NULL;

        if (msg->msg != CURLMSG_DONE || curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &f) != CURLE_OK)
            continue;
        f->facts.code = msg->data.result;
        curl_easy_getinfo(f->easy, CURLINFO_OS_ERRNO, &f->facts.os_errno);
        http_end(f, http_outcome(&f->facts));
    }
    if (rc != CURLM_OK && rc != CURLM_BAD_SOCKET)
        end_all(h, rc == CURLM_OUT_OF_MEMORY ? OC_OUR_MEMORY : OC_OUR_LIBRARY);
}

/* The whole. */

static int multi_new(struct http *h)
{
    h->multi = curl_multi_init();
    if (h->multi == NULL)
        return -1;
    if (curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, http_watch_socket) != CURLM_OK ||
        curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) != CURLM_OK ||
        curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer) != CURLM_OK ||
        curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) != CURLM_OK ||
        curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) != CURLM_OK) {
        curl_multi_cleanup(h->multi);
        return -1;
    }
    return 0;
}

int http_new(const struct http_env *env, struct http **out, struct sts_err *err)
{
    struct http *h = calloc(1, sizeof(*h));
    int rc;

    if (h == NULL)
        return sts_fail(err, STS_ENOMEM, "policy fetch: out of memory");
    h->env = *env;
    TAILQ_INIT(&h->live);
    TAILQ_INIT(&h->ended);
    if (http_tls_init() != STS_OK) {
        rc = sts_fail(err, STS_ESYS, "policy fetch: OpenSSL has no place for data of ours");
        goto fail;
    }
    rc = http_check_library(err);
    if (rc != STS_OK)
        goto fail;
    if (multi_new(h) != 0) {
        rc = sts_fail(err, STS_ENOMEM, "policy fetch: libcurl has no memory");
        goto fail;
    }
    uv_timer_init(env->loop, &h->timer); /* these two cannot fail */
    uv_idle_init(env->loop, &h->idle);
    h->timer.data = h->idle.data = h;
    h->n_handles = 2;
    *out = h;
    return STS_OK;

fail:
    free(h);
    return rc;
}

void http_close(struct http *h)
{
    assert(TAILQ_EMPTY(&h->live) && TAILQ_EMPTY(&h->ended));
    h->closing = true;
    curl_multi_cleanup(h->multi); /* closes what sockets are left */
    uv_close((uv_handle_t *)&h->timer, on_handle_closed);
    uv_close((uv_handle_t *)&h->idle, on_handle_closed);
}
