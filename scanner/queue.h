/* queue.h - the queues between threads. Nothing waits on a loop: a full queue says so, and the sender keeps
 * the item. */
#ifndef STS_QUEUE_H
#define STS_QUEUE_H
#include "sinks/base.h"

#include <pthread.h>
#include <stdatomic.h>

/* One sender, one receiver, no lock: between two workers. */
#define RING_SLOTS 1024 /* power of two */
struct ring {
    _Atomic uint32_t head; /* receiver's */
    char pad[60];          /* the two ends on cache lines of their own */
    _Atomic uint32_t tail; /* sender's */
    void *slots[RING_SLOTS];
};
bool ring_push(struct ring *q, void *item); /* false: full */
void *ring_pop(struct ring *q);             /* NULL: empty */

/* Any senders and receivers, with a lock: batches of names, frames of records. Items must begin with a
 * pointer. */
struct fifo_item {
    struct fifo_item *next;
};
struct fifo {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct fifo_item *first, **last;
    uint32_t n, limit;
    bool closed;
};
int fifo_init(struct fifo *q, uint32_t limit) STS_CHECK;
void fifo_fini(struct fifo *q);
bool fifo_try_push(struct fifo *q, struct fifo_item *item); /* false: full or closed */
bool fifo_push(struct fifo *q, struct fifo_item *item);     /* waits for room; false: closed */
struct fifo_item *fifo_try_pop(struct fifo *q);             /* NULL: empty */
/* Waits for an item, at most `wait_ms`. NULL: nothing came, or closed and empty. */
struct fifo_item *fifo_pop(struct fifo *q, uint32_t wait_ms);
bool fifo_is_done(struct fifo *q); /* closed and empty */
void fifo_close(struct fifo *q);   /* nothing more goes in; wakes all who wait */
#endif
