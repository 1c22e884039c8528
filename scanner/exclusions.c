#include "scanner/exclusions.h"

void exclusions_init(struct exclusions *x, struct blocklist *list)
{
    pthread_mutex_init(&x->lock, NULL);
    x->list = blocklist_ref(list);
    atomic_init(&x->version, 1);
}

void exclusions_fini(struct exclusions *x)
{
    blocklist_unref(x->list);
    x->list = NULL;
    pthread_mutex_destroy(&x->lock);
}

void exclusions_replace(struct exclusions *x, struct blocklist *list)
{
    struct blocklist *old;

    blocklist_ref(list);
    pthread_mutex_lock(&x->lock);
    old = x->list;
    x->list = list;
    atomic_fetch_add_explicit(&x->version, 1, memory_order_release);
    pthread_mutex_unlock(&x->lock);
    blocklist_unref(old);
}

bool exclusions_take(struct exclusions *x, struct blocklist **held, uint64_t *version)
{
    if (atomic_load_explicit(&x->version, memory_order_acquire) == *version)
        return false;
    blocklist_unref(*held);
    pthread_mutex_lock(&x->lock);
    *held = blocklist_ref(x->list);
    *version = atomic_load_explicit(&x->version, memory_order_relaxed);
    pthread_mutex_unlock(&x->lock);
    return true;
}
