/* signalled.h - is an MTA-STS policy worth fetching, and are the MX hosts of a name worth probing whatever
 * the sample of their address? Decides the next step only: what is a record is for the analysis. Pure. */
#ifndef STS_SIGNALLED_H
#define STS_SIGNALLED_H
#include "sinks/record.h"

/* `sts`: the TXT answer at _mta-sts, or NULL where it was not asked. True if any RR holds "STSv1" in any
 * case, its character-strings joined (RFC 8461 section 3.1), or the lookup failed for now. */
bool sts_is_signalled(const struct rec_dns *sts);
/* `rpt`: the TXT answer at _smtp._tls, or NULL. True if any RR holds "TLSRPTv1" in any case (RFC 8460 section
 * 3). */
bool rpt_is_there(const struct rec_dns *rpt);
#endif
