/* preflight_judge.h - what the answers to preflight's questions come to. Pure. Thread: any. */
#ifndef STS_PREFLIGHT_JUDGE_H
#define STS_PREFLIGHT_JUDGE_H
#include "scanner/checks.h"
#include "scanner/options.h"

#define REVERSE_NAME_BYTES 80 /* 32 nibbles with dots, ip6.arpa, NUL */

/* What preflight asks about. NULL: it is not asked. */
struct preflight_names {
    const char *zone;   /* "." or --probe-nxdomain */
    const char *absent; /* a random label in it */
    const char *www;    /* www.RANDOM.com: some resolvers lie for such names only */
    const char *signed_name, *bogus;
};
/* One resolver and what it answered; NULL: not asked, or not in time. */
struct resolver_view {
    const struct server *server;
    const struct rec_dns *zone;                /* MX at the zone: any answer will do */
    const struct rec_dns *a, *mx, *www;        /* A and MX of the absent name, A of the other */
    const struct rec_dns *signed_name, *bogus; /* A of each */
};
/* One of our source addresses. */
struct source_view {
    struct address address;
    const struct rec_dns *ptr;     /* its names stand in `addr` */
    const struct rec_dns *forward; /* A or AAAA of the EHLO name; NULL: its PTR is another name */
};

/* Checks `resolver`, `nxdomain`, `validation`: of many resolvers with the same finding there is one. */
void judge_resolvers(const struct options *o, const struct preflight_names *names,
                     const struct resolver_view *views, uint32_t n, struct checks *out);
/* An answer that is one: OK, NXDOMAIN or NODATA. */
bool judge_is_sure(const struct rec_dns *answer);
/* Is the EHLO name among the PTRs? */
bool judge_ptr_matches(const struct rec_dns *ptr, const char *ehlo_name);
/* Check `ptr`: source address, PTR, EHLO name, and back to the address. */
void judge_source(const struct source_view *source, const char *ehlo_name, struct checks *out);
/* The name at which the PTR of an address stands (RFC 1035 section 3.5, RFC 3596 section 2.5). */
void reverse_name(const struct address *a, char out[REVERSE_NAME_BYTES]);
#endif
