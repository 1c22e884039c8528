/* dry_run.h - --dry-run: what is in the input, and what the options in force are. */
#ifndef STS_DRY_RUN_H
#define STS_DRY_RUN_H
#include "scanner/input.h"
#include "scanner/options.h"

#include <stdio.h>

/* Reads the input to its end; what was read before a failure is reported too. */
int dry_run_report(const struct options *o, struct input *input, FILE *out, struct sts_err *err) STS_CHECK;
#endif
