/* show_verdict.h - what becomes of a message to a name, step by step, each with the section that decides it.
 * Thread: any; no state. */
#ifndef STS_SHOW_VERDICT_H
#define STS_SHOW_VERDICT_H
#include "analysis/join.h"

#include <stdio.h>

/* `j` holds at least what belongs to the name of `d`. */
int show_verdict(FILE *out, const struct join *j, const struct rec_domain *d, struct sts_err *err) STS_CHECK;
#endif
