#include "scanner/http_impl.h"

#include <errno.h>

#define CODE_TOO_LARGE 100 /* CURLE_TOO_LARGE: libcurl 8.6 and later */

static struct result outcome(enum outcome oc, enum outcome_source src, int32_t raw)
{
    return (struct result){.oc = (uint16_t)oc, .src = (uint8_t)src, .raw = raw};
}

struct result http_outcome_errno(int err, bool waited)
{
    enum outcome oc;

    switch (err) {
    case ECONNREFUSED: oc = OC_TCP_REFUSED; break;
    case ETIMEDOUT: oc = OC_TCP_TIMEOUT; break;
    case ECONNRESET: oc = OC_TCP_RESET; break;
    /* From a router or neighbour, or, where connect() failed at once, from our own routing table. */
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN: oc = waited ? OC_TCP_UNREACHABLE : OC_OUR_NETWORK; break;
    case EADDRINUSE:
    case EADDRNOTAVAIL:
    case EAGAIN: oc = OC_OUR_PORTS; break;
    case EMFILE:
    case ENFILE: oc = OC_OUR_DESCRIPTORS; break;
    case ENOMEM:
    case ENOBUFS: oc = OC_OUR_MEMORY; break;
    default: oc = waited ? OC_TCP_OTHER : OC_OUR_NETWORK; break;
    }
    return outcome(oc, SRC_ERRNO, err);
}

/* The errno of a reset, where the transfer failed in a socket call; else 0. EPIPE is what the socket says to
 * libcurl's goodbye after ECONNRESET. In transfers that failed otherwise the errno is of the goodbye alone.
 */
static int reset_errno(const struct http_facts *f)
{
    if (f->code != CURLE_RECV_ERROR && f->code != CURLE_SEND_ERROR && f->code != CURLE_SSL_CONNECT_ERROR)
        return 0;
    if (f->os_errno == EPIPE)
        return ECONNRESET;
    return f->os_errno == ECONNRESET || f->os_errno == ETIMEDOUT ? (int)f->os_errno : 0;
}

static struct result connect_outcome(const struct http_facts *f)
{
    if (f->os_errno != 0)
        return http_outcome_errno((int)f->os_errno, f->waited);
    return outcome(OC_OUR_LIBRARY, SRC_CURL, f->code);
}

static struct result tls_outcome(const struct http_facts *f)
{
    if (f->alert >= 0)
        return outcome(OC_TLS_ALERT, SRC_ALERT, f->alert);
    if (f->handshake.oc == OC_TLS_NOT_TLS && f->spoke_tls) /* OpenSSL's error alone does not tell */
        return outcome(OC_TLS_PROTOCOL, SRC_SSL, f->handshake.raw);
    if (f->handshake.oc != OC_NONE)
        return f->handshake;
    if (f->too_much)
        return outcome(OC_TLS_PROTOCOL, SRC_BYTES, (int32_t)f->total_bytes);
    /* Before a word of TLS it is the connection that is reset. */
    if (reset_errno(f) == ECONNRESET)
        return outcome(f->total_bytes == 0 ? OC_TCP_RESET : OC_TLS_RESET, SRC_ERRNO, ECONNRESET);
    if (reset_errno(f) == ETIMEDOUT)
        return outcome(OC_TLS_TIMEOUT, SRC_ERRNO, ETIMEDOUT);
    if (f->code == CURLE_SSL_CONNECT_ERROR || f->code == CURLE_RECV_ERROR || f->code == CURLE_SEND_ERROR)
        return outcome(OC_TLS_CLOSED, SRC_CURL, f->code);
    return outcome(OC_OUR_LIBRARY, SRC_CURL, f->code);
}

/* No whole answer came. */
static struct result broken_outcome(const struct http_facts *f)
{
    enum outcome oc;

    /* TLS 1.3: what the server dislikes about the client it says after the client's Finished. */
    if (f->alert >= 0 && f->status == 0)
        return outcome(OC_TLS_ALERT, SRC_ALERT, f->alert);
    if (reset_errno(f) != 0)
        return outcome(reset_errno(f) == ETIMEDOUT ? OC_HTTP_TIMEOUT : OC_HTTP_RESET, SRC_ERRNO,
                       reset_errno(f));
    switch ((int)f->code) {
    case CURLE_GOT_NOTHING: oc = OC_HTTP_CLOSED; break;
    case CURLE_PARTIAL_FILE: oc = OC_HTTP_SHORT; break;
    case CURLE_RECV_ERROR:    /* a bad chunk, or a TLS record that cannot be read */
    case CURLE_OUT_OF_MEMORY: /* see http_outcome */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:  /* HTTP/0.9 */
    case CURLE_BAD_FUNCTION_ARGUMENT: /* a header line without a colon */
    case CURLE_BAD_CONTENT_ENCODING:  /* a transfer coding that cannot be undone */
    case CURLE_FILESIZE_EXCEEDED:     /* Content-Length beyond 2^63 */
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CODE_TOO_LARGE:
    case CURLE_COULDNT_CONNECT: /* HTTP/2 asked for another connection, which we refuse */
        oc = OC_HTTP_PROTOCOL;
        break;
    case CURLE_SEND_ERROR: oc = OC_HTTP_CLOSED; break;
    default: oc = OC_OUR_LIBRARY; break;
    }
    return outcome(oc, SRC_CURL, f->code);
}

/* A status other than 200 says it all, whatever became of the body (RFC 8461 section 3.3). */
static bool is_refusal(const struct http_facts *f)
{
    return f->head_done && f->status != 200;
}

static struct result refusal(const struct http_facts *f)
{
    /* RFC 9110 section 15.4: 304 is of the class, but leads nowhere. */
    bool redirect = f->status >= 300 && f->status < 400 && f->status != 304;

    return outcome(redirect ? OC_HTTP_REDIRECT : OC_HTTP_STATUS, SRC_HTTP, (int32_t)f->status);
}

struct result http_outcome(const struct http_facts *f)
{
    if (f->ours.oc != OC_NONE)
        return f->ours;
    /* That is also what libcurl 7.88 says of a header line over 100 KiB. */
    if (f->code == CURLE_OUT_OF_MEMORY && (f->phase != HTTP_ANSWER || f->head_done))
        return outcome(OC_OUR_MEMORY, SRC_CURL, f->code);
    if (f->phase == HTTP_CONNECT)
        return connect_outcome(f);
    if (f->phase == HTTP_TLS)
        return tls_outcome(f);
    if (is_refusal(f))
        return refusal(f);
    if (f->too_much && f->head_done)
        return outcome(OC_HTTP_TOO_BIG, SRC_BYTES, (int32_t)f->body_bytes);
    if (f->too_much)
        return outcome(OC_HTTP_PROTOCOL, SRC_BYTES, (int32_t)f->total_bytes);
    if (f->code != CURLE_OK)
        return broken_outcome(f);
    if (!f->head_done)
        return outcome(OC_HTTP_SHORT, SRC_NONE, 0); /* closed within the header: libcurl calls it good */
    return outcome(OC_OK, SRC_NONE, 0);
}

struct result http_outcome_late(const struct http_facts *f)
{
    static const enum outcome by_phase[] = {
        [HTTP_CONNECT] = OC_TCP_TIMEOUT, [HTTP_TLS] = OC_TLS_TIMEOUT, [HTTP_ANSWER] = OC_HTTP_TIMEOUT};

    if (!f->opened)
        return outcome(OC_OUR_STALL, SRC_NONE, 0);
    if (is_refusal(f))
        return refusal(f);
    return outcome(by_phase[f->phase], SRC_NONE, 0);
}
