/* nomem.c - lets allocations of a program fail: a library to be loaded before all others (LD_PRELOAD). It
 * stands in front of malloc() and its like, through which our own code, the C library, zstd, msgpack and
 * libidn2 take all their memory. c-ares, libcurl, OpenSSL and libuv come here too: what they are given for it
 * (scanner/memory.h, through ares_library_init_mem(), curl_global_init_mem() and the like) asks malloc()
 * first. So the program needs no hook for this test, and what such a hook would see is seen here. Thread:
 * any.
 *
 * Counted are the allocations since the libraries were loaded; free() counts for nothing. In the environment:
 *   NOMEM_FIRST=N   the N-th fails, from 1
 *   NOMEM_COUNT=K   and the K - 1 behind it (default 1)
 *   NOMEM_SKIP=FROM, NOMEM_SKIP_END=TO
 *                   only those of the program itself count, but none of its code from FROM to TO
 *   NOMEM_LOG=FILE  the calls that led to the first that fails are appended to FILE, and at the end of the
 *                   program the number of all */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLS_MOST 48

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void *(*real_aligned)(size_t, size_t);
static int (*real_posix)(void **, size_t, size_t);

static const char *log_path;
static uint64_t first, last;
static uintptr_t program, program_end; /* where its code is */
static uintptr_t skip, skip_end;       /* within it */
static bool own;
static atomic_bool armed;
static atomic_uint_fast64_t n_calls;
/* In a library this kind of variable must be told not to allocate. */
static _Thread_local bool exempt __attribute__((tls_model("initial-exec")));

static void find_real(void)
{
    if (real_malloc != NULL)
        return;
    *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&real_aligned = dlsym(RTLD_NEXT, "aligned_alloc");
    *(void **)&real_posix = dlsym(RTLD_NEXT, "posix_memalign");
    *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
}

/* The sanitizers ask for the stack of each new thread, and abort without it. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
    int (*real)(pthread_t, pthread_attr_t *);
    int rc;

    *(void **)&real = dlsym(RTLD_NEXT, "pthread_getattr_np");
    exempt = true;
    rc = real(thread, attr);
    exempt = false;
    return rc;
}

static void log_calls(void)
{
    void *calls[CALLS_MOST];
    int n, fd = log_path != NULL ? open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

    if (fd < 0)
        return;
    n = backtrace(calls, CALLS_MOST);
    backtrace_symbols_fd(calls, n, fd);
    close(fd);
}

static bool is_own(const void *caller)
{
    const uintptr_t at = (uintptr_t)caller;

    return at >= program && at < program_end && !(at >= skip && at < skip_end);
}

/* Counts the call. True: it is to fail. */
static bool fails(const void *caller)
{
    uint64_t n;

    if (own && !is_own(caller))
        return false;
    if (exempt || !atomic_load_explicit(&armed, memory_order_relaxed))
        return false;
    n = atomic_fetch_add_explicit(&n_calls, 1, memory_order_relaxed) + 1;
    if (n < first || n > last)
        return false;
    if (n == first)
        log_calls();
    errno = ENOMEM;
    return true;
}

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* The first is the program itself. */
static int find_program(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size, (void)unused;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];

        if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0)
            continue;
        program = info->dlpi_addr + part->p_vaddr;
        program_end = program + part->p_memsz;
    }
    skip = info->dlpi_addr + number("NOMEM_SKIP", 0);
    skip_end = info->dlpi_addr + number("NOMEM_SKIP_END", 0);
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    void *calls[CALLS_MOST];

    find_real();
    own = getenv("NOMEM_SKIP_END") != NULL;
    (void)dl_iterate_phdr(find_program, NULL);
    log_path = getenv("NOMEM_LOG");
    (void)backtrace(calls, CALLS_MOST); /* what it allocates it does now, at the first call */
    first = number("NOMEM_FIRST", 0);
    last = first == 0 ? 0 : first - 1 + number("NOMEM_COUNT", 1);
    unsetenv("LD_PRELOAD"); /* for this program alone */
    atomic_store(&armed, true);
}

__attribute__((destructor)) static void end(void)
{
    char line[64];
    int n, fd;

    atomic_store(&armed, false);
    n = snprintf(line, sizeof(line), "allocations: %llu\n", (unsigned long long)atomic_load(&n_calls));
    fd = log_path != NULL ? open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        (void)!write(fd, line, (size_t)n);
        close(fd);
    }
}

void *malloc(size_t n)
{
    find_real();
    return fails(__builtin_return_address(0)) ? NULL : real_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    find_real();
    return fails(__builtin_return_address(0)) ? NULL : real_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    find_real();
    return fails(__builtin_return_address(0)) ? NULL : real_realloc(p, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    find_real();
    return fails(__builtin_return_address(0)) ? NULL : real_aligned(align, n);
}

void *memalign(size_t align, size_t n)
{
    return aligned_alloc(align, n);
}

int posix_memalign(void **out, size_t align, size_t n)
{
    find_real();
    return fails(__builtin_return_address(0)) ? ENOMEM : real_posix(out, align, n);
}

/* The sanitizers have one of their own, which does not come back here. */
char *strdup(const char *text)
{
    const size_t n = strlen(text) + 1;
    char *copy;

    find_real();
    copy = fails(__builtin_return_address(0)) ? NULL : real_malloc(n);
    return copy != NULL ? memcpy(copy, text, n) : NULL;
}
