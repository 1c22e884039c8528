/* export_policy.c - the table of policies. */
#include "analysis/export.h"

static const char *line_end(struct sts_str body)
{
    bool lf = false, crlf = false;

    for (uint32_t i = 0; i < body.len; i++) {
        if (body.p[i] != '\n')
            continue;
        if (i > 0 && body.p[i - 1] == '\r')
            crlf = true;
        else
            lf = true;
    }
    return lf && crlf ? "mixed" : crlf ? "crlf" : lf ? "lf" : "none";
}

static void put_header(struct row *row, enum export_column c, const struct rec_policy *p, const char *name)
{
    row_text(row, c, http_header(p->headers, name));
}

static void put_answer(struct row *row, const struct rec_policy *p)
{
    if (p->status == 0)
        return;
    row_uint(row, COL_policies_status, p->status);
    row_text(row, COL_policies_http, p->http);
    put_header(row, COL_policies_content_type, p, "Content-Type");
    put_header(row, COL_policies_location, p, "Location");
    put_header(row, COL_policies_age, p, "Age");
    row_uint(row, COL_policies_body_bytes, p->body_bytes > p->body.len ? p->body_bytes : p->body.len);
    row_hex(row, COL_policies_body_sha256, p->body_digest);
    row_word(row, COL_policies_line_end, line_end(p->body));
    row_uint(row, COL_policies_first_byte_ms, p->first_byte_ms);
}

static void put_patterns(struct row *row, struct sts_str body)
{
    struct sts_str pattern;
    struct sts_strs list;
    uint32_t at = 0, n = 0;

    while (sts_policy_next_mx(body, &at, &pattern))
        n++;
    list = row_items(row, n);
    for (at = 0; list.v != NULL && list.n < n && sts_policy_next_mx(body, &at, &pattern);)
        list.v[list.n++] = pattern;
    row_list(row, COL_policies_mx, list);
}

static void put_body(struct row *row, const struct policy_facts *facts)
{
    const struct sts_policy *p = &facts->body;

    if (!facts->has_body && !facts->decoded)
        return;
    if (facts->has_body) {
        row_word(row, COL_policies_body, verdict_name(p->verdict));
        row_word(row, COL_policies_mode, sts_mode_name(p->mode));
    }
    row_word(row, COL_policies_body_lenient,
             verdict_name(p->lenient.verdict != VERDICT_NONE ? p->lenient.verdict : p->verdict));
    row_word(row, COL_policies_mode_lenient, sts_mode_name(facts->lenient_mode));
    row_uint(row, COL_policies_max_age_s,
             p->verdict == VERDICT_VALID || p->lenient.verdict != VERDICT_VALID ? p->max_age_s
                                                                                : p->lenient.max_age_s);
    row_uint(row, COL_policies_n_mx, p->n_mx);
    put_patterns(row, facts->text);
    export_defects(row, COL_policies_defects, &p->defects);
}

static void put_class(struct row *row, enum export_column c, enum policy_class class_)
{
    if (class_ != POL_NONE)
        row_word(row, c, policy_class_name(class_));
}

static int put_addresses(struct exporter *e, const struct rec_policy *p, const struct policy_facts *facts,
                         struct sts_err *err)
{
    struct sts_strs differences = row_items(&e->row, 3);
    struct policy_addresses all;

    if (policy_addresses_compare(&all, e->join->chains, e->join->start_ms, p, facts, err) != STS_OK)
        return err->code;
    row_uint(&e->row, COL_policies_n_addresses, all.n_asked);
    row_uint(&e->row, COL_policies_addresses_ok, all.n_ok);
    put_class(&e->row, COL_policies_ipv4_class, all.ipv4);
    put_class(&e->row, COL_policies_ipv6_class, all.ipv6);
    if (all.n_conclusive < 2 || differences.v == NULL)
        return STS_OK;
    row_bool(&e->row, COL_policies_consistent, !policy_addresses_differ(&all));
    if (all.bodies)
        differences.v[differences.n++] = sts_str("bodies");
    if (all.partly)
        differences.v[differences.n++] = sts_str("works-partly");
    if (all.failures)
        differences.v[differences.n++] = sts_str("failures");
    row_list(&e->row, COL_policies_differences, differences);
    return STS_OK;
}

int export_policy(struct exporter *e, const struct rec_policy *p, struct sts_err *err)
{
    static const struct attempt_columns attempts = {
        COL_policies_raw_source,        COL_policies_raw,
        COL_policies_n_attempts,        COL_policies_first_attempt_time,
        COL_policies_last_attempt_time, COL_policies_attempt_ms};
    static const struct tls_columns tls = {
        COL_policies_tls_version, COL_policies_cipher,       COL_policies_tls_group,
        COL_policies_sigalg,      COL_policies_cert_sha256,  COL_policies_n_certs,
        COL_policies_cert_valid,  COL_policies_cert_faults,  COL_policies_cert_error,
        COL_policies_cert_match,  COL_policies_handshake_ms, COL_policies_cert_aia};
    const struct rec_dns *way = p->a && p->a->cname.n > 0 ? p->a : p->aaaa;
    struct row *row = &e->row;
    struct policy_facts facts;
    char room[POLICY_DECODED_BYTES];
    struct tls_seen seen;

    row_begin(row, TABLE_policies);
    if (export_tls(e, &tls, p->tls, p->host, attempt_time_ms(e->join->start_ms, p->att.v, p->att.n), &seen,
                   err) != STS_OK)
        return err->code;
    policy_classify(&facts, p, &seen.chain, seen.match, room);
    row_text(row, COL_policies_name, p->name);
    row_text(row, COL_policies_host, p->host);
    export_outcome(row, COL_policies_outcome, COL_policies_outcome_class, p->oc);
    export_attempts(e, &attempts, p->oc, p->att.v, p->att.n);
    row_word(row, COL_policies_class, policy_class_name(facts.class_));
    row_word(row, COL_policies_class_lenient, policy_class_name(facts.lenient));
    row_word(row, COL_policies_result, export_result(policy_class_result_type(facts.class_)));
    export_results(row, COL_policies_results, facts.results);
    export_lookup(row, COL_policies_a_outcome, p->a);
    export_lookup(row, COL_policies_aaaa_outcome, p->aaaa);
    if (way != NULL)
        export_names(row, COL_policies_cname, way->cname);
    if (p->ip.len > 0)
        row_text(row, COL_policies_ip, p->ip);
    if (p->tls != NULL)
        row_bool(row, COL_policies_trusted, facts.trusted);
    if (p->att.n > 0)
        row_uint(row, COL_policies_connect_ms, p->connect_ms);
    put_answer(row, p);
    put_body(row, &facts);
    return put_addresses(e, p, &facts, err);
}
