#include "scanner/checks.h"

#include <stdarg.h>
#include <string.h>

#define FIRST_SIZE 16

void checks_init(struct checks *c, struct arena *arena)
{
    *c = (struct checks){.arena = arena};
}

static bool make_room(struct checks *c)
{
    uint32_t size = c->size ? 2 * c->size : FIRST_SIZE;
    struct rec_check *grown;

    if (c->n < c->size)
        return true;
    grown = arena_alloc(c->arena, size * sizeof(*grown));
    if (grown == NULL)
        return false;
    if (c->n > 0)
        memcpy(grown, c->v, c->n * sizeof(*grown));
    c->v = grown;
    c->size = size;
    return true;
}

void checks_add(struct checks *c, const char *name, enum check_state state, const char *fmt, ...)
{
    char text[CHECK_TEXT_BYTES];
    struct sts_str copy;
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    copy = arena_copy(c->arena, text, strlen(text));
    if (copy.p == NULL || !make_room(c)) {
        c->no_memory = true;
        return;
    }
    c->v[c->n++] = (struct rec_check){sts_str(name), state, copy};
}

uint32_t checks_count(const struct checks *c, enum check_state state)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < c->n; i++)
        n += c->v[i].state == state;
    return n;
}

void checks_table(const struct checks *c, const char *before, FILE *to)
{
    for (uint32_t i = 0; i < c->n; i++)
        fprintf(to, "%s%-13s  %-11s  %s\n", before, check_state_text(c->v[i].state), c->v[i].name.p,
                c->v[i].text.p);
}

void checks_complain(const struct checks *c, enum check_state state, FILE *to)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->v[i].state == state)
            fprintf(to, "stscan: %s: %s: %s\n", check_state_text(state), c->v[i].name.p, c->v[i].text.p);
    }
}
