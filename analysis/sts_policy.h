/* sts_policy.h - the MTA-STS policy, RFC 8461 section 3.2, read strictly and leniently. Pure. Thread: any; no
 * state. The ABNF lets a bad "mx:" or "mode:" line pass as an unknown field, which is ignored; the strict
 * reading here takes it as what it was meant to be, and `rescued` says where that makes the difference. */
#ifndef STS_STS_POLICY_H
#define STS_STS_POLICY_H
#include "analysis/defect.h"

#define STS_MAX_AGE_MOST         31557600 /* s, RFC 8461 section 3.2 */
#define STS_LENIENT_MAX_AGE_MOST INT32_MAX

enum sts_mode { STS_MODE_UNKNOWN, STS_MODE_NONE, STS_MODE_TESTING, STS_MODE_ENFORCE };

/* What one way of reading makes of a body. */
struct sts_policy_reading {
    enum verdict verdict; /* valid or invalid */
    enum sts_mode mode;
    uint64_t max_age_s;
    uint32_t n_mx; /* right ones */
};
struct sts_policy {
    enum verdict verdict; /* by the ABNF: valid or invalid */
    enum sts_mode mode;
    uint64_t max_age_s;                /* 0 where it is no number */
    uint32_t n_mx;                     /* right ones */
    struct sts_policy_reading lenient; /* as deployed senders read it: sts_policy.c says what they forgive */
    bool rescued; /* invalid only for wrong mx or mode lines that the ABNF also lets pass as unknown fields */
    struct defects defects;
};

void sts_policy_read(struct sts_policy *policy, struct sts_str body);
const char *sts_mode_name(enum sts_mode mode);

/* The mx patterns of a body, in order: start with *at = 0; false at the end. Wrong ones are passed over. */
bool sts_policy_next_mx(struct sts_str body, uint32_t *at, struct sts_str *pattern);
/* The same for the lenient reading. Its patterns may have underscores, stand in a list, and begin with a dot
 * for "*."; a dot at the end is left out. */
bool sts_policy_next_lenient_mx(struct sts_str body, uint32_t *at, struct sts_str *pattern);
/* RFC 8461 section 4.1: "*." (leniently also a dot alone) stands for exactly one label; letters of either
 * case. */
bool sts_policy_mx_match(struct sts_str pattern, struct sts_str host);
#endif
