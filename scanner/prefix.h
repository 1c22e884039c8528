/* prefix.h - what an address leads to, prefixes, and sets of prefixes with longest match. Pure. Thread: any;
 * a built set is not changed by lookups. */
#ifndef STS_PREFIX_H
#define STS_PREFIX_H
#include "scanner/address.h"

#define PREFIX_TEXT_BYTES     (ADDRESS_TEXT_BYTES + 4)
#define ADDRESS_MOST_EMBEDDED 5

/* address_parse() for text[0..len) without a NUL behind it. */
int address_parse_part(const char *text, size_t len, struct address *out) STS_CHECK;
/* The IPv4 addresses that an IPv6 address may lead to, whichever network reads it: NAT64 (RFC 6052
 * section 2.1) and NAT64 for local use at each length (RFC 8215), 6to4 (RFC 3056 section 2), Teredo's server
 * and client (RFC 4380 section 4), ISATAP (RFC 5214 section 6.1), IPv4-compatible (RFC 4291 section 2.5.5.1)
 * and IPv4-translated (RFC 2765 section 2.1). Returns how many. A NAT64 prefix of some network's own (RFC
 * 6052 section 2.2) cannot be told from any other. */
unsigned address_embedded_v4(const struct address *a, struct address out[ADDRESS_MOST_EMBEDDED]);
/* On this host or in a private network: loopback, RFC 1918, RFC 4193, link-local. */
bool address_is_private(const struct address *a);

struct prefix {
    struct address address; /* bits behind the prefix are 0 */
    uint8_t bits;           /* 0 to 128; of IPv4 96 more than written */
    bool except;            /* in a set: what it covers is not in the set */
};
/* An address, or address/bits. Bits set behind the prefix are an error. `err` names the text and the reason.
 */
int prefix_parse(const char *text, size_t len, struct prefix *out, struct sts_err *err) STS_CHECK;
void prefix_format(const struct prefix *p, char out[PREFIX_TEXT_BYTES]);

struct prefix_entry;
struct prefix_set {
    struct prefix_entry *entries;
    uint32_t n_entries, size;
};
void prefix_set_init(struct prefix_set *set); /* all zero is a set too: the empty one, built */
void prefix_set_fini(struct prefix_set *set);
int prefix_set_add(struct prefix_set *set, const struct prefix *p) STS_CHECK; /* STS_OK or STS_ENOMEM */
/* A list "p,p,..." */
int prefix_set_add_list(struct prefix_set *set, const char *text, struct sts_err *err) STS_CHECK;
/* After the last addition, before the first lookup. */
void prefix_set_build(struct prefix_set *set);
/* The longest prefix that covers `a`; false: none. An IPv4 address is covered by IPv4 prefixes only. */
bool prefix_set_find(const struct prefix_set *set, const struct address *a, struct prefix *out);
/* Every address of the set is on this host or in a private network (address_is_private). False: `out` has
 * others. */
bool prefix_set_is_private(const struct prefix_set *set, struct prefix *out);
/* The longest prefix is there and is no exception. */
bool prefix_set_holds(const struct prefix_set *set, const struct address *a);
#endif
