/* scan_record.h - the first and the last record of a scan. */
#ifndef STS_SCAN_RECORD_H
#define STS_SCAN_RECORD_H
#include "scanner/scan.h"
#include "sinks/record.h"

#include <openssl/ssl.h>

/* `ctx`: of a worker, for the ClientHello; NULL: nothing is probed. In `arena`. */
int scan_record(const struct scan *s, const struct input *input, SSL_CTX *ctx, struct arena *arena,
                struct rec_scan *out, struct sts_err *err) STS_CHECK;
/* After every worker has ended. `input_digest`: NULL where the input was not read to its end. STS_ENOMEM: the
 * counts are missing. */
int end_record(const struct scan *s, const struct counts *counts, const char *reason,
               const uint8_t *input_digest, bool complete, struct arena *arena,
               struct rec_end *out) STS_CHECK;
#endif
