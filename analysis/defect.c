#include "analysis/defect.h"

#define STS_TXT "RFC 8461 section 3.1"
#define STS_POL "RFC 8461 section 3.2"
#define RPT_TXT "RFC 8460 section 3"

static const struct {
    const char *name, *rule, *text;
} defects[DEFECT_LIMIT] = {
    [DEFECT_NONE] = {"none", "", ""},
    [DEFECT_STS_VERSION] = {"sts-version", STS_TXT, "does not begin with v=STSv1 in exactly these letters"},
    [DEFECT_STS_VERSION_SPACE] = {"sts-version-space", STS_TXT " (erratum 6285)",
                                  "blank between v=STSv1 and its semicolon"},
    [DEFECT_STS_VERSION_END] = {"sts-version-end", STS_TXT, "ends behind v=STSv1"},
    [DEFECT_STS_FIELD_EMPTY] = {"sts-field-empty", STS_TXT, "nothing between two semicolons"},
    [DEFECT_STS_SPACE_AT_END] = {"sts-space-at-end", STS_TXT, "blank at the end without a semicolon"},
    [DEFECT_STS_FIELD_NAME] = {"sts-field-name", STS_TXT, "field has no name=, or a bad one"},
    [DEFECT_STS_FIELD_VALUE] = {"sts-field-value", STS_TXT, "field has no value, or a bad character in it"},
    [DEFECT_STS_ID_EMPTY] = {"sts-id-empty", STS_TXT, "id is empty"},
    [DEFECT_STS_ID_LONG] = {"sts-id-long", STS_TXT, "id is longer than 32 characters"},
    [DEFECT_STS_ID_CHARACTER] = {"sts-id-character", STS_TXT,
                                 "id has a character other than letters and digits"},
    [DEFECT_STS_ID_MISSING] = {"sts-id-missing", STS_TXT, "no id"},
    [DEFECT_RPT_VERSION] = {"rpt-version", RPT_TXT,
                            "does not begin with v=TLSRPTv1 in exactly these letters"},
    [DEFECT_RPT_VERSION_SPACE] = {"rpt-version-space", RPT_TXT, "blank between v=TLSRPTv1 and its semicolon"},
    [DEFECT_RPT_VERSION_END] = {"rpt-version-end", RPT_TXT, "ends behind v=TLSRPTv1"},
    [DEFECT_RPT_FIELD_EMPTY] = {"rpt-field-empty", RPT_TXT, "nothing between two semicolons"},
    [DEFECT_RPT_SPACE_AT_END] = {"rpt-space-at-end", RPT_TXT, "blank at the end without a semicolon"},
    [DEFECT_RPT_FIELD_NAME] = {"rpt-field-name", RPT_TXT, "field has no name=, or a bad one"},
    [DEFECT_RPT_FIELD_VALUE] = {"rpt-field-value", RPT_TXT, "field has no value, or a bad character in it"},
    [DEFECT_RPT_RUA_MISSING] = {"rpt-rua-missing", RPT_TXT, "no rua"},
    [DEFECT_RPT_URI_EMPTY] = {"rpt-uri-empty", RPT_TXT, "rua has an empty URI"},
    [DEFECT_RPT_URI_CHARACTER] = {"rpt-uri-character", RPT_TXT, "URI has a character that must be encoded"},
    [DEFECT_RPT_URI_NO_SCHEME] = {"rpt-uri-no-scheme", RPT_TXT, "URI has no scheme"},
    [DEFECT_POLICY_EMPTY] = {"policy-empty", STS_POL, "policy is empty"},
    [DEFECT_POLICY_BOM] = {"policy-bom", STS_POL, "policy begins with a byte order mark"},
    [DEFECT_POLICY_BLANK_LINE] = {"policy-blank-line", STS_POL, "blank line"},
    [DEFECT_POLICY_BARE_CR] = {"policy-bare-cr", STS_POL " (erratum 6253)", "CR without LF in a line"},
    [DEFECT_POLICY_LINE] = {"policy-line", STS_POL, "line has no colon"},
    [DEFECT_POLICY_NAME] = {"policy-name", STS_POL, "line has no field name before its colon, or a bad one"},
    [DEFECT_POLICY_VALUE_EMPTY] = {"policy-value-empty", STS_POL, "field has no value"},
    [DEFECT_POLICY_CHARACTER] = {"policy-character", STS_POL, "value has a control character or is no UTF-8"},
    [DEFECT_POLICY_VERSION] = {"policy-version", STS_POL, "version is not STSv1"},
    [DEFECT_POLICY_MODE] = {"policy-mode", STS_POL, "mode is not enforce, testing or none"},
    [DEFECT_POLICY_MX] = {"policy-mx", STS_POL, "mx is no host name pattern"},
    [DEFECT_POLICY_MAX_AGE] = {"policy-max-age", STS_POL, "max_age is no number of 1 to 10 digits"},
    [DEFECT_POLICY_MAX_AGE_RANGE] = {"policy-max-age-range", STS_POL, "max_age is over 31557600"},
    [DEFECT_POLICY_VERSION_MISSING] = {"policy-version-missing", STS_POL, "no version"},
    [DEFECT_POLICY_MODE_MISSING] = {"policy-mode-missing", STS_POL, "no mode"},
    [DEFECT_POLICY_MAX_AGE_MISSING] = {"policy-max-age-missing", STS_POL, "no max_age"},
    [DEFECT_POLICY_MX_MISSING] = {"policy-mx-missing", STS_POL, "no mx, though mode is not none"},
};

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"none", "valid", "invalid", "multiple"};

    return (unsigned)verdict < STS_LEN(names) ? names[verdict] : "none";
}

void defect_add(struct defects *list, enum defect_id id, uint32_t offset)
{
    if (list->n < DEFECTS_KEPT)
        list->v[list->n] = (struct defect){id, offset};
    list->n++;
}

const char *defect_name(enum defect_id id)
{
    return (unsigned)id < DEFECT_LIMIT ? defects[id].name : "none";
}

const char *defect_rule(enum defect_id id)
{
    return (unsigned)id < DEFECT_LIMIT ? defects[id].rule : "";
}

const char *defect_text(enum defect_id id)
{
    return (unsigned)id < DEFECT_LIMIT ? defects[id].text : "";
}
