/* dns_wire.h - DNS messages as bytes: queries read with every length checked, answers written into a buffer
 * that does not overflow. Pure.
 */
#ifndef SIM_DNS_WIRE_H
#define SIM_DNS_WIRE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_HEADER_BYTES 12
#define DNS_NAME_BYTES   255 /* RFC 1035 section 2.3.4, on the wire */
#define DNS_LABEL_BYTES  63
#define DNS_TEXT_BYTES   256   /* of a name as text, with its NUL */
#define DNS_LEAST_UDP    512   /* that every asker takes (RFC 1035 section 2.3.4) */
#define DNS_MOST_TCP     65535 /* RFC 1035 section 4.2.2 */

enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_OPT = 41,
    DNS_TLSA = 52,
    DNS_SPF = 99,
    DNS_META_FIRST = 128, /* RFC 6895 section 3.1: what is no type of records */
    DNS_ANY = 255
};
enum dns_rcode {
    DNS_RCODE_NOERROR = 0,
    DNS_RCODE_FORMERR = 1,
    DNS_RCODE_SERVFAIL = 2,
    DNS_RCODE_NXDOMAIN = 3,
    DNS_RCODE_NOTIMP = 4,
    DNS_RCODE_REFUSED = 5,
    DNS_RCODE_BADVERS = 16 /* RFC 6891 section 9 */
};
#define DNS_CLASS_IN 1

struct dns_query {
    uint16_t id, type, klass;
    uint8_t opcode;
    uint8_t rcode; /* FORMERR, NOTIMP, BADVERS: it asks for no other answer than that */
    bool rd, ad, cd, edns, dnssec_ok;
    bool odd;           /* a label has bytes that no name of ours has: `text` is not to be looked up */
    uint16_t most;      /* bytes of an answer by UDP that the asker takes */
    uint16_t qname_len; /* on the wire; 0: the question could not be read */
    uint8_t n_labels;   /* without the root's */
    uint8_t text_len;
    uint8_t question[DNS_NAME_BYTES + 4]; /* as it came, in its case of letters */
    char text[DNS_TEXT_BYTES];            /* its name in lower case, without trailing dot; the root: "" */
};
/* False: nothing that may be answered (shorter than a header, or itself an answer). */
bool dns_query_read(const uint8_t *p, size_t len, struct dns_query *q);

/* ---- writing ---- */

struct dns_out {
    uint8_t *p;
    size_t len, most;
    bool full; /* something did not fit: it is not there, nor is what came behind it */
};
void dns_put8(struct dns_out *o, unsigned u);
void dns_put16(struct dns_out *o, unsigned u);
void dns_put32(struct dns_out *o, uint32_t u);
void dns_put_bytes(struct dns_out *o, const void *p, size_t len);
/* A name in text, uncompressed; "" is the root. A label too long: as if the buffer were full. */
void dns_put_name(struct dns_out *o, const char *text, size_t len);
/* A pointer to the name that stands at `at` (RFC 1035 section 4.1.4); the root itself, which is shorter. */
void dns_put_pointer(struct dns_out *o, size_t at);
void dns_set16(struct dns_out *o, size_t at, unsigned u); /* in what is there already */
/* Where the name that stands at `at`, without pointers in it, goes on behind `n_labels` of its labels. */
size_t dns_skip_labels(const struct dns_out *o, size_t at, unsigned n_labels);
#endif
