/* publish.h - the texts that a name publishes: TXT RRsets and the policy. The servers send them, the truth
 * quotes them. Pure. */
#ifndef SIM_PUBLISH_H
#define SIM_PUBLISH_H
#include "bench/sim/fate.h"

#define PUBLISH_MOST_TXTS  400
#define PUBLISH_MOST_BYTES 65400 /* of an RRset, character-strings and all */

struct txt {
    uint32_t at, len; /* in `bytes`: its character-strings, each behind its length byte */
};
/* TXT RRs of one name; large: one for each thread that answers, not on a stack. */
struct txts {
    unsigned n;
    uint32_t used;
    struct txt rr[PUBLISH_MOST_TXTS];
    uint8_t bytes[PUBLISH_MOST_BYTES];
};
/* What a question for TXT there is answered with, if it is answered rightly; that of a wildcard included,
 * where nothing stands in its way. At _mta-sts.www, of STS_WWW_ONLY: what publish_sts says of the same fate
 * with STS_OK. */
void publish_sts(const struct world *w, const struct fate *f, struct txts *out);
void publish_rpt(const struct world *w, const struct fate *f, struct txts *out);
void publish_dmarc(const struct world *w, const struct fate *f, struct txts *out);
void publish_apex(const struct world *w, const struct fate *f, struct txts *out); /* SPF and tokens */
/* What a wildcard at the name answers, n 0: there is none. */
void publish_wild(const struct world *w, const struct fate *f, struct txts *out);

#define PUBLISH_MOST_ID 40
/* The id of its MTA-STS record that senders read, if they read the record: the first. */
void publish_sts_id(const struct world *w, const struct fate *f, char out[PUBLISH_MOST_ID]);

#define PUBLISH_MOST_POLICY (66 << 10)
/* The body of the policy; `second`: at its second address (POLICY_TWO_BODIES). The length. */
size_t publish_policy(const struct world *w, const struct fate *f, bool second,
                      char out[PUBLISH_MOST_POLICY]);
/* mx pattern number k, from 0, by which the policy means to list the MX hosts: what the class of the body
 * does to it, or adds, can match no host. 0: there are no more. */
size_t publish_pattern(const struct world *w, const struct fate *f, unsigned k, char out[NAME_BYTES]);
enum mode publish_mode(const struct fate *f); /* as the body has it */
uint64_t publish_max_age_s(const struct fate *f);
#endif
