/* tlsrpt.h - the TLS-RPT record: TXT at _smtp._tls, RFC 8460 section 3, read strictly. Pure. Thread: any; no
 * state. Used like sts_txt.h; a record that breaks the grammar is "invalid" here, though RFC 8460 does not
 * say so in words. */
#ifndef STS_TLSRPT_H
#define STS_TLSRPT_H
#include "analysis/defect.h"

struct tlsrpt {
    enum verdict verdict, lenient;              /* as in struct sts_txt */
    uint32_t n_records, n_meant;                /* as in struct sts_txt */
    uint32_t n_mailto, n_https, n_other_scheme; /* URIs of the first rua; the RFC knows mailto and https */
    struct defects defects;
};

void tlsrpt_init(struct tlsrpt *t);
void tlsrpt_add(struct tlsrpt *t, struct sts_str text);
#endif
