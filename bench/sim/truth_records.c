/* truth_records.c - the name itself: its mail, its TXT records. */
#include "bench/sim/truth.h"

#include <string.h>
#include <strings.h>

#define MAIL(id, name, row, mail, doc) mail,
static const char *const MAIL_WORD[] = {
#include "bench/sim/classes.def"
};
struct words {
    const char *strict, *lenient;
};
#define STS(id, name, row, strict, lenient, doc) {strict, lenient},
static const struct words STS_WORDS[] = {
#include "bench/sim/classes.def"
};
#define RPT(id, name, row, strict, lenient, doc) {strict, lenient},
static const struct words RPT_WORDS[] = {
#include "bench/sim/classes.def"
};

bool truth_ask(const struct world *w, struct truth *t, const char *name, uint16_t type)
{
    enum query_class met = query_fate_of(w, name, strlen(name), type);

    if (met == QUERY_OK)
        return true;
    for (unsigned n = 0; n < t->n_faults; n++)
        if (t->fault[n].type == type && strcmp(t->fault[n].name, name) == 0)
            return met == QUERY_LOST_ONCE;
    if (t->n_faults < TRUTH_MOST_FAULTS) {
        struct truth_fault *fault = &t->fault[t->n_faults++];
        memcpy(fault->name, name, strlen(name) + 1);
        fault->type = type;
        fault->query = met;
    }
    return met == QUERY_LOST_ONCE; /* asked again, it is answered */
}

/* RFC 5321 section 5.1: without MX RRs, an address is what mail goes to; RFC 7505. */
static void mail_of(const struct world *w, struct truth *t, const char *name)
{
    const struct fate *f = &t->fate;

    t->mail = "unknown";
    if (!truth_ask(w, t, name, DNS_MX))
        return;
    t->mail = MAIL_WORD[f->mail];
    if (f->mail == MAIL_MX || f->mail == MAIL_NULL_BESIDE || f->mail == MAIL_NULL_MX)
        t->n_mx_rrs = f->n_mx;
    if (f->mail == MAIL_IMPLICIT || f->mail == MAIL_NOTHING) {
        struct host_id apex = {HOST_APEX, f->i, 0};
        struct host_fate at;
        host_fate_of(w, &apex, &at);
        bool a = truth_ask(w, t, name, DNS_A), aaaa = truth_ask(w, t, name, DNS_AAAA);
        bool found = f->mail == MAIL_IMPLICIT && ((a && (at.n_v4 > 0 || at.bogon)) || (aaaa && at.v6));
        if (!found && !(a && aaaa))
            t->mail = "unknown";
    }
}

/* STSv1 in any of the texts, in any case. */
static bool signals(const struct txts *texts)
{
    static const char wanted[] = "stsv1";
    const size_t len = sizeof(wanted) - 1;

    for (unsigned n = 0; n < texts->n; n++) {
        const struct txt *rr = &texts->rr[n];
        char joined[2048];
        size_t n_joined = 0;
        for (uint32_t at = rr->at; at < rr->at + rr->len; at += 1u + texts->bytes[at]) {
            uint32_t bytes = texts->bytes[at];
            if (n_joined + bytes > sizeof(joined))
                break;
            memcpy(joined + n_joined, texts->bytes + at + 1, bytes);
            n_joined += bytes;
        }
        for (size_t at = 0; at + len <= n_joined; at++)
            if (strncasecmp(joined + at, wanted, len) == 0)
                return true;
    }
    return false;
}

/* Where a text was found, a random label is asked for too. */
static void note_wild(struct truth *t)
{
    if (t->texts.n > 0)
        t->wild = t->fate.sts == STS_WILD_STS;
}

/* RFC 8461 section 3.1. */
static void sts_of(const struct world *w, struct truth *t, const char *name)
{
    const struct fate *f = &t->fate;
    char asked[NAME_BYTES + 16];
    struct text text = {asked, 0, sizeof(asked) - 1, false};

    text_printf(&text, "_mta-sts.%s", name);
    asked[text.len] = '\0';
    t->strict.record = t->lenient.record = "unknown";
    t->signalled = true;
    if (!truth_ask(w, t, asked, DNS_TXT))
        return;
    t->strict.record = STS_WORDS[f->sts].strict;
    t->lenient.record = STS_WORDS[f->sts].lenient;
    if (strcmp(t->strict.record, "unknown") == 0)
        return;
    t->signalled = false;
    if (f->sts == STS_NONE)
        return;
    publish_sts(w, f, &t->texts);
    t->signalled = signals(&t->texts);
    note_wild(t);
    t->has_id = strcmp(t->strict.record, "valid") == 0 || strcmp(t->lenient.record, "valid") == 0;
    if (t->has_id)
        publish_sts_id(w, f, t->id);
}

/* RFC 8460 section 3. */
static void rpt_of(const struct world *w, struct truth *t, const char *name)
{
    enum rpt_class c = t->fate.rpt;
    char asked[NAME_BYTES + 16];
    struct text text = {asked, 0, sizeof(asked) - 1, false};

    text_printf(&text, "_smtp._tls.%s", name);
    asked[text.len] = '\0';
    t->rpt = t->rpt_lenient = "unknown";
    if (!truth_ask(w, t, asked, DNS_TXT))
        return;
    publish_rpt(w, &t->fate, &t->texts);
    note_wild(t);
    t->rpt = RPT_WORDS[c].strict;
    t->rpt_lenient = RPT_WORDS[c].lenient;
    t->n_mailto = c == RPT_OK || c == RPT_BOTH || c == RPT_TWO_RUA; /* the first rua counts */
    t->n_https = c == RPT_HTTPS || c == RPT_BOTH;
}

void truth_records(const struct world *w, struct truth *t)
{
    char name[NAME_BYTES], dmarc[NAME_BYTES + 16];
    struct text text = {dmarc, 0, sizeof(dmarc) - 1, false};

    name_of(w, t->fate.i, name);
    mail_of(w, t, name);
    t->wild = -1;
    if (strcmp(t->mail, "nxdomain") == 0) { /* nothing is below what does not exist: RFC 8020 */
        t->strict.record = t->lenient.record = t->rpt = t->rpt_lenient = "not-asked";
        return;
    }
    sts_of(w, t, name);
    rpt_of(w, t, name);
    text_printf(&text, "_dmarc.%s", name);
    dmarc[text.len] = '\0';
    bool apex = truth_ask(w, t, name, DNS_TXT), below = truth_ask(w, t, dmarc, DNS_TXT);
    t->spf_seen = t->fate.spf && apex;
    t->dmarc_seen = t->fate.dmarc && below;
}
