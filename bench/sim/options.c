#include "bench/sim/options.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_CHANGES 256 /* --set, --oversample, --only */

enum key {
    KEY_FIRST = 1000,
    KEY_COUNT,
    KEY_FORMAT,
    KEY_MX_LIMIT,
    KEY_DNS_ADDRESS,
    KEY_DNS_PORT,
    KEY_HTTPS_PORT,
    KEY_SMTP_PORT,
    KEY_LATENCY,
    KEY_CA_OUT,
    KEY_STATS_JSON,
    KEY_SET,
    KEY_OVERSAMPLE,
    KEY_ONLY
};

static const struct argp_option rows[] = {
    {NULL, 0, NULL, 0, "The population:", 1},
    {"names", 'n', "N", 0, "how many names (default 20000)", 1},
    {"seed", 's', "N", 0, "another seed, another internet (default 1)", 1},
    {"profile", 'p', "zone|toplist|FILE", 0, "how often each class occurs (default toplist)", 1},
    {"set", KEY_SET, "KEY=VALUE", 0, "overrule a line of the profile", 1},
    {"oversample", KEY_OVERSAMPLE, "CLASS=FACTOR", 0,
     "draw a class, or all of a group (sts=100), that many times as often; the truth tells each name's "
     "weight",
     1},
    {"only", KEY_ONLY, "CLASS", 0, "every name shows this class, and is right in all else", 1},
    {NULL, 0, NULL, 0, "names, truth:", 2},
    {"first", KEY_FIRST, "I", 0, "begin with name I, from 0 (default 0)", 2},
    {"count", KEY_COUNT, "M", 0, "so many names (default: all that are left)", 2},
    {"format", KEY_FORMAT, "plain|ranked|zone", 0,
     "of the names: one a line, rank,name, or a zone file (default plain)", 2},
    {"mx-limit", KEY_MX_LIMIT, "N", 0, "--mx-limit of the scan (default 20)", 2},
    {NULL, 0, NULL, 0, "serve:", 3},
    {"dns-address", KEY_DNS_ADDRESS, "IP", 0, "DNS is served at this address (default 127.0.0.1)", 3},
    {"dns-port", KEY_DNS_PORT, "PORT", 0, "of DNS, by UDP and TCP (default 5300)", 3},
    {"https-port", KEY_HTTPS_PORT, "PORT", 0, "at all of 127.0.0.0/8 (default 8443)", 3},
    {"smtp-port", KEY_SMTP_PORT, "PORT", 0, "at all of 127.0.0.0/8 (default 2525)", 3},
    {"latency", KEY_LATENCY, "FACTOR", 0, "times the latencies of the profile; 0: answer at once (default 1)",
     3},
    {"ca-out", KEY_CA_OUT, "FILE", 0, "write the trusted root there, for stscan --ca-file", 3},
    {"stats-json", KEY_STATS_JSON, "FILE", 0, "write the statistics there at the end; -: to standard output",
     3},
    {"quiet", 'q', NULL, 0, "no status line", 3},
    {0}};

struct parse {
    struct options *o;
    const char *profile;
    struct {
        enum key key;
        const char *text;
    } changes[MOST_CHANGES];
    unsigned n_changes;
    bool has_command;
};

static uint64_t number(struct argp_state *state, const char *name, const char *text, uint64_t least,
                       uint64_t most)
{
    unsigned long long n;
    char *end;

    errno = 0;
    n = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || n < least || n > most)
        argp_error(state, "--%s takes a number from %llu to %llu, not \"%s\"", name,
                   (unsigned long long)least, (unsigned long long)most, text);
    return n;
}

static double factor(struct argp_state *state, const char *text)
{
    char *end;
    double x = strtod(text, &end);

    if (end == text || *end != '\0' || !(x >= 0 && x <= 1000))
        argp_error(state, "--latency takes a factor from 0 to 1000, not \"%s\"", text);
    return x;
}

static unsigned choice(struct argp_state *state, const char *name, const char *text, const char *const *words,
                       unsigned n)
{
    unsigned i;

    for (i = 0; i < n && strcmp(text, words[i]) != 0; i++)
        ;
    if (i == n)
        argp_error(state, "%s: no \"%s\"", name, text);
    return i;
}

static void later(struct argp_state *state, struct parse *p, int key, const char *text)
{
    if (p->n_changes == MOST_CHANGES)
        argp_error(state, "more than %d times --set, --oversample and --only", MOST_CHANGES);
    p->changes[p->n_changes].key = (enum key)key;
    p->changes[p->n_changes++].text = text;
}

static error_t on_serve(int key, char *text, struct argp_state *state)
{
    struct options *o = ((struct parse *)state->input)->o;

    switch (key) {
    case KEY_DNS_ADDRESS: o->dns_address = text; return 0;
    case KEY_DNS_PORT: o->dns_port = (uint16_t)number(state, "dns-port", text, 1, UINT16_MAX); return 0;
    case KEY_HTTPS_PORT: o->https_port = (uint16_t)number(state, "https-port", text, 1, UINT16_MAX); return 0;
    case KEY_SMTP_PORT: o->smtp_port = (uint16_t)number(state, "smtp-port", text, 1, UINT16_MAX); return 0;
    case KEY_LATENCY: o->latency = factor(state, text); return 0;
    case KEY_CA_OUT: o->ca_out = text; return 0;
    case KEY_STATS_JSON: o->stats_json = text; return 0;
    case 'q': o->quiet = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static error_t on_option(int key, char *text, struct argp_state *state)
{
    static const char *const commands[] = {"serve", "names", "truth", "classes"};
    static const char *const formats[] = {"plain", "ranked", "zone"};
    struct parse *p = state->input;
    struct options *o = p->o;

    switch (key) {
    case 'n': o->world.n_names = number(state, "names", text, 1, WORLD_MOST_NAMES); return 0;
    case 's': o->world.seed = number(state, "seed", text, 0, UINT64_MAX); return 0;
    case 'p': p->profile = text; return 0;
    case KEY_SET:
    case KEY_OVERSAMPLE:
    case KEY_ONLY: later(state, p, key, text); return 0;
    case KEY_FIRST: o->first = number(state, "first", text, 0, WORLD_MOST_NAMES); return 0;
    case KEY_COUNT: o->count = number(state, "count", text, 1, WORLD_MOST_NAMES); return 0;
    case KEY_FORMAT: o->format = (enum names_format)choice(state, "--format", text, formats, 3); return 0;
    case KEY_MX_LIMIT: o->mx_limit = (unsigned)number(state, "mx-limit", text, 1, 1000); return 0;
    case ARGP_KEY_ARG:
        if (p->has_command)
            argp_error(state, "one command at a time: \"%s\" is too much", text);
        o->command =
            (enum command)choice(state, "commands are serve, names, truth and classes", text, commands, 4);
        p->has_command = true;
        return 0;
    case ARGP_KEY_END:
        if (!p->has_command)
            argp_error(state, "a command is missing: serve, names, truth or classes");
        return 0;
    default: return on_serve(key, text, state);
    }
}

/* A word is a profile that comes with the program: in data/ beside the build, or where it was installed. */
static void find_profile(const char *word, char *path, size_t size)
{
    static const char *const places[] = {"../data", "../share/stscan"};
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    char *slash;

    snprintf(path, size, "%s", word);
    if (strchr(word, '/') != NULL || access(word, R_OK) == 0 || len <= 0)
        return;
    program[len] = '\0';
    slash = strrchr(program, '/');
    if (slash != NULL)
        *slash = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int n = snprintf(path, size, "%s/%s/%s.profile", program, places[i], word);

        if (n > 0 && (size_t)n < size && access(path, R_OK) == 0)
            return;
    }
    snprintf(path, size, "%s", word);
}

static bool change(struct options *o, enum key key, const char *text, char *error, size_t error_len)
{
    switch (key) {
    case KEY_SET: return world_set(&o->world, text, error, error_len);
    case KEY_OVERSAMPLE: return world_oversample(&o->world, text, error, error_len);
    default: return world_only(&o->world, text, error, error_len);
    }
}

/* The profile, then what changes it: lines first, since factors are of what they say. */
static bool make_world(struct options *o, const struct parse *p, char *error, size_t error_len)
{
    static const enum key order[] = {KEY_SET, KEY_OVERSAMPLE, KEY_ONLY};

    find_profile(p->profile, o->profile, sizeof(o->profile));
    if (!world_read(&o->world, o->profile, error, error_len))
        return false;
    for (size_t pass = 0; pass < sizeof(order) / sizeof(order[0]); pass++) {
        for (unsigned i = 0; i < p->n_changes; i++)
            if (p->changes[i].key == order[pass] &&
                !change(o, order[pass], p->changes[i].text, error, error_len))
                return false;
    }
    return world_finish(&o->world, error, error_len);
}

static bool note_oversample(struct options *o, const struct parse *p)
{
    char *all = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&all, &len);
    bool good = out != NULL;

    for (unsigned i = 0; good && i < p->n_changes; i++)
        if (p->changes[i].key == KEY_OVERSAMPLE)
            fprintf(out, "%s%s", ftell(out) > 0 ? " " : "", p->changes[i].text);
    good = good && fclose(out) == 0;
    o->oversample = all;
    if (good && len == 0) {
        free(all);
        o->oversample = NULL;
    }
    return good;
}

bool options_read(struct options *o, int argc, char **argv)
{
    static const struct argp argp = {
        rows,
        on_option,
        "serve|names|truth|classes",
        "A simulated internet on loopback: DNS, HTTPS and SMTP for any number of names, all of it computed "
        "from a seed.\n\n"
        "  serve     answer, until SIGINT or SIGTERM\n"
        "  names     print the names: the input of a scan\n"
        "  truth     print what a right measurement must find: JSON, a line a name\n"
        "  classes   print what names and servers can be like: the words behind\n"
        "            --only and --oversample\v"
        "Equal options make an equal internet: give all commands the same.\n\n"
        "  stsim serve --names 20000 --ca-out ca.pem &\n"
        "  stsim names --names 20000 | stscan -f - -o scan \\\n"
        "      --lab 127.0.0.0/8,::1 --name-servers 127.0.0.1:5300 \\\n"
        "      --smtp-port 2525 --https-port 8443 --ca-file ca.pem\n"
        "  stsim truth --names 20000 > truth.ndjson",
        NULL,
        NULL,
        NULL};
    struct parse p = {.o = o, .profile = "toplist"};
    char error[512] = "out of memory";

    *o = (struct options){.world = {.n_names = 20000, .seed = 1},
                          .mx_limit = 20,
                          .dns_address = "127.0.0.1",
                          .dns_port = 5300,
                          .https_port = 8443,
                          .smtp_port = 2525,
                          .latency = 1};
    if (argp_parse(&argp, argc, argv, 0, NULL, &p) != 0)
        return false;
    if (!make_world(o, &p, error, sizeof(error)) || !note_oversample(o, &p)) {
        fprintf(stderr, "stsim: %s\n", error);
        return false;
    }
    return true;
}

void options_fini(struct options *o)
{
    free((char *)o->oversample);
}
