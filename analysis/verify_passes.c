/* verify_passes.c - the checks of single records. */
#include "analysis/option_number.h"
#include "analysis/outcomes.h"
#include "analysis/verify.h"
#include "sinks/shard.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static const struct sts_str nothing = {NULL, 0};

/* One record of something that has a name and attempts: known from now on, and not there twice. */
static int note_record(struct verify *v, enum rec_kind kind, struct key key, struct sts_str about,
                       uint64_t attempt, const struct scan_place *place, struct sts_err *err)
{
    bool fresh = false;

    if (verify_note(v, kind, key, 0, &fresh, err) != STS_OK)
        return err->code;
    v->n_repeats += !fresh;
    if (verify_note(v, kind, key, attempt + 1, &fresh, err) != STS_OK)
        return err->code;
    if (!fresh)
        verify_problem(v, place, about, "a second %s record with attempt %" PRIu64, rec_kind_name(kind),
                       attempt);
    return STS_OK;
}

/* The number of attempts up to the last that is not skipped or, with `no_route` too, without a route; all
 * where there is none. */
static uint32_t last_made(const struct rec_attempt *att, uint32_t n, bool no_route)
{
    uint32_t last = n;

    while (last > 0 && (outcome_class(outcome_byte(att[last - 1].oc)) == OCC_skipped ||
                        (no_route && att[last - 1].oc == OC_OUR_NETWORK)))
        last--;
    return last > 0 ? last : n;
}

/* The evidence beside the attempts is that of the last one that was made; an address that was skipped has
 * none, but may be why there was no further attempt (a blocklist given in mid-scan). Of the addresses of a
 * policy host (`several`), one without a route decides nothing where another was contacted. */
static void check_attempts(struct verify *v, const struct rec_attempt *att, uint32_t n, uint64_t oc,
                           bool several, struct sts_str about, const struct scan_place *place)
{
    uint32_t last = last_made(att, n, false);

    if (n > 0 && att[last - 1].oc != oc && att[n - 1].oc != oc &&
        !(several && att[last_made(att, n, true) - 1].oc == oc))
        verify_problem(v, place, about, "its outcome is %s, but that of its last attempt is %s",
                       outcome_name(outcome_byte(oc)), outcome_name(outcome_byte(att[last - 1].oc)));
}

/* A certificate stands before the first record that cites it. */
static int check_chain(struct verify *v, const struct rec_tls *tls, struct sts_str about,
                       const struct scan_place *place, struct sts_err *err)
{
    for (uint32_t i = 0; tls != NULL && i < tls->chain.n; i++) {
        struct key key = key_of(tls->chain.v[i].p, tls->chain.v[i].len);

        v->n_citations++;
        if (verify_knows(v, REC_cert, key, 0))
            continue;
        verify_problem(v, place, about, "certificate %" PRIu32 " of its chain is not in the scan before it",
                       i);
        if (table_put(&v->citations, key) == NULL)
            return sts_fail(err, STS_ENOMEM, "out of memory");
    }
    return STS_OK;
}

static int on_cert(struct verify *v, const struct rec_cert *cert, const struct scan_place *place,
                   struct sts_err *err)
{
    struct key key = key_of(cert->digest.p, cert->digest.len);
    uint8_t digest[SHA256_DIGEST_LENGTH];
    bool fresh;

    v->n_certs++;
    SHA256((const unsigned char *)cert->der.p, cert->der.len, digest);
    if (cert->digest.len != sizeof(digest) || memcmp(cert->digest.p, digest, sizeof(digest)) != 0)
        verify_problem(v, place, nothing, "the certificate is not what its fingerprint says");
    if (table_find(&v->citations, key) != NULL)
        verify_problem(v, place, nothing, "the certificate stands behind a record that cites it");
    if (cert->trusted && verify_anchor(v, cert, err) != STS_OK)
        return err->code;
    return verify_note(v, REC_cert, key, 0, &fresh, err);
}

static int on_host(struct verify *v, const struct rec_host *h, const struct scan_place *place,
                   struct sts_err *err)
{
    v->n_hosts++;
    if (h->name.len == 0)
        verify_problem(v, place, nothing, "a host record without a name");
    if (verify_count(v, REC_host, h->oc, err) != STS_OK || verify_host_again(v, h, err) != STS_OK)
        return err->code;
    return note_record(v, REC_host, key_of_name(h->name), h->name, h->attempt, place, err);
}

static int on_policy(struct verify *v, const struct rec_policy *p, const struct scan_place *place,
                     struct sts_err *err)
{
    v->n_policies++;
    if (p->name.len == 0)
        verify_problem(v, place, nothing, "a policy record without a name");
    check_attempts(v, p->att.v, p->att.n, p->oc, true, p->name, place);
    verify_bodies(v, p, place);
    if (verify_count(v, REC_policy, p->oc, err) != STS_OK ||
        check_chain(v, p->tls, p->name, place, err) != STS_OK)
        return err->code;
    for (uint32_t i = 0; i < p->others.n; i++)
        if (check_chain(v, p->others.v[i].tls, p->name, place, err) != STS_OK)
            return err->code;
    return note_record(v, REC_policy, key_of_name(p->name), p->name, p->attempt, place, err);
}

static int on_endpoint(struct verify *v, const struct rec_endpoint *e, const struct scan_place *place,
                       struct sts_err *err)
{
    struct key host = key_of_name(e->host), address = key_join(key_of_name(e->ip), (struct key){e->port, 1});

    v->n_endpoints++;
    v->port = e->port;
    if (!e->by_ip)
        check_attempts(v, e->att.v, e->att.n, e->oc, false, e->host, place);
    if (verify_count(v, REC_endpoint, e->oc, err) != STS_OK ||
        check_chain(v, e->tls, e->host, place, err) != STS_OK)
        return err->code;
    if (!verify_knows(v, REC_host, host, 0)) {
        v->n_late_hosts++;
        /* After a crash the host record may be missing; in a scan of one part there was none. */
        if (v->end.complete || (v->end.there && v->n_parts == 1))
            verify_problem(v, place, e->host, "an endpoint without a host record");
    }
    return note_record(v, REC_endpoint, key_join(host, address), e->host, e->attempt, place, err);
}

static int on_ip(struct verify *v, const struct rec_ip *ip, struct sts_err *err)
{
    bool fresh;

    if (verify_count(v, REC_ip, OC_NONE, err) != STS_OK)
        return err->code;
    return verify_note(v, REC_ip, key_of_name(ip->ip), 0, &fresh, err);
}

static void look_at_shards(struct verify *v, const struct rec_scan *scan, const struct scan_place *place)
{
    v->n_shards = option_number(scan, "shards", 1);
    v->shard = option_number(scan, "shard", 0);
    if (v->shard < v->n_shards)
        return;
    verify_problem(v, place, nothing, "the scan record says shard %" PRIu64 " of %" PRIu64, v->shard,
                   v->n_shards);
    v->n_shards = 1;
}

/* Every run reads the same input. */
static void look_at_input(struct verify *v, const struct rec_scan *scan, const struct scan_place *place)
{
    struct verify_input input = {.bytes = scan->input_bytes};

    verify_take_digest(&input.edge, scan->input_edge_digest);
    if (v->n_scans > 1 && (input.bytes != v->input.bytes || !verify_same_digest(&input.edge, &v->input.edge)))
        verify_problem(v, place, nothing, "this part is of a scan of another input");
    v->input = input;
}

static void on_scan(struct verify *v, const struct rec_scan *scan, const struct scan_place *place)
{
    v->n_parts_begun += place->offset == 0 && place->record == 0;
    if (place->offset != 0)
        verify_problem(v, place, nothing, "a scan record that does not begin its part");
    if (v->n_scans++ == 0) {
        v->start_ms = scan->start_ms;
        v->seed = scan->seed;
        look_at_shards(v, scan, place);
        v->newer_schema = scan->schema > REC_SCHEMA_VERSION;
    } else if (scan->start_ms != v->start_ms || scan->seed != v->seed) {
        verify_problem(v, place, nothing, "this part is of another scan");
    }
    if (scan->schema == 0)
        verify_problem(v, place, nothing, "the scan record has no schema version");
    v->no_starttls = option_given(scan, "no-starttls");
    look_at_input(v, scan, place);
    verify_note_trust(v, scan);
}

static bool after_end(const struct verify *v, const struct scan_place *place)
{
    int order = strcmp(place->file, v->end.file);

    return v->end.there && v->end.complete && (order > 0 || (order == 0 && place->offset > v->end.offset));
}

/* Read first, with the scan records. A scan that was taken up again has an end record for each run that came
 * to one: it counts where no run begins behind it. */
int verify_end(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
               struct sts_err *err)
{
    struct verify *v = arg;
    const struct rec_end *end = record;

    (void)err;
    if (kind == REC_scan)
        v->end = (struct verify_end){.there = false};
    if (kind == REC_scan || end == NULL)
        return STS_OK;
    v->end = (struct verify_end){.there = true,
                                 .complete = end->complete,
                                 .positions = end->positions,
                                 .last_pos = end->last_pos,
                                 .offset = place->offset};
    snprintf(v->end.file, sizeof(v->end.file), "%s", place->file);
    verify_take_digest(&v->end.input, end->input_digest);
    for (uint32_t i = 0; i < end->reason.len && i + 1 < sizeof(v->end.reason); i++)
        v->end.reason[i] = end->reason.p[i] >= 0x20 && end->reason.p[i] < 0x7f ? end->reason.p[i] : '?';
    return STS_OK;
}

int verify_small(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                 struct sts_err *err)
{
    struct verify *v = arg;

    if (after_end(v, place))
        verify_problem(v, place, nothing, "a record behind the end of the scan");
    if (record == NULL) { /* a kind of a later version */
        v->n_foreign++;
        return STS_OK;
    }
    switch (kind) {
    case REC_scan: on_scan(v, record, place); return STS_OK;
    case REC_host: return on_host(v, record, place, err);
    case REC_policy: return on_policy(v, record, place, err);
    case REC_endpoint: return on_endpoint(v, record, place, err);
    case REC_ip: return on_ip(v, record, err);
    case REC_cert: return on_cert(v, record, place, err);
    default: return STS_OK;
    }
}

/* A host record for each MX that was looked up; --mx-limit leaves n_mx_cut out. */
static void check_hosts(struct verify *v, const struct rec_domain *d, const struct scan_place *place)
{
    uint64_t n_missing = 0;
    struct sts_str missing = nothing;

    for (uint32_t i = 0; i < d->mx->mx.n; i++) {
        struct sts_str host = d->mx->mx.v[i].host;

        if (sts_str_equal(host, sts_str("."))) /* RFC 7505: no host */
            continue;
        v->n_host_links++;
        if (verify_knows(v, REC_host, key_of_name(host), 0))
            continue;
        n_missing++;
        missing = host;
    }
    if (n_missing <= d->n_mx_cut)
        return;
    v->n_late_links += n_missing - d->n_mx_cut;
    if (v->end.complete)
        verify_problem(v, place, missing, "an MX host of position %" PRIu64 " without a host record", d->pos);
}

static int check_position(struct verify *v, const struct rec_domain *d, const struct scan_place *place,
                          struct sts_err *err)
{
    struct sts_str name = d->name.len > 0 ? d->name : d->input;
    struct key key = {d->pos, 1};
    bool fresh = false;

    if (v->n_shards > 1 && shard_of(name, v->n_shards) != v->shard) {
        v->n_misplaced++;
        verify_problem(v, place, name, "position %" PRIu64 " belongs to shard %" PRIu64 ", not to this one",
                       d->pos, shard_of(name, v->n_shards));
    }
    if (d->pos == 0)
        verify_problem(v, place, d->name, "a domain record without a position");
    if (posset_add(&v->positions, d->pos, &fresh) != STS_OK)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    v->n_repeats += !fresh;
    if (d->attempt == 0) {
        if (posset_add(&v->first, d->pos, &fresh) != STS_OK)
            return sts_fail(err, STS_ENOMEM, "out of memory");
    } else if (verify_note(v, REC_domain, key, d->attempt + 1, &fresh, err) != STS_OK) {
        return err->code;
    }
    if (!fresh)
        verify_problem(v, place, d->name, "a second record of position %" PRIu64 " with attempt %" PRIu64,
                       d->pos, d->attempt);
    return STS_OK;
}

int verify_domain(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                  struct sts_err *err)
{
    struct verify *v = arg;
    const struct rec_domain *d = record;

    if (d == NULL) {
        v->n_foreign++;
        return STS_OK;
    }
    v->n_domains++;
    if (after_end(v, place))
        verify_problem(v, place, d->name, "a record behind the end of the scan");
    if (d->mx != NULL && d->oc == OC_OK)
        check_hosts(v, d, place);
    if (d->fetch) {
        v->n_policy_links++;
        if (!verify_knows(v, REC_policy, key_of_name(d->name), 0)) {
            v->n_late_policies++;
            if (v->end.complete)
                verify_problem(v, place, d->name, "a policy to fetch without a policy record");
        }
    }
    if (verify_count(v, kind, d->oc, err) != STS_OK)
        return err->code;
    return check_position(v, d, place, err);
}
