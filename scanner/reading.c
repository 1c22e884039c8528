#include "scanner/reading.h"

#include "scanner/worker.h"

#include <stdlib.h>

/* False: nothing more is wanted, or there is no memory for it. Takes `input`. */
static bool hand_out(struct reading *r, struct input_batch *input)
{
    struct scan *s = r->scan;
    struct batch *batch = calloc(1, sizeof(*batch));
    uint32_t n = input->n_items;

    if (batch == NULL) {
        (void)sts_fail(&r->err, STS_ENOMEM, "out of memory");
        input_batch_free(input);
        return false;
    }
    batch->input = input;
    scan_begin(s, n);
    atomic_fetch_add(&s->names_handed, n);
    if (fifo_push(&s->batches, &batch->item)) {
        for (uint32_t i = 0; i < s->n_workers; i++)
            worker_wake(&s->workers[i]);
        return true;
    }
    atomic_fetch_sub(&s->names_handed, n);
    scan_finish(s, n);
    input_batch_free(input);
    free(batch);
    return false;
}

static void run(void *arg)
{
    struct reading *r = arg;
    struct input_batch *batch;
    int rc = STS_OK;

    while ((rc = input_next(r->input, &batch, &r->err)) == STS_OK && hand_out(r, batch))
        continue;
    if (rc == STS_EEND)
        r->has_digest = input_digest(r->input, r->digest);
    else if (atomic_load(&r->input->stopped)) /* that is no failure of the input */
        r->err = (struct sts_err){0};
    atomic_store(&r->scan->input_done, true);
    uv_async_send(r->scan->wake);
}

int reading_start(struct reading *r, struct scan *scan, struct input *input, struct sts_err *err)
{
    r->scan = scan;
    r->input = input;
    if (uv_thread_create(&r->thread, run, r) != 0)
        return sts_fail(err, STS_ESYS, "cannot start the reader's thread: memory or threads are out");
    r->started = true;
    return STS_OK;
}

void reading_join(struct reading *r)
{
    if (r->started)
        uv_thread_join(&r->thread);
    r->started = false;
}
