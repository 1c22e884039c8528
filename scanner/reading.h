/* reading.h - the reader: one thread that takes names from the input and hands them to the workers in
 * batches. */
#ifndef STS_READING_H
#define STS_READING_H
#include "scanner/scan.h"

struct reading {
    struct scan *scan;
    struct input *input;
    uv_thread_t thread;
    /* after reading_join() */
    struct sts_err err;           /* why it ended before the end of the input; no code: it did not */
    uint8_t digest[DIGEST_BYTES]; /* of the whole input */
    bool has_digest;              /* the input was read to its end, and handed out to the last name */
    bool started;
};

/* `input` is borrowed until reading_join(). */
int reading_start(struct reading *r, struct scan *scan, struct input *input, struct sts_err *err) STS_CHECK;
/* After fifo_close() of the batches, or at the end of the input. */
void reading_join(struct reading *r);
#endif
