/* endpoint_class.h - what one probe of an MX host at one address shows. Pure. Thread: any; no state. */
#ifndef STS_ENDPOINT_CLASS_H
#define STS_ENDPOINT_CLASS_H
#include "sinks/record.h"

/* How far it came, by its outcome. */
enum endpoint_group {
    EP_DONE,            /* TLS is up */
    EP_NO_STARTTLS,     /* not offered: a fact */
    EP_STARTTLS_FAILED, /* offered, then refused or broken */
    EP_TLS_FAILED,      /* handshake failed */
    EP_UNREACHABLE,     /* no TCP connection */
    EP_TURNED_AWAY,     /* greeting or EHLO refused, 421, 554, or none came: inconclusive */
    EP_SMTP_FAILED,     /* dialog broken or lost: inconclusive */
    EP_SKIPPED,         /* not tried */
    EP_OURS             /* our own fault, or unknown to this version */
};
enum endpoint_group endpoint_group(unsigned oc);

/* Never "no" for want of an answer: 421, 554, timeouts and our own faults leave it unknown. */
enum starttls { STARTTLS_UNKNOWN, STARTTLS_OFFERED, STARTTLS_NOT_OFFERED };

enum tls_version { TLSV_NONE, TLSV_1_0, TLSV_1_1, TLSV_1_2, TLSV_1_3, TLSV_OTHER };

struct endpoint_facts {
    enum endpoint_group group;
    enum starttls starttls;
    enum tls_version version; /* of a handshake that was completed */
    bool reached;             /* TCP connected */
    bool handshake;           /* completed */
};
void endpoint_classify(struct endpoint_facts *out, const struct rec_endpoint *e);
const char *tls_version_name(uint64_t version); /* "TLS 1.3" for 0x0304; NULL for an unknown one */
#endif
