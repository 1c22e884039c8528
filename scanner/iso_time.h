/* iso_time.h - moments as users read them: ISO 8601, UTC. Thread: any. */
#ifndef STS_ISO_TIME_H
#define STS_ISO_TIME_H
#include "sinks/base.h"

#define ISO_TIME_BYTES 40

/* ms since 1970 as "2026-02-01T12:00:00.123Z"; empty beyond what a calendar holds. */
void iso_time(char out[ISO_TIME_BYTES], uint64_t ms);
/* This moment, ms since 1970. */
uint64_t wall_ms(void);
#endif
