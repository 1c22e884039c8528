#include "sinks/shard.h"

#include <xxhash.h>

uint64_t shard_of(struct sts_str name, uint64_t n_shards)
{
    return XXH64(name.len > 0 ? name.p : "", name.len, 0) % n_shards;
}
