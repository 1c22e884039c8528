#include "scanner/log.h"

#include "scanner/iso_time.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 4096 /* a longer message is more than one write */

/* One way to the file. */
struct way {
    struct log *log;
    bool shown;
    bool inside; /* a line: its time is written */
    FILE *stream;
};
struct log {
    const char *path;
    int fd; /* -1: no file, or no more */
    pthread_mutex_t lock;
    struct way ways[2];
};

static bool put(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* Lines to the file, each with its time. */
static bool put_lines(struct way *way, const char *p, size_t len)
{
    char stamp[ISO_TIME_BYTES];

    iso_time(stamp, wall_ms());
    while (len > 0) {
        const char *end = memchr(p, '\n', len);
        size_t n = end != NULL ? (size_t)(end - p) + 1 : len;

        if (!way->inside && (!put(way->log->fd, stamp, strlen(stamp)) || !put(way->log->fd, " ", 1)))
            return false;
        if (!put(way->log->fd, p, n))
            return false;
        way->inside = end == NULL;
        p += n;
        len -= n;
    }
    return true;
}

static ssize_t on_write(void *cookie, const char *p, size_t len)
{
    struct way *way = cookie;
    struct log *log = way->log;

    if (way->shown)
        (void)put(STDERR_FILENO, p, len);
    pthread_mutex_lock(&log->lock);
    if (log->fd >= 0 && !put_lines(way, p, len)) {
        dprintf(STDERR_FILENO, "stscan: %s: cannot write: %s; messages go on without it\n", log->path,
                strerror(errno));
        close(log->fd);
        log->fd = -1;
    }
    pthread_mutex_unlock(&log->lock);
    return (ssize_t)len;
}

static bool open_way(struct log *log, bool shown)
{
    struct way *way = &log->ways[shown];

    *way = (struct way){.log = log, .shown = shown};
    way->stream = fopencookie(way, "w", (cookie_io_functions_t){.write = on_write});
    return way->stream != NULL && setvbuf(way->stream, NULL, _IOLBF, LINE_BYTES) == 0;
}

int log_open(struct log **out, const char *path, struct sts_err *err)
{
    struct log *log = calloc(1, sizeof(*log));

    if (log == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    pthread_mutex_init(&log->lock, NULL);
    log->path = path;
    log->fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    if (path != NULL && log->fd < 0)
        (void)sts_fail(err, STS_EIO, "%s: cannot open: %s", path, strerror(errno));
    else if (!open_way(log, false) || !open_way(log, true))
        (void)sts_fail(err, STS_ENOMEM, "out of memory");
    if (err->code != STS_OK) {
        log_close(log);
        return err->code;
    }
    *out = log;
    return STS_OK;
}

void log_close(struct log *log)
{
    if (log == NULL)
        return;
    for (size_t i = 0; i < STS_LEN(log->ways); i++) {
        if (log->ways[i].stream != NULL)
            fclose(log->ways[i].stream);
    }
    if (log->fd >= 0)
        close(log->fd);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

FILE *log_stream(const struct log *log, bool shown)
{
    return log->ways[shown].stream;
}
