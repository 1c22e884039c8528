/* faults.c - a library put before a program by LD_PRELOAD, by which what is seldom met comes at a chosen
 * moment. Its environment says what it does: FAULT_WRITE=errno:bytes   pwrite() fails so after that many
 * bytes, as where a quota is used up FAULT_FSYNC=errno:calls   fsync() fails so after that many calls
 *   FAULT_CLOCK=file          while the file is there, the clock on the wall is set off by the seconds in it
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_BYTES 32

/* The exported functions have no header of ours. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* What the environment variable says; false: nothing. */
static int is_set(const char *name, int *error, long *after)
{
    const char *text = getenv(name);
    char *rest;

    if (text == NULL)
        return 0;
    *error = (int)strtol(text, &rest, 10);
    *after = strtol(rest + (*rest == ':'), NULL, 10);
    return 1;
}

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

ssize_t pwrite64(int fd, const void *data, size_t n, off_t at)
{
    static _Atomic long written;
    static ssize_t (*real)(int, const void *, size_t, off_t);
    long most;
    int error;

    if (real == NULL)
        *(void **)&real = next("pwrite64");
    if (is_set("FAULT_WRITE", &error, &most) && atomic_fetch_add(&written, (long)n) + (long)n > most) {
        errno = error;
        return -1;
    }
    return real(fd, data, n, at);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    return pwrite64(fd, data, n, at);
}

int fsync(int fd)
{
    static _Atomic long called;
    static int (*real)(int);
    long most;
    int error;

    if (real == NULL)
        *(void **)&real = next("fsync");
    if (is_set("FAULT_FSYNC", &error, &most) && atomic_fetch_add(&called, 1) >= most) {
        errno = error;
        return -1;
    }
    return real(fd);
}

/* Seconds. */
static long clock_error(void)
{
    const char *path = getenv("FAULT_CLOCK");
    char text[CLOCK_BYTES] = "";
    int fd;

    if (path == NULL || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return 0;
    if (read(fd, text, sizeof(text) - 1) < 0)
        text[0] = '\0';
    close(fd);
    return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);
    const int saved = errno;
    int rc;

    if (real == NULL)
        *(void **)&real = next("clock_gettime");
    rc = real(clock, out);
    if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        out->tv_sec += clock_error();
        errno = saved;
    }
    return rc;
}

time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}
