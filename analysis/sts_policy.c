#include "analysis/sts_policy.h"

#include "analysis/mx_pattern.h"
#include "analysis/text.h"
#include "analysis/txt_record.h"

#include <string.h>

/* The lenient reading is what at least one of these takes: mox, postfix-mta-sts-resolver (all releases),
 * KumoMTA, and the checker checkdmarc. Against the ABNF it forgives
 *   - blank lines (all but mox); lines without a colon, bad names and values of unknown fields
 *     (postfix-mta-sts-resolver): all passed over;
 *   - bare CR as the end of a line (postfix-mta-sts-resolver);
 *   - blanks before a field and before its colon (KumoMTA, checkdmarc), and a byte order mark (Stalwart);
 *   - a wrong version, mode or max_age beside a right one: the first right one counts (older releases of
 *     postfix-mta-sts-resolver take the last of several, newer ones the first);
 *   - max_age up to 2147483647 (mox), and zeros before it (postfix-mta-sts-resolver);
 *   - wrong mx beside a right one: only mox looks at their form. Right here, for what a sender then makes
 *     of them, are also names with underscores (postfix-mta-sts-resolver, KumoMTA) and ".example.com" for
 *     "*.example.com" (postfix-mta-sts-resolver with Postfix). A dot at the end and lists are read as they
 *     are meant, though those who take such a policy find no host that matches.
 * Not forgiven are other letters in names, version or mode ("Version:", "mode: Enforce"), a max_age that is
 * negative or has a unit, and a missing field (Stalwart alone takes the version in any case, or none). A
 * policy without a right mx is invalid here too: senders that take it deliver to nobody. */

struct line {
    struct sts_str text; /* without its terminator and the blanks before that */
    uint32_t offset;
};

/* What has been read; the first of each counts (RFC 8461 section 3.2, at its end). */
struct reading {
    struct sts_policy *policy;
    bool seen_version, seen_mode, seen_max_age;
    uint32_t n_mx_lines;
    enum sts_mode right_mode; /* the first right one */
    bool broken;              /* a defect that no other reading of the ABNF takes away */
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

static enum sts_mode mode_of(struct sts_str value)
{
    for (enum sts_mode mode = STS_MODE_NONE; mode <= STS_MODE_ENFORCE; mode++)
        if (sts_str_equal(value, sts_str(sts_mode_name(mode))))
            return mode;
    return STS_MODE_UNKNOWN;
}

/* 1*DIGIT, with a value of at most 10 digits. */
static bool read_number(struct sts_str value, uint64_t *number)
{
    *number = 0;
    for (uint32_t i = 0; i < value.len; i++) {
        if (value.p[i] < '0' || value.p[i] > '9' || *number > UINT64_C(999999999))
            return false;
        *number = *number * 10 + (uint64_t)(value.p[i] - '0');
    }
    return value.len > 0;
}

/* max-age-value = 1*10(DIGIT) */
static enum defect_id read_max_age(struct sts_str value, uint64_t *age_s)
{
    if (value.len > 10 || !read_number(value, age_s)) {
        *age_s = 0;
        return DEFECT_POLICY_MAX_AGE;
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

static bool is_extension(struct sts_str value)
{
    uint32_t bad;

    return check_extension(value, &bad) == DEFECT_NONE;
}

/* A field by its name. Of several version, mode or max_age only the first counts, the others are ignored, as
 * an unknown field is (RFC 8461 section 3.2, at its end). */
static enum defect_id read_field(struct reading *r, struct sts_str name, struct sts_str value, uint32_t *bad)
{
    struct sts_policy *p = r->policy;

    if (sts_str_equal(name, sts_str("mx"))) {
        bool right = mx_pattern_is_right(value);

        r->n_mx_lines++;
        p->n_mx += right;
        return right ? DEFECT_NONE : DEFECT_POLICY_MX;
    }
    if (sts_str_equal(name, sts_str("mode")) && r->right_mode == STS_MODE_UNKNOWN)
        r->right_mode = mode_of(value);
    if (!r->seen_mode && sts_str_equal(name, sts_str("mode"))) {
        r->seen_mode = true;
        p->mode = mode_of(value);
        return p->mode == STS_MODE_UNKNOWN ? DEFECT_POLICY_MODE : DEFECT_NONE;
    }
    if (!r->seen_version && sts_str_equal(name, sts_str("version"))) {
        r->seen_version = true;
        return sts_str_equal(value, sts_str("STSv1")) ? DEFECT_NONE : DEFECT_POLICY_VERSION;
    }
    if (!r->seen_max_age && sts_str_equal(name, sts_str("max_age"))) {
        r->seen_max_age = true;
        return read_max_age(value, &p->max_age_s);
    }
    return check_extension(value, bad);
}

static enum defect_id check_line(struct reading *r, const struct line *line, uint32_t *bad)
{
    const char *cr = line->text.len ? memchr(line->text.p, '\r', line->text.len) : NULL;
    struct sts_str name, value;
    enum defect_id id = DEFECT_POLICY_NAME;

    *bad = 0;
    if (line->text.len == 0)
        return DEFECT_POLICY_BLANK_LINE;
    if (!split(line, &name, &value)) {
        id = DEFECT_POLICY_LINE;
    } else if (txt_is_field_name(name)) {
        id = read_field(r, name, value, bad);
        *bad += (uint32_t)(value.p - line->text.p);
    }
    if (cr != NULL) { /* no value has one: whatever else is wrong, this is why */
        *bad = (uint32_t)(cr - line->text.p);
        return DEFECT_POLICY_BARE_CR;
    }
    if ((id == DEFECT_POLICY_MX || id == DEFECT_POLICY_MODE) && !is_extension(value))
        r->broken = true;
    return id;
}

static void read_line(struct reading *r, const struct line *line)
{
    uint32_t bad;
    enum defect_id id = check_line(r, line, &bad);

    if (id == DEFECT_NONE)
        return;
    defect_add(&r->policy->defects, id, line->offset + bad);
    r->broken |= id != DEFECT_POLICY_MX && id != DEFECT_POLICY_MODE;
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

/* Whether the required fields are there when a wrong mx or mode line counts as an unknown field. */
static bool is_rescued(const struct reading *r)
{
    return r->policy->defects.n > 0 && !r->broken && r->seen_version && r->seen_max_age &&
           r->right_mode != STS_MODE_UNKNOWN && (r->policy->n_mx > 0 || r->right_mode == STS_MODE_NONE);
}

static uint32_t bom_bytes(struct sts_str body)
{
    return body.len >= 3 && memcmp(body.p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static bool is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

static bool is_list_mark(char c)
{
    return c == ',' || txt_is_blank(c);
}

/* The next field, whatever line ends, blanks and other lines stand around it. */
static bool next_lenient_field(struct sts_str body, uint32_t *at, struct sts_str *name, struct sts_str *value)
{
    if (*at == 0)
        *at = bom_bytes(body);
    while (*at < body.len) {
        struct line line = {.offset = *at};

        while (*at < body.len && !is_line_end(body.p[*at]))
            ++*at;
        line.text = txt_trim((struct sts_str){body.p + line.offset, *at - line.offset});
        *at += *at < body.len;
        if (split(&line, name, value)) {
            *name = txt_trim(*name);
            return true;
        }
    }
    return false;
}

static void read_lenient(struct sts_policy_reading *p, struct sts_str body)
{
    struct sts_str name, value;
    bool version = false, max_age = false;
    uint32_t at = 0;
    uint64_t number;

    while (next_lenient_field(body, &at, &name, &value)) {
        if (sts_str_equal(name, sts_str("version"))) {
            version |= sts_str_equal(value, sts_str("STSv1"));
        } else if (sts_str_equal(name, sts_str("mode")) && p->mode == STS_MODE_UNKNOWN) {
            p->mode = mode_of(value);
        } else if (sts_str_equal(name, sts_str("max_age")) && !max_age && read_number(value, &number) &&
                   number <= STS_LENIENT_MAX_AGE_MOST) {
            p->max_age_s = number;
            max_age = true;
        }
    }
    for (at = 0; sts_policy_next_lenient_mx(body, &at, &value);)
        p->n_mx++;
    p->verdict =
        version && max_age && p->mode != STS_MODE_UNKNOWN && (p->n_mx > 0 || p->mode == STS_MODE_NONE)
            ? VERDICT_VALID
            : VERDICT_INVALID;
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
    r.broken = at > 0;
    while (next_line(body, &at, &line))
        read_line(&r, &line);
    if (body.len > 0)
        check_missing(&r, body.len);
    policy->verdict = policy->defects.n == 0 ? VERDICT_VALID : VERDICT_INVALID;
    policy->rescued = is_rescued(&r);
    read_lenient(&policy->lenient, body);
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
        if (split(&line, &name, pattern) && sts_str_equal(name, sts_str("mx")) &&
            mx_pattern_is_right(*pattern))
            return true;
    return false;
}

/* On to the value of the next mx field. */
static bool next_mx_value(struct sts_str body, uint32_t *at)
{
    struct sts_str name, value;

    do {
        if (!next_lenient_field(body, at, &name, &value))
            return false;
    } while (!sts_str_equal(name, sts_str("mx")));
    *at = (uint32_t)(value.p - body.p);
    return true;
}

bool sts_policy_next_lenient_mx(struct sts_str body, uint32_t *at, struct sts_str *pattern)
{
    bool within = *at > 0 && !is_line_end(body.p[*at - 1]); /* a list of the line that was begun */

    while (within || next_mx_value(body, at)) {
        uint32_t begin;

        while (*at < body.len && is_list_mark(body.p[*at]))
            ++*at;
        for (begin = *at; *at < body.len && !is_list_mark(body.p[*at]) && !is_line_end(body.p[*at]);)
            ++*at;
        *pattern = (struct sts_str){body.p + begin, *at - begin};
        within = pattern->len > 0;
        if (!within)
            *at += *at < body.len;
        else if (mx_pattern_is_lenient(pattern))
            return true;
    }
    return false;
}

bool sts_policy_mx_match(struct sts_str pattern, struct sts_str host)
{
    const char *dot;

    if (pattern.len > 1 && pattern.p[0] == '*')
        pattern = (struct sts_str){pattern.p + 1, pattern.len - 1};
    if (pattern.len == 0 || pattern.p[0] != '.')
        return text_equal_nocase(pattern, host);
    dot = host.len ? memchr(host.p, '.', host.len) : NULL;
    if (dot == NULL || dot == host.p)
        return false;
    return text_equal_nocase(pattern, (struct sts_str){dot, host.len - (uint32_t)(dot - host.p)});
}
