#include "analysis/sts_txt.h"

#include <string.h>

/* The lenient reading is what at least one of these takes: mox, postfix-mta-sts-resolver (all releases),
 * KumoMTA for blanks around "=", and the checker checkdmarc. Against the ABNF it forgives
 *   - blanks between the version and its semicolon (all of them; erratum 6285);
 *   - nothing between two semicolons, blanks at the end, fields without "=", bad values of unknown fields:
 *     all passed over (postfix-mta-sts-resolver);
 *   - an id of any length and any ASCII characters, also an empty one (postfix-mta-sts-resolver);
 *   - blanks around "=", white space of any kind around a field (postfix-mta-sts-resolver, KumoMTA).
 * Not forgiven are other letters in the version, anything before it, and a missing id; a byte that is not
 * ASCII (postfix-mta-sts-resolver does not see such a text, mox refuses it) and a NUL, where it depends on
 * the DNS library. Nor what only one of the others does: "ID=" (checkdmarc, which sends no mail), the version
 * anywhere and several records read as one (KumoMTA). Where one record begins with "v=STSv1;" and another
 * with "v=STSv1 ;", the RFC discards the second, while mox and postfix-mta-sts-resolver see two: valid by the
 * strict reading, multiple by this one. */

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

/* RFC 8461 section 3.2, at its end: of several only the first counts; the others are ignored, as an unknown
 * field is. */
static bool on_field(void *arg, struct sts_str name, struct sts_str value, uint32_t value_offset)
{
    struct walk *walk = arg;
    enum defect_id id;
    uint32_t at;

    if (walk->seen_id || !sts_str_equal(name, sts_str("id")))
        return false;
    walk->seen_id = true;
    id = check_id(value, &at);
    if (id != DEFECT_NONE)
        defect_add(&walk->t->defects, id, value_offset + at);
    else
        memcpy(walk->t->id, value.p, value.len);
    return true;
}

static const struct txt_grammar grammar = {
    .version = "v=STSv1",
    .marks = {"STSv1", "v=STS"},
    .required = "id",
    .field = on_field,
    .version_wrong = DEFECT_STS_VERSION,
    .version_space = DEFECT_STS_VERSION_SPACE,
    .version_end = DEFECT_STS_VERSION_END,
    .field_empty = DEFECT_STS_FIELD_EMPTY,
    .space_at_end = DEFECT_STS_SPACE_AT_END,
    .field_name = DEFECT_STS_FIELD_NAME,
    .field_value = DEFECT_STS_FIELD_VALUE,
    .required_missing = DEFECT_STS_ID_MISSING,
};

static bool is_ascii(struct sts_str text)
{
    for (uint32_t i = 0; i < text.len; i++)
        if (text.p[i] == 0 || (uint8_t)text.p[i] > 0x7f)
            return false;
    return true;
}

static enum verdict read_lenient(struct sts_txt *t, struct sts_str text)
{
    struct sts_str name, value;
    uint32_t at = 0;

    if (t->count.kind < TXT_SPACED || !is_ascii(text))
        return VERDICT_INVALID;
    while (txt_next_lenient(&grammar, text, &at, &name, &value)) {
        if (!sts_str_equal(name, sts_str("id")))
            continue;
        for (uint32_t i = 0; i < value.len && i < STS_LENIENT_ID_BYTES - 1; i++)
            t->lenient_id[i] = value.p[i] < 0x20 || value.p[i] > 0x7e ? '?' : value.p[i];
        return VERDICT_VALID;
    }
    return VERDICT_INVALID;
}

static void read_record(struct sts_txt *t, struct sts_str text)
{
    struct walk walk = {.t = t};

    *t = (struct sts_txt){.count = t->count};
    txt_record_walk(&grammar, text, &walk, &t->defects);
    t->verdict = t->defects.n == 0 ? VERDICT_VALID : VERDICT_INVALID;
    t->lenient = read_lenient(t, text);
}

void sts_txt_init(struct sts_txt *t)
{
    memset(t, 0, sizeof(*t));
}

void sts_txt_add(struct sts_txt *t, struct sts_str text)
{
    if (txt_count_add(&t->count, &grammar, text))
        read_record(t, text);
    txt_count_judge(&t->count, &t->verdict, &t->lenient);
}
