/* txt_record.h - what the TXT records of MTA-STS and TLS-RPT have in common: a version, then fields
 * name=value behind semicolons (RFC 8461 section 3.1, RFC 8460 section 3), read strictly and leniently; and
 * which of the texts at a name is the record. Pure. Thread: any; no state. */
#ifndef STS_TXT_RECORD_H
#define STS_TXT_RECORD_H
#include "analysis/defect.h"

struct txt_grammar;
/* A field that keeps the grammar of its name. False: not a field of this grammar, so an extension. */
typedef bool (*txt_field_fn)(void *arg, struct sts_str name, struct sts_str value, uint32_t value_offset);

struct txt_grammar {
    const char *version;  /* "v=STSv1" */
    const char *marks[2]; /* in any case: a text that holds one is meant as such a record */
    const char *required; /* the field without which there is no record */
    txt_field_fn field;
    enum defect_id version_wrong, version_space, version_end, field_empty, space_at_end, field_name,
        field_value, required_missing;
};

/* In the order in which one is read rather than another. */
enum txt_kind {
    TXT_OTHER,  /* something else */
    TXT_MEANT,  /* meant as a record, but discarded: it does not begin with the version and a semicolon */
    TXT_SPACED, /* discarded for blanks before the semicolon only: deployed senders take it */
    TXT_COUNTS  /* begins so: it counts as a record of the name, whatever follows */
};

/* The texts of one name. All 0 at first. */
struct txt_count {
    uint32_t n_texts;
    uint32_t n_records; /* TXT_COUNTS */
    uint32_t n_lenient; /* TXT_COUNTS and TXT_SPACED */
    uint32_t n_meant;   /* TXT_MEANT and TXT_SPACED */
    enum txt_kind kind; /* of the text that is read: the first of the highest kind */
    uint32_t at;        /* which text that is, from 0 */
};

/* Count one more text (all strings of one TXT RR, joined without blanks). True: it is the one to read, in
 * place of any before. */
bool txt_count_add(struct txt_count *count, const struct txt_grammar *g, struct sts_str text);
/* "If the number of resulting records is not one": no record has effect. The verdicts come in as those of the
 * text that was read. */
void txt_count_judge(const struct txt_count *count, enum verdict *strict, enum verdict *lenient);

/* Walk `text` by the strict grammar. */
void txt_record_walk(const struct txt_grammar *g, struct sts_str text, void *arg, struct defects *defects);
/* The fields as deployed senders read them: what stands between semicolons behind the version, without the
 * white space around it and around its "="; those without a name are passed over, a missing "=" leaves an
 * empty value. Start with *at = 0; false at the end, and at once where the text is neither TXT_SPACED nor
 * TXT_COUNTS. */
bool txt_next_lenient(const struct txt_grammar *g, struct sts_str text, uint32_t *at, struct sts_str *name,
                      struct sts_str *value);

/* name = (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / "."), the same in RFC 8461 3.1 and 3.2 and RFC
 * 8460 3. */
bool txt_is_field_name(struct sts_str name);
bool txt_is_alnum(char c);
bool txt_is_blank(char c); /* WSP of RFC 5234 */
/* Without WSP at its end, or on both sides; without white space of any kind on both sides. */
struct sts_str txt_trim_end(struct sts_str s);
struct sts_str txt_trim(struct sts_str s);
struct sts_str txt_trim_space(struct sts_str s);
#endif
