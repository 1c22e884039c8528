/* log.h - messages to the user: to standard error, and with their time to the file of --log-file. Thread:
 * any; a message is one fprintf(), and ends with a line's end. */
#ifndef STS_LOG_H
#define STS_LOG_H
#include "sinks/base.h"

#include <stdio.h>

struct log; /* opaque */

/* Messages are added at the end of the file. `path`: NULL for no file; borrowed. */
int log_open(struct log **out, const char *path, struct sts_err *err) STS_CHECK;
void log_close(struct log *log); /* NULL is fine */
/* Where messages are written to. `shown`: to standard error too, not only to the file. */
FILE *log_stream(const struct log *log, bool shown);
#endif
