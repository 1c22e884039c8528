/* Names given as arguments. The digest is that of a file with these lines. */
#include "scanner/input.h"

#include <stdlib.h>
#include <string.h>

struct names {
    struct input base;
    const char *const *v;
    size_t n, at;
};

static int names_fill(struct input *base, struct input_batch *batch, struct sts_err *err)
{
    struct names *in = (struct names *)base;

    while (in->at < in->n && batch->n_items < INPUT_BATCH_ITEMS) {
        struct input_line line = {.name = sts_str(in->v[in->at++])};

        if (input_took(base, line.name.p, line.name.len, err) != STS_OK ||
            input_took(base, "\n", 1, err) != STS_OK || input_add(base, batch, &line, err) != STS_OK)
            return err->code;
    }
    return batch->n_items > 0 ? STS_OK : STS_EEND;
}

static void names_free(struct input *base)
{
    free(base);
}

int input_open_names(struct input **out, const char *const *names, size_t n_names, struct sts_err *err)
{
    static const struct input_ops ops = {names_fill, names_free};
    struct names *in = calloc(1, sizeof(*in));

    if (in == NULL)
        return sts_fail(err, STS_ENOMEM, "names: out of memory");
    in->v = names;
    in->n = n_names;
    if (input_init(&in->base, &ops, "(arguments)", err) != STS_OK) {
        input_free(&in->base);
        return err->code;
    }
    *out = &in->base;
    return STS_OK;
}
