/* cmd_truth.c - stsim truth: the line about the world, then one for each name. */
#include "bench/sim/commands.h"
#include "bench/sim/truth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MOST (1u << 20) /* of FATE_MOST_MX hosts with all their addresses, and their patterns */

static bool write_line(struct text *line)
{
    text_put(line, "\n", 1);
    bool whole = !line->full && fwrite(line->p, 1, line->len, stdout) == line->len;
    line->len = 0;
    return whole;
}

static bool write_all(const struct options *o, struct truth *t, struct text *line)
{
    const struct truth_scan scan = {o->mx_limit, o->smtp_port};
    const struct world *w = &o->world;
    uint64_t end = o->count > 0 && o->count < w->n_names - o->first ? o->first + o->count : w->n_names;

    truth_put_world(w, o->profile, o->oversample, &scan, line);
    bool good = write_line(line);
    for (uint64_t i = o->first; good && i < end; i++) {
        truth_of(w, i, &scan, t);
        truth_put(w, t, line);
        good = write_line(line);
    }
    return fflush(stdout) == 0 && good;
}

int cmd_truth(const struct options *o)
{
    struct truth *t = malloc(sizeof(*t));
    char *bytes = malloc(LINE_MOST);
    struct text line = {bytes, 0, LINE_MOST, false};
    int status = 1;

    if (o->first > o->world.n_names)
        fprintf(stderr, "stsim: --first %llu is behind the last name\n", (unsigned long long)o->first);
    else if (t == NULL || bytes == NULL)
        fprintf(stderr, "stsim: out of memory\n");
    else if (write_all(o, t, &line))
        status = 0;
    else
        fprintf(stderr, "stsim: truth was not written: %s\n", strerror(errno));
    free(bytes);
    free(t);
    return status;
}
