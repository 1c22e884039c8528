/* exclusions.h - the blocklist in force: the main thread replaces it, each worker takes the new one up
 * between two turns. A list is freed when the last of them has let it go. */
#ifndef STS_EXCLUSIONS_H
#define STS_EXCLUSIONS_H
#include "scanner/blocklist.h"

#include <pthread.h>
#include <stdatomic.h>

struct exclusions {
    pthread_mutex_t lock;     /* of `list` */
    struct blocklist *list;   /* NULL: nothing is excluded */
    _Atomic uint64_t version; /* of `list`, from 1; looked at without the lock */
};
/* `list` may be NULL; a reference of it is taken. */
void exclusions_init(struct exclusions *x, struct blocklist *list);
void exclusions_fini(struct exclusions *x);
void exclusions_replace(struct exclusions *x, struct blocklist *list);
/* Where there is a list newer than *version: true, *held becomes it. The caller begins with {NULL, 0} and
 * ends with blocklist_unref(). */
bool exclusions_take(struct exclusions *x, struct blocklist **held, uint64_t *version);
#endif
