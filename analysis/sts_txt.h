/* sts_txt.h - the MTA-STS record: TXT at _mta-sts, RFC 8461 section 3.1, read strictly and leniently. Pure.
 * Thread: any; no state. Add each TXT RR of the answer (its strings joined without blanks), then look at the
 * result: no record, one that keeps the grammar, one that does not, or several. A text that is meant as a
 * record but does not begin with "v=STSv1;" is discarded by the RFC. Where nothing else is there, the verdict
 * is "invalid" and not "none", so that such mistakes can be counted. */
#ifndef STS_STS_TXT_H
#define STS_STS_TXT_H
#include "analysis/txt_record.h"

#define STS_ID_MOST          32
#define STS_LENIENT_ID_BYTES 65

struct sts_txt {
    enum verdict verdict; /* by the ABNF */
    enum verdict lenient; /* as deployed senders read it: sts_txt.c says what they forgive */
    struct txt_count count;
    /* All else is of one text, the one that `count` says is read. */
    char id[STS_ID_MOST + 1];              /* where it is right */
    char lenient_id[STS_LENIENT_ID_BYTES]; /* printable ASCII, "?" for what is not; cut there */
    struct defects defects;                /* offsets count in its joined text */
};

void sts_txt_init(struct sts_txt *t);
void sts_txt_add(struct sts_txt *t, struct sts_str text);
#endif
