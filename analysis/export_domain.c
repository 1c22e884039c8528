/* export_domain.c - the table of domains. */
#include "analysis/export.h"
#include "analysis/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int compare_mx(const void *a, const void *b)
{
    const struct rec_mx *left = a, *right = b;
    uint32_t len = left->host.len < right->host.len ? left->host.len : right->host.len;
    int order = (left->preference > right->preference) - (left->preference < right->preference);

    if (order == 0 && len > 0)
        order = memcmp(left->host.p, right->host.p, len);
    return order != 0 ? order : (left->host.len > right->host.len) - (left->host.len < right->host.len);
}

static void put_mx(struct row *row, const struct rec_domain *d)
{
    uint32_t n = d->mx ? d->mx->mx.n : 0;
    struct sts_strs list = row_items(row, n);
    struct rec_mx *sorted = n > 0 ? arena_alloc(&row->arena, n * sizeof(*sorted)) : NULL;

    export_lookup(row, COL_domains_mx_outcome, d->mx);
    if (d->mx == NULL)
        return;
    row->no_memory |= n > 0 && sorted == NULL;
    for (uint32_t i = 0; sorted != NULL && i < n; i++)
        sorted[i] = (struct rec_mx){d->mx->mx.v[i].preference, row_lower(row, d->mx->mx.v[i].host)};
    if (sorted != NULL)
        qsort(sorted, n, sizeof(*sorted), compare_mx);
    for (uint32_t i = 0; sorted != NULL && list.v != NULL && i < n; i++)
        list.v[list.n++] =
            row_printf(row, "%" PRIu64 " %s", sorted[i].preference, sorted[i].host.p ? sorted[i].host.p : "");
    row_list(row, COL_domains_mx, list);
    row_bool(row, COL_domains_mx_ad, d->mx->ad);
    row_uint(row, COL_domains_n_mx, n);
    row_uint(row, COL_domains_n_mx_cut, d->n_mx_cut);
}

/* Does the text hold the word, in either case? */
static bool holds(struct sts_str text, const char *word)
{
    struct sts_str want = sts_str(word);

    for (uint32_t i = 0; i + want.len <= text.len; i++)
        if (text_equal_nocase((struct sts_str){text.p + i, want.len}, want))
            return true;
    return false;
}

/* RFC 7208 section 4.5, RFC 7489 section 6.6.3: a record begins with its version. */
static bool begins(struct sts_str text, const char *version)
{
    struct sts_str want = sts_str(version);

    return text.len >= want.len && text_equal_nocase((struct sts_str){text.p, want.len}, want) &&
           (text.len == want.len || strchr(" ;\t", text.p[want.len]) != NULL);
}

/* The RRs that are meant: how many, and the first of them by its bytes, since their order means nothing. */
static uint32_t pick(struct exporter *e, const struct rec_dns *dns,
                     bool (*meant)(struct sts_str, const char *), const char *word, struct sts_str *out)
{
    uint32_t n = 0;

    *out = (struct sts_str){NULL, 0};
    for (uint32_t i = 0; dns != NULL && i < dns->txt.n; i++) {
        struct sts_str text = txt_joined(&dns->txt.v[i], e->joined), both[2];

        if (!meant(text, word))
            continue;
        both[0] = row_copy(&e->row, text.p, text.len);
        both[1] = *out;
        if (n++ > 0)
            row_sort((struct sts_strs){both, 2});
        *out = both[0];
    }
    return n;
}

static const char *record_word(const struct rec_dns *dns, enum verdict verdict)
{
    return dns == NULL ? "not-asked" : dns_unknown(dns) ? "unknown" : verdict_name(verdict);
}

static bool is_one(enum verdict verdict)
{
    return verdict == VERDICT_VALID || verdict == VERDICT_INVALID;
}

static void put_sts(struct exporter *e, const struct rec_domain *d)
{
    struct row *row = &e->row;
    struct sts_str text;
    struct sts_txt sts, wild;

    export_lookup(row, COL_domains_sts_outcome, d->sts);
    read_sts(&sts, d->sts, e->joined);
    row_word(row, COL_domains_sts_record, record_word(d->sts, sts.verdict));
    row_word(row, COL_domains_sts_record_lenient, record_word(d->sts, sts_txt_reading(&sts, true)));
    if (d->wild != NULL && !dns_unknown(d->wild)) {
        read_sts(&wild, d->wild, e->joined);
        row_bool(row, COL_domains_sts_wild, wild.verdict != VERDICT_NONE);
    }
    if (d->sts == NULL)
        return;
    row_bool(row, COL_domains_sts_ad, d->sts->ad);
    export_names(row, COL_domains_sts_cname, d->sts->cname);
    if (sts.verdict == VERDICT_VALID)
        row_text(row, COL_domains_sts_id, row_copy(row, sts.id, strlen(sts.id)));
    else if (sts.lenient == VERDICT_VALID)
        row_text(row, COL_domains_sts_id, row_copy(row, sts.lenient_id, strlen(sts.lenient_id)));
    (void)pick(e, d->sts, holds, "STSv1", &text);
    row_text(row, COL_domains_sts_text, text);
    if (is_one(sts.verdict))
        export_defects(row, COL_domains_sts_defects, &sts.defects);
}

static void put_rpt(struct exporter *e, const struct rec_domain *d)
{
    struct row *row = &e->row;
    struct sts_str text;
    struct tlsrpt rpt;

    export_lookup(row, COL_domains_rpt_outcome, d->rpt);
    read_rpt(&rpt, d->rpt, e->joined);
    row_word(row, COL_domains_rpt_record, record_word(d->rpt, rpt.verdict));
    row_word(row, COL_domains_rpt_record_lenient,
             record_word(d->rpt, rpt.lenient != VERDICT_NONE ? rpt.lenient : rpt.verdict));
    (void)pick(e, d->rpt, holds, "TLSRPTv1", &text);
    row_text(row, COL_domains_rpt_text, text);
    if (!is_one(rpt.verdict))
        return;
    row_uint(row, COL_domains_rpt_mailto, rpt.n_mailto);
    row_uint(row, COL_domains_rpt_https, rpt.n_https);
    export_defects(row, COL_domains_rpt_defects, &rpt.defects);
}

static void put_others(struct exporter *e, const struct rec_domain *d)
{
    struct row *row = &e->row;
    struct sts_str text;
    uint32_t n = pick(e, d->spf, begins, "v=spf1", &text);

    row_text(row, COL_domains_spf, text);
    if (d->spf != NULL && !dns_unknown(d->spf))
        row_uint(row, COL_domains_n_spf, n);
    n = pick(e, d->dmarc, begins, "v=DMARC1", &text);
    row_text(row, COL_domains_dmarc, text);
    if (d->dmarc != NULL && !dns_unknown(d->dmarc))
        row_uint(row, COL_domains_n_dmarc, n);
    export_lookup(row, COL_domains_a_outcome, d->a);
    export_lookup(row, COL_domains_aaaa_outcome, d->aaaa);
}

static void put_policy(struct exporter *e, const struct rec_domain *d)
{
    const struct policy_fact *p = join_policy(e->join, d->name);
    struct row *row = &e->row;
    struct sts_policy text;

    if (p == NULL)
        return;
    row_word(row, COL_domains_policy, policy_class_name((enum policy_class)p->class_));
    row_word(row, COL_domains_policy_lenient, policy_class_name((enum policy_class)p->lenient));
    if (p->has_body) {
        row_word(row, COL_domains_policy_body, verdict_name((enum verdict)p->body));
        if (p->defect != DEFECT_NONE)
            row_word(row, COL_domains_policy_defect, defect_name((enum defect_id)p->defect));
        row_word(row, COL_domains_mode, sts_mode_name((enum sts_mode)p->mode));
    }
    if (p->has_body || p->lenient == POL_OK) /* or decoded */
        row_word(row, COL_domains_mode_lenient, sts_mode_name((enum sts_mode)p->lenient_mode));
    if (p->text.p == NULL)
        return;
    sts_policy_read(&text, p->text);
    row_uint(row, COL_domains_max_age_s,
             text.verdict == VERDICT_VALID ? text.max_age_s : text.lenient.max_age_s);
}

static void put_verdict(struct row *row, const struct domain_verdict *v)
{
    const struct verdict_of_domain *of = &v->of;

    row_uint(row, COL_domains_n_mx_listed, of->n_listed);
    row_uint(row, COL_domains_n_mx_passing, of->n_passing);
    row_uint(row, COL_domains_n_mx_unknown, of->n_unknown);
    row_uint(row, COL_domains_n_mx_down, of->n_down);
    row_word(row, COL_domains_sts_state, sts_state_name(of->state));
    row_word(row, COL_domains_opportunistic, delivery_name(of->opportunistic));
    row_word(row, COL_domains_mta_sts, delivery_name(of->mta_sts));
    row_word(row, COL_domains_mta_sts_if_enforced, delivery_name(of->if_enforced));
    row_word(row, COL_domains_attacked_opportunistic, delivery_name(of->attacked_opportunistic));
    row_word(row, COL_domains_attacked_cached, delivery_name(of->attacked_cached));
    row_word(row, COL_domains_attacked_first, delivery_name(of->attacked_first));
    export_results(row, COL_domains_results, of->results);
    row_word(row, COL_domains_headline, export_result(of->headline));
}

static int put_verdicts(struct exporter *e, const struct rec_domain *d, struct sts_err *err)
{
    struct domain_verdict *v = e->verdict;

    if (join_verdict(e->join, d, 0, v, err) != STS_OK)
        return err->code;
    put_verdict(&e->row, v);
    if (join_verdict(e->join, d, JUDGE_LENIENT, v, err) != STS_OK)
        return err->code;
    row_word(&e->row, COL_domains_mta_sts_lenient, delivery_name(v->of.mta_sts));
    if (join_verdict(e->join, d, JUDGE_INFER, v, err) != STS_OK)
        return err->code;
    row_word(&e->row, COL_domains_opportunistic_inferred, delivery_name(v->of.opportunistic));
    row_word(&e->row, COL_domains_mta_sts_inferred, delivery_name(v->of.mta_sts));
    return STS_OK;
}

static const char *mail_word(enum mx_state state)
{
    static const char *const words[] = {
        [MX_HAS] = "has-mx",      [MX_NULL] = "null-mx",      [MX_IMPLICIT] = "implicit-mx",
        [MX_NO_MAIL] = "no-mail", [MX_NXDOMAIN] = "nxdomain", [MX_TEMPORARY] = "unknown",
        [MX_OTHER] = "not-asked"};

    return words[state];
}

int export_domain(struct exporter *e, const struct rec_domain *d, struct sts_err *err)
{
    struct row *row = &e->row;

    row_begin(row, TABLE_domains);
    row_uint(row, COL_domains_pos, d->pos);
    if (d->name.len > 0)
        row_text(row, COL_domains_name, d->name);
    if (d->input.len > 0)
        row_text(row, COL_domains_input, d->input);
    if (d->rank.len > 0)
        row_text(row, COL_domains_rank, d->rank);
    if (d->tag.len > 0)
        row_text(row, COL_domains_tag, d->tag);
    if (d->weight.len > 0)
        row_text(row, COL_domains_weight, d->weight);
    export_outcome(row, COL_domains_outcome, COL_domains_outcome_class, d->oc);
    row_bool(row, COL_domains_control, d->control);
    row_bool(row, COL_domains_signalled, d->signalled);
    row_word(row, COL_domains_mail, mail_word(mx_state(d)));
    put_mx(row, d);
    put_sts(e, d);
    put_rpt(e, d);
    put_others(e, d);
    if (d->name.len == 0)
        return STS_OK;
    put_policy(e, d);
    return put_verdicts(e, d, err);
}
