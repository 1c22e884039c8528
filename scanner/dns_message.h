/* dns_message.h - DNS messages: a query out, evidence from an answer. Bytes only. Thread: any. */
#ifndef STS_DNS_MESSAGE_H
#define STS_DNS_MESSAGE_H
#include "scanner/dns.h"

#define DNS_QUERY_BYTES 300 /* header 12, name 255, type and class 4, OPT 11: 282 at most */
#define DNS_OPT_BYTES   11  /* of a query, behind its question */

/* Memory that one answer may take: 64 KiB of MX whose names are compressed to 2 bytes and take a KiB each. */
#define DNS_ANSWER_MOST_BYTES (5u << 20)

/* A query with RD, AD (RFC 6840 section 5.7) and EDNS(0), and the id 0, about `prefix` (labels, each with its
 * dot, without escapes) with `name` behind it. Returns its length; 0: that is no domain name. */
size_t dns_message_query(uint8_t out[DNS_QUERY_BYTES], const char *prefix, const char *name,
                         enum dns_type type, unsigned flags);
/* The name that such a query asks for, in wire form. */
const uint8_t *dns_message_question(const uint8_t query[DNS_QUERY_BYTES]);
/* What msg[0..len) answers to (name, type) goes into `answer` (all but att), in `arena`; `name` in wire form.
 * Returns the outcome: OK, DNS_NXDOMAIN, DNS_NODATA, DNS_SERVFAIL, DNS_REFUSED, DNS_RCODE, DNS_MALFORMED,
 * OUR_MEMORY. */
struct result dns_message_answer(const uint8_t *msg, size_t len, const uint8_t *name, enum dns_type type,
                                 unsigned flags, struct arena *arena, struct rec_dns *answer);
#endif
