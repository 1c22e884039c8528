/* fuzz_policy.c - any body of a policy: it is read in bounds, what is strictly right is leniently so with the
 * same mode, age and patterns, also behind a content coding. Input: a body; as it stands it is also taken for
 * the header fields of an answer, and its patterns and lines for the names of MX hosts.
 * Source: analysis/sts_policy.c, analysis/mx_pattern.c, analysis/policy_decode.c. */
#include "analysis/policy_class.h"
#include "tests/fuzz/verdicts.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* RFC 8461 section 4.1, said once more: "*." is one label, whatever it is; all else is equal but for case. */
static bool match(struct sts_str pattern, struct sts_str host)
{
    uint32_t skip = 0;

    if (pattern.len > 0 && pattern.p[0] == '*') {
        while (skip < host.len && host.p[skip] != '.')
            skip++;
        if (skip == 0)
            return false;
        pattern.p++;
        pattern.len--;
    }
    return pattern.len == host.len - skip && strncasecmp(pattern.p, host.p + skip, pattern.len) == 0;
}

static void check_match(struct sts_str pattern, struct sts_str text)
{
    const char *stop = memchr(text.p, '\n', text.len);
    struct sts_str line = {text.p, stop != NULL ? (uint32_t)(stop - text.p) : text.len};

    check(sts_policy_mx_match(pattern, line) == match(pattern, line));
    check(sts_policy_mx_match(pattern, pattern) == match(pattern, pattern));
}

/* The patterns of the lenient reading are those of the strict one, and more. */
static void check_patterns(const struct sts_policy *policy, struct sts_str text)
{
    struct sts_str pattern, lenient;
    uint32_t at = 0, lenient_at = 0, n_mx = 0, n_lenient = 0;

    while (sts_policy_next_mx(text, &at, &pattern)) {
        if (n_mx++ == 0)
            check_match(pattern, text);
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
}

static void read_coded(const char *coding, struct sts_str text)
{
    static char room[POLICY_DECODED_BYTES];
    struct sts_str decoded = policy_decode(sts_str(coding), text, room);

    check(decoded.p == NULL || (decoded.p == room && decoded.len <= sizeof(room)));
    if (decoded.p != NULL)
        read_policy(decoded);
}

static void read_header(struct sts_str text, const char *name)
{
    struct sts_str value = http_header(text, name);

    check(value.p == NULL || (value.p >= text.p && value.p + value.len <= text.p + text.len &&
                              memchr(value.p, '\n', value.len) == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sts_str text = {(const char *)data, (uint32_t)len};

    if (len > READ_MOST_BYTES)
        return 0;
    read_policy(text);
    read_coded("gzip", text);
    read_coded("deflate", text);
    read_header(text, "Content-Type");
    read_header(text, "Age");
    return 0;
}
