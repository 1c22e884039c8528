/* cmd_verify.c - ststat verify: is the scan whole, and does it hold what it has to? */
#include "analysis/command.h"
#include "analysis/verify.h"

#include <getopt.h>
#include <stdlib.h>

#define LIMIT_DEFAULT 20

static int parse_limit(const char *text, uint64_t *limit, struct sts_err *err)
{
    char *end;

    *limit = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0')
        return sts_fail(err, STS_EINVAL, "verify: --limit %s: not a number", text);
    return STS_OK;
}

static int run(int argc, char **argv, struct sts_err *err)
{
    static const struct option options[] = {
        {"limit", required_argument, NULL, 'l'}, {"input", required_argument, NULL, 'i'}, {0}};
    struct scan_reader *r = NULL;
    struct verify v;
    uint64_t limit = LIMIT_DEFAULT;
    const char *input = NULL;
    int c, code = EXIT_FINE;

    opterr = 0;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == '?')
            return command_bad_option(&cmd_verify, argv, err);
        if (c == 'i')
            input = optarg;
        else if (parse_limit(optarg, &limit, err) != STS_OK)
            return EXIT_FOUND;
    }
    verify_init(&v, stdout, limit);
    if (command_args(&cmd_verify, argc, argv, 1, err) == STS_OK &&
        scan_reader_open(&r, argv[optind], err) == STS_OK && verify_scan(&v, r, err) == STS_OK &&
        (input == NULL || verify_input(&v, input, err) == STS_OK)) {
        verify_report(&v, r);
        code = v.n_problems ? EXIT_FOUND : EXIT_FINE;
    }
    verify_fini(&v);
    scan_reader_close(r);
    return command_done(code, err);
}

const struct command cmd_verify = {
    .name = "verify",
    .args = "SCAN",
    .summary = "proves that a scan is whole: positions in = records out, and all it refers to",
    .help = "  --input FILE  is this the input of the scan, by its digests?\n"
            "  --limit N     problems to print (20); all are counted\n\n"
            "Checked: every frame and its checksum; every record; no position missing or there\n"
            "twice with one attempt number; a host record for each endpoint and each MX host, an\n"
            "endpoint record for each address of a host, once, or a record that this address was\n"
            "sampled; a policy record for each name to fetch; each certificate before the record\n"
            "that cites it; what the digests of certificates, bodies and the trust store say;\n"
            "counts as the end record has them, for each outcome and over all.\n"
            "A scan that was stopped is checked for what was written.\n\n"
            "Exit codes: 0 no problem, 1 problems, 2 the scan could not be read to its end.\n",
    .run = run,
};
