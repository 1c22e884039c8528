#include "sinks/reader.h"
#include "sinks/sink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_NAME_BYTES 32

struct sink_dir {
    struct sink base;
    char *path;
    int dir_fd, fd; /* dir_fd holds the lock; fd: the part being written, -1 before the first */
    unsigned part;
    off_t len; /* of whole frames in the part */
};

static void part_name(char name[PART_NAME_BYTES], unsigned part)
{
    snprintf(name, PART_NAME_BYTES, "part-%06u.msgpack.zst", part);
}

static int fail_part(struct sink_dir *s, const char *what, struct sts_err *err)
{
    char name[PART_NAME_BYTES];
    int saved = errno;

    part_name(name, s->part);
    return sts_fail(err, STS_EIO, "%s/%s: %s: %s", s->path, name, what, strerror(saved));
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
    part_name(name, s->part);
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
        ssize_t n = pwrite(s->fd, frame.p + done, frame.len - done, s->len + done);

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

/* A part that nothing was written to, by a scan that could not begin, would keep the next one out. */
static int dir_close(struct sink *base, struct sts_err *err)
{
    struct sink_dir *s = (struct sink_dir *)base;
    const bool is_empty = s->fd >= 0 && s->len == 0;
    int rc = close_part(s, err);
    char name[PART_NAME_BYTES];

    part_name(name, s->part);
    if (is_empty && unlinkat(s->dir_fd, name, 0) != 0)
        rc = fail_part(s, "cannot remove", err);
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    free(s->path);
    free(s);
    return rc;
}

static struct sink_dir *new_sink(const char *path, struct sts_err *err)
{
    static const struct sink_ops ops = {dir_put, dir_next_part, dir_sync, dir_close};
    struct sink_dir *s = calloc(1, sizeof(*s));

    if (s == NULL || (s->path = strdup(path)) == NULL) {
        free(s);
        sts_fail(err, STS_ENOMEM, "%s: out of memory", path);
        return NULL;
    }
    s->base.ops = &ops;
    s->fd = s->dir_fd = -1;
    return s;
}

/* `s` to the caller, or closed where something failed. */
static int done(struct sink_dir *s, struct sink **out, struct sts_err *err)
{
    struct sts_err ignored = {0};

    if (err->code == STS_OK)
        *out = &s->base;
    else
        dir_close(&s->base, &ignored);
    return err->code;
}

/* The number of the last part; 0: there is none. A name that no part has is refused: nobody knows what it is.
 */
static int find_last(const struct sink_dir *s, unsigned *last, struct sts_err *err)
{
    DIR *dir = opendir(s->path);
    const struct dirent *entry;
    char name[PART_NAME_BYTES];

    *last = 0;
    if (dir == NULL)
        return sts_fail(err, STS_EIO, "%s: cannot list: %s", s->path, strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        unsigned part;

        if (strncmp(entry->d_name, "part-", 5) != 0)
            continue;
        part = (unsigned)strtoul(entry->d_name + 5, NULL, 10);
        part_name(name, part);
        if (part == 0 || strcmp(name, entry->d_name) != 0)
            sts_fail(err, STS_EEXIST, "%s/%s: not the name of a part of a scan", s->path, entry->d_name);
        *last = part > *last ? part : *last;
    }
    closedir(dir);
    return err->code;
}

static int refuse_old_scan(const struct sink_dir *s, struct sts_err *err)
{
    char name[PART_NAME_BYTES];
    unsigned last;

    if (find_last(s, &last, err) != STS_OK || last == 0)
        return err->code;
    part_name(name, last);
    return sts_fail(err, STS_EEXIST, "%s: holds a scan already (%s); choose another directory with -o",
                    s->path, name);
}

/* So that the directory itself survives a power cut. */
static int sync_parent(const struct sink_dir *s, struct sts_err *err)
{
    int fd = openat(s->dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0)
        sts_fail(err, STS_EIO, "%s/..: cannot flush to disk: %s", s->path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return err->code;
}

int sink_dir_lock(const char *path, int *lock, struct sts_err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return sts_fail(err, STS_EIO, "%s: cannot open the directory: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *lock = fd;
        return STS_OK;
    }
    if (errno == EWOULDBLOCK)
        sts_fail(err, STS_EBUSY, "%s: another stscan is writing here", path);
    else
        sts_fail(err, STS_EIO, "%s: cannot lock the directory: %s", path, strerror(errno));
    close(fd);
    return err->code;
}

int sink_dir_open(const char *path, struct sink **out, struct sts_err *err)
{
    struct sink_dir *s = new_sink(path, err);
    bool made;

    if (s == NULL)
        return err->code;
    made = mkdir(path, 0755) == 0;
    if (!made && errno != EEXIST)
        sts_fail(err, STS_EIO, "%s: cannot create the directory: %s", path, strerror(errno));
    else if (sink_dir_lock(path, &s->dir_fd, err) == STS_OK && (!made || sync_parent(s, err) == STS_OK) &&
             refuse_old_scan(s, err) == STS_OK)
        dir_next_part(&s->base, err);
    return done(s, out, err);
}

/* Removes the last part, which holds nothing whole; its number is used again. */
static int remove_part(struct sink_dir *s, const char *name, struct sts_err *err)
{
    if (unlinkat(s->dir_fd, name, 0) != 0)
        return fail_part(s, "cannot remove", err);
    if (fsync(s->dir_fd) != 0)
        return fail_part(s, "cannot flush its directory", err);
    s->part--;
    return STS_OK;
}

/* Cuts the torn tail off the last part. It must be where it was when the scan was read: we hold the lock. */
static int cut(struct sink_dir *s, const struct scan_loss *torn, struct sts_err *err)
{
    const char *slash = strrchr(torn->file, '/'), *file = slash ? slash + 1 : torn->file;
    char name[PART_NAME_BYTES];
    struct stat st;

    part_name(name, s->part);
    if (strcmp(file, name) != 0 || fstatat(s->dir_fd, name, &st, 0) != 0 ||
        (uint64_t)st.st_size != torn->offset + torn->bytes)
        return sts_fail(err, STS_EIO, "%s: changed while the scan was read", torn->file);
    if (torn->offset == 0)
        return remove_part(s, name, err);
    s->fd = openat(s->dir_fd, name, O_WRONLY | O_CLOEXEC);
    if (s->fd < 0)
        return fail_part(s, "cannot open", err);
    if (ftruncate(s->fd, (off_t)torn->offset) != 0)
        return fail_part(s, "cannot cut the torn tail off", err);
    return close_part(s, err);
}

int sink_dir_resume(const char *path, int lock, const struct scan_loss *torn, struct sink **out,
                    struct sts_err *err)
{
    struct sink_dir *s = new_sink(path, err);

    if (s == NULL) {
        close(lock);
        return err->code;
    }
    s->dir_fd = lock;
    if (find_last(s, &s->part, err) == STS_OK && (torn == NULL || cut(s, torn, err) == STS_OK))
        dir_next_part(&s->base, err);
    return done(s, out, err);
}
