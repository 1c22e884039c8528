/* posset.h - a set of positions: a bitmap in pages, so that it is small for dense positions (an eighth of a
 * byte each and 4 KiB) and safe for wild ones, which cost a page each. Not thread-safe. */
#ifndef STS_POSSET_H
#define STS_POSSET_H
#include "sinks/base.h"

struct posset_page;
struct posset {
    struct posset_page **pages; /* an open hash by number of the page; NULL: an empty place */
    size_t n_pages, size;       /* size: places, 1 << bits, or 0 */
    unsigned bits;
    uint64_t n, highest; /* positions in it; the highest of them */
};

void posset_init(struct posset *set);
void posset_fini(struct posset *set);
/* `*fresh` says whether it was not there yet. STS_ENOMEM. */
int posset_add(struct posset *set, uint64_t pos, bool *fresh) STS_CHECK;
bool posset_has(const struct posset *set, uint64_t pos);
/* The first run of positions in [*from, last] that are not there: sets *from and *to (inclusive); false:
 * none. */
bool posset_gap(const struct posset *set, uint64_t *from, uint64_t last, uint64_t *to);
#endif
