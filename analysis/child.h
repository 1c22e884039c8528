/* child.h - another program, run and waited for. Thread: the only one. */
#ifndef STS_CHILD_H
#define STS_CHILD_H
#include "sinks/base.h"

#include <signal.h>

/* From here to child_signals_end() SIGINT, SIGTERM, SIGHUP and SIGPIPE wait, so that what has to be tidied up
 * is. */
int child_signals_begin(sigset_t *before, struct sts_err *err) STS_CHECK;
void child_signals_end(const sigset_t *before);

/* argv[0] is a path, or a name that is looked up in PATH; no shell. The program has the signal mask `before`,
 * and standard input, output and error of this one; `output` is a new file for its standard output, or NULL.
 * A signal that is sent to this program alone is passed on to it (those of a terminal reach both).
 * *exit_code: what it ended with, or 128 and the signal's number. */
int child_run(char *const argv[], const char *output, const sigset_t *before, int *exit_code,
              struct sts_err *err) STS_CHECK;
#endif
