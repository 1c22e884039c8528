/* posset.h - a set of positions: a bitmap in pages, so that it is small for dense positions and safe for wild
 * ones. Not thread-safe. */
#ifndef STS_POSSET_H
#define STS_POSSET_H
#include "analysis/table.h"

struct posset {
    struct table pages;
    uint64_t n, highest;
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
