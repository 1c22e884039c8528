/* dns_seen.h - questions that were lost once, so that they are not lost again: the last DNS_LEAST_SEEN of
 * them at least, in two generations, of which the older is forgotten when the younger is full. Pure.
 */
#ifndef SIM_DNS_SEEN_H
#define SIM_DNS_SEEN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_LEAST_SEEN (1U << 19) /* 16 MB in all, where so many are lost */

struct dns_seen;
struct dns_seen *dns_seen_new(void); /* NULL: no memory */
void dns_seen_free(struct dns_seen *s);
/* Did it come before? From now on it did. `name` in lower case. */
bool dns_seen_add(struct dns_seen *s, const char *name, size_t len, uint16_t type);
#endif
