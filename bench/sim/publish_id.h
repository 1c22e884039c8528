/* publish_id.h - ids of MTA-STS records as deployed ones look. Pure. */
#ifndef SIM_PUBLISH_ID_H
#define SIM_PUBLISH_ID_H
#include "bench/sim/publish.h"

/* What of a name draws its texts: the second argument of draw(). */
enum {
    TEXT_ID,
    TEXT_ID_OTHER,
    TEXT_RUA,
    TEXT_RUA_OTHER,
    TEXT_DMARC,
    TEXT_SPF,
    TEXT_N_TOKENS,
    TEXT_FIRST_TOKEN
};
/* A right id of name i (RFC 8461 section 3.1), with its NUL; the length. `which`: TEXT_ID, TEXT_ID_OTHER. */
size_t publish_id(const struct world *w, uint64_t i, uint64_t which, char out[PUBLISH_MOST_ID]);
#endif
