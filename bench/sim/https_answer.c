/* What a policy host answers, by its class. */
#include "bench/sim/https_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_HEADER 1024
#define FLOW_BYTES  (16u << 10) /* at a time */
#define SHORT_BYTES 100         /* that are promised and never come */

/* ---- header ---- */

struct header {
    char text[MOST_HEADER];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct header *h, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(h->text + h->len, sizeof h->text - h->len, format, list);
    va_end(list);
    if (n > 0 && (size_t)n < sizeof h->text - h->len)
        h->len += (size_t)n;
}

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } known[] = {
        {200, "OK"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {410, "Gone"},
        {421, "Misdirected Request"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == status)
            return known[i].reason;
    return "Unknown";
}

static void begin_header(struct header *h, unsigned status)
{
    char date[64] = "";
    struct tm tm;
    time_t now = time(NULL);
    h->len = 0;
    if (gmtime_r(&now, &tm) != NULL)
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    add(h, "HTTP/1.1 %u %s\r\nServer: nginx\r\nDate: %s\r\nConnection: close\r\n", status, reason_of(status),
        date);
}

static double wait_ms(const struct conn *c)
{
    return policy_latency_ms(conn_sim(c)->world, conn_address(c));
}

static void send_header(struct conn *c, struct header *h)
{
    add(h, "\r\n");
    conn_write(c, h->text, h->len, wait_ms(c));
}

static void send_body(struct conn *c, const void *body, size_t len)
{
    conn_write(c, body, len, wait_ms(c));
}

/* ---- statuses other than 200 ---- */

static void add_redirect(struct header *h, const struct conn *c, const struct fate *f, unsigned status)
{
    char name[NAME_BYTES];
    if (status == 302)
        policy_host_name(conn_sim(c)->world, f->i, name);
    else
        name_of(conn_sim(c)->world, f->i, name);
    add(h, "Location: https://%s/%s\r\n", name, status == 302 ? "mta-sts.txt" : ".well-known/mta-sts.txt");
}

static void send_page(struct conn *c, struct header *h, unsigned status)
{
    char page[256];
    int len = snprintf(page, sizeof page, "<html><body><h1>%u %s</h1></body></html>\r\n", status,
                       reason_of(status));
    bool has_body = status != 204 && status != 304; /* RFC 9112 section 6.3 */
    if (has_body)
        add(h, "Content-Type: text/html\r\nContent-Length: %d\r\n", len);
    send_header(c, h);
    if (has_body)
        send_body(c, page, (size_t)len);
    conn_close(c);
}

void answer_error(struct conn *c, unsigned status)
{
    struct header h;
    begin_header(&h, status);
    if (status == 405)
        add(&h, "Allow: GET\r\n");
    send_page(c, &h, status);
}

static unsigned status_of(enum policy_class policy)
{
    switch (policy) {
    case POLICY_R301: return 301;
    case POLICY_R302: return 302;
    case POLICY_R307: return 307;
    case POLICY_R308: return 308;
    case POLICY_S204: return 204;
    case POLICY_S206: return 206;
    case POLICY_S304: return 304;
    case POLICY_S401: return 401;
    case POLICY_S403: return 403;
    case POLICY_S404: return 404;
    case POLICY_S410: return 410;
    case POLICY_S500: return 500;
    case POLICY_S503: return 503;
    default: return 200;
    }
}

static void answer_status(struct conn *c, const struct fate *f, unsigned status)
{
    struct header h;
    begin_header(&h, status);
    if (status > 300 && status < 400 && status != 304)
        add_redirect(&h, c, f, status);
    if (status == 401)
        add(&h, "WWW-Authenticate: Basic realm=\"policy\"\r\n");
    if (status == 503)
        add(&h, "Retry-After: 3600\r\n");
    send_page(c, &h, status);
}

/* ---- 200 with the policy ---- */

struct manner {
    enum policy_class policy;
    const char *before; /* interim answers (RFC 9110 section 15.2) */
    const char *fields; /* instead of the Content-Type that is right */
};

static const struct manner *manner_of(enum policy_class policy)
{
    static const struct manner right = {POLICY_OK, "", "Content-Type: text/plain\r\n"};
    static const struct manner manners[] = {
        {POLICY_S100, "HTTP/1.1 100 Continue\r\n\r\n", "Content-Type: text/plain\r\n"},
        {POLICY_S103, "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
         "Content-Type: text/plain\r\n"},
        {POLICY_PARKED, "", "Content-Type: text/html; charset=utf-8\r\n"},
        {POLICY_HTML, "", "Content-Type: text/html\r\n"},
        {POLICY_OCTETS, "", "Content-Type: application/octet-stream\r\n"},
        {POLICY_NO_TYPE, "", ""},
        {POLICY_UTF16, "", "Content-Type: text/plain; charset=utf-16\r\n"},
        {POLICY_UPPER, "", "Content-Type: TEXT/PLAIN;x=y\r\n"},
        {POLICY_AGE, "",
         "Content-Type: text/plain\r\nAge: 86400\r\nCache-Control: max-age=604800\r\nVia: 1.1 cdn\r\n"},
        {POLICY_GZIP, "", "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n"},
        {POLICY_BOMB, "", "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n"},
        {POLICY_NUL_HEADER, "", "Content-Type: text/plain\r\nX-Cache: a"},
    };
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++)
        if (manners[i].policy == policy)
            return &manners[i];
    return &right;
}

static void answer_body(struct conn *c, const struct fate *f, const void *body, size_t len)
{
    const struct manner *m = manner_of(f->policy);
    unsigned status = f->policy == POLICY_S206 ? 206 : 200;
    struct header h;
    send_body(c, m->before, strlen(m->before));
    begin_header(&h, status);
    add(&h, "%s", m->fields);
    if (f->policy == POLICY_NUL_HEADER) {
        h.text[h.len++] = '\0';
        add(&h, "b\r\n");
    }
    if (f->policy == POLICY_LENGTHS)
        add(&h, "Content-Length: %zu\r\n", len / 2);
    if (status == 206)
        add(&h, "Content-Range: bytes 0-%zu/%zu\r\n", len - 1, len);
    add(&h, "Content-Length: %zu\r\n", f->policy == POLICY_SHORT ? len + SHORT_BYTES : len);
    send_header(c, &h);
    send_body(c, body, len);
    conn_close(c);
}

static void answer_gzip(struct conn *c, const struct fate *f, const char *body, size_t len)
{
    size_t room = gzip_bound(len);
    unsigned char *out = malloc(room);
    size_t n = out == NULL ? 0 : gzip(body, len, out, room);
    if (n > 0)
        answer_body(c, f, out, n);
    else
        answer_error(c, 500);
    free(out);
}

static void answer_bomb(struct conn *c, const struct fate *f)
{
    unsigned char out[GZIP_BOMB_BYTES];
    size_t n = gzip_bomb(out);
    if (n > 0)
        answer_body(c, f, out, n);
    else
        answer_error(c, 500);
}

/* ---- answers that go wrong ---- */

/* A header that `fields` end, and nothing more for now. */
static void begin_answer(struct conn *c, const char *fields)
{
    struct header h;
    begin_header(&h, 200);
    add(&h, "Content-Type: text/plain\r\n%s", fields);
    send_header(c, &h);
}

static void begin_long_line(struct conn *c)
{
    struct header h;
    begin_header(&h, 200);
    add(&h, "X-Long: ");
    conn_write(c, h.text, h.len, wait_ms(c));
}

static void begin_flow(struct conn *c, enum flow flow)
{
    struct https *h = conn_state(c);
    h->flow = flow;
    if (flow == FLOW_ENDLESS)
        begin_answer(c, "Transfer-Encoding: chunked\r\n");
    else
        begin_long_line(c);
}

void answer_more(struct conn *c)
{
    struct https *h = conn_state(c);
    char bytes[FLOW_BYTES];
    if (h->flow == FLOW_NONE)
        return;
    if (h->n_flowed >= (h->flow == FLOW_ENDLESS ? HTTPS_MOST_ENDLESS : HTTPS_LONG_LINE)) {
        conn_close(c);
        return;
    }
    memset(bytes, 'x', sizeof bytes);
    h->n_flowed += sizeof bytes;
    if (h->flow == FLOW_ENDLESS)
        conn_write(c, "4000\r\n", 6, 0);
    conn_write(c, bytes, sizeof bytes, 0);
    if (h->flow == FLOW_ENDLESS)
        conn_write(c, "\r\n", 2, 0);
}

void answer_drip(struct conn *c)
{
    conn_write(c, "x", 1, 0);
    conn_wait(c, HTTPS_DRIP_MS);
}

/* False: this class answers as it should, by HTTP at least. */
static bool answer_wrongly(struct conn *c, const struct fate *f, const char *body, size_t len)
{
    switch (f->policy) {
    case POLICY_SILENT: break;
    case POLICY_CLOSED: conn_close(c); break;
    case POLICY_STALL: begin_answer(c, "Content-Length: 200\r\n"); break;
    case POLICY_DRIP:
        begin_answer(c, "");
        conn_wait(c, wait_ms(c) + HTTPS_DRIP_MS);
        break;
    case POLICY_ENDLESS: begin_flow(c, FLOW_ENDLESS); break;
    case POLICY_LONG_LINE: begin_flow(c, FLOW_LONG_LINE); break;
    case POLICY_HTTP09:
        send_body(c, body, len);
        conn_close(c);
        break;
    case POLICY_BAD_CHUNK:
        begin_answer(c, "Transfer-Encoding: chunked\r\n");
        send_body(c, "zz\r\n", 4);
        send_body(c, body, len);
        conn_close(c);
        break;
    case POLICY_SHORT:
    case POLICY_LENGTHS:
    case POLICY_NUL_HEADER: answer_body(c, f, body, len); break;
    default: return false;
    }
    conn_sim(c)->counts.https_faults++;
    return true;
}

void answer_policy(struct conn *c, const struct fate *f)
{
    const struct world *w = conn_sim(c)->world;
    unsigned status = status_of(f->policy);
    if (status != 200 && status != 206) {
        answer_status(c, f, status);
        return;
    }
    struct address_use use;
    address_used(w, conn_address(c), &use);
    bool second = f->policy == POLICY_TWO_BODIES && use.kind == ADDRESS_SELF_POLICY && use.index == 1;
    char body[PUBLISH_MOST_POLICY];
    size_t len = publish_policy(w, f, second, body);
    if (answer_wrongly(c, f, body, len))
        return;
    if (f->policy == POLICY_GZIP)
        answer_gzip(c, f, body, len);
    else if (f->policy == POLICY_BOMB)
        answer_bomb(c, f);
    else
        answer_body(c, f, body, len);
}
