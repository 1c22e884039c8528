/* verbose.h - what -v says: what a scan is set to before it begins, and how often each outcome came up at its
 * end. */
#ifndef STS_VERBOSE_H
#define STS_VERBOSE_H
#include "scanner/scan.h"

#include <stdio.h>

void verbose_start(const struct scan *s, FILE *to);
/* `end`: the record that ends the scan. */
void verbose_end(const struct rec_end *end, FILE *to);
#endif
