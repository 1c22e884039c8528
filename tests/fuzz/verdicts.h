/* verdicts.h - what holds of every strict and lenient reading of a record or policy. */
#ifndef STS_FUZZ_VERDICTS_H
#define STS_FUZZ_VERDICTS_H
#include "analysis/defect.h"

#include <stdlib.h>

#define READ_MOST_BYTES 65536 /* of a text; more are never kept */

static inline void check(bool right)
{
    if (!right)
        abort();
}

/* Valid is what has no defect; each defect is at a place in the text, or at its end. */
static inline void check_defects(enum verdict verdict, const struct defects *defects, struct sts_str text)
{
    check((verdict == VERDICT_INVALID) == (defects->n > 0));
    for (uint32_t i = 0; i < defects->n && i < DEFECTS_KEPT; i++)
        check(defects->v[i].offset <= text.len && defects->v[i].id > DEFECT_NONE &&
              defects->v[i].id < DEFECT_LIMIT);
}

/* What keeps the grammar is taken leniently too, and no reading sees a record where the other sees none. */
static inline void check_verdicts(enum verdict strict, enum verdict lenient)
{
    check((strict == VERDICT_VALID) <= (lenient == VERDICT_VALID));
    check((strict == VERDICT_NONE) == (lenient == VERDICT_NONE));
}
#endif
