/* cmd_show.c - ststat show: all that a scan holds of one name, and what is made of it. */
#include "analysis/cert_text.h"
#include "analysis/command.h"
#include "analysis/endpoint_class.h"
#include "analysis/evidence.h"
#include "analysis/join.h"
#include "analysis/name_class.h"
#include "analysis/policy_addresses.h"
#include "analysis/scan_options.h"
#include "analysis/show.h"
#include "analysis/show_verdict.h"
#include "analysis/text.h"
#include "analysis/tree.h"
#include "analysis/words.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FINGERPRINT_SHORT 8 /* bytes */

struct show {
    struct evidence e;
    struct tree tree;
    char joined[TXT_JOINED_BYTES];
};

static const struct sts_str nothing = {NULL, 0};

static void heading(FILE *out, const char *kind, struct sts_str name, struct sts_str more, uint64_t attempt)
{
    fprintf(out, "\n%s ", kind);
    text_put(out, name);
    fputs(more.len > 0 ? " at " : "", out);
    text_put(out, more);
    if (attempt > 0)
        fprintf(out, ", written again (attempt %" PRIu64 ")", attempt);
    fputc('\n', out);
}

/* What is made of the evidence: lines that begin with an arrow. */
static void put_verdict(FILE *out, const char *what, enum verdict verdict, const struct defects *defects)
{
    fprintf(out, "  => %s %s\n", what, verdict_name(verdict));
    for (uint32_t i = 0; i < defects->n && i < DEFECTS_KEPT; i++)
        fprintf(out, "     byte %" PRIu32 ": %s (%s, %s)\n", defects->v[i].offset,
                defect_text(defects->v[i].id), defect_name(defects->v[i].id), defect_rule(defects->v[i].id));
}

/* No verdict on an answer that did not come. */
static bool has_answer(FILE *out, const char *what, const struct rec_dns *dns)
{
    if (dns == NULL)
        fprintf(out, "  => %s not asked\n", what);
    else if (dns_unknown(dns))
        fprintf(out, "  => %s could not be learned\n", what);
    return dns != NULL && !dns_unknown(dns);
}

static void show_domain(struct show *s, const struct rec_domain *d)
{
    FILE *out = s->tree.out;
    struct sts_txt sts;
    struct tlsrpt rpt;

    heading(out, "domain", d->name.len ? d->name : d->input, nothing, d->attempt);
    if (d->oc == OC_OK) {
        fprintf(out, "  => mail: %s\n", mx_state_text(mx_state(d)));
        read_sts(&sts, d->sts, s->joined);
        if (has_answer(out, "MTA-STS record:", d->sts))
            put_verdict(out, "MTA-STS record:", sts.verdict, &sts.defects);
        if (sts.verdict == VERDICT_VALID)
            fprintf(out, "     id %s\n", sts.id);
        read_rpt(&rpt, d->rpt, s->joined);
        if (has_answer(out, "TLS-RPT record:", d->rpt))
            put_verdict(out, "TLS-RPT record:", rpt.verdict, &rpt.defects);
        if (rpt.verdict == VERDICT_VALID && rpt.n_mailto + rpt.n_https == 0)
            fputs("     neither a mailto nor an https URI: no report can be sent (RFC 8460 section 3)\n",
                  out);
    }
    tree_record(&s->tree, REC_domain, d, 2);
}

static int show_chain(struct show *s, const struct rec_tls *tls, struct sts_str host, uint64_t time_ms,
                      struct chain_verdict *verdict, bool *match, struct sts_err *err)
{
    static const struct sts_strs none = {NULL, 0};
    const struct sts_strs *chain = tls ? &tls->chain : &none;
    FILE *out = s->tree.out;

    if (chains_verify(s->e.chains, chain, time_ms, verdict, err) != STS_OK ||
        chains_match(s->e.chains, chain, host, match, err) != STS_OK)
        return err->code;
    if (chain->n == 0)
        return STS_OK;
    fprintf(out, "  => certificate: %s", verdict->faults ? "not valid" : "valid");
    if (verdict->error != 0) {
        fputs(", ", out);
        words_x509(out, (uint64_t)verdict->error);
        fprintf(out, " (certificate %d of the chain)", verdict->depth);
    }
    fprintf(out, "; it %s ", *match ? "names" : "does not name");
    text_put(out, host);
    fputc('\n', out);
    if (verdict->aia)
        fputs("     AIA says where the missing issuer is (RFC 5280 section 4.2.2.1); not fetched\n", out);
    for (uint32_t i = 0; i < chain->n; i++) {
        fprintf(out, "     %" PRIu32 ": ", i);
        put_hex(out, chain->v[i], FINGERPRINT_SHORT);
        fputc(' ', out);
        cert_subject(out, chains_der(s->e.chains, chain->v[i]));
        fputc('\n', out);
    }
    return STS_OK;
}

static int show_endpoint(struct show *s, const struct rec_endpoint *e, struct sts_err *err)
{
    static const char *const offered[] = {"STARTTLS: inconclusive", "STARTTLS: offered",
                                          "STARTTLS: not offered"};
    struct endpoint_facts facts;
    struct chain_verdict verdict = {0};
    bool match = false;

    heading(s->tree.out, "endpoint", e->host, e->ip, e->attempt);
    endpoint_classify(&facts, e);
    fprintf(s->tree.out, "  => %s\n", offered[facts.starttls]);
    if (show_chain(s, e->tls, e->host, attempt_time_ms(s->e.start_ms, e->att.v, e->att.n), &verdict, &match,
                   err) != STS_OK)
        return err->code;
    tree_record(&s->tree, REC_endpoint, e, 2);
    return STS_OK;
}

/* Which MX of the name the policy lists, RFC 8461 section 4.1. */
static void show_listed(struct show *s, struct sts_str body)
{
    for (const struct kept *k = s->e.first; k != NULL; k = k->next) {
        const struct rec_domain *d = k->record;

        for (uint32_t i = 0; k->kind == REC_domain && d->mx != NULL && i < d->mx->mx.n; i++) {
            struct sts_str pattern, host = d->mx->mx.v[i].host;
            uint32_t at = 0;
            bool listed = false;

            while (!listed && sts_policy_next_mx(body, &at, &pattern))
                listed = sts_policy_mx_match(pattern, host);
            fputs("     MX ", s->tree.out);
            text_put(s->tree.out, host);
            fputs(listed ? ": listed\n" : ": not listed\n", s->tree.out);
        }
    }
}

static void put_address(FILE *out, const struct rec_policy *p, const struct rec_fetch *f,
                        const struct policy_facts *own, const struct policy_facts *facts)
{
    bool same_body = sts_str_equal(f->body_digest, p->body_digest);

    fputs("     ", out);
    text_put(out, f->ip);
    if (facts->class_ == POL_INCONCLUSIVE || outcome_class(outcome_byte(f->oc)) == OCC_temporary)
        fprintf(out, ": could not be learned: %s", outcome_text(outcome_byte(f->oc)));
    else if (facts->class_ == own->class_ && (same_body || !facts->has_body))
        fputs(": the same", out);
    else if (facts->class_ == POL_OK)
        fprintf(out, ": %s policy (mode %s, max_age %" PRIu64 " s)", same_body ? "the same" : "another",
                sts_mode_name(facts->body.mode), facts->body.max_age_s);
    else
        fprintf(out, ": %s%s", policy_class_text(facts->class_),
                facts->has_body && !same_body ? ", another body" : "");
    fputc('\n', out);
}

/* What the other addresses of the policy host say, against the one that decided. */
static int show_addresses(struct show *s, const struct rec_policy *p, const struct policy_facts *own,
                          struct sts_err *err)
{
    FILE *out = s->tree.out;
    struct policy_addresses all;
    struct policy_facts facts;

    if (policy_addresses_compare(&all, s->e.chains, s->e.start_ms, p, own, err) != STS_OK)
        return err->code;
    if (all.n_asked < 2 && p->others.n == 0)
        return STS_OK;
    fprintf(out, "  => addresses: %" PRIu32 " contacted, valid policy at %" PRIu32 "%s%s%s\n", all.n_asked,
            all.n_ok, all.bodies ? "; they serve different bodies" : "",
            all.partly ? "; it works at some of them only" : "",
            all.failures ? "; they fail in different ways" : "");
    for (uint32_t i = 0; i < p->others.n; i++) {
        if (policy_fetch_classify(&facts, s->e.chains, s->e.start_ms, p, &p->others.v[i], err) != STS_OK)
            return err->code;
        put_address(out, p, &p->others.v[i], own, &facts);
    }
    return STS_OK;
}

static int show_policy(struct show *s, const struct rec_policy *p, struct sts_err *err)
{
    FILE *out = s->tree.out;
    struct policy_facts facts;
    struct chain_verdict verdict = {0};
    char room[POLICY_DECODED_BYTES];
    bool match = false;

    heading(out, "policy", p->name, nothing, p->attempt);
    if (show_chain(s, p->tls, p->host, attempt_time_ms(s->e.start_ms, p->att.v, p->att.n), &verdict, &match,
                   err) != STS_OK)
        return err->code;
    policy_classify(&facts, p, &verdict, match, room);
    fprintf(out, "  => fetch: %s", policy_class_text(facts.class_));
    if (policy_class_result(facts.class_)[0] != '\0')
        fprintf(out, " (%s)", policy_class_result(facts.class_));
    fputc('\n', out);
    if (facts.age_s > 0)
        fprintf(out, "     the answer came out of a cache, Age %" PRIu32 " s (RFC 9111 section 5.1)\n",
                facts.age_s);
    if (facts.has_body || facts.decoded) {
        put_verdict(out,
                    facts.decoded ? "policy, decoded as lenient senders do:" : "policy:", facts.body.verdict,
                    &facts.body.defects);
        fprintf(out, "     mode %s, max_age %" PRIu64 " s\n", sts_mode_name(facts.body.mode),
                facts.body.max_age_s);
        show_listed(s, facts.text);
    }
    if (show_addresses(s, p, &facts, err) != STS_OK)
        return err->code;
    tree_record(&s->tree, REC_policy, p, 2);
    return STS_OK;
}

static int show_record(struct show *s, const struct kept *k, struct sts_err *err)
{
    const struct rec_host *host = k->record;
    const struct rec_ip *ip = k->record;
    const struct rec_cert *cert = k->record;

    switch (k->kind) {
    case REC_domain: show_domain(s, k->record); break;
    case REC_endpoint: return show_endpoint(s, k->record, err);
    case REC_policy: return show_policy(s, k->record, err);
    case REC_cert:
        fputs("\ncertificate ", s->tree.out);
        put_hex(s->tree.out, cert->digest, FINGERPRINT_SHORT);
        fputs(cert->trusted ? ", trusted by the scan\n" : "\n", s->tree.out);
        cert_text(s->tree.out, cert->der, 2);
        break;
    case REC_host:
        heading(s->tree.out, "MX host", host->name, nothing, host->attempt);
        tree_record(&s->tree, k->kind, host, 2);
        break;
    default:
        heading(s->tree.out, "sampled address", ip->ip, nothing, 0);
        tree_record(&s->tree, k->kind, ip, 2);
        break;
    }
    return STS_OK;
}

/* The domain record of its position that counts: the last attempt. */
static bool counts(const struct show *s, const struct rec_domain *d)
{
    for (const struct kept *k = s->e.first; k != NULL; k = k->next) {
        const struct rec_domain *other = k->record;

        if (k->kind == REC_domain && other->pos == d->pos && other->attempt > d->attempt)
            return false;
    }
    return true;
}

static int show_verdicts(struct show *s, struct sts_err *err)
{
    for (const struct kept *k = s->e.first; k != NULL; k = k->next) {
        const struct rec_domain *d = k->record;

        if (k->kind == REC_domain && d->oc == OC_OK && counts(s, d) &&
            show_verdict(s->tree.out, s->e.join, d, err) != STS_OK)
            return err->code;
    }
    return STS_OK;
}

static int show(struct show *s, struct scan_reader *r, const char *name, const struct chain_rules *rules,
                struct sts_err *err)
{
    int rc = evidence_gather(&s->e, r, name, rules, err);

    if (rc != STS_OK)
        return EXIT_FAILED;
    if (s->e.n_domains == 0 && s->e.n_records == 0) {
        sts_fail(err, STS_EINVAL, "%s: not in this scan", name);
        return EXIT_FOUND;
    }
    s->tree.start_ms = s->e.start_ms;
    text_put(s->tree.out, s->e.name);
    fprintf(s->tree.out, ": %" PRIu64 " domain record%s\n", s->e.n_domains, s->e.n_domains == 1 ? "" : "s");
    rc = show_verdicts(s, err);
    for (const struct kept *k = s->e.first; rc == STS_OK && k != NULL; k = k->next)
        if (!k->aside)
            rc = show_record(s, k, err);
    return EXIT_FINE;
}

int show_name(FILE *out, struct scan_reader *r, const char *name, const struct chain_rules *rules,
              struct sts_err *err)
{
    struct show *s = calloc(1, sizeof(*s));
    int code;

    if (s == NULL) {
        sts_fail(err, STS_ENOMEM, "out of memory");
        return EXIT_FAILED;
    }
    s->tree.out = out;
    code = show(s, r, name, rules, err);
    evidence_fini(&s->e);
    free(s);
    return code;
}

static int run(int argc, char **argv, struct sts_err *err)
{
    static const struct option options[] = {SCAN_OPTIONS, {0}};
    struct scan_options o = {0};
    struct scan_reader *r = NULL;
    int c, code = EXIT_FINE;

    opterr = 0;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!scan_option(&o, c, optarg, err))
            return command_bad_option(&cmd_show, argv, err);
        if (err->code != STS_OK)
            return EXIT_FOUND;
    }
    if (command_args(&cmd_show, argc, argv, 2, err) == STS_OK &&
        scan_options_open(&o, &r, argv[optind], err) == STS_OK)
        code = show_name(stdout, r, argv[optind + 1], &o.rules, err);
    scan_reader_close(r);
    return command_done(code, err);
}

const struct command cmd_show = {
    .name = "show",
    .args = "SCAN NAME",
    .summary = "the verdict on one name, step by step, and all the evidence for it",
    .help = SCAN_OPTIONS_HELP
    "\nNAME is a domain as the scan asked for it or as the input gave it, in either case of\n"
    "letters, or an MX host. First the verdict on a domain, step by step, each with the\n"
    "section of the RFC that decides it: what becomes of a message from a sender with\n"
    "opportunistic TLS, from one with MTA-STS, and with an attacker on the path; a host not\n"
    "probed itself is taken to be as others at its address. Below, lines with => say what\n"
    "ststat makes of the evidence; the rest is the evidence, field by field under its key in\n"
    "SCHEMA.md. Bytes that could harm a terminal are printed as \\xNN.\n\n"
    "Exit codes: 0 shown, 1 the name is not in the scan, 2 the scan could not be read.\n",
    .run = run,
};
