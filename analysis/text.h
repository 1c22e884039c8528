/* text.h - bytes of strangers as text that is safe to print. Thread: any; no state.
 * Printed as they are: printable ASCII, and valid UTF-8 (RFC 3629) that neither controls a terminal nor turns
 * or hides text (C1, bidirectional and zero-width characters). All else as \xNN; a backslash as \\. */
#ifndef STS_TEXT_H
#define STS_TEXT_H
#include "sinks/utf8.h"

#include <stdio.h>

void text_put(FILE *out, struct sts_str s);
/* ms since 1970 as "2026-02-01 12:00:00.123 UTC". */
#define TEXT_TIME_BYTES 40
void text_time(char out[TEXT_TIME_BYTES], uint64_t ms);
bool text_equal_nocase(struct sts_str a, struct sts_str b); /* ASCII */
#endif
