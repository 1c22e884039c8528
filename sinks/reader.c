#include "sinks/reader_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_ARENA_BYTES (512u << 20) /* one decoded record at most */
#define COPY_BYTES       (256u << 10)

static int no_memory(struct sts_err *err)
{
    return sts_fail(err, STS_ENOMEM, "out of memory");
}

int reader_read_at(const struct part *part, uint64_t offset, uint8_t *to, uint64_t len, struct sts_err *err)
{
    while (len > 0) {
        ssize_t n = pread(part->fd, to, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sts_fail(err, STS_EIO, "%s: cannot read at offset %" PRIu64 ": %s", part->name, offset,
                            strerror(errno));
        if (n == 0)
            return STS_EEND;
        to += n;
        offset += (uint64_t)n;
        len -= (uint64_t)n;
    }
    return STS_OK;
}

int reader_add(struct scan_reader *r, const struct entry *entry, struct sts_err *err)
{
    if (r->n_entries == r->size_entries) {
        size_t size = r->size_entries ? 2 * r->size_entries : 256;
        struct entry *grown = realloc(r->entries, size * sizeof(*grown));

        if (grown == NULL)
            return no_memory(err);
        r->entries = grown;
        r->size_entries = size;
    }
    r->entries[r->n_entries++] = *entry;
    return STS_OK;
}

static int index_part(struct scan_reader *r, uint32_t number, struct sts_err *err)
{
    const struct part *part = &r->parts[number];
    struct stat st;

    if (fstat(part->fd, &st) != 0)
        return sts_fail(err, STS_EIO, "%s: %s", part->name, strerror(errno));
    r->bytes += (uint64_t)st.st_size;
    if (r->skip_bad)
        return salvage_part(r, number, 0, (uint64_t)st.st_size, err);
    return part_index(r, number, number + 1 == r->n_listed, (uint64_t)st.st_size, err);
}

static int add_part(struct scan_reader *r, char *name_own, int fd_own, struct sts_err *err)
{
    struct part *grown = realloc(r->parts, (r->n_parts + 1) * sizeof(*grown));

    if (grown == NULL) {
        free(name_own);
        close(fd_own);
        return no_memory(err);
    }
    r->parts = grown;
    r->parts[r->n_parts++] = (struct part){name_own, fd_own};
    return index_part(r, r->n_parts - 1, err);
}

/* Copy a pipe into a file without a name, as it is: a million names take some 100 MB there, and no memory. */
static int spool(int from, const char *name, struct sts_err *err)
{
    const char *dir = getenv("TMPDIR");
    uint8_t *buf = malloc(COPY_BYTES);
    int to = open(dir ? dir : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    ssize_t n = 0;

    if (buf == NULL)
        no_memory(err);
    else if (to < 0)
        sts_fail(err, STS_EIO, "%s: cannot open a temporary file: %s (TMPDIR names another place)",
                 dir ? dir : "/tmp", strerror(errno));
    while (err->code == STS_OK && ((n = read(from, buf, COPY_BYTES)) > 0 || (n < 0 && errno == EINTR))) {
        for (ssize_t done = 0, put; n > 0 && done < n; done += put) {
            put = write(to, buf + done, (size_t)(n - done));
            if (put < 0) {
                sts_fail(err, STS_EIO, "%s: cannot write the temporary file: %s", dir ? dir : "/tmp",
                         strerror(errno));
                break;
            }
        }
    }
    if (n < 0 && err->code == STS_OK)
        sts_fail(err, STS_EIO, "%s: cannot read: %s", name, strerror(errno));
    free(buf);
    if (err->code != STS_OK && to >= 0) {
        close(to);
        to = -1;
    }
    return to;
}

static int open_stdin(struct scan_reader *r, struct sts_err *err)
{
    char *name = strdup("standard input");
    int fd = name ? spool(STDIN_FILENO, name, err) : -1;

    if (name == NULL)
        return no_memory(err);
    if (fd < 0) {
        free(name);
        return err->code;
    }
    return add_part(r, name, fd, err);
}

static int open_file(struct scan_reader *r, const char *path, struct sts_err *err)
{
    char *name = strdup(path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (name == NULL)
        no_memory(err);
    else if (fd < 0 || fstat(fd, &st) != 0)
        sts_fail(err, STS_EIO, "%s: cannot open: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode)) { /* a pipe by name: <(...) of a shell, a FIFO */
        int copy = spool(fd, name, err);

        close(fd);
        fd = copy;
    }
    if (err->code == STS_OK)
        return add_part(r, name, fd, err);
    free(name);
    if (fd >= 0)
        close(fd);
    return err->code;
}

static int is_part(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return strncmp(entry->d_name, "part-", 5) == 0 && len > 12 &&
           strcmp(entry->d_name + len - 12, ".msgpack.zst") == 0;
}

static int open_dir(struct scan_reader *r, const char *path, struct sts_err *err)
{
    struct dirent **list;
    int n = scandir(path, &list, is_part, alphasort);

    if (n < 0)
        return sts_fail(err, STS_EIO, "%s: cannot list: %s", path, strerror(errno));
    r->n_listed = (uint32_t)n;
    if (n == 0)
        sts_fail(err, STS_EFORMAT, "%s: holds no scan (no part-*.msgpack.zst)", path);
    for (int i = 0; i < n; i++) {
        char *file = NULL;

        if (err->code == STS_OK && asprintf(&file, "%s/%s", path, list[i]->d_name) < 0)
            no_memory(err);
        else if (err->code == STS_OK) {
            (void)!open_file(r, file, err);
            free(file);
        }
        free(list[i]);
    }
    free(list);
    return err->code;
}

static void nothing_whole(const struct scan_reader *r, const char *advice, struct sts_err *err)
{
    if (r->losses.n > 0)
        sts_fail(err, STS_EFORMAT, "%s: holds no whole frame of a scan%s", r->name, advice);
    else if (r->torn.bytes == 0)
        sts_fail(err, STS_EFORMAT, "%s: is empty%s", r->torn.file, advice);
    else if (r->torn.has_header)
        sts_fail(err, STS_EFORMAT, "%s: its first frame is not whole (%s): nothing can be read%s",
                 r->torn.file, r->torn.why, advice);
    else
        sts_fail(err, STS_EFORMAT,
                 "%s: no frame of a scan at offset 0: this is no scan, or was cut at its very beginning%s",
                 r->torn.file, advice);
}

int scan_reader_open(struct scan_reader **out, const char *path, struct sts_err *err)
{
    return scan_reader_open_with(out, path, &(struct scan_reader_options){.advice = ""}, err);
}

int scan_reader_open_with(struct scan_reader **out, const char *path,
                          const struct scan_reader_options *options, struct sts_err *err)
{
    struct scan_reader *r = calloc(1, sizeof(*r));
    struct stat st;

    if (r == NULL)
        return no_memory(err);
    arena_init(&r->arena, READ_ARENA_BYTES);
    r->skip_bad = options->skip_bad;
    r->advice = options->advice;
    r->n_listed = 1;
    r->name = strdup(path);
    if (r->name == NULL)
        no_memory(err);
    else if (strcmp(path, "-") == 0)
        (void)!open_stdin(r, err);
    else if (stat(path, &st) != 0)
        sts_fail(err, STS_EIO, "%s: %s", path, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        (void)!open_dir(r, path, err);
    else
        (void)!open_file(r, path, err);
    if (err->code == STS_OK && r->n_entries == 0)
        nothing_whole(r, options->nothing != NULL ? options->nothing : "", err);
    if (err->code != STS_OK) {
        scan_reader_close(r);
        return err->code;
    }
    *out = r;
    return STS_OK;
}

void scan_reader_close(struct scan_reader *r)
{
    if (r == NULL)
        return;
    for (uint32_t i = 0; i < r->n_parts; i++) {
        close(r->parts[i].fd);
        free(r->parts[i].name);
    }
    arena_fini(&r->arena);
    free(r->parts);
    free(r->entries);
    free(r->packed);
    free(r->raw);
    free(r->name);
    free(r);
}

const char *scan_reader_name(const struct scan_reader *r)
{
    return r->name;
}

uint32_t scan_reader_n_parts(const struct scan_reader *r)
{
    return r->n_parts - (r->has_torn && r->torn.offset == 0);
}

uint64_t scan_reader_n_records(const struct scan_reader *r, unsigned kind)
{
    uint64_t n = 0;

    for (size_t i = 0; i < r->n_entries; i++)
        n += r->entries[i].info.kind == kind ? r->entries[i].info.n_records : 0;
    return n;
}

uint64_t scan_reader_n_foreign(const struct scan_reader *r)
{
    uint64_t n = 0;

    for (size_t i = 0; i < r->n_entries; i++)
        n += rec_kind_name(r->entries[i].info.kind) == NULL ? r->entries[i].info.n_records : 0;
    return n;
}

const struct scan_losses *scan_reader_losses(const struct scan_reader *r)
{
    return &r->losses;
}

const struct scan_loss *scan_reader_torn(const struct scan_reader *r)
{
    return r->has_torn ? &r->torn : NULL;
}

uint64_t scan_reader_bytes(const struct scan_reader *r)
{
    return r->bytes;
}

int reader_grow(uint8_t **p, size_t *size, uint64_t need, struct sts_err *err)
{
    uint8_t *grown;

    need += need == 0; /* a frame may say that it holds nothing */
    if (*size >= need)
        return STS_OK;
    grown = realloc(*p, need);
    if (grown == NULL)
        return no_memory(err);
    *p = grown;
    *size = need;
    return STS_OK;
}

int reader_load(struct scan_reader *r, const struct entry *e, struct sts_err *err)
{
    const struct part *part = &r->parts[e->part];
    const char *why = NULL;
    int rc;

    if (reader_grow(&r->packed, &r->packed_size, e->info.packed_bytes, err) != STS_OK ||
        reader_grow(&r->raw, &r->raw_size, e->info.raw_bytes, err) != STS_OK)
        return err->code;
    rc = reader_read_at(part, e->offset + FRAME_HEADER_BYTES, r->packed, e->info.packed_bytes, err);
    if (rc == STS_EEND)
        return sts_fail(err, STS_EFORMAT, "%s: ends within the frame at offset %" PRIu64 "%s", part->name,
                        e->offset, r->advice);
    if (rc != STS_OK)
        return rc;
    if (frame_unpack(&e->info, r->packed, r->raw, &why) != STS_OK)
        return sts_fail(err, STS_EFORMAT, "%s: the frame at offset %" PRIu64 " is damaged: %s%s", part->name,
                        e->offset, why, r->advice);
    return STS_OK;
}

int reader_each_loaded(struct scan_reader *r, const struct entry *e, scan_record_fn fn, void *arg,
                       struct sts_err *err)
{
    struct scan_place place = {r->parts[e->part].name, e->offset, 0};
    uint64_t at = 0;

    for (; place.record < e->info.n_records; place.record++) {
        enum rec_kind kind;
        void *record;
        size_t used = 0;
        int rc;

        arena_reset(&r->arena);
        rc = rec_decode(r->raw + at, e->info.raw_bytes - at, &r->arena, &kind, &record, &used);
        if (rc == STS_OK && record != NULL && kind != e->info.kind)
            rc = STS_EFORMAT;
        if (rc != STS_OK)
            return sts_fail(err, rc, "%s: record %" PRIu32 " of the frame at offset %" PRIu64 " %s%s",
                            place.file, place.record, place.offset,
                            rc == STS_ENOMEM ? "needs too much memory" : "is damaged", r->advice);
        at += used;
        rc = fn(arg, kind, record, &place, err);
        if (rc != STS_OK)
            return rc;
    }
    if (at != e->info.raw_bytes)
        return sts_fail(err, STS_EFORMAT,
                        "%s: the frame at offset %" PRIu64 " holds more than its header says%s", place.file,
                        place.offset, r->advice);
    return STS_OK;
}

int scan_reader_each(struct scan_reader *r, uint32_t mask, scan_record_fn fn, void *arg, struct sts_err *err)
{
    for (size_t i = 0; i < r->n_entries; i++) {
        const struct entry *e = &r->entries[i];
        const unsigned bit = e->info.kind < REC_MASK_REST ? e->info.kind : REC_MASK_REST;

        if ((mask & REC_MASK(bit)) == 0)
            continue;
        if (reader_load(r, e, err) != STS_OK || reader_each_loaded(r, e, fn, arg, err) != STS_OK)
            return err->code;
    }
    return STS_OK;
}
