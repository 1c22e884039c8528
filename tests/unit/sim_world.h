/* sim_world.h - worlds for the tests of the simulator: a profile that comes with it, and what changes it. */
#ifndef STS_TEST_SIM_WORLD_H
#define STS_TEST_SIM_WORLD_H
#include "bench/sim/fate.h"
#include "tests/unit/unit.h"

/* `only`, `oversample`: NULL, or as on the command line. */
static inline struct world *world_of(const char *profile, uint64_t n_names, uint64_t seed, const char *only,
                                     const char *oversample)
{
    struct world *w = test_calloc(1, sizeof(*w));
    char error[256];

    w->n_names = n_names;
    w->seed = seed;
    assert_true(world_read(w, profile, error, sizeof(error)));
    if (only)
        assert_true(world_only(w, only, error, sizeof(error)));
    if (oversample)
        assert_true(world_oversample(w, oversample, error, sizeof(error)));
    assert_true(world_finish(w, error, sizeof(error)));
    return w;
}
#define ZONE    DATA "/zone.profile"
#define TOPLIST DATA "/toplist.profile"
#endif
