#include "sinks/sink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_NAME_BYTES 32

struct sink_dir {
    struct sink base;
    char *path;
    int dir_fd, fd; /* fd: the part being written, -1 before the first */
    unsigned part;
    off_t len; /* of whole frames in the part */
};

static int fail_part(struct sink_dir *s, const char *what, struct sts_err *err)
{
    return sts_fail(err, STS_EIO, "%s/part-%06u.msgpack.zst: %s: %s", s->path, s->part, what,
                    strerror(errno));
}

static int dir_sync(struct sink *base, struct sts_err *err)
{
    struct sink_dir *s = (struct sink_dir *)base;

    if (s->fd >= 0 && fsync(s->fd) != 0)
        return fail_part(s, "cannot flush to disk", err);
    return STS_OK;
}

static int close_part(struct sink_dir *s, struct sts_err *err)
{
    int fd = s->fd;

    if (fd < 0)
        return STS_OK;
    if (dir_sync(&s->base, err) != STS_OK) {
        close(fd);
        s->fd = -1;
        return err->code;
    }
    s->fd = -1;
    return close(fd) == 0 ? STS_OK : fail_part(s, "cannot close", err);
}

static int dir_next_part(struct sink *base, struct sts_err *err)
{
    struct sink_dir *s = (struct sink_dir *)base;
    char name[PART_NAME_BYTES];

    if (close_part(s, err) != STS_OK)
        return err->code;
    s->part++;
    s->len = 0;
    snprintf(name, sizeof(name), "part-%06u.msgpack.zst", s->part);
    s->fd = openat(s->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (s->fd < 0)
        return fail_part(s, "cannot create", err);
    if (fsync(s->dir_fd) != 0)
        return fail_part(s, "cannot flush its directory", err);
    return STS_OK;
}

static int dir_put(struct sink *base, struct sts_str frame, struct sts_err *err)
{
    struct sink_dir *s = (struct sink_dir *)base;
    uint32_t done = 0;

    while (done < frame.len) {
        ssize_t n = write(s->fd, frame.p + done, frame.len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            fail_part(s, "cannot write", err);
            if (ftruncate(s->fd, s->len) != 0) /* a frame is whole or absent */
                fail_part(s, "cannot take back a torn frame", err);
            return err->code;
        }
        done += (uint32_t)n;
    }
    s->len += frame.len;
    return STS_OK;
}

static int dir_close(struct sink *base, struct sts_err *err)
{
    struct sink_dir *s = (struct sink_dir *)base;
    int rc = close_part(s, err);

    if (s->dir_fd >= 0)
        close(s->dir_fd);
    free(s->path);
    free(s);
    return rc;
}

static int refuse_old_scan(struct sink_dir *s, struct sts_err *err)
{
    DIR *dir = opendir(s->path);
    const struct dirent *entry;
    int rc = STS_OK;

    if (dir == NULL)
        return sts_fail(err, STS_EIO, "%s: cannot list: %s", s->path, strerror(errno));
    while (rc == STS_OK && (entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, "part-", 5) == 0)
            rc = sts_fail(err, STS_EEXIST, "%s: holds a scan already (%s); choose another directory with -o",
                          s->path, entry->d_name);
    }
    closedir(dir);
    return rc;
}

int sink_dir_open(const char *path, struct sink **out, struct sts_err *err)
{
    static const struct sink_ops ops = {dir_put, dir_next_part, dir_sync, dir_close};
    struct sink_dir *s = calloc(1, sizeof(*s));

    if (s == NULL || (s->path = strdup(path)) == NULL) {
        free(s);
        return sts_fail(err, STS_ENOMEM, "%s: out of memory", path);
    }
    s->base.ops = &ops;
    s->fd = s->dir_fd = -1;
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        sts_fail(err, STS_EIO, "%s: cannot create the directory: %s", path, strerror(errno));
    else if ((s->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        sts_fail(err, STS_EIO, "%s: cannot open the directory: %s", path, strerror(errno));
    else if (refuse_old_scan(s, err) == STS_OK)
        dir_next_part(&s->base, err);
    if (err->code != STS_OK) {
        struct sts_err ignored = {0};

        dir_close(&s->base, &ignored);
        return err->code;
    }
    *out = &s->base;
    return STS_OK;
}
