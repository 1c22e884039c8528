/* walk.h - records seen through their schema alone: filled, compared, and which fields of theirs are set. */
#ifndef STS_WALK_H
#define STS_WALK_H
#include "sinks/record.h"

/* Sets every field, each to another value; lists get two items, maps their own fields. */
void walk_fill(const struct rec_schema *schema, void *record, struct arena *arena, uint64_t *turn);
/* Sets one field as walk_fill() does. */
void walk_fill_field(const struct rec_field *field, void *record, struct arena *arena, uint64_t *turn);
/* NULL where a and b hold the same; else the key of the first field that differs. */
const char *walk_differ(const struct rec_schema *schema, const void *a, const void *b);

#define WALK_MOST_FIELDS 512
struct walk_cover {
    const struct rec_field *seen[WALK_MOST_FIELDS];
    unsigned n;
};
/* Notes which fields of the record, and of the maps in it, are set. */
void walk_cover(const struct rec_schema *schema, const void *record, struct walk_cover *cover);
bool walk_is_covered(const struct walk_cover *cover, const struct rec_field *field);
#endif
