/* status_file.h - the file of --status-updates-file: CSV, one row a second, for programs. Thread: main. */
#ifndef STS_STATUS_FILE_H
#define STS_STATUS_FILE_H
#include "scanner/progress.h"

struct status_file; /* opaque */

/* Creates the file, or empties it, and writes the header. "-" is standard output. `path` is borrowed. */
int status_file_open(struct status_file **out, const char *path, bool go_on, struct sts_err *err) STS_CHECK;
/* A row, now on disk or in the pipe. The first failure is said to `messages`, and nothing is written any
 * more. */
void status_file_row(struct status_file *f, const struct progress_view *view,
                     const struct progress_rates *rates, FILE *messages);
void status_file_close(struct status_file *f); /* NULL is fine */
#endif
