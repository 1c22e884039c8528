/* sim_dns.h - for tests of stsim's DNS: a world, questions as bytes, and answers read by libresolv, which is
 * not ours. */
#ifndef STS_SIM_DNS_H
#define STS_SIM_DNS_H
#include "bench/sim/dns_answer.h"

#include <arpa/nameser.h>

#define QUERY_BYTES 600
enum query_flag { ASK_AD = 1, ASK_CD = 2, ASK_EDNS = 4, ASK_DO = 8 };

/* Of the profile zone, each name of class `only`, which may be NULL. Ends the test if there is none. */
const struct world *test_world(const char *only);
/* The same one each time, of the world. */
struct dns_answerer *test_answerer(const struct world *w);
/* One digest for each kind of key. */
void test_digest(const void *arg, enum cert_class cert, bool rsa, uint8_t out[DNS_DIGEST_BYTES]);

/* A question in bytes; `payload` of its OPT. The length. */
size_t make_query(uint8_t out[QUERY_BYTES], uint16_t id, const char *name, unsigned type, unsigned flags,
                  unsigned payload);

/* Ask name i of the world, `before` standing before it ("_mta-sts."): the answer into `bytes`. */
#define ANSWER_BYTES (DNS_MOST_TCP + DNS_MOST_UDP)
struct asked_answer {
    struct dns_answer answer;
    uint8_t bytes[ANSWER_BYTES];
    ns_msg msg; /* the last message, read */
    bool readable;
};
void ask_name(const struct world *w, const char *name, unsigned type, unsigned flags, bool tcp,
              struct asked_answer *out);
void ask_below(const struct world *w, const char *before, unsigned type, unsigned flags, bool tcp,
               struct asked_answer *out);
/* Flags of a message. */
unsigned rcode_of(const struct asked_answer *a);
bool has_tc(const struct asked_answer *a);
bool has_ad(const struct asked_answer *a);
unsigned n_answers(const struct asked_answer *a, unsigned type); /* RRs of a type in its answer section */
/* RR number n of the answer section. */
ns_rr answer_rr(const struct asked_answer *a, unsigned n);
/* The EDE code in its OPT, -1: none; -2: no OPT. */
int ede_of(const struct asked_answer *a);
#endif
