/* input_zone.h - the lines of a zone file into positions: one for each delegated name. Thread: one. */
#ifndef STS_INPUT_ZONE_H
#define STS_INPUT_ZONE_H
#include "scanner/input.h"
#include "scanner/zone_line.h"

struct input_zone {
    struct zone zone;
    bool guessed;       /* nobody said that it is a zone file */
    uint64_t open_line; /* where the parentheses that are open begin */
};

/* Is a file that begins with p[0..len) a zone file? `all`: this is all that will be looked at. `*known` says
 * whether that can be told. */
bool input_zone_begins(const char *p, size_t len, bool all, bool *known);
/* Line number `n_line`, without its end. What cannot be read is a failure. */
int input_zone_line(struct input_zone *z, struct input *in, struct input_batch *batch, const char *line,
                    size_t len, uint64_t n_line, struct sts_err *err) STS_CHECK;
/* Behind the last line: STS_EEND, or a failure. */
int input_zone_end(const struct input_zone *z, const struct input *in, struct sts_err *err) STS_CHECK;
#endif
