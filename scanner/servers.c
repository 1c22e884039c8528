#include "scanner/servers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 512 /* of a list of servers */

void servers_fini(struct servers *s)
{
    free(s->v);
    *s = (struct servers){NULL, 0};
}

void server_text(const struct server *server, char out[SERVER_TEXT_BYTES])
{
    char ip[ADDRESS_TEXT_BYTES];

    address_format(&server->address, ip);
    snprintf(out, SERVER_TEXT_BYTES, address_is_v4(&server->address) ? "%s:%u" : "[%s]:%u", ip, server->port);
}

void servers_text(const struct servers *s, char out[SERVERS_TEXT_BYTES])
{
    size_t len = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < s->n && i < SERVERS_NAMED; i++) {
        char one[SERVER_TEXT_BYTES];

        server_text(&s->v[i], one);
        len += (size_t)snprintf(out + len, SERVERS_TEXT_BYTES - len, "%s%s", i > 0 ? ", " : "", one);
    }
    if (s->n > SERVERS_NAMED)
        snprintf(out + len, SERVERS_TEXT_BYTES - len, " and %u more", s->n - SERVERS_NAMED);
}

static int add(struct servers *s, const struct server *server, struct sts_err *err)
{
    struct server *v = s->v;
    uint32_t i;

    for (i = 0; i < s->n; i++) {
        if (s->v[i].port == server->port && address_equal(&s->v[i].address, &server->address))
            return STS_OK; /* twice the same */
    }
    if (s->n == SERVERS_MOST)
        return sts_fail(err, STS_EINVAL, "more than %d name servers", SERVERS_MOST);
    if ((s->n & (s->n - 1)) == 0) /* a power of two: full */
        v = realloc(s->v, (s->n == 0 ? 1 : s->n * 2) * sizeof(*v));
    if (v == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    s->v = v;
    s->v[s->n++] = *server;
    return STS_OK;
}

static bool parse_port(const char *text, size_t len, uint16_t *out)
{
    unsigned n = 0;
    size_t i;

    for (i = 0; i < len && n <= UINT16_MAX; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        n = n * 10 + (unsigned)(text[i] - '0');
    }
    *out = (uint16_t)n;
    return len > 0 && n > 0 && n <= UINT16_MAX;
}

/* "ip", "ip:port", "[ip]", "[ip]:port"; an IPv6 address with a port needs the brackets. */
static bool parse_server(const char *text, size_t len, struct server *out)
{
    const char *close = memchr(text, ']', len);
    const char *colon = memchr(text, ':', len);
    size_t ip_len = len;

    out->port = SERVERS_DNS_PORT;
    if (len > 0 && text[0] == '[') {
        if (close == NULL ||
            address_parse_part(text + 1, (size_t)(close - text) - 1, &out->address) != STS_OK)
            return false;
        len -= (size_t)(close + 1 - text);
        return len == 0 || (close[1] == ':' && parse_port(close + 2, len - 1, &out->port));
    }
    if (colon != NULL && memchr(colon + 1, ':', len - (size_t)(colon + 1 - text)) == NULL) {
        ip_len = (size_t)(colon - text);
        if (!parse_port(colon + 1, len - ip_len - 1, &out->port))
            return false;
    }
    return address_parse_part(text, ip_len, &out->address) == STS_OK;
}

static int add_text(struct servers *s, const char *text, size_t len, struct sts_err *err)
{
    struct server server;

    if (!parse_server(text, len, &server))
        return sts_fail(err, STS_EINVAL, "\"%.*s\" is no name server (ip, ip:port or [ip6]:port)",
                        len < 64 ? (int)len : 64, text);
    return add(s, &server, err);
}

/* What a line of a file adds: a word, and what is to be done with it. */
typedef int (*line_fn)(struct servers *s, const char *line, struct sts_err *err);

static int list_line(struct servers *s, const char *line, struct sts_err *err)
{
    size_t len;

    line += strspn(line, " \t");
    len = strcspn(line, " \t\r\n#");
    if (line[len + strspn(line + len, " \t\r\n")] != '\0' && line[len + strspn(line + len, " \t\r\n")] != '#')
        return sts_fail(err, STS_EINVAL, "more than one name server in a line");
    return len > 0 ? add_text(s, line, len, err) : STS_OK;
}

/* resolv.conf(5): "nameserver ADDRESS"; one with a zone is not for a scan and passed over. */
static int resolv_line(struct servers *s, const char *line, struct sts_err *err)
{
    static const char key[] = "nameserver";
    size_t len = sizeof(key) - 1;

    if (strncmp(line, key, len) != 0 || (line[len] != ' ' && line[len] != '\t'))
        return STS_OK;
    line += len + strspn(line + len, " \t");
    len = strcspn(line, " \t\r\n");
    return memchr(line, '%', len) != NULL ? STS_OK : add_text(s, line, len, err);
}

static int read_file(struct servers *out, const char *path, line_fn on_line, struct sts_err *err)
{
    FILE *file = fopen(path, "re");
    char line[LINE_BYTES];
    unsigned number = 0;

    if (file == NULL)
        return sts_fail(err, STS_EIO, "%s: cannot open: %s", path, strerror(errno));
    while (err->code == STS_OK && fgets(line, sizeof(line), file) != NULL) {
        struct sts_err inner = {0};

        number++;
        if (on_line(out, line, &inner) != STS_OK)
            sts_fail(err, inner.code, "%s:%u: %s", path, number, inner.msg);
    }
    if (ferror(file))
        sts_fail(err, STS_EIO, "%s: cannot read: %s", path, strerror(errno));
    if (out->n == 0)
        sts_fail(err, STS_EINVAL, "%s: no name server in it", path);
    fclose(file);
    return err->code;
}

int servers_parse(struct servers *out, const char *text, struct sts_err *err)
{
    if (text[0] == '@')
        return read_file(out, text + 1, list_line, err);
    for (;;) {
        size_t len = strcspn(text, ",");

        if (add_text(out, text, len, err) != STS_OK)
            return err->code;
        if (text[len] == '\0')
            return STS_OK;
        text += len + 1;
    }
}

int servers_read_resolv_conf(struct servers *out, const char *path, struct sts_err *err)
{
    return read_file(out, path, resolv_line, err);
}
