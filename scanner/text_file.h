/* text_file.h - small files that a user writes by hand: an entry a line, "#" begins a comment. Thread: any.
 */
#ifndef STS_TEXT_FILE_H
#define STS_TEXT_FILE_H
#include "sinks/base.h"

#define TEXT_FILE_LINE_BYTES 1024

/* One entry: line[0..len) without blanks around it, a comment or a line end; never empty; NUL behind it. An
 * error is given back with the file and the number of the line before it. */
typedef int (*text_file_fn)(void *arg, const char *line, size_t len, struct sts_err *err);

/* Every entry of `path`, in order, up to the first error. STS_EIO: it cannot be read. */
int text_file_read(const char *path, text_file_fn on_line, void *arg, struct sts_err *err) STS_CHECK;
#endif
