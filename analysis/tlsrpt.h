/* tlsrpt.h - the TLS-RPT record: TXT at _smtp._tls, RFC 8460 section 3, read strictly and leniently. Pure.
 * Thread: any; no state. Used like sts_txt.h; a record that breaks the grammar is "invalid" here, though RFC
 * 8460 does not say so in words. */
#ifndef STS_TLSRPT_H
#define STS_TLSRPT_H
#include "analysis/txt_record.h"

struct tlsrpt {
    enum verdict verdict,
        lenient; /* as in struct sts_txt; tlsrpt.c says what the senders of reports forgive */
    struct txt_count count;
    /* All else is of one text, the one that `count` says is read. */
    uint32_t n_mailto, n_https, n_other_scheme; /* URIs of the first rua; the RFC knows mailto and https */
    uint32_t rua_at, lenient_rua_at; /* where its value begins, by each reading; 0: there is none */
    struct defects defects;
};

void tlsrpt_init(struct tlsrpt *t);
void tlsrpt_add(struct tlsrpt *t, struct sts_str text);

/* The URIs of the first rua of `text`, the one that is read, in order: start with *at = 0; false at the end.
 * Strict: the right ones; lenient: those that have a scheme. */
bool tlsrpt_next_uri(const struct tlsrpt *t, struct sts_str text, bool lenient, uint32_t *at,
                     struct sts_str *uri);
/* "mailto" and "https" in these letters, another scheme as it stands. */
struct sts_str tlsrpt_scheme(struct sts_str uri);
#endif
