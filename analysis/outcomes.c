#include "analysis/outcomes.h"

uint8_t outcome_byte(uint64_t oc)
{
    return oc < OUTCOME_LIMIT ? (uint8_t)oc : OC_UNKNOWN;
}

uint8_t outcome_of(const struct rec_dns *dns)
{
    return dns ? outcome_byte(dns->oc) : OC_NONE;
}
