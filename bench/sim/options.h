/* options.h - the command line of stsim: one set of options for all its commands, each of which uses its own.
 */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H
#include "bench/sim/world.h"

enum command { COMMAND_SERVE, COMMAND_NAMES, COMMAND_TRUTH, COMMAND_CLASSES };
enum names_format { NAMES_PLAIN, NAMES_RANKED, NAMES_ZONE };

struct options {
    enum command command;
    struct world world;
    char profile[4096];     /* the file that was read */
    const char *oversample; /* as given, with blanks between several; NULL: none */
    /* names, truth */
    uint64_t first, count; /* which names; count 0: all from first on */
    enum names_format format;
    unsigned mx_limit; /* of the scan that the truth is told for */
    /* serve */
    const char *dns_address;
    uint16_t dns_port, https_port, smtp_port;
    double latency;                  /* factor for the latencies of the profile */
    const char *ca_out, *stats_json; /* NULL: not written */
    bool quiet;
};

/* Reads argv, --help and --version included, and the profile. False: what is wrong was said to standard
 * error. Texts are borrowed from argv; options_fini frees the rest. */
bool options_read(struct options *o, int argc, char **argv);
void options_fini(struct options *o);
#endif
