/* Buckets of a few servers each. */
#include "bench/sim/smtp_visits.h"

#include <stdlib.h>

#define BUCKET_BITS 17
#define BUCKET_SIZE (SMTP_MOST_VISITED >> BUCKET_BITS)
#define HASH_FACTOR UINT32_C(0x9e3779b1) /* 2^32 / golden ratio, odd */

struct visited {
    uint32_t address;
    uint32_t n;    /* 0: unused */
    uint64_t turn; /* of its last visit */
};

struct smtp_visits {
    uint64_t turn;
    struct visited all[SMTP_MOST_VISITED];
};

/* Memory that is never touched is never there. */
struct smtp_visits *smtp_visits_new(void)
{
    return calloc(1, sizeof(struct smtp_visits));
}

void smtp_visits_free(struct smtp_visits *v)
{
    free(v);
}

uint32_t smtp_visit(struct smtp_visits *v, uint32_t address)
{
    struct visited *bucket = &v->all[(address * HASH_FACTOR >> (32 - BUCKET_BITS)) * BUCKET_SIZE];
    struct visited *oldest = bucket;
    v->turn++;
    for (struct visited *one = bucket; one < bucket + BUCKET_SIZE; one++) {
        if (one->n > 0 && one->address == address) {
            one->turn = v->turn;
            return one->n < UINT32_MAX ? ++one->n : one->n;
        }
        if (one->turn < oldest->turn)
            oldest = one;
    }
    *oldest = (struct visited){.address = address, .n = 1, .turn = v->turn};
    return 1;
}
