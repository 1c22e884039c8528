/* fuzz_grammar.c - the records and policies of strangers: every reading ends, in bounds, and agrees with
 * itself. Input: any text; it is read as a record of MTA-STS, of TLS-RPT and as a policy, which may be coded.
 */
#include "analysis/policy_class.h"
#include "analysis/sts_txt.h"
#include "analysis/tlsrpt.h"

#include <stdlib.h>
#include <string.h>

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

/* What keeps the grammar is taken leniently too, and no reading sees a record where the other sees none. */
static void check_verdicts(enum verdict strict, enum verdict lenient)
{
    check((strict == VERDICT_VALID) <= (lenient == VERDICT_VALID));
    check((strict == VERDICT_NONE) == (lenient == VERDICT_NONE));
}

static void read_sts_record(struct sts_str text)
{
    struct sts_txt t;

    sts_txt_init(&t);
    sts_txt_add(&t, text);
    check_defects(t.verdict, &t.defects, text);
    check_verdicts(t.verdict, t.lenient);
    check((t.verdict == VERDICT_VALID) <=
          (t.id[0] != '\0' && t.count.n_records == 1 && strcmp(t.id, t.lenient_id) == 0));
    for (const char *c = t.lenient_id; *c != '\0'; c++)
        check(*c >= 0x20 && *c <= 0x7e);
    sts_txt_add(&t, text);
    check((t.count.n_records == 2) == (t.verdict == VERDICT_MULTIPLE));
    check((t.count.n_lenient == 2) == (t.lenient == VERDICT_MULTIPLE));
    check(t.count.at == 0 && t.count.n_texts == 2);
}

static void check_uris(const struct tlsrpt *t, struct sts_str text)
{
    struct sts_str uri, lenient;
    uint32_t at = 0, lenient_at = 0, n[3] = {0};

    while (tlsrpt_next_uri(t, text, false, &at, &uri)) {
        struct sts_str scheme = tlsrpt_scheme(uri);

        check(scheme.len > 0 && scheme.len < uri.len);
        n[sts_str_equal(scheme, sts_str("mailto")) ? 0 : sts_str_equal(scheme, sts_str("https")) ? 1 : 2]++;
        if (t->verdict == VERDICT_VALID)
            check(tlsrpt_next_uri(t, text, true, &lenient_at, &lenient) && sts_str_equal(uri, lenient));
    }
    check(n[0] == t->n_mailto && n[1] == t->n_https && n[2] == t->n_other_scheme);
    if (t->verdict == VERDICT_VALID)
        check(!tlsrpt_next_uri(t, text, true, &lenient_at, &lenient));
}

static void read_rpt_record(struct sts_str text)
{
    struct tlsrpt t;

    tlsrpt_init(&t);
    tlsrpt_add(&t, text);
    check_defects(t.verdict, &t.defects, text);
    check_verdicts(t.verdict, t.lenient);
    check((t.verdict == VERDICT_VALID) <= (t.n_mailto + t.n_https + t.n_other_scheme > 0));
    check_uris(&t, text);
    tlsrpt_add(&t, text);
    check((t.count.n_lenient == 2) == (t.lenient == VERDICT_MULTIPLE));
}

/* The patterns of the lenient reading are those of the strict one, and more. */
static void check_patterns(const struct sts_policy *policy, struct sts_str text)
{
    struct sts_str pattern, lenient;
    uint32_t at = 0, lenient_at = 0, n_mx = 0, n_lenient = 0;

    while (sts_policy_next_mx(text, &at, &pattern)) {
        n_mx++;
        check(pattern.p[0] == '*' || sts_policy_mx_match(pattern, pattern));
        do
            check(sts_policy_next_lenient_mx(text, &lenient_at, &lenient));
        while (++n_lenient && !(lenient.p == pattern.p && lenient.len == pattern.len));
    }
    while (sts_policy_next_lenient_mx(text, &lenient_at, &lenient)) {
        n_lenient++;
        check(lenient.p >= text.p && lenient.p + lenient.len <= text.p + text.len);
    }
    check(n_mx == policy->n_mx && n_lenient == policy->lenient.n_mx);
}

static void read_policy(struct sts_str text)
{
    const struct sts_policy_reading *lenient;
    struct sts_policy policy;

    sts_policy_read(&policy, text);
    lenient = &policy.lenient;
    check_defects(policy.verdict, &policy.defects, text);
    check_verdicts(policy.verdict, lenient->verdict);
    if (policy.verdict == VERDICT_VALID)
        check(policy.max_age_s <= STS_MAX_AGE_MOST && policy.mode == lenient->mode &&
              policy.max_age_s == lenient->max_age_s && policy.n_mx == lenient->n_mx);
    if (lenient->verdict == VERDICT_VALID)
        check(lenient->mode != STS_MODE_UNKNOWN && lenient->max_age_s <= STS_LENIENT_MAX_AGE_MOST &&
              (lenient->n_mx > 0 || lenient->mode == STS_MODE_NONE));
    if (policy.rescued) /* what a wrong line as an unknown field makes valid, a sender takes */
        check(policy.verdict == VERDICT_INVALID && lenient->verdict == VERDICT_VALID);
    check_patterns(&policy, text);
    (void)http_header(text, "Content-Type");
}

static void read_coded(const char *coding, struct sts_str text)
{
    static char room[POLICY_DECODED_BYTES];
    struct sts_str decoded = policy_decode(sts_str(coding), text, room);

    check(decoded.p == NULL || (decoded.p == room && decoded.len <= sizeof(room)));
    if (decoded.p != NULL)
        read_policy(decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sts_str text = {(const char *)data, (uint32_t)len};

    if (len <= 65536) {
        read_sts_record(text);
        read_rpt_record(text);
        read_policy(text);
        read_coded("gzip", text);
        read_coded("deflate", text);
    }
    return 0;
}
