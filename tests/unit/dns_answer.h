/* dns_answer.h - DNS answers for tests: put together record by record in `message`, then read by
 * dns_message.c into `answer` and `result`. */
#ifndef STS_DNS_ANSWER_H
#define STS_DNS_ANSWER_H
#include "scanner/dns_message.h"

#define TYPE_CNAME   5
#define TYPE_OPT     41
#define CLASS_CHAOS  3
#define EXAMPLE      "name.example"
#define EXAMPLE_WIRE "\4name\7example"

enum section { ANSWER = 6, AUTHORITY = 8, ADDITIONAL = 10 }; /* where its count stands in the header */
struct message {
    uint8_t b[65535 + 512];
    size_t len;
};
extern struct message message;
extern struct rec_dns answer; /* until the next one is read */
extern struct result result;

void put(const void *p, size_t len);
void put_u16(unsigned u);
void put_name(const char *name); /* labels between dots, no escapes; "" is the root */
/* The header, and the question. */
void begin(unsigned rcode, bool ad, const char *name, enum dns_type type);
/* An RR but for its owner, which stands there already. */
void put_rr(enum section section, unsigned type, unsigned class_, uint32_t ttl_s, const void *data,
            size_t len);
void rr(const char *owner, unsigned type, const void *data, size_t len); /* an answer, TTL 300 */
void rr_asked(unsigned type, const void *data, size_t len); /* its owner is a pointer to the name asked for */
void rr_a(const char *owner, uint8_t last);                 /* 192.0.2.last */
void rr_cname(const char *owner, const char *target);
void rr_mx(unsigned preference, const char *host);
void rr_opt(unsigned extended_rcode, const void *options, size_t len);

/* Read the first `len` bytes, or all, as an answer to (name, type); read_it(): to EXAMPLE. Checks that no
 * byte behind them is read, that nothing is borrowed from them, and that memory is within its bound. */
enum outcome read_part(size_t len, const char *name, enum dns_type type, unsigned flags);
enum outcome read_as(const char *name, enum dns_type type, unsigned flags);
enum outcome read_it(enum dns_type type);
void is_str(struct sts_str s, const char *expected);
int answer_end(void **state); /* teardown of the group */
#endif
