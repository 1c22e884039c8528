#include "scanner/door.h"

#include <string.h>

/* data/reserved-ranges.txt line by line, made by the build; NULL ends it. */
extern const char *const reserved_ranges[];

static int add_range(struct prefix_set *set, const char *line, struct sts_err *err)
{
    bool except = line[0] == '!';
    struct prefix p;

    line += except;
    if (prefix_parse(line, strlen(line), &p, err) != STS_OK)
        return err->code;
    p.except = except;
    if (prefix_set_add(set, &p) != STS_OK)
        return sts_fail(err, STS_ENOMEM, "reserved ranges: out of memory");
    return STS_OK;
}

int door_rules_init(struct door_rules *rules, enum ip_version ip_version, const struct prefix_set *allow,
                    const struct prefix_set *lab, struct sts_err *err)
{
    const char *const *line;

    prefix_set_init(&rules->reserved);
    rules->allow = allow;
    rules->lab = lab;
    rules->ip_version = ip_version;
    for (line = reserved_ranges; *line != NULL; line++) {
        if (add_range(&rules->reserved, *line, err) != STS_OK) {
            door_rules_fini(rules);
            return err->code;
        }
    }
    prefix_set_build(&rules->reserved);
    return STS_OK;
}

void door_rules_fini(struct door_rules *rules)
{
    prefix_set_fini(&rules->reserved);
}

static bool is_reserved(const struct door_rules *rules, const struct address *a)
{
    return prefix_set_holds(&rules->reserved, a) && !prefix_set_holds(rules->allow, a);
}

/* What an address leads to is judged by each IPv4 address in it. */
static bool leads_to_reserved(const struct door_rules *rules, const struct address *address)
{
    struct address v4[ADDRESS_MOST_EMBEDDED];
    unsigned n = address_embedded_v4(address, v4);

    if (is_reserved(rules, address))
        return true;
    if (prefix_set_holds(rules->allow, address))
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (is_reserved(rules, &v4[i]))
            return true;
    }
    return false;
}

enum outcome door_judge(const struct door_rules *rules, const struct blocklist *blocked, const char *host,
                        const struct address *address)
{
    enum ip_version version = address_is_v4(address) ? IP_VERSION_4 : IP_VERSION_6;

    if (blocklist_has_address(blocked, address) || blocklist_has_name(blocked, host))
        return OC_BLOCKLISTED;
    if (rules->ip_version != IP_VERSION_ANY && rules->ip_version != version)
        return OC_FAMILY_OFF;
    if (rules->lab->n_entries > 0 && prefix_set_holds(rules->lab, address))
        return OC_OK;
    if (leads_to_reserved(rules, address))
        return OC_ADDRESS_RESERVED;
    return rules->lab->n_entries > 0 ? OC_ADDRESS_OUTSIDE_LAB : OC_OK;
}
