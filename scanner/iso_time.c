#include "scanner/iso_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void iso_time(char out[ISO_TIME_BYTES], uint64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    char text[ISO_TIME_BYTES - 8];
    struct tm utc;

    out[0] = '\0';
    if (gmtime_r(&seconds, &utc) != NULL && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc) > 0)
        snprintf(out, ISO_TIME_BYTES, "%s.%03" PRIu64 "Z", text, ms % 1000);
}

uint64_t wall_ms(void)
{
    struct timespec wall;

    clock_gettime(CLOCK_REALTIME, &wall);
    return (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_nsec / 1000000;
}
