/* https_inside.h - what https.c, https_answer.c and https_gzip.c share. Thread: the loop's. */
#ifndef SIM_HTTPS_INSIDE_H
#define SIM_HTTPS_INSIDE_H
#include "bench/sim/conn.h"

#define HTTPS_MOST_HEAD    2048       /* of a request; a longer one is answered with 431 */
#define HTTPS_MOST_ENDLESS (8u << 20) /* where an endless answer ends after all */
#define HTTPS_LONG_LINE    (1u << 20)
#define HTTPS_DRIP_MS      100

enum flow { FLOW_NONE, FLOW_ENDLESS, FLOW_LONG_LINE };

struct https { /* a connection's state */
    bool is_policy_host;
    uint64_t i; /* the name whose policy host was asked for by SNI */
    enum flow flow;
    size_t n_flowed;
    size_t n_head;
    char head[HTTPS_MOST_HEAD];
};

/* https_answer.c */
void answer_error(struct conn *c, unsigned status); /* to a request that asks for no policy */
void answer_policy(struct conn *c, const struct fate *f);
void answer_more(struct conn *c); /* of a flow, once what went before is with the kernel */
void answer_drip(struct conn *c); /* the next byte */
/* https_gzip.c */
size_t gzip_bound(size_t len);
size_t gzip(const char *in, size_t len, unsigned char *out, size_t room); /* length; 0: it failed */
#define GZIP_BOMB_BYTES 16384
size_t gzip_bomb(unsigned char out[GZIP_BOMB_BYTES]); /* of 10 MiB; 0: it failed */
#endif
