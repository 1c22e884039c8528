/* fuzz_salvage.c - a scan with one damaged place, read with --skip-bad-frames: every frame that the damage
 * does not touch comes out whole, once and in order. Input: where the damage begins in a scan that is always
 * the same, how long it is (2 bytes each), then what stands there instead.
 * Source: sinks/frame.c, sinks/reader.c, sinks/salvage.c. */
#include "sinks/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define N_FRAMES   12
#define QUOTED     2 /* stands once more within a record of the next, as a peer may have sent it */
#define QUOTES     5
#define MOST_BYTES 4096 /* of what stands there instead */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The scan; the frame number n holds hosts with n in `attempt`. */
struct stream {
    uint8_t bytes[32768];
    size_t at[N_FRAMES + 1]; /* where the frames begin, then the end */
    unsigned n_records[N_FRAMES];
};

/* What came out of it. */
struct seen {
    unsigned n[N_FRAMES]; /* records of each frame */
    unsigned last;        /* frame */
};

static void check(bool right)
{
    if (!right)
        abort();
}

/* Bytes that do not compress: they stand in the frame as they are. */
static void fill(char *to, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u; /* Numerical Recipes */
        to[i] = (char)(seed >> 24);
    }
}

/* Frames of one record and of many, small and large, some of the same size. */
static void stream_make(struct stream *s)
{
    static const unsigned n_records[N_FRAMES] = {1, 3, 1, 1, 8, 2, 1, 1, 5, 1, 1, 2};
    static const uint16_t name_bytes[N_FRAMES] = {8, 60, 8, 8, 500, 0, 8, 8, 20, 300, 8, 8};
    struct frame_packer *packer = frame_packer_new(3);
    size_t at = 0;

    for (unsigned i = 0; i < N_FRAMES; i++) {
        struct frame_info info = {.kind = REC_host, .n_records = n_records[i]};
        struct rec_buf buf = {0};
        struct sts_str frame;

        for (unsigned k = 0; k < n_records[i]; k++) {
            char name[512];
            struct rec_host host = {.name = {name, name_bytes[i]}, .attempt = i + 1, .oc = k};

            fill(name, name_bytes[i], 100 * i + k);
            if (i == QUOTES)
                host.name = (struct sts_str){(const char *)s->bytes + s->at[QUOTED],
                                             (uint32_t)(s->at[QUOTED + 1] - s->at[QUOTED])};
            check(rec_encode(&buf, REC_host, &host) == STS_OK);
        }
        info.raw_bytes = buf.len;
        check(packer != NULL && frame_pack(packer, &info, buf.p, &frame) == STS_OK &&
              at + frame.len <= sizeof(s->bytes));
        memcpy(s->bytes + at, frame.p, frame.len);
        s->at[i] = at;
        s->n_records[i] = n_records[i];
        at += frame.len;
        rec_buf_fini(&buf);
    }
    s->at[N_FRAMES] = at;
    frame_packer_free(packer);
}

static int on_record(void *arg, enum rec_kind kind, const void *record, const struct scan_place *place,
                     struct sts_err *err)
{
    const struct rec_host *host = record;
    struct seen *seen = arg;
    unsigned frame;

    (void)place, (void)err;
    if (kind != REC_host || host->attempt < 1 || host->attempt > N_FRAMES)
        return STS_OK;
    frame = (unsigned)host->attempt - 1;
    check(frame == QUOTED || frame >= seen->last);
    check(host->oc == seen->n[frame]++ || frame == QUOTED);
    seen->last = frame == QUOTED ? seen->last : frame;
    return STS_OK;
}

static void put(int fd, const uint8_t *p, size_t len)
{
    check(write(fd, p, len) == (ssize_t)len);
}

static void read_damaged(const struct stream *s, size_t from, size_t to, const char *path)
{
    const struct scan_reader_options options = {.skip_bad = true, .advice = ""};
    struct seen seen = {.n = {0}};
    struct scan_reader *r = NULL;
    struct sts_err err = {0};
    bool some = false;

    for (unsigned i = 0; i < N_FRAMES; i++)
        some |= s->at[i + 1] <= from || s->at[i] >= to;
    if (scan_reader_open_with(&r, path, &options, &err) == STS_OK)
        check(scan_reader_each(r, REC_MASK_ALL, on_record, &seen, &err) == STS_OK);
    else
        check(!some);
    for (unsigned i = 0; i < N_FRAMES; i++) {
        if (s->at[i + 1] <= from || s->at[i] >= to)
            check(i == QUOTED ? seen.n[i] >= s->n_records[i] : seen.n[i] == s->n_records[i]);
    }
    scan_reader_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct stream s;
    size_t from, to;
    char path[32];
    int fd;

    if (s.at[N_FRAMES] == 0)
        stream_make(&s);
    if (len < 4 || len > 4 + MOST_BYTES || (fd = memfd_create("scan", MFD_CLOEXEC)) < 0)
        return 0;
    from = (data[0] << 8 | data[1]) % (s.at[N_FRAMES] + 1);
    to = from + (data[2] << 8 | data[3]) % (s.at[N_FRAMES] + 1 - from);
    put(fd, s.bytes, from);
    put(fd, data + 4, len - 4);
    put(fd, s.bytes + to, s.at[N_FRAMES] - to);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    read_damaged(&s, from, to, path);
    close(fd);
    return 0;
}
