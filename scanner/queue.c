#include "scanner/queue.h"

#include <time.h>

bool ring_push(struct ring *q, void *item)
{
    uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);

    if (tail - atomic_load_explicit(&q->head, memory_order_acquire) == RING_SLOTS)
        return false;
    q->slots[tail % RING_SLOTS] = item;
    atomic_store_explicit(&q->tail, tail + 1, memory_order_release);
    return true;
}

void *ring_pop(struct ring *q)
{
    uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
    void *item;

    if (head == atomic_load_explicit(&q->tail, memory_order_acquire))
        return NULL;
    item = q->slots[head % RING_SLOTS];
    atomic_store_explicit(&q->head, head + 1, memory_order_release);
    return item;
}

int fifo_init(struct fifo *q, uint32_t limit)
{
    pthread_condattr_t attr;
    int rc;

    *q = (struct fifo){.limit = limit};
    q->last = &q->first;
    if (pthread_condattr_init(&attr) != 0)
        return STS_ENOMEM;
    rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (rc == 0)
        rc = pthread_cond_init(&q->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (rc == 0)
        rc = pthread_mutex_init(&q->lock, NULL);
    return rc == 0 ? STS_OK : STS_ENOMEM;
}

void fifo_fini(struct fifo *q)
{
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->lock);
}

static void append(struct fifo *q, struct fifo_item *item)
{
    item->next = NULL;
    *q->last = item;
    q->last = &item->next;
    q->n++;
    pthread_cond_broadcast(&q->changed);
}

static struct fifo_item *take_first(struct fifo *q)
{
    struct fifo_item *item = q->first;

    if (item == NULL)
        return NULL;
    q->first = item->next;
    if (q->first == NULL)
        q->last = &q->first;
    q->n--;
    pthread_cond_broadcast(&q->changed);
    return item;
}

bool fifo_try_push(struct fifo *q, struct fifo_item *item)
{
    bool room;

    pthread_mutex_lock(&q->lock);
    room = !q->closed && q->n < q->limit;
    if (room)
        append(q, item);
    pthread_mutex_unlock(&q->lock);
    return room;
}

bool fifo_push(struct fifo *q, struct fifo_item *item)
{
    bool open;

    pthread_mutex_lock(&q->lock);
    while (!q->closed && q->n >= q->limit)
        pthread_cond_wait(&q->changed, &q->lock);
    open = !q->closed;
    if (open)
        append(q, item);
    pthread_mutex_unlock(&q->lock);
    return open;
}

struct fifo_item *fifo_try_pop(struct fifo *q)
{
    struct fifo_item *item;

    pthread_mutex_lock(&q->lock);
    item = take_first(q);
    pthread_mutex_unlock(&q->lock);
    return item;
}

struct fifo_item *fifo_pop(struct fifo *q, uint32_t wait_ms)
{
    struct timespec until;
    struct fifo_item *item;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&q->lock);
    while (q->first == NULL && !q->closed && pthread_cond_timedwait(&q->changed, &q->lock, &until) == 0)
        continue;
    item = take_first(q);
    pthread_mutex_unlock(&q->lock);
    return item;
}

bool fifo_is_done(struct fifo *q)
{
    bool done;

    pthread_mutex_lock(&q->lock);
    done = q->closed && q->first == NULL;
    pthread_mutex_unlock(&q->lock);
    return done;
}

void fifo_close(struct fifo *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}
