/* stats.h - counters, and the table of statistics made of them (stats.def). Not thread-safe. */
#ifndef STS_STATS_H
#define STS_STATS_H
#include "analysis/domain_verdict.h"
#include "analysis/join.h"
#include "analysis/name_class.h"

enum counter {
#define COUNTER(id, noun) C_##id,
#define SECTION(id, title)
#define STAT(id, num, den, label)
#include "analysis/stats.def"
#undef COUNTER
#undef SECTION
#undef STAT
    COUNTER_LIMIT
};

/* A row of the table: a section's title (`num` and `den` mean nothing then), or a share. */
struct stat_row {
    bool is_section;
    const char *id, *label;
    enum counter num, den;
};
extern const struct stat_row stat_rows[];
extern const unsigned n_stat_rows;
const char *counter_id(enum counter c);
const char *counter_noun(enum counter c);

/* What has outcomes: kinds of record, and the questions in them. */
enum outcome_set {
    SET_DOMAIN,
    SET_MX,
    SET_STS,
    SET_RPT,
    SET_DMARC,
    SET_SPF,
    SET_A,
    SET_AAAA,
    SET_WILD,
    SET_HOST,
    SET_HOST_A,
    SET_HOST_AAAA,
    SET_HOST_TLSA,
    SET_POLICY,
    SET_POLICY_A,
    SET_POLICY_AAAA,
    SET_ENDPOINT,
    SET_LIMIT
};
const char *outcome_set_name(enum outcome_set set); /* "domain.mx" */

struct stats {
    uint64_t n[COUNTER_LIMIT];
    uint64_t outcomes[SET_LIMIT][OUTCOME_LIMIT];
    uint64_t defects[DEFECT_LIMIT]; /* names by the first defect of their record or policy */
    struct domain_verdict *verdict; /* scratch */
    char joined[TXT_JOINED_BYTES];  /* scratch */
};

struct stats *stats_new(void); /* NULL: no memory */
void stats_free(struct stats *s);
int stats_domain(struct stats *s, const struct join *j, const struct rec_domain *d,
                 struct sts_err *err) STS_CHECK;
/* A part of it: what becomes of messages. */
int stats_verdict(struct stats *s, const struct join *j, const struct rec_domain *d,
                  struct sts_err *err) STS_CHECK;
void stats_joined(struct stats *s, const struct join *j); /* hosts, endpoints and addresses, once */
#endif
