/* permute.h - bijections of numbers below a power of two, keyed by the seed: neighbours come out far apart.
 * Pure. */
#ifndef SIM_PERMUTE_H
#define SIM_PERMUTE_H
#include "bench/sim/world.h"

enum permutation { PERMUTE_NAMES, PERMUTE_WORDS, PERMUTE_ADDRESSES };

/* Of x below 2^bits, 2 to 32 bits. */
uint64_t permute(const struct world *w, enum permutation p, unsigned bits, uint64_t x);
uint64_t permute_back(const struct world *w, enum permutation p, unsigned bits, uint64_t y);
#endif
