#include "scanner/outage.h"

enum outage_event outage_look(struct outage *o, int64_t now_ns, bool paused, int64_t limit_ns, int64_t *ns)
{
    const bool told = o->told;

    *ns = o->since_ns != 0 ? now_ns - o->since_ns : 0;
    if (!paused) {
        *o = (struct outage){0};
        return told ? OUTAGE_ENDS : OUTAGE_NONE;
    }
    if (o->since_ns == 0)
        o->since_ns = now_ns;
    if (!told && *ns >= OUTAGE_TOLD_NS) {
        o->told = true;
        return OUTAGE_BEGINS;
    }
    if (told && *ns >= limit_ns && !o->is_over_limit) {
        o->is_over_limit = true;
        return OUTAGE_LIMIT;
    }
    return OUTAGE_NONE;
}
