/* servers.h - lists of name servers as the user writes them. Pure but for reading the files named. Thread:
 * any. */
#ifndef STS_SERVERS_H
#define STS_SERVERS_H
#include "scanner/prefix.h"

#define SERVERS_MOST     1000
#define SERVERS_NAMED    4 /* in a message to the user */
#define SERVERS_DNS_PORT 53

struct server {
    struct address address;
    uint16_t port;
};
struct servers {
    struct server *v;
    uint32_t n;
};
void servers_fini(struct servers *s);
#define SERVER_TEXT_BYTES (ADDRESS_TEXT_BYTES + 10)
/* "192.0.2.1:53", "[2001:db8::1]:53" */
void server_text(const struct server *server, char out[SERVER_TEXT_BYTES]);
#define SERVERS_TEXT_BYTES (SERVERS_NAMED * (SERVER_TEXT_BYTES + 2) + 24)
/* The first SERVERS_NAMED of them, and how many more there are. */
void servers_text(const struct servers *s, char out[SERVERS_TEXT_BYTES]);
/* "ip", "ip:port", "[ip6]:port", "ip6", separated by commas; or "@FILE": one a line, # begins a comment. */
int servers_parse(struct servers *out, const char *text, struct sts_err *err) STS_CHECK;
/* The nameserver lines of a resolv.conf(5). */
int servers_read_resolv_conf(struct servers *out, const char *path, struct sts_err *err) STS_CHECK;
#endif
