/* command.h - one file for each command of ststat: a const struct at its end, and a row in the table of
 * main.c. */
#ifndef STS_COMMAND_H
#define STS_COMMAND_H
#include "sinks/base.h"

/* Exit codes, the same for all commands. */
enum exit_code {
    EXIT_FINE = 0,
    EXIT_FOUND = 1,  /* wrong use; problems found (verify); name not found (show) */
    EXIT_FAILED = 2, /* the scan could not be read, or the output not written */
};

struct command {
    const char *name;
    const char *args;    /* "SCAN NAME" */
    const char *summary; /* one line */
    const char *help;    /* the rest, lines of 80 columns */
    /* argv[0] is the command's name. On failure `err` holds the words, and the result is EXIT_FAILED or
     * EXIT_FOUND. */
    int (*run)(int argc, char **argv, struct sts_err *err);
};

extern const struct command cmd_summary, cmd_verify, cmd_show, cmd_export, cmd_check, cmd_parse;

/* After getopt_long(): exactly `n` arguments have to be left; else an error with the command's use. */
int command_args(const struct command *cmd, int argc, char **argv, int n, struct sts_err *err) STS_CHECK;
/* A wrong option, in words that name it: what getopt_long() stopped at. */
int command_bad_option(const struct command *cmd, char **argv, struct sts_err *err);
/* Flushes standard output; what could not be written is a failure. */
int command_done(int code, struct sts_err *err);
#endif
