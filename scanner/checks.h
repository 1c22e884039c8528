/* checks.h - what preflight found, as it goes into the scan record and to the user. Pure. Thread: any. */
#ifndef STS_CHECKS_H
#define STS_CHECKS_H
#include "sinks/record.h"

#include <stdio.h>

#define CHECK_TEXT_BYTES 512

struct checks {
    struct arena *arena; /* holds the list and its texts */
    struct rec_check *v;
    uint32_t n, size;
    bool no_memory; /* a check is missing */
};

void checks_init(struct checks *c, struct arena *arena);
/* `name` is constant. */
void checks_add(struct checks *c, const char *name, enum check_state state, const char *fmt, ...)
    STS_PRINTF(4, 5);
uint32_t checks_count(const struct checks *c, enum check_state state);
/* All of them, one line each, behind `before`. */
void checks_table(const struct checks *c, const char *before, FILE *to);
/* Those in this state, as messages. */
void checks_complain(const struct checks *c, enum check_state state, FILE *to);
#endif
