/* golden.h - the golden scan: records of every kind that hold every field, the same each time. */
#ifndef STS_GOLDEN_H
#define STS_GOLDEN_H
#include "sinks/record.h"

/* The certificates of tests/golden/certs, in this order. */
enum golden_cert { GC_ROOT, GC_ISSUER, GC_MX, GC_POLICY, GC_EXPIRED, GC_SELF, GC_LIMIT };
/* Reads them from `directory`; what refers to them holds from then on. False: cannot be read. */
bool golden_load_certs(const char *directory);
extern struct rec_cert golden_certs[GC_LIMIT];
/* As they are sent: digests of the leaf and of its issuer. */
extern struct sts_str golden_chain_mx[2], golden_chain_policy[2], golden_chain_expired[2],
    golden_chain_self[1];

/* One frame of records of one kind. */
struct golden_frame {
    enum rec_kind kind;
    const void *records;
    uint32_t n;
};
extern const struct rec_scan golden_scan;
extern const struct golden_frame golden_frames[]; /* behind the certificates */
extern const unsigned golden_n_frames;
#define GOLDEN_STOPPED_FRAMES 1 /* so many are in the scan that was stopped */
#endif
