/* zone_line.h - lines of a zone file (RFC 1035 section 5.1) into the names that the zone delegates. Pure.
 * Thread: one a zone. */
#ifndef STS_ZONE_LINE_H
#define STS_ZONE_LINE_H
#include "scanner/zone_name.h"

#define ZONE_RECORD_BYTES (1 << 20) /* of a record in parentheses; 64 KiB of rdata, written as \DDD, fit */

struct zone {
    struct zone_name origin, apex, owner, last; /* last: delegated */
    char word[64];                              /* how `owner` was written, where that fits; */
    uint32_t word_len;                          /* 0: not known, or the origin is another by now */
    bool origin_stated;                         /* by $ORIGIN or the caller, not taken from the SOA record */
    bool soa;                                   /* a SOA record was there */
    bool owner_relative;                        /* and no origin: then `owner` is not known */
    bool type_known, ttl_known, class_known;    /* of the record being read */
    bool class_in;
    unsigned depth;      /* parentheses open */
    size_t record_bytes; /* since they are */
    const char *why;     /* what is wrong, behind ZONE_BAD */
};
enum zone_found {
    ZONE_NOTHING,
    ZONE_DELEGATED, /* an NS record of a name other than the zone's own */
    ZONE_REPEATED,  /* the same, of the name that was delegated last */
    ZONE_BAD,       /* z->why; the zone must not be read on */
};

/* `origin`: of relative names until the zone says another, and the zone's own name until there is a SOA
 * record; without a dot at its end; NULL: none. */
void zone_init(struct zone *z, const char *origin);
/* One line without its end. A delegated name stands in z->last until the next one. */
enum zone_found zone_line(struct zone *z, const char *line, size_t len) STS_CHECK;
/* No line of any list of names looks so: a directive, or a SOA record. */
bool zone_line_is_telling(const char *line, size_t len);
#endif
