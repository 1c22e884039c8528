#include "scanner/metadata.h"

#include "scanner/iso_time.h"
#include "sinks/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NUMBER_BYTES 24

struct metadata_file {
    const char *path;
    char *temp;   /* NULL: standard output */
    FILE *file;   /* NULL: closed */
    bool created; /* temp, and it is there yet */
};

static int failed(const struct metadata_file *f, const char *what, struct sts_err *err)
{
    return sts_fail(err, STS_EIO, "%s: cannot %s: %s", f->temp != NULL ? f->temp : f->path, what,
                    strerror(errno));
}

int metadata_open(struct metadata_file **out, const char *path, struct sts_err *err)
{
    struct metadata_file *f = calloc(1, sizeof(*f));
    struct stat st;

    if (f == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    f->path = path;
    if (strcmp(path, "-") == 0) {
        f->file = stdout;
    } else if (asprintf(&f->temp, "%s.new", path) < 0) {
        f->temp = NULL;
        (void)sts_fail(err, STS_ENOMEM, "out of memory");
    } else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        (void)sts_fail(err, STS_EIO, "%s: is a directory", path);
    } else {
        f->file = fopen(f->temp, "we");
        f->created = f->file != NULL;
        if (f->file == NULL)
            (void)failed(f, "write", err);
    }
    if (err->code != STS_OK) {
        metadata_close(f);
        return err->code;
    }
    *out = f;
    return STS_OK;
}

static void put_time(struct json *j, const char *key, uint64_t ms)
{
    char text[ISO_TIME_BYTES];

    iso_time(text, ms);
    json_str(j, key, sts_str(text));
}

static void put_digest(struct json *j, const char *key, struct sts_str digest)
{
    char text[2 * DIGEST_BYTES + 1];
    uint32_t i;

    if (digest.len != DIGEST_BYTES)
        return;
    for (i = 0; i < DIGEST_BYTES; i++)
        snprintf(text + 2 * (size_t)i, 3, "%02x", (uint8_t)digest.p[i]);
    json_str(j, key, sts_str(text));
}

static void put_strings(struct json *j, const char *key, struct sts_strs list)
{
    json_list(j, key);
    for (uint32_t i = 0; i < list.n; i++)
        json_str(j, NULL, list.v[i]);
    json_list_end(j);
}

static void put_setting(struct json *j, const struct rec_scan *scan)
{
    char seed[NUMBER_BYTES];

    snprintf(seed, sizeof(seed), "%" PRIu64, scan->seed);
    json_str(j, "seed",
             sts_str(seed)); /* a number of 64 bits is more than JSON carries (RFC 8259 section 6) */
    json_object(j, "options");
    for (uint32_t i = 0; i < scan->options.n; i++) {
        const struct rec_option *o = &scan->options.v[i];
        char name[64];

        snprintf(name, sizeof(name), "%.*s", (int)o->name.len, o->name.p);
        json_str(j, name, o->value);
    }
    json_object_end(j);
    put_strings(j, "resolvers", scan->resolvers);
    put_strings(j, "libraries", scan->libraries);
}

static void put_input(struct json *j, const struct metadata *m)
{
    json_object(j, "input");
    json_str(j, "name", m->scan->input);
    if (m->scan->input_edge_digest.len > 0)
        json_uint(j, "bytes", m->scan->input_bytes);
    put_digest(j, "edge_sha256", m->scan->input_edge_digest);
    put_digest(j, "sha256", m->end->input_digest);
    json_uint(j, "positions_read", m->input.positions);
    json_uint(j, "positions_of_shard", m->input.taken);
    json_uint(j, "no_names", m->input.bad);
    json_uint(j, "folded", m->input.folded);
    json_object_end(j);
}

/* {"domain": {"OK": 1, ...}, ...}; the counts of a kind stand side by side. */
static void put_counts(struct json *j, const struct rec_end *end)
{
    const struct rec_count *c = end->counts.v;
    uint32_t i;

    json_object(j, "counts");
    for (i = 0; i < end->counts.n; i++) {
        if (i == 0 || c[i].kind != c[i - 1].kind)
            json_object(j, rec_kind_name((unsigned)c[i].kind));
        json_uint(j, c[i].oc != OC_NONE ? outcome_name((unsigned)c[i].oc) : "records", c[i].n);
        if (i + 1 == end->counts.n || c[i].kind != c[i + 1].kind)
            json_object_end(j);
    }
    json_object_end(j);
}

static void put(FILE *file, const struct metadata *m)
{
    struct json j;

    json_init(&j, file);
    json_object(&j, NULL);
    json_str(&j, "program", m->scan->program);
    put_time(&j, "start", m->scan->start_ms);
    put_time(&j, "end", m->end->end_ms);
    json_bool(&j, "complete", m->end->complete);
    json_str(&j, "reason", m->end->reason);
    put_setting(&j, m->scan);
    put_input(&j, m);
    json_uint(&j, "positions", m->end->positions);
    json_uint(&j, "last_position", m->end->last_pos);
    json_uint(&j, "bytes_written", m->bytes);
    json_uint(&j, "queries", m->end->queries);
    json_uint(&j, "connects", m->end->connects);
    json_uint(&j, "loop_gaps", m->end->loop_gaps);
    put_counts(&j, m->end);
    json_object(&j, "counters");
#define COUNTER(name, doc) json_uint(&j, #name, m->counts->name);
#include "scanner/counters.def"
#undef COUNTER
    json_object_end(&j);
    json_object_end(&j);
}

int metadata_write(struct metadata_file *f, const struct metadata *m, struct sts_err *err)
{
    FILE *file = f->file;
    bool done;

    put(file, m);
    if (f->temp == NULL)
        return fflush(file) == 0 && !ferror(file) ? STS_OK : failed(f, "write", err);
    f->file = NULL;
    done = fflush(file) == 0 && !ferror(file) && fsync(fileno(file)) == 0;
    if (fclose(file) != 0 || !done)
        return failed(f, "write", err);
    if (rename(f->temp, f->path) != 0)
        return failed(f, "rename", err);
    f->created = false;
    return STS_OK;
}

void metadata_close(struct metadata_file *f)
{
    if (f == NULL)
        return;
    if (f->file != NULL && f->file != stdout)
        fclose(f->file);
    if (f->created && f->temp != NULL)
        unlink(f->temp);
    free(f->temp);
    free(f);
}
