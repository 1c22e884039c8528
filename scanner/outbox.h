/* outbox.h - a worker's records on their way to the writer: encoded at once, collected by kind to a frame.
 * Certificates go out before the records that cite them. Thread: the worker's. */
#ifndef STS_OUTBOX_H
#define STS_OUTBOX_H
#include "sinks/record.h"

struct outbox;
struct scan;
struct chunk;

/* NULL: no memory. */
struct outbox *outbox_new(struct scan *scan);
void outbox_free(struct outbox *o);

/* Encode `record`; nothing of it is kept. `pos`: of a domain record, else 0. On lack of memory, for it or in
 * what it tells of (OC_OUR_MEMORY), the scan is stopped with that reason: there is no caller that could do
 * better. Once the scan has failed nothing is taken: it may lack what failed, and --resume looks again. */
void outbox_put(struct outbox *o, enum rec_kind kind, const void *record, uint64_t pos);
/* A certificate that a record put later will cite. Written once a worker. */
void outbox_cert(struct outbox *o, const uint8_t digest[32], const uint8_t *der, size_t len, bool trusted);

/* A frame that was handed over is freed by its receiver. */
void chunk_free(struct chunk *chunk);
/* Make frames of what is collected, full or not. */
void outbox_flush(struct outbox *o);
/* The writer has no room for what was put: who has much to put at once waits for a turn without. */
bool outbox_is_behind(const struct outbox *o);
/* Hand frames to the writer as far as its queue takes them; never waits. True: all are handed over. */
bool outbox_turn(struct outbox *o);
/* Records put so far whose final outcome was `oc`; add to totals[kind][oc]. After the worker has ended. */
void outbox_add_counts(const struct outbox *o, uint64_t totals[REC_KIND_LIMIT][OUTCOME_LIMIT]);
#endif
