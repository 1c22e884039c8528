#include "analysis/domains.h"

#include "analysis/table.h"

#include <inttypes.h>

struct repeat { /* a position that was written again */
    struct key key;
    uint64_t attempt; /* the highest */
};

struct stream {
    struct table repeats;
    bool once;
    domain_fn fn;
    void *arg;
    uint64_t n_superseded;
};

static struct key key_of_pos(uint64_t pos)
{
    return (struct key){pos * UINT64_C(0x9E3779B97F4A7C15),
                        ~pos}; /* spread: the table looks at the low bits */
}

static int note_repeat(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                       struct sts_err *err)
{
    struct stream *s = arg;
    const struct rec_domain *d = record;
    struct repeat *repeat;

    (void)kind, (void)place;
    if (d == NULL || d->attempt == 0)
        return STS_OK;
    repeat = table_put(&s->repeats, key_of_pos(d->pos));
    if (repeat == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    if (repeat->attempt < d->attempt)
        repeat->attempt = d->attempt;
    return STS_OK;
}

static int pass_on(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                   struct sts_err *err)
{
    struct stream *s = arg;
    const struct rec_domain *d = record;
    const struct repeat *repeat;

    (void)kind;
    if (d == NULL)
        return STS_OK;
    if (s->once && d->attempt > 0)
        return sts_fail(err, STS_EFORMAT,
                        "%s: record %" PRIu32 " of the frame at offset %" PRIu64 " repeats position %" PRIu64
                        ", so another has no record: see ststat verify",
                        place->file, place->record, place->offset, d->pos);
    repeat = s->repeats.n ? table_find(&s->repeats, key_of_pos(d->pos)) : NULL;
    if (repeat == NULL || repeat->attempt <= d->attempt)
        return s->fn(s->arg, d, err);
    s->n_superseded++;
    return STS_OK;
}

int domains_each(struct scan_reader *r, uint64_t positions, domain_fn fn, void *arg, uint64_t *n_superseded,
                 struct sts_err *err)
{
    const uint32_t mask = REC_MASK(REC_domain);
    struct stream s = {.fn = fn, .arg = arg};

    /* Where records are lost, their number proves nothing. */
    s.once = positions == scan_reader_n_records(r, REC_domain) && scan_reader_losses(r)->n == 0;
    table_init(&s.repeats, sizeof(struct repeat));
    if (s.once || scan_reader_each(r, mask, note_repeat, &s, err) == STS_OK)
        (void)!scan_reader_each(r, mask, pass_on, &s, err);
    *n_superseded += s.n_superseded;
    table_fini(&s.repeats);
    return err->code;
}
