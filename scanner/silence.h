/* silence.h - notices that no resolver answers any more while questions wait, and that one does again. Pure.
 * Thread: main. */
#ifndef STS_SILENCE_H
#define STS_SILENCE_H
#include "scanner/counters.h"
#include "scanner/servers.h"
#include "sinks/base.h"

#include <stdio.h>

#define SILENCE_NS    INT64_C(10000000000) /* so long without an answer is told */
#define SILENCE_LEAST 10 /* unanswered questions: a few may just be about name servers that are dead */

struct silence {               /* all zero: nothing was seen yet */
    uint64_t answers, queries; /* at the last answer */
    int64_t since_ns;          /* of the first unanswered question seen; 0: none */
    int64_t looked_ns;
    bool told;
};
enum silence_event { SILENCE_NONE, SILENCE_BEGINS, SILENCE_ENDS };

/* Several times a second. BEGINS: `*ns` without an answer to `*unanswered` questions. ENDS: it lasted `*ns`.
 * Between them NONE. A time in which this program stood still is nobody's silence. */
enum silence_event silence_look(struct silence *s, int64_t now_ns, const struct counts *c, int64_t *ns,
                                uint64_t *unanswered);
/* Look, and tell the user what is to be told. Unanswered questions are temporary failures, nobody else's
 * fault; but the user can do something. */
void silence_tell(struct silence *s, int64_t now_ns, const struct counts *c, const struct servers *servers,
                  FILE *to);
#endif
