/* blocklist.h - addresses and names that are not to be asked for or contacted. Pure but for reading the file.
 * Thread: any, once read: a list is never changed. */
#ifndef STS_BLOCKLIST_H
#define STS_BLOCKLIST_H
#include "scanner/prefix.h"

struct blocklist; /* counted references */

/* One entry a line: an address, a prefix, or a name (which stands for its subdomains too; U-labels are fine).
 * "#" begins a comment. STS_EIO, STS_EFORMAT (with file:line), STS_ENOMEM, STS_ESYS. The caller has the one
 * reference. */
int blocklist_read(const char *path, struct blocklist **out, struct sts_err *err) STS_CHECK;
struct blocklist *blocklist_ref(struct blocklist *b); /* NULL is fine, and stays so */
void blocklist_unref(struct blocklist *b);            /* the last one frees it */

/* The address, or an IPv4 address that it leads to (address_embedded_v4). NULL: an empty list. */
bool blocklist_has_address(const struct blocklist *b, const struct address *a);
/* The name or one above it. `name`: lower case, no trailing dot, in presentation form (RFC 1035 section 5.1).
 */
bool blocklist_has_name(const struct blocklist *b, const char *name);
uint64_t blocklist_n_prefixes(const struct blocklist *b);
uint64_t blocklist_n_names(const struct blocklist *b);
#endif
