/* address.c - the plan of 127.0.0.0/8. Each kind has a block, in which owner and index are scattered.
 *   127.0/16 others    127.1/16 first      127.2/16 second     127.3/16 providers   127.4/15 registrars
 *   127.8/13 reset     127.16/12 operators 127.32/11 dead      127.64/10 policy     127.128/9 MX */
#include "bench/sim/names.h"
#include "bench/sim/permute.h"

/* The broadcast address of loopback takes no connection: another, of nobody, stands in for it. */
#define BROADCAST UINT32_C(0x7fffffff)
#define STAND_IN  UINT32_C(0x7f00fffe)

struct block {
    uint32_t first;
    unsigned bits;       /* of the block: as many addresses */
    unsigned index_bits; /* of these, to tell the addresses of one owner */
};
static const struct block BLOCKS[] = {
    [ADDRESS_OTHER] = {UINT32_C(0x7f000000), 16, 16},      [ADDRESS_FIRST] = {UINT32_C(0x7f010000), 16, 8},
    [ADDRESS_SECOND] = {UINT32_C(0x7f020000), 16, 8},      [ADDRESS_PROVIDER] = {UINT32_C(0x7f030000), 16, 2},
    [ADDRESS_REGISTRAR] = {UINT32_C(0x7f040000), 17, 3},   [ADDRESS_RESET] = {UINT32_C(0x7f080000), 19, 0},
    [ADDRESS_OPERATOR] = {UINT32_C(0x7f100000), 20, 2},    [ADDRESS_DEAD] = {ADDRESS_DEAD_NET, 21, 2},
    [ADDRESS_SELF_POLICY] = {UINT32_C(0x7f400000), 22, 1}, [ADDRESS_SELF_MX] = {UINT32_C(0x7f800000), 23, 2},
};
_Static_assert(ADDRESS_SELF_LIMIT == 1 << 23, "the block of ADDRESS_SELF_MX");
_Static_assert((ADDRESS_DEAD_MASK ^ UINT32_MAX) == (1 << 21) - 1, "the block of ADDRESS_DEAD");

uint32_t address_for(const struct world *w, const struct address_use *use)
{
    const struct block *b = &BLOCKS[use->kind];
    uint32_t most = UINT32_C(1) << b->bits, indices = UINT32_C(1) << b->index_bits;
    uint32_t address;
    uint64_t x = (use->owner << b->index_bits | (use->index & (indices - 1))) & (most - 1);

    address = b->first + (uint32_t)permute(w, PERMUTE_ADDRESSES, b->bits, x);
    return address == BROADCAST ? STAND_IN : address;
}

void address_used(const struct world *w, uint32_t address, struct address_use *out)
{
    *out = (struct address_use){.kind = ADDRESS_OTHER};
    if (address == STAND_IN)
        address = BROADCAST;
    for (unsigned n = ADDRESS_FIRST; n < sizeof(BLOCKS) / sizeof(BLOCKS[0]); n++) {
        const struct block *b = &BLOCKS[n];
        uint64_t x = address - b->first;

        if (address < b->first || x >> b->bits)
            continue;
        x = permute_back(w, PERMUTE_ADDRESSES, b->bits, x);
        out->kind = (enum address_kind)n;
        out->owner = x >> b->index_bits;
        out->index = (uint32_t)(x & ((1U << b->index_bits) - 1));
        return;
    }
}
