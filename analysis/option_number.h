/* option_number.h - the options that were in force, out of the scan record. Pure. Thread: any. */
#ifndef STS_OPTION_NUMBER_H
#define STS_OPTION_NUMBER_H
#include "sinks/record.h"

/* The value of an option that is a number; `preset` where it is not there, or is none. */
uint64_t option_number(const struct rec_scan *scan, const char *name, uint64_t preset);
/* Is it there? A flag is where it was given. */
bool option_given(const struct rec_scan *scan, const char *name);
#endif
