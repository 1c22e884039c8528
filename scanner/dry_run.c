#include "scanner/dry_run.h"

#include <inttypes.h>

/* Positions by what came of them. */
struct tally {
    uint64_t n[OUTCOME_LIMIT];
};

static void add(struct tally *tally, const struct input_batch *batch)
{
    for (uint32_t i = 0; i < batch->n_items; i++)
        tally->n[batch->items[i].why.oc]++;
}

static void put_count(FILE *out, uint64_t n, const char *what)
{
    fprintf(out, "%12" PRIu64 "  %s\n", n, what);
}

static void put_input(const struct options *o, const struct input *input, const struct tally *tally,
                      FILE *out)
{
    struct input_counts counts = input_counts(input);
    uint8_t digest[DIGEST_BYTES];

    fprintf(out, "input %s\n", input_info(input)->name);
    put_count(out, counts.positions, "positions");
    if (counts.folded > 0)
        put_count(out, counts.folded, "lines of the zone that repeat the name before them");
    if (o->shards > 1)
        fprintf(out, "%12" PRIu64 "  of them in shard %" PRIu64 " of %" PRIu64 "; what follows is of these\n",
                counts.taken, o->shard, o->shards);
    put_count(out, counts.taken - counts.bad, "names");
    for (unsigned oc = OC_OK + 1; oc < OUTCOME_LIMIT; oc++) {
        if (tally->n[oc] > 0)
            fprintf(out, "%12" PRIu64 "  no name: %s (%s)\n", tally->n[oc], outcome_text(oc),
                    outcome_name(oc));
    }
    if (!input_digest(input, digest))
        return;
    fputs("      SHA-256 ", out);
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        fprintf(out, "%02x", digest[i]);
    fputc('\n', out);
}

static int put_options(const struct options *o, FILE *out, struct sts_err *err)
{
    struct rec_option *list;
    struct arena arena;
    uint32_t n;

    arena_init(&arena, 0);
    if (options_in_force(o, &arena, &list, &n, err) == STS_OK) {
        fputs("options in force\n", out);
        for (uint32_t i = 0; i < n; i++)
            fprintf(out, "  --%.*s %.*s\n", (int)list[i].name.len, list[i].name.p, (int)list[i].value.len,
                    list[i].value.p);
    }
    arena_fini(&arena);
    return err->code;
}

int dry_run_report(const struct options *o, struct input *input, FILE *out, struct sts_err *err)
{
    struct tally tally = {{0}};
    struct input_batch *batch;
    int rc;

    while ((rc = input_next(input, &batch, err)) == STS_OK) {
        add(&tally, batch);
        input_batch_free(batch);
    }
    put_input(o, input, &tally, out);
    if (rc != STS_EEND)
        return rc;
    if (put_options(o, out, err) != STS_OK)
        return err->code;
    return fflush(out) == 0 ? STS_OK : sts_fail(err, STS_EIO, "standard output: cannot write");
}
