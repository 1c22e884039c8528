/* fuzz_frame.c - a scan from a file in memory. First byte: even, the rest is the file as it is; odd, it is
 * put into right frames: kind, number of records, length (2 bytes), the records.
 * Source: sinks/frame.c, sinks/reader.c, sinks/salvage.c. */
#include "sinks/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void put(int fd, const void *p, size_t len)
{
    if (write(fd, p, len) != (ssize_t)len)
        abort();
}

static void put_frames(int fd, const uint8_t *data, size_t len)
{
    struct frame_packer *packer = frame_packer_new(1);

    while (packer != NULL && len >= 4) {
        size_t raw_len = (size_t)data[2] << 8 | data[3];
        struct frame_info info = {.kind = (enum rec_kind)data[0], .n_records = data[1]};
        struct sts_str frame;

        info.raw_bytes = raw_len < len - 4 ? raw_len : len - 4;
        if (frame_pack(packer, &info, data + 4, &frame) != STS_OK)
            abort();
        put(fd, frame.p, frame.len);
        data += 4 + info.raw_bytes;
        len -= 4 + info.raw_bytes;
    }
    frame_packer_free(packer);
}

static int on_record(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                     struct sts_err *err)
{
    (void)place, (void)err;
    if ((record == NULL) != (rec_kind_name(kind) == NULL))
        abort();
    ++*(uint64_t *)arg;
    return STS_OK;
}

/* By way of --skip-bad-frames: what could be opened can be read to its end. Of a scan that is whole, with as
 * many records, nothing is lost. */
static void salvage(const char *path, bool whole, uint64_t n_whole)
{
    const struct scan_reader_options options = {.skip_bad = true, .advice = ""};
    struct scan_reader *r;
    struct sts_err err = {0};
    uint64_t n = 0;

    if (scan_reader_open_with(&r, path, &options, &err) != STS_OK) {
        if (whole)
            abort();
        return;
    }
    if (scan_reader_each(r, REC_MASK_ALL, on_record, &n, &err) != STS_OK)
        abort();
    if (whole && (n != n_whole || scan_reader_losses(r)->n != 0))
        abort();
    scan_reader_close(r);
}

/* Without its torn tail, which goes to the end of the file, the scan is whole and has as many records. */
static void cut(const char *path, int fd, const struct scan_loss *torn, uint64_t n_records)
{
    off_t size = lseek(fd, 0, SEEK_END);
    struct scan_reader *r;
    struct sts_err err = {0};
    uint64_t n = 0;

    if (torn->offset + torn->bytes != (uint64_t)size || torn->bytes == 0 || torn->why == NULL ||
        ftruncate(fd, (off_t)torn->offset) != 0 || scan_reader_open(&r, path, &err) != STS_OK ||
        scan_reader_torn(r) != NULL ||
        (scan_reader_each(r, REC_MASK_ALL, on_record, &n, &err) == STS_OK && n != n_records))
        abort();
    scan_reader_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    int fd = len > 0 ? memfd_create("scan", MFD_CLOEXEC) : -1;
    struct scan_reader *r = NULL;
    struct sts_err err = {0};
    uint64_t n = 0;
    char path[32];

    if (fd < 0)
        return 0;
    if (data[0] & 1)
        put_frames(fd, data + 1, len - 1);
    else
        put(fd, data + 1, len - 1);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (scan_reader_open(&r, path, &err) == STS_OK) {
        const struct scan_loss *torn = scan_reader_torn(r);

        if (scan_reader_each(r, REC_MASK_ALL, on_record, &n, &err) != err.code)
            abort();
        salvage(path, err.code == STS_OK && torn == NULL, n);
        if (torn != NULL)
            cut(path, fd, torn, n);
        scan_reader_close(r);
    } else {
        salvage(path, false, 0);
    }
    if ((err.code == STS_OK) != (err.msg[0] == '\0')) /* a failure says what is wrong */
        abort();
    close(fd);
    return 0;
}
