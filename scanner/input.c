#include "scanner/input.h"

#include "scanner/before.h"
#include "scanner/name.h"
#include "sinks/shard.h"

#include <stdlib.h>
#include <string.h>

void input_batch_free(struct input_batch *batch)
{
    if (batch == NULL)
        return;
    arena_fini(&batch->arena);
    free(batch);
}

int input_init(struct input *in, const struct input_ops *ops, const char *name, struct sts_err *err)
{
    memset(in, 0, sizeof(*in));
    in->ops = ops;
    in->info.name = name;
    atomic_init(&in->bytes_read, 0);
    atomic_init(&in->stopped, false);
    in->n_shards = 1;
    in->digest = digest_new();
    return in->digest != NULL ? STS_OK : sts_fail(err, STS_ENOMEM, "%s: no memory for SHA-256", name);
}

void input_free(struct input *in)
{
    if (in == NULL)
        return;
    digest_free(in->digest);
    in->ops->free(in);
}

void input_set_shard(struct input *in, uint64_t n_shards, uint64_t shard)
{
    in->n_shards = n_shards;
    in->shard = shard;
}

void input_set_before(struct input *in, const struct before *before)
{
    in->before = before;
}

void input_stop(struct input *in)
{
    atomic_store(&in->stopped, true);
}

struct input_counts input_counts(const struct input *in)
{
    return in->counts;
}

const struct input_info *input_info(const struct input *in)
{
    return &in->info;
}

uint64_t input_bytes_read(const struct input *in)
{
    return atomic_load_explicit(&in->bytes_read, memory_order_relaxed);
}

bool input_digest(const struct input *in, uint8_t out[DIGEST_BYTES])
{
    if (in->ended != STS_EEND)
        return false;
    memcpy(out, in->whole_digest, DIGEST_BYTES);
    return true;
}

int input_took(struct input *in, const void *p, size_t len, struct sts_err *err)
{
    atomic_fetch_add_explicit(&in->bytes_read, len, memory_order_relaxed);
    if (digest_add(in->digest, p, len) != STS_OK)
        return sts_fail(err, STS_ESYS, "%s: SHA-256 failed", in->info.name);
    return STS_OK;
}

static int no_memory(const struct input *in, struct sts_err *err)
{
    return sts_fail(err, STS_ENOMEM, "%s: out of memory", in->info.name);
}

/* The next items into `batch`; at the end, the digest of all. */
static void fill(struct input *in, struct input_batch *batch)
{
    in->ended = in->ops->fill(in, batch, &in->failure);
    if (in->ended == STS_EEND && digest_end(in->digest, in->whole_digest) != STS_OK)
        in->ended = sts_fail(&in->failure, STS_ESYS, "%s: SHA-256 failed", in->info.name);
}

int input_next(struct input *in, struct input_batch **out, struct sts_err *err)
{
    struct input_batch *batch;

    *out = NULL;
    if (in->ended == STS_OK) {
        batch = malloc(sizeof(*batch));
        if (batch == NULL)
            return no_memory(in, err);
        arena_init(&batch->arena, 0);
        batch->n_items = 0;
        batch->link.next = NULL;
        fill(in, batch);
        if (batch->n_items > 0) {
            *out = batch;
            return STS_OK;
        }
        input_batch_free(batch);
    }
    return in->ended == STS_EEND ? STS_EEND : sts_fail(err, in->failure.code, "%s", in->failure.msg);
}

/* A copy in the arena; nothing stays nothing. */
static bool keep(struct arena *arena, struct sts_str given, struct sts_str *out)
{
    *out = given.len > 0 ? arena_copy(arena, given.p, given.len) : (struct sts_str){NULL, 0};
    return given.len == 0 || out->p != NULL;
}

/* Is the next position to be handed out? `key` is all that is kept of its name. */
static bool is_wanted(const struct input *in, struct sts_str key)
{
    return (in->n_shards <= 1 || shard_of(key, in->n_shards) == in->shard) &&
           !before_is_done(in->before, in->counts.positions + 1);
}

/* The item is made, in the batch's next place. */
static void commit(struct input *in, struct input_batch *batch)
{
    struct input_item *item = &batch->items[batch->n_items++];

    item->pos = ++in->counts.positions;
    in->counts.taken++;
    in->counts.bad += item->why.oc != OC_OK;
}

int input_add(struct input *in, struct input_batch *batch, const struct input_line *line, struct sts_err *err)
{
    struct input_item *item = &batch->items[batch->n_items];
    struct arena *arena = &batch->arena;
    struct sts_str given = line->name, name = {NULL, 0};
    char normal[NAME_BUF_BYTES];
    size_t len;

    memset(item, 0, sizeof(*item));
    if (name_normalise(given.len > 0 ? given.p : "", given.len, normal, &len, &item->why) != STS_OK)
        return no_memory(in, err);
    if (item->why.oc == OC_OK)
        name = (struct sts_str){normal, (uint32_t)len};
    if (!is_wanted(in, name.len > 0 ? name : given)) {
        in->counts.positions++;
        return STS_OK;
    }
    if (sts_str_equal(name, given))
        given.len = 0;
    if (!keep(arena, name, &item->name) || !keep(arena, given, &item->in) ||
        !keep(arena, line->rank, &item->rank) || !keep(arena, line->tag, &item->tag) ||
        !keep(arena, line->weight, &item->weight))
        return no_memory(in, err);
    commit(in, batch);
    return STS_OK;
}

int input_add_cut(struct input *in, struct input_batch *batch, const char *line, struct sts_err *err)
{
    struct input_item *item = &batch->items[batch->n_items];
    struct sts_str given = {line, INPUT_CUT_BYTES};

    memset(item, 0, sizeof(*item));
    if (!is_wanted(in, given)) {
        in->counts.positions++;
        return STS_OK;
    }
    item->why = (struct result){.oc = OC_NAME_LINE_TOO_LONG, .src = SRC_OFFSET, .raw = INPUT_LINE_BYTES};
    if (!keep(&batch->arena, given, &item->in))
        return no_memory(in, err);
    commit(in, batch);
    return STS_OK;
}
