#include "scanner/preflight.h"

#include "scanner/network.h"
#include "scanner/preflight_dns.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>

#define LABEL_LETTERS 24 /* of a name that does not exist */
#define LABEL_BYTES   (LABEL_LETTERS + 1)
#define NAME_BYTES    256
#define SOURCES_MOST  2            /* one of each family */
#define FAR_V4        "198.41.0.4" /* a.root-servers.net: in no table but by a route to the Internet */
#define FAR_V6        "2001:503:ba3e::2:30"

/* ---- descriptors ---- */

static void look_at_descriptors(const struct preflight_env *env, struct checks *out)
{
    uint64_t wanted = env->options->max_connections;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        checks_add(out, "descriptors", CHECK_NOT_LOOKED, "the system does not tell its limit of open files");
    else if (env->max_connections < wanted)
        checks_add(out, "descriptors", CHECK_WARNING,
                   "--max-connections lowered from %" PRIu64 " to %" PRIu32
                   ": the limit of open files is %llu; raise it with ulimit -n",
                   wanted, env->max_connections, (unsigned long long)limit.rlim_cur);
    else
        checks_add(out, "descriptors", CHECK_FINE,
                   "%llu open files allowed, room for %" PRIu32 " connections",
                   (unsigned long long)limit.rlim_cur, env->max_connections);
}

/* ---- routes ---- */

struct route {
    const char *check, *family, *other; /* name of the check, of the family, option value without it */
    const char *far;
    enum ip_version only_other; /* --ip-version with which this family is off */
    bool v4;
};
static const struct route routes[] = {
    {"route4", "IPv4", "6", FAR_V4, IP_VERSION_6, true},
    {"route6", "IPv6", "4", FAR_V6, IP_VERSION_4, false},
};

static const struct address *bound_to(const struct option_sources *sources, bool v4)
{
    if (v4)
        return sources->has_v4 ? &sources->v4 : NULL;
    return sources->has_v6 ? &sources->v6 : NULL;
}

/* The address that packets to the Internet would come from. Returns 0 or an errno. */
static int find_source(const struct options *o, const struct route *route, struct address *source)
{
    const struct address *local = bound_to(&o->local_addr, route->v4);
    struct address far;

    return address_parse(route->far, &far) == STS_OK ? network_route(local, &far, source) : EINVAL;
}

static bool contacts_nobody(const struct options *o)
{
    return o->no_starttls && o->fetch_policy == WHEN_NEVER;
}

/* Why routes do not matter; NULL: they do. */
static const char *no_route_wanted(const struct options *o, const struct route *route)
{
    if (o->lab.n_entries > 0)
        return "a lab needs none";
    if (contacts_nobody(o))
        return "nobody but resolvers is contacted";
    return o->ip_version == (unsigned)route->only_other ? "switched off by --ip-version" : NULL;
}

/* Appends to `sources` what was found. */
static void look_at_routes(const struct options *o, struct source_view sources[SOURCES_MOST],
                           uint32_t *n_sources, struct checks *out)
{
    int errors[STS_LEN(routes)] = {0};
    uint32_t n_missing = 0, n_wanted = 0;

    for (unsigned i = 0; i < STS_LEN(routes); i++) {
        if (no_route_wanted(o, &routes[i]) != NULL)
            continue;
        n_wanted++;
        errors[i] = find_source(o, &routes[i], &sources[*n_sources].address);
        *(errors[i] == 0 ? n_sources : &n_missing) += 1;
    }
    for (unsigned i = 0, at = 0; i < STS_LEN(routes); i++) {
        const char *why = no_route_wanted(o, &routes[i]);
        char ip[ADDRESS_TEXT_BYTES];

        if (why != NULL)
            checks_add(out, routes[i].check, CHECK_NOT_LOOKED, "%s", why);
        else if (errors[i] == 0) {
            address_format(&sources[at++].address, ip);
            checks_add(out, routes[i].check, CHECK_FINE, "there is one, from %s", ip);
        } else if (n_missing == n_wanted)
            checks_add(out, routes[i].check, CHECK_FAILED,
                       "no way to the Internet by %s (%s): nobody can be contacted", routes[i].family,
                       strerror(errors[i]));
        else
            checks_add(
                out, routes[i].check, CHECK_WARNING,
                "no way to the Internet by %s (%s): what has only such addresses is recorded as out of "
                "our reach; --ip-version %s leaves them out",
                routes[i].family, strerror(errors[i]), routes[i].other);
    }
}

/* ---- our own name ---- */

/* Sources that servers do not see, or that greet nobody, are not looked up: they leave the list. */
static void choose_sources(const struct options *o, struct source_view *sources, uint32_t *n,
                           struct checks *out)
{
    uint32_t kept = 0;

    if (o->lab.n_entries > 0 || o->no_starttls) {
        checks_add(out, "ptr", CHECK_NOT_LOOKED, "%s",
                   o->lab.n_entries > 0 ? "a lab needs none" : "no MX host is greeted");
        *n = 0;
    } else if (*n == 0) {
        checks_add(out, "ptr", CHECK_NOT_LOOKED, "without a route there is no source address");
    }
    for (uint32_t i = 0; i < *n; i++) {
        char ip[ADDRESS_TEXT_BYTES];

        address_format(&sources[i].address, ip);
        if (address_is_private(&sources[i].address))
            checks_add(out, "ptr", CHECK_NOT_LOOKED,
                       "%s is private: servers see another address; its PTR should "
                       "be the EHLO name",
                       ip);
        else
            sources[kept++] = sources[i];
    }
    *n = kept;
}

/* ---- all ---- */

static int random_label(char out[LABEL_BYTES], struct sts_err *err)
{
    uint8_t bytes[LABEL_LETTERS];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return sts_fail(err, STS_ESYS, "no random numbers from the system");
    for (unsigned i = 0; i < LABEL_LETTERS; i++)
        out[i] = (char)('a' + bytes[i] % 26);
    out[LABEL_LETTERS] = '\0';
    return STS_OK;
}

static int ask_resolvers(const struct preflight_env *env, struct source_view *sources, uint32_t n_sources,
                         struct checks *out, struct sts_err *err)
{
    const struct options *o = env->options;
    char label[LABEL_BYTES], absent[LABEL_BYTES + NAME_BYTES], www[LABEL_BYTES + sizeof("www..com")];
    bool root = o->probe_nxdomain == NULL;
    struct preflight_names names = {.zone = root ? "." : o->probe_nxdomain,
                                    .absent = absent,
                                    .www = root && o->lab.n_entries == 0 ? www : NULL,
                                    .signed_name = o->probe_signed,
                                    .bogus = o->probe_bogus};
    struct resolver_view *views = arena_alloc(out->arena, o->name_servers.n * sizeof(*views));

    if (views == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    if (random_label(label, err) != STS_OK)
        return err->code;
    snprintf(absent, sizeof(absent), "%s%s%s", label, root ? "" : ".", root ? "" : o->probe_nxdomain);
    snprintf(www, sizeof(www), "www.%s.com", label);
    if (preflight_ask(o, &names, env->ehlo_name, views, sources, n_sources, out->arena, err) != STS_OK)
        return err->code;
    judge_resolvers(o, &names, views, o->name_servers.n, out);
    for (uint32_t i = 0; i < n_sources; i++)
        judge_source(&sources[i], env->ehlo_name, out);
    return STS_OK;
}

int preflight_run(const struct preflight_env *env, struct checks *out, struct sts_err *err)
{
    struct source_view sources[SOURCES_MOST] = {{{{0}}, NULL, NULL}};
    uint32_t n_sources = 0;

    look_at_descriptors(env, out);
    look_at_routes(env->options, sources, &n_sources, out);
    choose_sources(env->options, sources, &n_sources, out);
    if (ask_resolvers(env, sources, n_sources, out, err) != STS_OK)
        return err->code;
    return out->no_memory ? sts_fail(err, STS_ENOMEM, "out of memory") : STS_OK;
}
