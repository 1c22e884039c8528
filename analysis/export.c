#include "analysis/export.h"

#include "analysis/rowsort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SORT_BYTES (64u << 20)
#define KEY_BYTES  1024 /* more than two names of 255 octets, escaped, and an address */

struct output {
    struct exporter e;
    struct join *join;
    struct row_style style;
    FILE *out;
    struct rowsort *sort; /* of records, encoded: they are smaller than rows */
    struct rec_buf encoded;
    struct arena arena; /* of a decoded record */
};

struct sort_key {
    char bytes[KEY_BYTES];
    uint32_t len;
};

static void add_key(struct sort_key *key, const void *p, size_t len)
{
    if (len > sizeof(key->bytes) - key->len)
        len = sizeof(key->bytes) - key->len;
    if (len > 0)
        memcpy(key->bytes + key->len, p, len);
    key->len += (uint32_t)len;
}

/* Names sort by their bytes; a NUL, which none of them holds, ends one. */
static void add_name(struct sort_key *key, struct sts_str name)
{
    add_key(key, name.p, name.len);
    add_key(key, "", 1);
}

static void add_number(struct sort_key *key, uint64_t u)
{
    uint8_t bytes[8];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(u >> (56 - 8 * i));
    add_key(key, bytes, sizeof(bytes));
}

/* Which attempt it is, and what it is sorted by. */
static uint64_t key_of_record(struct sort_key *key, enum rec_kind kind, const void *record)
{
    const struct rec_domain *d = record;
    const struct rec_host *h = record;
    const struct rec_endpoint *p = record;
    const struct rec_policy *policy = record;
    const struct rec_cert *c = record;

    switch (kind) {
    case REC_domain: add_number(key, d->pos); return d->attempt;
    case REC_host: add_name(key, h->name); return h->attempt;
    case REC_policy: add_name(key, policy->name); return policy->attempt;
    case REC_endpoint:
        add_name(key, p->host);
        add_name(key, p->ip);
        add_number(key, p->port);
        return p->attempt;
    default: add_key(key, c->digest.p, c->digest.len); return c->trusted; /* of copies, one says so */
    }
}

static int keep(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                struct sts_err *err)
{
    struct output *o = arg;
    struct sort_key key = {.len = 0};
    uint64_t attempt;

    (void)place;
    if (record == NULL)
        return STS_OK;
    attempt = key_of_record(&key, kind, record);
    o->encoded.len = 0;
    if (rec_encode(&o->encoded, kind, record) != STS_OK)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    return rowsort_add(o->sort, (struct sts_str){key.bytes, key.len}, attempt,
                       (struct sts_str){(const char *)o->encoded.p, (uint32_t)o->encoded.len}, err);
}

static int on_citing(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                     struct sts_err *err)
{
    struct output *o = arg;
    const struct rec_policy *p = record;

    (void)place;
    if (record == NULL)
        return STS_OK;
    if (kind == REC_endpoint)
        return export_cite(&o->e, ((const struct rec_endpoint *)record)->tls, err);
    if (export_cite(&o->e, p->tls, err) != STS_OK)
        return err->code;
    for (uint32_t i = 0; i < p->others.n; i++)
        if (export_cite(&o->e, p->others.v[i].tls, err) != STS_OK)
            return err->code;
    return STS_OK;
}

static int fill(struct exporter *e, enum rec_kind kind, const void *record, struct sts_err *err)
{
    switch (kind) {
    case REC_domain: return export_domain(e, record, err);
    case REC_host: return export_host(e, record, err);
    case REC_endpoint: return export_endpoint(e, record, err);
    case REC_policy: return export_policy(e, record, err);
    default: return export_cert(e, record, err);
    }
}

static int put(void *arg, struct sts_str encoded, struct sts_err *err)
{
    struct output *o = arg;
    enum rec_kind kind;
    void *record;
    size_t used;

    arena_reset(&o->arena);
    if (rec_decode((const uint8_t *)encoded.p, encoded.len, &o->arena, &kind, &record, &used) != STS_OK)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    if (fill(&o->e, kind, record, err) != STS_OK)
        return err->code;
    if (o->e.row.no_memory)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    row_put(o->out, &o->e.row, &o->style);
    return ferror(o->out) ? sts_fail(err, STS_EIO, "cannot write the rows: %s", strerror(errno)) : STS_OK;
}

static int write_rows(struct output *o, struct scan_reader *r, enum export_table table,
                      const struct chain_rules *rules, struct sts_err *err)
{
    static const enum rec_kind kinds[TABLE_LIMIT] = {[TABLE_domains] = REC_domain,
                                                     [TABLE_hosts] = REC_host,
                                                     [TABLE_endpoints] = REC_endpoint,
                                                     [TABLE_policies] = REC_policy,
                                                     [TABLE_certs] = REC_cert};
    const uint32_t citing = REC_MASK(REC_endpoint) | REC_MASK(REC_policy);

    if (table == TABLE_certs) { /* they need nothing of the join */
        if (scan_reader_each(r, citing, on_citing, o, err) != STS_OK)
            return err->code;
    } else if (join_new(&o->join, r, rules, err) != STS_OK) {
        return err->code;
    }
    o->e.join = o->join;
    if (rowsort_new(&o->sort, SORT_BYTES, err) != STS_OK ||
        scan_reader_each(r, REC_MASK(kinds[table]), keep, o, err) != STS_OK)
        return err->code;
    row_put_header(o->out, table, &o->style);
    return rowsort_each(o->sort, put, o, err);
}

int export_rows(FILE *out, struct scan_reader *r, enum export_table table, const struct row_style *style,
                const struct chain_rules *rules, struct sts_err *err)
{
    struct output *o = calloc(1, sizeof(*o));

    if (o == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    o->style = *style;
    o->out = out;
    o->e.verdict = domain_verdict_new();
    arena_init(&o->arena, 0);
    table_init(&o->e.cited, sizeof(struct export_citation));
    if (o->e.verdict == NULL)
        sts_fail(err, STS_ENOMEM, "out of memory");
    else
        (void)!write_rows(o, r, table, rules, err);
    rec_buf_fini(&o->encoded);
    arena_fini(&o->arena);
    rowsort_free(o->sort);
    join_free(o->join);
    row_fini(&o->e.row);
    table_fini(&o->e.cited);
    domain_verdict_free(o->e.verdict);
    free(o);
    return err->code;
}
