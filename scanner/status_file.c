#include "scanner/status_file.h"

#include "scanner/iso_time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct status_file {
    const char *path;
    FILE *file; /* NULL: it failed */
};

static const char header[] = "time,elapsed_s,percent,eta_s,names_per_s,queries_per_s,connects_per_s,"
                             "in_flight_names,in_flight_queries,connections,input_bytes"
#define COUNTER(name, doc) "," #name
#include "scanner/counters.def"
#undef COUNTER
                             "\n";

int status_file_open(struct status_file **out, const char *path, bool go_on, struct sts_err *err)
{
    struct status_file *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    f->path = path;
    f->file = strcmp(path, "-") == 0 ? stdout : fopen(path, go_on ? "ae" : "we");
    if (f->file == NULL || (ftell(f->file) <= 0 && fputs(header, f->file) == EOF) || fflush(f->file) != 0) {
        (void)sts_fail(err, STS_EIO, "%s: cannot write: %s", path, strerror(errno));
        status_file_close(f);
        return err->code;
    }
    *out = f;
    return STS_OK;
}

/* Empty where it is not known. */
static void put_number(FILE *file, double n, int digits)
{
    if (n >= 0)
        fprintf(file, ",%.*f", digits, n);
    else
        fputc(',', file);
}

void status_file_row(struct status_file *f, const struct progress_view *view,
                     const struct progress_rates *rates, FILE *messages)
{
    const struct counts *c = &view->counts;
    char now[ISO_TIME_BYTES];

    if (f->file == NULL)
        return;
    iso_time(now, wall_ms());
    fputs(now, f->file);
    put_number(f->file, rates->elapsed_s, 3);
    put_number(f->file, rates->done >= 0 ? 100 * rates->done : -1, 2);
    put_number(f->file, rates->eta_s, 0);
    put_number(f->file, rates->names, 2);
    put_number(f->file, rates->queries, 2);
    put_number(f->file, rates->connects, 2);
    fprintf(f->file, ",%" PRIu64 ",%" PRIu64 ",%" PRIu32 ",%" PRIu64, progress_names(c), progress_queries(c),
            view->connections, view->input_bytes);
#define COUNTER(name, doc) fprintf(f->file, ",%" PRIu64, c->name);
#include "scanner/counters.def"
#undef COUNTER
    fputc('\n', f->file);
    if (fflush(f->file) == 0 && !ferror(f->file))
        return;
    fprintf(messages, "stscan: %s: cannot write: %s; the scan goes on without it\n", f->path,
            strerror(errno));
    if (f->file != stdout)
        fclose(f->file);
    f->file = NULL;
}

void status_file_close(struct status_file *f)
{
    if (f == NULL)
        return;
    if (f->file != NULL && f->file != stdout)
        fclose(f->file);
    free(f);
}
