/* rowsort.h - sorts rows (any bytes) by key in bounded memory: what does not fit goes, sorted, to an unnamed
 * temporary file (in TMPDIR), and is merged at the end. Not thread-safe. */
#ifndef STS_ROWSORT_H
#define STS_ROWSORT_H
#include "sinks/base.h"

struct rowsort;
int rowsort_new(struct rowsort **out, size_t memory_bytes, struct sts_err *err) STS_CHECK;
void rowsort_free(struct rowsort *s);
/* Copies. Of rows with one key that of the highest rank counts, of these the one added last. */
int rowsort_add(struct rowsort *s, struct sts_str key, uint64_t rank, struct sts_str row,
                struct sts_err *err) STS_CHECK;
typedef int (*rowsort_fn)(void *arg, struct sts_str row, struct sts_err *err);
/* Behind the last add, once: each key's row, in the order of the keys' bytes. */
int rowsort_each(struct rowsort *s, rowsort_fn fn, void *arg, struct sts_err *err) STS_CHECK;
#endif
