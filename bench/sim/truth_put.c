/* truth_put.c - the truth about a name as JSON: TRUTH.md. */
#include "bench/sim/json.h"
#include "bench/sim/truth.h"

#include <string.h>

static void put_class(struct text *out, enum group g, unsigned c)
{
    json_word(out, group_name(g), class_name(g, c));
}

static void classes(const struct truth *t, struct text *out)
{
    const struct fate *f = &t->fate;
    bool hosts = t->n_hosts > 0;

    json_key(out, "classes");
    json_open(out, '{');
    put_class(out, GROUP_MAIL, f->mail);
    if (f->mail == MAIL_MX || f->mail == MAIL_NULL_BESIDE)
        put_class(out, GROUP_MXSET, f->mxset);
    put_class(out, GROUP_STS, f->sts);
    put_class(out, GROUP_RPT, f->rpt);
    if (t->signalled && f->fetchable) {
        put_class(out, GROUP_POLICY, f->policy);
        put_class(out, GROUP_BODY, f->body);
        put_class(out, GROUP_LISTING, f->listing);
    }
    if (hosts)
        put_class(out, GROUP_TLSA, f->tlsa);
    json_close(out, '}');
}

static const char *type_name(uint16_t type)
{
    switch (type) {
    case DNS_A: return "A";
    case DNS_AAAA: return "AAAA";
    case DNS_MX: return "MX";
    case DNS_TXT: return "TXT";
    default: return "TLSA";
    }
}

static void faults(const struct truth *t, struct text *out)
{
    json_key(out, "faults");
    json_open(out, '{');
    for (unsigned n = 0; n < t->n_faults; n++) {
        char key[NAME_BYTES + 8];
        struct text text = {key, 0, sizeof(key) - 1, false};
        text_printf(&text, "%s/%s", t->fault[n].name, type_name(t->fault[n].type));
        key[text.len] = '\0';
        json_word(out, key, class_name(GROUP_QUERY, t->fault[n].query));
    }
    json_close(out, '}');
}

/* The first text of an RRset that begins so. */
static void text_of(struct truth *t, bool seen, const char *key, const char *begin, struct text *out)
{
    json_key(out, key);
    for (unsigned n = 0; seen && n < t->texts.n; n++) {
        const struct txt *rr = &t->texts.rr[n];
        char joined[2048];
        struct text text = {joined, 0, sizeof(joined), false};
        for (uint32_t at = rr->at; at < rr->at + rr->len; at += 1u + t->texts.bytes[at])
            text_put(&text, (const char *)t->texts.bytes + at + 1, t->texts.bytes[at]);
        if (text.len < strlen(begin) || memcmp(joined, begin, strlen(begin)) != 0)
            continue;
        json_string(out, joined, text.len);
        return;
    }
    text_puts(out, "null");
}

static void records(const struct world *w, struct truth *t, struct text *out)
{
    bool rpt = strcmp(t->rpt, "valid") == 0 || strcmp(t->rpt, "invalid") == 0;

    json_bool3(out, "signalled", t->signalled);
    json_word(out, "sts_record", t->strict.record);
    json_word(out, "sts_record_lenient", t->lenient.record);
    json_word(out, "sts_id", t->has_id ? t->id : NULL);
    json_bool3(out, "sts_wild", t->wild);
    json_word(out, "rpt_record", t->rpt);
    json_word(out, "rpt_record_lenient", t->rpt_lenient);
    if (rpt) {
        json_count(out, "rpt_mailto", t->n_mailto);
        json_count(out, "rpt_https", t->n_https);
    } else {
        json_word(out, "rpt_mailto", NULL);
        json_word(out, "rpt_https", NULL);
    }
    if (t->spf_seen)
        publish_apex(w, &t->fate, &t->texts);
    text_of(t, t->spf_seen, "spf", "v=spf1 ", out);
    if (t->dmarc_seen)
        publish_dmarc(w, &t->fate, &t->texts);
    text_of(t, t->dmarc_seen, "dmarc", "v=DMARC1;", out);
}

static void policy(const struct world *w, const struct truth *t, struct text *out)
{
    json_word(out, "policy", t->strict.policy);
    json_word(out, "policy_lenient", t->lenient.policy);
    json_word(out, "policy_addresses", t->addresses);
    json_bool3(out, "policy_trusted", t->policy_trusted);
    json_word(out, "policy_body", t->policy_body);
    json_word(out, "mode", t->strict.mode);
    json_word(out, "mode_lenient", t->lenient.mode);
    if (t->has_max_age)
        json_count(out, "max_age_s", t->max_age_s);
    else
        json_word(out, "max_age_s", NULL);
    json_key(out, "patterns");
    if (!t->has_max_age) {
        text_puts(out, "null");
        return;
    }
    json_open(out, '[');
    char pattern[NAME_BYTES];
    for (unsigned k = 0; t->fate.body != BODY_NONE_NO_MX; k++) {
        size_t len = publish_pattern(w, &t->fate, k, pattern);
        if (len == 0)
            break;
        json_next(out);
        json_string(out, pattern, len);
    }
    json_close(out, ']');
}

static void verdicts(const struct truth *t, struct text *out)
{
    json_count(out, "n_mx_judged", t->n_judged);
    json_count(out, "n_mx_listed", t->n_listed);
    json_count(out, "n_mx_passing", t->n_passing);
    json_count(out, "n_mx_unknown", t->n_unknown);
    json_count(out, "n_mx_down", t->n_down);
    json_word(out, "sts_state", t->strict.state);
    json_word(out, "opportunistic", t->opportunistic);
    json_word(out, "mta_sts", t->mta_sts);
    json_word(out, "mta_sts_if_enforced", t->mta_sts_if_enforced);
    json_word(out, "mta_sts_lenient", t->mta_sts_lenient);
    json_word(out, "attacked_opportunistic", t->attacked_opportunistic);
    json_word(out, "attacked_cached", t->attacked_cached);
    json_word(out, "attacked_first", t->attacked_first);
    json_key(out, "results");
    json_open(out, '[');
    for (unsigned r = 0; r < RESULT_LIMIT; r++)
        if (t->results & (1u << r)) {
            const char *name = truth_result_name((enum result)r);
            json_next(out);
            json_string(out, name, strlen(name));
        }
    json_close(out, ']');
    json_word(out, "headline", t->headline < RESULT_LIMIT ? truth_result_name(t->headline) : NULL);
}

#define CERT(id, name, valid, match, result, doc) {name, valid, match},
static const struct {
    const char *name;
    bool valid, match;
} CERTS[] = {
#include "bench/sim/classes.def"
};

static void address(const struct truth_address *a, struct text *out)
{
    char ip[16] = "::1", version[16];

    if (a->v4 != 0) {
        struct text text = {ip, 0, sizeof(ip) - 1, false};
        for (int shift = 24; shift >= 0; shift -= 8) {
            json_number(&text, a->v4 >> shift & 255);
            if (shift > 0)
                text_put(&text, ".", 1);
        }
        ip[text.len] = '\0';
    }
    json_next(out);
    json_open(out, '{');
    json_word(out, "ip", ip);
    json_word(out, "smtp", a->has_server ? class_name(GROUP_SMTP, a->smtp) : NULL);
    json_word(out, "state", a->state);
    json_bool3(out, "reached", a->reached);
    json_word(out, "starttls", a->starttls);
    if (a->version != NULL) {
        struct text text = {version, 0, sizeof(version) - 1, false};
        text_puts(&text, "TLS ");
        text_puts(&text, a->version);
        version[text.len] = '\0';
    }
    json_word(out, "tls_version", a->version != NULL ? version : NULL);
    json_word(out, "cert", a->version != NULL ? CERTS[a->cert].name : NULL);
    json_bool3(out, "cert_valid", a->version != NULL ? CERTS[a->cert].valid : -1);
    json_bool3(out, "cert_match", a->version != NULL ? CERTS[a->cert].match : -1);
    json_close(out, '}');
}

static void host(const struct world *w, const struct truth_host *h, struct text *out)
{
    static const char *const findings[] = {"there", "no-address", "nxdomain", "unknown"};
    static const char *const tls[] = {"unknown", "down", "clear", "failed", "old", "encrypted"};
    char target[NAME_BYTES] = "";

    if (h->target.kind != HOST_NONE)
        host_name(w, &h->target, target);
    json_next(out);
    json_open(out, '{');
    json_word(out, "host", h->name);
    json_count(out, "preference", h->preference);
    json_word(out, "state", findings[h->finding]);
    json_word(out, "cname", h->target.kind != HOST_NONE ? target : NULL);
    json_word(out, "tls", tls[h->best]);
    json_word(out, "tls_worst", tls[h->worst]);
    json_bool3(out, "cert_good", h->cert_seen ? h->cert_good : -1);
    json_word(out, "cert_fault", h->cert_fault < RESULT_LIMIT ? truth_result_name(h->cert_fault) : NULL);
    json_word(out, "tlsa", class_name(GROUP_TLSA, h->tlsa));
    json_bool3(out, "tlsa_secure", h->tlsa_secure);
    json_key(out, "addresses");
    json_open(out, '[');
    for (unsigned n = 0; n < h->n_addresses; n++)
        address(&h->address[n], out);
    json_close(out, ']');
    json_close(out, '}');
}

void truth_put(const struct world *w, struct truth *t, struct text *out)
{
    char name[NAME_BYTES];

    name_of(w, t->fate.i, name);
    json_open(out, '{');
    json_count(out, "i", t->fate.i);
    json_count(out, "pos", t->fate.i + 1);
    json_word(out, "name", name);
    if (t->fate.weight == 1)
        json_count(out, "weight", 1);
    else
        json_real(out, "weight", t->fate.weight);
    classes(t, out);
    faults(t, out);
    json_word(out, "mail", t->mail);
    json_count(out, "n_mx", t->n_mx_rrs);
    records(w, t, out);
    policy(w, t, out);
    verdicts(t, out);
    json_key(out, "hosts");
    json_open(out, '[');
    for (unsigned n = 0; n < t->n_looked_at; n++)
        host(w, &t->host[n], out);
    json_close(out, ']');
    json_close(out, '}');
}
