/* fuzz_sts_txt.c - any texts at _mta-sts: each is read in bounds, what is strictly right is leniently so with
 * the same id, and together they count as what they are alone, in any order. Input: one text a line.
 * Source: analysis/sts_txt.c, analysis/txt_record.c. */
#include "analysis/sts_txt.h"
#include "tests/fuzz/verdicts.h"

#include <string.h>

#define TEXTS_MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_text(const struct sts_txt *t, struct sts_str text)
{
    check_defects(t->verdict, &t->defects, text);
    check_verdicts(t->verdict, t->lenient);
    check(t->count.n_texts == 1 && t->count.at == 0);
    check(t->count.n_records <= t->count.n_lenient && t->count.n_lenient <= 1);
    check(t->count.n_lenient - t->count.n_records <= t->count.n_meant && t->count.n_meant <= 1);
    check((t->verdict == VERDICT_VALID) <=
          (t->id[0] != '\0' && t->count.n_records == 1 && strcmp(t->id, t->lenient_id) == 0));
    for (const char *c = t->lenient_id; *c != '\0'; c++)
        check(*c >= 0x20 && *c <= 0x7e);
}

static void check_all(const struct sts_str *texts, uint32_t n, const struct txt_count *sum)
{
    struct sts_txt forth, back, alone;

    sts_txt_init(&forth);
    sts_txt_init(&back);
    sts_txt_init(&alone);
    for (uint32_t i = 0; i < n; i++) {
        sts_txt_add(&forth, texts[i]);
        sts_txt_add(&back, texts[n - 1 - i]);
    }
    check(forth.count.n_texts == n && forth.count.n_records == sum->n_records &&
          forth.count.n_lenient == sum->n_lenient && forth.count.n_meant == sum->n_meant);
    check(back.count.n_records == sum->n_records && back.count.n_lenient == sum->n_lenient &&
          back.count.kind == forth.count.kind);
    check((sum->n_records > 1) == (forth.verdict == VERDICT_MULTIPLE));
    check((sum->n_lenient > 1) == (forth.lenient == VERDICT_MULTIPLE));
    sts_txt_add(&alone, texts[forth.count.at]);
    check(alone.count.kind == forth.count.kind && strcmp(alone.id, forth.id) == 0 &&
          strcmp(alone.lenient_id, forth.lenient_id) == 0);
    if (sum->n_records == 1)
        check(forth.verdict == back.verdict && strcmp(forth.id, back.id) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sts_str texts[TEXTS_MOST];
    struct txt_count sum = {0};
    uint32_t n = 0;

    if (len > READ_MOST_BYTES)
        return 0;
    for (const char *p = (const char *)data, *end = p + len; n < TEXTS_MOST; p += texts[n++].len + 1) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        struct sts_txt t;

        texts[n] = (struct sts_str){p, (uint32_t)((stop != NULL ? stop : end) - p)};
        sts_txt_init(&t);
        sts_txt_add(&t, texts[n]);
        check_text(&t, texts[n]);
        sum.n_records += t.count.n_records;
        sum.n_lenient += t.count.n_lenient;
        sum.n_meant += t.count.n_meant;
        if (stop == NULL) {
            n++;
            break;
        }
    }
    check_all(texts, n, &sum);
    return 0;
}
