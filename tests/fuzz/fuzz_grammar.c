/* fuzz_grammar.c - the records and policies of strangers: every reading ends, in bounds, and agrees with
 * itself. Input: any text; it is read as a record of MTA-STS, of TLS-RPT and as a policy. */
#include "analysis/policy_class.h"
#include "analysis/sts_txt.h"
#include "analysis/tlsrpt.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool right)
{
    if (!right)
        abort();
}

/* Valid is what has no defect; each defect is at a place in the text, or at its end. */
static void check_defects(enum verdict verdict, const struct defects *defects, struct sts_str text)
{
    check((verdict == VERDICT_INVALID) == (defects->n > 0));
    for (uint32_t i = 0; i < defects->n && i < DEFECTS_KEPT; i++)
        check(defects->v[i].offset <= text.len && defects->v[i].id > DEFECT_NONE &&
              defects->v[i].id < DEFECT_LIMIT);
}

static void read_records(struct sts_str text)
{
    struct sts_txt sts;
    struct tlsrpt rpt;

    sts_txt_init(&sts);
    sts_txt_add(&sts, text);
    check_defects(sts.verdict, &sts.defects, text);
    check((sts.verdict == VERDICT_VALID) <= (sts.id[0] != '\0' && sts.n_records == 1));
    sts_txt_add(&sts, text);
    check((sts.n_records == 2) == (sts.verdict == VERDICT_MULTIPLE));
    tlsrpt_init(&rpt);
    tlsrpt_add(&rpt, text);
    check_defects(rpt.verdict, &rpt.defects, text);
    check((rpt.verdict == VERDICT_VALID) <= (rpt.n_mailto + rpt.n_https + rpt.n_other_scheme > 0));
}

static void read_policy(struct sts_str text)
{
    struct sts_policy policy;
    struct sts_str pattern;
    uint32_t at = 0, n_mx = 0;

    sts_policy_read(&policy, text);
    check_defects(policy.verdict, &policy.defects, text);
    if (policy.verdict == VERDICT_VALID)
        check(policy.mode != STS_MODE_UNKNOWN && policy.max_age_s <= STS_MAX_AGE_MOST &&
              (policy.n_mx > 0 || policy.mode == STS_MODE_NONE));
    while (sts_policy_next_mx(text, &at, &pattern)) {
        n_mx++;
        check(pattern.p[0] == '*' || sts_policy_mx_match(pattern, pattern));
    }
    check(n_mx >= policy.n_mx);
    (void)http_header(text, "Content-Type");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sts_str text = {(const char *)data, (uint32_t)len};

    if (len <= 65536) {
        read_records(text);
        read_policy(text);
    }
    return 0;
}
