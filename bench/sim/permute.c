/* permute.c - rounds of an addition of the key, a xorshift that undoes itself and an odd multiplier. */
#include "bench/sim/permute.h"

#define ROUNDS   3
#define MULTIPLY UINT64_C(0xbf58476d1ce4e5b9)
#define DIVIDE   UINT64_C(0x96de1b173f119089) /* MULTIPLY * DIVIDE = 1 modulo 2^64, so modulo any 2^bits */
_Static_assert(MULTIPLY *DIVIDE == 1, "DIVIDE does not undo MULTIPLY");

static uint64_t round_key(const struct world *w, enum permutation p, unsigned bits, unsigned round)
{
    uint64_t x = w->seed + UINT64_C(0x9e3779b97f4a7c15) * (((uint64_t)p * 64 + bits) * ROUNDS + round + 1);

    x = (x ^ (x >> 30)) * MULTIPLY;
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t permute(const struct world *w, enum permutation p, unsigned bits, uint64_t x)
{
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    const unsigned half = (bits + 1) / 2; /* x ^ x >> half undoes itself */

    for (unsigned n = 0; n < ROUNDS; n++) {
        x = (x + round_key(w, p, bits, n)) & mask;
        x ^= x >> half;
        x = (x * MULTIPLY) & mask;
        x ^= x >> half;
    }
    return x;
}

uint64_t permute_back(const struct world *w, enum permutation p, unsigned bits, uint64_t y)
{
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    const unsigned half = (bits + 1) / 2;

    for (unsigned n = ROUNDS; n-- > 0;) {
        y ^= y >> half;
        y = (y * DIVIDE) & mask;
        y ^= y >> half;
        y = (y - round_key(w, p, bits, n)) & mask;
    }
    return y;
}
