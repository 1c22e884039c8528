/* asked.c - what a name of DNS is: numbers read back out of it, labels from the right. */
#include "bench/sim/name_parts.h"

#include <string.h>

/* What is left of a name, in lower case: labels are taken off its right end. */
struct rest {
    const char *p;
    size_t len;
};

static bool is(struct rest r, const char *text)
{
    return r.len == strlen(text) && memcmp(r.p, text, r.len) == 0;
}

static struct rest last_label(struct rest *r)
{
    struct rest label = *r;
    const char *dot = r->len ? memrchr(r->p, '.', r->len) : NULL;

    if (dot) {
        label.p = dot + 1;
        label.len = r->len - (size_t)(label.p - r->p);
    }
    r->len = dot ? (size_t)(dot - r->p) : 0;
    return label;
}

/* ---- numbers ---- */

static bool unspell(const char *p, unsigned n_syllables, uint64_t *x)
{
    static const int8_t CONSONANT[26] = {
        ['b' - 'a'] = 1,  ['d' - 'a'] = 2,  ['f' - 'a'] = 3,  ['g' - 'a'] = 4,
        ['h' - 'a'] = 5,  ['j' - 'a'] = 6,  ['k' - 'a'] = 7,  ['l' - 'a'] = 8,
        ['m' - 'a'] = 9,  ['n' - 'a'] = 10, ['p' - 'a'] = 11, ['r' - 'a'] = 12,
        ['s' - 'a'] = 13, ['t' - 'a'] = 14, ['v' - 'a'] = 15, ['z' - 'a'] = 16};
    static const int8_t VOWEL[26] = {['a' - 'a'] = 1, ['e' - 'a'] = 2, ['i' - 'a'] = 3, ['o' - 'a'] = 4};

    *x = 0;
    for (unsigned n = 0; n < n_syllables; n++, p += 2) {
        unsigned one = (unsigned)(unsigned char)p[0] - 'a', two = (unsigned)(unsigned char)p[1] - 'a';

        if (one >= 26 || two >= 26 || CONSONANT[one] == 0 || VOWEL[two] == 0)
            return false;
        *x |= (uint64_t)((CONSONANT[one] - 1) << 2 | (VOWEL[two] - 1)) << (6 * n);
    }
    return true;
}

/* All of it, in decimal without leading zeros, below `limit`. */
static bool number_of(struct rest r, uint32_t limit, uint32_t *out)
{
    uint64_t value = 0;

    if (r.len == 0 || r.len > 9 || (r.p[0] == '0' && r.len > 1))
        return false;
    for (size_t n = 0; n < r.len; n++) {
        if (r.p[n] < '0' || r.p[n] > '9')
            return false;
        value = value * 10 + (uint64_t)(r.p[n] - '0');
    }
    *out = (uint32_t)value;
    return value < limit;
}

static bool numbered(struct rest r, const char *prefix, uint32_t limit, uint32_t *out)
{
    size_t len = strlen(prefix);

    return r.len > len && memcmp(r.p, prefix, len) == 0 &&
           number_of((struct rest){r.p + len, r.len - len}, limit, out);
}

/* Its label, and its TLD: is it a name, and which? */
static bool name_read(const struct world *w, const char *label, struct rest tld, uint64_t *i)
{
    uint64_t x;

    if (!unspell(label, NAME_LETTERS / 2, &x))
        return false;
    *i = permute_back(w, PERMUTE_NAMES, NAME_BITS, x);
    return *i < w->n_names && is(tld, name_tld(w, *i));
}

/* "tamodikena-com", and maybe "-7" behind it. */
static bool label_read(const struct world *w, struct rest label, uint64_t *i, uint32_t *n)
{
    const char *dash;
    struct rest tld;

    *n = 0;
    if (label.len <= NAME_LETTERS + 1 || label.p[NAME_LETTERS] != '-')
        return false;
    tld = (struct rest){label.p + NAME_LETTERS + 1, label.len - NAME_LETTERS - 1};
    dash = memchr(tld.p, '-', tld.len);
    if (dash) {
        struct rest number = {dash + 1, tld.len - (size_t)(dash + 1 - tld.p)};

        tld.len = (size_t)(dash - tld.p);
        if (!number_of(number, MOST_STS_TARGETS, n) || *n == 0)
            return false;
    }
    return name_read(w, label.p, tld, i);
}

/* ---- operators ---- */

/* "mxJ", with all that is left. */
static void mx_of(struct rest r, enum host_kind kind, uint64_t owner, struct asked *out)
{
    uint32_t index;

    if (r.len == 0)
        out->what = WHAT_EMPTY;
    else if (numbered(r, "mx", MOST_MX, &index)) {
        out->what = WHAT_HOST;
        out->host = (struct host_id){kind, owner, index};
    }
}

static void customer_of(const struct world *w, struct rest r, struct asked *out)
{
    uint32_t n;

    if (r.len == 0)
        out->what = WHAT_EMPTY;
    else if (label_read(w, r, &out->i, &n) && n == 0) {
        out->what = WHAT_HOST;
        out->host = (struct host_id){HOST_CUSTOMER, out->i, 0};
    }
}

static void provider_of(const struct world *w, struct rest r, uint32_t provider, struct asked *out)
{
    bool record = false;
    struct rest label;

    out->host.owner = provider;
    if (r.len > 0) {
        struct rest before = r;

        record = is(last_label(&before), "_mta-sts");
        r = record ? before : r;
    }
    label = r;
    if (r.len == 0)
        out->what = WHAT_EMPTY;
    else if (label_read(w, label, &out->i, &out->n) && (record || out->n == 0))
        out->what = record ? WHAT_STS_TARGET : WHAT_PROVIDER_HOST;
    if (out->what == WHAT_PROVIDER_HOST)
        out->n = provider;
}

static void operator_of(const struct world *w, struct rest r, struct rest domain, struct asked *out)
{
    static const struct {
        const char *does;
        enum host_kind kind;
        enum param limit;
    } TRADES[] = {{"-mail", HOST_OPERATOR, PARAM_OPERATORS},
                  {"-bundle", HOST_REGISTRAR, PARAM_REGISTRARS},
                  {"-sts", HOST_NONE, PARAM_PROVIDERS}};
    struct rest does = {domain.p + WORD_LETTERS, domain.len - WORD_LETTERS};
    uint64_t owner;

    if (is(domain, "first-mail")) {
        mx_of(r, HOST_FIRST, 0, out);
        return;
    }
    if (is(domain, "second-mail")) {
        customer_of(w, r, out);
        return;
    }
    if (domain.len <= WORD_LETTERS || !unspell(domain.p, WORD_LETTERS / 2, &owner))
        return;
    owner = permute_back(w, PERMUTE_WORDS, WORD_BITS, owner);
    for (unsigned n = 0; n < 3; n++) {
        if (!is(does, TRADES[n].does) || owner >= (uint64_t)w->param[TRADES[n].limit])
            continue;
        if (TRADES[n].kind == HOST_NONE)
            provider_of(w, r, (uint32_t)owner, out);
        else
            mx_of(r, TRADES[n].kind, owner, out);
    }
}

/* ---- names ---- */

static void below_name(struct rest r, struct asked *out)
{
    static const struct {
        const char *label;
        enum what what;
    } KNOWN[] = {{"_mta-sts", WHAT_STS},
                 {"mta-sts", WHAT_POLICY_HOST},
                 {"_smtp._tls", WHAT_RPT},
                 {"_dmarc", WHAT_DMARC},
                 {"_mta-sts.www", WHAT_STS_WWW}};
    uint64_t i = out->i;

    out->what = r.len == 0 ? WHAT_NAME : WHAT_BELOW;
    if (r.len == 0) {
        out->host = (struct host_id){HOST_APEX, i, 0};
        return;
    }
    for (unsigned n = 0; n < sizeof(KNOWN) / sizeof(KNOWN[0]); n++)
        if (is(r, KNOWN[n].label))
            out->what = KNOWN[n].what;
    if (is(r, "relay")) {
        out->what = WHAT_HOST;
        out->host = (struct host_id){HOST_TARGET, i, 0};
    } else if (r.len > 2 && r.p[0] == 'm') {
        mx_of(r, HOST_SELF, i, out);
    }
}

static void asked_of(const struct world *w, struct rest r, struct asked *out)
{
    struct rest tld, domain;

    *out = (struct asked){.what = WHAT_NOTHING};
    tld = last_label(&r);
    if (r.len == 0) { /* the root, a TLD */
        out->what = tld.len == 0 || tld_exists(tld.p, tld.len) ? WHAT_EMPTY : WHAT_NOTHING;
        return;
    }
    domain = last_label(&r);
    if (domain.len == NAME_LETTERS && name_read(w, domain.p, tld, &out->i))
        below_name(r, out);
    else if (is(tld, "net") && domain.len > 0 && memchr(domain.p, '-', domain.len))
        operator_of(w, r, domain, out);
}

/* "_25._tcp." before what is left (RFC 6698 section 3). */
static bool tlsa_owner(struct rest *r, uint32_t *port)
{
    const char *dot = memchr(r->p, '.', r->len);
    size_t before;

    if (!dot || !numbered((struct rest){r->p, (size_t)(dot - r->p)}, "_", 65536, port))
        return false;
    before = (size_t)(dot - r->p);
    if (r->len - before < 7 || memcmp(dot, "._tcp.", 6) != 0)
        return false;
    r->p += before + 6;
    r->len -= before + 6;
    return true;
}

void name_asked(const struct world *w, const char *name, size_t len, struct asked *out)
{
    char lower[NAME_BYTES] = {0};
    struct rest r = {lower, len}, host;
    uint32_t port = 0;

    *out = (struct asked){.what = WHAT_NOTHING};
    if (len >= NAME_BYTES)
        return;
    for (size_t n = 0; n < len; n++)
        lower[n] = (char)(name[n] >= 'A' && name[n] <= 'Z' ? name[n] + ('a' - 'A') : name[n]);
    if (len == 0 || lower[0] != '_') {
        asked_of(w, r, out);
        return;
    }
    host = r;
    if (tlsa_owner(&host, &port)) {
        asked_of(w, host, out);
        if (out->what == WHAT_HOST || out->what == WHAT_NAME) {
            out->what = WHAT_TLSA;
            out->n = port;
            return;
        }
    }
    asked_of(w, r, out);
}
