/* shard.h - which part of a scan that is split over several machines a name belongs to. Pure. Thread: any. */
#ifndef STS_SHARD_H
#define STS_SHARD_H
#include "sinks/base.h"

/* 0 to n_shards - 1, the same on every machine and in every version. `name` is normalised; of a line that is
 * no name, the bytes that are kept of it. */
uint64_t shard_of(struct sts_str name, uint64_t n_shards);
#endif
