/* sink.h - where frames go: one file for each destination. A sink takes whole frames; a frame is confirmed
 * when put() returns 0. What a failed put() began is taken back where the destination allows it. Thread: the
 * writer's. */
#ifndef STS_SINK_H
#define STS_SINK_H
#include "sinks/base.h"

struct sink;
struct sink_ops {
    int (*put)(struct sink *s, struct sts_str frame, struct sts_err *err);
    int (*next_part)(struct sink *s,
                     struct sts_err *err);             /* begin a new file; NULL: there is just one stream */
    int (*sync)(struct sink *s, struct sts_err *err);  /* what was put survives a power cut */
    int (*close)(struct sink *s, struct sts_err *err); /* frees `s`, also on failure */
};
struct sink {
    const struct sink_ops *ops;
};

/* A directory of part-NNNNNN.msgpack.zst. It is made where it does not exist; STS_EEXIST if it holds a scan.
 * The sink holds the lock of sink_dir_lock() until it is closed. */
int sink_dir_open(const char *path, struct sink **out, struct sts_err *err) STS_CHECK;

/* To go on with a scan: lock its directory, read it, then write on.
 * The lock keeps every other writer out until it is closed or the process ends; who reads takes none.
 * STS_EBUSY: another stscan is writing there. `*lock` is a descriptor, to be handed on or closed. */
int sink_dir_lock(const char *path, int *lock, struct sts_err *err) STS_CHECK;
/* Takes `lock` over in any case (closes it on failure). What scan_reader_torn() said (NULL: nothing is torn)
 * is cut off the last part, on disk too; a part that becomes empty is removed. Then the next part is begun,
 * which scan_writer_new() begins with the scan record. */
struct scan_loss;
int sink_dir_resume(const char *path, int lock, const struct scan_loss *torn, struct sink **out,
                    struct sts_err *err) STS_CHECK;
/* One stream to `fd` (borrowed). STS_EINVAL if it is a terminal. */
int sink_stream_open(int fd, struct sink **out, struct sts_err *err) STS_CHECK;
#endif
