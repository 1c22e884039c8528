/* side_files.h - the files beside the records: messages, status, metadata. Thread: main. */
#ifndef STS_SIDE_FILES_H
#define STS_SIDE_FILES_H
#include "scanner/log.h"
#include "scanner/metadata.h"
#include "scanner/options.h"
#include "scanner/status_file.h"

struct side_files {
    struct log *log;
    struct status_file *status;     /* NULL: none */
    struct metadata_file *metadata; /* NULL: none */
};

/* Before the scan starts, so that it does not start where one of them cannot be written. */
int side_files_open(struct side_files *files, const struct options *o, struct sts_err *err) STS_CHECK;
void side_files_close(struct side_files *files); /* after a failure too */
#endif
