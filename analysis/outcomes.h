/* outcomes.h - outcomes of records in one byte, and of questions. Pure. Thread: any; no state. */
#ifndef STS_OUTCOMES_H
#define STS_OUTCOMES_H
#include "sinks/record.h"

/* A number that this version does not know becomes this one, which is of class none. */
#define OC_UNKNOWN (OUTCOME_LIMIT - 1)
uint8_t outcome_byte(uint64_t oc);
/* Of a question; 0 where it was not asked. */
uint8_t outcome_of(const struct rec_dns *dns);
#endif
