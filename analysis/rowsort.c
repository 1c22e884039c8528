#include "analysis/rowsort.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN_BUFFER_BYTES (32u << 10)

struct head { /* of a row, in memory and in the file; key and row follow */
    uint64_t rank, number;
    uint32_t key_len, row_len;
};

struct run { /* a sorted stretch of the file */
    uint64_t from, to;
    uint8_t *buf; /* holds the row in front, and more */
    size_t size, used, len;
};

struct rowsort {
    uint8_t *buf;
    size_t size, used;
    size_t *rows; /* where they begin in buf */
    size_t n, room;
    uint64_t number; /* of the next row */
    FILE *file;
    uint64_t written;
    struct run *runs;
    size_t n_runs;
    size_t *heap; /* runs by their row in front */
    size_t n_heap;
};

static int no_memory(struct sts_err *err)
{
    return sts_fail(err, STS_ENOMEM, "out of memory");
}

static int file_failed(struct sts_err *err)
{
    return sts_fail(err, STS_EIO, "temporary file for sorting: %s (TMPDIR names another place)",
                    strerror(errno));
}

static struct head head_of(const uint8_t *p)
{
    struct head head;

    memcpy(&head, p, sizeof(head));
    return head;
}

static size_t bytes_of(const struct head *head)
{
    return sizeof(*head) + head->key_len + head->row_len;
}

static int compare_keys(const uint8_t *a, const uint8_t *b)
{
    const struct head left = head_of(a), right = head_of(b);
    uint32_t len = left.key_len < right.key_len ? left.key_len : right.key_len;
    int order = memcmp(a + sizeof(left), b + sizeof(right), len);

    return order != 0 ? order : (left.key_len > right.key_len) - (left.key_len < right.key_len);
}

/* By key, then the one that counts last. */
static int compare(const uint8_t *a, const uint8_t *b)
{
    const struct head left = head_of(a), right = head_of(b);
    int order = compare_keys(a, b);

    if (order == 0)
        order = (left.rank > right.rank) - (left.rank < right.rank);
    return order != 0 ? order : (left.number > right.number) - (left.number < right.number);
}

static int compare_rows(const void *a, const void *b, void *buf)
{
    return compare((uint8_t *)buf + *(const size_t *)a, (uint8_t *)buf + *(const size_t *)b);
}

int rowsort_new(struct rowsort **out, size_t memory_bytes, struct sts_err *err)
{
    struct rowsort *s = calloc(1, sizeof(*s));

    if (s != NULL)
        s->buf = malloc(memory_bytes);
    if (s == NULL || s->buf == NULL) {
        rowsort_free(s);
        return no_memory(err);
    }
    s->size = memory_bytes;
    *out = s;
    return STS_OK;
}

void rowsort_free(struct rowsort *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n_runs; i++)
        free(s->runs[i].buf);
    if (s->file != NULL)
        fclose(s->file);
    free(s->runs);
    free(s->heap);
    free(s->rows);
    free(s->buf);
    free(s);
}

static int open_file(struct rowsort *s, struct sts_err *err)
{
    const char *dir = getenv("TMPDIR");
    int fd = open(dir ? dir : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0)
        return file_failed(err);
    s->file = fdopen(fd, "w+");
    if (s->file == NULL) {
        close(fd);
        return file_failed(err);
    }
    return STS_OK;
}

static void sort(struct rowsort *s)
{
    if (s->n > 0)
        qsort_r(s->rows, s->n, sizeof(*s->rows), compare_rows, s->buf);
}

/* Does row i of the sorted ones count? The last of its key does. */
static bool counts(const struct rowsort *s, size_t i)
{
    return i + 1 == s->n || compare_keys(s->buf + s->rows[i], s->buf + s->rows[i + 1]) != 0;
}

/* What is in memory becomes a run of the file. */
static int spill(struct rowsort *s, struct sts_err *err)
{
    struct run *runs = realloc(s->runs, (s->n_runs + 1) * sizeof(*runs));
    struct run *run;

    if (runs == NULL)
        return no_memory(err);
    s->runs = runs;
    run = &runs[s->n_runs++];
    *run = (struct run){.from = s->written};
    if (s->file == NULL && open_file(s, err) != STS_OK)
        return err->code;
    sort(s);
    for (size_t i = 0; i < s->n; i++) {
        const uint8_t *p = s->buf + s->rows[i];
        const struct head head = head_of(p);

        if (!counts(s, i))
            continue;
        if (fwrite(p, 1, bytes_of(&head), s->file) != bytes_of(&head))
            return file_failed(err);
        s->written += bytes_of(&head);
    }
    if (fflush(s->file) != 0)
        return file_failed(err);
    run->to = s->written;
    s->used = s->n = 0;
    return STS_OK;
}

/* Room for one more row of `bytes`. */
static int make_room(struct rowsort *s, size_t bytes, struct sts_err *err)
{
    /* The index counts as memory too. */
    if (s->n > 0 && s->used + bytes + (s->n + 1) * sizeof(*s->rows) > s->size && spill(s, err) != STS_OK)
        return err->code;
    if (bytes > s->size) {
        uint8_t *grown = realloc(s->buf, bytes);

        if (grown == NULL)
            return no_memory(err);
        s->buf = grown;
        s->size = bytes;
    }
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 1024;
        size_t *grown = realloc(s->rows, room * sizeof(*grown));

        if (grown == NULL)
            return no_memory(err);
        s->rows = grown;
        s->room = room;
    }
    return STS_OK;
}

int rowsort_add(struct rowsort *s, struct sts_str key, uint64_t rank, struct sts_str row, struct sts_err *err)
{
    const struct head head = {rank, s->number++, key.len, row.len};
    uint8_t *p;

    if (make_room(s, bytes_of(&head), err) != STS_OK)
        return err->code;
    p = s->buf + s->used;
    memcpy(p, &head, sizeof(head));
    if (key.len > 0)
        memcpy(p + sizeof(head), key.p, key.len);
    if (row.len > 0)
        memcpy(p + sizeof(head) + key.len, row.p, row.len);
    s->rows[s->n++] = s->used;
    s->used += bytes_of(&head);
    return STS_OK;
}

static struct sts_str row_of(const uint8_t *p)
{
    const struct head head = head_of(p);

    return (struct sts_str){(const char *)p + sizeof(head) + head.key_len, head.row_len};
}

static const uint8_t *front(const struct run *run)
{
    return run->buf + run->used;
}

/* At least `want` bytes of the run from its front on. */
static int fill(const struct rowsort *s, struct run *run, size_t want, struct sts_err *err)
{
    if (run->len - run->used >= want)
        return STS_OK;
    if (run->used > 0)
        memmove(run->buf, run->buf + run->used, run->len - run->used);
    run->len -= run->used;
    run->used = 0;
    if (want < RUN_BUFFER_BYTES)
        want = RUN_BUFFER_BYTES;
    if (run->size < want) {
        uint8_t *grown = realloc(run->buf, want);

        if (grown == NULL)
            return no_memory(err);
        run->buf = grown;
        run->size = want;
    }
    while (run->len < want && run->from < run->to) {
        uint64_t left = run->to - run->from;
        size_t len = left < want - run->len ? (size_t)left : want - run->len;
        ssize_t n = pread(fileno(s->file), run->buf + run->len, len, (off_t)run->from);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return file_failed(err);
        run->len += (size_t)n;
        run->from += (uint64_t)n;
    }
    return STS_OK;
}

/* The next row to the front of the run; *more is false at its end. */
static int advance(const struct rowsort *s, struct run *run, bool *more, struct sts_err *err)
{
    struct head head;

    *more = run->len > run->used || run->from < run->to;
    if (!*more)
        return STS_OK;
    if (fill(s, run, sizeof(head), err) != STS_OK)
        return err->code;
    head = head_of(front(run));
    return fill(s, run, bytes_of(&head), err);
}

static bool before(const struct rowsort *s, size_t a, size_t b)
{
    return compare(front(&s->runs[s->heap[a]]), front(&s->runs[s->heap[b]])) < 0;
}

static void sift_down(struct rowsort *s, size_t at)
{
    for (;;) {
        size_t least = at, child = 2 * at + 1, kept = s->heap[at];

        for (size_t i = child; i < child + 2 && i < s->n_heap; i++)
            if (before(s, i, least))
                least = i;
        if (least == at)
            return;
        s->heap[at] = s->heap[least];
        s->heap[least] = kept;
        at = least;
    }
}

static int start_merge(struct rowsort *s, struct sts_err *err)
{
    s->heap = calloc(s->n_runs, sizeof(*s->heap));
    if (s->heap == NULL)
        return no_memory(err);
    for (size_t i = 0; i < s->n_runs; i++) {
        bool more;

        if (advance(s, &s->runs[i], &more, err) != STS_OK)
            return err->code;
        if (more)
            s->heap[s->n_heap++] = i;
    }
    for (size_t i = s->n_heap / 2; i-- > 0;)
        sift_down(s, i);
    return STS_OK;
}

/* Hands over the least row of all runs that is the last of its key. A row waits in s->buf until the next one
 * shows whether it counts. */
static int merge(struct rowsort *s, rowsort_fn fn, void *arg, struct sts_err *err)
{
    bool waiting = false;

    if (start_merge(s, err) != STS_OK)
        return err->code;
    while (s->n_heap > 0) {
        struct run *run = &s->runs[s->heap[0]];
        const struct head head = head_of(front(run));
        bool more;

        if (waiting && compare_keys(s->buf, front(run)) != 0 && fn(arg, row_of(s->buf), err) != STS_OK)
            return err->code;
        memcpy(s->buf, front(run), bytes_of(&head)); /* as large as the largest row */
        waiting = true;
        run->used += bytes_of(&head);
        if (advance(s, run, &more, err) != STS_OK)
            return err->code;
        if (!more)
            s->heap[0] = s->heap[--s->n_heap];
        if (s->n_heap > 0)
            sift_down(s, 0);
    }
    return waiting ? fn(arg, row_of(s->buf), err) : STS_OK;
}

int rowsort_each(struct rowsort *s, rowsort_fn fn, void *arg, struct sts_err *err)
{
    if (s->n_runs > 0)
        return spill(s, err) == STS_OK ? merge(s, fn, arg, err) : err->code;
    sort(s);
    for (size_t i = 0; i < s->n; i++)
        if (counts(s, i) && fn(arg, row_of(s->buf + s->rows[i]), err) != STS_OK)
            return err->code;
    return STS_OK;
}
