/* mx_pattern.h - the form of an mx pattern in an MTA-STS policy, RFC 8461 section 3.2. Pure. Thread: any; no
 * state. */
#ifndef STS_MX_PATTERN_H
#define STS_MX_PATTERN_H
#include "sinks/base.h"

/* sts-policy-mx-value = ["*."] Domain */
bool mx_pattern_is_right(struct sts_str pattern);
/* Leniently also with underscores, with a dot alone for "*.", and with a dot at the end, which is cut off. */
bool mx_pattern_is_lenient(struct sts_str *pattern);
#endif
