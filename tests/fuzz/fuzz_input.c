/* fuzz_input.c - any bytes as an input file: the same positions come of it, however the bytes are cut into
 * reads, and each of them in one of three shards. First byte: how the lines are built; 2 bytes seed the cuts;
 * the rest is the file, also gzip or zstd.
 * Source: scanner/input.c, scanner/input_lines.c, scanner/input_file.c, scanner/input_zone.c. */
#include "scanner/input.h"
#include "scanner/name.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_BYTES        16384
#define MOST_PACKED_BYTES 512 /* a zstd block of 4 bytes may hold 128 KiB */
#define MOST_PIECES       64
#define MOST_BATCHES      4096
#define N_SHARDS          3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* All that one reading gave. */
struct taken {
    struct input_batch *batches[MOST_BATCHES];
    unsigned n_batches;
    uint64_t n_items;
    int rc; /* of the end: STS_EEND or the failure */
    struct input_counts counts;
};

static void check(bool right)
{
    if (!right)
        abort();
}

static const struct input_item *item_at(const struct taken *t, uint64_t i)
{
    for (unsigned k = 0; k < t->n_batches; k++) {
        if (i < t->batches[k]->n_items)
            return &t->batches[k]->items[i];
        i -= t->batches[k]->n_items;
    }
    return NULL;
}

static void check_item(const struct input_item *item)
{
    char again[NAME_BUF_BYTES];
    struct result why;
    size_t len;

    check((item->why.oc == OC_OK) == (item->name.len > 0));
    check(item->in.len == 0 || !sts_str_equal(item->in, item->name));
    if (item->name.len == 0)
        return;
    check(item->name.p[item->name.len] == '\0');
    check(name_normalise(item->name.p, item->name.len, again, &len, &why) == STS_OK && why.oc == OC_OK);
    check(len == item->name.len && memcmp(again, item->name.p, len) == 0);
}

static void check_same(const struct input_item *a, const struct input_item *b)
{
    check(a->pos == b->pos && a->why.oc == b->why.oc && a->why.raw == b->why.raw);
    check(sts_str_equal(a->name, b->name) && sts_str_equal(a->in, b->in) && sts_str_equal(a->rank, b->rank) &&
          sts_str_equal(a->tag, b->tag) && sts_str_equal(a->weight, b->weight));
}

static void check_digest(const struct input *in, const uint8_t *file, size_t len)
{
    uint8_t right[DIGEST_BYTES], got[DIGEST_BYTES];

    check(EVP_Digest(file, len, right, NULL, EVP_sha256(), NULL) == 1);
    check(input_digest(in, got) && memcmp(right, got, DIGEST_BYTES) == 0);
    check(input_bytes_read(in) == len);
}

static void take(struct taken *t, const char *path, enum input_format format, unsigned shard,
                 const uint8_t *file, size_t len)
{
    const struct input_layout layout = {.format = format};
    struct sts_err err = {0};
    struct input *in;

    memset(t, 0, sizeof(*t));
    check(input_open_file(&in, path, &layout, &err) == STS_OK);
    if (shard < N_SHARDS)
        input_set_shard(in, N_SHARDS, shard);
    while ((t->rc = input_next(in, &t->batches[t->n_batches], &err)) == STS_OK) {
        check(t->batches[t->n_batches]->n_items > 0);
        t->n_items += t->batches[t->n_batches++]->n_items;
        check(t->n_batches < MOST_BATCHES);
    }
    check((t->rc == STS_EEND) == (err.msg[0] == '\0'));
    t->counts = input_counts(in);
    check(t->counts.taken == t->n_items && t->counts.bad <= t->n_items);
    if (t->rc == STS_EEND)
        check_digest(in, file, len);
    input_free(in);
}

static void taken_free(struct taken *t)
{
    for (unsigned i = 0; i < t->n_batches; i++)
        input_batch_free(t->batches[i]);
}

/* Standard input that gives one piece a read. */
static void put_pieces(uint32_t seed, const uint8_t *file, size_t len)
{
    const size_t whole = len;
    int ends[2];

    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    for (unsigned n = 0; len > 0; n++) {
        size_t piece = len;

        seed = seed * 1664525u + 1013904223u; /* Numerical Recipes */
        if (n < MOST_PIECES)
            piece = 1 + (seed >> 16) % (seed & 0x8000 ? 4 : 6 * whole / MOST_PIECES + 4);
        piece = piece < len ? piece : len;
        check(send(ends[1], file, piece, MSG_DONTWAIT) == (ssize_t)piece);
        file += piece;
        len -= piece;
    }
    close(ends[1]);
    check(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    close(ends[0]);
}

static void check_pieces(const struct taken *whole, enum input_format format, uint32_t seed,
                         const uint8_t *file, size_t len)
{
    static struct taken t;

    put_pieces(seed, file, len);
    take(&t, "-", format, N_SHARDS, file, len);
    check(t.rc == whole->rc && (t.rc != STS_EEND || t.n_items == whole->n_items));
    for (uint64_t i = 0; i < t.n_items && i < whole->n_items; i++)
        check_same(item_at(&t, i), item_at(whole, i));
    taken_free(&t);
}

static void check_shards(const struct taken *whole, const char *path, enum input_format format,
                         const uint8_t *file, size_t len)
{
    static struct taken t;
    uint64_t n_items = 0;

    for (unsigned shard = 0; shard < N_SHARDS; shard++) {
        take(&t, path, format, shard, file, len);
        check(t.rc == whole->rc && t.counts.positions == whole->counts.positions &&
              t.counts.folded == whole->counts.folded);
        for (uint64_t i = 0; i < t.n_items; i++)
            check_same(item_at(&t, i), item_at(whole, item_at(&t, i)->pos - 1));
        n_items += t.n_items;
        taken_free(&t);
    }
    check(n_items == whole->n_items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct taken whole;
    enum input_format format;
    uint32_t seed;
    char path[32];
    int fd;

    if (len < 3 || len > MOST_BYTES || (len > MOST_PACKED_BYTES && (data[3] == 0x1f || data[3] == 0x28)) ||
        (fd = memfd_create("input", MFD_CLOEXEC)) < 0)
        return 0;
    format = (enum input_format)(data[0] % (INPUT_ZONE + 1));
    seed = data[1] | (uint32_t)data[2] << 8;
    check(write(fd, data + 3, len - 3) == (ssize_t)(len - 3));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    take(&whole, path, format, N_SHARDS, data + 3, len - 3);
    check(whole.counts.positions == whole.n_items);
    for (uint64_t i = 0; i < whole.n_items; i++) {
        check(item_at(&whole, i)->pos == i + 1);
        check_item(item_at(&whole, i));
    }
    check_pieces(&whole, format, seed, data + 3, len - 3);
    check_shards(&whole, path, format, data + 3, len - 3);
    taken_free(&whole);
    close(fd);
    return 0;
}
