/* policy_class.h - what became of an MTA-STS policy fetch: the first stage that fails decides (DNS, TCP, TLS,
 * HTTP, media type, syntax; RFC 8461 section 3.3). Pure. Thread: any; no state. */
#ifndef STS_POLICY_CLASS_H
#define STS_POLICY_CLASS_H
#include "analysis/chain.h"
#include "analysis/policy_decode.h"
#include "analysis/result_type.h"
#include "analysis/sts_policy.h"

enum policy_class {
    POL_NONE,         /* no record of a fetch */
    POL_OK,           /* a valid policy, properly served */
    POL_INCONCLUSIVE, /* temporary DNS failure, not tried, or our own fault */
    POL_DNS,          /* policy host does not exist or has no address */
    POL_BOGON,        /* policy host has only addresses that are never contacted */
    POL_TCP,
    POL_TIMEOUT, /* TLS or HTTP took too long */
    POL_TLS_ALERT,
    POL_TLS_HANDSHAKE,
    POL_TLS_OLD,     /* below TLS 1.2 */
    POL_TLS_NAME,    /* certificate is for other names */
    POL_TLS_EXPIRED, /* or not yet valid */
    POL_TLS_SELF_SIGNED,
    POL_TLS_UNTRUSTED, /* unknown root, or no way to one */
    POL_TLS_WEAK,      /* nothing but a key or signature below 112 bits */
    POL_TLS_OTHER,
    POL_HTTP_REDIRECT,
    POL_HTTP_STATUS,
    POL_HTTP_SHORT,
    POL_HTTP_PROTOCOL,
    POL_HTTP_ENCODING, /* content encoding that was not asked for */
    POL_SIZE,
    POL_MEDIA, /* not text/plain */
    POL_SYNTAX,
    POL_CLASS_LIMIT
};

struct policy_facts {
    enum policy_class class_;
    enum policy_class lenient; /* as deployed senders take it: they read a body that breaks the grammar, do
                                  not look at the media type, which section 3.3 only recommends,
                                  take weak keys, and decode what comes */
    enum sts_mode lenient_mode;
    uint64_t lenient_max_age_s;
    uint32_t results; /* bits of result types: all stages that failed, not only the first */
    bool has_body;    /* 200 with a whole body: `body` is read, whatever TLS and media type are */
    uint32_t age_s;   /* Age: the answer came out of a cache; 0 where it did not, or does not say so */
    bool trusted;     /* TLS verified, and the certificate names the policy host */
    /* The body is in a content coding, and can be decoded: `body` is read from that, for the lenient reading.
     * No has_body, and nothing of it counts strictly. */
    bool decoded;
    struct sts_str text; /* that `body` is read from: p->body, or what it decodes to */
    struct sts_policy body;
};

/* `chain` and `match` are about p->tls. `room`: POLICY_DECODED_BYTES, that out->text may point into. */
void policy_classify(struct policy_facts *out, const struct rec_policy *p, const struct chain_verdict *chain,
                     bool match, char *room);
const char *policy_class_name(enum policy_class class_); /* "tls-name" */
const char *policy_class_text(enum policy_class class_);
enum result_type policy_class_result_type(enum policy_class class_); /* RFC 8460 section 4.3 */
const char *policy_class_result(enum policy_class class_);           /* its name; "" for none */
const char *policy_class_rule(enum policy_class class_); /* "RFC 8461 section 3.3": what decides */
/* Value of a header field, the first of that name; {NULL, 0} where there is none. RFC 9110 section 5. */
struct sts_str http_header(struct sts_str headers, const char *name);
#endif
