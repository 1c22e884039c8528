/* fuzz_tlsrpt.c - any text at _smtp._tls: it is read in bounds, what is strictly right is leniently so with
 * the same URIs, and the URIs are those that were counted. Input: one text.
 * Source: analysis/tlsrpt.c, analysis/txt_record.c. */
#include "analysis/tlsrpt.h"
#include "tests/fuzz/verdicts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool lies_in(struct sts_str part, struct sts_str text)
{
    return part.p >= text.p && part.p + part.len <= text.p + text.len;
}

static void check_uris(const struct tlsrpt *t, struct sts_str text)
{
    struct sts_str uri, lenient;
    uint32_t at = 0, lenient_at = 0, n[3] = {0};

    while (tlsrpt_next_uri(t, text, false, &at, &uri)) {
        struct sts_str scheme = tlsrpt_scheme(uri);

        check(lies_in(uri, text) && scheme.len > 0 && scheme.len < uri.len);
        n[sts_str_equal(scheme, sts_str("mailto")) ? 0 : sts_str_equal(scheme, sts_str("https")) ? 1 : 2]++;
        if (t->verdict == VERDICT_VALID)
            check(tlsrpt_next_uri(t, text, true, &lenient_at, &lenient) && sts_str_equal(uri, lenient));
    }
    check(n[0] == t->n_mailto && n[1] == t->n_https && n[2] == t->n_other_scheme);
    while (tlsrpt_next_uri(t, text, true, &lenient_at, &lenient))
        check(t->verdict != VERDICT_VALID && lies_in(lenient, text) && tlsrpt_scheme(lenient).len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sts_str text = {(const char *)data, (uint32_t)len};
    struct tlsrpt t;

    if (len > READ_MOST_BYTES)
        return 0;
    tlsrpt_init(&t);
    tlsrpt_add(&t, text);
    check_defects(t.verdict, &t.defects, text);
    check_verdicts(t.verdict, t.lenient);
    check(t.rua_at <= len && t.lenient_rua_at <= len);
    check((t.verdict == VERDICT_VALID) <= (t.n_mailto + t.n_https + t.n_other_scheme > 0));
    check_uris(&t, text);
    tlsrpt_add(&t, text);
    check((t.count.n_records == 2) == (t.verdict == VERDICT_MULTIPLE));
    check((t.count.n_lenient == 2) == (t.lenient == VERDICT_MULTIPLE));
    return 0;
}
