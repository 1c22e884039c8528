/* words.h - codes in words. Thread: any; no state. */
#ifndef STS_WORDS_H
#define STS_WORDS_H
#include "sinks/outcome.h"

#include <stdio.h>

void words_outcome(FILE *out, uint64_t oc);           /* "TCP_REFUSED (connection refused)" */
void words_raw(FILE *out, uint64_t src, int64_t raw); /* "errno 111: Connection refused"; nothing for src 0 */
void words_x509(FILE *out, uint64_t code);            /* "10: certificate has expired" */
const char *words_rcode(uint64_t rcode);              /* "NXDOMAIN" */
#endif
