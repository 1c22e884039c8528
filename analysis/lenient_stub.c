/* lenient_stub.c - until the lenient grammar is there. */
#include "analysis/sts_policy.h"

bool sts_policy_next_lenient_mx(struct sts_str body, uint32_t *at, struct sts_str *pattern)
{
    return sts_policy_next_mx(body, at, pattern);
}
