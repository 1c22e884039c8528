#include "sinks/posset.h"

#include <stdlib.h>

#define PAGE_BITS  32768u
#define WORD_BITS  64u
#define BITS_LEAST 4

struct posset_page {
    uint64_t number;
    uint64_t words[PAGE_BITS / WORD_BITS];
};

/* Where the page of `number` is, or would be. Pages stand one behind the other, and the golden ratio spreads
 * such numbers over the places. */
static size_t place_of(const struct posset *set, uint64_t number)
{
    size_t at = (size_t)(number * UINT64_C(0x9E3779B97F4A7C15) >> (64 - set->bits));

    while (set->pages[at] != NULL && set->pages[at]->number != number)
        at = (at + 1) & (set->size - 1);
    return at;
}

static struct posset_page *find(const struct posset *set, uint64_t pos)
{
    return set->size == 0 ? NULL : set->pages[place_of(set, pos / PAGE_BITS)];
}

/* Room for a page more: at most half of the places are taken. */
static int grow(struct posset *set)
{
    struct posset old = *set;

    if (2 * (set->n_pages + 1) <= set->size)
        return STS_OK;
    set->bits = old.bits ? old.bits + 1 : BITS_LEAST;
    set->size = (size_t)1 << set->bits;
    set->pages = calloc(set->size, sizeof(struct posset_page *));
    if (set->pages == NULL) {
        *set = old;
        return STS_ENOMEM;
    }
    for (size_t i = 0; i < old.size; i++)
        if (old.pages[i] != NULL)
            set->pages[place_of(set, old.pages[i]->number)] = old.pages[i];
    free(old.pages);
    return STS_OK;
}

static struct posset_page *find_or_make(struct posset *set, uint64_t pos)
{
    struct posset_page *page = find(set, pos);

    if (page != NULL || grow(set) != STS_OK || (page = calloc(1, sizeof(*page))) == NULL)
        return page;
    page->number = pos / PAGE_BITS;
    set->pages[place_of(set, page->number)] = page;
    set->n_pages++;
    return page;
}

void posset_init(struct posset *set)
{
    *set = (struct posset){0};
}

void posset_fini(struct posset *set)
{
    for (size_t i = 0; i < set->size; i++)
        free(set->pages[i]);
    free(set->pages);
}

int posset_add(struct posset *set, uint64_t pos, bool *fresh)
{
    struct posset_page *page = find_or_make(set, pos);
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
    const struct posset_page *page = find(set, pos);

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
        if (wanted && find(set, pos) == NULL)
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
