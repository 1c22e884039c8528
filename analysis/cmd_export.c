/* cmd_export.c - ststat export: a table of the scan, a row for each name, host, endpoint, policy or
 * certificate. */
#include "analysis/command.h"
#include "analysis/export.h"
#include "analysis/scan_options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

enum { OPT_FORMAT = 'f', OPT_TABLE = 't', OPT_OUTPUT = 'o', OPT_NO_TIMES = 'n', OPT_HELP_COLUMNS = 'c' };

struct request {
    struct scan_options scan;
    struct row_style style;
    enum export_table table;
    const char *output; /* NULL: standard output */
    bool columns;
};

static int set_format(struct request *q, const char *value, struct sts_err *err)
{
    if (strcmp(value, "csv") == 0)
        q->style.format = ROW_CSV;
    else if (strcmp(value, "ndjson") == 0)
        q->style.format = ROW_NDJSON;
    else
        return sts_fail(err, STS_EINVAL, "export: --format %s: ndjson or csv is wanted", value);
    return STS_OK;
}

static int set_option(struct request *q, int c, const char *value, struct sts_err *err)
{
    switch (c) {
    case OPT_FORMAT: return set_format(q, value, err);
    case OPT_TABLE:
        if (!export_table_of(value, &q->table))
            return sts_fail(err, STS_EINVAL,
                            "export: --table %s: domains, hosts, endpoints, policies or certs is wanted",
                            value);
        return STS_OK;
    case OPT_OUTPUT: q->output = value; return STS_OK;
    case OPT_NO_TIMES: q->style.no_times = true; return STS_OK;
    case OPT_HELP_COLUMNS: q->columns = true; return STS_OK;
    default: (void)scan_option(&q->scan, c, value, err); return err->code;
    }
}

static int export_to(struct request *q, struct scan_reader *r, struct sts_err *err)
{
    FILE *out = q->output ? fopen(q->output, "we") : stdout;

    if (out == NULL)
        return sts_fail(err, STS_EIO, "%s: cannot open: %s", q->output, strerror(errno));
    (void)!export_rows(out, r, q->table, &q->style, &q->scan.rules, err);
    if (q->output != NULL && fclose(out) != 0)
        sts_fail(err, STS_EIO, "%s: cannot write: %s", q->output, strerror(errno));
    return err->code;
}

static int run(int argc, char **argv, struct sts_err *err)
{
    static const struct option options[] = {{"format", required_argument, NULL, OPT_FORMAT},
                                            {"table", required_argument, NULL, OPT_TABLE},
                                            {"output", required_argument, NULL, OPT_OUTPUT},
                                            {"no-times", no_argument, NULL, OPT_NO_TIMES},
                                            {"help-columns", no_argument, NULL, OPT_HELP_COLUMNS},
                                            SCAN_OPTIONS,
                                            {0}};
    struct request q = {.style.format = ROW_NDJSON, .table = TABLE_domains};
    struct scan_reader *r = NULL;
    int c;

    opterr = 0;
    while ((c = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
        if (c == '?')
            return command_bad_option(&cmd_export, argv, err);
        if (set_option(&q, c, optarg, err) != STS_OK)
            return EXIT_FOUND;
    }
    if (q.columns)
        export_help_columns(stdout);
    else if (command_args(&cmd_export, argc, argv, 1, err) == STS_OK &&
             scan_options_open(&q.scan, &r, argv[optind], err) == STS_OK)
        (void)!export_to(&q, r, err);
    scan_reader_close(r);
    return command_done(EXIT_FINE, err);
}

const struct command cmd_export = {
    .name = "export",
    .args = "SCAN",
    .summary = "a table as NDJSON or CSV: names with verdicts, hosts, endpoints, policies, certificates",
    .help = "  --table TABLE      domains (the default), hosts, endpoints, policies, certs\n"
            "  --format FORMAT    ndjson (the default): an object a line; or csv (RFC 4180), with header\n"
            "  -o, --output FILE  instead of standard output\n"
            "  --no-times         without the columns whose names end in _time or _ms: what is left\n"
            "                     is the same for two scans that saw the same\n"
            "  --help-columns     the columns of all tables: name, type, meaning\n" SCAN_OPTIONS_HELP "\n"
            "Columns keep their names, types and meanings; new ones are added at the end of a table.\n"
            "Every column is there in every row: null, or an empty field of CSV, is \"not known\" or\n"
            "\"not asked\". Rows have an order: domains by position, the others by their key. What does\n"
            "not fit into 64 MiB is sorted in a temporary file (TMPDIR).\n"
            "Bytes of strangers: NDJSON is valid UTF-8, a byte that is not becomes \\u00XX; CSV has\n"
            "\\xNN for what could harm a terminal. Nothing is done against spreadsheets that take a\n"
            "text for a formula.\n\n"
            "Exit codes: 0 done, 1 wrong use, 2 the scan could not be read, or the rows not written.\n",
    .run = run,
};
