/* attempts.h - the list of attempts that a record keeps, and when there is another one. Pure. */
#ifndef STS_ATTEMPTS_H
#define STS_ATTEMPTS_H
#include "scanner/options.h"
#include "sinks/record.h"

#define ATTEMPTS_MOST \
    64 /* kept in a record: rounds of --attempts times --address-limit; later ones replace the last */

#define ATTEMPTS_MOST_STALLS 3 /* attempts begun again because this program stood still */

struct attempts {
    struct rec_attempt *v;
    uint32_t n, size;
};
/* Keep one. `ip` must live as long as the list. STS_ENOMEM. */
int attempts_add(struct attempts *list, struct rec_attempt attempt) STS_CHECK;
void attempts_fini(struct attempts *list);
/* Is `oc` worth another look after `n_rounds` rounds? Temporary outcomes and our own are, and STARTTLS not
 * being offered is looked at twice: greylisting servers hide it at first. */
bool attempts_again(const struct options *options, enum outcome oc, uint32_t n_rounds);
uint64_t attempts_wait_ms(const struct options *options, uint32_t n_rounds);
#endif
