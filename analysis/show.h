/* show.h - all that a scan holds of one name, for people: what ststat show and ststat check print. Thread:
 * any. */
#ifndef STS_SHOW_H
#define STS_SHOW_H
#include "analysis/chain.h"
#include "sinks/reader.h"

#include <stdio.h>

/* An exit code (enum exit_code): EXIT_FOUND where the scan does not hold the name. */
int show_name(FILE *out, struct scan_reader *r, const char *name, const struct chain_rules *rules,
              struct sts_err *err) STS_CHECK;
#endif
