/* cmd_summary.c - ststat summary: what a scan shows, in shares. */
#include "analysis/command.h"
#include "analysis/domains.h"
#include "analysis/option_number.h"
#include "analysis/render.h"
#include "analysis/scan_options.h"

#include <getopt.h>
#include <string.h>

struct summary {
    struct join *join;
    struct stats *stats;
    struct summary_head head;
    struct summary_checks checks;
    struct arena arena; /* strings of the head */
    struct scan_options options;
};

static bool has_check(const struct summary_checks *checks, const struct rec_check *wanted)
{
    for (uint32_t i = 0; i < checks->n; i++) {
        const struct rec_check *have = &checks->v[i];

        if (have->state == wanted->state && sts_str_equal(have->name, wanted->name) &&
            sts_str_equal(have->text, wanted->text))
            return true;
    }
    return false;
}

/* The scan record stands at the head of every part. */
static int keep_checks(struct summary *sum, const struct rec_scan *scan, struct sts_err *err)
{
    struct summary_checks *checks = &sum->checks;

    for (uint32_t i = 0; i < scan->checks.n && checks->n < STS_LEN(checks->v); i++) {
        const struct rec_check *check = &scan->checks.v[i];
        struct rec_check *kept = &checks->v[checks->n];

        if (has_check(checks, check))
            continue;
        kept->state = check->state;
        kept->name = arena_copy(&sum->arena, check->name.p, check->name.len);
        kept->text = arena_copy(&sum->arena, check->text.p, check->text.len);
        if (kept->name.p == NULL || kept->text.p == NULL)
            return sts_fail(err, STS_ENOMEM, "out of memory");
        checks->n++;
    }
    return STS_OK;
}

static int on_head(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                   struct sts_err *err)
{
    struct summary *sum = arg;
    struct summary_head *head = &sum->head;
    const struct rec_scan *scan = record;
    const struct rec_end *end = record;

    (void)place;
    if (record == NULL)
        return STS_OK;
    if (kind == REC_scan) {
        head->schema = scan->schema;
        head->start_ms = scan->start_ms;
        head->shard = option_number(scan, "shard", 0);
        head->n_shards = option_number(scan, "shards", 1);
        head->end_ms = head->positions = 0; /* an end record before this one is that of an earlier run */
        head->complete = false;
        head->reason = "";
        head->program = arena_copy(&sum->arena, scan->program.p, scan->program.len).p;
        if (keep_checks(sum, scan, err) != STS_OK)
            return err->code;
    } else {
        head->end_ms = end->end_ms;
        head->complete = end->complete;
        head->positions = end->positions;
        head->reason = arena_copy(&sum->arena, end->reason.p, end->reason.len).p;
    }
    if (head->program == NULL || head->reason == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    return STS_OK;
}

static int on_domain(void *arg, const struct rec_domain *d, struct sts_err *err)
{
    struct summary *sum = arg;

    return stats_domain(sum->stats, sum->join, d, err);
}

static int gather(struct summary *sum, struct scan_reader *r, struct sts_err *err)
{
    struct summary_head *head = &sum->head;

    sum->stats = stats_new();
    if (sum->stats == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    head->name = scan_reader_name(r);
    head->program = head->reason = "";
    head->parts = scan_reader_n_parts(r);
    head->bytes = scan_reader_bytes(r);
    head->rules = &sum->options.rules;
    head->checks = &sum->checks;
    head->n_shards = 1;
    head->losses = scan_reader_losses(r);
    head->torn = scan_reader_torn(r);
    for (unsigned kind = 0; kind < REC_KIND_LIMIT; kind++)
        head->records += scan_reader_n_records(r, kind);
    if (scan_reader_each(r, REC_MASK(REC_scan) | REC_MASK(REC_end), on_head, sum, err) != STS_OK ||
        join_new(&sum->join, r, &sum->options.rules, err) != STS_OK)
        return err->code;
    stats_joined(sum->stats, sum->join);
    head->superseded = sum->join->n_superseded;
    return domains_each(r, head->complete ? sum->join->positions : 0, on_domain, sum, &head->superseded, err);
}

static int run(int argc, char **argv, struct sts_err *err)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"outcomes", no_argument, NULL, 'o'}, SCAN_OPTIONS, {0}};
    struct scan_reader *r = NULL;
    struct summary sum = {0};
    bool json = false, outcomes = false;
    int c;

    opterr = 0;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == '?')
            return command_bad_option(&cmd_summary, argv, err);
        if (scan_option(&sum.options, c, optarg, err) && err->code != STS_OK)
            return EXIT_FOUND;
        json |= c == 'j';
        outcomes |= c == 'o';
    }
    arena_init(&sum.arena, 0);
    if (command_args(&cmd_summary, argc, argv, 1, err) == STS_OK &&
        scan_options_open(&sum.options, &r, argv[optind], err) == STS_OK && gather(&sum, r, err) == STS_OK)
        (json ? render_json : render_text)(stdout, &sum.head, sum.stats, outcomes);
    stats_free(sum.stats);
    join_free(sum.join);
    arena_fini(&sum.arena);
    scan_reader_close(r);
    return command_done(EXIT_FINE, err);
}

const struct command cmd_summary = {
    .name = "summary",
    .args = "SCAN",
    .summary = "shares: names, MX, MTA-STS, TLS-RPT, STARTTLS, certificates, messages, failures",
    .help = "  --json             as JSON; every share names its numerator and denominator\n"
            "  --outcomes         with a table of all outcomes, by kind of record and "
            "question\n" SCAN_OPTIONS_HELP "\n"
            "Shares are of what was learned: what is temporary, refused to us or our own fault\n"
            "stands in a table of its own and counts for nothing else. Certificates are verified\n"
            "with the trust store that the scan holds, at the time when they were seen.\n"
            "Endpoints, MX hosts and names are counted apart: one MX host may serve a million names.\n",
    .run = run,
};
