/* export_host.c - the tables of MX hosts and of endpoints. */
#include "analysis/export.h"
#include "analysis/text.h"

#include <inttypes.h>
#include <string.h>

/* The order of RRs in an answer means nothing, and changes: it is not exported. */
static void put_addresses(struct row *row, enum export_column c, const struct rec_dns *dns)
{
    struct sts_strs list = row_items(row, dns ? dns->addr.n : 0);

    for (uint32_t i = 0; dns != NULL && list.v != NULL && i < dns->addr.n; i++)
        list.v[list.n++] = dns->addr.v[i];
    row_sort(list);
    if (dns != NULL)
        row_list(row, c, list);
}

static void put_tlsa(struct row *row, enum export_column c, const struct rec_dns *dns)
{
    struct sts_strs list = row_items(row, dns ? dns->tlsa.n : 0);

    if (dns == NULL)
        return;
    for (uint32_t i = 0; list.v != NULL && i < dns->tlsa.n; i++) {
        const struct rec_tlsa *t = &dns->tlsa.v[i];
        struct sts_str data = row_digits(row, t->data);

        list.v[list.n++] = row_printf(row, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %s", t->usage, t->selector,
                                      t->matching, data.p ? data.p : "");
    }
    row_sort(list);
    row_list(row, c, list);
}

static void put_ad(struct row *row, enum export_column c, const struct rec_dns *dns)
{
    if (dns != NULL)
        row_bool(row, c, dns->ad);
}

/* What a sender finds there, over all its addresses. */
static void put_tls(struct exporter *e, struct sts_str name)
{
    const struct host_fact *fact = join_host(e->join, name);
    struct mx_facts own = {0}, inferred = {0};
    struct row *row = &e->row;

    join_mx(e->join, name, false, &own);
    join_mx(e->join, name, true, &inferred);
    row_uint(row, COL_hosts_n_probed, fact ? fact->n_probed : 0);
    row_word(row, COL_hosts_tls, mx_tls_name(own.tls));
    row_word(row, COL_hosts_tls_worst, mx_tls_name(own.worst != MX_TLS_UNKNOWN ? own.worst : own.tls));
    row_word(row, COL_hosts_tls_inferred, mx_tls_name(inferred.tls));
    if (own.tls == MX_TLS_ENCRYPTED && (own.cert_good || own.cert_fault != RESULT_NONE))
        row_bool(row, COL_hosts_cert_good, own.cert_good);
    if (own.tls == MX_TLS_ENCRYPTED && !own.cert_good)
        row_word(row, COL_hosts_cert_fault, export_result(own.cert_fault));
}

int export_host(struct exporter *e, const struct rec_host *h, struct sts_err *err)
{
    const struct rec_dns *way = h->a && h->a->cname.n > 0 ? h->a : h->aaaa;
    struct row *row = &e->row;

    (void)err;
    row_begin(row, TABLE_hosts);
    row_text(row, COL_hosts_host, h->name);
    export_outcome(row, COL_hosts_outcome, COL_hosts_outcome_class, h->oc);
    put_addresses(row, COL_hosts_a, h->a);
    export_lookup(row, COL_hosts_a_outcome, h->a);
    put_ad(row, COL_hosts_a_ad, h->a);
    put_addresses(row, COL_hosts_aaaa, h->aaaa);
    export_lookup(row, COL_hosts_aaaa_outcome, h->aaaa);
    put_ad(row, COL_hosts_aaaa_ad, h->aaaa);
    if (way != NULL)
        export_names(row, COL_hosts_cname, way->cname);
    row_uint(row, COL_hosts_n_cut, h->n_cut);
    row_bool(row, COL_hosts_implicit, h->implicit);
    if (h->tlsa_base.len > 0)
        row_text(row, COL_hosts_tlsa_base, h->tlsa_base);
    export_lookup(row, COL_hosts_tlsa_outcome, h->tlsa);
    put_ad(row, COL_hosts_tlsa_ad, h->tlsa);
    put_tlsa(row, COL_hosts_tlsa, h->tlsa);
    export_lookup(row, COL_hosts_tlsa_host_outcome, h->tlsa_name);
    put_tlsa(row, COL_hosts_tlsa_host, h->tlsa_name);
    put_tls(e, h->name);
    return STS_OK;
}

static const struct rec_reply *reply_to(const struct rec_endpoint *p, const char *to)
{
    for (uint32_t i = 0; i < p->replies.n; i++)
        if (sts_str_equal(p->replies.v[i].to, sts_str(to)))
            return &p->replies.v[i];
    return NULL;
}

static struct sts_str upper_word(struct row *row, struct sts_str line)
{
    uint32_t len = 0;
    char *text;
    struct sts_str word;

    while (len < line.len && line.p[len] != ' ' && line.p[len] != '\r' && line.p[len] != '\t')
        len++;
    word = row_copy(row, line.p, len);
    text = (char *)word.p; /* our own copy */
    for (uint32_t i = 0; i < word.len; i++)
        if (text[i] >= 'a' && text[i] <= 'z')
            text[i] = (char)(text[i] - ('a' - 'A'));
    return word;
}

/* RFC 5321 section 4.1.1.1: the first line greets, the others begin with a keyword. */
static struct sts_strs keywords(struct row *row, const struct rec_reply *ehlo)
{
    struct sts_strs list = row_items(row, ehlo->lines.n);

    for (uint32_t i = 1; list.v != NULL && i < ehlo->lines.n; i++)
        list.v[list.n++] = upper_word(row, ehlo->lines.v[i]);
    return list;
}

static bool has(struct sts_strs list, const char *word)
{
    for (uint32_t i = 0; i < list.n; i++)
        if (sts_str_equal(list.v[i], sts_str(word)))
            return true;
    return false;
}

static void put_dialog(struct row *row, const struct rec_endpoint *p)
{
    const struct rec_reply *greeting = reply_to(p, "CONNECT"), *ehlo = reply_to(p, "EHLO"),
                           *within = reply_to(p, "EHLO2"), *starttls = reply_to(p, "STARTTLS");

    if (greeting != NULL) {
        row_uint(row, COL_endpoints_banner_code, greeting->code);
        row_uint(row, COL_endpoints_banner_ms, greeting->ms);
        if (greeting->lines.n > 0)
            row_text(row, COL_endpoints_banner, greeting->lines.v[0]);
    }
    if (ehlo != NULL && ehlo->code == 250)
        row_list(row, COL_endpoints_ehlo, keywords(row, ehlo));
    if (starttls != NULL)
        row_uint(row, COL_endpoints_starttls_code, starttls->code);
    if (within != NULL && within->code == 250) {
        struct sts_strs offered = keywords(row, within);

        row_list(row, COL_endpoints_ehlo_tls, offered);
        row_bool(row, COL_endpoints_pipelining, has(offered, "PIPELINING"));
        row_bool(row, COL_endpoints_smtputf8, has(offered, "SMTPUTF8"));
        row_bool(row, COL_endpoints_requiretls, has(offered, "REQUIRETLS"));
    }
    row_uint(row, COL_endpoints_injected_bytes, p->injected_bytes);
    if (p->injected.len > 0)
        row_text(row, COL_endpoints_injected, p->injected);
    if (p->garbage.len > 0)
        row_text(row, COL_endpoints_garbage, p->garbage);
}

int export_endpoint(struct exporter *e, const struct rec_endpoint *p, struct sts_err *err)
{
    static const char *const states[] = {[EP_DONE] = "done",
                                         [EP_NO_STARTTLS] = "no-starttls",
                                         [EP_STARTTLS_FAILED] = "starttls-failed",
                                         [EP_TLS_FAILED] = "tls-failed",
                                         [EP_UNREACHABLE] = "unreachable",
                                         [EP_TURNED_AWAY] = "turned-away",
                                         [EP_SMTP_FAILED] = "smtp-failed",
                                         [EP_SKIPPED] = "skipped",
                                         [EP_OURS] = "ours"};
    static const char *const starttls[] = {"unknown", "offered", "not-offered"};
    static const struct attempt_columns attempts = {
        COL_endpoints_raw_source,        COL_endpoints_raw,
        COL_endpoints_n_attempts,        COL_endpoints_first_attempt_time,
        COL_endpoints_last_attempt_time, COL_endpoints_attempt_ms};
    static const struct tls_columns tls = {
        COL_endpoints_tls_version, COL_endpoints_cipher,       COL_endpoints_tls_group,
        COL_endpoints_sigalg,      COL_endpoints_cert_sha256,  COL_endpoints_n_certs,
        COL_endpoints_cert_valid,  COL_endpoints_cert_faults,  COL_endpoints_cert_error,
        COL_endpoints_cert_match,  COL_endpoints_handshake_ms, COL_endpoints_cert_aia};
    struct row *row = &e->row;
    struct endpoint_facts facts;
    struct tls_seen seen;

    row_begin(row, TABLE_endpoints);
    endpoint_classify(&facts, p);
    row_text(row, COL_endpoints_host, p->host);
    row_text(row, COL_endpoints_ip, p->ip);
    row_uint(row, COL_endpoints_port, p->port);
    export_outcome(row, COL_endpoints_outcome, COL_endpoints_outcome_class, p->oc);
    row_word(row, COL_endpoints_state, states[facts.group]);
    row_bool(row, COL_endpoints_by_ip, p->by_ip);
    row_word(row, COL_endpoints_starttls, starttls[facts.starttls]);
    export_attempts(e, &attempts, p->oc, p->att.v, p->att.n);
    if (p->att.n > 0)
        row_uint(row, COL_endpoints_connect_ms, p->connect_ms);
    put_dialog(row, p);
    return export_tls(e, &tls, p->tls, p->host, attempt_time_ms(e->join->start_ms, p->att.v, p->att.n), &seen,
                      err);
}
