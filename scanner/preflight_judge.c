#include "scanner/preflight_judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#define GROUPS_MOST   8 /* different findings of one kind that are told apart */
#define FINDING_BYTES 384

struct finding {
    enum check_state state;
    bool timed; /* how long it took is said too */
    char text[FINDING_BYTES];
};
/* Resolvers with the same finding. */
struct group {
    struct finding finding;
    struct server first[SERVERS_NAMED];
    uint32_t n;
    uint64_t least_ms, most_ms; /* how long they took */
};
struct judging {
    const struct options *options;
    const struct preflight_names *names;
    bool some_answer; /* at least one resolver is fit */
};
typedef void (*find_fn)(const struct judging *j, const struct resolver_view *r, struct finding *out);

static void set(struct finding *f, enum check_state state, const char *fmt, ...) STS_PRINTF(3, 4);

static void set(struct finding *f, enum check_state state, const char *fmt, ...)
{
    va_list args;

    f->state = state;
    va_start(args, fmt);
    vsnprintf(f->text, sizeof(f->text), fmt, args);
    va_end(args);
}

/* ---- resolvers with the same finding ---- */

static uint64_t took_ms(const struct resolver_view *r)
{
    const struct rec_dns *zone = r->zone;

    return zone != NULL && zone->att.n > 0 ? zone->att.v[zone->att.n - 1].dur_ms : 0;
}

static void join_group(struct group *g, const struct resolver_view *r)
{
    uint64_t ms = took_ms(r);

    if (g->n < SERVERS_NAMED)
        g->first[g->n] = *r->server;
    g->least_ms = g->n == 0 || ms < g->least_ms ? ms : g->least_ms;
    g->most_ms = ms > g->most_ms ? ms : g->most_ms;
    g->n++;
}

static unsigned weight(enum check_state state)
{
    static const unsigned weights[] = {
        [CHECK_FINE] = 0, [CHECK_NOT_LOOKED] = 1, [CHECK_WARNING] = 2, [CHECK_FAILED] = 3};

    return weights[state];
}

/* The group of this finding; where there are too many, one for all others. */
static struct group *group_of(struct group groups[GROUPS_MOST], uint32_t *n, const struct finding *f)
{
    struct finding *last = &groups[GROUPS_MOST - 1].finding;
    uint32_t i = 0;

    while (i < *n && (groups[i].finding.state != f->state || strcmp(groups[i].finding.text, f->text) != 0))
        i++;
    if (i < *n)
        return &groups[i];
    if (*n < GROUPS_MOST) {
        groups[*n] = (struct group){.finding = *f};
        return &groups[(*n)++];
    }
    set(last, weight(last->state) < weight(f->state) ? f->state : last->state, "several other findings");
    last->timed = false;
    return &groups[GROUPS_MOST - 1];
}

static void add_group(struct group *g, const char *name, struct checks *out)
{
    const struct servers who = {g->first, g->n};
    char text[SERVERS_TEXT_BYTES], time[64] = "";

    servers_text(&who, text);
    if (g->finding.timed && g->n == 1)
        snprintf(time, sizeof(time), ", in %" PRIu64 " ms", g->most_ms);
    else if (g->finding.timed)
        snprintf(time, sizeof(time), ", in %" PRIu64 " to %" PRIu64 " ms", g->least_ms, g->most_ms);
    checks_add(out, name, g->finding.state, "%s%s%s%s", text, g->n == 1 ? " " : ": ", g->finding.text, time);
}

static void judge_kind(const struct judging *j, const char *name, find_fn find,
                       const struct resolver_view *views, uint32_t n, struct checks *out)
{
    struct group groups[GROUPS_MOST];
    uint32_t n_groups = 0;

    for (uint32_t i = 0; i < n; i++) {
        struct finding f = {CHECK_NOT_LOOKED, false, ""};

        find(j, &views[i], &f);
        if (f.text[0] != '\0')
            join_group(group_of(groups, &n_groups, &f), &views[i]);
    }
    for (uint32_t i = 0; i < n_groups; i++)
        add_group(&groups[i], name, out);
}

/* ---- resolver ---- */

static bool has_answered(const struct rec_dns *answer)
{
    switch (answer != NULL ? answer->oc : OC_NONE) {
    case OC_OK:
    case OC_DNS_NXDOMAIN:
    case OC_DNS_NODATA:
    case OC_DNS_SERVFAIL:
    case OC_DNS_REFUSED:
    case OC_DNS_MALFORMED:
    case OC_DNS_RCODE: return true;
    default: return false;
    }
}

bool judge_is_sure(const struct rec_dns *answer)
{
    return answer != NULL &&
           (answer->oc == OC_OK || answer->oc == OC_DNS_NXDOMAIN || answer->oc == OC_DNS_NODATA);
}

/* It resolves: some routers that forward have no answer for the root, but for names. */
static bool is_fit(const struct resolver_view *r)
{
    return judge_is_sure(r->zone) || judge_is_sure(r->a) || judge_is_sure(r->mx) || judge_is_sure(r->www);
}

static bool is_alive(const struct resolver_view *r)
{
    return is_fit(r) || has_answered(r->zone);
}

static void find_resolver(const struct judging *j, const struct resolver_view *r, struct finding *out)
{
    /* One of several that is unfit slows a scan down; without any there is none. In a lab the zone asked for
     * may not be there. */
    enum check_state unfit = j->some_answer ? CHECK_WARNING : CHECK_FAILED;
    enum check_state refuses = j->options->lab.n_entries > 0 ? CHECK_WARNING : unfit;
    const char *zone = j->names->zone;

    if (r->zone == NULL)
        set(out, CHECK_NOT_LOOKED, "was not asked: time was up");
    else if (is_fit(r)) {
        set(out, CHECK_FINE, "answers");
        out->timed = true;
    } else if (r->zone->oc == OC_DNS_RESOLVER_DOWN)
        set(out, unfit, "cannot be reached: start it (data/unbound.conf), or leave it out of --name-servers");
    else if (r->zone->oc == OC_DNS_REFUSED)
        set(out, refuses, "answers REFUSED for %s: let it allow recursion to this host, or leave it out",
            zone);
    else if (has_answered(r->zone))
        set(out, refuses,
            "answers, but not for %s (%s): has it a way to the Internet? In a lab give --probe-nxdomain",
            zone, outcome_text((unsigned)r->zone->oc));
    else
        set(out, unfit,
            "does not answer: is it running, does it allow this host? Else leave it out of --name-servers");
}

/* ---- nxdomain ---- */

static const char *first_answer(const struct rec_dns *answer)
{
    if (answer->addr.n > 0)
        return answer->addr.v[0].p;
    return answer->mx.n > 0 ? answer->mx.v[0].host.p : "?";
}

static void find_nxdomain(const struct judging *j, const struct resolver_view *r, struct finding *out)
{
    const struct rec_dns *answers[] = {r->a, r->mx, r->www};
    const char *names[] = {j->names->absent, j->names->absent, j->names->www};

    if (!is_alive(r))
        return; /* said elsewhere */
    set(out, CHECK_FINE, "says NXDOMAIN for names that do not exist");
    for (unsigned i = 0; i < STS_LEN(answers); i++) {
        if (answers[i] != NULL && answers[i]->oc == OC_OK) {
            set(out, CHECK_FAILED,
                "rewrites NXDOMAIN: it answers %.64s for %s; its answers cannot be used; use another "
                "resolver",
                first_answer(answers[i]), names[i]);
            return;
        }
        if (answers[i] == NULL || answers[i]->oc == OC_DNS_NXDOMAIN || out->state != CHECK_FINE)
            continue;
        if (answers[i]->oc == OC_DNS_NODATA)
            set(out, CHECK_WARNING,
                "says \"no such record\" where a name does not exist (%s): each such name costs all its "
                "questions, and counts as one without MX",
                names[i]);
        else
            set(out, CHECK_WARNING, "cannot say that %s does not exist: %s", names[i],
                outcome_text((unsigned)answers[i]->oc));
    }
}

/* ---- validation ---- */

#define NO_DANE                                                                             \
    "no DANE evidence: TLSA are asked where addresses are authenticated, and none will be " \
    "(data/unbound.conf validates)"

/* Does an answer that must be authenticated say so (RFC 4035 section 3.2.3)? The root is signed. */
static const struct rec_dns *signed_answer(const struct judging *j, const struct resolver_view *r,
                                           const char **name)
{
    if (j->names->signed_name != NULL) {
        *name = j->names->signed_name;
        return r->signed_name;
    }
    *name = "the root";
    return strcmp(j->names->zone, ".") == 0 && j->options->lab.n_entries == 0 ? r->zone : NULL;
}

/* A bogus answer is withheld (RFC 4035 section 5.5), and there with CD=1. */
static void find_bogus(const struct judging *j, const struct resolver_view *r, struct finding *out)
{
    const char *name = j->names->bogus;

    if (judge_is_sure(r->bogus))
        set(out, CHECK_WARNING, "hands out bogus answers (%s): it does not validate; " NO_DANE, name);
    else if (r->bogus->oc != OC_DNS_SERVFAIL)
        set(out, CHECK_WARNING, "cannot tell whether bogus answers are refused: %s: %s", name,
            outcome_text((unsigned)r->bogus->oc));
    else if (r->bogus->cd_oc != OC_OK && r->bogus->cd_oc != OC_DNS_NODATA)
        set(out, CHECK_WARNING,
            "fails for %s with checking disabled too: that says nothing of validation; is the name bogus?",
            name);
}

static void find_validation(const struct judging *j, const struct resolver_view *r, struct finding *out)
{
    const char *name;
    const struct rec_dns *authentic = signed_answer(j, r, &name);

    if (!is_alive(r))
        return;
    if (authentic == NULL && r->bogus == NULL)
        set(out, CHECK_NOT_LOOKED,
            "is asked for no signed and no bogus name (--probe-signed, --probe-bogus)");
    else if (authentic != NULL && !judge_is_sure(authentic))
        set(out, CHECK_WARNING, "cannot tell whether it validates: %s: %s", name,
            outcome_text((unsigned)authentic->oc));
    else if (authentic != NULL && !authentic->ad)
        set(out, CHECK_WARNING, "does not validate (no AD bit for %s): " NO_DANE, name);
    else if (r->bogus == NULL)
        set(out, CHECK_FINE, "validates %s; that it refuses bogus answers was not looked at (--probe-bogus)",
            name);
    else
        set(out, CHECK_FINE, "refuses bogus answers%s%s", authentic != NULL ? ", validates " : "",
            authentic != NULL ? name : "");
    if (out->state == CHECK_FINE && r->bogus != NULL)
        find_bogus(j, r, out);
}

/* ---- rate ---- */

/* Whoever asks a resolver that is not near is told why that is slow. */
static void find_distance(const struct judging *j, const struct resolver_view *r, struct finding *out)
{
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    struct address near = address_from_v4(loopback);

    if (address_is_private(&r->server->address))
        return;
    if (j->options->given[OPT_dns_rate])
        set(out, CHECK_WARNING,
            "is reached over an open network: its AD bits prove nothing (RFC 7672 section 2.1.1)");
    else
        set(out, CHECK_WARNING,
            "is a public resolver: %" PRIu64
            " queries/s (--dns-rate), and over an open network AD bits prove "
            "nothing (RFC 7672 section 2.1.1); a resolver of your own (data/unbound.conf) is asked %" PRIu64
            "/s",
            options_dns_rate(j->options, &r->server->address), options_dns_rate(j->options, &near));
}

void judge_resolvers(const struct options *o, const struct preflight_names *names,
                     const struct resolver_view *views, uint32_t n, struct checks *out)
{
    struct judging j = {o, names, false};

    for (uint32_t i = 0; i < n; i++)
        j.some_answer |= is_fit(&views[i]);
    judge_kind(&j, "resolver", find_resolver, views, n, out);
    judge_kind(&j, "resolver", find_distance, views, n, out);
    judge_kind(&j, "nxdomain", find_nxdomain, views, n, out);
    judge_kind(&j, "validation", find_validation, views, n, out);
}

/* ---- ptr ---- */

void reverse_name(const struct address *a, char out[REVERSE_NAME_BYTES])
{
    size_t len = 0;

    if (address_is_v4(a)) {
        snprintf(out, REVERSE_NAME_BYTES, "%u.%u.%u.%u.in-addr.arpa", a->b[15], a->b[14], a->b[13], a->b[12]);
        return;
    }
    for (unsigned i = sizeof(a->b); i-- > 0;)
        len += (size_t)snprintf(out + len, REVERSE_NAME_BYTES - len, "%x.%x.", a->b[i] & 15U, a->b[i] >> 4U);
    snprintf(out + len, REVERSE_NAME_BYTES - len, "ip6.arpa");
}

bool judge_ptr_matches(const struct rec_dns *ptr, const char *ehlo_name)
{
    for (uint32_t i = 0; i < ptr->addr.n; i++) {
        if (strcasecmp(ptr->addr.v[i].p, ehlo_name) == 0)
            return true;
    }
    return false;
}

static bool leads_back(const struct rec_dns *forward, const char *ip)
{
    for (uint32_t i = 0; i < forward->addr.n; i++) {
        if (strcmp(forward->addr.v[i].p, ip) == 0)
            return true;
    }
    return false;
}

void judge_source(const struct source_view *source, const char *ehlo_name, struct checks *out)
{
    const struct rec_dns *ptr = source->ptr, *forward = source->forward;
    char ip[ADDRESS_TEXT_BYTES];

    address_format(&source->address, ip);
    if (!judge_is_sure(ptr))
        checks_add(out, "ptr", CHECK_NOT_LOOKED, "%s: the PTR could not be looked up", ip);
    else if (ptr->addr.n == 0)
        checks_add(out, "ptr", CHECK_WARNING,
                   "%s has no PTR: many MX hosts turn such a client away; let it be the EHLO name, %s", ip,
                   ehlo_name);
    else if (!judge_ptr_matches(ptr, ehlo_name))
        checks_add(out, "ptr", CHECK_WARNING,
                   "%s has the PTR %.100s, the EHLO name is %s: make them the same (--ehlo-name, or the PTR)",
                   ip, ptr->addr.v[0].p, ehlo_name);
    else if (!judge_is_sure(forward))
        checks_add(out, "ptr", CHECK_NOT_LOOKED, "%s: the address of its PTR %s could not be looked up", ip,
                   ehlo_name);
    else if (!leads_back(forward, ip))
        checks_add(out, "ptr", CHECK_WARNING,
                   "%s has the PTR %s, but that name has not this address: give it an %s record", ip,
                   ehlo_name, address_is_v4(&source->address) ? "A" : "AAAA");
    else
        checks_add(out, "ptr", CHECK_FINE, "%s is %s, there and back", ip, ehlo_name);
}
