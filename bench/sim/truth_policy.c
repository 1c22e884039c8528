/* truth_policy.c - the policy: RFC 8461 sections 3.2 and 3.3. */
#include "bench/sim/truth.h"

#include <string.h>

struct policy_words {
    enum cert_class cert;
    const char *strict, *lenient;
};
#define POLICY(id, name, row, cert, class_, lenient, doc) {CERT_##cert, class_, lenient},
static const struct policy_words POLICY_WORDS[] = {
#include "bench/sim/classes.def"
};
struct body_words {
    const char *strict, *lenient;
};
#define BODY(id, name, row, strict, lenient, doc) {strict, lenient},
static const struct body_words BODY_WORDS[] = {
#include "bench/sim/classes.def"
};
struct cert_words {
    bool valid, match;
};
#define CERT(id, name, valid, match, result, doc) {valid, match},
static const struct cert_words CERT_WORDS[] = {
#include "bench/sim/classes.def"
};

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* What a lookup of the policy host leaves: NULL: its server decides. */
static const char *at_dns(const struct world *w, struct truth *t)
{
    char host[NAME_BYTES];
    struct host_fate at;

    policy_host_name(w, t->fate.i, host);
    policy_host_fate_of(w, &t->fate, &at);
    bool a = truth_ask(w, t, host, DNS_A), aaaa = truth_ask(w, t, host, DNS_AAAA);
    const char *word = POLICY_WORDS[t->fate.policy].strict;
    bool not_reached = is(word, "tcp") || is(word, "bogon");
    bool v4 = at.n_v4 > 0 || at.bogon;
    if (at.state == HOST_NXDOMAIN) /* one answer says it of all types: RFC 8020 */
        return a || aaaa ? "dns" : "inconclusive";
    if (at.state == HOST_NO_ADDRESS)
        return a && aaaa ? "dns" : "inconclusive";
    /* Its IPv4 address is the right one, or the only one: without it, nothing is known. */
    if (!a || (!v4 && !aaaa) || (not_reached && !aaaa)) /* an address that is not known may be reached */
        return "inconclusive";
    t->addresses = at.v6 && aaaa && v4 ? "partly" : t->fate.policy == POLICY_TWO_BODIES ? "bodies" : NULL;
    return NULL;
}

/* A whole 200, as it is, whatever its certificate and type: there is a body to read. */
static bool has_body(const char *class_)
{
    static const char *const with[] = {"ok",          "media",           "tls-old",       "tls-name",
                                       "tls-expired", "tls-self-signed", "tls-untrusted", "tls-weak",
                                       "tls-other"};
    for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
        if (is(class_, with[i]))
            return true;
    return false;
}

/* RFC 8461 section 3.3 asks for a certificate that is valid and names the host, section 7.2 for TLS 1.2. */
static int trusted(const struct fate *f, const char *class_)
{
    static const char *const before[] = {"dns", "bogon", "tcp", "tls-alert", "tls-handshake", "inconclusive"};

    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        if (is(class_, before[i]))
            return -1;
    if (f->policy == POLICY_TLS_STALL)
        return -1;
    const struct cert_words *cert = &CERT_WORDS[POLICY_WORDS[f->policy].cert];
    return cert->valid && cert->match && !is(class_, "tls-old");
}

static const char *mode_word(enum mode m)
{
    return m == MODE_ENFORCE ? "enforce" : m == MODE_TESTING ? "testing" : "none";
}

/* The mode that a strict reader finds: bodies whose line of the mode is none by the ABNF have none. */
static bool has_mode(const struct fate *f, bool lenient)
{
    if (f->policy == POLICY_PARKED)
        return false;
    switch (f->body) {
    case BODY_EMPTY:
    case BODY_NO_MODE:
    case BODY_MODE_CASE: return false;
    case BODY_BARE_CR:
    case BODY_INDENTED: return lenient;
    default: return true;
    }
}

static void read_body(struct truth *t, struct truth_reading *r, const char *class_, const char *verdict,
                      bool lenient)
{
    r->policy = class_;
    bool read = has_body(class_) && (is(verdict, "valid") /* or decoded */ || t->policy_body != NULL);
    if (read || (lenient && t->policy_body != NULL))
        r->mode = has_mode(&t->fate, lenient) ? mode_word(publish_mode(&t->fate)) : "unknown";
    if (is(class_, "ok") && !is(verdict, "valid"))
        r->policy = "syntax";
}

void truth_policy(const struct world *w, struct truth *t)
{
    const struct fate *f = &t->fate;

    t->policy_trusted = -1;
    if (!t->signalled)
        return;
    const char *dns = at_dns(w, t);
    if (dns != NULL) {
        t->strict.policy = t->lenient.policy = dns;
        return;
    }
    const struct policy_words *words = &POLICY_WORDS[f->policy];
    bool parked = f->policy == POLICY_PARKED;
    const char *strict = parked ? "invalid" : BODY_WORDS[f->body].strict;
    const char *lenient = parked ? "invalid" : BODY_WORDS[f->body].lenient;
    t->policy_trusted = trusted(f, words->strict);
    if (has_body(words->strict))
        t->policy_body = strict;
    read_body(t, &t->strict, words->strict, strict, false);
    read_body(t, &t->lenient, words->lenient, lenient, true);
    if (t->addresses != NULL && is(t->addresses, "partly") && !is(t->strict.policy, "ok"))
        t->addresses = "failures"; /* at none, each in its way */
    t->has_max_age = is(t->strict.policy, "ok") || is(t->lenient.policy, "ok");
    t->max_age_s = publish_max_age_s(f);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool alike(const char *a, const char *b)
{
    for (; *a != '\0' && lower(*a) == lower(*b); a++, b++)
        ;
    return *a == *b;
}

/* A wildcard stands for exactly one label, the first. */
bool truth_lists(const char *pattern, const char *host)
{
    if (strncmp(pattern, "*.", 2) != 0)
        return alike(pattern, host);
    const char *dot = strchr(host, '.');
    return dot != NULL && dot != host && alike(pattern + 1, dot);
}
