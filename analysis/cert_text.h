/* cert_text.h - what a certificate says, for people. Thread: any; no state. */
#ifndef STS_CERT_TEXT_H
#define STS_CERT_TEXT_H
#include "sinks/base.h"

#include <stdio.h>

/* Lines of subject, names, issuer, validity and key, each behind `indent` blanks. */
void cert_text(FILE *out, struct sts_str der, unsigned indent);
/* Its subject in one line. */
void cert_subject(FILE *out, struct sts_str der);
void put_hex(FILE *out, struct sts_str bytes, uint32_t most);
#endif
