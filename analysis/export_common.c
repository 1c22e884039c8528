/* export_common.c - columns that several tables have. */
#include "analysis/export.h"

#include <string.h>

static const struct sts_strs no_chain = {NULL, 0};

void export_outcome(struct row *row, enum export_column name, enum export_column class_, uint64_t oc)
{
    unsigned known = oc < OUTCOME_LIMIT ? (unsigned)oc : OC_NONE;

    row_word(row, name, outcome_name(known));
    row_word(row, class_, outcome_class_name(outcome_class(known)));
}

void export_lookup(struct row *row, enum export_column c, const struct rec_dns *dns)
{
    if (dns != NULL)
        row_word(row, c, outcome_name(outcome_byte(dns->oc)));
}

void export_names(struct row *row, enum export_column c, struct sts_strs names)
{
    struct sts_strs list = row_items(row, names.n);

    for (uint32_t i = 0; list.v != NULL && i < names.n; i++)
        list.v[list.n++] = row_lower(row, names.v[i]);
    row_list(row, c, list);
}

void export_defects(struct row *row, enum export_column c, const struct defects *defects)
{
    struct sts_strs list = row_items(row, DEFECTS_KEPT);

    for (uint32_t i = 0; list.v != NULL && i < defects->n && i < DEFECTS_KEPT; i++)
        list.v[list.n++] = sts_str(defect_name(defects->v[i].id));
    row_list(row, c, list);
}

const char *export_result(enum result_type t)
{
    return t != RESULT_NONE ? result_type_name(t) : NULL;
}

void export_results(struct row *row, enum export_column c, uint32_t bits)
{
    struct sts_strs list = row_items(row, RESULT_LIMIT);

    for (unsigned t = RESULT_NONE + 1; list.v != NULL && t < RESULT_LIMIT; t++)
        if (bits & RESULT_BIT(t))
            list.v[list.n++] = sts_str(result_type_name((enum result_type)t));
    row_list(row, c, list);
}

static const char *source_name(uint64_t src)
{
    static const char *const names[] = {
#define X(number, name, text) [number] = #name,
        OUTCOME_SOURCES(X)
#undef X
    };

    return src < STS_LEN(names) ? names[src] : "UNKNOWN";
}

void export_attempts(struct exporter *e, const struct attempt_columns *c, uint64_t oc,
                     const struct rec_attempt *att, uint32_t n)
{
    uint32_t last = n;

    row_uint(&e->row, c->n, n);
    if (n == 0)
        return;
    while (last > 1 && att[last - 1].oc != oc) /* what only says why there was none has another outcome */
        last--;
    if (att[last - 1].src != SRC_NONE) {
        row_word(&e->row, c->source, source_name(att[last - 1].src));
        row_sint(&e->row, c->raw, att[last - 1].raw);
    }
    row_time(&e->row, c->first, e->join->start_ms + att[0].t_ms);
    row_time(&e->row, c->last, e->join->start_ms + att[last - 1].t_ms);
    row_uint(&e->row, c->ms, att[last - 1].dur_ms);
}

static void put_faults(struct row *row, enum export_column c, uint32_t faults)
{
    static const char *const words[] = {"expired",   "not-yet-valid", "self-signed", "untrusted",
                                        "no-issuer", "unreadable",    "lost",        NULL,
                                        "other",     "weak"};
    struct sts_strs list = row_items(row, STS_LEN(words));

    for (uint32_t i = 0; list.v != NULL && i < STS_LEN(words); i++)
        if ((faults & 1u << i) && words[i] != NULL)
            list.v[list.n++] = sts_str(words[i]);
    row_list(row, c, list);
}

static const char *version_word(struct row *row, uint64_t version)
{
    const char *name = tls_version_name(version);

    return name ? name : row_printf(row, "0x%04x", (unsigned)(version & 0xffff)).p;
}

static void put_text(struct row *row, enum export_column c, struct sts_str s)
{
    if (s.len > 0)
        row_text(row, c, s);
}

int export_tls(struct exporter *e, const struct tls_columns *c, const struct rec_tls *tls,
               struct sts_str host, uint64_t time_ms, struct tls_seen *seen, struct sts_err *err)
{
    const struct sts_strs *chain = tls ? &tls->chain : &no_chain;
    struct row *row = &e->row;

    if (chains_verify(e->join->chains, chain, time_ms, &seen->chain, err) != STS_OK ||
        chains_match(e->join->chains, chain, host, &seen->match, err) != STS_OK)
        return err->code;
    if (tls == NULL)
        return STS_OK;
    if (tls->cipher.len > 0)
        row_word(row, c->version, version_word(row, tls->version));
    put_text(row, c->cipher, tls->cipher);
    put_text(row, c->group, tls->group);
    put_text(row, c->sigalg, tls->sigalg);
    row_uint(row, c->ms, tls->dur_ms);
    row_uint(row, c->n, chain->n);
    if (chain->n == 0)
        return STS_OK;
    row_hex(row, c->sha256, chain->v[0]);
    if (!(seen->chain.faults & CHAIN_NOT_IN_SCAN))
        row_bool(row, c->valid, seen->chain.faults == 0);
    put_faults(row, c->faults, seen->chain.faults);
    if ((seen->chain.faults & (CHAIN_NO_ISSUER | CHAIN_NOT_IN_SCAN)) == CHAIN_NO_ISSUER)
        row_bool(row, c->aia, seen->chain.aia);
    row_uint(row, c->error, (uint64_t)(seen->chain.error > 0 ? seen->chain.error : 0));
    if (chains_der(e->join->chains, chain->v[0]).len > 0)
        row_bool(row, c->match, seen->match);
    return STS_OK;
}
