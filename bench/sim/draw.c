/* draw.c - chance: hashes of the seed, a purpose and two numbers. */
#include "bench/sim/world.h"

#include <math.h>

#define TWO_PI 6.283185307179586

/* The finaliser of splitmix64: every bit of the input flips half of the output. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t draw(const struct world *w, enum purpose p, uint64_t a, uint64_t b)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t x = mix(w->seed + odd * ((uint64_t)p + 1));

    return mix(mix(x ^ (a * odd)) + b * odd);
}

double draw_unit(const struct world *w, enum purpose p, uint64_t a, uint64_t b)
{
    return (double)(draw(w, p, a, b) >> 11) * 0x1p-53;
}

unsigned draw_class(const struct world *w, enum table t, enum purpose p, uint64_t a, uint64_t b,
                    double *weight)
{
    const double *rate = w->rate[t];
    unsigned n = group_size(table_group(t)), last = 0;
    double at = draw_unit(w, p, a, b);

    for (unsigned c = 0; c < n && at >= 0; c++) {
        if (rate[c] > 0)
            last = c;
        at -= rate[c];
    }
    if (weight)
        *weight *= w->natural[t][last] / rate[last];
    return last; /* not c: rounding may leave a last bit of 1 over */
}

double draw_lognormal(const struct world *w, enum purpose p, uint64_t a, uint64_t b, double median,
                      double sigma)
{
    uint64_t x = draw(w, p, a, b);
    double u = ((double)(x >> 32) + 1) * 0x1p-32, v = (double)(x & UINT32_MAX) * 0x1p-32;

    return median * exp(sigma * sqrt(-2 * log(u)) * cos(TWO_PI * v)); /* Box and Muller */
}
