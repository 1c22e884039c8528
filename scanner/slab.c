#include "scanner/slab.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* AddressSanitizer sees no more than pages: there each thing comes from malloc(). */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define HAS_PAGES false
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_PAGES false
#endif
#ifndef HAS_PAGES
#define HAS_PAGES true
#endif

struct slab_page {                /* at its beginning; the things follow */
    struct slab_page *next, **at; /* in the list of its size, or of the empty ones (those have no `at`) */
    void *free;                   /* each holds the next */
    uint16_t n_used, n_fresh;     /* things; those that were never handed out stand at the end */
};

static size_t class_of(size_t len_bytes)
{
    return len_bytes > 0 ? (len_bytes - 1) / SLAB_STEP_BYTES : 0;
}

static size_t bytes_of(size_t class_)
{
    return (class_ + 1) * SLAB_STEP_BYTES;
}

static uint16_t things_of(size_t class_)
{
    return (uint16_t)((SLAB_PAGE_BYTES - sizeof(struct slab_page)) / bytes_of(class_));
}

static struct slab_page *page_of(void *p)
{
    return (struct slab_page *)((char *)p - ((uintptr_t)p & (SLAB_PAGE_BYTES - 1)));
}

static void open_page(struct slab *slab, size_t class_, struct slab_page *page)
{
    page->at = &slab->open[class_];
    page->next = slab->open[class_];
    if (page->next != NULL)
        page->next->at = &page->next;
    slab->open[class_] = page;
}

static void close_page(struct slab_page *page)
{
    *page->at = page->next;
    if (page->next != NULL)
        page->next->at = page->at;
}

/* The first page of a chunk holds the way to the chunk before it, and no things. */
static bool get_chunk(struct slab *slab)
{
    void **chunk = aligned_alloc(SLAB_PAGE_BYTES, (size_t)SLAB_CHUNK_PAGES * SLAB_PAGE_BYTES);

    if (chunk == NULL)
        return false;
    *chunk = slab->chunks;
    slab->chunks = chunk;
    slab->n_fresh = SLAB_CHUNK_PAGES - 1;
    return true;
}

static struct slab_page *get_page(struct slab *slab, size_t class_)
{
    struct slab_page *page = slab->empty;

    if (page != NULL)
        slab->empty = page->next;
    else if (slab->n_fresh > 0 || get_chunk(slab))
        page = (struct slab_page *)((char *)slab->chunks +
                                    (size_t)(SLAB_CHUNK_PAGES - slab->n_fresh--) * SLAB_PAGE_BYTES);
    else
        return NULL;
    page->free = NULL;
    page->n_used = 0;
    page->n_fresh = things_of(class_);
    open_page(slab, class_, page);
    return page;
}

void *slab_alloc(struct slab *slab, size_t len_bytes)
{
    struct slab_page *page;
    size_t class_;
    void *p;

    if (!HAS_PAGES || len_bytes > SLAB_MOST_BYTES)
        return malloc(len_bytes);
    class_ = class_of(len_bytes);
    page = slab->open[class_];
    if (page == NULL)
        page = get_page(slab, class_);
    if (page == NULL)
        return NULL;
    p = page->free;
    if (p != NULL)
        memcpy(&page->free, p, sizeof(page->free));
    else
        p = (char *)page + SLAB_PAGE_BYTES - page->n_fresh-- * bytes_of(class_);
    if (++page->n_used == things_of(class_))
        close_page(page);
    return p;
}

void slab_free(struct slab *slab, void *p, size_t len_bytes)
{
    struct slab_page *page;
    size_t class_;

    if (!HAS_PAGES || len_bytes > SLAB_MOST_BYTES) {
        free(p);
        return;
    }
    class_ = class_of(len_bytes);
    page = page_of(p);
    memcpy(p, &page->free, sizeof(page->free));
    page->free = p;
    if (page->n_used-- == things_of(class_))
        open_page(slab, class_, page);
    if (page->n_used == 0) {
        close_page(page);
        page->next = slab->empty;
        slab->empty = page;
    }
}

void slab_fini(struct slab *slab)
{
    while (slab->chunks != NULL) {
        void **chunk = slab->chunks;

        slab->chunks = *chunk;
        free(chunk);
    }
    memset(slab, 0, sizeof(*slab));
}
