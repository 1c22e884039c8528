/* input.c - what reading names costs: a file through the scanner's input alone, in batches that are freed as
 * a worker frees them. CPU time a name.
 *
 *     input FILE ROUNDS */
#include "scanner/input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpu_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* Adds up what came, so that all of it is looked at. */
static int read_all(const char *path, struct input_counts *counts, uint64_t *bytes, struct sts_err *err)
{
    const struct input_layout layout = {INPUT_AUTO, NULL};
    struct input_batch *batch;
    struct input *in;
    int rc;

    if (input_open_file(&in, path, &layout, err) != STS_OK)
        return err->code;
    while ((rc = input_next(in, &batch, err)) == STS_OK) {
        for (uint32_t i = 0; i < batch->n_items; i++)
            *bytes += batch->items[i].name.len;
        input_batch_free(batch);
    }
    *counts = input_counts(in);
    input_free(in);
    return rc == STS_EEND ? STS_OK : rc;
}

int main(int argc, char **argv)
{
    unsigned rounds = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    struct input_counts counts = {0};
    struct sts_err err = {0};
    uint64_t bytes = 0;
    double began_us;

    if (rounds == 0) {
        fprintf(stderr, "usage: input FILE ROUNDS\n");
        return 1;
    }
    began_us = cpu_us();
    for (unsigned i = 0; i < rounds; i++) {
        if (read_all(argv[1], &counts, &bytes, &err) != STS_OK) {
            fprintf(stderr, "input: %s\n", err.msg);
            return 1;
        }
    }
    printf("{\"names\": %" PRIu64 ", \"bad\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"us\": %.4f}\n",
           counts.positions, counts.bad, bytes / rounds,
           (cpu_us() - began_us) / (double)counts.positions / rounds);
    return 0;
}
