#include "scanner/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define RAW_BYTES  (128 * 1024)
#define EDGE_BYTES (64 * 1024)
#define LOOK_MS    100 /* between two looks whether bytes are still wanted */

/* How a file is stored. */
struct codec {
    int (*open)(struct input_file *f); /* STS_OK or STS_ENOMEM */
    int (*read)(struct input_file *f, char *p, size_t size, size_t *len, struct sts_err *err);
    void (*close)(struct input_file *f);
};

struct input_file {
    struct input *in;
    int fd;
    const struct codec *codec; /* NULL until the first bytes are there */
    bool raw_end;              /* nothing follows raw[] */
    bool inside;               /* within a gzip member or a zstd frame: the file must not end here */
    size_t raw_at, raw_len;
    z_stream gzip;
    ZSTD_DStream *zstd;
    uint8_t raw[RAW_BYTES];
};

/* Of the next byte that no codec has taken. */
static uint64_t offset(const struct input_file *f)
{
    return input_bytes_read(f->in) - (f->raw_len - f->raw_at);
}

static int damaged(const struct input_file *f, const char *what, const char *why, struct sts_err *err)
{
    return sts_fail(err, STS_EFORMAT, "%s: %s data at byte %" PRIu64 ": %s", f->in->info.name, what,
                    offset(f), why);
}

/* Until a read will not block. A failure: nothing more is wanted. */
static int wait_for_bytes(struct input_file *f, struct sts_err *err)
{
    struct pollfd p = {.fd = f->fd, .events = POLLIN};

    while (!atomic_load(&f->in->stopped)) {
        if (poll(&p, 1, LOOK_MS) != 0)
            return STS_OK;
    }
    return sts_fail(err, STS_EIO, "%s: reading was stopped", f->in->info.name);
}

/* One read behind what is in raw[], which must have room. */
static int read_more(struct input_file *f, struct sts_err *err)
{
    ssize_t n;

    if (wait_for_bytes(f, err) != STS_OK)
        return err->code;
    do {
        n = read(f->fd, f->raw + f->raw_len, sizeof(f->raw) - f->raw_len);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return sts_fail(err, STS_EIO, "%s: cannot read at byte %" PRIu64 ": %s", f->in->info.name,
                        input_bytes_read(f->in), strerror(errno));
    f->raw_end = n == 0;
    if (n > 0 && input_took(f->in, f->raw + f->raw_len, (size_t)n, err) != STS_OK)
        return err->code;
    f->raw_len += (size_t)n;
    return STS_OK;
}

/* More into raw[] if it is used up. */
static int refill(struct input_file *f, struct sts_err *err)
{
    if (f->raw_at < f->raw_len || f->raw_end)
        return STS_OK;
    f->raw_at = f->raw_len = 0;
    return read_more(f, err);
}

static int plain_open(struct input_file *f)
{
    (void)f;
    return STS_OK;
}

static int plain_read(struct input_file *f, char *p, size_t size, size_t *len, struct sts_err *err)
{
    if (refill(f, err) != STS_OK)
        return err->code;
    *len = f->raw_len - f->raw_at < size ? f->raw_len - f->raw_at : size;
    memcpy(p, f->raw + f->raw_at, *len);
    f->raw_at += *len;
    return STS_OK;
}

static void plain_close(struct input_file *f)
{
    (void)f;
}

static int gzip_open(struct input_file *f)
{
    return inflateInit2(&f->gzip, 15 + 16) == Z_OK ? STS_OK : STS_ENOMEM; /* gzip only, any window */
}

/* Between members: padding of zeros, as tapes have it, is passed over (gzip does so too). */
static void skip_padding(struct input_file *f)
{
    while (f->raw_at < f->raw_len && f->raw[f->raw_at] == 0)
        f->raw_at++;
}

static int gzip_step(struct input_file *f, char *p, size_t size, size_t *len, struct sts_err *err)
{
    z_stream *z = &f->gzip;
    int rc;

    z->next_in = f->raw + f->raw_at;
    z->avail_in = (uInt)(f->raw_len - f->raw_at);
    z->next_out = (Bytef *)p;
    z->avail_out = (uInt)size;
    f->inside = true;
    rc = inflate(z, Z_NO_FLUSH);
    f->raw_at = f->raw_len - z->avail_in;
    *len = size - z->avail_out;
    if (rc == Z_STREAM_END) {
        f->inside = false;
        rc = inflateReset(z); /* another member may follow: RFC 1952 section 2.2 */
    }
    if (rc == Z_MEM_ERROR)
        return sts_fail(err, STS_ENOMEM, "%s: out of memory", f->in->info.name);
    if (rc != Z_OK && rc != Z_BUF_ERROR) /* the latter: nothing to do without more bytes */
        return damaged(f, "damaged gzip", z->msg != NULL ? z->msg : "no gzip", err);
    return STS_OK;
}

static int gzip_read(struct input_file *f, char *p, size_t size, size_t *len, struct sts_err *err)
{
    *len = 0;
    while (*len == 0) {
        if (refill(f, err) != STS_OK)
            return err->code;
        if (!f->inside)
            skip_padding(f);
        if (f->raw_at == f->raw_len && f->raw_end)
            return f->inside ? damaged(f, "gzip", "the file ends in the middle", err) : STS_OK;
        if (f->raw_at < f->raw_len && gzip_step(f, p, size, len, err) != STS_OK)
            return err->code;
    }
    return STS_OK;
}

static void gzip_close(struct input_file *f)
{
    inflateEnd(&f->gzip);
}

static int zstd_open(struct input_file *f)
{
    f->zstd = ZSTD_createDStream();
    return f->zstd != NULL ? STS_OK : STS_ENOMEM;
}

static int zstd_step(struct input_file *f, char *p, size_t size, size_t *len, struct sts_err *err)
{
    ZSTD_inBuffer from = {f->raw, f->raw_len, f->raw_at};
    ZSTD_outBuffer to = {p, size, 0};
    size_t rc = ZSTD_decompressStream(f->zstd, &to, &from);

    f->raw_at = from.pos;
    *len = to.pos;
    f->inside = rc != 0;
    if (ZSTD_isError(rc))
        return damaged(f, "damaged zstd", ZSTD_getErrorName(rc), err);
    return STS_OK;
}

static int zstd_read(struct input_file *f, char *p, size_t size, size_t *len, struct sts_err *err)
{
    *len = 0;
    /* The library may hold bytes of a frame back for want of room, so it is asked before more is read. */
    if (f->inside && zstd_step(f, p, size, len, err) != STS_OK)
        return err->code;
    while (*len == 0) {
        if (refill(f, err) != STS_OK)
            return err->code;
        if (f->raw_at == f->raw_len && f->raw_end)
            return f->inside ? damaged(f, "zstd", "the file ends in the middle", err) : STS_OK;
        if (zstd_step(f, p, size, len, err) != STS_OK)
            return err->code;
    }
    return STS_OK;
}

static void zstd_close(struct input_file *f)
{
    ZSTD_freeDStream(f->zstd);
}

static const struct codec plain = {plain_open, plain_read, plain_close};
static const struct codec gzip = {gzip_open, gzip_read, gzip_close};
static const struct codec zstd = {zstd_open, zstd_read, zstd_close};

/* What the first bytes tell. Without a codec: known, but not read. */
static const struct magic {
    const char *bytes;
    size_t len;
    uint8_t first_mask; /* of the first byte */
    const struct codec *codec;
    const char *name;
} magics[] = {
    {"\x1f\x8b", 2, 0xff, &gzip, "gzip"},
    {"\x28\xb5\x2f\xfd", 4, 0xff, &zstd, "zstd"},
    {"\x50\x2a\x4d\x18", 4, 0xf0, &zstd, "zstd"}, /* a skippable frame first: RFC 8878 section 3.1.2 */
    {"\xfd\x37zXZ\0", 6, 0xff, NULL, "xz"},
    {"BZh91AY&SY", 10, 0xff, NULL, "bzip2"},
    {"PK\3\4", 4, 0xff, NULL, "zip"},
    {"\xff\xfe", 2, 0xff, NULL, "UTF-16"},
    {"\xfe\xff", 2, 0xff, NULL, "UTF-16"},
};

/* As far as there are bytes. */
static bool begins_with(const struct input_file *f, const struct magic *m)
{
    size_t len = f->raw_len < m->len ? f->raw_len : m->len;

    return len == 0 || ((f->raw[0] & m->first_mask) == (uint8_t)m->bytes[0] &&
                        memcmp(f->raw + 1, m->bytes + 1, len - 1) == 0);
}

/* By the first bytes, of which no more are waited for than it takes to be sure. */
static int find_codec(struct input_file *f, struct sts_err *err)
{
    const struct magic *m = magics, *end = magics + STS_LEN(magics);
    const struct codec *codec;

    while (m < end && !(begins_with(f, m) && f->raw_len >= m->len)) {
        if (!begins_with(f, m) || f->raw_end)
            m++;
        else if (read_more(f, err) != STS_OK)
            return err->code;
    }
    if (m < end && m->codec == NULL)
        return sts_fail(
            err, STS_EFORMAT,
            "%s: this is %s, which is not read; give plain text, gzip or zstd, or pipe the text into -f -",
            f->in->info.name, m->name);
    codec = m < end ? m->codec : &plain;
    if (codec->open(f) != STS_OK)
        return sts_fail(err, STS_ENOMEM, "%s: out of memory", f->in->info.name);
    f->codec = codec;
    return STS_OK;
}

int input_file_read(struct input_file *f, char *p, size_t size, size_t *len, struct sts_err *err)
{
    if (f->codec == NULL && (find_codec(f, err) != STS_OK || f->codec == NULL))
        return err->code;
    return f->codec->read(f, p, size, len, err);
}

bool input_file_ready(struct input_file *f)
{
    struct pollfd p = {.fd = f->fd, .events = POLLIN};

    return f->raw_at < f->raw_len || f->raw_end || poll(&p, 1, 0) != 0;
}

/* SHA-256 of the first and of the last EDGE_BYTES of a regular file. */
static int take_edges(struct input_file *f, uint64_t size_bytes, struct sts_err *err)
{
    uint64_t starts[2] = {0, size_bytes > EDGE_BYTES ? size_bytes - EDGE_BYTES : 0};
    struct digest *digest = digest_new();
    int rc = STS_OK;
    ssize_t n = 0;
    size_t i, got;

    if (digest == NULL)
        return sts_fail(err, STS_ENOMEM, "%s: no memory for SHA-256", f->in->info.name);
    for (i = 0; i < STS_LEN(starts) && rc == STS_OK; i++) {
        for (got = 0; got < EDGE_BYTES; got += (size_t)n) {
            n = pread(f->fd, f->raw + got, EDGE_BYTES - got, (off_t)(starts[i] + got));
            if (n <= 0)
                break;
        }
        if (n < 0) {
            sts_fail(err, STS_EIO, "%s: cannot read: %s", f->in->info.name, strerror(errno));
            break;
        }
        rc = digest_add(digest, f->raw, got);
    }
    if (rc == STS_OK && n >= 0)
        rc = digest_end(digest, f->in->info.edge_digest);
    digest_free(digest);
    return rc == STS_OK ? (int)err->code : sts_fail(err, rc, "%s: SHA-256 failed", f->in->info.name);
}

static int look_at(struct input_file *f, struct sts_err *err)
{
    struct input_info *info = &f->in->info;
    struct stat st;

    if (fstat(f->fd, &st) != 0)
        return sts_fail(err, STS_EIO, "%s: cannot look at it: %s", info->name, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return sts_fail(err, STS_EIO, "%s: is a directory", info->name);
    if (!S_ISREG(st.st_mode) || lseek(f->fd, 0, SEEK_CUR) != 0)
        return STS_OK;
    info->has_size = true;
    info->size_bytes = (uint64_t)st.st_size;
    return take_edges(f, info->size_bytes, err);
}

int input_file_open(struct input_file **out, struct input *in, struct sts_err *err)
{
    const char *path = in->info.name;
    struct input_file *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return sts_fail(err, STS_ENOMEM, "%s: out of memory", path);
    f->in = in;
    f->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0)
        sts_fail(err, STS_EIO, "%s: cannot open: %s", path, strerror(errno));
    else
        look_at(f, err);
    if (err->code != STS_OK) {
        input_file_free(f);
        return err->code;
    }
    *out = f;
    return STS_OK;
}

void input_file_free(struct input_file *f)
{
    if (f == NULL)
        return;
    if (f->codec != NULL)
        f->codec->close(f);
    if (f->fd > STDIN_FILENO) /* standard input is not ours */
        close(f->fd);
    free(f);
}
