/* truth.c - the truth about a name, from its parts. */
#include "bench/sim/truth.h"

void truth_of(const struct world *w, uint64_t i, const struct truth_scan *scan, struct truth *out)
{
    fate_of(w, i, &out->fate);
    out->mail = NULL;
    out->signalled = false;
    out->n_mx_rrs = 0;
    out->strict = out->lenient = (struct truth_reading){0};
    out->has_id = false;
    out->id[0] = '\0';
    out->wild = -1;
    out->rpt = out->rpt_lenient = NULL;
    out->n_mailto = out->n_https = 0;
    out->spf_seen = out->dmarc_seen = false;
    out->policy_trusted = -1;
    out->addresses = NULL;
    out->policy_body = NULL;
    out->has_max_age = false;
    out->max_age_s = 0;
    out->n_hosts = out->n_looked_at = 0;
    out->n_faults = 0;
    truth_records(w, out);
    truth_policy(w, out);
    truth_hosts(w, out, scan);
    truth_verdict(out);
}
