/* door.h - which addresses may be contacted at all. Pure. Thread: any, once built. */
#ifndef STS_DOOR_H
#define STS_DOOR_H
#include "scanner/blocklist.h"
#include "scanner/prefix.h"
#include "sinks/outcome.h"

enum ip_version { IP_VERSION_ANY, IP_VERSION_4, IP_VERSION_6 };

struct door_rules {
    struct prefix_set reserved;           /* data/reserved-ranges.txt; owned */
    const struct prefix_set *allow, *lab; /* borrowed, built; empty is "not given" */
    enum ip_version ip_version;
};
/* STS_OK or STS_ENOMEM. */
int door_rules_init(struct door_rules *rules, enum ip_version ip_version, const struct prefix_set *allow,
                    const struct prefix_set *lab, struct sts_err *err) STS_CHECK;
void door_rules_fini(struct door_rules *rules);

/* OC_OK: `host` may be contacted at `address`. Else OC_BLOCKLISTED, which beats all that follows: the name,
 * the address or an IPv4 address embedded in it is in `blocked` (NULL: nothing is); OC_FAMILY_OFF,
 * OC_ADDRESS_OUTSIDE_LAB or OC_ADDRESS_RESERVED. With a lab, just what lies in it may be contacted, reserved
 * or not. Without, an address is reserved if its own range is, or that of an IPv4 address embedded in it; a
 * range in `allow` is not. */
enum outcome door_judge(const struct door_rules *rules, const struct blocklist *blocked, const char *host,
                        const struct address *address);
#endif
