/* metadata.h - the file of --metadata-file: what a scan was, in JSON, written at its end. Thread: main. */
#ifndef STS_METADATA_H
#define STS_METADATA_H
#include "scanner/counters.h"
#include "scanner/input.h"
#include "sinks/record.h"

#include <stdio.h>

struct metadata {
    const struct rec_scan *scan;
    const struct rec_end *end;
    const struct counts *counts;
    struct input_counts input;
    uint64_t bytes; /* written */
};
struct metadata_file; /* opaque */

/* "-" is standard output. Else the file is made beside `path` (borrowed), and takes its place when it is
 * whole.
 */
int metadata_open(struct metadata_file **out, const char *path, struct sts_err *err) STS_CHECK;
int metadata_write(struct metadata_file *f, const struct metadata *m, struct sts_err *err) STS_CHECK;
/* What was not written leaves no trace. NULL is fine. */
void metadata_close(struct metadata_file *f);
#endif
