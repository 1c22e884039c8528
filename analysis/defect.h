/* defect.h - what is wrong with a record or policy: each defect has a name, a place and the rule that it
 * breaks. Shared by the grammars. Pure. Thread: any; no state. */
#ifndef STS_DEFECT_H
#define STS_DEFECT_H
#include "sinks/base.h"

enum verdict {
    VERDICT_NONE,    /* there is no such record */
    VERDICT_VALID,   /* exactly one, and it keeps the grammar */
    VERDICT_INVALID, /* meant as one, but breaks the grammar: no effect */
    VERDICT_MULTIPLE /* more than one: no effect */
};
const char *verdict_name(enum verdict verdict);

enum defect_id {
    DEFECT_NONE,
    /* TXT record of MTA-STS */
    DEFECT_STS_VERSION,
    DEFECT_STS_VERSION_SPACE,
    DEFECT_STS_VERSION_END,
    DEFECT_STS_FIELD_EMPTY,
    DEFECT_STS_SPACE_AT_END,
    DEFECT_STS_FIELD_NAME,
    DEFECT_STS_FIELD_VALUE,
    DEFECT_STS_ID_EMPTY,
    DEFECT_STS_ID_LONG,
    DEFECT_STS_ID_CHARACTER,
    DEFECT_STS_ID_MISSING,
    /* TXT record of TLS-RPT */
    DEFECT_RPT_VERSION,
    DEFECT_RPT_VERSION_SPACE,
    DEFECT_RPT_VERSION_END,
    DEFECT_RPT_FIELD_EMPTY,
    DEFECT_RPT_SPACE_AT_END,
    DEFECT_RPT_FIELD_NAME,
    DEFECT_RPT_FIELD_VALUE,
    DEFECT_RPT_RUA_MISSING,
    DEFECT_RPT_URI_EMPTY,
    DEFECT_RPT_URI_CHARACTER,
    DEFECT_RPT_URI_NO_SCHEME,
    /* MTA-STS policy */
    DEFECT_POLICY_EMPTY,
    DEFECT_POLICY_BOM,
    DEFECT_POLICY_BLANK_LINE,
    DEFECT_POLICY_BARE_CR,
    DEFECT_POLICY_LINE,
    DEFECT_POLICY_NAME,
    DEFECT_POLICY_VALUE_EMPTY,
    DEFECT_POLICY_CHARACTER,
    DEFECT_POLICY_VERSION,
    DEFECT_POLICY_MODE,
    DEFECT_POLICY_MX,
    DEFECT_POLICY_MAX_AGE,
    DEFECT_POLICY_MAX_AGE_RANGE,
    DEFECT_POLICY_VERSION_MISSING,
    DEFECT_POLICY_MODE_MISSING,
    DEFECT_POLICY_MAX_AGE_MISSING,
    DEFECT_POLICY_MX_MISSING,
    DEFECT_LIMIT
};

struct defect {
    enum defect_id id;
    uint32_t offset; /* byte in the text where it shows */
};

/* The defects of one text in the order found, the first DEFECTS_KEPT of them. */
#define DEFECTS_KEPT 16
struct defects {
    struct defect v[DEFECTS_KEPT];
    uint32_t n; /* found; may be more than are kept */
};

void defect_add(struct defects *list, enum defect_id id, uint32_t offset);
const char *defect_name(enum defect_id id); /* "sts-id-character" */
const char *defect_rule(enum defect_id id); /* "RFC 8461 section 3.1" */
const char *defect_text(enum defect_id id);
#endif
