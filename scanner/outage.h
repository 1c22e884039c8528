/* outage.h - the time in which the scan pauses because no resolver answers, or there is no network: when the
 * user is told, and when it has lasted too long. Pure. Thread: main. */
#ifndef STS_OUTAGE_H
#define STS_OUTAGE_H
#include "sinks/base.h"

#define OUTAGE_TOLD_NS INT64_C(2000000000) /* a shorter one is not worth a word */

struct outage { /* all zero: there is none */
    int64_t since_ns;
    bool told, is_over_limit;
    bool no_network; /* at some time in it */
};
enum outage_event { OUTAGE_NONE, OUTAGE_BEGINS, OUTAGE_ENDS, OUTAGE_LIMIT };

/* Several times a second. `paused`: a worker pauses. BEGINS, then ENDS or, once, after `limit_ns` LIMIT;
 * `*ns`: how long it lasts. */
enum outage_event outage_look(struct outage *o, int64_t now_ns, bool paused, int64_t limit_ns, int64_t *ns);
#endif
