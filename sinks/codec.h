/* codec.h - what encode.c and decode.c share. For these two files only. */
#ifndef STS_CODEC_H
#define STS_CODEC_H
#include "sinks/record.h"

/* A list of maps looks the same whatever the maps are; so do all pointers to one map. */
struct any_list {
    void *v;
    uint32_t n;
};
#endif
