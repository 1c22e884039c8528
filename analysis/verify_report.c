/* verify_report.c - what ststat verify has proven, in words. */
#include "analysis/scan_options.h"
#include "analysis/text.h"
#include "analysis/verify.h"

#include <inttypes.h>

static void put_state(const struct verify *v, const struct scan_reader *r)
{
    uint64_t records = 0;

    for (unsigned kind = 0; kind < REC_KIND_LIMIT; kind++)
        records += scan_reader_n_records(r, kind);
    text_put(v->out, sts_str(scan_reader_name(r)));
    fprintf(v->out,
            ": %" PRIu64 " records in %" PRIu32 " part%s, %" PRIu64
            " bytes: every frame whole, every checksum right\n",
            records, scan_reader_n_parts(r), scan_reader_n_parts(r) == 1 ? "" : "s", scan_reader_bytes(r));
    if (scan_reader_torn(r) != NULL) {
        fprintf(v->out, "torn tail     ");
        put_torn(v->out, r, scan_reader_torn(r));
        fputc('\n', v->out);
    }
    if (v->end.complete)
        fprintf(v->out, "state         complete\n");
    else if (v->end.there)
        fprintf(v->out, "state         stopped before its end%s%s: checked for what was written\n",
                v->end.reason[0] ? ", " : "", v->end.reason);
    else
        fprintf(v->out, "state         not ended, the end record is missing: checked for what was written\n");
    if (v->newer_schema)
        fprintf(v->out, "schema        of a later version: what this one does not know was passed over\n");
    if (v->n_foreign > 0)
        fprintf(v->out,
                "passed over   %" PRIu64 " record%s of kinds that only a later version knows: not checked\n",
                v->n_foreign, v->n_foreign == 1 ? "" : "s");
}

static void put_positions(const struct verify *v)
{
    fprintf(v->out, "positions     %" PRIu64 " of domains", v->positions.n);
    if (!v->end.there)
        fprintf(v->out, "; how many were taken up is not known without an end record");
    else if (v->positions.n != v->end.positions)
        fprintf(v->out, ", but %" PRIu64 " were taken up", v->end.positions);
    else
        fprintf(v->out, ", as many as were taken up");
    if (v->n_shards > 1)
        fprintf(v->out, " by this shard, %" PRIu64 " of %" PRIu64 "%s", v->shard, v->n_shards,
                v->n_misplaced == 0 ? ": each of them belongs to it" : "");
    else if (v->end.complete && v->positions.n == v->end.last_pos && v->positions.highest == v->end.last_pos)
        fprintf(v->out, ": 1 to %" PRIu64 ", each there", v->end.last_pos);
    fprintf(v->out, "; %" PRIu64 " domain records\n", v->n_domains);
    fprintf(v->out, "repeated      %" PRIu64 " superseded by a higher attempt\n", v->n_repeats);
}

/* "each has X", or how many have not where that proves nothing. */
static void put_links(const struct verify *v, const char *title, uint64_t n, const char *what,
                      uint64_t n_without, const char *record)
{
    fprintf(v->out, "%-13s %" PRIu64 " %s, ", title, n, what);
    if (n_without == 0)
        fprintf(v->out, "each has its %s record\n", record);
    else
        fprintf(v->out, "%" PRIu64 " without a %s record%s\n", n_without, record,
                v->end.complete ? "" : ", as may be in a scan that was stopped");
}

static void put_addresses(const struct verify *v)
{
    if (v->no_starttls) {
        fprintf(v->out, "addresses     none was to be probed\n");
        return;
    }
    fprintf(v->out, "addresses     %" PRIu64 " of MX hosts", v->n_addresses);
    if (v->n_late_endpoints > 0)
        fprintf(v->out, ", %" PRIu64 " without an endpoint record%s\n", v->n_late_endpoints,
                v->end.complete ? "" : ", as may be in a scan that was stopped");
    else
        fprintf(v->out,
                ", each has its endpoint record, but for %" PRIu64 " sampled and %" PRIu64
                " beyond the limit\n",
                v->n_sampled, v->n_beyond);
}

static void put_digests(const struct verify *v)
{
    fprintf(v->out, "digests       %" PRIu64 " of bodies", v->n_digests);
    if (v->trust.digest.there && v->end.there && !v->trust.differs)
        fprintf(v->out, ", that of the trust store (%" PRIu64 " certificate%s)", v->trust.n,
                v->trust.n == 1 ? "" : "s");
    if (v->input_path != NULL && (v->input.edge.there || v->end.input.there)) {
        fprintf(v->out, ", that of the input %s", v->end.input.there ? "" : "by its edges ");
        text_put(v->out, sts_str(v->input_path));
    }
    fprintf(v->out, ": computed again\n");
}

void verify_report(const struct verify *v, const struct scan_reader *r)
{
    if (v->n_problems > v->limit)
        fprintf(v->out, "and %" PRIu64 " more problems (--limit shows more)\n", v->n_problems - v->limit);
    put_state(v, r);
    put_positions(v);
    put_links(v, "MX hosts", v->n_host_links, "cited by domains", v->n_late_links, "host");
    put_links(v, "endpoints", v->n_endpoints, "records", v->n_late_hosts, "host");
    put_addresses(v);
    put_links(v, "policies", v->n_policy_links, "domains to fetch", v->n_late_policies, "policy");
    fprintf(v->out, "certificates  %" PRIu64 " records, cited %" PRIu64 " times\n", v->n_certs,
            v->n_citations);
    put_digests(v);
    if (v->end.there)
        fprintf(v->out, "counts        compared with the end record, kind by kind and outcome by outcome, "
                        "and their sums\n");
    else
        fprintf(v->out, "counts        nothing to compare them with\n");
    if (v->n_problems == 0)
        fprintf(v->out, "no problems\n");
    else
        fprintf(v->out, "%" PRIu64 " problem%s\n", v->n_problems, v->n_problems == 1 ? "" : "s");
}
