#include "analysis/posset.h"

#define PAGE_BITS 32768u
#define WORD_BITS 64u

struct page {
    struct key key;
    uint64_t words[PAGE_BITS / WORD_BITS];
};

/* Pages stand one behind the other: their keys are made so that neighbours do not collide. */
static struct key key_of_page(uint64_t pos)
{
    return (struct key){pos / PAGE_BITS, 1};
}

void posset_init(struct posset *set)
{
    *set = (struct posset){0};
    table_init(&set->pages, sizeof(struct page));
}

void posset_fini(struct posset *set)
{
    table_fini(&set->pages);
}

int posset_add(struct posset *set, uint64_t pos, bool *fresh)
{
    struct page *page = table_put(&set->pages, key_of_page(pos));
    uint64_t bit = UINT64_C(1) << (pos % WORD_BITS), *word;

    if (page == NULL)
        return STS_ENOMEM;
    word = &page->words[pos % PAGE_BITS / WORD_BITS];
    *fresh = (*word & bit) == 0;
    *word |= bit;
    set->n += *fresh;
    if (pos > set->highest)
        set->highest = pos;
    return STS_OK;
}

bool posset_has(const struct posset *set, uint64_t pos)
{
    const struct page *page = table_find(&set->pages, key_of_page(pos));

    return page != NULL && (page->words[pos % PAGE_BITS / WORD_BITS] >> (pos % WORD_BITS) & 1) != 0;
}

/* The first position from `pos` on whose presence is `wanted`; `last` + 1 where there is none. Nothing is
 * there above the highest, so a wild `last` costs nothing. */
static uint64_t skip_to(const struct posset *set, uint64_t pos, uint64_t last, bool wanted)
{
    while (pos <= last) {
        if (pos > set->highest)
            return wanted ? last + 1 : pos;
        if (posset_has(set, pos) == wanted)
            return pos;
        if (wanted && table_find(&set->pages, key_of_page(pos)) == NULL)
            pos += PAGE_BITS - pos % PAGE_BITS;
        else
            pos++;
    }
    return last + 1;
}

bool posset_gap(const struct posset *set, uint64_t *from, uint64_t last, uint64_t *to)
{
    uint64_t begin;

    last -= last == UINT64_MAX; /* so that there is a number behind it */
    begin = skip_to(set, *from, last, false);
    if (begin > last)
        return false;
    *from = begin;
    *to = skip_to(set, begin, last, true) - 1;
    if (*to > last)
        *to = last;
    return true;
}
