#include "analysis/mx_pattern.h"

#include "analysis/txt_record.h"

#define LABEL_MOST  63  /* RFC 1035 section 2.3.4 */
#define DOMAIN_MOST 255 /* RFC 5321 section 4.5.3.1.2 */

/* Domain = sub-domain *("." sub-domain); sub-domain = Let-dig [Ldh-str], RFC 5321 section 4.1.2. `also`: one
 * character more that counts as a letter, or 0. */
static bool is_domain(struct sts_str s, char also)
{
    uint32_t label = 0;

    if (s.len == 0 || s.len > DOMAIN_MOST)
        return false;
    for (uint32_t i = 0; i <= s.len; i++) {
        if (i == s.len || s.p[i] == '.') {
            if (label == 0 || label > LABEL_MOST || s.p[i - 1] == '-')
                return false;
            label = 0;
        } else if (txt_is_alnum(s.p[i]) || (s.p[i] == '-' && label > 0) || (also && s.p[i] == also)) {
            label++;
        } else {
            return false;
        }
    }
    return true;
}

/* What stands behind the "*." of a pattern that has one. */
static struct sts_str behind_star(struct sts_str pattern)
{
    bool wild = pattern.len > 2 && pattern.p[0] == '*' && pattern.p[1] == '.';

    return wild ? (struct sts_str){pattern.p + 2, pattern.len - 2} : pattern;
}

bool mx_pattern_is_right(struct sts_str pattern)
{
    return is_domain(behind_star(pattern), 0);
}

bool mx_pattern_is_lenient(struct sts_str *pattern)
{
    struct sts_str name;

    if (pattern->len > 1 && pattern->p[pattern->len - 1] == '.')
        pattern->len--;
    name = behind_star(*pattern);
    if (name.p == pattern->p && name.len > 1 && name.p[0] == '.')
        name = (struct sts_str){name.p + 1, name.len - 1};
    return is_domain(name, '_');
}
