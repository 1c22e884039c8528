/* verify_scan.h - a small scan, sound or with one thing wrong, and what ststat verify says of it. */
#ifndef STS_VERIFY_SCAN_H
#define STS_VERIFY_SCAN_H
#include "sinks/base.h"

/* What is wrong with the scan, or special and right all the same. */
#define BIT(n)            (UINT64_C(1) << (n))
#define NOTHING           UINT64_C(0)
#define POSITION_MISSING  BIT(0)
#define POSITION_TWICE    BIT(1)
#define POSITION_REPEATED BIT(2) /* with a higher attempt: right */
#define POSITION_ZERO     BIT(3)
#define HOST_MISSING      BIT(4)
#define HOST_CUT          BIT(5) /* left out by --mx-limit: right */
#define HOST_TWICE        BIT(6)
#define POLICY_MISSING    BIT(7)
#define CERT_MISSING      BIT(8)
#define CERT_LATE         BIT(9)
#define CERT_DIGEST       BIT(10)
#define COUNT_WRONG       BIT(11)
#define COUNT_LEFT_OUT    BIT(12)
#define BEHIND_END        BIT(13)
#define STOPPED           BIT(14)
#define NO_END            BIT(15)
#define SHARDED           BIT(16)
#define ATTEMPT_DIFFERS   BIT(17)
#define LAST_POS_WILD     BIT(18)
#define SHARD_WRONG       BIT(19) /* with SHARDED */
#define SHARD_WILD        BIT(20)
#define NO_ROUTE          BIT(21) /* to the second address of a policy host: right */
#define NO_ROUTE_ENDPOINT BIT(22) /* for the last look at an endpoint */
#define ALSO_MISSING      BIT(23) /* a certificate that another address of a policy host sent */
#define RESUMED           BIT(24) /* behind a run that was stopped at once: right */
#define ENDPOINT_MISSING  BIT(25)
#define ENDPOINT_TWICE    BIT(26)
#define SAMPLED           BIT(27) /* with ENDPOINT_MISSING: right */
#define ADDRESS_CUT       BIT(28) /* likewise, by --address-limit */
#define NO_STARTTLS       BIT(29) /* likewise: none was to be probed */
#define BODY_WRONG        BIT(30)
#define ALSO_WRONG        BIT(31) /* from a further address, which has the body of the record */
#define ALSO_OTHER        BIT(32) /* it has one of its own */
#define COUNT_TWICE       BIT(33)
#define TRUST_LACKS       BIT(34)
#define TRUST_WRONG       BIT(35)
#define FOREIGN           BIT(36) /* records of a later version: right */
#define INPUT_LONGER      BIT(37)
#define INPUT_OTHER       BIT(38)
#define OTHER_INPUT       BIT(39) /* with RESUMED */

/* Build the scan, verify it, clear it away: the number of problems. The output is `*text`, to be freed. */
uint64_t verify_scan_made(uint64_t wrong, char **text);
#endif
