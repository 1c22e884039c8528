#include "analysis/sts_policy.h"

#include "analysis/text.h"
#include "analysis/txt_record.h"

#include <string.h>

#define LABEL_MOST  63  /* RFC 1035 section 2.3.4 */
#define DOMAIN_MOST 255 /* RFC 5321 section 4.5.3.1.2 */

struct line {
    struct sts_str text; /* without its terminator and the blanks before that */
    uint32_t offset;
};

/* What has been read; the first of each counts (RFC 8461 section 3.2, at its end). */
struct reading {
    struct sts_policy *policy;
    bool seen_version, seen_mode, seen_max_age;
    uint32_t n_mx_lines;
};

/* sts-policy-term = LF / CRLF; a field is followed by *WSP. */
static bool next_line(struct sts_str body, uint32_t *at, struct line *line)
{
    const char *lf;
    uint32_t end;

    if (*at >= body.len)
        return false;
    lf = memchr(body.p + *at, '\n', body.len - *at);
    end = lf ? (uint32_t)(lf - body.p) : body.len;
    line->offset = *at;
    *at = lf ? end + 1 : end;
    if (lf != NULL && end > line->offset && body.p[end - 1] == '\r')
        end--;
    while (end > line->offset && txt_is_blank(body.p[end - 1]))
        end--;
    line->text = (struct sts_str){body.p + line->offset, end - line->offset};
    return true;
}

/* field-delim = ":" *WSP. False where the line has no colon. */
static bool split(const struct line *line, struct sts_str *name, struct sts_str *value)
{
    const char *colon = line->text.len ? memchr(line->text.p, ':', line->text.len) : NULL;
    uint32_t at;

    if (colon == NULL)
        return false;
    at = (uint32_t)(colon - line->text.p);
    *name = (struct sts_str){line->text.p, at};
    for (at++; at < line->text.len && txt_is_blank(line->text.p[at]); at++)
        ;
    *value = (struct sts_str){line->text.p + at, line->text.len - at};
    return true;
}

/* Domain = sub-domain *("." sub-domain); sub-domain = Let-dig [Ldh-str], RFC 5321 section 4.1.2. */
static bool is_domain(struct sts_str s)
{
    uint32_t label = 0;

    if (s.len == 0 || s.len > DOMAIN_MOST)
        return false;
    for (uint32_t i = 0; i <= s.len; i++) {
        if (i == s.len || s.p[i] == '.') {
            if (label == 0 || label > LABEL_MOST || s.p[i - 1] == '-')
                return false;
            label = 0;
        } else if (txt_is_alnum(s.p[i]) || (s.p[i] == '-' && label > 0)) {
            label++;
        } else {
            return false;
        }
    }
    return true;
}

/* mx-value = ["*."] Domain */
static bool is_mx(struct sts_str value)
{
    bool wild = value.len > 2 && value.p[0] == '*' && value.p[1] == '.';

    return is_domain(wild ? (struct sts_str){value.p + 2, value.len - 2} : value);
}

static enum sts_mode mode_of(struct sts_str value)
{
    for (enum sts_mode mode = STS_MODE_NONE; mode <= STS_MODE_ENFORCE; mode++)
        if (sts_str_equal(value, sts_str(sts_mode_name(mode))))
            return mode;
    return STS_MODE_UNKNOWN;
}

/* max-age-value = 1*10(DIGIT) */
static enum defect_id read_max_age(struct sts_str value, uint64_t *age_s)
{
    *age_s = 0;
    if (value.len == 0 || value.len > 10)
        return DEFECT_POLICY_MAX_AGE;
    for (uint32_t i = 0; i < value.len; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return DEFECT_POLICY_MAX_AGE;
        *age_s = *age_s * 10 + (uint64_t)(value.p[i] - '0');
    }
    return *age_s > STS_MAX_AGE_MOST ? DEFECT_POLICY_MAX_AGE_RANGE : DEFECT_NONE;
}

/* ext-value = vchar [*(%x20 / vchar) vchar];  vchar = %x21-7E / UTF8-2 / UTF8-3 / UTF8-4 */
static enum defect_id check_extension(struct sts_str value, uint32_t *bad)
{
    if (value.len == 0)
        return DEFECT_POLICY_VALUE_EMPTY;
    for (uint32_t i = 0; i < value.len;) {
        uint32_t code = 0;
        unsigned n = utf8_next(value.p + i, value.len - i, &code);

        if (n == 0 || code < 0x20 || code == 0x7f) {
            *bad = i;
            return DEFECT_POLICY_CHARACTER;
        }
        i += n;
    }
    return DEFECT_NONE;
}

static enum defect_id read_field(struct reading *r, struct sts_str name, struct sts_str value, uint32_t *bad)
{
    struct sts_policy *p = r->policy;
    enum defect_id id = DEFECT_NONE;
    uint64_t age_s;

    if (sts_str_equal(name, sts_str("version"))) {
        r->seen_version = true;
        return sts_str_equal(value, sts_str("STSv1")) ? DEFECT_NONE : DEFECT_POLICY_VERSION;
    }
    if (sts_str_equal(name, sts_str("mode"))) {
        enum sts_mode mode = mode_of(value);

        p->mode = r->seen_mode ? p->mode : mode;
        r->seen_mode = true;
        return mode == STS_MODE_UNKNOWN ? DEFECT_POLICY_MODE : DEFECT_NONE;
    }
    if (sts_str_equal(name, sts_str("max_age"))) {
        id = read_max_age(value, &age_s);
        p->max_age_s = r->seen_max_age ? p->max_age_s : age_s;
        r->seen_max_age = true;
        return id;
    }
    if (sts_str_equal(name, sts_str("mx"))) {
        r->n_mx_lines++;
        p->n_mx += is_mx(value);
        return is_mx(value) ? DEFECT_NONE : DEFECT_POLICY_MX;
    }
    return check_extension(value, bad);
}

static void read_line(struct reading *r, const struct line *line)
{
    struct defects *defects = &r->policy->defects;
    struct sts_str name, value;
    enum defect_id id;
    uint32_t bad = 0;

    if (line->text.len == 0) {
        defect_add(defects, DEFECT_POLICY_BLANK_LINE, line->offset);
    } else if (!split(line, &name, &value)) {
        defect_add(defects, DEFECT_POLICY_LINE, line->offset);
    } else if (!txt_is_field_name(name)) {
        defect_add(defects, DEFECT_POLICY_NAME, line->offset);
    } else if ((id = read_field(r, name, value, &bad)) != DEFECT_NONE) {
        defect_add(defects, id, line->offset + (uint32_t)(value.p - line->text.p) + bad);
    }
}

/* RFC 8461 section 3.2: version, mode and max_age once each, mx at least once unless mode is none. */
static void check_missing(struct reading *r, uint32_t end)
{
    struct defects *defects = &r->policy->defects;

    if (!r->seen_version)
        defect_add(defects, DEFECT_POLICY_VERSION_MISSING, end);
    if (!r->seen_mode)
        defect_add(defects, DEFECT_POLICY_MODE_MISSING, end);
    if (!r->seen_max_age)
        defect_add(defects, DEFECT_POLICY_MAX_AGE_MISSING, end);
    if (r->n_mx_lines == 0 && r->policy->mode != STS_MODE_NONE)
        defect_add(defects, DEFECT_POLICY_MX_MISSING, end);
}

static uint32_t bom_bytes(struct sts_str body)
{
    return body.len >= 3 && memcmp(body.p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

void sts_policy_read(struct sts_policy *policy, struct sts_str body)
{
    struct reading r = {.policy = policy};
    struct line line;
    uint32_t at;

    memset(policy, 0, sizeof(*policy));
    if (body.len == 0)
        defect_add(&policy->defects, DEFECT_POLICY_EMPTY, 0);
    at = bom_bytes(body);
    if (at > 0)
        defect_add(&policy->defects, DEFECT_POLICY_BOM, 0);
    while (next_line(body, &at, &line))
        read_line(&r, &line);
    if (body.len > 0)
        check_missing(&r, body.len);
    policy->verdict = policy->defects.n == 0 ? VERDICT_VALID : VERDICT_INVALID;
}

const char *sts_mode_name(enum sts_mode mode)
{
    static const char *const names[] = {"unknown", "none", "testing", "enforce"};

    return (unsigned)mode < STS_LEN(names) ? names[mode] : "unknown";
}

bool sts_policy_next_mx(struct sts_str body, uint32_t *at, struct sts_str *pattern)
{
    struct line line;
    struct sts_str name;

    if (*at == 0)
        *at = bom_bytes(body);
    while (next_line(body, at, &line))
        if (split(&line, &name, pattern) && sts_str_equal(name, sts_str("mx")) && is_mx(*pattern))
            return true;
    return false;
}

bool sts_policy_mx_match(struct sts_str pattern, struct sts_str host)
{
    const char *dot;

    if (pattern.len < 2 || pattern.p[0] != '*')
        return text_equal_nocase(pattern, host);
    dot = host.len ? memchr(host.p, '.', host.len) : NULL;
    if (dot == NULL || dot == host.p)
        return false;
    return text_equal_nocase((struct sts_str){pattern.p + 1, pattern.len - 1},
                             (struct sts_str){dot, host.len - (uint32_t)(dot - host.p)});
}
