/* txt_record.h - what the TXT records of MTA-STS and TLS-RPT have in common: a version, then fields
 * name=value behind semicolons (RFC 8461 section 3.1, RFC 8460 section 3). Pure. Thread: any; no state. */
#ifndef STS_TXT_RECORD_H
#define STS_TXT_RECORD_H
#include "analysis/defect.h"

struct txt_grammar;
/* A field that keeps the grammar of its name. False: not a field of this grammar, so an extension. */
typedef bool (*txt_field_fn)(void *arg, struct sts_str name, struct sts_str value, uint32_t value_offset);

struct txt_grammar {
    const char *version;  /* "v=STSv1" */
    const char *marks[2]; /* in any case: a text that holds one is meant as such a record */
    txt_field_fn field;
    enum defect_id version_wrong, version_space, version_end, field_empty, space_at_end, field_name,
        field_value;
};

enum txt_kind {
    TXT_OTHER, /* something else */
    TXT_MEANT, /* meant as one, but discarded: it does not begin with the version and a semicolon */
    TXT_COUNTS /* begins so: it counts as a record of the name, whatever follows */
};
enum txt_kind txt_record_kind(const struct txt_grammar *g, struct sts_str text);

/* Walk `text` (all strings of one TXT RR, joined without blanks) by the strict grammar. */
void txt_record_walk(const struct txt_grammar *g, struct sts_str text, void *arg, struct defects *defects);

/* name = (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / "."), the same in RFC 8461 3.1 and 3.2 and RFC
 * 8460 3. */
bool txt_is_field_name(struct sts_str name);
bool txt_is_alnum(char c);
bool txt_is_blank(char c); /* WSP of RFC 5234 */
#endif
