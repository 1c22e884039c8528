#include "sinks/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sink_stream {
    struct sink base;
    int fd;
};

static int stream_put(struct sink *base, struct sts_str frame, struct sts_err *err)
{
    struct sink_stream *s = (struct sink_stream *)base;
    uint32_t done = 0;

    while (done < frame.len) {
        ssize_t n = write(s->fd, frame.p + done, frame.len - done);

        if (n < 0 && errno != EINTR)
            return sts_fail(err, STS_EIO, "standard output: cannot write: %s", strerror(errno));
        if (n > 0)
            done += (uint32_t)n;
    }
    return STS_OK;
}

static int stream_sync(struct sink *base, struct sts_err *err)
{
    (void)base, (void)err; /* a pipe has no disk behind it that we know of */
    return STS_OK;
}

static int stream_close(struct sink *base, struct sts_err *err)
{
    struct sink_stream *s = (struct sink_stream *)base;
    int rc = STS_OK;

    if (fsync(s->fd) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
        rc = sts_fail(err, STS_EIO, "standard output: cannot flush to disk: %s", strerror(errno));
    free(s);
    return rc;
}

int sink_stream_open(int fd, struct sink **out, struct sts_err *err)
{
    static const struct sink_ops ops = {stream_put, NULL, stream_sync, stream_close};
    struct sink_stream *s;

    if (isatty(fd))
        return sts_fail(err, STS_EINVAL,
                        "-o -: standard output is a terminal; pipe it into a program or a file");
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    s->base.ops = &ops;
    s->fd = fd;
    *out = &s->base;
    return STS_OK;
}
