#include "analysis/verify.h"

#include "analysis/outcomes.h"
#include "analysis/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

struct seen {
    struct key key;
};

struct count {
    struct key key;
    uint64_t kind, oc, n;
    bool stated; /* in the end record */
};

void verify_init(struct verify *v, FILE *out, uint64_t limit)
{
    *v = (struct verify){.out = out, .limit = limit, .n_shards = 1};
    posset_init(&v->positions);
    posset_init(&v->first);
    table_init(&v->known, sizeof(struct seen));
    table_init(&v->citations, sizeof(struct seen));
    table_init(&v->counts, sizeof(struct count));
    table_init(&v->again, sizeof(struct verify_again));
    table_init(&v->anchors, sizeof(struct verify_anchor));
}

void verify_fini(struct verify *v)
{
    posset_fini(&v->positions);
    posset_fini(&v->first);
    table_fini(&v->known);
    table_fini(&v->citations);
    table_fini(&v->counts);
    table_fini(&v->again);
    table_fini(&v->anchors);
}

void verify_problem(struct verify *v, const struct scan_place *place, struct sts_str about, const char *fmt,
                    ...)
{
    va_list ap;

    if (v->n_problems++ >= v->limit)
        return;
    fputs("problem: ", v->out);
    if (place != NULL)
        fprintf(v->out, "%s, frame at offset %" PRIu64 ", record %" PRIu32 ": ", place->file, place->offset,
                place->record);
    if (about.len > 0) {
        text_put(v->out, about);
        fputs(": ", v->out);
    }
    va_start(ap, fmt);
    vfprintf(v->out, fmt, ap);
    va_end(ap);
    fputc('\n', v->out);
}

static struct key seen_key(enum rec_kind kind, struct key key, uint64_t n)
{
    return key_join((struct key){kind, n}, key);
}

bool verify_knows(const struct verify *v, enum rec_kind kind, struct key key, uint64_t n)
{
    return table_find(&v->known, seen_key(kind, key, n)) != NULL;
}

int verify_note(struct verify *v, enum rec_kind kind, struct key key, uint64_t n, bool *fresh,
                struct sts_err *err)
{
    size_t before = v->known.n;

    if (table_put(&v->known, seen_key(kind, key, n)) == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    *fresh = v->known.n > before;
    return STS_OK;
}

static struct count *count_of(struct verify *v, uint64_t kind, uint64_t oc)
{
    return table_find(&v->counts, key_join((struct key){kind, 1}, (struct key){oc, 1}));
}

int verify_count(struct verify *v, enum rec_kind kind, uint64_t oc, struct sts_err *err)
{
    struct count *count = table_put(&v->counts, key_join((struct key){kind, 1}, (struct key){oc, 1}));

    if (count == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    count->kind = kind;
    count->oc = oc;
    count->n++;
    v->n_of_kind[kind]++;
    return STS_OK;
}

static const char *kind_name(uint64_t kind)
{
    const char *name = rec_kind_name((unsigned)kind);

    return name ? name : "unknown kind";
}

/* The sums over the outcomes: an entry that is there twice agrees with what was found, and they do not. */
static void check_sums(struct verify *v, const uint64_t sums[REC_KIND_LIMIT], const struct scan_place *place)
{
    const struct sts_str nothing = {NULL, 0};

    for (unsigned kind = 1; kind < REC_KIND_LIMIT; kind++) {
        if (sums[kind] != v->n_of_kind[kind])
            verify_problem(v, place, nothing,
                           "says %" PRIu64 " %s records over all outcomes; there are %" PRIu64, sums[kind],
                           rec_kind_name(kind), v->n_of_kind[kind]);
    }
}

/* Called with the last end record, when all records have been counted. */
void verify_counts(struct verify *v, const struct rec_end *end, const struct scan_place *place)
{
    const struct sts_str nothing = {NULL, 0};
    const uint64_t n_before = v->n_problems;
    uint64_t sums[REC_KIND_LIMIT] = {0};
    struct count *count;
    size_t at = 0;

    for (uint32_t i = 0; i < end->counts.n; i++) {
        const struct rec_count *stated = &end->counts.v[i];
        uint64_t n;

        if (stated->kind >= REC_KIND_LIMIT) /* of a later version */
            continue;
        sums[stated->kind] += stated->n;
        count = count_of(v, stated->kind, stated->oc);
        n = count ? count->n : 0;
        if (count != NULL)
            count->stated = true;
        if (n != stated->n)
            verify_problem(v, place, nothing,
                           "says %" PRIu64 " %s records with outcome %s; there are %" PRIu64, stated->n,
                           kind_name(stated->kind), stated->oc ? outcome_name(outcome_byte(stated->oc)) : "0",
                           n);
    }
    while ((count = table_next(&v->counts, &at)) != NULL)
        if (!count->stated)
            verify_problem(v, place, nothing, "says nothing of %" PRIu64 " %s records with outcome %s",
                           count->n, kind_name(count->kind),
                           count->oc ? outcome_name(outcome_byte(count->oc)) : "0");
    if (v->n_problems == n_before)
        check_sums(v, sums, place);
}

/* The counts again, once all is read: the end record itself is not kept. */
static int on_end(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                  struct sts_err *err)
{
    struct verify *v = arg;

    (void)kind, (void)err;
    v->n_foreign += record == NULL;
    if (record != NULL && place->offset == v->end.offset && strcmp(place->file, v->end.file) == 0)
        verify_counts(v, record, place);
    return STS_OK;
}

/* Positions in = records out. */
static void check_positions(struct verify *v)
{
    const struct sts_str nothing = {NULL, 0};
    uint64_t from = 1, to;

    if (!v->end.there)
        return;
    if (v->positions.n != v->end.positions)
        verify_problem(v, NULL, nothing,
                       "the end record says %" PRIu64 " positions were taken up; %" PRIu64 " have a record",
                       v->end.positions, v->positions.n);
    if (v->positions.highest > v->end.last_pos)
        verify_problem(v, NULL, nothing,
                       "the end record says %" PRIu64 " is the last position; %" PRIu64 " has a record",
                       v->end.last_pos, v->positions.highest);
    if (!v->end.complete || v->n_shards > 1)
        return;
    while (v->n_problems <= v->limit && posset_gap(&v->positions, &from, v->end.last_pos, &to)) {
        verify_problem(v, NULL, nothing, "positions %" PRIu64 " to %" PRIu64 " have no record", from, to);
        from = to + 1;
    }
}

static void check_parts(struct verify *v)
{
    const struct sts_str nothing = {NULL, 0};

    if (v->n_parts_begun != v->n_parts)
        verify_problem(v, NULL, nothing, "%u of %u parts do not begin with the scan record",
                       v->n_parts - v->n_parts_begun, v->n_parts);
}

int verify_scan(struct verify *v, struct scan_reader *r, struct sts_err *err)
{
    const uint32_t ends = REC_MASK(REC_scan) | REC_MASK(REC_end), end = REC_MASK(REC_end),
                   hosts = REC_MASK(REC_host), domains = REC_MASK(REC_domain);

    v->n_parts = scan_reader_n_parts(r);
    if (scan_reader_each(r, ends, verify_end, v, err) != STS_OK ||
        scan_reader_each(r, hosts, verify_small, v, err) != STS_OK ||
        scan_reader_each(r, REC_MASK_ALL & ~(end | hosts | domains), verify_small, v, err) != STS_OK ||
        scan_reader_each(r, hosts, verify_addresses, v, err) != STS_OK ||
        scan_reader_each(r, domains, verify_domain, v, err) != STS_OK ||
        scan_reader_each(r, end, on_end, v, err) != STS_OK)
        return err->code;
    check_parts(v);
    check_positions(v);
    verify_trust(v);
    return STS_OK;
}
