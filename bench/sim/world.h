/* world.h - the simulated internet: how many names, the seed, and the profile, which says how often what
 * happens. Everything that any part of it is or does is a pure function of these. Thread: any, once it is set
 * up. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H
#include "bench/sim/class.h"

#define WORLD_MOST_NAMES (UINT64_C(1) << 30)

/* Parameters of a profile that are no rates of classes: params.def, PARAM(id, "key", lowest, highest, doc).
 */
#define PARAM(id, ...) PARAM_##id,
enum param {
#include "bench/sim/params.def"
    PARAM_LIMIT
};

/* Which rates draw a class: a group may have more than one table, for names or servers of different sorts. In
 * a profile the key of a rate is "TABLE.CLASS", as in policy-self.policy-404. */
enum table {
    TABLE_MAIL,
    TABLE_MXSET,
    TABLE_STS,         /* of names with MX */
    TABLE_STS_NO_MX,   /* of names without */
    TABLE_RPT,         /* without a valid MTA-STS record */
    TABLE_RPT_STS,     /* with one */
    TABLE_POLICY_SELF, /* policy host of its own */
    TABLE_POLICY_THIRD,
    TABLE_BODY,
    TABLE_LISTING,
    TABLE_SMTP_SELF,
    TABLE_SMTP_STS,      /* own MX hosts of names with an MTA-STS record */
    TABLE_SMTP_OPERATOR, /* of the tail; the large ones are right */
    TABLE_TLSA,
    TABLE_QUERY,
    TABLE_LIMIT
};
const char *table_name(enum table t);
enum group table_group(enum table t);

struct world {
    uint64_t n_names, seed;
    double param[PARAM_LIMIT];
    double rate[TABLE_LIMIT][CLASS_MOST]; /* what is drawn by: oversampled; each table sums to 1 */
    double natural[TABLE_LIMIT]
                  [CLASS_MOST]; /* what the profile says; a name's weight is the product of natural / rate */
    bool only;                  /* every name shows class only_class of only_group, and else is right */
    enum group only_group;
    unsigned only_class;
};

/* Until world_finish, `rate` holds factors of oversampling, and `natural` is not a number where nothing is
 * said. All of it from a profile: "key value # source" a line, '#' begins a comment; what a table leaves of 1
 * is its first class. False: `error` says what is wrong, with file:line. */
bool world_read(struct world *w, const char *path, char *error, size_t error_len);
/* "key=value", as in the profile. Before world_finish. */
bool world_set(struct world *w, const char *assignment, char *error, size_t error_len);
/* "sts=100" (every class of the group or table but its first), "sts-multi=1000" (one class): that many times
 * as often, as far as there is room: a table's first class keeps a twentieth, or its own rate where that is
 * less. Of the table "query" no weight is told: it is drawn for questions, not for names. */
bool world_oversample(struct world *w, const char *assignment, char *error, size_t error_len);
bool world_only(struct world *w, const char *class_name, char *error, size_t error_len);
/* Once all is said: fills what is left, checks sums. */
bool world_finish(struct world *w, char *error, size_t error_len);

/* ---- chance: equal for equal arguments ---- */

enum purpose {
    DRAW_MAIL,
    DRAW_MXSET,
    DRAW_N_MX,
    DRAW_OPERATOR,
    DRAW_STS,
    DRAW_RPT,
    DRAW_SPF,
    DRAW_DMARC,
    DRAW_POLICY,
    DRAW_THIRD,
    DRAW_BODY,
    DRAW_MODE,
    DRAW_MAX_AGE,
    DRAW_LISTING,
    DRAW_SMTP,
    DRAW_TLSA,
    DRAW_QUERY,
    DRAW_TLD,
    DRAW_TTL,
    DRAW_TOKEN,
    DRAW_LATENCY,
    DRAW_ADDRESS,
    DRAW_CERT,
    DRAW_TEXT
};
uint64_t draw(const struct world *w, enum purpose p, uint64_t a, uint64_t b);
double draw_unit(const struct world *w, enum purpose p, uint64_t a, uint64_t b); /* [0, 1) */
/* A class of a table; *weight is multiplied by natural / drawn rate. */
unsigned draw_class(const struct world *w, enum table t, enum purpose p, uint64_t a, uint64_t b,
                    double *weight);
/* Median `median`, of the logarithm sigma `sigma`. */
double draw_lognormal(const struct world *w, enum purpose p, uint64_t a, uint64_t b, double median,
                      double sigma);
#endif
