/* descriptors.h - how many connections the limit of open files leaves room for. Thread: any. */
#ifndef STS_DESCRIPTORS_H
#define STS_DESCRIPTORS_H
#include "scanner/scan.h"

/* Raises the limit as far as allowed. Of `wanted` connections (0: as many as can be) those that it leaves
 * room for, beside what `n_workers` and the files need. At least 1. */
uint32_t descriptors_fitting(uint64_t wanted, uint32_t n_workers);
/* A socket could not be had, of a connection that the gate has let through: fewer at a time from here on. */
void descriptors_are_short(struct scan *s);
#endif
