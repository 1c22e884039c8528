/* servers.h - lists of name servers as the user writes them. Pure but for reading the files named. Thread:
 * any. */
#ifndef STS_SERVERS_H
#define STS_SERVERS_H
#include "scanner/prefix.h"

#define SERVERS_MOST     1000
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
/* "ip", "ip:port", "[ip6]:port", "ip6", separated by commas; or "@FILE": one a line, # begins a comment. */
int servers_parse(struct servers *out, const char *text, struct sts_err *err) STS_CHECK;
/* The nameserver lines of a resolv.conf(5). */
int servers_read_resolv_conf(struct servers *out, const char *path, struct sts_err *err) STS_CHECK;
#endif
