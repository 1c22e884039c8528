/* dns_answer.h - what the resolver answers to a question: a pure function of the world, the question, the
 * transport, and whether the question came before. It plays a validating recursive resolver: CNAMEs come with
 * what they lead to, bogus answers with CD=1 only (RFC 4035 section 5.5). Pure.
 */
#ifndef SIM_DNS_ANSWER_H
#define SIM_DNS_ANSWER_H
#include "bench/sim/dns_wire.h"
#include "bench/sim/publish.h"

#define DNS_MOST_UDP 4096 /* bytes of an answer by UDP, whatever the asker takes */
#define DNS_MOST_WRONG \
    (DNS_LEAST_UDP + 64)                   /* of an answer that is to be dropped, sent before the right one */
#define DNS_CLIENT_NAME  "client.sim.test" /* PTR of 127.0.0.0/8 and ::1, and back to 127.0.0.1 and ::1 */
#define DNS_SIGNED_NAME  "signed.sim.test" /* an address with AD: for --probe-signed */
#define DNS_BOGUS_NAME   "bogus.sim.test"  /* an address with CD=1 only: for --probe-bogus */
#define DNS_DIGEST_BYTES 32

/* Digest of the key that a server of this kind has: SHA-256, for TLSA 3 1 1. */
typedef void (*dns_digest_fn)(const void *arg, enum cert_class cert, bool rsa, uint8_t out[DNS_DIGEST_BYTES]);

/* Large: one for each thread. The first three are set by the caller, the others are scratch. */
struct dns_answerer {
    const struct world *world;
    dns_digest_fn digest;
    const void *digest_arg;
    struct fate fate;
    struct host_fate host;
    struct txts txts;
};

enum dns_outcome {
    DNS_SAYS_RECORDS,
    DNS_SAYS_NODATA,
    DNS_SAYS_NXDOMAIN,
    DNS_SAYS_SERVFAIL,
    DNS_SAYS_REFUSED,
    DNS_SAYS_TRUNCATED, /* TC=1: ask by TCP */
    DNS_SAYS_BROKEN,    /* with records, in a message that is broken, or behind a wrong answer */
    DNS_SAYS_FORMERR,   /* the question could not be read, or is none that is answered */
    DNS_SILENT,         /* nothing, as often as it comes */
    DNS_LOST,           /* nothing, this first time */
    DNS_HANGS_UP        /* TCP: nothing, and the connection ends */
};
struct dns_answer {
    enum dns_outcome outcome;
    unsigned n; /* messages, one behind the other; 0: there is no answer */
    size_t len[2];
};
/* Into `out`: by UDP DNS_MOST_UDP + DNS_MOST_WRONG bytes, by TCP DNS_MOST_TCP, are enough. `again`: it came
 * before, by UDP. */
void dns_answer(struct dns_answerer *a, const struct dns_query *q, bool tcp, bool again, uint8_t *out,
                struct dns_answer *answer);
#endif
