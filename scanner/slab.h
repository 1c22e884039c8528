/* slab.h - memory for very many small things that come and go one by one, in steps of 8 bytes and without a
 * header each. Things of one size share pages; a page from which the last thing is gone serves any size
 * again. Not thread-safe. */
#ifndef STS_SLAB_H
#define STS_SLAB_H
#include "sinks/base.h"

#define SLAB_STEP_BYTES  8
#define SLAB_MOST_BYTES  1024 /* larger things come from malloc() */
#define SLAB_PAGE_BYTES  8192
#define SLAB_CHUNK_PAGES 256 /* asked for at a time, and kept until the end */

struct slab_page;
struct slab {                                                  /* zeroed is an empty one */
    struct slab_page *open[SLAB_MOST_BYTES / SLAB_STEP_BYTES]; /* of each size: have room */
    struct slab_page *empty;
    void **chunks;    /* newest first: each holds the next */
    uint32_t n_fresh; /* pages at the end of the newest that were never used */
};

/* Not zeroed, aligned to 8 bytes. NULL: no memory. */
void *slab_alloc(struct slab *slab, size_t len_bytes);
/* `len_bytes` as it was asked for. */
void slab_free(struct slab *slab, void *p, size_t len_bytes);
/* Everything is gone but what came from malloc(). */
void slab_fini(struct slab *slab);
#endif
