#include "scanner/attempts.h"

#include <stdlib.h>
#include <string.h>

int attempts_add(struct attempts *list, struct rec_attempt attempt)
{
    if (list->n == ATTEMPTS_MOST) {
        list->v[list->n - 1] = attempt;
        return STS_OK;
    }
    if (list->n == list->size) {
        uint32_t size = list->size ? 2 * list->size : 1;
        struct rec_attempt *grown = realloc(list->v, size * sizeof(*grown));

        if (grown == NULL)
            return STS_ENOMEM;
        list->v = grown;
        list->size = size;
    }
    list->v[list->n++] = attempt;
    return STS_OK;
}

void attempts_fini(struct attempts *list)
{
    free(list->v);
    memset(list, 0, sizeof(*list));
}

bool attempts_again(const struct options *options, enum outcome oc, uint32_t n_rounds)
{
    if (oc == OC_OUR_STOP || oc == OC_OUR_TAIL || n_rounds >= options->attempts)
        return false;
    /* Greylisting and the like hide STARTTLS, or EHLO, from those whom they do not know yet. */
    if (oc == OC_SMTP_NO_STARTTLS || oc == OC_SMTP_HELO_ONLY)
        return n_rounds < 2;
    return outcome_class(oc) == OCC_temporary || outcome_class(oc) == OCC_ours;
}

uint64_t attempts_wait_ms(const struct options *options, uint32_t n_rounds)
{
    uint32_t n = options->retry_after.n;

    if (n == 0)
        return 0;
    return options->retry_after.ms[n_rounds <= n ? n_rounds - 1 : n - 1];
}
