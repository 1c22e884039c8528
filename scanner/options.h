/* options.h - what the user asked for. Declared in options.def. Pure but for the files named. Thread: any. */
#ifndef STS_OPTIONS_H
#define STS_OPTIONS_H
#include "scanner/door.h"
#include "scanner/prefix.h"
#include "scanner/rates.h"
#include "scanner/servers.h"
#include "sinks/arena.h"
#include "sinks/record.h"

#include <stdio.h>

#define OPTIONS_MOST_DURATIONS 8
#define OPTIONS_NUMBER_BYTES   24

/* --records, bit by bit. */
enum option_records {
    RECORDS_MX = 1,
    RECORDS_STS = 2,
    RECORDS_RPT = 4,
    RECORDS_DMARC = 8,
    RECORDS_SPF = 16,
    RECORDS_A = 32
};
/* Values of --tlsa, --fetch-policy and --probe-implicit-mx. --ip-version has enum ip_version (door.h). */
enum option_when {
    WHEN_SIGNALLED = 0,
    WHEN_SECURE = 0, /* --tlsa */
    WHEN_ALWAYS = 1,
    WHEN_NEVER = 2
};
/* Values of --policy-addresses. */
enum option_addresses { ADDRESSES_ALL, ADDRESSES_FAMILY, ADDRESSES_ONE };
/* Values of --retry. */
enum option_again { AGAIN_INTERRUPTED, AGAIN_INCONCLUSIVE };
struct option_durations {
    uint64_t ms[OPTIONS_MOST_DURATIONS];
    uint32_t n;
};
struct option_sources {
    bool has_v4, has_v6;
    struct address v4, v6;
};

/* C types of the kinds of option. */
#define OPTION_FLAG      bool
#define OPTION_COUNT     uint64_t
#define OPTION_SEED      uint64_t
#define OPTION_DURATION  uint64_t
#define OPTION_SIZE      uint64_t
#define OPTION_CHOICE    unsigned
#define OPTION_TEXT      const char * /* borrowed from argv; NULL where not given */
#define OPTION_NAME      const char *
#define OPTION_CONTACT   const char *
#define OPTION_SERVERS   struct servers     /* owned */
#define OPTION_PREFIXES  struct prefix_set  /* owned, built; empty where not given */
#define OPTION_BLOCKLIST struct blocklist * /* owned; NULL where not given; the path is its text */
#define OPTION_DURATIONS struct option_durations
#define OPTION_RECORDS   unsigned /* enum option_records */
#define OPTION_SOURCES   struct option_sources

enum option_id {
#define GROUP(title)
#define OPT(kind, member, letter, name, arg, preset, least, most, help) OPT_##member,
#include "scanner/options.def"
#undef OPT
    OPTIONS_N
};

/* All zero is a valid empty one. Members are named as in options.def: o->window, o->dns_timeout_ms, ... */
struct options {
#define OPT(kind, member, letter, name, arg, preset, least, most, help) OPTION_##kind member;
#include "scanner/options.def"
#undef OPT
#undef GROUP
    const char **names; /* names to scan given as arguments: the list is owned, the strings are argv's */
    size_t n_names;
    char rates_text[RATES_N][OPTIONS_NUMBER_BYTES];
    const char *text[OPTIONS_N]; /* value in force as text, NULL where none; argv's, constant or rates_text */
    bool given[OPTIONS_N];       /* by the user: o->given[OPT_seed] */
};

/* Fill `o` from the command line and check it. STS_EINVAL: `err` says what is wrong, without "stscan: ". With
 * o->help, o->version or o->resume nothing is checked across options. options_fini() in any case. */
int options_parse(struct options *o, int argc, char *const *argv, struct sts_err *err) STS_CHECK;
/* After options_parse() with o->resume: take what the user did not give anew from the record of the scan,
 * into `arena` where it is text, and check all. STS_EINVAL: an option may not change, and `err` says why. */
int options_resume(struct options *o, const struct rec_scan *scan, struct arena *arena,
                   struct sts_err *err) STS_CHECK;
void options_fini(struct options *o);
/* Where --name-servers is not given, take those of `path`. Checks that they lie in the lab, if there is one.
 */
int options_default_servers(struct options *o, const char *path, struct sts_err *err) STS_CHECK;

/* Queries a second to this resolver; 0: no limit. */
uint64_t options_dns_rate(const struct options *o, const struct address *resolver);
/* To all of them together; 0: no limit. */
uint64_t options_total_dns_rate(const struct options *o);
/* The options in force for the scan record, in `arena`: all that have a value, by their long name. */
int options_in_force(const struct options *o, struct arena *arena, struct rec_option **out, uint32_t *n,
                     struct sts_err *err) STS_CHECK;
void options_print_help(FILE *out);
void options_print_version(FILE *out);
#endif
