/* policy_decode.h - a policy body behind a content coding that was not asked for, as senders read it that
 * decode what comes. Pure. Thread: any; no state. */
#ifndef STS_POLICY_DECODE_H
#define STS_POLICY_DECODE_H
#include "sinks/base.h"

#define POLICY_DECODED_BYTES 65536 /* as many as a body may have without a coding: RFC 8461 section 3.3 */

/* `body` without its coding, in `room` of POLICY_DECODED_BYTES: gzip, x-gzip or deflate, one of them and once
 * (RFC 9110 section 8.4.1). {NULL, 0}: another coding, a broken body, one with bytes behind its end, or one
 * that takes more room. */
struct sts_str policy_decode(struct sts_str coding, struct sts_str body, char *room);
#endif
