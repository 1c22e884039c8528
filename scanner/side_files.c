#include "scanner/side_files.h"

int side_files_open(struct side_files *files, const struct options *o, struct sts_err *err)
{
    *files = (struct side_files){NULL};
    if (log_open(&files->log, o->log_file, err) != STS_OK ||
        (o->status_file != NULL &&
         status_file_open(&files->status, o->status_file, o->resume != NULL, err) != STS_OK) ||
        (o->metadata_file != NULL && metadata_open(&files->metadata, o->metadata_file, err) != STS_OK))
        return err->code;
    return STS_OK;
}

void side_files_close(struct side_files *files)
{
    status_file_close(files->status);
    metadata_close(files->metadata);
    log_close(files->log);
}
