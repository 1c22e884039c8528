/* outcome.h - what an observation came to: one append-only table (outcome.def), never collapsed. Thread: any.
 */
#ifndef STS_OUTCOME_H
#define STS_OUTCOME_H
#include "sinks/base.h"

enum outcome {
    OC_NONE = 0, /* not observed yet */
#define OUTCOME(number, name, class, text) OC_##name = number,
#include "sinks/outcome.def"
#undef OUTCOME
};
#define OUTCOME_LIMIT 128 /* every number is below */

enum outcome_class {
    OCC_none,
    OCC_ok,
    OCC_absent,
    OCC_broken,
    OCC_refused,
    OCC_temporary,
    OCC_skipped,
    OCC_ours
};

/* Where the raw code beside an outcome comes from; part of the file format. */
#define OUTCOME_SOURCES(X)        \
    X(0, NONE, "")                \
    X(1, ERRNO, "errno")          \
    X(2, ARES, "c-ares status")   \
    X(3, RCODE, "DNS rcode")      \
    X(4, CURL, "CURLcode")        \
    X(5, HTTP, "HTTP status")     \
    X(6, SMTP, "SMTP code")       \
    X(7, X509, "X509_V_ERR code") \
    X(8, SSL, "OpenSSL reason")   \
    X(9, ALERT, "TLS alert")      \
    X(10, OFFSET, "byte offset")  \
    X(11, BYTES, "bytes")
enum outcome_source {
#define X(number, name, text) SRC_##name = number,
    OUTCOME_SOURCES(X)
#undef X
};

/* An outcome with the raw code behind it. */
struct result {
    uint16_t oc; /* enum outcome */
    uint8_t src; /* enum outcome_source */
    int32_t raw;
};

/* "DNS_NXDOMAIN" and so on; "UNKNOWN" for a number that this version does not know. */
const char *outcome_name(unsigned oc);
const char *outcome_text(unsigned oc);
enum outcome_class outcome_class(unsigned oc); /* OCC_none for an unknown number */
const char *outcome_class_name(enum outcome_class class_);
const char *outcome_source_text(unsigned src); /* "" for none and unknown */
#endif
