/* policy_private.h - what the files of the policy fetch share, and nobody else includes: policy.c (from the
 * name to the outcome of the policy), policy_also.c (the other addresses of its host). Thread: that of the
 * worker that has the policy. */
#ifndef STS_POLICY_PRIVATE_H
#define STS_POLICY_PRIVATE_H
#include "scanner/attempts.h"
#include "scanner/questions.h"
#include "scanner/tls.h"
#include "scanner/worker.h"

#define POLICY_MOST_BYTES \
    (32u << 20) /* of memory; answers of 64 KiB, all of empty strings, take 1.1 MiB each */

struct policy {
    struct message head; /* first */
    struct gate_job job;
    struct timer timer;
    struct worker *w;          /* that has it */
    struct policy *next, **at; /* in that worker's list, while it waits there or is fetched */
    struct arena arena;
    struct rec_policy rec, seen; /* seen: evidence of the attempt at hand */
    /* Certificates of `seen`, of `rec` and of each of rec.others: whichever worker puts the record, they go
     * out before it. */
    struct tls_certs certs, cited, *also;
    struct attempts attempts;
    struct address *addresses;
    struct questions questions;
    uint32_t n_addresses, next_address, n_rounds;
    uint32_t n_tried;         /* of the addresses, the first ones: they stand in `attempts` */
    struct http_fetch *fetch; /* NULL: not in flight */
    uint64_t began_ms;
    enum outcome round_oc; /* of this round: see decides() */
    uint32_t n_stalls;
    bool is_decided;         /* rec.oc is: only other addresses are left to ask */
    bool asked_v4, asked_v6; /* that is: not skipped */
};

/* To the worker that owns the next address. */
void policy_move_on(struct policy *p);
/* Put the record, and be done. `p` is freed. */
void policy_finish(struct policy *p, enum outcome oc);
/* An attempt at the next address came to this. */
struct rec_attempt policy_attempt(struct policy *p, struct result r);

/* policy_also.c. The policy has come to `oc` for good: ask the next address that is still to be asked, or
 * finish. */
void policy_also_begin(struct policy *p, enum outcome oc);
/* The next address was asked. `ours`: it does not count. */
void policy_also_attempted(struct policy *p, struct result r, bool ours);
/* The next address is not asked, because of `oc`, and none behind it. */
void policy_also_leave(struct policy *p, enum outcome oc);
#endif
