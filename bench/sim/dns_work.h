/* dns_work.h - one question being answered: what the files of dns_answer.h share. Pure.
 */
#ifndef SIM_DNS_WORK_H
#define SIM_DNS_WORK_H
#include "bench/sim/dns_answer.h"
#include "bench/sim/dns_reply.h"

struct dns_work {
    struct dns_answerer *a;
    const struct dns_query *q;
    struct asked asked;
    struct dns_reply r;
    size_t zone; /* where the name of the zone stands that says there is none */
    bool wrong_id_first, wrong_name_first;
};
typedef enum dns_outcome (*dns_find_fn)(struct dns_work *w);

/* The zone is what is left of the question's name without its first `n_labels`. */
void work_zone(struct dns_work *w, unsigned n_labels);
/* Without all but its last two: operators have a domain below a TLD. */
void work_zone_domain(struct dns_work *w);
/* The name that it belongs to, in a->fate. False: that does not exist, nor does anything below it. */
bool work_fate(struct dns_work *w);

enum dns_outcome find_name(struct dns_work *w);
enum dns_outcome find_sts(struct dns_work *w);
enum dns_outcome find_sts_target(struct dns_work *w);
enum dns_outcome find_sts_www(struct dns_work *w);
enum dns_outcome find_rpt(struct dns_work *w);
enum dns_outcome find_dmarc(struct dns_work *w);
enum dns_outcome find_below(struct dns_work *w);
enum dns_outcome find_policy_host(struct dns_work *w);
enum dns_outcome find_provider_host(struct dns_work *w);
enum dns_outcome find_host(struct dns_work *w);
enum dns_outcome find_tlsa(struct dns_work *w);
/* Addresses of what a->host says, as records of the owner that stands. */
enum dns_outcome find_addresses(struct dns_work *w);
/* Names of the simulator itself. False: it is none. */
bool find_fixed(struct dns_work *w, enum dns_outcome *out);
#endif
