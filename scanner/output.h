/* output.h - the writer: one thread that compresses the workers' frames and puts them into the sink. */
#ifndef STS_OUTPUT_H
#define STS_OUTPUT_H
#include "scanner/scan.h"

struct output {
    struct scan *scan;
    struct scan_writer *writer;
    uv_thread_t thread;
    uint64_t flush_ms;
    _Atomic uint64_t bytes; /* written; any thread may read it */
    struct sts_err err;     /* why writing failed; after output_join() */
    bool started;
};

/* Writes the scan record and starts the thread. Takes `sink` over in any case. */
int output_start(struct output *out, struct scan *scan, struct sink *sink, const struct rec_scan *record,
                 struct sts_err *err) STS_CHECK;
/* After the last worker has ended: write what is queued, the end record, and close. STS_EIO: out->err says
 * why. */
int output_join(struct output *out, const struct rec_end *end) STS_CHECK;
#endif
