#include "bench/sim/publish.h"
#include "bench/sim/text.h"

#include <string.h>

static void ascii_upper(char *s)
{
    for (; *s != '\0'; s++)
        if (*s >= 'a' && *s <= 'z')
            *s = (char)(*s - 'a' + 'A');
}

/* `label` in the place of the first label; of a host of no more than two, before all of it. */
static size_t other_label(const char *host, const char *label, char out[NAME_BYTES])
{
    const char *dot = strchr(host, '.');
    const char *behind = dot != NULL && strchr(dot + 1, '.') != NULL ? dot + 1 : host;
    struct text t = {out, 0, NAME_BYTES - 1, false};
    text_printf(&t, "%s.%s", label, behind);
    out[t.len] = '\0';
    return t.len;
}

/* A wildcard that names the host, "*.com" for "x.com"; of a host without a dot, the host. */
static size_t wildcard(const char *host, char out[NAME_BYTES])
{
    const char *dot = strchr(host, '.');
    struct text t = {out, 0, NAME_BYTES - 1, false};
    if (dot != NULL)
        text_puts(&t, "*");
    text_puts(&t, dot != NULL ? dot : host);
    out[t.len] = '\0';
    return t.len;
}

/* One label too far up; where that leaves none, one too low. */
static size_t deep_wildcard(const char *host, char out[NAME_BYTES])
{
    const char *dot = strchr(host, '.'), *second = dot != NULL ? strchr(dot + 1, '.') : NULL;
    struct text t = {out, 0, NAME_BYTES - 1, false};
    text_puts(&t, second != NULL ? "*" : "*.");
    text_puts(&t, second != NULL ? second : host);
    out[t.len] = '\0';
    return t.len;
}

/* A letter too much, before the last dot; another top-level domain. */
static size_t changed(const char *host, bool tld, char out[NAME_BYTES])
{
    const char *dot = strrchr(host, '.');
    size_t before = dot != NULL ? (size_t)(dot - host) : strlen(host);
    struct text t = {out, 0, NAME_BYTES - 1, false};
    text_put(&t, host, before);
    if (tld)
        text_puts(&t, dot != NULL && strcmp(dot, ".org") == 0 ? ".com" : ".org");
    else {
        if (before > 0)
            text_put(&t, host + before - 1, 1);
        if (dot != NULL)
            text_puts(&t, dot);
    }
    out[t.len] = '\0';
    return t.len;
}

/* MX host number k that a policy could list; false: no such. A null MX is none, and the name itself is one
 * where the MX is implicit (RFC 5321 section 5.1). */
static bool host_at(const struct world *w, const struct fate *f, unsigned k, char out[NAME_BYTES])
{
    for (uint32_t m = 0; m < f->n_mx; m++)
        if (f->mx[m].host.kind != HOST_NONE && k-- == 0) {
            host_name(w, &f->mx[m].host, out);
            return true;
        }
    return false;
}

static unsigned n_hosts(const struct fate *f)
{
    unsigned n = 0;
    for (uint32_t m = 0; m < f->n_mx; m++)
        n += f->mx[m].host.kind != HOST_NONE;
    return n;
}

static unsigned most_preferred(const struct fate *f)
{
    unsigned best = 0, k = 0;
    uint32_t preference = UINT32_MAX;
    for (uint32_t m = 0; m < f->n_mx; m++) {
        if (f->mx[m].host.kind == HOST_NONE)
            continue;
        if (f->mx[m].preference < preference) {
            preference = f->mx[m].preference;
            best = k;
        }
        k++;
    }
    return best;
}

/* One pattern whatever the hosts are. */
static size_t single(const struct world *w, const struct fate *f, char out[NAME_BYTES])
{
    char host[NAME_BYTES];
    if (f->listing == LISTING_PARTIAL && host_at(w, f, most_preferred(f), out))
        return strlen(out);
    if (f->listing == LISTING_POLICY_HOST)
        return policy_host_name(w, f->i, out);
    if (f->listing == LISTING_TARGET) {
        struct host_id target = {HOST_TARGET, f->i, 0};
        return host_name(w, &target, out);
    }
    struct text t = {out, 0, NAME_BYTES - 1, false};
    name_of(w, f->i, host);
    text_printf(&t, f->mail == MAIL_IMPLICIT ? "%s" : "mx1.%s", host);
    out[t.len] = '\0';
    return t.len;
}

static size_t pattern_of(const struct world *w, const struct fate *f, unsigned k, char out[NAME_BYTES])
{
    char host[NAME_BYTES];
    if (!host_at(w, f, k, host))
        return 0;
    size_t len = strlen(host);
    switch (f->listing) {
    case LISTING_WILDCARD: return wildcard(host, out);
    case LISTING_DEEP: return deep_wildcard(host, out);
    case LISTING_THIRD_LEVEL: return other_label(host, "inbound", out);
    case LISTING_TYPO: return changed(host, false, out);
    case LISTING_TLD: return changed(host, true, out);
    case LISTING_DOMAIN: {
        struct text t = {out, 0, NAME_BYTES - 1, false};
        text_printf(&t, "mx%u.former-mail.net", k + 1);
        out[t.len] = '\0';
        return t.len;
    }
    default: break;
    }
    if (f->listing == LISTING_CASE)
        ascii_upper(host);
    memcpy(out, host, len + 1);
    return len;
}

/* Patterns of neighbours that are alike are one. */
static size_t pattern_of_its_own(const struct world *w, const struct fate *f, unsigned k,
                                 char out[NAME_BYTES])
{
    char last[NAME_BYTES] = "";
    size_t len;

    for (unsigned at = 0; (len = pattern_of(w, f, at, out)) > 0; at++) {
        if (strcmp(out, last) != 0 && k-- == 0)
            return len;
        memcpy(last, out, len + 1);
    }
    return 0;
}

size_t publish_pattern(const struct world *w, const struct fate *f, unsigned k, char out[NAME_BYTES])
{
    switch (f->listing) {
    case LISTING_PARTIAL:
    case LISTING_POLICY_HOST:
    case LISTING_TARGET: return k == 0 ? single(w, f, out) : 0;
    case LISTING_WILDCARD:
    case LISTING_DEEP:
        return n_hosts(f) == 0 && k == 0 ? single(w, f, out) : pattern_of_its_own(w, f, k, out);
    default: return n_hosts(f) == 0 && k == 0 ? single(w, f, out) : pattern_of(w, f, k, out);
    }
}
