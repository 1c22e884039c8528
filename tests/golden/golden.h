/* golden.h - the golden scan: records of every kind that hold every field, the same each time. */
#ifndef STS_GOLDEN_H
#define STS_GOLDEN_H
#include "sinks/record.h"

/* The certificates of tests/golden/certs, in this order. */
enum golden_cert { GC_ROOT, GC_ISSUER, GC_MX, GC_POLICY, GC_EXPIRED, GC_SELF, GC_LIMIT };
extern const char *const golden_cert_names[GC_LIMIT];

/* To be filled with their SHA-256 before the records are used. */
extern struct sts_str golden_digests[GC_LIMIT];
void golden_link_chains(void);

/* One frame of records of one kind. */
struct golden_frame {
    enum rec_kind kind;
    const void *records;
    uint32_t n;
};
extern const struct rec_scan golden_scan;
extern const struct golden_frame golden_frames[];
extern const unsigned golden_n_frames;
#endif
