#include "analysis/sts_txt.h"

#include "analysis/txt_record.h"

#include <string.h>

struct walk {
    struct sts_txt *t;
    bool seen_id;
};

/* sts-id = %s"id=" 1*32(ALPHA / DIGIT) */
static enum defect_id check_id(struct sts_str value, uint32_t *at)
{
    *at = 0;
    if (value.len == 0)
        return DEFECT_STS_ID_EMPTY;
    for (; *at < value.len; ++*at)
        if (!txt_is_alnum(value.p[*at]))
            return DEFECT_STS_ID_CHARACTER;
    *at = STS_ID_MOST;
    return value.len > STS_ID_MOST ? DEFECT_STS_ID_LONG : DEFECT_NONE;
}

static bool on_field(void *arg, struct sts_str name, struct sts_str value, uint32_t value_offset)
{
    struct walk *walk = arg;
    enum defect_id id;
    uint32_t at;

    if (!sts_str_equal(name, sts_str("id")))
        return false;
    id = check_id(value, &at);
    if (id != DEFECT_NONE)
        defect_add(&walk->t->defects, id, value_offset + at);
    else if (!walk->seen_id) /* RFC 8461 section 3.2, at its end: the first of several counts */
        memcpy(walk->t->id, value.p, value.len);
    walk->seen_id = true;
    return true;
}

static const struct txt_grammar grammar = {
    .version = "v=STSv1",
    .marks = {"STSv1", "v=STS"},
    .field = on_field,
    .version_wrong = DEFECT_STS_VERSION,
    .version_space = DEFECT_STS_VERSION_SPACE,
    .version_end = DEFECT_STS_VERSION_END,
    .field_empty = DEFECT_STS_FIELD_EMPTY,
    .space_at_end = DEFECT_STS_SPACE_AT_END,
    .field_name = DEFECT_STS_FIELD_NAME,
    .field_value = DEFECT_STS_FIELD_VALUE,
};

void sts_txt_init(struct sts_txt *t)
{
    memset(t, 0, sizeof(*t));
}

/* The only reading kept is of the first record that counts, or of the first that was meant to. */
static void read_record(struct sts_txt *t, struct sts_str text)
{
    struct walk walk = {.t = t};

    sts_txt_init(t);
    txt_record_walk(&grammar, text, &walk, &t->defects);
    if (!walk.seen_id && (t->defects.n == 0 || t->defects.v[0].id == DEFECT_STS_VERSION_SPACE))
        defect_add(&t->defects, DEFECT_STS_ID_MISSING, text.len);
    t->verdict = t->defects.n == 0 ? VERDICT_VALID : VERDICT_INVALID;
}

void sts_txt_add(struct sts_txt *t, struct sts_str text)
{
    uint32_t n_records = t->n_records, n_meant = t->n_meant;
    enum txt_kind kind = txt_record_kind(&grammar, text);

    if (kind == TXT_OTHER)
        return;
    if (n_records == 0 && (kind == TXT_COUNTS || n_meant == 0))
        read_record(t, text);
    t->n_records = n_records + (kind == TXT_COUNTS);
    t->n_meant = n_meant + (kind == TXT_MEANT);
    if (t->n_records > 1) /* "if the number of resulting records is not one": no policy */
        t->verdict = VERDICT_MULTIPLE;
}
