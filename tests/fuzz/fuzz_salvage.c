/* fuzz_salvage.c - a scan with one damaged place or two, read with --skip-bad-frames: every frame that the
 * damage does not touch comes out whole, once and in order (see is_hidden() for what two can do). Input:
 * where the damage begins in a scan that is always the same, how long it is (2 bytes each), then what stands
 * there instead. With the top bit of the first byte a second place follows in 4 bytes more, counted from the
 * end of the first, and a byte that says how much of what stands instead is for the first.
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

/* A damaged place: bytes [from, to) of the stream are `len` others. */
struct place {
    size_t from, to;
    const uint8_t *p;
    size_t len;
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

static bool is_touched(const struct stream *s, unsigned frame, const struct place places[2])
{
    return (s->at[frame + 1] > places[0].from && s->at[frame] < places[0].to) ||
           (s->at[frame + 1] > places[1].from && s->at[frame] < places[1].to);
}

/* Bytes that are missing may be just so many that the damaged frame seems to end where a frame begins behind
 * the second place. What stands between may as well be bytes that a peer sent, and is left out with it. */
static bool is_hidden(const struct stream *s, unsigned frame, const struct place places[2])
{
    const size_t before = (places[0].to - places[0].from) + (places[1].to - places[1].from),
                 after = places[0].len + places[1].len;
    unsigned first = 0;

    while (first < N_FRAMES && s->at[first + 1] <= places[0].from)
        first++;
    if (first == N_FRAMES || s->at[frame] < places[0].to || s->at[frame + 1] > places[1].from)
        return false;
    for (unsigned i = first + 1; i <= N_FRAMES; i++) {
        if (s->at[i] >= places[1].to && s->at[i] + after == s->at[first + 1] + before)
            return true;
    }
    return false;
}

static void read_damaged(const struct stream *s, const struct place places[2], const char *path)
{
    const struct scan_reader_options options = {.skip_bad = true, .advice = ""};
    struct seen seen = {.n = {0}};
    struct scan_reader *r = NULL;
    struct sts_err err = {0};
    bool some = false;

    for (unsigned i = 0; i < N_FRAMES; i++)
        some |= !is_touched(s, i, places);
    if (scan_reader_open_with(&r, path, &options, &err) == STS_OK)
        check(scan_reader_each(r, REC_MASK_ALL, on_record, &seen, &err) == STS_OK);
    else
        check(!some);
    for (unsigned i = 0; i < N_FRAMES; i++) {
        if (!is_touched(s, i, places) && !is_hidden(s, i, places))
            check(i == QUOTED ? seen.n[i] >= s->n_records[i] : seen.n[i] == s->n_records[i]);
    }
    scan_reader_close(r);
}

/* Where a place is, from `least` on. */
static struct place place_at(const uint8_t *data, size_t least, size_t end)
{
    const size_t from = least + ((data[0] & 0x7f) << 8 | data[1]) % (end + 1 - least);

    return (struct place){.from = from, .to = from + (data[2] << 8 | data[3]) % (end + 1 - from)};
}

/* False: the input is too short, or too long. */
static bool find_places(const uint8_t *data, size_t len, size_t end, struct place places[2])
{
    const bool two = len > 0 && (data[0] & 0x80) != 0;
    const size_t head = two ? 9 : 4;

    if (len < head || len > head + MOST_BYTES)
        return false;
    places[0] = place_at(data, 0, end);
    places[1] = two ? place_at(data + 4, places[0].to, end) : (struct place){.from = end, .to = end};
    places[0].p = data + head;
    places[0].len = two && data[8] < len - head ? data[8] : len - head;
    places[1].p = places[0].p + places[0].len;
    places[1].len = len - head - places[0].len;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct stream s;
    struct place places[2];
    char path[32];
    int fd;

    if (s.at[N_FRAMES] == 0)
        stream_make(&s);
    if (!find_places(data, len, s.at[N_FRAMES], places) || (fd = memfd_create("scan", MFD_CLOEXEC)) < 0)
        return 0;
    put(fd, s.bytes, places[0].from);
    put(fd, places[0].p, places[0].len);
    put(fd, s.bytes + places[0].to, places[1].from - places[0].to);
    put(fd, places[1].p, places[1].len);
    put(fd, s.bytes + places[1].to, s.at[N_FRAMES] - places[1].to);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    read_damaged(&s, places, path);
    close(fd);
    return 0;
}
