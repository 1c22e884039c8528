/* options_row.h - the table of options.def as data, for the files that make up options.h. Pure. Thread: any.
 */
#ifndef STS_OPTIONS_ROW_H
#define STS_OPTIONS_ROW_H
#include "scanner/options.h"

enum option_kind {
    KIND_FLAG,
    KIND_COUNT,
    KIND_SEED,
    KIND_DURATION,
    KIND_SIZE,
    KIND_CHOICE,
    KIND_TEXT,
    KIND_NAME,
    KIND_CONTACT,
    KIND_SERVERS,
    KIND_PREFIXES,
    KIND_BLOCKLIST,
    KIND_DURATIONS,
    KIND_RECORDS,
    KIND_SOURCES,
    KINDS_N
};
struct option_row {
    enum option_kind kind;
    size_t offset; /* in struct options */
    char letter;   /* 0: none */
    const char *name, *arg, *preset;
    uint64_t least, most;
    const char *help;
};
const struct option_row *option_row(enum option_id id);

/* Set the option from its text (NULL: a flag, now on). STS_EINVAL: the text is wrong, "--name: ..." in `err`.
 */
int option_set(struct options *o, enum option_id id, const char *text, struct sts_err *err) STS_CHECK;
/* What --rates-file names beats the options. */
int options_take_rates(struct options *o, struct sts_err *err) STS_CHECK;
/* What the options are together. */
int options_check(const struct options *o, struct sts_err *err) STS_CHECK;
#endif
