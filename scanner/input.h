/* input.h - the names to scan, numbered, in batches. Thread: one reader; input_bytes_read() and input_stop()
 * from any; a batch belongs to whoever took it. A new source is one new file with its input_ops. */
#ifndef STS_INPUT_H
#define STS_INPUT_H
#include "scanner/digest.h"
#include "scanner/queue.h"
#include "sinks/arena.h"
#include "sinks/outcome.h"

#include <stdatomic.h>

#define INPUT_BATCH_ITEMS 256
#define INPUT_LINE_BYTES  4096           /* a longer line is NAME_LINE_TOO_LONG */
#define INPUT_CUT_BYTES   256            /* what is kept of such a line */
#define INPUT_BOM         "\xef\xbb\xbf" /* a byte order mark in UTF-8, passed over at the start of a file */

/* How the lines of a file are to be read; the words of --input-format in their order. */
enum input_format { INPUT_AUTO, INPUT_NAMES, INPUT_CSV, INPUT_ZONE };

/* One position. Strings belong to the batch; {NULL, 0} where there is nothing. */
struct input_item {
    uint64_t pos;        /* in the whole input, from 1, higher than that of the item before */
    struct sts_str name; /* normalised (name.h), NUL behind it; nothing where `why` is a NAME_* */
    struct sts_str in;   /* the name as it was given, where it differs from `name` */
    struct sts_str rank, tag, weight; /* columns of the line */
    struct result why;                /* OC_OK or OC_NAME_* */
};
struct input_batch {
    struct fifo_item link; /* of the queue that carries it */
    uint32_t n_items;      /* 1 to INPUT_BATCH_ITEMS */
    struct arena arena;
    struct input_item items[INPUT_BATCH_ITEMS];
};
void input_batch_free(struct input_batch *batch); /* NULL is fine; from any thread */

/* What the scan record says of the input. */
struct input_info {
    const char *name;    /* the path, "-" for standard input, "(arguments)" */
    bool has_size;       /* it is a regular file, read from its start; else the next two are 0 */
    uint64_t size_bytes; /* as stored */
    uint8_t edge_digest[DIGEST_BYTES]; /* of the first 64 KiB, then the last 64 KiB (they may overlap) */
};

/* What was read so far. */
struct input_counts {
    uint64_t positions; /* of the whole input */
    uint64_t taken;     /* of them in this shard, */
    uint64_t bad;       /* and of those no names */
    uint64_t folded;    /* lines of a zone file that repeat the delegated name before them */
};

struct before;
struct input;

/* What a source has to do. */
struct input_ops {
    /* Put up to INPUT_BATCH_ITEMS items into `batch` with input_add(), as many as come without a long wait,
     * at least one. STS_EEND: the end. The end and a failure may come with items: they are handed out before
     * it.
     */
    int (*fill)(struct input *in, struct input_batch *batch, struct sts_err *err);
    void (*free)(struct input *in); /* with the struct itself, but for what is input.c's */
};
/* The head of every source: first member of its struct. */
struct input {
    const struct input_ops *ops;
    struct input_info info; /* filled by the source when it is opened */
    /* The rest is input.c's. */
    atomic_uint_fast64_t bytes_read;
    struct digest *digest;              /* of all that was read */
    uint8_t whole_digest[DIGEST_BYTES]; /* at the end */
    struct input_counts counts;
    uint64_t n_shards, shard;
    const struct before *before; /* NULL: nothing is done yet */
    atomic_bool stopped;
    int ended; /* STS_OK, STS_EEND, or the failure that input_next() repeats */
    struct sts_err failure;
};

/* How the lines of a file are built. */
struct input_layout {
    enum input_format format; /* INPUT_AUTO: found in the first lines */
    const char *origin; /* of relative names in a zone file, no dot at its end; NULL: the file says it */
};

/* Names from a file (plain, gzip or zstd, found by its first bytes), or from standard input for "-". One name
 * a line, or the columns rank,name[,tag[,weight]], or a zone file, of which the delegated names are taken.
 * `path` and what is in `layout` is borrowed. Of a file, reads the edges. */
int input_open_file(struct input **out, const char *path, const struct input_layout *layout,
                    struct sts_err *err) STS_CHECK;
/* Names given one by one, each a position. All is borrowed. */
int input_open_names(struct input **out, const char *const *names, size_t n_names,
                     struct sts_err *err) STS_CHECK;
void input_free(struct input *in); /* NULL is fine */
/* Before the first input_next(): hand out only what belongs to this shard (sinks/shard.h). Positions stay. */
void input_set_shard(struct input *in, uint64_t n_shards, uint64_t shard);

/* Likewise: hand out only what is not done (before.h; borrowed). */
void input_set_before(struct input *in, const struct before *before);

/* The next batch, which the caller frees. STS_EEND: there is none. A failure (place in `err`) is final. */
int input_next(struct input *in, struct input_batch **out, struct sts_err *err) STS_CHECK;
/* Nothing more is wanted: a reader that waits for bytes returns soon, with a failure. */
void input_stop(struct input *in);
const struct input_info *input_info(const struct input *in);
struct input_counts input_counts(const struct input *in); /* between two input_next(), or after the last */
uint64_t input_bytes_read(const struct input *in);        /* as stored, of info->size_bytes; any thread */
/* SHA-256 of the whole input as stored. False: it was not read to its end, there is none. */
bool input_digest(const struct input *in, uint8_t out[DIGEST_BYTES]) STS_CHECK;

/* For sources. What a line gives, borrowed; the name without blanks around it. */
struct input_line {
    struct sts_str name, rank, tag, weight;
};
int input_init(struct input *in, const struct input_ops *ops, const char *name,
               struct sts_err *err) STS_CHECK;
/* So many bytes, as stored, were read. */
int input_took(struct input *in, const void *p, size_t len, struct sts_err *err) STS_CHECK;
/* The next position: an item of the batch, unless it is another shard's. After a failure the batch is as it
 * was.
 */
int input_add(struct input *in, struct input_batch *batch, const struct input_line *line,
              struct sts_err *err) STS_CHECK;
/* The same for a line that is too long, of which at least the first INPUT_CUT_BYTES are given. */
int input_add_cut(struct input *in, struct input_batch *batch, const char *line,
                  struct sts_err *err) STS_CHECK;
#endif
