/* scan_options.h - the options of all commands that read a scan and judge it: another trust store, another
 * time, reading on past damage. Not thread-safe. */
#ifndef STS_SCAN_OPTIONS_H
#define STS_SCAN_OPTIONS_H
#include "analysis/chain.h"
#include "sinks/reader.h"

#include <stdio.h>

struct scan_options {
    struct chain_rules rules;
    bool skip_bad_frames;
};

/* Rows for getopt_long(), and what it returns for them. */
#define OPTION_CA_FILE  256
#define OPTION_AT       257
#define OPTION_SKIP_BAD 258
#define SCAN_OPTIONS                                                                                  \
    {"ca-file", required_argument, NULL, OPTION_CA_FILE}, {"at", required_argument, NULL, OPTION_AT}, \
    {                                                                                                 \
        "skip-bad-frames", no_argument, NULL, OPTION_SKIP_BAD                                         \
    }
#define SCAN_OPTIONS_HELP                                                                  \
    "  --ca-file FILE     verify certificates with these CAs (PEM), not with the trust\n"  \
    "                     store that the scan holds\n"                                     \
    "  --at TIME          verify them as of this time, not of when they were seen:\n"      \
    "                     2026-02-01, 2026-02-01T12:00:00Z (UTC), or seconds since 1970\n" \
    "  --skip-bad-frames  read on past damage, and say how much is lost\n"

/* False: `c` is no option of these, and nothing was done. STS_EINVAL in `err`: its value is wrong. */
bool scan_option(struct scan_options *o, int c, const char *value, struct sts_err *err);

/* Opens the scan by these options, and says on standard error what is special: which of them are in force,
 * what is lost. */
int scan_options_open(struct scan_options *o, struct scan_reader **out, const char *path,
                      struct sts_err *err) STS_CHECK;

/* ms since 1970 of "2026-02-01", "2026-02-01T12:00", "2026-02-01T12:00:00", each with or without Z, or of
 * seconds since 1970. */
int parse_time(const char *text, uint64_t *ms, struct sts_err *err) STS_CHECK;

/* "FILE: offset 1, 2 bytes, 3 host records: why", without a newline. */
void put_loss(FILE *out, const struct scan_loss *loss);
/* The torn tail with what it means and what to do. */
void put_torn(FILE *out, const struct scan_reader *r, const struct scan_loss *torn);
/* "records in 2 frames: 31; bytes: 8123", a line for each place behind `indent` blanks. */
void put_losses(FILE *out, const struct scan_losses *losses, unsigned indent);
#endif
